//! Whether the service manager may believe that the station lives. Pure: time is an argument.
//!
//! Killing it helps when a thread hangs. It does not help when the disk is full or slow: a new process finds the same
//! disk, and meanwhile nobody sees the alerts that are open. So what counts is whether the parts answer, not whether
//! the probe came through in time.

use std::time::Duration;

/// The rules may stand still for so long while the probe does not come through: a slow disk, not a hanging thread.
pub(crate) const STANDSTILL_MAX: Duration = Duration::from_secs(90);

/// What is seen at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    /// The probe came through, or at least the port takes connections.
    pub(crate) listener_accepts: bool,
    /// The probe came through.
    pub(crate) probe_passed: bool,
    /// A disk is full and the journal or the alert log waits for room.
    pub(crate) waits_for_room: bool,
    /// The last entry that the rules have applied.
    pub(crate) applied: u64,
}

/// Remembers when the rules last moved.
#[derive(Debug)]
pub(crate) struct Vital {
    applied: u64,
    moved: Duration,
}

impl Vital {
    /// At `now`, since any fixed beginning.
    pub(crate) fn new(applied: u64, now: Duration) -> Vital {
        Vital { applied, moved: now }
    }

    /// Whether it lives. The router is asked elsewhere: without it the process ends.
    pub(crate) fn lives(&mut self, signs: &Signs, now: Duration) -> bool {
        if signs.probe_passed || signs.waits_for_room || signs.applied > self.applied {
            (self.applied, self.moved) = (signs.applied, now);
        }
        signs.listener_accepts && now.saturating_sub(self.moved) <= STANDSTILL_MAX
    }
}

/// The router only hands frames on to other clients: one answer that is late under load ends nothing.
const ROUTER_MISSES_MAX: u32 = 3;

/// How often in a row the router gave no answer.
#[derive(Debug, Default)]
pub(crate) struct RouterMisses(u32);

impl RouterMisses {
    /// After a question to the router: whether it hangs.
    pub(crate) fn hangs(&mut self, answered: bool) -> bool {
        self.0 = if answered { 0 } else { self.0.saturating_add(1) };
        self.0 >= ROUTER_MISSES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_that_is_slow_now_and_then_ends_nothing_and_one_that_hangs_does() {
        let mut misses = RouterMisses::default();
        let answers = [false, false, true, false, false, true, false, false, false];
        let hangs: Vec<bool> = answers.into_iter().map(|answered| misses.hangs(answered)).collect();
        assert_eq!(hangs, [false, false, false, false, false, false, false, false, true]);
    }

    const WELL: Signs = Signs { listener_accepts: true, probe_passed: true, waits_for_room: false, applied: 0 };

    fn at(vital: &mut Vital, second: u64, signs: Signs) -> bool {
        vital.lives(&signs, Duration::from_secs(second))
    }

    #[test]
    fn a_full_disk_is_no_reason_to_kill() {
        let mut vital = Vital::new(0, Duration::ZERO);
        let full = Signs { probe_passed: false, waits_for_room: true, ..WELL };
        assert!((0..10_000).step_by(5).all(|second| at(&mut vital, second, full)));
    }

    #[test]
    fn nor_is_a_slow_disk_or_a_load() {
        let mut vital = Vital::new(0, Duration::ZERO);
        let stalled = Signs { probe_passed: false, ..WELL };
        assert!((0..60).step_by(5).all(|second| at(&mut vital, second, stalled)));
        assert!((60..1_000).all(|second| at(&mut vital, second, Signs { applied: second, ..stalled })));
    }

    #[test]
    fn a_thread_that_hangs_is() {
        let mut vital = Vital::new(0, Duration::ZERO);
        assert!(at(&mut vital, 0, Signs { applied: 7, ..WELL }));
        let hangs = Signs { probe_passed: false, applied: 7, ..WELL };
        assert!(at(&mut vital, 90, hangs));
        assert!(!at(&mut vital, 91, hangs));
        assert!(at(&mut vital, 92, WELL), "it has come back");
        assert!(!at(&mut vital, 92, Signs { listener_accepts: false, ..WELL }), "nobody can connect");
    }
}
