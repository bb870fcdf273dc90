//! A station whose history is on PostgreSQL, and the server dies under it: alarms are told as fast as ever, people see how
//! far history is behind, and when the server is back every reading is there once.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
#[path = "../crates/archive/tests/archive/cluster.rs"]
mod cluster;
#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use cluster::Cluster;
use serde_json::json;
use std::time::Duration;
use support::api::Api;
use support::device::Device;
use support::set_up::SetUp;
use support::station::Station;
use support::wait;

/// From a device's smoke to the board, server or not.
const ALARM_MAX: Duration = Duration::from_secs(5);
const READINGS: usize = 400;

#[test]
fn a_server_that_dies_delays_no_alarm_and_loses_and_doubles_no_reading() {
    let Some(mut cluster) = Cluster::start() else { return };
    let database = cluster.make_database();
    let archive = format!("[archive]\nkind = \"postgresql\"\nurl = \"{}\"\n", cluster.url(&database));
    let mut station = Station::started(&SetUp::new().station(&archive));
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    send(&mut gateway, 0);
    alarm(&mut gateway, &api, "attic-1");
    api.wait_for_archive();
    let count = "SELECT count(*) FROM watchfire.readings JOIN watchfire.series ON series.id = readings.series
                 WHERE metric = 'temperature'";
    assert_eq!(cluster.sql(&database, count), READINGS.to_string());

    for (round, kill_station) in [(1, false), (2, true)] {
        if kill_station {
            cluster.crash()
        } else {
            cluster.stop()
        }
        send(&mut gateway, round);
        let alert = alarm(&mut gateway, &api, &format!("attic-{}", round + 1));
        assert_eq!(api.order(&alert, "acknowledge", &json!({}))["handling"], "acknowledged");
        let behind = wait::until("the lag", || api.status()["archive"]["lag_s"].as_f64().filter(|lag_s| *lag_s >= 1.0));
        assert!(behind >= 1.0);
        wait::until("the notice", || {
            let open = api.open_alerts();
            open.iter().any(|alert| alert["rule"].as_str().unwrap().starts_with("station-archive-down")).then_some(())
        });
        assert!(api.is_ready(), "the station does its work");
        if kill_station {
            // It starts without the server, too.
            station.kill();
            station.start();
            gateway = station.gateway("gw");
            alarm(&mut gateway, &station.operator(), "attic-9");
        }
        cluster.begin();
        let api = station.operator();
        wait::within(Duration::from_secs(90), "the archive", || {
            let status = api.status();
            let (durable, archived) = (status["journal"]["durable"].as_u64(), status["archive"]["entries"].as_u64());
            (archived.unwrap() + 5 >= durable.unwrap()).then_some(())
        });
        api.wait_for_archive();
        let expected = READINGS * (round + 1);
        assert_eq!(cluster.sql(&database, count), expected.to_string(), "rows after the server came back");
        assert_eq!(api.readings("watchfire", "hall-1").len(), expected);
        let detail = api.get(&format!("/api/v1/alerts/{alert}"));
        assert_eq!(detail["complete"], true, "history knows the alert");
    }
    let fires = station.operator().get("/api/v1/alerts?scope=all&class=fire");
    assert_eq!(fires["alerts"].as_array().unwrap().len(), 4, "{fires}");
    station.stop();
}

#[test]
fn readings_too_old_are_in_files_first_and_come_back_from_them() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.make_database();
    let url = cluster.url(&database);
    let archive = format!("[archive]\nkind = \"postgresql\"\nurl = \"{url}\"\nkeep_days = 1\nfiles = \"history\"\n");
    let mut station = Station::started(&SetUp::new().station(&archive));
    let mut gateway = station.gateway("gw");
    let topic = "wf/v1/home/cellar-1/readings";
    // In one frame: the retention of this start may come before it or after it, but not between its readings.
    let readings = json!([{ "metric": "temperature", "value": 20 }, { "metric": "humidity", "value": 41 }]);
    gateway.publish(topic, &json!({ "id": "old", "at": "2026-03-01T08:00:01Z", "readings": readings }).to_string());
    station.operator().wait_for_archive();
    let files = station.folder().join("history");
    let said = |output: &std::process::Output| {
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let verify = ["archive", "verify-files", "history"];
    let (code, text) = said(&station.command(&["archive", "verify-files", "nowhere"], ""));
    assert!(code == Some(1) && text.contains("failed to list"), "{text}");

    // Retention runs at a start and each hour.
    station.stop();
    station.start();
    let file = files.join("2026-03/2026-03-01.csv.zst");
    let rows = "SELECT count(*) FROM watchfire.readings WHERE at < '2026-03-02'";
    wait::until("the file", || (file.exists() && cluster.sql(&database, rows) == "0").then_some(()));
    let (code, text) = said(&station.command(&verify, ""));
    assert_eq!((code, text.split(" sound").next()), (Some(0), Some("1 months, 1 files, 2 readings")), "{text}");

    let restore = ["archive", "restore-files", "history", "--month", "2026-03"];
    for into in [["--into", "march.sqlite"], ["--config", "watchfire.toml"]] {
        let (code, text) = said(&station.command(&[&restore[..], &into[..]].concat(), ""));
        assert_eq!((code, text.trim_end()), (Some(0), "2 readings of 1 files, 2 of them were not there yet"));
    }
    assert_eq!(cluster.sql(&database, rows), "2", "while the station runs");

    let mut bytes = std::fs::read(&file).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, text) = said(&station.command(&verify, ""));
    assert!(code == Some(1) && text.contains("2026-03-01.csv.zst is damaged"), "{text}");
    let (code, text) = said(&station.command(&[&restore[..], &["--into", "again.sqlite"]].concat(), ""));
    assert!(code == Some(1) && text.contains("2026-03-01.csv.zst is damaged"), "{text}");
    station.stop();
    station.start();
    let api = station.operator();
    wait::until("the notice", || {
        let open = api.open_alerts();
        open.iter().any(|alert| alert["rule"].as_str().unwrap().starts_with("station-archive-down")).then_some(())
    });
    assert_eq!(cluster.sql(&database, rows), "2", "nothing is dropped beside a damaged file");
    station.stop();
}

fn send(gateway: &mut Device, round: usize) {
    for number in round * READINGS..(round + 1) * READINGS {
        gateway.reading("hall-1", &format!("h-{number}"), "temperature", &format!("{}", 20 + number % 7));
    }
}

/// Smoke at that device; its alert.
fn alarm(gateway: &mut Device, api: &Api, device: &str) -> String {
    gateway.smoke(device, device, true);
    let alert = wait::within(ALARM_MAX, "the alarm", || api.alerts_of(device).into_iter().next());
    alert["id"].as_str().unwrap().to_owned()
}
