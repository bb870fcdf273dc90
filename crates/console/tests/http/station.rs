//! Health, metrics, status, sites and devices.

use crate::support::{Bench, START, healthy, raise, site, smoke_201};
use std::time::Duration;
use watchfire_console::{Health, StatusNumbers};
use watchfire_model::{
    Bilingual, Class, Decoded, Defect, DefectKind, DeviceName, Metric, PointName, Presence, Reading, Seq, Source,
    Timestamp, Value,
};

#[tokio::test]
async fn ready_only_while_the_probe_comes_through() {
    let bench = Bench::start().await;
    let starting = Health::starting(Duration::from_secs(1), Duration::from_secs(15));
    let failing = Health { failing: Some(Bilingual::new("the port is closed", "端口已关闭")), ..healthy() };
    for (health, passed_s, expected) in [
        (starting, 0, "503 false no probe has come through yet"),
        (healthy(), 0, "200 true null"),
        (healthy(), 16, "503 false the last probe came through 16 s ago; the limit is 15 s"),
        (failing, 0, "503 false the port is closed"),
    ] {
        bench.health.send_replace(health);
        bench.pass(Duration::from_secs(passed_s));
        let answer = bench.request("GET", "/readyz").send().await.unwrap();
        let status = answer.status().as_u16();
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(format!("{status} {} {}", body["ready"], body["en"]).replace('"', ""), expected);
        assert_eq!(body["zh"].is_null(), status == 200);
    }
    let alive = bench.request("GET", "/healthz").send().await.unwrap();
    assert_eq!(alive.text().await.unwrap(), r#"{"alive":true}"#, "alive, ready or not");
}

#[tokio::test]
async fn metrics_are_there_from_the_start() {
    let bench = Bench::start().await;
    raise(&bench, 1, Class::Fire);
    let answer = bench.request("GET", "/metrics").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let metrics = answer.text().await.unwrap();
    for line in [
        "watchfire_console_alerts_open{class=\"fire\"} 1",
        "watchfire_console_alerts_open{class=\"offline\"} 0",
        "watchfire_console_devices 1",
        "watchfire_console_event_clients_behind_total 0",
        "watchfire_console_limit{limit=\"connections\"} 1024",
        "watchfire_console_logins_total{result=\"wrong\"} 0",
        "watchfire_console_orders_total{result=\"done\"} 0",
        "watchfire_console_requests_total{status=\"5xx\"} 0",
        "watchfire_console_used{limit=\"alerts\"} 1",
        "watchfire_console_used{limit=\"connections\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
}

#[tokio::test]
async fn status_has_figures_defects_and_troubles() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    bench.live.numbers(StatusNumbers {
        durable: Seq(120),
        applied: Seq(118),
        rules_lag_s: 0.25,
        archive_lag_s: 3.0,
        archive_entries: Seq(90),
        disk_used_ratio: 0.5,
        connections: 7,
        frames_total: 99,
        ..StatusNumbers::default()
    });
    let defect = Defect { kind: DefectKind::BadJson, detail: "line 1".into() };
    bench.live.defects(Timestamp::from_seconds(START), "sunshine/gw1", &[defect]);
    bench.live.trouble(Timestamp::from_seconds(START), "10.0.0.9", "bad_credentials", &"火".repeat(200));
    let status = client.json("/api/v1/status").await;
    let figures = serde_json::json!({
        "ready": true, "version": "1.2.3",
        "journal": {"id": "0".repeat(32), "durable": 120, "applied": 118, "lag_s": 0.25},
        "archive": {"lag_s": 3.0, "entries": 90}, "disk": {"used_ratio": 0.5}, "connections": 7, "frames_total": 99, "tests": [],
        "defects": {"bad_json": 1},
        "troubles": [
            {"at": "2026-02-02T02:40:00Z", "identity": "10.0.0.9", "kind": "bad_credentials", "detail": "火".repeat(66)},
            {"at": "2026-02-02T02:40:00Z", "identity": "sunshine/gw1", "kind": "bad_json", "detail": "line 1"},
        ],
    });
    assert_eq!(status, figures);
}

#[tokio::test]
async fn sites_have_their_names() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    let expected = serde_json::json!({"sites": [{
        "id": "sunshine", "name": {"en": "Sunshine care home", "zh": "阳光敬老院"}, "kind": "care_home",
        "address": {"en": "1 Park Road", "zh": "公园路1号"}, "time_zone": "Asia/Shanghai",
        "zones": [{"id": "corridor-2", "name": {"en": "Corridor, 2nd floor", "zh": "二楼走廊"}}],
    }]});
    assert_eq!(client.json("/api/v1/sites").await, expected);
}

fn frame(name: &str, metric: Metric, value: Value) -> Decoded {
    let reading = Reading {
        point: PointName::new(&metric.to_string()).unwrap(),
        metric,
        value,
        vendor_unit: None,
        at: Timestamp::from_seconds(START),
    };
    let device = Some(DeviceName::new(name).unwrap());
    Decoded { device, readings: vec![reading], ..Decoded::new(Source::Watchfire) }
}

/// `name claimed state open_alerts battery` of each device.
async fn devices(client: &crate::support::Client<'_>, query: &str) -> Vec<String> {
    let page = client.json(&format!("/api/v1/devices{query}")).await;
    let line = |device: &serde_json::Value| {
        let members = ["name", "claimed", "state", "open_alerts", "battery"];
        members.map(|member| device[member].to_string()).join(" ").replace('"', "")
    };
    page["devices"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn devices_are_seen_fall_silent_and_come_back() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    let at = |s| Timestamp::from_seconds(START + s);
    assert_eq!(devices(&client, "").await, ["smoke-201 true never_seen 0 null"]);

    bench.live.decoded(at(1), &site(), &frame("smoke-201", Metric::Battery, Value::Number(87.0)));
    bench.live.decoded(at(2), &site(), &frame("stray", Metric::SmokeAlarm, Value::Bool(true)));
    let both = ["smoke-201 true online 0 87.0", "stray false online 0 null"];
    assert_eq!(devices(&client, "").await, both);
    assert_eq!(devices(&client, "?state=unclaimed").await, [both[1]]);
    assert!(devices(&client, "?site=other").await.is_empty());

    bench.live.tick(at(182));
    assert_eq!(devices(&client, "?state=offline").await, ["smoke-201 true offline 0 87.0"], "silent for over 180 s");
    bench.live.decoded(at(183), &site(), &frame("smoke-201", Metric::Battery, Value::Number(86.5)));
    assert_eq!(devices(&client, "?state=offline").await, [""; 0]);

    let gone = Decoded { presence: Some(Presence::Offline), ..frame("stray", Metric::SmokeAlarm, Value::Bool(true)) };
    bench.live.decoded(at(184), &site(), &gone);
    raise(&bench, 1, Class::Fire);
    assert_eq!(devices(&client, "").await, ["smoke-201 true online 1 86.5", "stray false offline 0 null"]);
    raise(&bench, 2, Class::Offline);
    assert_eq!(devices(&client, "?state=offline").await.len(), 2, "the rules say that it is silent");

    let page = client.json("/api/v1/devices?state=unclaimed").await;
    let point = &page["devices"][0]["points"][0];
    let expected = serde_json::json!(
        {"point": "smoke_alarm", "metric": "smoke_alarm", "unit": null, "value": true, "at": "2026-02-02T02:40:00Z"}
    );
    assert_eq!(*point, expected);
    assert_eq!(page["devices"][0]["last_seen"], "2026-02-02T02:40:02Z", "a will is no sign of life");
    assert_eq!(smoke_201().to_string(), "sunshine/watchfire/smoke-201");
}

#[tokio::test]
async fn the_board_is_sorted_by_urgency_and_read_page_by_page() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    for (number, class) in [(1, Class::Fault), (2, Class::Fire), (3, Class::Offline), (4, Class::Fire), (5, Class::Gas)]
    {
        raise(&bench, number, class);
    }
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = client.json(&format!("/api/v1/alerts{query}")).await;
        seen.extend(page["alerts"].as_array().unwrap().iter().map(|alert| {
            let cause = alert["id"].as_str().unwrap().split('-').nth(1).unwrap().to_owned();
            format!("{} {cause}", alert["class"].as_str().unwrap())
        }));
        match page["next"].as_str() {
            Some(next) => query = format!("?limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["fire 2", "fire 4", "gas 5", "fault 1", "offline 3"]);
    let fires = client.json("/api/v1/alerts?class=fire&site=sunshine").await;
    assert_eq!(fires["alerts"].as_array().unwrap().len(), 2);
    assert!(client.get("/api/v1/alerts?site=elsewhere").await.starts_with(r#"200 {"alerts":[],"next":null}"#));
}
