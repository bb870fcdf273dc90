//! Duty checks that nobody can foresee: when the hours of a plan begin, their moments are drawn.

use crate::calendar::next_hours;
use crate::clockwork::Timer;
use crate::dice::Dice;
use crate::duty::DutyCheck;
use crate::inspection::Inspection;
use crate::limits::PLANNED_LATE_MAX;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{DeviceKey, DutyPlan, Timestamp};

/// How far a device's plan has got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The hours that begin next, and when they end.
    next: Option<(Timestamp, Timestamp)>,
    /// Moments of the hours that run, latest first.
    drawn: Vec<Timestamp>,
    /// When these hours end.
    until: Timestamp,
}

impl Plan {
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.drawn.last().copied().or(self.next.map(|(at, _)| at))
    }
}

impl Inspection {
    /// Begins a plan anew with its next hours.
    pub(crate) fn begin_plan(&mut self, key: &DeviceKey) {
        let (now, zone) = (self.now(), self.zone(&key.site));
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let next = device.line.duty.map(|plan| next_hours(now, plan.from_min, plan.until_min, &zone));
        device.plan = Plan { next, ..Plan::default() };
        self.arm(Timer::Plan, key);
    }

    pub(crate) fn plan_is_due(&mut self, key: &DeviceKey) {
        let (stamp, zone) = (self.state.stamp, self.zone(&key.site));
        let Some(device) = self.state.devices.get_mut(key) else { return };
        let Some(plan) = device.line.duty else { return };
        if let Some(moment) = device.plan.drawn.pop() {
            let in_time = stamp.at.since(moment) <= PLANNED_LATE_MAX;
            if device.duty.as_ref().is_some_and(DutyCheck::is_running) {
                // The last one is not over: this one comes a little later, if that is within the hours.
                let later = stamp.at.plus(minutes(plan.answer_min));
                if later < device.plan.until {
                    device.plan.drawn.push(later);
                    device.plan.drawn.sort_unstable_by(|a, b| b.cmp(a));
                }
                return self.arm(Timer::Plan, key);
            }
            self.arm(Timer::Plan, key);
            if in_time {
                self.check_duty(key, plan.answer_min, None);
            }
            return;
        }
        if let Some((from, until)) = device.plan.next {
            let mut dice = Dice::new(self.journal, stamp.seq, key);
            device.plan.drawn = draw(plan, from.max(stamp.at), until, &mut dice);
            device.plan.until = until;
            device.plan.next = Some(next_hours(stamp.at, plan.from_min, plan.until_min, &zone));
        }
        self.arm(Timer::Plan, key);
    }
}

/// The moments, latest first: each with time left to answer within the hours. None when the hours are over, or nearly.
fn draw(plan: DutyPlan, from: Timestamp, until: Timestamp, dice: &mut Dice) -> Vec<Timestamp> {
    let room_s = until.minus(minutes(plan.answer_min)).since(from).as_secs();
    if room_s == 0 {
        return Vec::new();
    }
    let mut moments: Vec<Timestamp> =
        (0..plan.checks).map(|_| from.plus(Duration::from_secs(dice.below(room_s.saturating_add(1))))).collect();
    moments.sort_unstable_by(|a, b| b.cmp(a));
    moments
}

fn minutes(count: u8) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}
