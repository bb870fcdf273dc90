//! What people look up later: every duty check and every round of questions, as it stands each time it changes. For
//! whoever keeps a record of them; it is no part of the schedule, and no snapshot holds it.

use crate::calendar::Month;
use crate::device::{Asked, Run};
use crate::duty::DutyRecord;
use crate::exchange::Outcome;
use crate::inspection::Inspection;
use watchfire_model::{DeviceKey, Timestamp, UserName};

/// What changed since it was taken last, in the order of the entries. A later one of the same check or round is the
/// whole of it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Duty checks that were asked.
    pub duty_checks: Vec<RecordedDuty>,
    /// Rounds that ended.
    pub rounds: Vec<Round>,
}

/// A duty check that was asked, over or not.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedDuty {
    /// The check.
    pub record: DutyRecord,
    /// The month that it counts in, by the site's clocks.
    pub month: Month,
    /// The guard's time is up at this entry, and a notice says so.
    pub escalated_at: Option<Timestamp>,
}

/// A transmission device was asked something, and that is over: it answered, or it did not. A *late* answer makes the
/// same round anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Which device.
    pub device: DeviceKey,
    /// What it was asked.
    pub kind: RoundKind,
    /// Who ordered it; `None` by schedule.
    pub by: Option<UserName>,
    /// When it began; with device and kind, its name.
    pub asked_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Questions that were answered.
    pub answered: u32,
    /// Questions that were denied.
    pub denied: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a round asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoundKind {
    /// To read out its state and more (巡检).
    Inspection,
    /// To set its clock.
    Clock,
    /// To begin anew.
    Initialisation,
}

impl RoundKind {
    /// The name in tables and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            RoundKind::Inspection => "inspection",
            RoundKind::Clock => "clock",
            RoundKind::Initialisation => "initialisation",
        }
    }
}

impl Inspection {
    /// The same schedule, which from here on keeps what [`Inspection::recorded`] gives. It grows until that is taken.
    #[must_use]
    pub fn recording(mut self) -> Inspection {
        self.recorded = Some(Recorded::default());
        self
    }

    /// What changed since this was asked last; nothing without [`Inspection::recording`].
    pub fn recorded(&mut self) -> Recorded {
        self.recorded.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn record_duty(&mut self, record: DutyRecord, escalated_at: Option<Timestamp>) {
        if self.recorded.is_none() {
            return;
        }
        let month = Month::of(record.asked_at, &self.zone(&record.device.site));
        if let Some(recorded) = &mut self.recorded {
            recorded.duty_checks.push(RecordedDuty { record, month, escalated_at });
        }
    }

    /// A round as its device remembers it.
    pub(crate) fn record_round(&mut self, key: &DeviceKey, kind: RoundKind, asked: &Asked, run: Run, outcome: Outcome) {
        let now = self.now();
        let (Some(recorded), Some(asked_at)) = (&mut self.recorded, asked.asked_at) else { return };
        let by = asked.by.clone();
        let Run { answered, denied, .. } = run;
        recorded.rounds.push(Round {
            device: key.clone(),
            kind,
            by,
            asked_at,
            ended_at: now,
            answered,
            denied,
            outcome,
        });
    }
}
