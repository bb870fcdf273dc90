//! The figures of duty checks, by month and site.

use crate::calendar::Month;
use crate::duty::{DutyOutcome, DutyRecord};
use crate::limits::MONTHS_KEPT;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_model::{SiteId, Timestamp};

/// A site's duty checks of one month. A check belongs to the month in which it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyFigures {
    /// Asked; those that are not over included.
    pub asked: u32,
    /// Answered in time.
    pub answered: u32,
    /// Answered, but late.
    pub late: u32,
    /// Not answered.
    pub missed: u32,
    /// The device could not be reached.
    pub unreachable: u32,
    /// The device refused.
    pub denied: u32,
    /// The station was away.
    pub interrupted: u32,
    /// The median time to answer, late ones included, in seconds; of two in the middle the shorter.
    pub median_s: Option<u32>,
    /// The longest.
    pub worst_s: Option<u32>,
}

/// All sites, the newest months.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures(BTreeMap<(Month, SiteId), Counted>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counted {
    asked: u32,
    answered: u32,
    late: u32,
    missed: u32,
    unreachable: u32,
    denied: u32,
    interrupted: u32,
    /// Seconds to answer → how often. Bounded by the longest time that an answer may take.
    answer_s: BTreeMap<u32, u32>,
}

impl Figures {
    pub(crate) fn asked(&mut self, site: &SiteId, at: Timestamp, zone: &TimeZone) {
        count(&mut self.counted(site, at, zone).asked);
    }

    pub(crate) fn ended(&mut self, record: &DutyRecord, zone: &TimeZone) {
        let counted = self.counted(&record.device.site, record.asked_at, zone);
        match record.outcome {
            DutyOutcome::Waiting => {}
            DutyOutcome::Answered => count(&mut counted.answered),
            DutyOutcome::Late => count(&mut counted.late),
            DutyOutcome::Missed => count(&mut counted.missed),
            DutyOutcome::Unreachable => count(&mut counted.unreachable),
            DutyOutcome::Denied => count(&mut counted.denied),
            DutyOutcome::Interrupted => count(&mut counted.interrupted),
        }
        if let Some(answered_at) = record.answered_at {
            let seconds = u32::try_from(answered_at.since(record.asked_at).as_secs()).unwrap_or(u32::MAX);
            count(counted.answer_s.entry(seconds).or_default());
        }
    }

    /// Sites with duty checks in that month.
    pub(crate) fn sites(&self, month: Month) -> impl Iterator<Item = &SiteId> {
        self.0.keys().filter(move |(counted, _)| *counted == month).map(|(_, site)| site)
    }

    pub(crate) fn of(&self, site: &SiteId, month: Month) -> DutyFigures {
        let Some(counted) = self.0.get(&(month, site.clone())) else { return DutyFigures::default() };
        let Counted { asked, answered, late, missed, unreachable, denied, interrupted, .. } = *counted;
        let worst_s = counted.answer_s.last_key_value().map(|(seconds, _)| *seconds);
        DutyFigures {
            asked,
            answered,
            late,
            missed,
            unreachable,
            denied,
            interrupted,
            median_s: counted.median(),
            worst_s,
        }
    }

    fn counted(&mut self, site: &SiteId, at: Timestamp, zone: &TimeZone) -> &mut Counted {
        let month = Month::of(at, zone);
        while let Some(entry) = self.0.first_entry()
            && month.since(entry.key().0) >= MONTHS_KEPT
        {
            entry.remove();
        }
        self.0.entry((month, site.clone())).or_default()
    }
}

impl Counted {
    fn median(&self) -> Option<u32> {
        let all: u64 = self.answer_s.values().map(|times| u64::from(*times)).sum();
        let mut left = all.checked_sub(1)? / 2;
        for (seconds, times) in &self.answer_s {
            match left.checked_sub(u64::from(*times)) {
                Some(rest) => left = rest,
                None => return Some(*seconds),
            }
        }
        None
    }
}

fn count(number: &mut u32) {
    *number = number.saturating_add(1);
}
