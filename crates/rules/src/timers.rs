//! What is due when, by the journal's time.

use crate::casebook::CaseKey;
use crate::fusion::Room;
use std::collections::BTreeSet;
use watchfire_model::{TestId, Timestamp};

/// What comes due. At the same time alarms come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A test is over: what comes due at the same time is none of it any more.
    TestOver { test: TestId },
    /// A level has held long enough.
    Hold { series: u32, rule: u16 },
    /// A rule of a place or device has been met long enough.
    HoldGroup { room: Room, rule: u16 },
    /// A level has been back long enough.
    Clear { series: u32, rule: u16 },
    /// What a room's devices said together has been over long enough.
    ClearGroup { room: Room, rule: u16 },
    /// What was noted for a rule over rules no longer counts.
    Notes { room: Room, rule: u16 },
    /// A device may have been silent too long: looked at again then, so that a reading moves no timer.
    Silence { device: u32 },
    /// An alert that is over leaves the memory.
    Forget { case: CaseKey },
}

/// The timers that run. Never in a snapshot: they follow from the state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Timestamp, Timer)>);

impl Timers {
    pub(crate) fn set(&mut self, at: Timestamp, timer: Timer) {
        self.0.insert((at, timer));
    }

    pub(crate) fn cancel(&mut self, at: Timestamp, timer: Timer) {
        self.0.remove(&(at, timer));
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// The next timer that is due, with the time at which it was. One that is set anew for a later time, still not after
    /// `now`, comes in its turn: the order of what fires depends on when each is truly due and on nothing else.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, Timer)> {
        let (at, _) = self.0.first()?;
        if *at > now { None } else { self.0.pop_first() }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
