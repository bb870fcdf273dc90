//! What came to its end, counted for whoever keeps figures of the running process. It is no part of the schedule: no
//! snapshot holds it, and it is empty after a start.

use crate::exchange::{Outcome, Task};
use crate::inspection::Inspection;
use std::collections::BTreeMap;
use watchfire_model::DutyOutcome;

/// Counts since they were taken last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Exchanges with transmission devices.
    pub exchanges: BTreeMap<(Question, Outcome), u64>,
    /// Duty checks of guards.
    pub duty_checks: BTreeMap<DutyOutcome, u64>,
}

/// What is asked of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// To ring for the guard (91).
    DutyCheck,
    /// To begin anew (89).
    Initialisation,
    /// To set its clock (90).
    Clock,
    /// To read something out (61 to 68, 81 to 88).
    Read,
}

impl Question {
    /// Every one.
    pub const ALL: [Question; 4] = [Question::DutyCheck, Question::Initialisation, Question::Clock, Question::Read];

    /// The label in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Question::DutyCheck => "duty_check",
            Question::Initialisation => "initialisation",
            Question::Clock => "clock",
            Question::Read => "read",
        }
    }

    pub(crate) fn of(task: Task) -> Question {
        match task {
            Task::DutyCheck => Question::DutyCheck,
            Task::Initialise => Question::Initialisation,
            Task::SetClock => Question::Clock,
            Task::Read(_) => Question::Read,
        }
    }
}

impl Ended {
    pub(crate) fn exchange(&mut self, question: Question, outcome: Outcome) {
        *self.exchanges.entry((question, outcome)).or_default() += 1;
    }

    pub(crate) fn duty_check(&mut self, outcome: DutyOutcome) {
        *self.duty_checks.entry(outcome).or_default() += 1;
    }
}

impl Inspection {
    /// What ended since this was asked last.
    pub fn ended(&mut self) -> Ended {
        std::mem::take(&mut self.ended)
    }

    /// Guards who are asked now, those who are late included.
    pub fn guards_asked(&self) -> usize {
        self.state.devices.values().filter(|device| device.duty.is_some()).count()
    }
}
