//! What a sound frame is answered with.
//!
//! | command | answer |
//! |---|---|
//! | 2 send | confirm; the one byte 0x16 of a maker's heartbeat is confirmed with 0x17 |
//! | 3 confirm, 5 response, 6 deny | nothing: they answer us |
//! | 0 (a maker's registration), 7 (a maker's keep-alive), 128 to 255 (makers' own) | confirm; they are kept raw |
//! | 1 control, 4 request (the centre's alone), 8 to 127 (reserved) | deny; they are kept raw |
//!
//! The standard has no heartbeat; five customs are met: an empty unit, type 21 again and again, command 7, the byte 0x16,
//! types 25 and 28 again and again. A heartbeat is never taken for a repetition: many devices send it with one serial
//! number, and each is a sign of life.

use watchfire_wire::gbt26875::{
    Command, Dialect, Envelope, Kind, Object, Operation, State, StateOf, Unit, is_set, operation_bits,
};

/// The one byte of a maker's heartbeat, and of the answer to it.
const GREETING: u8 = 0x16;
const GREETING_ANSWER: &[u8] = &[0x17];

/// The answer to a sound frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With this application unit.
    Confirm(&'static [u8]),
    /// It is kept, but it was not for us.
    Deny,
    /// None.
    Silence,
}

/// How this frame is answered once it is durable.
pub(crate) fn answer_to(envelope: &Envelope<'_>) -> Answer {
    match envelope.command {
        Command::CONFIRM | Command::RESPONSE | Command::DENY => Answer::Silence,
        Command::CONTROL | Command::REQUEST | Command(8..=127) => Answer::Deny,
        _ if envelope.unit == [GREETING] => Answer::Confirm(GREETING_ANSWER),
        Command(0 | 2 | 7 | 128..) => Answer::Confirm(&[]),
    }
}

/// Whether the device repeats this frame until it is confirmed, and it matters when it does.
pub(crate) fn is_event(envelope: &Envelope<'_>) -> bool {
    if !matches!(envelope.command, Command::SEND | Command(128..)) {
        return false;
    }
    let heartbeats = [Kind::UitdState, Kind::UitdVersion, Kind::UitdTime].map(Kind::code);
    envelope.unit.len() > 1 && envelope.unit.first().is_some_and(|code| !heartbeats.contains(code))
}

/// Whether the unit says that something was reset: what it alarms about from then on is news, whatever it said before.
pub(crate) fn is_reset(unit: &[u8]) -> bool {
    let kinds = [Kind::SystemState, Kind::SystemOperation, Kind::UitdOperation].map(Kind::code);
    if !unit.first().is_some_and(|code| kinds.contains(code)) {
        return false;
    }
    let operated = |names: &[Operation], operations: u8| {
        let bit = names.iter().position(|name| *name == Operation::Reset);
        bit.is_some_and(|bit| is_set(u16::from(operations), bit))
    };
    Unit::read(unit, Dialect::standard()).objects.iter().any(|object| match *object {
        Object::SystemState { state, .. } => {
            let bit = StateOf::System.states().iter().position(|name| *name == State::Reset);
            bit.is_some_and(|bit| is_set(state, bit))
        }
        Object::SystemOperation { operations, .. } => operated(operation_bits::FACILITY, operations),
        Object::UitdOperation { operations, .. } => operated(operation_bits::UITD, operations),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_wire::gbt26875::{Address, OUR_VERSION, TimeLabel};

    #[test]
    fn every_command_has_its_answer() {
        let envelope = |command: u8, unit| Envelope {
            serial: 1,
            version: OUR_VERSION,
            sent: TimeLabel::UNKNOWN,
            source: Address::NONE,
            destination: Address::NONE,
            command: Command(command),
            unit,
        };
        for command in 0..=u8::MAX {
            let expected = match command {
                3 | 5 | 6 => Answer::Silence,
                1 | 4 | 8..=127 => Answer::Deny,
                0 | 2 | 7 | 128.. => Answer::Confirm(&[]),
            };
            assert_eq!(answer_to(&envelope(command, &[1, 0])), expected, "{command}");
        }
        assert_eq!(answer_to(&envelope(2, &[0x16])), Answer::Confirm(&[0x17]));
        let events = [(2, &[2, 1][..], true), (200, &[2, 1], true), (5, &[2, 1], false), (7, &[], false)];
        for (command, unit, expected) in events {
            assert_eq!(is_event(&envelope(command, unit)), expected);
        }
        let at = [0; 6];
        for (unit, expected) in [
            ([&[1, 1, 1, 1, 1, 0x20][..], &at].concat(), true),
            ([&[1, 1, 1, 1, 1, 0x02][..], &at].concat(), false),
            ([&[4, 2, 1, 1, 2, 0][..], &at, &[1, 1, 1, 0], &at].concat(), true),
            ([&[24, 1, 1, 0][..], &at].concat(), true),
            ([&[24, 1, 4, 0][..], &at].concat(), false),
            (vec![2, 1, 1, 1], false),
            (vec![4, 1, 1, 1], false),
        ] {
            assert_eq!(is_reset(&unit), expected, "{unit:?}");
        }
        for heartbeat in [&[][..], &[0x16], &[21, 1, 1], &[25, 1, 2, 3], &[28, 1, 0, 0, 0, 1, 1, 26]] {
            assert!(!is_event(&envelope(2, heartbeat)), "{heartbeat:?}");
        }
    }
}
