//! What the engine is told, and what it answers.

use crate::RuleSet;
use serde::{Deserialize, Serialize};
use watchfire_model::{
    Bilingual, ClockStep, Decoded, Notice, Order, OrderId, Seq, SiteId, Sites, Started, Timestamp, Transition,
};

/// Where and when an entry stands in the journal. The engine has no other clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// The entry's position.
    pub seq: Seq,
    /// The entry's time; never decreases from entry to entry.
    pub at: Timestamp,
}

/// One journal entry, as far as it concerns the rules.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A frame was understood.
    Decoded {
        /// The site of the identity that sent it.
        site: &'a SiteId,
        /// What was understood.
        decoded: &'a Decoded,
    },
    /// A second has passed.
    Tick,
    /// An operator's order.
    Order(&'a Order),
    /// Sites and rules in force from here on.
    Setup(&'a SetUp),
    /// The station started: what lies between this entry and the one before it was downtime.
    Started(&'a Started),
    /// The wall clock stepped.
    ClockStep(&'a ClockStep),
    /// The station says something about itself.
    Notice(&'a Notice),
}

/// Everything the rules are configured with. Its canonical JSON is what the journal names by its hash.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SetUp {
    /// What is guarded.
    pub sites: Sites,
    /// How it is judged.
    pub rules: RuleSet,
}

/// What came of an entry. The engine adds, the caller empties.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// What changed, in order.
    pub transitions: Vec<Transition>,
    /// The order was not carried out. An order that is neither refused nor changed anything was a repeat.
    pub refusals: Vec<Refusal>,
}

/// An order that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub order: OrderId,
    /// Why, and what to do instead.
    pub why: Bilingual,
}
