//! Bytes to readings, for every payload format that a device may speak.
//!
//! [`decode`] is total: it takes any topic and any bytes, never fails and never panics. What is understood becomes
//! readings in canonical units; what is not becomes a [`Defect`](watchfire_model::Defect) beside them, so that one bad
//! property never costs the others.
//!
//! # The rule above all others
//! A real alarm is never lost, and a test, a muted alarm, a pre-alarm or a warm-up is never turned into one. Where the
//! two pull apart, the message's own words decide: a state word beats a number, a flag named after its danger beats a
//! nameless one, and a name alone (`alarm`, `status`) decides nothing.
//!
//! # Where to look
//! | question | file |
//! |---|---|
//! | which format is it? | `formats.rs`: one line per format; a new format is a new file and one line |
//! | how do fire panels speak? | `gbt26875/`: the codec, the dialects and what a frame means |
//! | what does a key or a state word mean? | `words/table.rs` (data), `meaning/` (decisions) |
//! | which unit, which range? | `units.rs`, `bounds.rs` |
//! | what does `watchfire decode` read and print? | `json_line/` |
//!
//! # Time
//! A reading's time is the sender's own stamp where it gave one that can be read, however far off it is: the rules
//! judge lateness, the decoder does not. A stamp that cannot be read is the defect `bad_time`, and receive time is used.
//!
//! Absent on purpose: a clock, IO, options, and state outside [`Sessions`].

mod bounds;
mod chirpstack;
mod draft;
mod formats;
mod generic;
mod json_text;
mod lorawan;
mod meaning;
mod rfc3339;
mod things_stack;
mod tree;
mod units;
mod watchfire_v1;
mod weather_warning;
mod words;
mod zigbee2mqtt;

pub mod gbt26875;
pub mod json_line;

pub use draft::{DEFECTS_MAX, READINGS_MAX, VENDOR_READINGS_MAX};
pub use watchfire_v1::KEY_BYTES_MAX;

use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use watchfire_model::{Decoded, DefectKind, Frame, Source, Timestamp};

/// How makers differ from the standards that they follow. Part of the set-up; the default is the standards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profiles {
    /// Fire panels.
    pub gbt26875: gbt26875::Dialects,
}

/// What formats with state remember from frame to frame. Part of the rules' snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    panels: gbt26875::Standing,
}

/// Everything understood of one frame that was journaled at `at`. Topic first, then shape decide the format.
pub fn decode(frame: &Frame<'_>, at: Timestamp, profiles: &Profiles, sessions: &mut Sessions) -> Decoded {
    guarded(Source::Generic, || formats::read(frame, at, profiles, sessions))
}

/// As [`decode`], for a frame whose format is known.
pub fn decode_as(
    source: Source,
    frame: &Frame<'_>,
    at: Timestamp,
    profiles: &Profiles,
    sessions: &mut Sessions,
) -> Decoded {
    guarded(source, || formats::read_as(source, frame, at, profiles, sessions))
}

// The one place where a bug of a decoder is caught: the frame is kept as evidence, the station lives, and the defect
// is counted and shown. `Sessions` is only ever changed after a frame was read, so it is whole after a panic.
fn guarded(source: Source, read: impl FnOnce() -> Decoded) -> Decoded {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let mut decoded = Decoded::new(source);
        decoded.defect(DefectKind::DecoderPanic, "the decoder panicked; please report this frame");
        decoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_defect() {
        let decoded = guarded(Source::Tts, || panic!("on purpose"));
        assert_eq!(decoded.source, Source::Tts);
        assert_eq!(decoded.defects.first().unwrap().kind, DefectKind::DecoderPanic);
        assert!(decoded.readings.is_empty());
    }
}
