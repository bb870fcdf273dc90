//! What the schedule is told, and what it answers.

use serde::{Deserialize, Serialize};
use watchfire_model::{Bilingual, Frame, Notice, Order, OrderId, Seq, Sites, Started, Timestamp};
use watchfire_wire::gbt26875::Dialects;

/// Where and when an entry stands in the journal. The schedule has no other clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// The entry's position.
    pub seq: Seq,
    /// The entry's time; never decreases from entry to entry.
    pub at: Timestamp,
}

/// One journal entry, as far as it concerns the schedule. What does not concern it may be given as a tick.
#[derive(Clone, Copy, Debug)]
pub enum InspectionEvent<'a> {
    /// A frame of any device.
    Frame(&'a Frame<'a>),
    /// Time passes.
    Tick,
    /// An operator's order.
    Order(&'a Order),
    /// Sites and dialects in force from here on.
    Setup {
        /// Whose devices are asked.
        sites: &'a Sites,
        /// How they write times.
        dialects: &'a Dialects,
    },
    /// The station started: what was on its way before is not known to have gone out.
    Started(&'a Started),
    /// The station said something of itself; the schedule looks for its own notices among these.
    Notice(&'a Notice),
}

/// An order that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub order: OrderId,
    /// Why, and what to do instead.
    pub why: Bilingual,
}
