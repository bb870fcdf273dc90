//! A whole station in this process, and a fire panel at its port.

use super::station::{Station, StationOptions};
use super::station_tests::{PATIENCE, journaled, options_of, transitions};
use crate::config::station;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_model::{Class, Input, Link, Source, Step, Transition};
use watchfire_simulator::panel::facility::FIRE;
use watchfire_simulator::panel::{Facility, Happening, PanelOptions, PanelReport, Target, Transmitter, Transport, run};
use watchfire_wire::gbt26875::{Address, Command, Envelope, OUR_VERSION, TimeLabel};

const SITES: &str = r#"
[sites.tower]
name = { en = "Tower", zh = "大厦" }
kind = "building"
[sites.tower.transmission_devices.panel]
address = 889
listener = "panels"
inspection_s = 0
"#;

fn options(data: &Path) -> StationOptions {
    let mut options = options_of(data, SITES);
    let text = "[gbt26875.listeners.panels]\nlisten = \"127.0.0.1:0\"\n";
    options.config.station.gbt26875 = station::parse("test", text, Path::new(".")).0.unwrap().gbt26875;
    options
}

/// A photo-electric detector of zone 12, position 4, in fire.
fn fire() -> Vec<u8> {
    let mut unit = vec![2, 1, 1, 1, 42, 12, 0, 4, 0, 2, 0];
    unit.extend_from_slice(&[0; 31]);
    unit.extend_from_slice(&[10, 30, 8, 15, 3, 26]);
    let envelope = Envelope {
        serial: 7,
        version: OUR_VERSION,
        sent: TimeLabel([20, 30, 8, 15, 3, 26]),
        source: Address::new(889).unwrap(),
        destination: Address::new(1).unwrap(),
        command: Command::SEND,
        unit: &unit,
    };
    envelope.write().unwrap()
}

/// Sends a frame on a connection of its own; it is confirmed.
async fn confirmed(station: &Station, frame: &[u8]) {
    let mut socket = TcpStream::connect(station.panel_ports[0].1).await.unwrap();
    socket.write_all(frame).await.unwrap();
    let mut answer = [0; 30];
    tokio::time::timeout(PATIENCE, socket.read_exact(&mut answer)).await.unwrap().unwrap();
    let answer = Envelope::read(&answer).unwrap();
    assert_eq!((answer.command, answer.serial, answer.destination.get()), (Command::CONFIRM, 7, 889));
}

fn fires(data: &Path) -> Vec<Transition> {
    let raised = |transition: &Transition| transition.class == Class::Fire && transition.step == Step::Raised;
    transitions(data).into_iter().filter(raised).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panels_fire_is_one_alert_however_often_it_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = Station::start(options(data)).await.unwrap();
    confirmed(&first, &fire()).await;
    confirmed(&first, &fire()).await;
    first.stop().await;
    // The confirmation was lost, and the station started anew meanwhile: nobody knows of the first one but the rules.
    let second = Station::start(options(data)).await.unwrap();
    confirmed(&second, &fire()).await;
    second.stop().await;
    let frames = journaled(data, |input| match input {
        Input::Frame(frame) if frame.link == Link::Gbt26875Tcp => Some(frame.payload.to_vec()),
        _ => None,
    });
    assert_eq!(frames, [fire(), fire()], "one of each life");
    let fires = fires(data);
    assert_eq!(fires.len(), 1, "{fires:?}");
    let device = fires[0].device.as_ref().unwrap();
    assert_eq!((device.source, device.name.as_str()), (Source::Gbt26875, "889"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_loses_its_link_and_its_station_loses_no_fire() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = Station::start(options(data)).await.unwrap();
    let options_of_panel = PanelOptions {
        confirm_timeout: Duration::from_millis(500),
        ..PanelOptions::new(889, Facility::of_smoke_detectors(2))
    };
    let target = Target { address: first.panel_ports[0].1, transport: Transport::Tcp };
    let (happenings, inbox) = mpsc::channel(4);
    let (sender, mut report) = watch::channel(PanelReport::default());
    let mut panel = JoinSet::new();
    let stop = CancellationToken::new();
    panel.spawn(run(Transmitter::new(options_of_panel), target, inbox, sender, stop.clone()));
    let fire = |detector| Happening::State { address: [1, 0, detector, 0], state: FIRE };
    happenings.send(fire(1)).await.unwrap();
    report.wait_for(|report| report.confirmed == 1).await.unwrap();
    first.stop().await;
    happenings.send(fire(2)).await.unwrap();
    // The same port, so that the panel finds the station again.
    let mut again = options(data);
    let text = format!("[gbt26875.listeners.panels]\nlisten = \"{}\"\n", target.address);
    again.config.station.gbt26875 = station::parse("test", &text, Path::new(".")).0.unwrap().gbt26875;
    let second = Station::start(again).await.unwrap();
    let confirmed = tokio::time::timeout(PATIENCE, report.wait_for(|report| report.confirmed == 2)).await;
    assert!(confirmed.is_ok_and(|seen| seen.is_ok()));
    stop.cancel();
    while panel.join_next().await.is_some() {}
    second.stop().await;
    let points: Vec<String> =
        fires(data).iter().filter_map(|fire| fire.point.as_ref().map(ToString::to_string)).collect();
    assert_eq!(points, ["1.1/1-1", "1.1/1-2"]);
}
