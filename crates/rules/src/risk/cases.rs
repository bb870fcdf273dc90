//! Alerts, as far as the score counts them: a fold of their transitions, in the manner of [`watchfire_model::Alert`].
//!
//! An alert is *live* while its cause holds, nobody has closed it, and nobody has found that it was false or a test. A
//! fault or an offline device counts as *trouble* while its cause holds, closed or not: paper does not mend a detector.
//! What is marked as belonging to a test counts for nothing until the mark is taken away: then it counts in full.
//! A finding of "false" on a fire, gas, carbon monoxide or early warning alert is one false alarm, a finding of "real" on
//! a fire is one real fire; both are taken back when the alert is opened again.

use super::ledger::{FALSE_DAYS, FIRE_DAYS, Ledger, TROUBLE_DAYS};
use super::windows::day_of;
use serde::{Deserialize, Serialize};
use watchfire_model::{Class, Handling, Step, Timestamp, Transition, Verdict, ZoneId};

/// One alert that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
    class: Class,
    pub(crate) zone: Option<ZoneId>,
    active: bool,
    handling: Handling,
    verdict: Option<Verdict>,
    /// It belongs to a test: it counts for nothing as long as it does.
    test: bool,
    /// On which day the finding was counted.
    counted_on: Option<i64>,
}

/// What an alert adds to the sums of its units.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Weight {
    live: Option<Class>,
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Fault,
    Offline,
}

impl Case {
    /// As nobody knew it before: the transition that follows makes it what it is.
    pub(crate) fn new(first: &Transition) -> Case {
        // One that was over and is opened again by a person has no cause that holds.
        let active = !matches!(first.step, Step::Reopened { by: Some(_), .. });
        Case {
            class: first.class,
            zone: first.zone.clone(),
            active,
            handling: Handling::Open,
            verdict: None,
            test: first.marks.test,
            counted_on: None,
        }
    }

    /// Writes into the sums what a new case counts before anything else happens to it.
    pub(crate) fn enter(&self, at: Timestamp, ledgers: &mut [&mut Ledger]) {
        change(Weight { live: None, trouble: None }, self.weight(), at, ledgers);
    }

    /// Takes one transition, and puts what it changes into the sums.
    pub(crate) fn apply(&mut self, transition: &Transition, at: Timestamp, ledgers: &mut [&mut Ledger]) {
        let before = self.weight();
        self.class = transition.class;
        self.test = transition.marks.test;
        match &transition.step {
            Step::Raised | Step::Escalated { .. } => self.active = true,
            Step::Cleared => self.active = false,
            Step::Acknowledged { .. } => self.handling = Handling::Acknowledged,
            Step::Verified { verdict, .. } => {
                self.take_finding_back(ledgers);
                self.handling = Handling::Verified;
                self.verdict = Some(*verdict);
                self.count_finding(at, ledgers);
            }
            Step::Forwarded { .. } => self.handling = Handling::Forwarded,
            Step::Closed { .. } => self.handling = Handling::Closed,
            Step::Reopened { by, .. } => {
                self.take_finding_back(ledgers);
                self.handling = Handling::Open;
                self.verdict = None;
                self.active |= by.is_none();
            }
        }
        change(before, self.weight(), at, ledgers);
    }

    /// Nobody needs it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.handling == Handling::Closed && !self.active
    }

    fn weight(&self) -> Weight {
        let dismissed = self.test || matches!(self.verdict, Some(Verdict::False(_) | Verdict::Test));
        let live = self.active && self.handling != Handling::Closed && !dismissed;
        let trouble = match self.class {
            Class::Fault | Class::Supervisory => Some(Trouble::Fault),
            Class::Offline => Some(Trouble::Offline),
            Class::Fire
            | Class::Gas
            | Class::Co
            | Class::EarlyWarning
            | Class::Water
            | Class::Electrical
            | Class::Security
            | Class::Information => None,
        };
        Weight { live: live.then_some(self.class), trouble: trouble.filter(|_| self.active && !self.test) }
    }

    fn count_finding(&mut self, at: Timestamp, ledgers: &mut [&mut Ledger]) {
        let day = day_of(at);
        let cries_wolf = matches!(self.class, Class::Fire | Class::Gas | Class::Co | Class::EarlyWarning);
        self.counted_on = match self.verdict {
            Some(Verdict::False(_)) if cries_wolf => {
                ledgers.iter_mut().for_each(|ledger| ledger.false_alarms.add(day, 1, FALSE_DAYS));
                Some(day)
            }
            Some(Verdict::Real) if self.class == Class::Fire => {
                ledgers.iter_mut().for_each(|ledger| ledger.fires.add(day, 1, FIRE_DAYS));
                Some(day)
            }
            _ => None,
        };
    }

    fn take_finding_back(&mut self, ledgers: &mut [&mut Ledger]) {
        let Some(day) = self.counted_on.take() else { return };
        for ledger in ledgers {
            match self.verdict {
                Some(Verdict::Real) => ledger.fires.take_back(day, 1),
                _ => ledger.false_alarms.take_back(day, 1),
            }
        }
    }
}

fn change(before: Weight, after: Weight, at: Timestamp, ledgers: &mut [&mut Ledger]) {
    for ledger in ledgers {
        ledger.told = true;
        if before.live != after.live {
            before.live.into_iter().for_each(|class| ledger.no_longer_open(class));
            after.live.into_iter().for_each(|class| ledger.opened(class));
        }
        if before.trouble != after.trouble {
            match before.trouble {
                Some(Trouble::Fault) => ledger.faults.end(at, TROUBLE_DAYS),
                Some(Trouble::Offline) => ledger.offline.end(at, TROUBLE_DAYS),
                None => {}
            }
            match after.trouble {
                Some(Trouble::Fault) => ledger.faults.begin(at, TROUBLE_DAYS),
                Some(Trouble::Offline) => ledger.offline.begin(at, TROUBLE_DAYS),
                None => {}
            }
        }
    }
}
