//! Whatever comes, the decoders answer: no panic, finite values, names within their limits, a bounded number of
//! readings and defects, the same answer for the same frame. Proptest prints a failing case and keeps its seed;
//! `PROPTEST_CASES` and `PROPTEST_RNG_SEED` set how many and which.

use proptest::prelude::*;
use watchfire_model::ids::NAME_BYTES_MAX;
use watchfire_model::{Decoded, DefectKind, Frame, Link, Metric, Source, Timestamp, Value};
use watchfire_wire::{
    DEFECTS_MAX, KEY_BYTES_MAX, Profiles, READINGS_MAX, Sessions, VENDOR_READINGS_MAX, decode, decode_as, json_line,
};

fn frame<'a>(site: &'a str, device: &'a str, topic: &'a str, payload: &'a [u8]) -> Frame<'a> {
    Frame { site, identity: "gw", device, link: Link::Mqtt { qos: 1, retain: false }, topic, payload }
}

fn read(frame: &Frame<'_>) -> Decoded {
    decode(frame, Timestamp::EPOCH, &Profiles::default(), &mut Sessions::default())
}

fn check(decoded: &Decoded) {
    assert!(decoded.readings.len() <= READINGS_MAX && decoded.defects.len() <= DEFECTS_MAX);
    let is_vendor = |metric: &Metric| matches!(metric, Metric::Vendor(_));
    assert!(decoded.readings.iter().filter(|reading| is_vendor(&reading.metric)).count() <= VENDOR_READINGS_MAX);
    assert!(decoded.defects.iter().all(|defect| defect.kind != DefectKind::DecoderPanic && defect.detail.len() <= 200));
    assert!(decoded.key.as_ref().is_none_or(|key| key.len() <= KEY_BYTES_MAX));
    assert!(decoded.device.is_some() || (decoded.readings.is_empty() && decoded.presence.is_none()));
    for reading in &decoded.readings {
        assert!(reading.point.as_str().len() <= NAME_BYTES_MAX);
        assert!(reading.metric.to_string().len() <= 7 + 64);
        match (reading.value, reading.metric.is_boolean()) {
            (Value::Number(number), wanted) => assert!(number.is_finite() && wanted != Some(true)),
            (Value::Bool(_), wanted) => assert!(wanted != Some(false)),
        }
    }
    let line: serde_json::Value = serde_json::from_str(&json_line::line(decoded)).expect("the line is JSON");
    assert!(line.is_object());
}

/// Words that the decoders know, so that random documents reach them.
const KEYS: [&str; 36] = [
    "smoke",
    "alarm",
    "battery",
    "batteryVoltage",
    "temperature",
    "TempC_SHT",
    "gas",
    "co",
    "co2",
    "test",
    "muted",
    "fault",
    "status",
    "event",
    "state",
    "value",
    "values",
    "unit",
    "tamper",
    "water_leak",
    "valve_1",
    "contact",
    "smoke_level",
    "smoke_unit",
    "history",
    "config",
    "readings",
    "metric",
    "point",
    "id",
    "at",
    "last_seen",
    "action",
    "pressure",
    "烟雾",
    "",
];
const TEXTS: [&str; 20] = [
    "alarm",
    "normal",
    "smoke_test",
    "No Alarm",
    "22 ℃",
    "2.4(low battery)",
    "100%",
    "-",
    "+",
    "ON",
    "smoke_alarm",
    "temperature",
    "vendor.x",
    "2026-03-01T08:00:00Z",
    "unknown",
    "自检",
    "dB/m",
    "mV",
    "Cel",
    "\u{0}\u{1F525}",
];
const TOPICS: [&str; 14] = [
    "wf/v1/s/d/readings",
    "wf/v1/s/d/status",
    "wf/v1/s/d/x",
    "wf/v1/t/d/readings",
    "wf/v1/",
    "zigbee2mqtt/厨房/烟感",
    "zigbee2mqtt/a/availability",
    "zigbee2mqtt/bridge/state",
    "zigbee2mqtt/",
    "v3/a@t/devices/d/up",
    "v3/a/devices/",
    "application/1/device/0102/event/up",
    "application/1/device//event/status",
    "any/other",
];

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1000.0..10_000.0f64).prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        proptest::sample::select(TEXTS.as_slice()).prop_map(Into::into),
        ".{0,40}".prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let key =
            prop_oneof![proptest::sample::select(KEYS.as_slice()).prop_map(str::to_owned), "[a-zA-Z_0-9. 烟]{0,200}",];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::Array),
            proptest::collection::vec((key, inner), 0..8)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A document in each envelope.
fn enveloped(document: &serde_json::Value, envelope: u8) -> serde_json::Value {
    match envelope {
        0 => serde_json::json!({"id": "k", "readings": document}),
        1 => {
            serde_json::json!({"id": document, "at": document, "readings": [document, {"metric": document, "value": document, "unit": document, "point": document}]})
        }
        2 => {
            serde_json::json!({"end_device_ids": {"device_id": "d"}, "uplink_message": {"decoded_payload": document, "received_at": document, "rx_metadata": document}})
        }
        3 => {
            serde_json::json!({"deviceInfo": {"devEui": "01", "deviceProfileName": document}, "object": document, "time": document, "rxInfo": document})
        }
        _ => document.clone(),
    }
}

proptest! {
    #[test]
    fn any_bytes_on_any_topic(topic in ".{0,200}", payload in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&read(&frame("s", "", &topic, &payload)));
    }

    #[test]
    fn any_bytes_on_known_topics(topic in proptest::sample::select(TOPICS.as_slice()), payload in proptest::collection::vec(any::<u8>(), 0..100)) {
        check(&read(&frame("s", "", topic, &payload)));
    }

    #[test]
    fn any_json_in_any_envelope(
        document in json(),
        envelope in 0u8..5,
        topic in proptest::sample::select(TOPICS.as_slice()),
    ) {
        let payload = enveloped(&document, envelope).to_string();
        let decoded = read(&frame("s", "", topic, payload.as_bytes()));
        check(&decoded);
        prop_assert_eq!(&decoded, &read(&frame("s", "", topic, payload.as_bytes())));
        for (source, _) in Source::ALL {
            let mut sessions = Sessions::default();
            let frame = frame("s", "", topic, payload.as_bytes());
            check(&decode_as(*source, &frame, Timestamp::EPOCH, &Profiles::default(), &mut sessions));
        }
    }

    /// Cut anywhere, a message gives no alarm that the whole one does not give.
    #[test]
    fn a_cut_message_invents_nothing(document in json(), cut in any::<proptest::sample::Index>()) {
        let payload = document.to_string();
        let cut = payload.get(..cut.index(payload.len() + 1)).unwrap_or_default();
        let topic = "zigbee2mqtt/k";
        let whole = read(&frame("s", "", topic, payload.as_bytes()));
        for reading in read(&frame("s", "", topic, cut.as_bytes())).readings {
            prop_assert!(whole.readings.contains(&reading) || cut.parse::<f64>().is_ok());
        }
    }

    #[test]
    fn any_input_line(line in ".{0,200}") {
        if let Ok(frame) = json_line::parse(&line) {
            check(&read(&frame.frame()));
        }
    }
}

#[test]
fn more_than_a_frame_may_hold_is_left_out_and_said() {
    let items = |metric: &str| {
        let mut items: Vec<String> =
            (0..1000).map(|i| format!(r#"{{"point":"p{i}","metric":"{metric}","value":1}}"#)).collect();
        items.push(r#"{"metric":"smoke_alarm","value":true}"#.to_owned());
        format!(r#"{{"id":"k","readings":[{}]}}"#, items.join(","))
    };
    for (metric, kept) in [("temperature", READINGS_MAX), ("vendor.x", VENDOR_READINGS_MAX + 1)] {
        let decoded = read(&frame("s", "", "wf/v1/s/d/readings", items(metric).as_bytes()));
        check(&decoded);
        assert_eq!(decoded.readings.len(), kept);
        assert_eq!(decoded.defects.first().unwrap().kind, DefectKind::TooMany);
    }
}

#[test]
fn an_alarm_is_not_crowded_out_by_vendor_quantities() {
    let mut fields: Vec<String> = (0..1000).map(|i| format!(r#""q{i}":{i}.5"#)).collect();
    fields.push(r#""smoke":true"#.to_owned());
    let payload = format!("{{{}}}", fields.join(","));
    let decoded = read(&frame("s", "", "zigbee2mqtt/k", payload.as_bytes()));
    assert!(decoded.readings.iter().any(|reading| reading.metric == Metric::SmokeAlarm));
}

#[test]
fn only_its_own_site_and_device_may_speak_our_scheme() {
    let payload = br#"{"id":"1","readings":[{"metric":"smoke_alarm","value":true}]}"#;
    for (site, device, topic, foreign) in [
        ("s", "", "wf/v1/s/d/readings", false),
        ("s", "d", "wf/v1/s/d/readings", false),
        ("s", "e", "wf/v1/s/d/readings", true),
        ("t", "", "wf/v1/s/d/readings", true),
        ("t", "d", "wf/v1/s/d/status", true),
    ] {
        let decoded = read(&frame(site, device, topic, payload));
        let is_foreign = decoded.defects.iter().any(|defect| defect.kind == DefectKind::ForeignDevice);
        assert_eq!(is_foreign, foreign, "{site} {device} {topic}");
        assert_eq!(decoded.readings.is_empty(), foreign);
        assert_eq!(decoded.device.is_none(), foreign);
    }
}

#[test]
fn deep_nesting_is_no_danger() {
    for open in ["[", "{\"a\":"] {
        let payload = open.repeat(100_000);
        check(&read(&frame("s", "", "zigbee2mqtt/k", payload.as_bytes())));
    }
}
