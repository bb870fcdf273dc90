//! A whole station in this process: what only its inside can show.

use super::fold::POISON;
use super::listener::Secrets;
use super::paths::DataPaths;
use super::station::{Station, StationOptions};
use super::tell::BOARD_POISON;
use crate::config::{Config, sites, station};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watchfire_journal::{Reader, RealDisk, Survey, survey};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, Class, Input, Seq, Transition};
use watchfire_rules::RuleSet;
use watchfire_simulator::packets;

pub(super) const SITES: &str = r#"
[sites.home]
name = { en = "Home", zh = "家" }
identities.gateway = { role = "gateway", secret = "env:UNUSED" }
"#;
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn options(data: &Path) -> StationOptions {
    options_of(data, SITES)
}

pub(super) fn options_of(data: &Path, sites: &str) -> StationOptions {
    // How full the disk of the machine is must change nothing.
    let text = "[mqtt]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n\
                [journal]\nreserve_bytes = 1048576\n[disk]\nfilling_percent = 100\nnearly_full_percent = 100\n";
    let mut station = station::parse("test", text, Path::new(".")).0.unwrap();
    station.data_dir = data.to_owned();
    let sites = sites::parse("test", sites).unwrap();
    let (rules, profiles, points) = (RuleSet::built_in(), Default::default(), Default::default());
    let risk = watchfire_rules::risk::RiskSettings::built_in();
    let config = Config { station, sites, rules, profiles, points, risk };
    StationOptions { config, secrets: Secrets::One("secret".into()), channels: Vec::new(), sockets: None, demo: None }
}

pub(super) async fn publish(station: &Station, topic: &str, payload: &[u8]) {
    let mut socket = TcpStream::connect(station.mqtt).await.unwrap();
    socket.write_all(&packets::connect("t", "home/gateway", "secret", 30)).await.unwrap();
    let mut answer = [0u8; 4];
    socket.read_exact(&mut answer).await.unwrap();
    let mut packet = Vec::new();
    packets::publish(&mut packet, topic, Some(1), payload);
    socket.write_all(&packet).await.unwrap();
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [0x40, 2, 0, 1], "the frame is acknowledged");
}

/// Everything in the alert log.
pub(super) fn transitions(data: &Path) -> Vec<Transition> {
    let folder = DataPaths::new(data).alert_log();
    let last = survey(&RealDisk, &folder).unwrap().last;
    let mut reader = Reader::open(&RealDisk, &folder, 1).unwrap();
    let mut found = Vec::new();
    while let Some(record) = reader.next(last).unwrap() {
        found.extend(AlertRecord::decode(record.bytes).unwrap().transitions);
    }
    found
}

/// What was journaled, of the kind that `pick` takes.
pub(super) fn journaled<T>(data: &Path, pick: impl Fn(Input<'_>) -> Option<T>) -> Vec<T> {
    let folder = DataPaths::new(data).journal();
    let Survey { first, last, .. } = survey(&RealDisk, &folder).unwrap();
    let mut reader = Reader::open(&RealDisk, &folder, first).unwrap();
    let mut found = Vec::new();
    while let Some(record) = reader.next(last).unwrap() {
        if let Ok(entry) = decode_entry(Seq(record.seq), record.bytes) {
            found.extend(pick(entry.input));
        }
    }
    found
}

pub(super) fn skips(data: &Path) -> Vec<Seq> {
    journaled(data, |input| if let Input::Skip(seq) = input { Some(seq) } else { None })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_at_which_the_rules_died_twice_is_skipped_told_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();

    let mut first = Station::start(options(data)).await.unwrap();
    publish(&first, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    publish(&first, "zigbee2mqtt/kitchen", POISON).await;
    let why = tokio::time::timeout(PATIENCE, first.broken()).await.unwrap();
    assert!(why.starts_with("rules: panicked"), "{why}");
    first.stop().await;

    let mut second = Station::start(options(data)).await.unwrap();
    let why = tokio::time::timeout(PATIENCE, second.broken()).await.unwrap();
    assert!(why.starts_with("rules: panicked"), "{why}");
    second.stop().await;

    let third = Station::start(options(data)).await.unwrap();
    publish(&third, "zigbee2mqtt/bath", br#"{"smoke": true}"#).await;
    third.stop().await;
    assert_eq!(skips(data).len(), 1);
    let told = transitions(data);
    let fires: Vec<String> = told
        .iter()
        .filter(|transition| transition.class == Class::Fire)
        .filter_map(|transition| transition.device.as_ref().map(|device| device.name.to_string()))
        .collect();
    assert_eq!(fires, ["kitchen", "bath"], "the fires before and behind the poison are raised, once");
    assert!(told.iter().any(|transition| transition.class == Class::Fault), "somebody is told: {told:?}");

    // A fourth start knows it, although nothing is to be skipped anew.
    let fourth = Station::start(options(data)).await.unwrap();
    fourth.stop().await;
    assert_eq!(skips(data).len(), 1);
    // When it is noticed that nobody can be told of the fires is left open.
    let known = |transition: &Transition| told.contains(transition) || transition.rule.name == "station-channel-down";
    assert!(transitions(data).iter().all(known), "{:?}", transitions(data));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_that_panics_at_a_fire_costs_no_alarm_and_somebody_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut station = Station::start(options(data)).await.unwrap();
    for device in [BOARD_POISON, "bath"] {
        publish(&station, &format!("zigbee2mqtt/{device}"), br#"{"smoke": true}"#).await;
    }
    // The next tick hands the notice over, and the entry after that tells of it.
    let told = async {
        while !transitions(data).iter().any(|one| one.rule.name == "station-part-down") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        why = station.broken() => panic!("{why}"),
        told = tokio::time::timeout(PATIENCE, told) => told.unwrap(),
    }
    station.stop().await;
    let fires = transitions(data).into_iter().filter(|one| one.class == Class::Fire);
    let fires: Vec<String> = fires.filter_map(|one| one.device.map(|device| device.name.to_string())).collect();
    assert_eq!(fires, [BOARD_POISON, "bath"]);
}
