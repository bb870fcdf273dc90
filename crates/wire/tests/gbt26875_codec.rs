//! The codec of GB/T 26875.3: nothing is lost between bytes and values, whatever comes; and no sound frame is lost in a
//! stream. Proptest prints a failing case; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` set how many and which.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use watchfire_model::{DefectKind, Frame, Link, Timestamp};
use watchfire_wire::gbt26875::{
    self, Address, Command, Component, Dialect, Digits, Envelope, FRAME_BYTES_MAX, FrameFault, Kind, Object, Opening,
    Piece, Reassembler, System, TimeLabel, UNIT_BYTES_MAX, Unit, Version, faults, text,
};
use watchfire_wire::{Profiles, Sessions, decode, json_line};

fn envelope<'a>(head: &[u8; 24], command: u8, unit: &'a [u8]) -> Envelope<'a> {
    let [s0, s1, major, user, t @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *head;
    let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap()) >> 16;
    Envelope {
        serial: u16::from_le_bytes([s0, s1]),
        version: Version { major, user },
        sent: TimeLabel(t),
        source: Address::new(number(8)).unwrap(),
        destination: Address::new(number(16)).unwrap(),
        command: Command(command),
        unit,
    }
}

prop_compose! {
    fn frame()(
        head in any::<[u8; 24]>(),
        command in any::<u8>(),
        unit in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            proptest::collection::vec(proptest::sample::select(vec![0x40u8, 0x23, 0, 1, 2]), 0..200),
            proptest::collection::vec(any::<u8>(), 1000..=UNIT_BYTES_MAX),
        ],
    ) -> Vec<u8> {
        envelope(&head, command, &unit).write().unwrap()
    }
}

fn system() -> impl Strategy<Value = System> {
    any::<[u8; 2]>().prop_map(|[kind, address]| System { kind, address })
}

fn component() -> impl Strategy<Value = Component> {
    (system(), any::<u8>(), any::<[u8; 4]>()).prop_map(|(system, kind, address)| Component { system, kind, address })
}

fn label() -> impl Strategy<Value = TimeLabel> {
    any::<[u8; 6]>().prop_map(TimeLabel)
}

static TEXTS: [[u8; 31]; 3] = [[0; 31], [0x20; 31], [0xb0; 31]];
static LONG_TEXT: [u8; 255] = [0xb1; 255];

/// An object of every type.
fn object() -> impl Strategy<Value = (Kind, Object<'static>)> {
    let text31 = || proptest::sample::select(TEXTS.iter().collect::<Vec<_>>());
    let text = || (0..=255usize).prop_map(|length| &LONG_TEXT[..length]);
    let system_kinds =
        vec![Kind::ReadSystemState, Kind::ReadSystemVersion, Kind::ReadSystemConfiguration, Kind::ReadSystemTime];
    let component_kinds = vec![Kind::ReadComponentState, Kind::ReadComponentAnalogue, Kind::ReadComponentConfiguration];
    let reserved_kinds = vec![
        Kind::ReadUitdState,
        Kind::ReadUitdVersion,
        Kind::ReadUitdConfiguration,
        Kind::ReadUitdTime,
        Kind::InitialiseUitd,
    ];
    let upload = prop_oneof![
        (system(), any::<u16>(), label())
            .prop_map(|(system, state, at)| (Kind::SystemState, Object::SystemState { system, state, at })),
        (component(), any::<u16>(), text31(), label()).prop_map(|(component, state, text, at)| {
            (Kind::ComponentState, Object::ComponentState { component, state, text: Some(text), at })
        }),
        (component(), any::<u8>(), any::<i16>(), label()).prop_map(|(component, quantity, raw, at)| {
            (Kind::ComponentAnalogue, Object::Analogue { component, quantity, raw, at })
        }),
        (system(), any::<u8>(), any::<u8>(), label()).prop_map(|(system, operations, operator, at)| {
            (Kind::SystemOperation, Object::SystemOperation { system, operations, operator, at })
        }),
        (system(), any::<[u8; 2]>())
            .prop_map(|(system, version)| (Kind::SystemVersion, Object::SystemVersion { system, version })),
        (system(), text())
            .prop_map(|(system, text)| (Kind::SystemConfiguration, Object::SystemConfiguration { system, text })),
        (component(), text31()).prop_map(|(component, text)| {
            (Kind::ComponentConfiguration, Object::ComponentConfiguration { component, text })
        }),
        (system(), label()).prop_map(|(system, at)| (Kind::SystemTime, Object::SystemTime { system, at })),
    ];
    let uitd = prop_oneof![
        (any::<u8>(), label()).prop_map(|(state, at)| (Kind::UitdState, Object::UitdState { state, at: Some(at) })),
        (any::<u8>(), any::<u8>(), label()).prop_map(|(operations, operator, at)| {
            (Kind::UitdOperation, Object::UitdOperation { operations, operator, at })
        }),
        any::<[u8; 2]>().prop_map(|version| (Kind::UitdVersion, Object::UitdVersion { version })),
        text().prop_map(|text| (Kind::UitdConfiguration, Object::UitdConfiguration { text })),
        label().prop_map(|at| (Kind::UitdTime, Object::UitdTime { at })),
    ];
    let downlink = prop_oneof![
        (proptest::sample::select(system_kinds), system())
            .prop_map(|(kind, system)| (kind, Object::ReadSystem { system })),
        (proptest::sample::select(component_kinds), system(), any::<[u8; 4]>())
            .prop_map(|(kind, system, address)| (kind, Object::ReadComponent { system, address })),
        (system(), any::<u8>(), label()).prop_map(|(system, count, from)| {
            (Kind::ReadSystemOperations, Object::ReadSystemOperations { system, count, from })
        }),
        (proptest::sample::select(reserved_kinds), any::<u8>())
            .prop_map(|(kind, reserved)| (kind, Object::Reserved { reserved })),
        (any::<u8>(), label())
            .prop_map(|(count, from)| (Kind::ReadUitdOperations, Object::ReadUitdOperations { count, from })),
        label().prop_map(|to| (Kind::SetUitdClock, Object::SetClock { to })),
        any::<u8>().prop_map(|timeout_min| (Kind::DutyCheck, Object::DutyCheck { timeout_min })),
    ];
    prop_oneof![upload, uitd, downlink]
}

/// What a stream gives when it is fed in pieces and whatever stays incomplete is given up in the end.
fn frames_of(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, usize) {
    let mut reassembler = Reassembler::new();
    let mut frames = Vec::new();
    let drain = |reassembler: &mut Reassembler, frames: &mut Vec<Vec<u8>>| {
        while let Some(piece) = reassembler.next() {
            if let Piece::Frame { bytes, envelope } = piece {
                assert_eq!(Envelope::read(bytes), Ok(envelope));
                frames.push(bytes.to_vec());
            }
        }
    };
    for chunk in stream.chunks(piece.max(1)) {
        reassembler.feed(chunk);
        drain(&mut reassembler, &mut frames);
        assert!(reassembler.waiting() < FRAME_BYTES_MAX);
    }
    while reassembler.waiting() > 0 {
        reassembler.give_up();
        drain(&mut reassembler, &mut frames);
    }
    (frames, reassembler.unframed())
}

proptest! {
    #[test]
    fn a_frame_reads_back_as_it_was_written(head in any::<[u8; 24]>(), command in any::<u8>(), unit in proptest::collection::vec(any::<u8>(), 0..=UNIT_BYTES_MAX)) {
        let written = envelope(&head, command, &unit);
        let bytes = written.write().unwrap();
        prop_assert_eq!(faults(&bytes), vec![]);
        prop_assert_eq!(Envelope::read(&bytes), Ok(written));
    }

    #[test]
    fn any_bytes_are_a_frame_or_have_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
        prop_assert_eq!(Envelope::read(&bytes).err(), faults(&bytes).first().copied());
    }

    #[test]
    fn a_frame_with_a_byte_changed_is_noticed(frame in frame(), at in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let mut changed = frame.clone();
        let at = at.index(frame.len());
        changed[at] = to;
        prop_assert_eq!(Envelope::read(&changed).is_ok(), changed == frame);
    }

    #[test]
    fn objects_of_every_type_read_back_as_they_were_written((kind, object) in object(), count in 0usize..4) {
        let unit = Unit::of(kind, vec![object; count]);
        let bytes = unit.write();
        let read = Unit::read(&bytes, Dialect::standard());
        prop_assert_eq!(&read, &unit);
    }

    #[test]
    fn any_unit_is_written_back_as_it_was_read(bytes in prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..=UNIT_BYTES_MAX),
        (proptest::sample::select(Kind::ALL), 0u8..5, proptest::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(kind, count, body)| [&[kind.code(), count][..], &body].concat()),
    ]) {
        prop_assert_eq!(Unit::read(&bytes, Dialect::standard()).write(), bytes);
    }

    #[test]
    fn any_frame_decodes_within_its_limits(frame in frame(), code in proptest::sample::select(Kind::ALL), count in 0u8..130) {
        let mut sessions = Sessions::default();
        let objects = vec![count; code.object_bytes().unwrap_or(3) * usize::from(count)];
        let unit: Vec<u8> = [&[code.code(), count][..], &objects].concat();
        let unit = &unit[..unit.len().min(UNIT_BYTES_MAX)];
        let other = Envelope { unit, ..Envelope::read(&frame).unwrap() }.write().unwrap();
        for payload in [&frame, &other, &frame[1..].to_vec()] {
            let frame = Frame { site: "s", identity: "i", device: "", link: Link::Gbt26875Tcp, topic: "t", payload };
            let profiles = Profiles::default();
            let decoded = decode(&frame, Timestamp::EPOCH, &profiles, &mut sessions);
            prop_assert!(decoded.defects.iter().all(|defect| defect.kind != DefectKind::DecoderPanic));
            prop_assert!(decoded.readings.len() <= watchfire_wire::READINGS_MAX);
            prop_assert!(decoded.device.is_some() || decoded.readings.is_empty());
            let line = json_line::line_with_frame(&decoded, &frame, &profiles);
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(line["frame"]["valid"].as_bool(), Some(faults(payload).is_empty()));
        }
    }

    #[test]
    fn any_field_is_a_text_or_none(field in proptest::collection::vec(any::<u8>(), 0..64), prefix in 0u8..4) {
        let text = text::clean(&field, prefix);
        prop_assert!(text.is_none_or(|text| !text.contains(char::is_control)));
    }

    /// But for a rare character at the beginning whose first byte is 0xA0, which is padding there.
    #[test]
    fn a_text_reads_back_from_a_components_field(words in "([A-Za-z0-9][一-龥A-Za-z0-9]{0,9})?") {
        prop_assert_eq!(text::clean(&text::component_field(&words), 0), Some(words.as_str().into()));
    }

    /// Any garbage before, between and behind: beginnings of frames, marks, noise.
    #[test]
    fn no_sound_frame_is_lost_in_any_stream(
        parts in proptest::collection::vec(
            (frame(), any::<proptest::sample::Index>(), proptest::collection::vec(
                prop_oneof![Just(0x40u8), Just(0x23), Just(0), any::<u8>()], 0..60)),
            1..6),
        piece in 1usize..400,
    ) {
        let (mut stream, mut sent) = (Vec::new(), Vec::new());
        for (frame, cut, noise) in &parts {
            stream.extend_from_slice(&frame[..cut.index(frame.len())]);
            stream.extend_from_slice(noise);
            stream.extend_from_slice(frame);
            sent.push(frame.clone());
        }
        let (found, _) = frames_of(&stream, piece);
        // Noise may complete the beginning of a frame before it; and one time in very many, noise and a frame make up a
        // sound frame by themselves: an 8-bit sum cannot tell.
        prop_assume!(found.iter().all(|frame| sent.contains(frame)));
        let mut rest = found.iter();
        prop_assert!(sent.iter().all(|frame| rest.any(|found| found == frame)), "{:02x?}", found);
    }

    #[test]
    fn no_noise_hides_a_whole_frame(noise in proptest::collection::vec(prop_oneof![4 => Just(0x40u8), 2 => Just(0), 1 => Just(0x23), 1 => any::<u8>()], 0..300)) {
        let good = send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] });
        let mut stream = Reassembler::new();
        stream.feed(&[&noise, &good[..]].concat());
        let mut found = found_in(&mut stream);
        if found.is_empty() {
            prop_assert!(stream.uncover());
            found = found_in(&mut stream);
        }
        // Noise and a frame that make up a sound one: see above.
        prop_assume!(found.iter().all(|frame| *frame == good));
        prop_assert_eq!(found.len(), 1);
        prop_assert!(!stream.uncover());
    }

    #[test]
    fn the_size_of_the_pieces_does_not_matter(stream in proptest::collection::vec(prop_oneof![Just(0x40u8), Just(0x23), Just(0), any::<u8>()], 0..600), piece in 1usize..40) {
        prop_assert_eq!(frames_of(&stream, piece).0, frames_of(&stream, stream.len()).0);
    }
}

/// The sound frames that are there now.
fn found_in(stream: &mut Reassembler) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(piece) = stream.next() {
        if let Piece::Frame { bytes, .. } = piece {
            found.push(bytes.to_vec());
        }
    }
    found
}

fn send(kind: Kind, object: Object<'_>) -> Vec<u8> {
    gbt26875::send(&opening(), &Unit::of(kind, vec![object])).unwrap()
}

fn opening() -> Opening {
    Opening {
        serial: 7,
        version: gbt26875::OUR_VERSION,
        now: "2026-03-15T08:30:20+08:00".parse().unwrap(),
        digits: Digits::Binary,
        from: Address::new(4660).unwrap(),
        to: Address::new(1).unwrap(),
    }
}

#[test]
fn a_damaged_frame_is_handed_out_once_and_the_next_is_found() {
    let good = send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] });
    let mut damaged = good.clone();
    let sum = damaged.len() - 3;
    damaged[sum] ^= 1;
    let mut stream = Reassembler::new();
    stream.feed(&[&b"noise"[..], &damaged, &good].concat());
    let envelope = Envelope::read(&good).unwrap();
    assert_eq!(stream.next(), Some(Piece::Damaged { bytes: &damaged, envelope }));
    assert_eq!(stream.unframed(), 5 + damaged.len());
    assert!(matches!(stream.next(), Some(Piece::Frame { bytes, .. }) if bytes == good));
    assert_eq!(stream.next(), None);
    assert_eq!((stream.unframed(), stream.waiting()), (0, 0));
}

#[test]
fn a_frame_whose_end_is_taken_for_that_of_a_cut_one_before_it_is_found() {
    let good = send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] });
    let long = send(
        Kind::SystemState,
        Object::SystemState { system: System { kind: 1, address: 1 }, state: 0, at: TimeLabel::UNKNOWN },
    );
    let cut = &long[..long.len() - good.len()];
    let mut stream = Reassembler::new();
    stream.feed(&[cut, &good].concat());
    assert!(matches!(stream.next(), Some(Piece::Misframed { .. })));
    assert!(matches!(stream.next(), Some(Piece::Frame { bytes, .. }) if bytes == good));
}

#[test]
fn a_frame_behind_the_beginning_of_a_longer_one_waits_until_that_is_given_up() {
    let good = send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] });
    let mut beginning = good[..27].to_vec();
    beginning[24] = 200;
    let mut stream = Reassembler::new();
    stream.feed(&[&beginning, &good[..]].concat());
    assert_eq!(stream.next(), None);
    assert_eq!(stream.waiting(), beginning.len() + good.len());
    stream.give_up();
    assert!(matches!(stream.next(), Some(Piece::Frame { bytes, .. }) if bytes == good));
}

#[test]
fn a_sound_frame_behind_several_beginnings_is_uncovered_and_a_half_one_is_not() {
    let good = send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] });
    let mut beginning = good[..27].to_vec();
    beginning[24] = 200;
    let (half, other_half) = good.split_at(good.len() / 2);
    let mut stream = Reassembler::new();
    stream.feed(&[&beginning, &beginning, half].concat());
    assert_eq!(stream.next(), None);
    assert!(!stream.uncover());
    stream.feed(other_half);
    assert_eq!(stream.next(), None);
    assert!(stream.uncover());
    assert!(matches!(stream.next(), Some(Piece::Frame { bytes, .. }) if bytes == good));
    assert_eq!((stream.waiting(), stream.uncover()), (0, false));
}

#[test]
fn what_is_too_long_or_does_not_end_is_told_before_the_next_frame_and_once() {
    let good = send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] });
    let mut endless = good.clone();
    let end = endless.len() - 1;
    endless[end] = 0;
    let mut stream = Reassembler::new();
    stream.feed(&[&b"noise"[..], &good, &endless, &good].concat());
    assert!(matches!(stream.next(), Some(Piece::Frame { .. })));
    assert!(
        matches!(stream.next(), Some(Piece::Misframed { envelope }) if envelope.serial == 7 && envelope.unit.is_empty())
    );
    assert!(matches!(stream.next(), Some(Piece::Frame { .. })));
    stream.feed(&[&b"noise"[..], &endless, &good].concat());
    assert!(matches!(stream.next(), Some(Piece::Frame { .. })), "where no frame was due none is missed");
}

#[test]
fn what_belongs_to_no_frame_is_counted_until_a_sound_one_comes() {
    let mut stream = Reassembler::new();
    for _ in 0..10 {
        stream.feed(&[0x55; 1000]);
        assert_eq!(stream.next(), None);
    }
    assert_eq!(stream.unframed(), 10_000);
    assert!(stream.unframed() > gbt26875::UNFRAMED_BYTES_MAX);
    stream.feed(&send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] }));
    assert!(stream.next().is_some());
    assert_eq!(stream.unframed(), 0);
}

#[test]
fn an_answer_repeats_serial_and_version_swaps_the_addresses_and_carries_our_clock() {
    let bytes = send(Kind::UitdVersion, Object::UitdVersion { version: [1, 2] });
    let heard = Envelope { version: Version { major: 1, user: 93 }, ..Envelope::read(&bytes).unwrap() };
    let now: Timestamp = "2026-03-15T00:30:22Z".parse().unwrap();
    for (answer, command) in [
        (gbt26875::confirm(&heard, now, Digits::Binary), Command::CONFIRM),
        (gbt26875::deny(&heard, now, Digits::Binary), Command::DENY),
    ] {
        let answer = Envelope::read(&answer).unwrap();
        assert_eq!((answer.serial, answer.version, answer.command), (7, heard.version, command));
        assert_eq!((answer.source, answer.destination), (heard.destination, heard.source));
        assert_eq!((answer.sent.time(Digits::Binary), answer.unit), (Some(now), &[][..]));
    }
}

#[test]
fn commands_and_requests_carry_their_unit_and_none_is_longer_than_every_device_takes() {
    let clock = Unit::of(Kind::SetUitdClock, vec![Object::SetClock { to: TimeLabel([20, 30, 8, 15, 3, 26]) }]);
    let frame = gbt26875::control(&opening(), &clock).unwrap();
    let read = Envelope::read(&frame).unwrap();
    assert_eq!((read.command, read.unit), (Command::CONTROL, &[90, 1, 20, 30, 8, 15, 3, 26][..]));
    let system = System { kind: 1, address: 1 };
    let ask = Unit::of(Kind::ReadSystemState, vec![Object::ReadSystem { system }]);
    let frame = gbt26875::request(&opening(), &ask).unwrap();
    let asked = Envelope::read(&frame).unwrap();
    assert_eq!((asked.command, asked.unit), (Command::REQUEST, &[61, 1, 1, 1][..]));
    let state = Object::SystemState { system, state: 1, at: TimeLabel::UNKNOWN };
    let unit = Unit::of(Kind::ReadSystemState.answer().unwrap(), vec![state]);
    let answer = gbt26875::respond(&asked, opening().now, Digits::Binary, &unit).unwrap();
    let answer = Envelope::read(&answer).unwrap();
    assert_eq!((answer.command, answer.serial, answer.source), (Command::RESPONSE, 7, asked.destination));
    let long = Unit::of(Kind::SystemState, vec![state; 60]);
    assert!(matches!(gbt26875::send(&opening(), &long), Err(FrameFault::TooLong { bytes: 632 })));
}
