//! Duty checks (查岗): a guard is asked by his transmission device and answers with a key.
//!
//! That the device confirms the command says that it rings; the guard's answer is an operation record of the device
//! (type 24) with bit 5. A key that was pressed before he was asked, by a device whose clock is right, is no answer: the
//! device kept the record while its link was lost. The time given to him counts from the first attempt. When it is up: no
//! answer though the device rang raises a notice, and an answer within an hour is *late*, none is *missed*; a device that
//! did not confirm is *unreachable*, which is not the guard's fault; a restart of the station meanwhile makes it
//! *interrupted*.

use crate::clockwork::Timer;
use crate::exchange::{Outcome, Task};
use crate::inspection::Inspection;
use crate::limits::{CHECKS_KEPT, LATE_ANSWER};
use crate::notices::{self, End};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{DeviceKey, DutyOutcome, NoticeKind, Seq, Timestamp, UserName};

/// A duty check of one guard, over or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DutyRecord {
    /// The entry that caused it: with the device, its name.
    pub cause: Seq,
    /// At which transmission device.
    pub device: DeviceKey,
    /// Who ordered it; `None` by plan.
    pub by: Option<UserName>,
    /// When the first attempt was sent; before that, when it was ordered.
    pub asked_at: Timestamp,
    /// How long the guard has, in minutes.
    pub answer_min: u8,
    /// When the device said that it rings.
    pub confirmed_at: Option<Timestamp>,
    /// When the guard answered.
    pub answered_at: Option<Timestamp>,
    /// The number of the operator who answered, as the device has it.
    pub operator: Option<u8>,
    /// What came of it.
    pub outcome: DutyOutcome,
}

impl DutyRecord {
    /// After how many whole seconds the guard answered.
    pub fn answer_s(&self) -> Option<u32> {
        let answered_at = self.answered_at?;
        Some(u32::try_from(answered_at.since(self.asked_at).as_secs()).unwrap_or(u32::MAX))
    }
}

/// A duty check that is not over. A device has one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DutyCheck {
    pub(crate) record: DutyRecord,
    stage: Stage,
    /// The station was away since it was asked.
    interrupted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Stage {
    /// It waits for the device's turn.
    Queued,
    /// The guard's time runs until then.
    Asked { until: Timestamp },
    /// It is up; an answer counts as late until then.
    Overdue { until: Timestamp },
}

impl DutyCheck {
    /// When it is to be judged next.
    pub(crate) fn judged_at(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Queued => None,
            Stage::Asked { until } | Stage::Overdue { until } => Some(until),
        }
    }

    /// Whether the guard has time left; who is late may be asked anew.
    pub(crate) fn is_running(&self) -> bool {
        !matches!(self.stage, Stage::Overdue { .. })
    }
}

impl Inspection {
    /// Whether a guard is being asked, and has time left.
    pub(crate) fn is_checking(&self, key: &DeviceKey) -> bool {
        self.state.devices.get(key).and_then(|device| device.duty.as_ref()).is_some_and(DutyCheck::is_running)
    }

    /// Asks the guard, unless he is being asked. A check for which he is late is missed by that.
    pub(crate) fn check_duty(&mut self, key: &DeviceKey, answer_min: u8, by: Option<&UserName>) {
        if self.is_checking(key) {
            return;
        }
        self.finish_duty(key, DutyOutcome::Missed);
        let stamp = self.state.stamp;
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let record = DutyRecord {
            cause: stamp.seq,
            device: key.clone(),
            by: by.cloned(),
            asked_at: stamp.at,
            answer_min,
            confirmed_at: None,
            answered_at: None,
            operator: None,
            outcome: DutyOutcome::Waiting,
        };
        device.duty = Some(DutyCheck { record, stage: Stage::Queued, interrupted: false });
        device.queue.insert(Task::DutyCheck);
        self.begin_next(key);
    }

    /// The first attempt goes out: his time runs.
    pub(crate) fn duty_is_asked(&mut self, key: &DeviceKey) {
        let now = self.now();
        let zone = self.zone(&key.site);
        let Some(check) = self.state.devices.get_mut(key).and_then(|device| device.duty.as_mut()) else { return };
        check.record.asked_at = now;
        check.stage = Stage::Asked { until: now.plus(Duration::from_secs(u64::from(check.record.answer_min) * 60)) };
        let record = check.record.clone();
        self.state.figures.asked(&key.site, now, &zone);
        self.record_duty(record, None);
        self.notice_over(NoticeKind::DutyUnanswered, key, End::AskedAnew);
        self.arm(Timer::Duty, key);
    }

    /// The device took the command, or did not.
    pub(crate) fn duty_command_ended(&mut self, key: &DeviceKey, outcome: Outcome) {
        let now = self.now();
        let Some(check) = self.state.devices.get_mut(key).and_then(|device| device.duty.as_mut()) else { return };
        match outcome {
            Outcome::Answered | Outcome::Late => {
                check.record.confirmed_at = Some(now);
                let record = check.record.clone();
                self.record_duty(record, None);
            }
            Outcome::Denied => self.finish_duty(key, DutyOutcome::Denied),
            Outcome::Unreachable => self.does_not_answer(key, outcome),
            Outcome::Unanswered | Outcome::Interrupted => {}
        }
    }

    /// The guard pressed the key.
    pub(crate) fn guard_answers(&mut self, key: &DeviceKey, operator: u8) {
        let now = self.now();
        self.notice_over(NoticeKind::DutyUnanswered, key, End::Answered);
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let Some(check) = &mut device.duty else { return };
        let outcome = match check.stage {
            Stage::Queued => return,
            Stage::Asked { .. } => DutyOutcome::Answered,
            Stage::Overdue { .. } => DutyOutcome::Late,
        };
        // Who answers was asked, whether the device said so or not.
        check.record.confirmed_at.get_or_insert(now);
        check.record.answered_at = Some(now);
        check.record.operator = Some(operator);
        self.finish_duty(key, outcome);
    }

    /// The guard's time, or the time to be late, is up.
    pub(crate) fn judge_duty(&mut self, key: &DeviceKey) {
        let (now, zone) = (self.now(), self.zone(&key.site));
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let Some(check) = &mut device.duty else { return };
        let outcome = match check.stage {
            Stage::Queued => return,
            Stage::Overdue { .. } => DutyOutcome::Missed,
            Stage::Asked { .. } if check.interrupted => DutyOutcome::Interrupted,
            Stage::Asked { .. } if check.record.confirmed_at.is_none() => DutyOutcome::Unreachable,
            Stage::Asked { .. } => {
                check.stage = Stage::Overdue { until: now.plus(LATE_ANSWER) };
                let (asked_at, minutes) = (check.record.asked_at, check.record.answer_min);
                let detail = notices::no_guard(&device.line.label, asked_at, minutes, &zone);
                let record = check.record.clone();
                self.arm(Timer::Duty, key);
                self.record_duty(record, Some(now));
                return self.notice_begins(NoticeKind::DutyUnanswered, key, detail);
            }
        };
        self.finish_duty(key, outcome);
    }

    /// The check is over: it is counted and kept.
    pub(crate) fn finish_duty(&mut self, key: &DeviceKey, outcome: DutyOutcome) {
        let zone = self.zone(&key.site);
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let Some(check) = device.duty.take() else { return };
        let was_asked = check.stage != Stage::Queued;
        let mut record = check.record;
        record.outcome = outcome;
        if was_asked {
            self.ended.duty_check(outcome);
            self.state.figures.ended(&record, &zone);
            self.record_duty(record.clone(), None);
        }
        self.state.checks.push_back(record);
        if self.state.checks.len() > CHECKS_KEPT {
            self.state.checks.pop_front();
        }
        // An answer makes the confirmation needless, and nobody is asked any more.
        let asking =
            |device: &crate::device::Device| device.open.as_ref().is_some_and(|open| open.task == Task::DutyCheck);
        if self.state.devices.get(key).is_some_and(asking) {
            self.end_exchange(key, Outcome::Answered);
        }
    }

    /// The station was away: an attempt may have gone out or not. It is not repeated, since the guard may have been
    /// asked; his answer still counts; that he gave none is not held against him.
    pub(crate) fn duty_interrupted(&mut self, key: &DeviceKey) {
        let Some(check) = self.state.devices.get_mut(key).and_then(|device| device.duty.as_mut()) else { return };
        match check.stage {
            Stage::Queued => self.end_duty_unasked(key),
            Stage::Asked { .. } => check.interrupted = true,
            Stage::Overdue { .. } => {}
        }
    }
}
