//! Events as they happen, to quick clients, slow ones and ones that come back.

use crate::support::{Bench, Client, Events, START, Wish, alert_id, event_id, raise, record, site, sites, transition};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use watchfire_console::{ALERT_EVENTS_MAX, Limits, StatusNumbers};
use watchfire_model::{
    Bilingual, Class, Decoded, DeviceName, JournalId, Metric, PointName, Reading, Source, Step, Timestamp, Value,
};

/// `kind id class handling` of an alert event.
fn line(event: &crate::support::Event) -> String {
    let alert: serde_json::Value = serde_json::from_str(&event.data).unwrap();
    let words = format!("{} {} {}", alert["id"], alert["class"], alert["handling"]).replace('"', "");
    let (_, rest) = words.split_once('-').unwrap();
    format!("{} {} {rest}", event.kind, event.id.as_deref().unwrap_or("-"))
}

async fn alerts(events: &mut Events, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..count {
        lines.push(line(&events.next_of("alert").await));
    }
    lines
}

async fn board(client: &Client<'_>, last: Option<&str>) -> (Events, crate::support::Event) {
    let mut events = client.events(last).await;
    let first = events.next().await.unwrap();
    (events, first)
}

#[tokio::test]
async fn the_board_comes_first_and_then_what_happens() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    raise(&bench, 1, Class::Fault);
    raise(&bench, 2, Class::Fire);
    let (mut events, first) = board(&client, None).await;
    assert_eq!((first.kind.as_str(), first.id.as_deref()), ("board", Some("2")));
    let data: serde_json::Value = serde_json::from_str(&first.data).unwrap();
    assert_eq!(data["alerts"][0]["class"], "fire");
    assert_eq!(data["alerts"][1]["class"], "fault");
    assert_eq!(data["status"]["version"], "1.2.3");

    let by = "li".parse().unwrap();
    let both = vec![
        transition(2, 3, Class::Fire, Step::Acknowledged { by }),
        transition(3, 3, Class::Gas, Step::Raised),
        transition(3, 3, Class::Fire, Step::Escalated { from: Class::Gas }),
    ];
    bench.live.alert_record(3, &record(both));
    bench.live.alert_record(3, &record(vec![transition(9, 3, Class::Fire, Step::Raised)]));
    raise(&bench, 4, Class::Water);
    let expected = ["alert - 2-0 fire acknowledged", "alert 3 3-0 fire open", "alert 4 4-0 water open"];
    assert_eq!(alerts(&mut events, 3).await, expected, "each alert once; a record that was applied changes nothing");
}

#[tokio::test]
async fn an_alert_event_is_the_whole_alert() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    let (mut events, _) = board(&client, None).await;
    raise(&bench, 5, Class::Fire);
    let event = events.next_of("alert").await;
    let alert: serde_json::Value = serde_json::from_str(&event.data).unwrap();
    let names = serde_json::json!({"en": "Smoke, room 201", "zh": "201室感烟"});
    let expected = serde_json::json!({
        "id": alert_id(5).to_string(), "class": "fire", "severity": "critical", "condition": "active",
        "handling": "open", "verdict": null,
        "site": {"id": "sunshine", "name": {"en": "Sunshine care home", "zh": "阳光敬老院"}, "time_zone": "Asia/Shanghai"},
        "zone": {"id": "corridor-2", "name": {"en": "Corridor, 2nd floor", "zh": "二楼走廊"}},
        "device": {"source": "watchfire", "name": "smoke-201", "label": names, "claimed": true},
        "point": "smoke", "rule": "device-alarm@1",
        "reason": {"en": "smoke alarm of the device", "zh": "设备报烟雾报警"},
        "evidence": [{"source": "watchfire", "device": "smoke-201", "point": "smoke", "metric": "smoke_alarm",
            "unit": null, "value": true, "at": "2026-02-02T02:40:05Z"}],
        "late": false, "incident": null, "test": false, "raised_at": "2026-02-02T02:40:05Z", "changed_at": "2026-02-02T02:40:05Z",
        "acknowledged_at": null, "acknowledged_by": null,
    });
    assert_eq!(alert, expected);
}

#[tokio::test]
async fn who_comes_back_goes_on_where_he_stopped() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    for number in 1..=4 {
        raise(&bench, number, Class::Fire);
    }
    let mut events = client.events(Some("2")).await;
    assert_eq!(alerts(&mut events, 2).await, ["alert 3 3-0 fire open", "alert 4 4-0 fire open"]);
    raise(&bench, 5, Class::Fire);
    assert_eq!(alerts(&mut events, 1).await, ["alert 5 5-0 fire open"]);

    // The same position in the journal before a restore is another place.
    bench.live.numbers(StatusNumbers { journal: JournalId([7; 16]), ..StatusNumbers::default() });
    let (_, first) = board(&client, Some("5")).await;
    assert_eq!((first.kind.as_str(), first.id.unwrap()), ("board", format!("{}-5", "07".repeat(16))));
    bench.live.numbers(StatusNumbers::default());

    for unknown in ["77", "x", "-1"] {
        let (_, first) = board(&client, Some(unknown)).await;
        assert_eq!((first.kind.as_str(), first.id.as_deref()), ("board", Some("5")), "after {unknown}");
    }
}

/// Reads as slowly as one can: not at all until told.
async fn raw_client(bench: &Bench, cookie: &str, last: Option<&str>) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Little room at this end, so that the other end is held up soon.
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(bench.address().parse().unwrap()).await.unwrap();
    let resume = last.map_or(String::new(), |id| format!("Last-Event-ID: {}\r\n", event_id(id)));
    let head =
        format!("GET /api/v1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: {cookie}\r\n{resume}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 64];
    let read = stream.read(&mut first).await.unwrap();
    assert!(first[..read].starts_with(b"HTTP/1.1 200"));
    stream
}

/// Changes the one alert once more.
fn raise_again(bench: &Bench, number: u64) {
    bench.live.alert_record(number, &record(vec![transition(1, number, Class::Fire, Step::Raised)]));
}

#[tokio::test]
async fn a_slow_client_is_cut_off_and_slows_nobody() {
    let limits = Limits { stall_wait: Duration::from_secs(600), ..Limits::default() };
    let bench = Bench::start_with(Wish { limits, ..Wish::default() }).await;
    let client = bench.operator().await;
    let mut slow = raw_client(&bench, &client.cookie, None).await;
    // Far more than the system's buffers and the ring hold together.
    let flood = u64::try_from(ALERT_EVENTS_MAX).unwrap() * 5 / 2;
    for number in 1..=flood {
        raise_again(&bench, number);
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let (mut quick, _) = board(&client, None).await;
    let count = flood + 100;
    for number in flood + 1..=count {
        raise_again(&bench, number);
        quick.next_of("alert").await;
    }
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "its connection ends");
    let rest = String::from_utf8_lossy(&rest);
    let id = rest.rsplit("\nid: ").next().unwrap().lines().next().unwrap();
    let last: u64 = id.rsplit('-').next().unwrap().parse().unwrap();
    assert!(last < count - 1_000, "it got {last} of {count}");
    let (_, first) = board(&client, Some(&last.to_string())).await;
    assert_eq!((first.kind.as_str(), first.id), ("board", Some(count.to_string())), "too far behind to go on");
    let metrics = client.get("/metrics").await;
    assert!(metrics.contains("watchfire_console_event_clients_behind_total 1"), "{metrics}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_gives_its_place_back() {
    let limits = Limits { stall_wait: Duration::from_millis(200), event_clients_max: 1, ..Limits::default() };
    let bench = Bench::start_with(Wish { limits, ..Wish::default() }).await;
    let client = bench.operator().await;
    let _asleep = raw_client(&bench, &client.cookie, None).await;
    let refused = client.request("GET", "/api/v1/events").send().await.unwrap();
    assert_eq!(crate::support::text(refused).await, "503 too-many-clients: 1 clients listen already: close some pages");
    for number in 1..=u64::try_from(ALERT_EVENTS_MAX).unwrap() * 2 {
        raise_again(&bench, number);
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let freed = async {
        while client.request("GET", "/api/v1/events").send().await.unwrap().status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), freed).await.expect("the place is free again");
}

fn frame(name: &str) -> Decoded {
    let reading = Reading {
        point: PointName::new("t").unwrap(),
        metric: Metric::Temperature,
        value: Value::Number(21.5),
        vendor_unit: None,
        at: Timestamp::from_seconds(START),
    };
    Decoded { device: Some(DeviceName::new(name).unwrap()), readings: vec![reading], ..Decoded::new(Source::Watchfire) }
}

#[tokio::test]
async fn changed_devices_come_together_and_a_new_set_up_brings_a_new_board() {
    let limits = Limits { devices_every: Duration::from_millis(20), ..Limits::default() };
    let bench = Bench::start_with(Wish { limits, ..Wish::default() }).await;
    let client = bench.operator().await;
    raise(&bench, 1, Class::Fire);
    let (mut events, _) = board(&client, None).await;
    for _ in 0..100 {
        bench.live.decoded(Timestamp::from_seconds(START), &site(), &frame("smoke-201"));
        bench.live.decoded(Timestamp::from_seconds(START), &site(), &frame("stray"));
    }
    let mut names = std::collections::BTreeSet::new();
    while names.len() < 2 {
        let event: serde_json::Value = serde_json::from_str(&events.next_of("devices").await.data).unwrap();
        let devices = event["devices"].as_array().unwrap();
        names.extend(devices.iter().map(|device| device["name"].to_string()));
        assert!(devices.len() <= 4, "each of the two once, or twice when its state changed too");
    }

    let mut renamed = sites();
    renamed.sites.get_mut("sunshine").unwrap().name = Bilingual::new("Sunrise", "朝阳");
    bench.live.setup(&renamed);
    let event: serde_json::Value = serde_json::from_str(&events.next_of("board").await.data).unwrap();
    assert_eq!(event["alerts"][0]["site"]["name"]["zh"], "朝阳");
}

#[tokio::test]
async fn status_comes_every_few_seconds_and_ends_with_the_session() {
    let limits = Limits { status_every: Duration::from_millis(20), ..Limits::default() };
    let bench = Bench::start_with(Wish { limits, ..Wish::default() }).await;
    let client = bench.operator().await;
    let (mut events, _) = board(&client, None).await;
    for _ in 0..3 {
        let status: serde_json::Value = serde_json::from_str(&events.next_of("status").await.data).unwrap();
        assert_eq!(status["ready"], true);
        // A page that listens is in use, for as long as it likes.
        bench.pass(Duration::from_secs(11 * 3600));
        bench.health.send_modify(|health| {
            let pass = health.passed.as_mut().unwrap();
            pass.at = pass.at.plus(Duration::from_secs(11 * 3600));
        });
    }
    client.request("DELETE", "/api/v1/session").send().await.unwrap();
    let ended = async { while events.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the stream ends after the log-out");
}

#[tokio::test]
async fn the_stream_ends_when_the_console_stops() {
    let bench = Bench::start().await;
    let cookie = bench.operator().await.cookie;
    let mut stream = raw_client(&bench, &cookie, None).await;
    bench.stop().await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "it ends by itself and is not cut off when the grace is over");
}

#[tokio::test]
async fn an_alert_waits_for_no_interval() {
    let limits = Limits { status_every: Duration::from_secs(3_600), ..Limits::default() };
    let bench = Bench::start_with(Wish { limits, ..Wish::default() }).await;
    let client = bench.operator().await;
    let (mut events, _) = board(&client, None).await;
    // Were each of them to wait for the status or for the keep-alive of 15 s, this would take the better part of an hour.
    let all = async {
        for number in 1..=200 {
            raise(&bench, number, Class::Fire);
            events.next_of("alert").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), all).await.expect("an alert goes out at once");
}
