//! Rounds of inspection and of setting clocks: when they begin, what they ask, how they end.

use crate::clockwork::{Timer, next_turn, soon};
use crate::device::Run;
use crate::ended::Question;
use crate::exchange::{Exchange, GivenUp, Outcome, Task};
use crate::inspection::Inspection;
use crate::limits::{CLOCK_PAUSE, DAY, GRACE, LATE_RESPONSE};
use crate::notices::{self, End};
use crate::recorded::RoundKind;
use std::collections::BTreeSet;
use watchfire_model::{DeviceKey, DutyOutcome, NoticeKind, PanelRead, Timestamp, UserName};

impl Inspection {
    pub(crate) fn inspection_is_due(&mut self, key: &DeviceKey) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        device.next_inspection = device.period().map(|period| next_turn(key, period, now));
        let details = device.details_at.is_none_or(|at| now.since(at) >= DAY);
        if details {
            device.details_at = Some(now);
        }
        let reads = device.usual_reads(details);
        self.arm(Timer::Inspection, key);
        self.inspect(key, reads, None);
    }

    /// Puts reads into the queue. One inspection runs at a time: what is asked meanwhile joins it.
    pub(crate) fn inspect(&mut self, key: &DeviceKey, reads: Vec<PanelRead>, by: Option<&UserName>) {
        let Some(device) = self.state.devices.get_mut(key) else { return };
        device.run.get_or_insert_with(Run::default);
        device.inspected.by = by.cloned();
        device.queue.extend(reads.into_iter().map(Task::Read));
        self.begin_next(key);
    }

    pub(crate) fn clock_is_due(&mut self, key: &DeviceKey) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        device.next_clock = device.period().map(|_| next_turn(key, DAY, now));
        self.arm(Timer::Clock, key);
        self.set_clock(key, None);
    }

    pub(crate) fn set_clock(&mut self, key: &DeviceKey, by: Option<&UserName>) {
        let Some(device) = self.state.devices.get_mut(key) else { return };
        device.clock_set.by = by.cloned();
        device.queue.insert(Task::SetClock);
        self.begin_next(key);
    }

    /// The device's clock is off. It is not asked again and again: some do not obey.
    pub(crate) fn clock_is_off(&mut self, key: &DeviceKey) {
        let now = self.now();
        let Some(device) = self.state.devices.get(key) else { return };
        let lately = device.clock_set.asked_at.is_some_and(|at| now.since(at) < CLOCK_PAUSE);
        let waits = device.queue.contains(&Task::SetClock);
        if device.period().is_some() && !lately && !waits {
            self.set_clock(key, None);
        }
    }

    pub(crate) fn hold_is_over(&mut self, key: &DeviceKey) {
        if let Some(device) = self.state.devices.get_mut(key) {
            device.hold_until = None;
        }
        self.begin_next(key);
    }

    /// Begins what comes first in the queue, when nothing is open.
    pub(crate) fn begin_next(&mut self, key: &DeviceKey) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        if device.open.is_some() || device.hold_until.is_some_and(|until| until > now) {
            return;
        }
        let Some(task) = device.queue.pop_first() else { return };
        let serial = device.serial;
        device.serial = serial.wrapping_add(1);
        let next_at = now.plus(device.retry());
        device.open = Some(Exchange { task, serial, attempt: 1, began_at: now, next_at, heard: false });
        match task {
            Task::DutyCheck => self.duty_is_asked(key),
            Task::Initialise => device.initialised.begin(now),
            Task::SetClock => device.clock_set.begin(now),
            Task::Read(_) => {
                let run = device.run.get_or_insert_default();
                if !std::mem::replace(&mut run.begun, true) {
                    device.inspected.begin(now);
                }
            }
        }
        self.arm(Timer::Attempt, key);
        self.ready.insert((task, key.clone()));
    }

    /// No answer in time: once more, with the same number, or that was it.
    pub(crate) fn attempt_is_over(&mut self, key: &DeviceKey) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let (retry, retries) = (device.retry(), device.line.retries);
        let Some(open) = &mut device.open else { return };
        if open.attempt <= retries {
            open.attempt = open.attempt.saturating_add(1);
            open.next_at = now.plus(retry);
            let task = open.task;
            self.arm(Timer::Attempt, key);
            self.ready.insert((task, key.clone()));
            return;
        }
        let outcome = if open.heard { Outcome::Unanswered } else { Outcome::Unreachable };
        self.end_exchange(key, outcome);
    }

    /// The open exchange ends. What follows from it depends on what was asked.
    pub(crate) fn end_exchange(&mut self, key: &DeviceKey, outcome: Outcome) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let Some(open) = device.open.take() else { return };
        self.ready.remove(&(open.task, key.clone()));
        self.ended.exchange(Question::of(open.task), outcome);
        match open.task {
            Task::DutyCheck => self.duty_command_ended(key, outcome),
            Task::Initialise => {
                device.initialised.end(outcome, now);
                if outcome == Outcome::Answered {
                    device.unsupported.clear();
                    device.details_at = None;
                }
                let asked = device.initialised.clone();
                self.record_round(key, RoundKind::Initialisation, &asked, Run::of_one(outcome), outcome);
            }
            Task::SetClock => {
                device.clock_set.end(outcome, now);
                if outcome == Outcome::Answered {
                    device.findings.clock_ahead_us = None;
                }
                let asked = device.clock_set.clone();
                self.record_round(key, RoundKind::Clock, &asked, Run::of_one(outcome), outcome);
            }
            Task::Read(read) => self.read_ended(key, &open, read, outcome),
        }
        self.begin_next(key);
    }

    fn read_ended(&mut self, key: &DeviceKey, open: &Exchange, read: PanelRead, outcome: Outcome) {
        let now = self.now();
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let run = device.run.get_or_insert_with(Run::default);
        match outcome {
            Outcome::Answered | Outcome::Late => {
                run.answered = run.answered.saturating_add(1);
                device.inspected.answered_at = Some(now);
            }
            Outcome::Denied => {
                run.denied = run.denied.saturating_add(1);
                device.inspected.answered_at = Some(now);
            }
            Outcome::Unanswered | Outcome::Unreachable | Outcome::Interrupted => {
                device.given_up = Some(GivenUp { read, serial: open.serial, until: now.plus(LATE_RESPONSE) });
            }
        }
        match outcome {
            Outcome::Denied | Outcome::Unanswered if read != PanelRead::State => {
                device.unsupported.insert(read);
            }
            // Who is not there is not asked the rest.
            Outcome::Unreachable => device.queue.retain(|task| !task.is_read()),
            _ => {}
        }
        let more = device.queue.iter().any(|task| task.is_read());
        if !more {
            self.end_round(key, outcome);
        }
    }

    fn end_round(&mut self, key: &DeviceKey, last: Outcome) {
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let run = device.run.take().unwrap_or_default();
        let outcome = match last {
            Outcome::Unreachable | Outcome::Interrupted => last,
            _ if run.answered > 0 => Outcome::Answered,
            _ if run.denied > 0 => Outcome::Denied,
            _ => Outcome::Unanswered,
        };
        device.inspected.outcome = Some(outcome);
        let asked = device.inspected.clone();
        self.record_round(key, RoundKind::Inspection, &asked, run, outcome);
        match outcome {
            Outcome::Answered | Outcome::Late | Outcome::Denied => {
                self.notice_over(NoticeKind::InspectionUnanswered, key, End::Answered)
            }
            Outcome::Unanswered | Outcome::Unreachable => self.does_not_answer(key, outcome),
            Outcome::Interrupted => {}
        }
    }

    pub(crate) fn does_not_answer(&mut self, key: &DeviceKey, outcome: Outcome) {
        let Some(device) = self.state.devices.get(key) else { return };
        let attempts = u32::from(device.line.retries).saturating_add(1);
        let zone = self.zone(&key.site);
        let detail = notices::no_answer(device, outcome, attempts, &zone);
        self.notice_begins(NoticeKind::InspectionUnanswered, key, detail);
    }

    /// The station was away. What was on its way may have gone out or not: reads are asked again in their time, the clock
    /// is set again, nothing else is repeated.
    pub(crate) fn restarted(&mut self) {
        let now = self.now();
        self.ready.clear();
        let keys: Vec<DeviceKey> = self.state.devices.keys().cloned().collect();
        for key in &keys {
            self.duty_interrupted(key);
            let Some(device) = self.state.devices.get_mut(key) else { continue };
            let open: BTreeSet<Task> = device.open.take().map(|open| open.task).into_iter().collect();
            let cut_off = |task: Task| open.contains(&task) || device.queue.contains(&task);
            let mut broken = Vec::new();
            if cut_off(Task::Initialise) {
                device.initialised.end(Outcome::Interrupted, now);
                let begun = open.contains(&Task::Initialise);
                broken.extend(begun.then(|| (RoundKind::Initialisation, device.initialised.clone(), Run::default())));
            }
            let clock = cut_off(Task::SetClock);
            if clock {
                device.clock_set.end(Outcome::Interrupted, now);
                let begun = open.contains(&Task::SetClock);
                broken.extend(begun.then(|| (RoundKind::Clock, device.clock_set.clone(), Run::default())));
            }
            let run = device.run.take();
            let inspection = run.is_some();
            if let Some(run) = run {
                device.inspected.outcome = Some(Outcome::Interrupted);
                broken.extend(run.begun.then(|| (RoundKind::Inspection, device.inspected.clone(), run)));
            }
            device.queue.clear();
            device.hold_until = None;
            let soon = soon(key, now);
            let early = now.plus(GRACE);
            let put_off = |at: Timestamp, again: bool| if again || at < early { soon } else { at };
            device.next_inspection = device.next_inspection.map(|at| put_off(at, inspection));
            device.next_clock = device.next_clock.map(|at| put_off(at, clock));
            for (kind, asked, run) in broken {
                self.record_round(key, kind, &asked, run, Outcome::Interrupted);
            }
        }
        self.arm_all();
    }

    pub(crate) fn end_duty_unasked(&mut self, key: &DeviceKey) {
        if let Some(device) = self.state.devices.get_mut(key) {
            device.queue.remove(&Task::DutyCheck);
        }
        self.finish_duty(key, DutyOutcome::Interrupted);
    }
}
