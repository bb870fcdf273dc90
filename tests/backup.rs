//! Backups of a station that runs: verified, restored, gone on with. What is restored knows every alert of the backup, and
//! no alert behind it has an id that one of the lost time had.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
#[path = "../crates/archive/tests/archive/cluster.rs"]
mod cluster;
#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use cluster::Cluster;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use support::api::Api;
use support::device::Device;
use support::set_up::SetUp;
use support::station::Station;
use support::wait;

const READINGS: usize = 50;

fn send(gateway: &mut Device, round: usize) {
    for number in round * READINGS..(round + 1) * READINGS {
        gateway.reading("hall-1", &format!("h-{number}"), "temperature", &format!("{}", 20 + number % 7));
    }
}

fn alarm(gateway: &mut Device, api: &Api, device: &str) -> String {
    gateway.smoke(device, device, true);
    let alert = wait::until("the alarm", || api.alerts_of(device).into_iter().next());
    alert["id"].as_str().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that must go well; what it says.
fn done(station: &Station, arguments: &[&str]) -> String {
    let output = station.command(arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Runs a command that must fail; what it says.
fn refused(station: &Station, arguments: &[&str]) -> String {
    let output: Output = station.command(arguments, "");
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

const BACKUP: &[&str] = &["backup", "--config", "watchfire.toml", "--to", "backup"];
const RESTORE: &[&str] = &["restore", "--config", "watchfire.toml", "--from", "backup"];
const VERIFY: &[&str] = &["verify", "--config", "watchfire.toml"];

#[test]
fn what_was_backed_up_while_it_ran_is_restored_and_goes_on_as_another_journal() {
    let mut station = Station::started(&SetUp::new());
    assert!(refused(&station, RESTORE).contains("is no backup"));
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    send(&mut gateway, 0);
    let known = alarm(&mut gateway, &api, "attic-1");
    api.wait_for_archive();
    println!("{}", done(&station, BACKUP));
    let found: Value = serde_json::from_str(&done(&station, &["verify", "--backup", "backup"])).unwrap();
    assert_eq!(found["problems"], json!([]));
    assert!(found["readings"].as_u64().unwrap() >= READINGS as u64, "{found}");
    let found: Value = serde_json::from_str(&done(&station, VERIFY)).unwrap();
    assert_eq!(found["problems"], json!([]), "of the station that runs");
    let journal = found["journal"].as_str().unwrap().to_owned();
    assert!(refused(&station, BACKUP).contains("is not empty"), "a backup is never written over");

    send(&mut gateway, 1);
    let lost = alarm(&mut gateway, &api, "attic-2");
    assert!(known.starts_with(&journal) && lost.starts_with(&journal));
    station.kill();
    assert!(refused(&station, RESTORE).contains("move the directory aside"));
    std::fs::rename(station.data(), station.folder().join("lost")).unwrap();
    println!("{}", done(&station, RESTORE));
    let found: Value = serde_json::from_str(&done(&station, VERIFY)).unwrap();
    assert_eq!(found["problems"], json!([]));
    assert_ne!(found["journal"], json!(journal), "it is another journal");

    station.start();
    let api = station.operator();
    let open = api.open_alerts();
    let ids: Vec<&str> = open.iter().filter_map(|alert| alert["id"].as_str()).collect();
    assert!(ids.contains(&known.as_str()) && !ids.contains(&lost.as_str()), "{ids:?}");
    assert_eq!(api.order(&known, "acknowledge", &json!({}))["handling"], "acknowledged");
    assert_eq!(api.readings("watchfire", "hall-1").len(), READINGS, "those of the backup");
    let mut gateway = station.gateway("gw");
    // The device sends what it was not told of, and the archive takes it once.
    send(&mut gateway, 1);
    let new = alarm(&mut gateway, &api, "attic-2");
    assert!(!new.starts_with(&journal), "{new} may be an id that somebody knows from the lost time");
    api.wait_for_archive();
    assert_eq!(api.readings("watchfire", "hall-1").len(), 2 * READINGS);
    assert_eq!(api.get(&format!("/api/v1/alerts/{known}"))["complete"], true);
    station.stop();
    // The whole journal, the restore in its middle, still gives what was told.
    let replayed = done(&station, &["replay", "--diff", "data/journal"]);
    let last: Value = serde_json::from_str(replayed.lines().last().unwrap()).unwrap();
    assert_eq!(replayed.lines().count(), 1, "{replayed}");
    assert!(last["summary"]["same"].as_u64().unwrap() >= 2, "{replayed}");
    // Without a snapshot it begins at its first entry, and finds the same.
    std::fs::remove_dir_all(station.data().join("snapshots")).unwrap();
    station.start();
    let open = station.operator().open_alerts();
    let ids: Vec<&str> = open.iter().filter_map(|alert| alert["id"].as_str()).collect();
    assert!(ids.contains(&known.as_str()) && ids.contains(&new.as_str()), "{ids:?}");
    let metrics = station.visitor().ask("/metrics").1;
    let differences = metrics.as_str().unwrap().lines().find(|line| line.starts_with("watchfire_replay_differences"));
    assert!(differences.unwrap().ends_with(" 0"), "{differences:?}");
    station.stop();
}

#[test]
fn a_backup_that_is_damaged_is_found_out_and_what_can_be_is_restored() {
    let mut station = Station::started(&SetUp::new());
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    send(&mut gateway, 0);
    let known = alarm(&mut gateway, &api, "attic-1");
    api.wait_for_archive();
    station.stop();
    done(&station, BACKUP);
    std::fs::rename(station.data(), station.folder().join("lost")).unwrap();
    damage(&first_segment(&station.folder().join("backup/journal")));
    let said = refused(&station, &["verify", "--backup", "backup"]);
    assert!(said.contains("does not match") && said.contains("is damaged"), "{said}");
    assert!(refused(&station, RESTORE).contains("--even-damaged"));
    assert!(!station.data().exists(), "nothing half restored");
    done(&station, &[RESTORE, &["--even-damaged"]].concat());
    station.start();
    let open = station.operator().open_alerts();
    assert!(open.iter().any(|alert| alert["id"] == json!(known)), "{open:?}");
    station.stop();
}

fn first_segment(folder: &Path) -> std::path::PathBuf {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|end| end == "wfj")).min().unwrap()
}

/// Breaks one record of a segment, with others behind it.
fn damage(segment: &Path) {
    let mut bytes = std::fs::read(segment).unwrap();
    let at = bytes.len() / 3;
    bytes[at] ^= 0xFF;
    std::fs::write(segment, bytes).unwrap();
}

#[test]
fn an_archive_on_a_server_goes_on_with_the_restored_journal() {
    let Some(mut cluster) = Cluster::start() else { return };
    let database = cluster.make_database();
    let archive = format!("[archive]\nkind = \"postgresql\"\nurl = \"{}\"\n", cluster.url(&database));
    let mut station = Station::started(&SetUp::new().station(&archive));
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    send(&mut gateway, 0);
    api.wait_for_archive();
    done(&station, BACKUP);
    let lost = {
        send(&mut gateway, 1);
        alarm(&mut gateway, &api, "attic-2")
    };
    api.wait_for_archive();
    station.kill();
    std::fs::rename(station.data(), station.folder().join("lost")).unwrap();
    // The server is away just then.
    cluster.stop();
    done(&station, RESTORE);
    cluster.begin();
    station.start();
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    let new = alarm(&mut gateway, &api, "attic-3");
    send(&mut gateway, 2);
    wait::until("the archive", || {
        let status = api.status();
        let (durable, archived) = (status["journal"]["durable"].as_u64(), status["archive"]["entries"].as_u64());
        (archived? + 5 >= durable?).then_some(())
    });
    api.wait_for_archive();
    // It kept what the station has lost, and has what came since.
    assert_eq!(api.readings("watchfire", "hall-1").len(), 3 * READINGS);
    for alert in [&lost, &new] {
        let (status, _) = api.ask(&format!("/api/v1/alerts/{alert}"));
        assert_eq!(status, 200, "{alert}");
    }
    let found: Value = serde_json::from_str(&done(&station, VERIFY)).unwrap();
    assert_eq!(found["problems"], json!([]));
    station.stop();
}

#[test]
fn history_moves_from_the_file_to_a_server_while_devices_report() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.make_database();
    let set_up = SetUp::new();
    let mut station = Station::started(&set_up);
    let migrate = &["archive", "migrate", "--config", "watchfire.toml"];
    assert!(refused(&station, migrate).contains("archive.kind is sqlite"));
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    send(&mut gateway, 0);
    let alert = alarm(&mut gateway, &api, "attic-1");
    api.wait_for_archive();
    let archive = format!("[archive]\nkind = \"postgresql\"\nurl = \"{}\"\n", cluster.url(&database));
    set_up.station(&archive).write(station.folder());
    std::thread::scope(|scope| {
        let reporting = scope.spawn(|| send(&mut gateway, 1));
        println!("{}", done(&station, migrate));
        reporting.join().unwrap();
    });
    // The station goes on with the file, until it is restarted.
    send(&mut gateway, 2);
    api.wait_for_archive();
    assert_eq!(api.readings("watchfire", "hall-1").len(), 3 * READINGS);
    station.stop();
    station.start();
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    send(&mut gateway, 3);
    api.wait_for_archive();
    assert_eq!(api.readings("watchfire", "hall-1").len(), 4 * READINGS);
    assert_eq!(api.get(&format!("/api/v1/alerts/{alert}"))["complete"], true);
    let rows = "SELECT count(*), count(DISTINCT (readings.at, value)) FROM watchfire.readings
                JOIN watchfire.series ON series.id = readings.series
                JOIN watchfire.devices ON devices.id = series.device WHERE devices.name = 'hall-1'";
    let expected = 4 * READINGS;
    assert_eq!(cluster.sql(&database, rows), format!("{expected}|{expected}"));
    assert!(refused(&station, migrate).contains("holds history already"));
    station.stop();
}
