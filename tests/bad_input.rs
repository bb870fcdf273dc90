//! What comes in from outside may be anything. Each kind of it has its answer, is counted and shown, and costs nobody
//! else anything: after each of them another device's alarm raises as ever.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use std::net::SocketAddr;
use support::api::Api;
use support::device::{Device, Packet};
use support::set_up::{GATEWAY, LISTENER, SECRET, SINGLE_DEVICE, SetUp};
use support::station::Station;
use support::wait;

/// What a client sees at the end of its connection.
#[derive(Clone, Copy)]
enum Answer {
    /// The socket is closed without a word (3.1.1 has none).
    Closed,
    /// CONNACK with that code, and closed.
    Refused(u8),
    /// DISCONNECT with that reason (MQTT 5), and closed.
    Disconnected(u8),
}

/// How a client begins.
#[derive(Clone, Copy)]
enum Begin {
    /// The bytes are the first thing it says.
    Unknown,
    /// It is logged in as that identity with 3.1.1.
    V4(&'static str),
    /// ... with MQTT 5.
    V5(&'static str),
}

/// What is said, the answer, and the kind of trouble that the console shows.
struct Case {
    name: &'static str,
    begin: Begin,
    say: Vec<u8>,
    answer: Answer,
    trouble: &'static str,
}

#[test]
fn a_link_that_misbehaves_is_answered_shown_and_costs_nobody_anything() {
    let station = Station::started(&SetUp::new());
    let api = station.operator();
    for (number, case) in cases().into_iter().enumerate() {
        let before = troubles(&api, case.trouble);
        let heard = hear(station.mqtt(), &case);
        let expected: Vec<Packet> = match case.answer {
            Answer::Closed => vec![],
            Answer::Refused(code) => vec![(0x20, vec![0, code])],
            Answer::Disconnected(reason) => vec![(0xE0, vec![reason, 0])],
        };
        assert_eq!(heard, expected, "{}", case.name);
        wait::until(&format!("{}: {} in the metrics", case.name, case.trouble), || {
            (troubles(&api, case.trouble) > before).then_some(())
        });
        wait::until(&format!("{}: {} on the board", case.name, case.trouble), || {
            let status = api.status();
            status["troubles"].as_array().unwrap().iter().any(|seen| seen["kind"] == case.trouble).then_some(())
        });
        alarm_raises(&station, &api, &format!("witness-{number}"));
    }
    assert!(api.is_ready());
}

fn troubles(api: &Api, kind: &str) -> f64 {
    api.metric(&format!("watchfire_mqtt_troubles_total{{kind=\"{kind}\"}}"))
}

fn cases() -> Vec<Case> {
    let case = |name, begin, say: &[u8], answer, trouble| Case { name, begin, say: say.to_vec(), answer, trouble };
    let v4 = Begin::V4(GATEWAY);
    let v5 = Begin::V5(GATEWAY);
    vec![
        case("HTTP on the MQTT port", Begin::Unknown, b"GET / HTTP/1.1\r\n\r\n", Answer::Closed, "malformed"),
        case("a length without end", v4, &[0x32, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Answer::Closed, "malformed"),
        case(
            "a length without end, v5",
            v5,
            &[0x32, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            Answer::Disconnected(0x81),
            "malformed",
        ),
        case("a packet type that is none", v4, &[0x00, 0], Answer::Closed, "malformed"),
        case("a second CONNECT", v5, &connect(5, "again", GATEWAY, SECRET), Answer::Disconnected(0x82), "protocol"),
        case(
            "wrong password",
            Begin::Unknown,
            &connect(4, "thief", GATEWAY, "guess"),
            Answer::Refused(4),
            "bad_credentials",
        ),
        case(
            "nobody known",
            Begin::Unknown,
            &connect(4, "thief", "home/nobody", SECRET),
            Answer::Refused(4),
            "bad_credentials",
        ),
        case("no name at all", Begin::Unknown, &connect(4, "thief", "", ""), Answer::Refused(4), "bad_credentials"),
        case(
            "protocol of 1999",
            Begin::Unknown,
            &connect(3, "old", GATEWAY, SECRET),
            Answer::Refused(1),
            "protocol_level",
        ),
        case("oversize", v4, &[0x32, 0xFF, 0xFF, 0xFF, 0x7F], Answer::Closed, "oversize"),
        case("oversize, v5", v5, &[0x32, 0xFF, 0xFF, 0xFF, 0x7F], Answer::Disconnected(0x95), "oversize"),
        case("another site's topic", v4, &publish("wf/v1/mill/boiler/readings"), Answer::Closed, "foreign_topic"),
        case(
            "another device's topic",
            Begin::V4(SINGLE_DEVICE),
            &publish("wf/v1/home/hall-1/readings"),
            Answer::Closed,
            "foreign_topic",
        ),
        case("a forged alert", v4, &publish("wf/v1/home/alerts"), Answer::Closed, "foreign_topic"),
        case(
            "a listener that speaks",
            Begin::V4(LISTENER),
            &publish("wf/v1/home/hall-1/readings"),
            Answer::Closed,
            "foreign_topic",
        ),
        case("wildcards in a topic", v5, &publish_v5("wf/v1/home/+/readings"), Answer::Disconnected(0x90), "bad_topic"),
        case("a topic that is not UTF-8", v4, &[0x30, 5, 0, 2, 0xC3, 0x28, b'x'], Answer::Closed, "malformed"),
        case("QoS 2", v5, &[0x34, 8, 0, 1, b't', 0, 1, 0, b'x', b'y'], Answer::Disconnected(0x9B), "qos_2"),
    ]
}

/// Says it, and gives everything that came back until the end of the connection.
fn hear(station: SocketAddr, case: &Case) -> Vec<Packet> {
    let mut device = Device::silent(station);
    match case.begin {
        Begin::Unknown => {}
        Begin::V4(user) => {
            device.say(&connect(4, "misbehaving", user, SECRET));
            assert_eq!(device.hear(), Some((0x20, vec![0, 0])), "{}", case.name);
        }
        Begin::V5(user) => {
            device.say(&connect(5, "misbehaving", user, SECRET));
            let (first, body) = device.hear().unwrap();
            assert_eq!((first, body[1]), (0x20, 0), "{}", case.name);
        }
    }
    device.say(&case.say);
    std::iter::from_fn(|| device.hear()).collect()
}

/// CONNECT of that protocol level.
fn connect(level: u8, client_id: &str, user: &str, password: &str) -> Vec<u8> {
    let mut body = if level == 3 { b"\0\x06MQIsdp".to_vec() } else { b"\0\x04MQTT".to_vec() };
    body.extend([level, if user.is_empty() { 0x02 } else { 0xC2 }, 0, 60]);
    if level == 5 {
        body.push(0);
    }
    let texts: &[&str] = if user.is_empty() { &[client_id] } else { &[client_id, user, password] };
    texts.iter().for_each(|text| push_text(&mut body, text));
    packet(0x10, &body)
}

/// PUBLISH with QoS 1.
fn publish(topic: &str) -> Vec<u8> {
    let mut body = Vec::new();
    push_text(&mut body, topic);
    body.extend([0, 1]);
    body.extend(b"{}");
    packet(0x32, &body)
}

/// PUBLISH with QoS 0 and no properties.
fn publish_v5(topic: &str) -> Vec<u8> {
    let mut body = Vec::new();
    push_text(&mut body, topic);
    body.push(0);
    packet(0x30, &body)
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend(text.as_bytes());
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    assert!(length < 128, "one byte of length");
    [&[first, length], body].concat()
}

/// Another device's alarm raises.
fn alarm_raises(station: &Station, api: &Api, device: &str) {
    station.gateway("witness").smoke(device, device, true);
    let alert = api.wait_for_alert_of(device);
    assert_eq!(alert["class"], "fire");
}

#[test]
fn a_socket_on_which_nothing_comes_is_closed() {
    let station = Station::started(&SetUp::new().mqtt("connect_timeout_s = 1"));
    let api = station.operator();
    let mut dumb = Device::silent(station.mqtt());
    let mut halting = Device::silent(station.mqtt());
    halting.say(&connect(4, "halting", GATEWAY, SECRET)[..9]);
    // It promises to be heard every second.
    let mut asleep = Device::silent(station.mqtt());
    let mut hello = connect(4, "asleep", GATEWAY, SECRET);
    hello[11] = 1;
    asleep.say(&hello);
    assert_eq!(asleep.hear(), Some((0x20, vec![0, 0])));
    alarm_raises(&station, &api, "witness");
    for (device, trouble) in [(&mut dumb, "no_connect"), (&mut halting, "no_connect"), (&mut asleep, "silent")] {
        assert_eq!(device.hear(), None, "{trouble}");
        wait::until(trouble, || (troubles(&api, trouble) > 0.0).then_some(()));
    }
}

#[test]
fn a_payload_that_cannot_be_understood_is_acknowledged_counted_shown_and_skipped() {
    let station = Station::started(&SetUp::new());
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    let readings = "wf/v1/home/hall-1/readings";
    let cases: &[(&str, &[u8], &str)] = &[
        (readings, b"\xFF\xFE{}", "bad_utf8"),
        (readings, b"{\"id\":\"1\",", "bad_json"),
        (readings, b"[1,2,3]", "bad_shape"),
        (readings, br#"{"id":"2"}"#, "bad_shape"),
        (readings, br#"{"id":"3","readings":[{"metric":"temperature","value":"warm"}]}"#, "bad_value"),
        (readings, br#"{"id":"4","readings":[{"metric":"temperature","value":1e999}]}"#, "not_finite"),
        (readings, br#"{"id":"5","readings":[{"metric":"warmth","value":1}]}"#, "unknown_metric"),
        (readings, br#"{"id":"6","readings":[{"metric":"temperature","value":1,"unit":"parsec"}]}"#, "bad_unit"),
        (readings, br#"{"id":"7","at":"yesterday","readings":[{"metric":"temperature","value":21}]}"#, "bad_time"),
        ("wf/v1/home/hall-1/nonsense", b"{}", "unknown_topic"),
        ("zigbee2mqtt/hall", b"NaN", "not_finite"),
        ("zigbee2mqtt/hall", b"{\"smoke\":tru", "bad_json"),
    ];
    for (topic, payload, defect) in cases {
        let counted = format!("watchfire_defects_total{{kind=\"{defect}\"}}");
        let before = api.metric(&counted);
        // It is the sender's best: it is taken, kept as evidence, and not asked for again.
        gateway.try_publish(topic, payload).unwrap();
        wait::until(&format!("{defect} counted"), || (api.metric(&counted) > before).then_some(()));
        let status = api.status();
        assert!(status["defects"][defect].as_u64().unwrap() > 0, "{status}");
        let shown = status["troubles"].as_array().unwrap();
        assert!(
            shown.iter().any(|trouble| trouble["kind"] == *defect && trouble["identity"] == "gw1"),
            "{defect}: {status}"
        );
    }
    // One bad reading costs only itself, and the same sender's next alarm is as good as any.
    let mixed =
        r#"{"id":"m","readings":[{"metric":"temperature","value":"warm"},{"metric":"smoke_alarm","value":true}]}"#;
    gateway.publish(readings, mixed);
    assert_eq!(api.wait_for_alert_of("hall-1")["class"], "fire");
    alarm_raises(&station, &api, "witness");
}

#[test]
fn clocks_years_off_and_keys_that_come_twice_hide_no_fire() {
    let station = Station::started(&SetUp::new());
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    for (device, at) in [("past", "1970-01-01T00:00:00Z"), ("future", "2099-12-31T23:59:59Z")] {
        let alarm = format!(r#"{{"id":"{device}","at":"{at}","readings":[{{"metric":"smoke_alarm","value":true}}]}}"#);
        gateway.publish(&format!("wf/v1/home/{device}/readings"), &alarm);
        let alert = api.wait_for_alert_of(device);
        let raised_at = alert["raised_at"].as_str().unwrap();
        assert!(!raised_at.starts_with("1970") && !raised_at.starts_with("2099"), "{alert}");
        // A clock that came right again is heard at once.
        gateway.smoke(device, &format!("{device}-over"), false);
        api.order(alert["id"].as_str().unwrap(), "verify", &serde_json::json!({ "verdict": { "kind": "test" } }));
        api.order(alert["id"].as_str().unwrap(), "close", &serde_json::json!({}));
        gateway.smoke(device, &format!("{device}-again"), true);
        assert_ne!(api.wait_for_alert_of(device)["id"], alert["id"]);
    }
    // The same message again, as QoS 1 allows, is one alert; one key for ever hides nothing.
    gateway.smoke("twice", "same", true);
    gateway.smoke("twice", "same", true);
    gateway.smoke("stuck", "same", false);
    gateway.smoke("stuck", "same", true);
    assert_eq!(api.wait_for_alert_of("stuck")["class"], "fire");
    assert_eq!(api.alerts_of("twice").len(), 1);
}

#[test]
fn a_smoke_alarm_that_is_sent_without_care_raises_too() {
    let station = Station::started(&SetUp::new());
    let api = station.operator();
    let mut gateway = station.gateway("gw");
    gateway.publish_carelessly("zigbee2mqtt/kitchen_smoke", br#"{"smoke":true}"#);
    assert_eq!(api.wait_for_alert_of("kitchen_smoke")["zone"]["id"], "kitchen");
}
