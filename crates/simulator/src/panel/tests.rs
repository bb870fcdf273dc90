//! The device without sockets: what it sends when, and what it answers.

use super::facility::{FIRE, Facility, NORMAL};
use super::options::{Happening, Heartbeat, PanelOptions};
use super::transmitter::{Output, Transmitter};
use std::time::Duration;
use watchfire_model::Timestamp;
use watchfire_wire::gbt26875::{
    Command, Dialect, Digits, Envelope, Kind, Object, Opening, System, TimeLabel, Unit, confirm, control, deny, request,
};

/// 2026-03-15T08:30:20+08:00.
const START: Timestamp = Timestamp::from_seconds(1_773_534_620);
const SYSTEM: System = System { kind: 1, address: 1 };

fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// A connected device with three smoke detectors, whose first heartbeat is confirmed.
fn device() -> Transmitter {
    let mut device = Transmitter::new(PanelOptions::new(7, Facility::of_smoke_detectors(3)));
    device.connected(START);
    let beat = device.due(START);
    assert_eq!(said(&beat), ["send 0 -"]);
    assert_eq!(device.hear(&confirmed(&beat), START), Output::default());
    device
}

/// Command, serial number and type of each frame.
fn said(output: &Output) -> Vec<String> {
    let one = |frame: &Vec<u8>| {
        let envelope = Envelope::read(frame).unwrap();
        let unit = Unit::read(envelope.unit, Dialect::standard());
        let kind = unit.code.map_or("-".to_owned(), |code| code.to_string());
        format!("{} {} {kind}", envelope.command, envelope.serial)
    };
    output.frames.iter().map(one).collect()
}

fn confirmed(output: &Output) -> Vec<u8> {
    let frames = output.frames.iter().map(|frame| confirm(&Envelope::read(frame).unwrap(), START, Digits::Binary));
    frames.flatten().collect()
}

fn opening(serial: u16) -> Opening {
    let address = |number| watchfire_wire::gbt26875::Address::new(number).unwrap();
    let version = watchfire_wire::gbt26875::OUR_VERSION;
    Opening { serial, version, now: START, digits: Digits::Binary, from: address(1), to: address(7) }
}

fn asked(serial: u16, kind: Kind, object: Object<'static>) -> Vec<u8> {
    request(&opening(serial), &Unit::of(kind, vec![object])).unwrap()
}

fn commanded(serial: u16, kind: Kind, object: Object<'static>) -> Vec<u8> {
    control(&opening(serial), &Unit::of(kind, vec![object])).unwrap()
}

#[test]
fn a_fire_is_repeated_three_times_with_its_number_and_goes_first_on_the_next_link() {
    let mut device = device();
    device.happens(Happening::State { address: [1, 0, 2, 0], state: NORMAL | 1 << 2 }, at(1));
    device.happens(Happening::State { address: [1, 0, 3, 0], state: FIRE }, at(1));
    let fire = device.due(at(1));
    assert_eq!(said(&fire), ["send 1 2"]);
    let envelope = Envelope::read(&fire.frames[0]).unwrap();
    let unit = Unit::read(envelope.unit, Dialect::standard());
    assert!(matches!(unit.objects[..], [Object::ComponentState { state: FIRE, .. }]), "before the fault");
    for repetition in 1..=3 {
        assert_eq!(device.due(at(repetition * 10)), Output::default());
        assert_eq!(said(&device.due(at(repetition * 10 + 1))), ["send 1 2"]);
    }
    assert_eq!(device.due(at(41)), Output { frames: vec![], hang_up: true });
    device.connected(at(50));
    let again = device.due(at(50));
    assert_eq!(said(&again), ["send 1 2"]);
    let next = device.hear(&confirmed(&again), at(50));
    assert_eq!(said(&next), ["send 2 2"]);
    device.hear(&confirmed(&next), at(51));
    let report = device.report();
    assert_eq!((report.happened, report.confirmed, report.repeated, report.links), (2, 2, 3, 2));
}

#[test]
fn what_is_denied_is_sent_again_at_once() {
    let mut device = device();
    device.happens(Happening::ManualAlarm, at(1));
    let alarm = device.due(at(1));
    let denied = deny(&Envelope::read(&alarm.frames[0]).unwrap(), START, Digits::Binary);
    assert_eq!(device.hear(&denied, at(2)).frames.len(), 1);
    assert_eq!(device.report().denied, 1);
}

#[test]
fn it_answers_every_question_of_the_standard() {
    let mut device = device();
    device.happens(Happening::Reset { system: SYSTEM }, at(1));
    let part = Object::ReadComponent { system: SYSTEM, address: [1, 0, 2, 0] };
    let from = TimeLabel::UNKNOWN;
    let questions = [
        (Kind::ReadSystemState, Object::ReadSystem { system: SYSTEM }, "response 500 1"),
        (Kind::ReadComponentState, part, "response 500 2"),
        (Kind::ReadSystemOperations, Object::ReadSystemOperations { system: SYSTEM, count: 9, from }, "response 500 4"),
        (Kind::ReadSystemVersion, Object::ReadSystem { system: SYSTEM }, "response 500 5"),
        (Kind::ReadSystemConfiguration, Object::ReadSystem { system: SYSTEM }, "response 500 6"),
        (Kind::ReadComponentConfiguration, part, "response 500 7"),
        (Kind::ReadSystemTime, Object::ReadSystem { system: SYSTEM }, "response 500 8"),
        (Kind::ReadUitdState, Object::Reserved { reserved: 0 }, "response 500 21"),
        (Kind::ReadUitdOperations, Object::ReadUitdOperations { count: 9, from }, "response 500 24"),
        (Kind::ReadUitdVersion, Object::Reserved { reserved: 0 }, "response 500 25"),
        (Kind::ReadUitdConfiguration, Object::Reserved { reserved: 0 }, "response 500 26"),
        (Kind::ReadUitdTime, Object::Reserved { reserved: 0 }, "response 500 28"),
        (Kind::ReadComponentAnalogue, part, "deny 500 -"),
        (Kind::ReadSystemState, Object::ReadSystem { system: System { kind: 9, address: 9 } }, "deny 500 -"),
    ];
    for (kind, object, answer) in questions {
        let output = device.hear(&asked(500, kind, object), at(2));
        assert_eq!(said(&output)[0], answer, "{kind:?}");
        let unit = Envelope::read(&output.frames[0]).unwrap().unit.to_vec();
        assert_eq!(Unit::read(&unit, Dialect::standard()).flaw, None);
    }
    assert_eq!((device.report().inspected, device.report().refused), (12, 2));
}

#[test]
fn commands_are_confirmed_and_done() {
    let options = PanelOptions { clock_ahead_s: 3_600, ..PanelOptions::new(7, Facility::of_smoke_detectors(1)) };
    let mut device = Transmitter::new(options);
    device.connected(START);
    let early = Envelope::read(&device.due(START).frames[0]).unwrap().sent;
    assert_eq!(early.time(Digits::Binary), Some(at(3_600)));
    let to = TimeLabel::of(at(5), Digits::Binary);
    let answer = device.hear(&commanded(9, Kind::SetUitdClock, Object::SetClock { to }), at(5));
    assert_eq!(said(&answer), ["confirm 9 -"]);
    assert_eq!(Envelope::read(&answer.frames[0]).unwrap().sent.time(Digits::Binary), Some(at(5)));
    let answer = device.hear(&commanded(10, Kind::InitialiseUitd, Object::Reserved { reserved: 0 }), at(6));
    assert_eq!(said(&answer), ["confirm 10 -"]);
    let upload = Unit::of(Kind::UitdTime, vec![Object::UitdTime { at: to }]);
    assert_eq!(said(&device.hear(&control(&opening(11), &upload).unwrap(), at(7))), ["deny 11 -"]);
}

#[test]
fn the_guard_answers_a_duty_check_when_he_is_awake() {
    let mut device = device();
    let check = commanded(9, Kind::DutyCheck, Object::DutyCheck { timeout_min: 1 });
    assert_eq!(said(&device.hear(&check, at(1))), ["confirm 9 -"]);
    assert_eq!(device.wake_at(), at(16));
    let answer = device.due(at(16));
    assert_eq!(said(&answer), ["send 1 24"]);
    let unit = Envelope::read(&answer.frames[0]).unwrap().unit.to_vec();
    assert_eq!(unit[2], 1 << 5);
    let mut asleep =
        Transmitter::new(PanelOptions { guard_answers_after: None, ..PanelOptions::new(7, Facility::default()) });
    asleep.connected(START);
    asleep.hear(&check, at(1));
    assert_eq!((asleep.report().duty_checks, asleep.guard_is_awaited()), (1, false));
}

#[test]
fn five_ways_to_beat() {
    for (heartbeat, expected) in [
        (Heartbeat::Empty, "send 0 -"),
        (Heartbeat::State, "send 0 21"),
        (Heartbeat::KeepAlive, "7 0 -"),
        (Heartbeat::Greeting, "send 0 22"),
        (Heartbeat::Version, "send 0 25"),
        (Heartbeat::Clock, "send 0 28"),
    ] {
        let mut device = Transmitter::new(PanelOptions { heartbeat, ..PanelOptions::new(7, Facility::default()) });
        device.connected(START);
        let beat = device.due(START);
        assert_eq!(said(&beat), [expected]);
        device.hear(&confirmed(&beat), START);
        assert_eq!(device.report().beats_confirmed, 1);
        assert_eq!(device.due(at(19)), Output::default());
        assert_eq!(device.due(at(20)).frames.len(), 1);
    }
}

#[test]
fn a_damaged_frame_is_denied_and_a_command_of_a_device_too() {
    let mut device = device();
    let mut broken = asked(4, Kind::ReadUitdState, Object::Reserved { reserved: 0 });
    broken[30] ^= 1;
    assert_eq!(said(&device.hear(&broken, at(1))), ["deny 4 -"]);
    let envelope = Envelope {
        command: Command::SEND,
        ..Envelope::read(&asked(5, Kind::ReadUitdState, Object::Reserved { reserved: 0 })).unwrap()
    }
    .write()
    .unwrap();
    assert_eq!(said(&device.hear(&envelope, at(1))), ["deny 5 -"]);
}
