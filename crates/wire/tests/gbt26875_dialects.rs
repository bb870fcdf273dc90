//! The shipped dialects are sound, and what they change of a frame's meaning.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;
use watchfire_model::{Decoded, Frame, Link, Timestamp};
use watchfire_wire::gbt26875::{
    self, Address, Component, Dialect, Dialects, Digits, Envelope, Kind, Object, Opening, System, TimeLabel, Unit,
};
use watchfire_wire::{Profiles, Sessions, decode, json_line};

const DEVICE: u64 = 889;

fn shipped() -> BTreeMap<String, Dialect> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/profiles");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = files.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        (name, toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    });
    read.collect()
}

fn speaking(name: &str, spoken_by: &str) -> Profiles {
    let dialect = shipped().remove(name).unwrap();
    let dialects = BTreeMap::from([(name.into(), dialect)]);
    let spoken_by = BTreeMap::from([("tower".into(), BTreeMap::from([(spoken_by.into(), name.into())]))]);
    Profiles { gbt26875: Dialects { dialects, spoken_by } }
}

fn frame(kind: u8, object: Object<'_>, digits: Digits) -> Vec<u8> {
    let opening = Opening {
        serial: 1,
        version: gbt26875::OUR_VERSION,
        now: "2026-12-31T12:00:00+08:00".parse().unwrap(),
        digits,
        from: Address::new(DEVICE).unwrap(),
        to: Address::new(1).unwrap(),
    };
    let unit = Unit { code: Some(kind), ..Unit::of(Kind::ComponentState, vec![object]) };
    gbt26875::send(&opening, &unit).unwrap()
}

fn component(kind: u8) -> Component {
    Component { system: System { kind: 1, address: 1 }, kind, address: [5, 0, 101, 0] }
}

fn state(kind: u8, state: u16, text: &[u8; 31], at: TimeLabel) -> Object<'_> {
    Object::ComponentState { component: component(kind), state, text: Some(text), at }
}

fn read(payload: &[u8], profiles: &Profiles) -> (Decoded, serde_json::Value) {
    let link = Link::Gbt26875Tcp;
    let frame = Frame { site: "tower", identity: "uitd-1", device: "", link, topic: "", payload };
    let decoded = decode(&frame, Timestamp::EPOCH, profiles, &mut Sessions::default());
    let line = serde_json::from_str(&json_line::line_with_frame(&decoded, &frame, profiles)).unwrap();
    (decoded, line)
}

fn readings(decoded: &Decoded) -> Vec<String> {
    let one = |reading: &watchfire_model::Reading| {
        let value = reading.value.as_bool().map_or_else(|| format!("{:?}", reading.value), |value| value.to_string());
        format!("{} {} {value}", reading.point, reading.metric)
    };
    decoded.readings.iter().map(one).collect()
}

const AT: TimeLabel = TimeLabel([1, 2, 3, 4, 5, 26]);
const NO_TEXT: [u8; 31] = [0; 31];

#[test]
fn every_shipped_dialect_is_sound_and_reads_back() {
    let dialects = shipped();
    assert!(dialects.len() >= 6);
    for (name, dialect) in &dialects {
        assert_eq!(dialect.faults(), [], "{name}");
        assert_ne!(dialect, Dialect::standard(), "{name}");
        let json = serde_json::to_string(dialect).unwrap();
        assert_eq!(&serde_json::from_str::<Dialect>(&json).unwrap(), dialect, "{name}");
    }
    let profiles = speaking("dahua", "889");
    let json = serde_json::to_string(&profiles).unwrap();
    assert_eq!(serde_json::from_str::<Profiles>(&json).unwrap(), profiles);
    assert_eq!(serde_json::from_str::<Profiles>("{}").unwrap(), Profiles::default());
}

#[test]
fn a_dialect_is_spoken_by_a_device_or_all_of_an_identity_and_by_nobody_else() {
    let payload = frame(2, state(42, 2, &NO_TEXT, AT), Digits::Binary);
    for (spoken_by, point) in [("889", "1.1/101-5"), ("uitd-1", "1.1/101-5"), ("890", "1.1/5-101")] {
        let (decoded, _) = read(&payload, &speaking("point-first", spoken_by));
        assert_eq!(decoded.readings.first().unwrap().point.as_str(), point, "{spoken_by}");
    }
}

#[test]
fn dahuas_own_bits_bcd_times_and_bit_0_as_test_never_hide_a_fire() {
    let at = TimeLabel([0x59, 0x58, 0x23, 0x31, 0x10, 0x25]);
    let payload = frame(2, state(42, 0b0001_0100_0000_0011, &NO_TEXT, at), Digits::Bcd);
    let (decoded, line) = read(&payload, &speaking("dahua", "889"));
    assert_eq!(line["frame"]["time"], "2026-12-31T12:00:00+08:00");
    assert_eq!(line["frame"]["objects"][0]["time"], "2025-10-31T23:58:59+08:00");
    assert_eq!(line["frame"]["objects"][0]["state"], serde_json::json!(["normal", "fire", "open_circuit", "removed"]));
    let said = readings(&decoded);
    for wanted in ["smoke_alarm true", "fault true", "tamper true", "test true", "vendor.open_circuit true"] {
        assert!(said.contains(&format!("1.1/5-101 {wanted}")), "{wanted}: {said:?}");
    }
}

#[test]
fn hikvisions_address_type_is_no_text_even_when_it_could_be_one() {
    let mut text = gbt26875::text::component_field("1常闭门");
    let (_, line) = read(&frame(2, state(42, 2, &text, AT), Digits::Binary), &speaking("hikvision", "889"));
    assert_eq!(line["frame"]["objects"][0]["text"], "常闭门");
    text[0] = 2;
    let (_, line) = read(&frame(2, state(42, 2, &text, AT), Digits::Binary), &Profiles::default());
    assert_eq!(line["frame"]["objects"][0]["text"], "常闭门");
}

#[test]
fn a_makers_quantity_becomes_a_canonical_metric() {
    let quantity = |quantity, raw| Object::Analogue { component: component(40), quantity, raw, at: AT };
    let profiles = speaking("nb-iot", "889");
    for (code, raw, wanted) in
        [(128, -93, "1.1/5-101 signal Number(-93.0)"), (136, 3463, "1.1/5-101 battery_voltage Number(3.463)")]
    {
        let (decoded, _) = read(&frame(3, quantity(code, raw), Digits::Binary), &profiles);
        assert_eq!(readings(&decoded), [wanted]);
    }
    let (decoded, _) = read(&frame(3, quantity(136, 3463), Digits::Binary), &Profiles::default());
    assert_eq!(readings(&decoded), ["1.1/5-101 vendor.analogue_136 Number(3463.0)"]);
}

#[test]
fn a_type_for_restored_states_ends_what_it_names_and_nothing_else() {
    let payload = frame(0x87, state(42, 0x0002, &NO_TEXT, AT), Digits::Binary);
    let (decoded, _) = read(&payload, &speaking("restored-types", "889"));
    assert_eq!(readings(&decoded), ["1.1/5-101 smoke_alarm false"]);
    assert!(decoded.defects.is_empty());
    let (decoded, line) = read(&payload, &Profiles::default());
    assert_eq!(readings(&decoded), ["uitd foreign_dialect true", "uitd foreign_dialect false"]);
    assert_eq!(line["defects"][0]["kind"], "unknown_type");
    let log_in = Envelope { unit: &[60, 1, 7], ..Envelope::read(&payload).unwrap() }.write().unwrap();
    assert!(read(&log_in, &speaking("restored-types", "889")).0.defects.is_empty());
}

#[test]
fn a_tag_bases_absent_tag_is_no_fire_but_its_neighbours_fire_is_one() {
    let profiles = speaking("tag-base", "889");
    let (decoded, _) = read(&frame(2, state(178, 0x0002, &NO_TEXT, AT), Digits::Binary), &profiles);
    assert!(readings(&decoded).contains(&"1.1/5-101 tamper true".to_owned()));
    assert!(!readings(&decoded).iter().any(|reading| reading.contains("alarm true")));
    let (decoded, _) = read(&frame(2, state(42, 0x0002, &NO_TEXT, AT), Digits::Binary), &profiles);
    assert!(readings(&decoded).contains(&"1.1/5-101 smoke_alarm true".to_owned()));
}
