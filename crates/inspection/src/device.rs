//! What is known of one transmission device: how it is asked, what is asked of it now and next, what it answered.

use crate::duty::DutyCheck;
use crate::duty_plan::Plan;
use crate::exchange::{Exchange, GivenUp, Outcome, Task};
use crate::findings::Findings;
use crate::limits::SYSTEMS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use watchfire_model::{PanelRead, SystemRead, Timestamp, TransmissionDevice, UserName};
use watchfire_wire::gbt26875::{Digits, SystemKind};

/// One device of the set-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Device {
    /// As the set-up has it.
    pub(crate) line: TransmissionDevice,
    /// How it writes times, by its dialect.
    pub(crate) digits: Digits,
    /// The period that an order set, in seconds.
    pub(crate) period_s: Option<u32>,
    /// The number of the next exchange. Goes on across connections, so that an answer never fits another question.
    pub(crate) serial: u16,
    /// Nothing begins before this: one of many whose turn comes.
    pub(crate) hold_until: Option<Timestamp>,
    pub(crate) next_inspection: Option<Timestamp>,
    pub(crate) next_clock: Option<Timestamp>,
    /// What waits for its turn.
    pub(crate) queue: BTreeSet<Task>,
    pub(crate) open: Option<Exchange>,
    pub(crate) given_up: Option<GivenUp>,
    /// The inspection that runs.
    pub(crate) run: Option<Run>,
    pub(crate) inspected: Asked,
    pub(crate) clock_set: Asked,
    pub(crate) initialised: Asked,
    /// The systems that it reports about.
    pub(crate) systems: BTreeSet<(u8, u8)>,
    /// Reads that it denies or does not answer while it answers others: not asked again by schedule.
    pub(crate) unsupported: BTreeSet<PanelRead>,
    /// When its version and configuration were read last.
    pub(crate) details_at: Option<Timestamp>,
    pub(crate) findings: Findings,
    pub(crate) heard_at: Option<Timestamp>,
    pub(crate) duty: Option<DutyCheck>,
    pub(crate) plan: Plan,
}

/// The reads of one inspection, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) begun: bool,
    pub(crate) answered: u32,
    pub(crate) denied: u32,
}

impl Run {
    /// Of one question that ended so.
    pub(crate) fn of_one(outcome: Outcome) -> Run {
        let is = |wanted: Outcome| u32::from(outcome == wanted);
        Run { begun: true, answered: is(Outcome::Answered), denied: is(Outcome::Denied) }
    }
}

/// When something was asked last, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) asked_at: Option<Timestamp>,
    /// When the device answered last, in any way.
    pub(crate) answered_at: Option<Timestamp>,
    /// `None` before the first, and while it runs.
    pub(crate) outcome: Option<Outcome>,
    /// Who ordered it; `None` by schedule.
    pub(crate) by: Option<UserName>,
}

impl Asked {
    pub(crate) fn begin(&mut self, at: Timestamp) {
        self.asked_at = Some(at);
        self.outcome = None;
    }

    pub(crate) fn end(&mut self, outcome: Outcome, at: Timestamp) {
        self.outcome = Some(outcome);
        if matches!(outcome, Outcome::Answered | Outcome::Late | Outcome::Denied) {
            self.answered_at = Some(at);
        }
    }
}

impl Device {
    pub(crate) fn new(line: TransmissionDevice) -> Device {
        Device {
            line,
            digits: Digits::Binary,
            period_s: None,
            serial: 0,
            hold_until: None,
            next_inspection: None,
            next_clock: None,
            queue: BTreeSet::new(),
            open: None,
            given_up: None,
            run: None,
            inspected: Asked::default(),
            clock_set: Asked::default(),
            initialised: Asked::default(),
            systems: BTreeSet::new(),
            unsupported: BTreeSet::new(),
            details_at: None,
            findings: Findings::default(),
            heard_at: None,
            duty: None,
            plan: Plan::default(),
        }
    }

    /// How often it is inspected; `None`: only by order.
    pub(crate) fn period(&self) -> Option<Duration> {
        let seconds = self.period_s.unwrap_or(self.line.inspection_s);
        (seconds > 0).then(|| Duration::from_secs(seconds.into()))
    }

    pub(crate) fn retry(&self) -> Duration {
        Duration::from_secs(u64::from(self.line.retry_s.max(1)))
    }

    /// What an inspection reads: the device's state and clock, the states of the systems that it reports about, what
    /// the set-up adds; once a day its version and configuration.
    pub(crate) fn usual_reads(&self, details: bool) -> Vec<PanelRead> {
        let details: &[PanelRead] = if details { &[PanelRead::Version, PanelRead::Configuration] } else { &[] };
        let of_system =
            |(kind, address): &(u8, u8)| PanelRead::System { kind: *kind, address: *address, what: SystemRead::State };
        let further =
            details.iter().copied().chain(self.systems.iter().map(of_system)).chain(self.line.reads.iter().copied());
        let further = further.chain([PanelRead::Clock]).filter(|read| !self.unsupported.contains(read));
        std::iter::once(PanelRead::State).chain(further).collect()
    }

    /// A report names a system.
    pub(crate) fn meet_system(&mut self, kind: u8, address: u8) {
        if self.systems.len() < SYSTEMS_MAX && SystemKind::from_code(kind).is_some() {
            self.systems.insert((kind, address));
        }
    }
}
