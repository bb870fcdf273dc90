//! GB/T 26875.3-2011, the protocol between user information transmission devices (用户信息传输装置, UITD) and a
//! monitoring centre: the codec, and what a frame means. Sockets, time limits and the order of things are the gateway's.
//!
//! ```text
//! stream ─ reassembly ─► envelope ─► unit ─► object ─► meaning ─► readings
//!                            ▲          ▲        ▲         └ statement, standing (what a reset must end), point (names)
//!          exchange ─────────┘          │        └ kind, system_kind, component_kind, quantity, state_bits, operation_bits
//!          (confirm, deny, control …)   └ dialect (how a device differs), time_label, text
//! ```
//!
//! The device of a frame is its source address in decimal. Many devices never get one and send 0: then it is the
//! identity's device, else the identity, else the connection.
//!
//! # Heartbeats
//! The standard has none. These are met, and are sound frames without a defect: an empty application unit; type 21 with
//! and without its time; command 7 without a unit; the one byte 0x16; types 25 and 28 again and again.
//!
//! # Where the bytes leave the standard
//! The frame stays valid and is kept; `unknown_type` or `bad_count` stands beside what was understood, once a frame, and
//! the reading `foreign_dialect` once a device, for a person to see. See `unit.rs` for what is read all the same.

mod code_table;
mod command;
mod component_kind;
mod dialect;
mod envelope;
mod exchange;
mod kind;
mod meaning;
mod object;
pub mod operation_bits;
mod place;
pub mod point;
mod quantity;
mod reassembly;
mod standing;
mod state_bits;
mod statement;
mod system_kind;
pub mod text;
mod time_label;
mod unit;

pub use command::Command;
pub use component_kind::ComponentKind;
pub use dialect::{AnalogueScale, BitZero, Dialect, DialectFault, Dialects, OWN_FROM, OwnBit, OwnMeaning, OwnType};
pub use envelope::{
    Address, END, Envelope, FRAME_BYTES_MAX, FRAME_BYTES_MIN, FrameFault, HEADER_BYTES, SENT_UNIT_BYTES_MAX, START,
    UNIT_BYTES_MAX, Version, faults,
};
pub use exchange::{OUR_VERSION, Opening, confirm, control, deny, request, respond, send};
pub use kind::Kind;
pub use meaning::NEWS_FOR;
pub use object::{Component, Object, System};
pub use operation_bits::Operation;
pub use place::{component_words, part_words, place_in, place_of};
pub use quantity::Quantity;
pub use reassembly::{Piece, Reassembler, UNFRAMED_BYTES_MAX};
pub use standing::{POINTS_MAX, POINTS_PER_PANEL_MAX};
pub use state_bits::{State, StateOf, is_set};
pub use system_kind::SystemKind;
pub use time_label::{Digits, TimeLabel};
pub use unit::{Flaw, Unit};

pub(crate) use standing::Standing;

use crate::draft::{Draft, printable};
use crate::{Profiles, Sessions};
use compact_str::CompactString;
use meaning::Teller;
use watchfire_model::ids::NAME_BYTES_MAX;
use watchfire_model::{Decoded, DefectKind, Frame, Source, Timestamp};

/// Reads one frame.
pub(crate) fn read(frame: &Frame<'_>, at: Timestamp, profiles: &Profiles, sessions: &mut Sessions) -> Decoded {
    let mut draft = Draft::new(Source::Gbt26875, at);
    let envelope = match Envelope::read(frame.payload) {
        Ok(envelope) => envelope,
        Err(_) => {
            for fault in faults(frame.payload) {
                draft.defect(fault.kind(), &fault.to_string());
            }
            return draft.finish();
        }
    };
    let device = device_name(frame, envelope.source);
    if !draft.device(&device) {
        return draft.finish();
    }
    let dialect = profiles.gbt26875.of(frame, &device);
    let unit = Unit::read(envelope.unit, dialect);
    if let Some(flaw) = unit.flaw {
        note(flaw, &unit, &mut draft);
    }
    if !unit.objects.is_empty() || unit.flaw.is_some() {
        let mut panel = sessions.panels.lend(frame.site, &device);
        let mut teller = Teller { envelope: &envelope, dialect, panel: &mut panel, draft: &mut draft, received_at: at };
        teller.unit(&unit);
        // A device that was given a dialect is known to speak one; what is not even read with it is news.
        if unit.flaw.is_some() && (dialect == Dialect::standard() || unit.objects.is_empty()) {
            teller.foreign_dialect();
        }
        sessions.panels.take_back(frame.site, &device, panel);
    }
    draft.finish()
}

/// The name of the device that sent a frame: see the head of this module. The gateway binds connections by it.
pub fn device_name(frame: &Frame<'_>, source: Address) -> CompactString {
    if source == Address::NONE {
        let known = [frame.device, frame.identity, frame.topic].into_iter().find(|name| !name.is_empty());
        return printable(known.unwrap_or("0"), NAME_BYTES_MAX);
    }
    let mut name = CompactString::default();
    point::decimal(source.get(), &mut name);
    name
}

fn note(flaw: Flaw, unit: &Unit<'_>, draft: &mut Draft) {
    let code = unit.code.unwrap_or_default();
    match flaw {
        Flaw::UnknownType => draft.defect(DefectKind::UnknownType, &format!("type {code}")),
        Flaw::BadCount if unit.count.is_none() => draft.defect(DefectKind::BadCount, &format!("type {code}, no count")),
        Flaw::BadCount => {
            let (count, objects, rest) = (unit.count.unwrap_or_default(), unit.objects.len(), unit.rest.len());
            let detail = format!("type {code} says {count} objects; {objects} read, {rest} bytes left");
            draft.defect(DefectKind::BadCount, &detail);
        }
    }
}
