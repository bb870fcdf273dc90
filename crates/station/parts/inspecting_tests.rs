//! A whole station in this process: a duty check ordered by HTTP reaches a panel, and the guard's answer comes back.

use super::paths::DataPaths;
use super::station::Station;
use super::station_tests::{PATIENCE, journaled, options_of};
use crate::config::station;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watchfire_console::{Role, Users};
use watchfire_model::{Input, OrderKind};
use watchfire_wire::gbt26875::{Address, Command, Envelope, OUR_VERSION, TimeLabel};

const SITES: &str = r#"
[sites.tower]
name = { en = "Tower", zh = "大厦" }
kind = "building"
[sites.tower.transmission_devices.panel]
address = 889
inspection_s = 0
duty = { from = "22:00", until = "06:00", checks = 3, answer_min = 5 }
"#;
const PASSWORD: &str = "correct horse battery";

fn frame(serial: u16, command: Command, unit: &[u8]) -> Vec<u8> {
    let (source, destination) = (Address::new(889).unwrap(), Address::new(1).unwrap());
    let sent = TimeLabel::UNKNOWN;
    Envelope { serial, version: OUR_VERSION, sent, source, destination, command, unit }.write().unwrap()
}

/// The next frame of the station: command, serial, unit.
async fn heard(socket: &mut TcpStream) -> (Command, u16, Vec<u8>) {
    let mut head = [0; 27];
    tokio::time::timeout(PATIENCE, socket.read_exact(&mut head)).await.unwrap().unwrap();
    let mut bytes = head.to_vec();
    bytes.resize(30 + usize::from(head[24]), 0);
    socket.read_exact(&mut bytes[27..]).await.unwrap();
    let envelope = Envelope::read(&bytes).unwrap();
    (envelope.command, envelope.serial, envelope.unit.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_check_goes_from_the_api_to_the_guard_and_back() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let mut options = options_of(folder.path(), SITES);
    let text = "[gbt26875.listeners.panels]\nlisten = \"127.0.0.1:0\"\n";
    options.config.station.gbt26875 = station::parse("test", text, Path::new(".")).0.unwrap().gbt26875;
    let station = Station::start(options).await.unwrap();
    let users = Users::open(&DataPaths::new(folder.path()).users()).unwrap();
    users.add(&"wang".parse().unwrap(), Role::Operator, PASSWORD).unwrap();

    let mut panel = TcpStream::connect(station.panel_ports[0].1).await.unwrap();
    panel.write_all(&frame(1, Command::SEND, &[])).await.unwrap();
    assert_eq!(heard(&mut panel).await.0, Command::CONFIRM);

    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{}/api/v1/{path}", station.console);
    let body = serde_json::json!({"user": "wang", "password": PASSWORD});
    let post = |path: &str, body: String| http.post(url(path)).header("content-type", "application/json").body(body);
    let answer = post("session", body.to_string()).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let order = r#"{"order_id":"o-1","targets":{"site":"tower"},"answer_min":5}"#;
    let answer = post("duty-checks", order.into()).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(answer.status(), 200);

    let (command, serial, unit) = heard(&mut panel).await;
    assert_eq!((command, &unit[..]), (Command::CONTROL, &[91, 1, 5][..]));
    panel.write_all(&frame(serial, Command::CONFIRM, &[])).await.unwrap();
    let again = r#"{"order_id":"o-2","targets":{"all":true}}"#;
    let answer = post("duty-checks", again.into()).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(answer.status(), 409, "one at a time");
    panel.write_all(&frame(2, Command::SEND, &[24, 1, 1 << 5, 3, 0, 0, 0, 0, 0, 0])).await.unwrap();
    assert_eq!(heard(&mut panel).await.0, Command::CONFIRM);

    let report = async {
        loop {
            let asked = http.get(url("duty-checks?site=tower")).header("cookie", &cookie).send().await.unwrap();
            let report: serde_json::Value = serde_json::from_str(&asked.text().await.unwrap()).unwrap();
            if report["figures"]["answered"] == 1 {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let report = tokio::time::timeout(PATIENCE, report).await.unwrap();
    let check = &report["checks"][0];
    assert_eq!((&check["device"], &check["by"], &check["operator"]), (&"889".into(), &"wang".into(), &3.into()));
    let asked = http.get(url("transmission-devices")).header("cookie", &cookie).send().await.unwrap();
    let devices: serde_json::Value = serde_json::from_str(&asked.text().await.unwrap()).unwrap();
    assert_eq!(devices["devices"][0]["connected"], true);
    assert_eq!(devices["devices"][0]["duty_plan"]["from"], "22:00");
    let asked = http.get(url("duty-checks/figures")).header("cookie", &cookie).send().await.unwrap();
    let month: serde_json::Value = serde_json::from_str(&asked.text().await.unwrap()).unwrap();
    assert_eq!((&month["sites"][0]["site"], &month["sites"][0]["figures"]["answered"]), (&"tower".into(), &1.into()));
    let metrics = http.get(format!("http://{}/metrics", station.console)).send().await.unwrap().text().await.unwrap();
    for line in [
        "watchfire_duty_checks_total{outcome=\"answered\"} 1",
        "watchfire_duty_checks_total{outcome=\"missed\"} 0",
        "watchfire_duty_checks_waiting 0",
        "watchfire_gbt26875_exchanges_total{outcome=\"answered\",question=\"duty_check\"} 1",
    ] {
        assert!(metrics.lines().any(|said| said == line), "{line}\n{metrics}");
    }
    station.stop().await;
    let orders = journaled(folder.path(), |input| match input {
        Input::Order(order) => Some(matches!(order.kind, OrderKind::DutyCheck { .. })),
        _ => None,
    });
    assert_eq!(orders, [true, true], "the refused one is journaled, too");
}
