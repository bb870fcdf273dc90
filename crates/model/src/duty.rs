//! Duty checks (查岗) in figures: what can come of one, and how many are counted.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What came of a duty check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyOutcome {
    /// The guard has time left, or, overdue, may still be late.
    Waiting,
    /// In time.
    Answered,
    /// After his time.
    Late,
    /// Never.
    Missed,
    /// The device never confirmed: the guard may not have heard.
    Unreachable,
    /// The device refused the command.
    Denied,
    /// The station was away while the guard's time ran, or the device left the set-up.
    Interrupted,
}

impl DutyOutcome {
    /// Every one.
    pub const ALL: [DutyOutcome; 7] = [
        DutyOutcome::Waiting,
        DutyOutcome::Answered,
        DutyOutcome::Late,
        DutyOutcome::Missed,
        DutyOutcome::Unreachable,
        DutyOutcome::Denied,
        DutyOutcome::Interrupted,
    ];

    /// The name in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            DutyOutcome::Waiting => "waiting",
            DutyOutcome::Answered => "answered",
            DutyOutcome::Late => "late",
            DutyOutcome::Missed => "missed",
            DutyOutcome::Unreachable => "unreachable",
            DutyOutcome::Denied => "denied",
            DutyOutcome::Interrupted => "interrupted",
        }
    }
}

/// Duty checks of one month. A check belongs to the month in which it was asked.
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

/// Duty checks as they are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyTally {
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

impl DutyTally {
    /// A guard is asked.
    pub fn asked(&mut self) {
        count(&mut self.asked);
    }

    /// That came of it; `answer_s` seconds after it was asked he answered.
    pub fn ended(&mut self, outcome: DutyOutcome, answer_s: Option<u32>) {
        match outcome {
            DutyOutcome::Waiting => {}
            DutyOutcome::Answered => count(&mut self.answered),
            DutyOutcome::Late => count(&mut self.late),
            DutyOutcome::Missed => count(&mut self.missed),
            DutyOutcome::Unreachable => count(&mut self.unreachable),
            DutyOutcome::Denied => count(&mut self.denied),
            DutyOutcome::Interrupted => count(&mut self.interrupted),
        }
        if let Some(seconds) = answer_s {
            count(self.answer_s.entry(seconds).or_default());
        }
    }

    /// A check that was asked, over or not.
    pub fn add(&mut self, outcome: DutyOutcome, answer_s: Option<u32>) {
        self.asked();
        self.ended(outcome, answer_s);
    }

    /// The figures.
    pub fn figures(&self) -> DutyFigures {
        let DutyTally { asked, answered, late, missed, unreachable, denied, interrupted, .. } = *self;
        let worst_s = self.answer_s.last_key_value().map(|(seconds, _)| *seconds);
        let median_s = self.median();
        DutyFigures { asked, answered, late, missed, unreachable, denied, interrupted, median_s, worst_s }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_counted_once_and_the_median_is_the_shorter_of_two() {
        let mut tally = DutyTally::default();
        for (outcome, answer_s) in [
            (DutyOutcome::Answered, Some(10)),
            (DutyOutcome::Answered, Some(40)),
            (DutyOutcome::Late, Some(900)),
            (DutyOutcome::Answered, Some(20)),
            (DutyOutcome::Missed, None),
            (DutyOutcome::Waiting, None),
        ] {
            tally.add(outcome, answer_s);
        }
        let figures = tally.figures();
        assert_eq!((figures.asked, figures.answered, figures.late, figures.missed), (6, 3, 1, 1));
        assert_eq!((figures.median_s, figures.worst_s), (Some(20), Some(900)));
        assert_eq!(DutyTally::default().figures(), DutyFigures::default());
    }
}
