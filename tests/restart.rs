//! What survives a restart, what comes into force without one, and what goes on while the archive is down.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use support::api::Api;
use support::logs::{self, Kept};
use support::set_up::SetUp;
use support::station::{Station, USER};
use support::wait;
use support::webhook::Receiver;
use watchfire_model::AlertId;

#[test]
fn alerts_acknowledgements_and_timers_survive_an_orderly_restart() {
    alerts_acknowledgements_and_timers_survive(Station::stop);
}

#[test]
fn alerts_acknowledgements_and_timers_survive_a_kill() {
    alerts_acknowledgements_and_timers_survive(Station::kill);
}

fn alerts_acknowledgements_and_timers_survive(end: impl Fn(&mut Station)) {
    let centre = Receiver::start();
    let boss = Receiver::start();
    let set_up = SetUp::new().told_by_webhook(&centre.url()).sites(&format!(
        "[contacts.boss]\nname = {{ en = \"Boss\", zh = \"主管\" }}\nwebhook = \"{}\"\n\
         [[sites.mill.ladder]]\ncontacts = [\"centre\"]\nwait_s = 8\n\
         [[sites.mill.ladder]]\ncontacts = [\"boss\"]\nwait_s = 3600\n",
        boss.url()
    ));
    let mut station = Station::started(&set_up);
    let mut gateway = station.gateway("gw");
    gateway.smoke("attic-1", "a-1", true);
    gateway.smoke("cellar-1", "c-1", true);
    mill_smoke(&station, "m-1");
    let api = station.operator();
    let acknowledged = id(&api.wait_for_alert_of("attic-1"));
    api.order(&acknowledged, "acknowledge", &json!({}));
    let open = id(&api.wait_for_alert_of("cellar-1"));
    let running = id(&api.wait_for_alert_of("mill-1"));
    wait::until("the first rung", || told(&centre, &running).then_some(()));
    let before = board(&api);

    end(&mut station);
    assert!(!told(&boss, &running), "the second rung came before its time");
    station.start();

    let api = station.operator();
    assert_eq!(board(&api), before, "the board after a restart");
    let alert = &api.get(&format!("/api/v1/alerts/{acknowledged}"))["alert"];
    assert_eq!([&alert["handling"], &alert["acknowledged_by"]], ["acknowledged", USER]);
    // The ladder that had begun goes on.
    wait::until("the second rung after the restart", || told(&boss, &running).then_some(()));
    // The same alarm again is the same alert; what had been closed is over, and an alarm after it is a new alert.
    let mut gateway = station.gateway("gw");
    gateway.smoke("cellar-1", "c-2", true);
    gateway.smoke("attic-1", "a-2", false);
    api.order(&acknowledged, "verify", &json!({ "verdict": { "kind": "test" } }));
    api.order(&acknowledged, "close", &json!({}));
    gateway.smoke("attic-1", "a-3", true);
    let again = id(&api.wait_for_alert_of("attic-1"));
    assert_ne!(again, acknowledged);
    assert_eq!(id(&api.wait_for_alert_of("cellar-1")), open);
    station.stop();
    let raised: Vec<AlertId> = logs::raised(&station.data()).iter().map(|transition| transition.alert).collect();
    assert_eq!(raised.len(), 4, "{raised:?}");
    assert_eq!(raised.iter().collect::<BTreeSet<_>>().len(), 4, "{raised:?}");
}

#[test]
fn a_changed_set_up_comes_into_force_on_sighup_and_a_wrong_one_does_not() {
    let mut station = Station::started(&SetUp::new());
    let api = station.operator();
    station.gateway("gw").smoke("garage-1", "g-1", true);
    assert_eq!(api.wait_for_alert_of("garage-1")["device"]["claimed"], false);

    // Wrong in two places: refused as a whole, said with lines, and the old one stays.
    let wrong = SetUp::new().sites(GARAGE).sites("[sites.home.zones.loft]\nname = { en = \"Loft\" }\n[sites.Bad]\n");
    wrong.write_sites(station.folder());
    station.hang_up();
    wait::until("the refusal", || (api.metric("watchfire_reloads_total{result=\"refused\"}") > 0.0).then_some(()));
    let problems = wait::until("both problems in the log", || {
        Some(station.process().logged("not reloaded")).filter(|problems| problems.len() >= 2)
    });
    assert!(problems.iter().all(|line| line.to_string().contains("sites.toml:")), "{problems:?}");
    assert_eq!(label(&api, "garage-1"), json!("garage-1"));

    let changed = SetUp::new().sites(GARAGE);
    changed.write_sites(station.folder());
    station.hang_up();
    wait::until("the new label", || (label(&api, "garage-1") == json!("Garage smoke alarm")).then_some(()));
    assert_eq!(api.wait_for_alert_of("garage-1")["device"]["claimed"], true);

    // It is an input like any other: two set-ups in the journal, none more for a restart with the same files.
    station.stop();
    station.start();
    assert_eq!(label(&station.operator(), "garage-1"), json!("Garage smoke alarm"));
    station.stop();
    let set_ups = logs::journal(&station.data()).iter().filter(|(_, kept)| *kept == Kept::SetUp).count();
    assert_eq!(set_ups, 2);
}

const GARAGE: &str = "[[sites.home.devices]]\nsource = \"watchfire\"\nname = \"garage-1\"\n\
                      label = { en = \"Garage smoke alarm\", zh = \"车库烟感\" }\n";

#[test]
fn a_device_that_is_taken_out_of_the_set_up_is_thrown_out() {
    let guest = "[sites.home.identities.guest]\nrole = \"gateway\"\nsecret = \"file:secrets/device\"\n";
    let mut station = Station::started(&SetUp::new().sites(guest));
    let mut kept = station.gateway("gw");
    let mut dismissed =
        support::device::Device::connect(station.mqtt(), "guest", "home/guest", support::set_up::SECRET);
    dismissed.reading("shed-1", "s-1", "temperature", "20");
    SetUp::new().write_sites(station.folder());
    station.hang_up();
    assert_eq!(dismissed.hear(), None, "its connection is closed");
    kept.reading("hall-1", "h-1", "temperature", "20");
}

#[test]
fn a_second_station_on_the_same_data_does_not_start() {
    let station = Station::started(&SetUp::new());
    let second = station.command(&["run", "--config", "watchfire.toml"], "");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.lines().last().unwrap().starts_with("watchfire: failed to open the data directory"), "{said}");
    // The first one has not noticed.
    station.gateway("gw").smoke("attic-1", "a-1", true);
    station.operator().wait_for_alert_of("attic-1");
}

#[test]
fn a_snapshot_that_cannot_be_read_costs_only_time() {
    let mut station = Station::started(&SetUp::new());
    station.gateway("gw").smoke("attic-1", "a-1", true);
    let api = station.operator();
    api.wait_for_alert_of("attic-1");
    let before = board(&api);
    station.stop();
    let snapshots: Vec<PathBuf> =
        fs::read_dir(station.data().join("snapshots")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!snapshots.is_empty(), "an orderly stop leaves snapshots");
    for file in &snapshots {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xFF;
        fs::write(file, bytes).unwrap();
    }
    station.start();
    assert!(!station.process().logged("snapshot passed over").is_empty());
    assert_eq!(board(&station.operator()), before);
}

#[test]
fn alarms_and_people_do_not_wait_for_an_archive_that_cannot_be_opened() {
    let mut station = Station::prepared(&SetUp::new());
    let archive = station.data().join("archive.sqlite");
    // As whoever runs the tests may write any file, a directory stands where the database should be.
    fs::create_dir_all(&archive).unwrap();
    station.start();
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    const READINGS: usize = 500;
    for number in 0..READINGS {
        gateway.reading("hall-1", &format!("h-{number}"), "temperature", &format!("{}", 20 + number % 7));
    }
    gateway.smoke("attic-1", "a-1", true);
    let alert = id(&api.wait_for_alert_of("attic-1"));
    assert_eq!(api.order(&alert, "acknowledge", &json!({}))["handling"], "acknowledged");
    let detail = api.get(&format!("/api/v1/alerts/{alert}"));
    assert_eq!(detail["complete"], false, "what the archive would know is said to be missing");
    assert_eq!(api.ask("/api/v1/readings?site=home&source=watchfire&device=hall-1&from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z").0, 503);
    assert!(api.is_ready());

    // Repaired, it catches up by itself, and nothing is missing or doubled.
    fs::remove_dir(&archive).unwrap();
    api.wait_for_archive();
    assert_eq!(api.readings("watchfire", "hall-1").len(), READINGS);
    assert_eq!(api.get(&format!("/api/v1/alerts/{alert}"))["complete"], true);
    assert_eq!(api.get("/api/v1/alerts?scope=all&class=fire")["alerts"].as_array().unwrap().len(), 1);
}

#[test]
fn an_archive_that_is_lost_is_written_again_from_the_journal() {
    let mut station = Station::started(&SetUp::new());
    let mut gateway = station.gateway("gw");
    for number in 0..100 {
        gateway.reading("hall-1", &format!("h-{number}"), "temperature", "21.5");
    }
    gateway.smoke("attic-1", "a-1", true);
    station.stop();
    for file in ["archive.sqlite", "archive.sqlite-wal", "archive.sqlite-shm"] {
        let _ = fs::remove_file(station.data().join(file));
    }
    station.start();
    let api = station.operator();
    api.wait_for_archive();
    assert_eq!(api.readings("watchfire", "hall-1").len(), 100);
    assert_eq!(api.get("/api/v1/alerts?scope=all&class=fire")["alerts"].as_array().unwrap().len(), 1);
}

fn mill_smoke(station: &Station, key: &str) {
    use support::set_up::{OTHER_GATEWAY, SECRET};
    let mut gateway = support::device::Device::connect(station.mqtt(), "mill", OTHER_GATEWAY, SECRET);
    let payload = format!(r#"{{"id":"{key}","readings":[{{"metric":"smoke_alarm","value":true}}]}}"#);
    gateway.publish("wf/v1/mill/mill-1/readings", &payload);
}

fn id(alert: &Value) -> String {
    text(&alert["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn board(api: &Api) -> Vec<Value> {
    api.open_alerts()
}

fn told(receiver: &Receiver, alert: &str) -> bool {
    receiver.keys().iter().any(|key| key.starts_with(alert))
}

fn label(api: &Api, device: &str) -> Value {
    let devices = api.devices();
    let found = devices.iter().find(|found| found["name"] == device);
    found.map_or(Value::Null, |found| found["label"]["en"].clone())
}
