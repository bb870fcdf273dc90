//! What happens by itself when time passes. A time stands in the state; the queue of timers only finds it.

use crate::dice;
use crate::inspection::Inspection;
use crate::limits::{GRACE, SPREAD};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{DeviceKey, Timestamp};

use crate::device::Device;

/// Something of a device that happens at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Timer {
    /// A guard's time is up.
    Duty,
    /// An attempt was not answered.
    Attempt,
    /// What waited for its turn begins.
    Hold,
    /// Duty checks are drawn, or a drawn one is asked.
    Plan,
    /// An inspection begins.
    Inspection,
    /// The clock is set.
    Clock,
}

impl Timer {
    const ALL: [Timer; 6] = [Timer::Duty, Timer::Attempt, Timer::Hold, Timer::Plan, Timer::Inspection, Timer::Clock];

    /// When it is due, as the device's state has it.
    fn of(self, device: &Device) -> Option<Timestamp> {
        match self {
            Timer::Duty => device.duty.as_ref().and_then(|check| check.judged_at()),
            Timer::Attempt => device.open.as_ref().map(|open| open.next_at),
            Timer::Hold => device.hold_until,
            Timer::Plan => device.plan.next_at(),
            Timer::Inspection => device.next_inspection,
            Timer::Clock => device.next_clock,
        }
    }
}

impl Inspection {
    /// Fires whatever is due by now, in order.
    pub(crate) fn advance(&mut self) {
        let now = self.now();
        while self.timers.first().is_some_and(|(at, ..)| *at <= now) {
            let Some((at, timer, key)) = self.timers.pop_first() else { break };
            let stands = self.state.devices.get(&key).is_some_and(|device| timer.of(device) == Some(at));
            if stands {
                self.fire(timer, &key);
            }
        }
    }

    /// Puts a device's timer into the queue, as its state has it.
    pub(crate) fn arm(&mut self, timer: Timer, key: &DeviceKey) {
        if let Some(at) = self.state.devices.get(key).and_then(|device| timer.of(device)) {
            self.timers.insert((at, timer, key.clone()));
        }
    }

    /// Builds the queue anew.
    pub(crate) fn arm_all(&mut self) {
        self.timers.clear();
        for (key, device) in &self.state.devices {
            let timers = Timer::ALL.iter().filter_map(|timer| Some((timer.of(device)?, *timer, key.clone())));
            self.timers.extend(timers);
        }
    }

    fn fire(&mut self, timer: Timer, key: &DeviceKey) {
        match timer {
            Timer::Duty => self.judge_duty(key),
            Timer::Attempt => self.attempt_is_over(key),
            Timer::Hold => self.hold_is_over(key),
            Timer::Plan => self.plan_is_due(key),
            Timer::Inspection => self.inspection_is_due(key),
            Timer::Clock => self.clock_is_due(key),
        }
    }
}

/// The next time of a device in a period: its own place in it, so that many devices are spread over it.
pub(crate) fn next_turn(key: &DeviceKey, period: Duration, now: Timestamp) -> Timestamp {
    let period_us = i64::try_from(period.as_micros()).unwrap_or(i64::MAX).max(1);
    let place = i64::try_from(dice::place(key) % period_us.unsigned_abs()).unwrap_or(0);
    let since = now.as_micros().saturating_sub(place).rem_euclid(period_us);
    Timestamp(now.as_micros().saturating_add(period_us - since))
}

/// Soon, but not with all others at once.
pub(crate) fn soon(key: &DeviceKey, now: Timestamp) -> Timestamp {
    let spread_us = u64::try_from(SPREAD.as_micros()).unwrap_or(u64::MAX).max(1);
    now.plus(GRACE).plus(Duration::from_micros(dice::place(key) % spread_us))
}
