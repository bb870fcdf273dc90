//! Frames and application units from the field, with labels of what stands in them. They lie outside of the repository;
//! without them these tests say so and pass. A label that we read otherwise is argued in a test of its own.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use watchfire_model::{Decoded, Frame, Link, Metric, Timestamp, Value};
use watchfire_wire::gbt26875::{
    Component, Dialect, Digits, Envelope, Flaw, FrameFault, Kind, Object, Operation, Piece, Quantity, Reassembler,
    State, StateOf, System, TimeLabel, Unit, faults, is_set, operation_bits, text,
};
use watchfire_wire::{Profiles, Sessions, decode, json_line};

/// Labels that we read otherwise, each with its test below.
const DISPUTED: [&str; 2] = ["V49", "V51"];

#[derive(Deserialize)]
struct Vector {
    id: String,
    hex: String,
    check: String,
    decoded: Label,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Whole { serial: u16, ver: String, time: String, src: u64, dst: u64, len: usize, cmd: String, app: String },
    Broken {},
}

#[derive(Deserialize)]
struct Fragment {
    id: String,
    hex: String,
    meaning: String,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    hex: String,
    expect_error: Option<String>,
    expect_consumed: usize,
}

fn lines<T: for<'a> Deserialize<'a>>(name: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/gbt26875").join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: no labels at ../shared/data/gbt26875/{name} beside the repository");
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn vector(id: &str) -> Option<Vec<u8>> {
    lines::<Vector>("vectors.jsonl").into_iter().find(|vector| vector.id == id).map(|vector| unhex(&vector.hex))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(payload: &[u8], sessions: &mut Sessions) -> Decoded {
    let frame = Frame { site: "s", identity: "uitd", device: "", link: Link::Gbt26875Tcp, topic: "", payload };
    decode(&frame, Timestamp::EPOCH, &Profiles::default(), sessions)
}

#[test]
fn every_frame_is_read_as_labelled() {
    let mut wrong = Vec::new();
    let vectors = lines::<Vector>("vectors.jsonl");
    for vector in &vectors {
        let bytes = unhex(&vector.hex);
        let said = match &vector.decoded {
            Label::Whole { .. } if vector.check == "valid" => label_of(&bytes),
            _ => faults(&bytes).first().map_or("valid".to_owned(), fault_words),
        };
        let wanted = match &vector.decoded {
            Label::Whole { serial, ver, time, src, dst, len, cmd, app } if vector.check == "valid" => {
                format!("{serial} {ver} {time} {src} {dst} {len} {cmd} {app}")
            }
            _ => vector.check.clone(),
        };
        if said != wanted && !DISPUTED.contains(&vector.id.as_str()) {
            wrong.push(format!("{}:\n  {said}\n  {wanted}", vector.id));
        }
    }
    assert!(wrong.is_empty(), "{} of {} vectors: {wrong:#?}", wrong.len(), vectors.len());
}

fn fault_words(fault: &FrameFault) -> String {
    match fault {
        FrameFault::TooShort { .. } => "too short for a frame".to_owned(),
        FrameFault::BadStart => "no start marker".to_owned(),
        FrameFault::BadEnd => "bad end marker".to_owned(),
        FrameFault::BadChecksum { stored, computed } => {
            format!("INVALID checksum: stored {stored:02X}, computed {computed:02X}")
        }
        FrameFault::TooLong { .. } | FrameFault::BadLength { .. } => fault.to_string(),
    }
}

fn label_of(bytes: &[u8]) -> String {
    let envelope = Envelope::read(bytes).unwrap();
    assert_eq!(envelope.write().unwrap(), bytes);
    let command = envelope.command.name().unwrap_or_default().to_uppercase();
    format!(
        "{} {} {} {} {} {} {} {command} {}",
        envelope.serial,
        envelope.version,
        time(envelope.sent),
        envelope.source,
        envelope.destination,
        envelope.unit.len(),
        envelope.command.0,
        unit_words(envelope.unit)
    )
}

fn time(label: TimeLabel) -> String {
    let [second, minute, hour, day, month, year] = label.0;
    match label.text(Digits::Binary) {
        Some(text) => text[..19].replace('T', " "),
        None => format!("20{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} (not a calendar time)"),
    }
}

fn unit_words(bytes: &[u8]) -> String {
    let unit = Unit::read(bytes, Dialect::standard());
    assert_eq!(unit.write(), bytes);
    let (Some(code), Some(count)) = (unit.code, unit.count) else {
        return unit.code.map_or("empty".to_owned(), |code| format!("1 byte {code:02x}"));
    };
    let body = bytes.len() - 2;
    match (unit.flaw, unit.kind.and_then(Kind::object_bytes)) {
        (Some(Flaw::UnknownType), _) => {
            format!("type {code} (0x{code:02x}) n={count}, {body} body bytes, not a standard type")
        }
        (Some(Flaw::BadCount), Some(size)) => {
            format!("type {code} n={count}: body {body} bytes, standard wants {}", size * usize::from(count))
        }
        (Some(Flaw::BadCount), None) => format!("type {code}: TRUNCATED"),
        (None, Some(7)) if unit.objects.iter().any(|object| matches!(object, Object::UitdState { at: None, .. })) => {
            format!("type {code} n={count}: body {body} bytes, standard wants 7")
        }
        (None, _) => {
            let objects: Vec<String> = unit.objects.iter().map(|object| object_words(object, &unit)).collect();
            format!("type {code} n={count}: {}", objects.join(" | "))
        }
    }
}

fn object_words(object: &Object<'_>, unit: &Unit<'_>) -> String {
    match *object {
        Object::SystemState { system, state, at } => {
            format!("{} {} at {}", of(system), states(StateOf::System, state), time(at))
        }
        Object::ComponentState { component, state, text: Some(text), at } => {
            let [a, b, c, d] = component.address;
            let halves = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
            format!(
                "{} (lo16={}, hi16={}) {} desc \"{}\" at {}",
                of_component(component),
                halves.0,
                halves.1,
                states(StateOf::Component, state),
                text::clean(text, 0).as_deref().unwrap_or("<undecodable>"),
                time(at)
            )
        }
        Object::Analogue { component, quantity, raw, at } => {
            let value = match Quantity::from_code(quantity) {
                Some(known) => {
                    let places = if known == Quantity::Height { 2 } else { 1 };
                    format!(" = {:.places$} {}", f64::from(raw) * known.step(), known.unit().replace("Cel", "C"))
                }
                None => " (vendor type)".to_owned(),
            };
            format!("{} atype {quantity} raw {raw}{value} at {}", of_component(component), time(at))
        }
        Object::SystemOperation { system, operations, operator, at } => {
            format!("{} {}", of(system), operation(operation_bits::FACILITY, operations, operator, at))
        }
        Object::SystemVersion { system, version: [major, minor] } => format!("{} version {major}.{minor}", of(system)),
        Object::SystemConfiguration { system, text } => {
            format!("{} len {} text \"{}\"", of(system), text.len(), text::clean(text, 0).unwrap())
        }
        Object::UitdState { state, at: Some(at) } => {
            format!("{} at {}", states(StateOf::Uitd, u16::from(state)), time(at))
        }
        Object::UitdOperation { operations, operator, at } => operation(operation_bits::UITD, operations, operator, at),
        Object::UitdVersion { version: [major, minor] } => format!("version {major}.{minor}"),
        Object::UitdConfiguration { text } => {
            format!("len {} text \"{}\"", text.len(), text::clean(text, 0).unwrap())
        }
        Object::UitdTime { at } | Object::SetClock { to: at } => format!("time {}", time(at)),
        Object::ReadSystem { system } if unit.kind != Some(Kind::ReadSystemTime) || unit.objects.len() == 1 => {
            of(system)
        }
        Object::DutyCheck { timeout_min } => format!("timeout {timeout_min} min"),
        _ => {
            let one = Unit { count: None, code: None, objects: vec![*object], ..unit.clone() };
            hex(&one.write())
        }
    }
}

fn of(system: System) -> String {
    format!("sys {} addr {}", system.kind, system.address)
}

fn of_component(component: Component) -> String {
    format!("{} comp {} caddr {}", of(component.system), component.kind, hex(&component.address))
}

fn states(of: StateOf, word: u16) -> String {
    let set = (0..usize::from(of.bits())).filter(|bit| is_set(word, *bit));
    let names: Vec<String> = set
        .map(|bit| match of.states().get(bit) {
            Some(State::Shielded) => "shield".to_owned(),
            Some(State::Started) => "start".to_owned(),
            Some(state) => state.name().to_owned(),
            None => format!("bit{bit}"),
        })
        .collect();
    let width = if of == StateOf::Uitd { 4 } else { 6 };
    let names = if names.is_empty() { "(none)".to_owned() } else { names.join("+") };
    format!("state {word:#0width$x} [{names}]")
}

fn operation(names: &[Operation], bits: u8, operator: u8, at: TimeLabel) -> String {
    let set = (0..8).filter(|bit| is_set(u16::from(bits), *bit));
    let words: Vec<String> =
        set.map(|bit| names.get(bit).map_or(format!("bit{bit}"), |known| known.name().to_owned())).collect();
    format!("op {bits:#04x} [{}] operator {operator} at {}", words.join("+"), time(at))
}

#[test]
fn every_application_unit_is_read_as_labelled() {
    let mut wrong = Vec::new();
    let fragments = lines::<Fragment>("fragments.jsonl");
    for fragment in &fragments {
        let bytes = unhex(&fragment.hex);
        let wanted = fragment.meaning.trim_end_matches(" – must be rejected");
        let said = unit_words(&bytes);
        if said != wanted {
            wrong.push(format!("{}:\n  {said}\n  {wanted}", fragment.id));
        }
        if fragment.meaning.ends_with("must be rejected") {
            let unit = Unit::read(&bytes, Dialect::standard());
            assert!(unit.objects.is_empty() && unit.flaw == Some(Flaw::BadCount), "{}", fragment.id);
        }
    }
    assert!(wrong.is_empty(), "{} of {} fragments: {wrong:#?}", wrong.len(), fragments.len());
}

#[test]
fn every_case_of_the_published_codec_test_comes_out_of_a_stream_as_labelled() {
    for case in lines::<Case>("codec_cases.jsonl") {
        let bytes = unhex(&case.hex);
        let mut stream = Reassembler::new();
        stream.feed(&bytes);
        let piece = stream.next();
        match case.expect_error.as_deref() {
            None => {
                let Some(Piece::Frame { bytes: frame, .. }) = piece else { panic!("{}", case.name) };
                assert_eq!(frame.len(), case.expect_consumed, "{}", case.name);
            }
            Some("ErrPacketChecksumInvalid") => {
                let Some(Piece::Damaged { bytes: damaged, .. }) = piece else { panic!("{}", case.name) };
                assert_eq!(damaged, bytes, "{}", case.name);
            }
            Some("ErrPacketNotEnough") => {
                assert_eq!(piece, None, "{}", case.name);
                assert_eq!((stream.waiting(), stream.unframed()), (bytes.len(), 0), "{}", case.name);
            }
            Some("ErrPacketInvalid") => {
                assert!(matches!(piece, None | Some(Piece::Misframed { .. })), "{}", case.name);
                assert_eq!(stream.next(), None, "{}", case.name);
                assert_eq!(stream.waiting(), 0, "{}", case.name);
            }
            Some(other) => panic!("{}: {other}", case.name),
        }
    }
}

#[test]
fn hikvisions_address_type_is_a_leading_control_byte_and_no_text_although_v49_shows_it() {
    let Some(bytes) = vector("V49") else { return };
    assert!(label_of(&bytes).ends_with(r#"state 0x0003 [normal+fire] desc "" at 2021-10-28 10:35:44"#));
}

#[test]
fn padding_of_0xa0_is_no_text_although_v51_shows_the_characters_that_it_would_be() {
    let Some(bytes) = vector("V51") else { return };
    assert!(label_of(&bytes).ends_with(r#"state 0x0003 [normal+fire] desc "" at 2025-01-17 17:37:00"#));
}

#[test]
fn decode_prints_the_envelope_and_says_what_is_wrong_with_an_invalid_frame() {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for vector in lines::<Vector>("vectors.jsonl") {
        let input = json_line::parse(&format!(r#"{{"hex":"{}"}}"#, vector.hex)).unwrap();
        let (frame, profiles) = (input.frame(), Profiles::default());
        let decoded = decode(&frame, Timestamp::EPOCH, &profiles, &mut Sessions::default());
        let line: serde_json::Value =
            serde_json::from_str(&json_line::line_with_frame(&decoded, &frame, &profiles)).unwrap();
        assert_eq!(line["source"], "gbt26875");
        let Label::Whole { serial, ver, src, dst, cmd, .. } = &vector.decoded else {
            assert_eq!(line["frame"], serde_json::json!({"valid": false}), "{}", vector.id);
            continue;
        };
        let valid = vector.check == "valid";
        assert_eq!(line["frame"]["valid"], valid, "{}", vector.id);
        if valid {
            assert_eq!(line["frame"]["serial"], *serial);
            assert_eq!(line["frame"]["version"], *ver);
            assert_eq!(line["frame"]["source"], *src);
            assert_eq!(line["frame"]["destination"], *dst);
            assert_eq!(line["frame"]["command"], cmd[2..].to_lowercase());
        } else {
            let said = decoded.defects.iter().map(|defect| defect.kind.as_str().to_owned()).collect();
            kinds.insert(vector.id, said);
        }
    }
    if let Some(truncated) = kinds.remove("V56") {
        assert_eq!(truncated, ["bad_end", "bad_length"]);
    }
    assert!(kinds.values().all(|said| said == &["bad_checksum"]), "{kinds:?}");
}

#[test]
fn every_fire_of_the_field_is_told_whatever_bit_0_says_and_nothing_else_is_a_fire() {
    let fire = [
        Metric::SmokeAlarm,
        Metric::HeatAlarm,
        Metric::FlameAlarm,
        Metric::ManualAlarm,
        Metric::FlowSwitch,
        Metric::FireAlarm,
    ];
    let mut sessions = Sessions::default();
    for vector in lines::<Vector>("vectors.jsonl") {
        let decoded = read(&unhex(&vector.hex), &mut sessions);
        let burns =
            decoded.readings.iter().any(|reading| fire.contains(&reading.metric) && reading.value == Value::Bool(true));
        let labelled = match &vector.decoded {
            Label::Whole { app, .. } => app.contains("[fire") || app.contains("+fire"),
            Label::Broken {} => false,
        };
        // V32: state 0x0023 in the short form, which the label does not split.
        let wanted = vector.check == "valid" && (labelled || vector.id == "V32");
        assert_eq!(burns, wanted, "{}: {}", vector.id, json_line::line(&decoded));
    }
}
