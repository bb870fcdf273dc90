//! The application unit: a type, a count, and that many objects. Whatever the bytes are, writing what was read gives
//! the same bytes again.
//!
//! A unit may be empty (a heartbeat), one byte (a maker's greeting 0x16 and its answer 0x17), of a private type, or hold
//! another number of objects than it says. Then the count or type is a [`Flaw`] beside what could be read. Objects are
//! only split where the bytes prove their size, so that no alarm is made up:
//!
//! 1. count × size of the standard: no flaw;
//! 2. count × size of the short form (see [`Kind`]): a flaw, but for the transmission device's state, whose short form
//!    is a heartbeat that many devices send, and which is one object by the standard;
//! 3. a whole number of objects, but not as many as said; where they may also be as many as said without their times,
//!    only if a time stands wherever one is due;
//! 4. count × size without the time of the event, or without text and time: a flaw;
//! 5. the objects as said, with a maker's bytes behind them.

use super::dialect::{Dialect, Layout};
use super::kind::Kind;
use super::object::{Form, Object};
use super::time_label::{Digits, TimeLabel};

/// Type bytes of a maker's greeting without objects, and of the centre's answer.
const GREETINGS: [u8; 2] = [0x16, 0x17];

/// Bytes of a time label.
const TIME_BYTES: usize = 6;

/// What does not fit in an application unit. The frame is sound all the same, and is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A type whose layout is not known.
    UnknownType,
    /// The count and the bytes do not agree.
    BadCount,
}

/// An application unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// The type flag; `None` when the unit is empty.
    pub code: Option<u8>,
    /// The number of objects that it says; `None` when the unit ends before.
    pub count: Option<u8>,
    /// As which type the objects are read: the code's, or the one that the dialect names for a private code.
    pub kind: Option<Kind>,
    /// Whether the set state bits are those that ended: a maker's private twin of a state type.
    pub restored: bool,
    /// The objects.
    pub objects: Vec<Object<'a>>,
    /// The events came without their times, which read as unknown.
    pub untimed: bool,
    /// What is not understood, behind the objects.
    pub rest: &'a [u8],
    /// What does not fit.
    pub flaw: Option<Flaw>,
}

impl<'a> Unit<'a> {
    /// Without a type: a heartbeat, a confirmation.
    pub const EMPTY: Unit<'static> = Unit {
        code: None,
        count: None,
        kind: None,
        restored: false,
        objects: Vec::new(),
        untimed: false,
        rest: &[],
        flaw: None,
    };

    /// Of objects to be sent. They must be of that kind.
    pub fn of(kind: Kind, objects: Vec<Object<'a>>) -> Unit<'a> {
        let count = u8::try_from(objects.len()).unwrap_or(u8::MAX);
        Unit { code: Some(kind.code()), count: Some(count), kind: Some(kind), objects, ..Unit::EMPTY }
    }

    /// Reads a unit.
    pub fn read(bytes: &'a [u8], dialect: &Dialect) -> Unit<'a> {
        let (code, count, body) = match bytes {
            [] => return Unit::EMPTY,
            [code] => return Unit { code: Some(*code), flaw: lone_flaw(*code, dialect), ..Unit::EMPTY },
            [code, count, body @ ..] => (*code, *count, body),
        };
        let unit = Unit { code: Some(code), count: Some(count), rest: body, ..Unit::EMPTY };
        match dialect.layout(code) {
            Layout::Unknown => Unit { flaw: Some(Flaw::UnknownType), ..unit },
            Layout::Quiet => unit,
            Layout::Known { kind, restored } => {
                let split = match kind.object_bytes() {
                    Some(size) => split(kind, size, usize::from(count), body, dialect.time),
                    None => split_counted(kind, count, body),
                };
                let Split { objects, untimed, rest, flaw } = split;
                Unit { kind: Some(kind), restored, objects, untimed, rest, flaw, ..unit }
            }
        }
    }

    /// The unit's bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.extend(self.code);
        out.extend(self.count);
        for object in &self.objects {
            object.write(&mut out);
            if self.untimed {
                out.truncate(out.len().saturating_sub(TIME_BYTES));
            }
        }
        out.extend_from_slice(self.rest);
        out
    }
}

fn lone_flaw(code: u8, dialect: &Dialect) -> Option<Flaw> {
    match dialect.layout(code) {
        _ if GREETINGS.contains(&code) => None,
        Layout::Quiet => None,
        Layout::Known { .. } => Some(Flaw::BadCount),
        Layout::Unknown => Some(Flaw::UnknownType),
    }
}

struct Split<'a> {
    objects: Vec<Object<'a>>,
    untimed: bool,
    rest: &'a [u8],
    flaw: Option<Flaw>,
}

fn split<'a>(kind: Kind, size: usize, count: usize, body: &'a [u8], digits: Digits) -> Split<'a> {
    let short_size = kind.short_object_bytes().filter(|_| kind != Kind::UitdState || count == 1);
    let fits = |size: usize| count > 0 && body.len() == count * size;
    let untimed = |size: usize| kind.ends_with_time() && fits(size - TIME_BYTES);
    let (whole, short) = (Form::default(), Form { short: true, untimed: false });
    let (form, objects, flaw) = if body.len() == count * size {
        (whole, count, None)
    } else if short_size.is_some_and(fits) {
        (short, count, (kind != Kind::UitdState).then_some(Flaw::BadCount))
    } else if body.len().is_multiple_of(size) && (!untimed(size) || are_timed(body, size, digits)) {
        (whole, body.len() / size, Some(Flaw::BadCount))
    } else if untimed(size) {
        (Form { untimed: true, ..whole }, count, Some(Flaw::BadCount))
    } else if short_size.is_some_and(untimed) {
        (Form { untimed: true, ..short }, count, Some(Flaw::BadCount))
    } else if body.len() > count * size {
        (whole, count, Some(Flaw::BadCount))
    } else {
        (whole, 0, Some(Flaw::BadCount))
    };
    let mut rest = body;
    let objects = (0..objects).map_while(|_| Object::read(kind, form, &mut rest)).collect();
    Split { objects, untimed: form.untimed, rest, flaw }
}

/// Whether each object of that size ends with a time, or with the zeros of a device without a clock.
fn are_timed(body: &[u8], size: usize, digits: Digits) -> bool {
    body.chunks_exact(size).filter_map(<[u8]>::last_chunk).all(|label| {
        let label = TimeLabel(*label);
        label == TimeLabel::UNKNOWN || label.time(digits).is_some()
    })
}

/// Objects that hold their own length. They carry no alarm: what does not add up is not split.
fn split_counted(kind: Kind, count: u8, body: &[u8]) -> Split<'_> {
    let mut rest = body;
    let objects: Vec<Object<'_>> = (0..count).map_while(|_| Object::read(kind, Form::default(), &mut rest)).collect();
    if objects.len() == usize::from(count) {
        let flaw = (!rest.is_empty()).then_some(Flaw::BadCount);
        Split { objects, untimed: false, rest, flaw }
    } else {
        Split { objects: Vec::new(), untimed: false, rest: body, flaw: Some(Flaw::BadCount) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gbt26875::object::System;
    use crate::gbt26875::time_label::TimeLabel;

    fn check(bytes: &[u8], objects: usize, flaw: Option<Flaw>) {
        let unit = Unit::read(bytes, Dialect::standard());
        assert_eq!((unit.objects.len(), unit.flaw), (objects, flaw), "{bytes:02x?}");
        assert_eq!(unit.write(), bytes);
    }

    #[test]
    fn a_unit_is_split_where_the_bytes_prove_the_size() {
        let state = [1, 2, 2, 0, 4, 0, 9, 2, 7, 21];
        let unit = |code: u8, count: u8, body: &[u8]| [&[code, count], body].concat();
        check(&[], 0, None);
        check(&unit(1, 1, &state), 1, None);
        check(&unit(1, 0, &[]), 0, None);
        check(&unit(1, 2, &state), 1, Some(Flaw::BadCount));
        check(&unit(1, 1, &state.repeat(2)), 2, Some(Flaw::BadCount));
        check(&unit(1, 1, &[&state[..], &[7; 3]].concat()), 1, Some(Flaw::BadCount));
        check(&unit(1, 3, &[&state[..], &[7; 3]].concat()), 0, Some(Flaw::BadCount));
        check(&unit(1, 1, &[3, 4]), 0, Some(Flaw::BadCount));
        check(&unit(60, 1, &[3, 4]), 0, Some(Flaw::UnknownType));
        check(&unit(6, 1, &[1, 2, 3, b'a', b'b', b'c']), 1, None);
        check(&unit(6, 1, &[1, 2, 5, 1]), 0, Some(Flaw::BadCount));
        check(&unit(26, 2, &[1, b'a', 0]), 2, None);
    }

    #[test]
    fn the_short_forms_of_the_field() {
        let component = [1, 0x87, 0, 0x28, 0x4b, 0, 0, 0, 0x23, 0, 43, 4, 10, 16, 6, 20];
        check(&[&[2, 1], &component[1..]].concat(), 1, Some(Flaw::BadCount));
        check(&[21, 1, 1], 1, None);
        check(&[21, 2, 1], 0, Some(Flaw::BadCount));
        // Seven states without times, or one with it: the bytes of a time are no states, else one of them were a fire.
        check(&[21, 7, 1, 2, 4, 0, 9, 2, 26], 1, Some(Flaw::BadCount));
    }

    #[test]
    fn an_event_without_its_time_is_read_all_the_same() {
        let component = [1, 1, 42, 10, 0, 2, 0, 2, 0];
        let with_text = [&component[..], &[0; 31]].concat();
        for (code, count, body) in [
            (1, 1, &[1, 1, 2, 0][..]),
            (2, 1, &with_text),
            (2, 2, &with_text.repeat(2)),
            (2, 1, &component),
            (3, 1, &[1, 1, 31, 10, 0, 2, 0, 3, 215, 0]),
            (4, 1, &[1, 1, 4, 7]),
            (24, 1, &[32, 7]),
        ] {
            let bytes = [&[code, count], body].concat();
            check(&bytes, usize::from(count), Some(Flaw::BadCount));
            assert!(Unit::read(&bytes, Dialect::standard()).untimed);
        }
        // Five systems without times, or two with them: it depends on whether there are times.
        let with_times = [1, 1, 2, 0, 4, 0, 9, 2, 7, 21].repeat(2);
        let without = [1, 1, 1, 0].repeat(5);
        for (body, objects) in [(&[0; 20][..], 2), (&with_times, 2), (&without, 5)] {
            check(&[&[1, 5], body].concat(), objects, Some(Flaw::BadCount));
        }
    }

    #[test]
    fn a_greeting_is_one_byte_and_no_flaw() {
        check(&[0x16], 0, None);
        check(&[0x17], 0, None);
        check(&[1], 0, Some(Flaw::BadCount));
        check(&[200], 0, Some(Flaw::UnknownType));
    }

    #[test]
    fn what_is_built_reads_back() {
        let system = System { kind: 1, address: 2 };
        let unit = Unit::of(
            Kind::SystemState,
            vec![Object::SystemState { system, state: 0x2002, at: TimeLabel([1, 2, 3, 4, 5, 6]) }],
        );
        assert_eq!(Unit::read(&unit.write(), Dialect::standard()), unit);
    }
}
