//! What the score counts of one unit (a site or a zone): alerts and answers as sums.

use super::windows::{Days, Running, day_of, earlier};
use serde::{Deserialize, Serialize};
use watchfire_model::{Class, Timestamp};

/// Faults and offline time are remembered so long, in days.
pub(crate) const TROUBLE_DAYS: i64 = 30;
/// Duty checks are remembered so long, in days.
pub(crate) const DUTY_DAYS: i64 = 30;
/// False alarms are remembered so long, in days.
pub(crate) const FALSE_DAYS: i64 = 90;
/// Real fires are remembered so long, in days.
pub(crate) const FIRE_DAYS: i64 = 365;

/// The sums of one unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Open alerts by class, in the order of [`Class`].
    open: [u32; 11],
    /// Faults and protections out of their normal state.
    pub(crate) faults: Running,
    pub(crate) offline: Running,
    pub(crate) false_alarms: Days,
    pub(crate) fires: Days,
    pub(crate) answered: Days,
    pub(crate) missed: Days,
    /// Something was once told of it, so that "no faults" means something.
    pub(crate) told: bool,
}

impl Ledger {
    pub(crate) fn open(&self, class: Class) -> u32 {
        self.open.get(class as usize).copied().unwrap_or(0)
    }

    pub(crate) fn opened(&mut self, class: Class) {
        if let Some(open) = self.open.get_mut(class as usize) {
            *open = open.saturating_add(1);
        }
    }

    pub(crate) fn no_longer_open(&mut self, class: Class) {
        if let Some(open) = self.open.get_mut(class as usize) {
            *open = open.saturating_sub(1);
        }
    }

    /// When one of its sums changes by itself.
    pub(crate) fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let today = day_of(now);
        [
            self.faults.due(now, TROUBLE_DAYS),
            self.offline.due(now, TROUBLE_DAYS),
            self.false_alarms.due(today, FALSE_DAYS),
            self.fires.due(today, FIRE_DAYS),
            self.answered.due(today, DUTY_DAYS),
            self.missed.due(today, DUTY_DAYS),
        ]
        .into_iter()
        .fold(None, earlier)
    }
}
