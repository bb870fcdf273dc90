//! `watchfire demo`: a visitor's first minutes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::api::Api;
use support::logs::{self, Kept};
use support::process::Process;
use support::wait;
use watchfire_model::Timestamp;
use watchfire_simulator::demo::FIRE_AFTER_S;
use watchfire_simulator::panel::tower;

/// The usual ports: whoever has them, no demo of these tests gets them.
static TAKEN: LazyLock<Vec<io::Result<TcpListener>>> =
    LazyLock::new(|| [1883, 8080, 5201].into_iter().map(|port| TcpListener::bind(("127.0.0.1", port))).collect());

#[expect(clippy::disallowed_methods, reason = "what a process began is compared with what it says")]
fn wall() -> Timestamp {
    Timestamp::EPOCH.plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
}

/// A demo that greeted its visitor.
struct Demo {
    process: Process,
    console: SocketAddr,
    mqtt: SocketAddr,
    login: (String, String),
    /// Before its process was there.
    begun: Timestamp,
}

impl Demo {
    fn start(folder: &Path) -> Demo {
        LazyLock::force(&TAKEN);
        let begun = wall();
        let process = Process::start(&["demo", "--data", "data"], folder);
        let lines = wait::until("the greeting", || {
            Some(process.said()).filter(|lines| lines.iter().any(|line| line.contains("Ctrl-C ends")))
        });
        let line = |mark: &str| lines.iter().find(|line| line.contains(mark)).unwrap().clone();
        let after = |line: &str, mark: &str| -> SocketAddr {
            line.split(mark).nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap()
        };
        let console_line = line("http://");
        let login: Vec<&str> = console_line.split("log in as ").nth(1).unwrap().split(" / ").collect();
        let demo = Demo {
            console: after(&console_line, "http://"),
            mqtt: after(&line("mqtt://"), "mqtt://"),
            login: (login[0].trim().to_owned(), login[1].trim().to_owned()),
            process,
            begun,
        };
        let visitor = Api::new(demo.console);
        wait::until("readiness", || visitor.is_ready().then_some(()));
        demo
    }

    fn operator(&self) -> Api {
        let mut api = Api::new(self.console);
        api.log_in(&self.login.0, &self.login.1);
        api
    }

    /// Ctrl-C; how it ends is looked at.
    fn stop(mut self) {
        self.process.signal(Signal::INT);
        let status = wait::within(Duration::from_secs(10), "the end after Ctrl-C", || {
            (!self.process.is_running()).then(|| self.process.wait_for_end())
        });
        assert!(status.success(), "{status}");
    }
}

#[test]
fn with_the_usual_ports_taken_it_says_so_works_ends_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    let said = demo.process.said().join("\n");
    for (port, instead) in [(1883, demo.mqtt.port()), (8080, demo.console.port())] {
        assert!(said.contains(&format!("Port {port} is taken; using {instead} instead.")), "{said}");
    }
    let api = demo.operator();
    // The log-in page shows how to log in, and only the demo's does.
    let (status, hint) = Api::new(demo.console).ask("/api/v1/session");
    assert_eq!((status, hint["demo"]["user"].as_str()), (401, Some(demo.login.0.as_str())), "{hint}");
    let devices = wait::until("devices of every site", || {
        let seen = seen_devices(&api);
        let sites: std::collections::BTreeSet<&str> =
            seen.iter().map(|device| device["site"]["id"].as_str().unwrap()).collect();
        (sites.len() >= 4 && seen.len() >= 8).then_some(seen.len())
    });
    demo.stop();
    let entries = logs::journal(&folder.path().join("data"));

    let demo = Demo::start(folder.path());
    assert!(seen_devices(&demo.operator()).len() >= devices, "the devices of before are there at once");
    demo.stop();
    let later = logs::journal(&folder.path().join("data"));
    assert!(
        later.len() > entries.len() && later[..entries.len()] == entries,
        "the second start goes on where it stopped"
    );
    assert_eq!(later.iter().filter(|(_, kept)| *kept == Kept::Started).count(), 2);
}

fn seen_devices(api: &Api) -> Vec<Value> {
    let mut devices = api.devices();
    devices.retain(|device| !device["last_seen"].is_null());
    devices
}

/// The building's panel dials the gateway's real port, and its guard presses the key when he is asked.
#[test]
fn the_towers_panel_alarms_through_the_gateway_and_its_guard_answers() {
    const GUARD_MAX: Duration = Duration::from_secs(60);
    const FIRE_MAX: Duration = Duration::from_secs(tower::FIRE_AFTER_S + 60);
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    let api = demo.operator();
    wait::until("the panel's connection", || {
        let devices = api.get("/api/v1/transmission-devices?site=tower");
        (devices["devices"][0]["connected"] == true).then_some(())
    });
    let order = serde_json::json!({"order_id": "visitor-1", "targets": {"site": "tower"}, "answer_min": 5});
    let (status, answer) = api.post("/api/v1/duty-checks", &order);
    assert!(status == 200 || status == 409, "{answer}");
    let check = wait::within(GUARD_MAX, "the guard's answer", || {
        let report = api.get("/api/v1/duty-checks?site=tower");
        let checks = report["checks"].as_array()?.clone();
        checks.into_iter().find(|check| check["outcome"] == "answered")
    });
    assert_eq!(check["device"], tower::ADDRESS.to_string());
    let fire = wait::within(FIRE_MAX, "the fire on the twelfth floor", || {
        let alerts = api.alerts_of(&tower::ADDRESS.to_string());
        alerts.into_iter().find(|alert| alert["class"] == "fire")
    });
    assert!(fire["reason"]["zh"].as_str().unwrap().contains("十二层东走廊"), "{fire}");
    demo.stop();
}

/// The recorded photoelectric alarm of the lounge sounds 126 s after the start. The board knows more, sooner.
#[test]
fn the_warning_comes_before_the_photoelectric_alarm() {
    const PHOTOELECTRIC_ALARM_AFTER: Duration = Duration::from_secs(126);
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    let api = demo.operator();
    // How long this test takes to see it is another matter.
    let alert = wait::within(PHOTOELECTRIC_ALARM_AFTER + wait::PATIENCE, "the early warning", || {
        let alerts = api.open_alerts();
        alerts.into_iter().find(|alert| alert["class"] == "early_warning")
    });
    let raised_at: Timestamp = alert["raised_at"].as_str().unwrap().parse().unwrap();
    let after = raised_at.since(demo.begun);
    assert!(after < PHOTOELECTRIC_ALARM_AFTER, "the warning came {after:?} after the start");
    assert_eq!(alert["site"]["name"]["zh"].as_str().map(str::is_empty), Some(false));
    assert!(alert["reason"]["en"].as_str().unwrap().chars().any(|letter| letter.is_ascii_digit()), "{alert}");
    // The visitor sees what the duty officer gets, and finds it in the outbox.
    let outbox = folder.path().join("data/outbox");
    wait::until("the message", || Some(std::fs::read_dir(&outbox).ok()?.count()).filter(|count| *count > 0));
    wait::until("the message on the terminal", || {
        demo.process.said().iter().any(|line| line.contains("✉") && line.contains("→")).then_some(())
    });
    assert!(FIRE_AFTER_S < PHOTOELECTRIC_ALARM_AFTER.as_secs());
    demo.stop();
}
