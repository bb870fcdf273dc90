//! A disk that is full under a running station, really: on a small file system of its own. Acknowledging stops, people at
//! the console are answered; when there is room again it goes on by itself, and nothing that was acknowledged is missing.
//!
//! Needs the right to mount; without it the test says so and does nothing.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::logs::{self, Kept};
use support::set_up::SetUp;
use support::station::Station;
use support::{device::Device, wait};
use watchfire_model::Class;

/// Bytes of the disk.
const DISK_MIB: usize = 64;
/// Frames that are sent before the disk must be full for the journal, too.
const FRAMES_MAX: usize = 5_000;
/// A frame is made this long, so that the reserve is soon used up.
const PADDING: usize = 8 * 1024;

#[test]
fn a_full_disk_stops_acknowledging_and_nothing_else_until_there_is_room() {
    let mut station = Station::prepared(&SetUp::new().usual_disk_limits());
    let Some(_disk) = Mounted::at(&station.data()) else {
        eprintln!("SKIPPED: mounting a file system is not allowed here (it needs root); nothing was tested");
        return;
    };
    let added = station.command(&["users", "add", "--config", "watchfire.toml", "li"], "another-horse-battery\n");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    station.start();
    let mut api = station.visitor();
    api.log_in("li", "another-horse-battery");
    let mut gateway = station.gateway("gw");
    gateway.smoke("kitchen", "before", true);
    let fire = api.wait_for_alert_of("kitchen");
    let mut acknowledged = BTreeSet::from(["before".to_owned()]);

    let ballast = fill(&station.data());
    publish_until_nobody_answers(&mut gateway, &mut acknowledged);
    wait::until("the metric", || (api.metric("watchfire_journal_full") > 0.5).then_some(()));
    assert!(api.metric("watchfire_journal_reserve_held") < 0.5, "the reserve was used before");
    assert!(acknowledged.len() > 1, "the reserve carried some");
    wait::until("that it says that it does not do its work", || (!api.is_ready()).then_some(()));
    assert_eq!(api.alerts_of("kitchen").len(), 1, "the board is there");
    let mut colleague = station.visitor();
    colleague.log_in("li", "another-horse-battery");
    assert!(station.process().is_running());

    // It dies, and must start where there is no room: not for the set-up's file, or not for a single entry. Twice, for
    // the first start may find the rest of a page, which takes a tick a second for a while.
    for _ in 0..2 {
        station.kill();
        fill_up(&ballast);
        station.begin();
        station.process().wait_for_log("listening");
        wait::within(Duration::from_secs(240), "that it finds the disk full", || {
            fill_up(&ballast);
            station.process().has_logged("the disk is full").then_some(())
        });
    }
    let mut api = station.visitor();
    api.log_in("li", "another-horse-battery");
    assert_eq!(api.alerts_of("kitchen").len(), 1, "who comes in now sees what burns");
    wait::until("that it says that it does not do its work", || (!api.is_ready()).then_some(()));
    assert!(station.process().is_running());

    std::fs::remove_file(ballast).unwrap();
    wait::until("readiness", || api.is_ready().then_some(()));
    let mut gateway = station.gateway("gw");
    gateway.smoke("bath", "after", true);
    acknowledged.insert("after".to_owned());
    api.wait_for_alert_of("bath");
    wait::until("the reserve", || (api.metric("watchfire_journal_reserve_held") > 0.5).then_some(()));
    api.order(fire["id"].as_str().unwrap(), "acknowledge", &serde_json::json!({}));
    api.wait_for_archive();
    wait::within(Duration::from_secs(60), "the end of the alert of the full disk", || {
        let alerts = logs::transitions(&station.data());
        let steps: Vec<_> = alerts.iter().filter(|alert| alert.rule.name == "station-disk-full").collect();
        (steps.len() >= 2).then_some(())
    });
    station.stop();

    let kept: BTreeSet<String> = logs::journal(&station.data())
        .into_iter()
        .filter_map(|(_, kept)| if let Kept::Frame { key, .. } = kept { key } else { None })
        .collect();
    let missing: Vec<&String> = acknowledged.difference(&kept).collect();
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
    let fires = logs::raised(&station.data()).iter().filter(|alert| alert.class == Class::Fire).count();
    assert_eq!(fires, 2, "one before and one after");
    eprintln!("{} frames were acknowledged, {} of them on the reserve", acknowledged.len(), acknowledged.len() - 2);
}

/// Sends frames one after the other until one is not acknowledged within a time in which thousands would be.
fn publish_until_nobody_answers(gateway: &mut Device, acknowledged: &mut BTreeSet<String>) {
    let padding = "x".repeat(PADDING);
    gateway.patience(Duration::from_secs(5));
    for number in 0..FRAMES_MAX {
        let key = format!("f{number}");
        let payload =
            format!(r#"{{"id":"{key}","note":"{padding}","readings":[{{"metric":"temperature","value":{number}}}]}}"#);
        if gateway.try_publish("wf/v1/home/kitchen/readings", payload.as_bytes()).is_err() {
            return;
        }
        acknowledged.insert(key);
    }
    panic!("{FRAMES_MAX} frames were acknowledged on a full disk");
}

/// Writes a file until nothing goes in any more.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("ballast");
    fill_up(&path);
    path
}

/// Lengthens a file until nothing goes in any more.
fn fill_up(path: &Path) {
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    for piece in [1024 * 1024, 4096, 1] {
        let bytes = vec![1; piece];
        loop {
            match file.write_all(&bytes) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A small file system in memory.
struct Mounted {
    folder: PathBuf,
}

impl Mounted {
    /// At that folder; `None` where it is not allowed.
    fn at(folder: &Path) -> Option<Mounted> {
        // What `users add` has left there is hidden, not lost.
        std::fs::create_dir_all(folder).unwrap();
        let size = format!("size={DISK_MIB}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Mounted { folder: folder.to_owned() })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // The station may still be in it when the test has failed; it goes when that has ended.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}
