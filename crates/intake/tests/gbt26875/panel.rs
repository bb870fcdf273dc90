//! The simulated panel and the gateway, over real sockets: the two ends of the protocol know nothing of each other's code.

use crate::station::Station;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_intake::gbt26875::Downlink;
use watchfire_model::{DeviceKey, DeviceName, SiteId, Source};
use watchfire_simulator::panel::facility::FIRE;
use watchfire_simulator::panel::{Facility, Happening, PanelOptions, PanelReport, Target, Transmitter, Transport, run};
use watchfire_wire::gbt26875::{Command, Envelope};

struct Panel {
    happenings: mpsc::Sender<Happening>,
    report: watch::Receiver<PanelReport>,
    _task: JoinSet<()>,
}

impl Panel {
    fn start(station: &Station, address: u64, listener: &str, transport: Transport) -> Panel {
        let options = PanelOptions {
            heartbeat_every: Duration::from_secs(600),
            confirm_timeout: Duration::from_millis(300),
            guard_answers_after: Some(Duration::from_millis(20)),
            ..PanelOptions::new(address, Facility::of_smoke_detectors(3))
        };
        let target = Target { address: station.port(listener), transport };
        let (happenings, inbox) = mpsc::channel(16);
        let (sender, report) = watch::channel(PanelReport::default());
        let mut task = JoinSet::new();
        task.spawn(async move {
            run(Transmitter::new(options), target, inbox, sender, CancellationToken::new()).await;
        });
        Panel { happenings, report, _task: task }
    }

    async fn until(&mut self, what: &str, holds: impl FnMut(&PanelReport) -> bool) {
        let waiting = tokio::time::timeout(crate::station::PATIENCE, self.report.wait_for(holds));
        assert!(waiting.await.is_ok(), "never came: {what}");
    }

    async fn fire(&self, detector: u8) {
        self.happenings.send(Happening::State { address: [1, 0, detector, 0], state: FIRE }).await.unwrap();
    }
}

fn downlink(device: &str, serial: u16, command: Command, unit: &[u8]) -> Downlink {
    let name = DeviceName::new(device).unwrap();
    let to = DeviceKey { site: SiteId::new("tower").unwrap(), source: Source::Gbt26875, name };
    Downlink { to, serial, command, unit: unit.to_vec() }
}

async fn a_day_at(listener: &str, transport: Transport) {
    let station = Station::start().await;
    let mut panel = Panel::start(&station, 7, listener, transport);
    panel.until("the first heartbeat", |report| report.beats_confirmed == 1).await;
    panel.fire(1).await;
    panel.fire(2).await;
    panel.until("both fires", |report| report.confirmed == 2).await;
    let panels = station.gateway.panels();
    panels.send(downlink("7", 40, Command::REQUEST, &[62, 1, 1, 1, 1, 0, 1, 0])).unwrap();
    panels.send(downlink("7", 41, Command::CONTROL, &[91, 1, 5])).unwrap();
    panel.until("the guard's answer", |report| report.inspected == 1 && report.confirmed == 3).await;
    let journaled: Vec<(u8, u16, Option<u8>)> = station
        .frames()
        .iter()
        .map(|seen| {
            let envelope = Envelope::read(&seen.payload).unwrap();
            (envelope.command.0, envelope.serial, envelope.unit.first().copied())
        })
        .collect();
    assert_eq!(
        journaled,
        [(2, 0, None), (2, 1, Some(2)), (2, 2, Some(2)), (5, 40, Some(2)), (3, 41, None), (2, 3, Some(24))]
    );
}

#[tokio::test]
async fn a_day_over_tcp() {
    a_day_at("strict", Transport::Tcp).await;
}

#[tokio::test]
async fn a_day_over_udp() {
    a_day_at("udp", Transport::Udp).await;
}

#[tokio::test]
async fn a_lost_link_loses_no_fire_and_doubles_none() {
    let station = Station::start().await;
    let mut panel = Panel::start(&station, 7, "strict", Transport::Tcp);
    panel.until("the first heartbeat", |report| report.beats_confirmed == 1).await;
    // The fire is read, but not confirmed before the link breaks.
    station.mode.send_replace(crate::station::Mode::Hold);
    panel.fire(1).await;
    station.until("the fire", || station.metric("watchfire_gbt26875_frames_total") >= 2.0).await;
    panel.happenings.send(Happening::LinkLost { back_after_ms: 20 }).await.unwrap();
    panel.fire(2).await;
    station.until("the repetition", || station.metric("watchfire_gbt26875_frames_total") >= 3.0).await;
    station.mode.send_replace(crate::station::Mode::Write);
    panel.until("both fires", |report| report.confirmed == 2 && report.links >= 2).await;
    let fires = station.frames().iter().filter(|seen| Envelope::read(&seen.payload).unwrap().unit.len() > 1).count();
    assert_eq!(fires, 2);
}
