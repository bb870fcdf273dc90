//! The station's clock: what stamps entries. It never goes back, advances with the machine's monotonic clock, and is
//! slewed towards the wall clock by at most 1 %, so that a stepping wall clock can break no hold and no timer.
//!
//! - Restart within one boot of the machine: the clock goes on from its last [`Anchor`] by the time since boot, so the
//!   downtime is known exactly, whatever the wall clock says.
//! - First start after a boot: the wall clock is believed when it is ahead of the last entry by at most
//!   [`GAP_MAX`]; otherwise the clock goes on from the last entry and the step is told.
//! - A machine without a battery for its clock starts in 1970. Stamps from before [`SANE_FROM`] are known to be wrong: the
//!   first wall clock beyond it is followed in one leap, which counts as a downtime ([`StampClock::take_leap`]).
//!
//! A clock that was believed after a gap of more than [`GAP_DOUBTED`], or that leapt, may still be a wrong one: until
//! [`DOUBT`] has passed nothing is removed for its age ([`Anchor::doubted_until`]).

use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{ClockStep, Timestamp};

/// A change of the wall clock against ours beyond this is a step: journaled, and a fault.
pub(crate) const STEP_MIN: Duration = Duration::from_secs(5);
/// A machine that was off for longer than this is taken for a machine with a broken clock.
pub(crate) const GAP_MAX: Duration = Duration::from_secs(400 * 86_400);
/// No entry was ever made before this: 2026-01-01 00:00:00 UTC.
pub(crate) const SANE_FROM: Timestamp = Timestamp(1_767_225_600_000_000);
/// A wall clock that is ahead of the last entry by more than this may be wrong.
pub(crate) const GAP_DOUBTED: Duration = Duration::from_secs(86_400);
/// How long a clock in doubt must go on without a step before anything is removed for its age.
pub(crate) const DOUBT: Duration = Duration::from_secs(86_400);
/// Slewing corrects by at most elapsed / this.
const SLEW_DIVISOR: i64 = 100;

/// What the machine's clocks say at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockReading {
    /// The wall clock.
    pub(crate) wall: Timestamp,
    /// Time since boot, suspended time included.
    pub(crate) since_boot: Duration,
    /// Which boot.
    pub(crate) boot_id: [u8; 16],
}

/// Our clock and the machine's at one moment: where a restart within the same boot goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchor {
    /// What our clock said.
    pub(crate) at: Timestamp,
    /// Time since boot, in microseconds.
    pub(crate) since_boot_us: u64,
    /// Which boot.
    pub(crate) boot_id: [u8; 16],
    /// Until then nothing is removed for its age.
    #[serde(default)]
    pub(crate) doubted_until: Timestamp,
}

/// What is known of the time before this start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// The last entry's stamp.
    pub(crate) last_at: Timestamp,
    /// The last anchor that was noted.
    pub(crate) anchor: Option<Anchor>,
}

/// See the head of this file.
#[derive(Clone, Debug)]
pub(crate) struct StampClock {
    last: Timestamp,
    last_since_boot: Duration,
    ahead_us: i64,
    step: Option<ClockStep>,
    leap: Option<Duration>,
    doubted_until: Timestamp,
}

impl StampClock {
    /// Starts the clock; also tells how long the station was down.
    pub(crate) fn start(before: Option<&Before>, now: &ClockReading) -> (StampClock, Duration) {
        let last_at = before.map(|before| before.last_at);
        let begin = match before {
            None => now.wall,
            Some(before) => begin_after(before, now),
        };
        let ahead_us = now.wall.0.saturating_sub(begin.0);
        let down = last_at.map_or(Duration::ZERO, |last_at| begin.since(last_at));
        let doubted_before =
            before.and_then(|before| before.anchor).map_or(Timestamp::EPOCH, |anchor| anchor.doubted_until);
        let mut clock = StampClock {
            last: begin,
            last_since_boot: now.since_boot,
            ahead_us,
            step: None,
            leap: None,
            doubted_until: doubted_before,
        };
        if down > GAP_DOUBTED {
            clock.doubt();
        }
        if ahead_us.unsigned_abs() > micros(STEP_MIN) {
            clock.step = Some(ClockStep { ahead_us });
        }
        (clock, down)
    }

    fn doubt(&mut self) {
        self.doubted_until = self.last.plus(DOUBT);
    }

    /// The stamp for an entry journaled now.
    pub(crate) fn stamp(&mut self, now: &ClockReading) -> Timestamp {
        if self.last < SANE_FROM && now.wall >= SANE_FROM {
            return self.leap_to(now);
        }
        let elapsed = now.since_boot.saturating_sub(self.last_since_boot);
        let even = self.last.plus(elapsed);
        let ahead_us = now.wall.0.saturating_sub(even.0);
        let slew_max = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX) / SLEW_DIVISOR;
        let slew = ahead_us.clamp(-slew_max, slew_max);
        if ahead_us.saturating_sub(self.ahead_us).unsigned_abs() > micros(STEP_MIN) {
            self.step = Some(ClockStep { ahead_us });
        }
        self.last = Timestamp(even.0.saturating_add(slew)).max(self.last);
        self.last_since_boot = self.last_since_boot.max(now.since_boot);
        self.ahead_us = now.wall.0.saturating_sub(self.last.0);
        self.last
    }

    fn leap_to(&mut self, now: &ClockReading) -> Timestamp {
        let ahead = now.wall.since(self.last);
        self.leap = Some(ahead);
        self.step = Some(ClockStep { ahead_us: i64::try_from(micros(ahead)).unwrap_or(i64::MAX) });
        (self.last, self.ahead_us) = (now.wall, 0);
        self.last_since_boot = self.last_since_boot.max(now.since_boot);
        self.doubt();
        self.last
    }

    /// Where a restart would go on from.
    pub(crate) fn anchor(&self, boot_id: [u8; 16]) -> Anchor {
        let (since_boot_us, doubted_until) = (micros(self.last_since_boot), self.doubted_until);
        Anchor { at: self.last, since_boot_us, boot_id, doubted_until }
    }

    /// The step seen since the last call, to be journaled.
    pub(crate) fn take_step(&mut self) -> Option<ClockStep> {
        self.step.take()
    }
}

impl StampClock {
    /// How far the last stamp has leapt out of a time before [`SANE_FROM`], once: to be journaled as a start before
    /// anything that bears the new time, for nobody was silent in between.
    pub(crate) fn take_leap(&mut self) -> Option<Duration> {
        self.leap.take()
    }
}

fn begin_after(before: &Before, now: &ClockReading) -> Timestamp {
    if let Some(anchor) = before.anchor.filter(|anchor| anchor.boot_id == now.boot_id) {
        let since_anchor = now.since_boot.saturating_sub(Duration::from_micros(anchor.since_boot_us));
        let at = anchor.at.plus(since_anchor).max(before.last_at);
        return if at < SANE_FROM && now.wall >= SANE_FROM { now.wall } else { at };
    }
    if before.last_at < SANE_FROM && now.wall >= SANE_FROM {
        return now.wall;
    }
    if now.wall.since(before.last_at) > GAP_MAX {
        return before.last_at;
    }
    now.wall.max(before.last_at)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn reading(wall_s: i64, since_boot_s: u64) -> ClockReading {
        ClockReading {
            wall: Timestamp::from_seconds(wall_s),
            since_boot: Duration::from_secs(since_boot_s),
            boot_id: [1; 16],
        }
    }

    fn anchor(at: Timestamp, since_boot_s: u64, boot_id: u8) -> Option<Anchor> {
        let since_boot_us = since_boot_s * 1_000_000;
        Some(Anchor { at, since_boot_us, boot_id: [boot_id; 16], doubted_until: Timestamp::EPOCH })
    }

    /// Runs the clock second by second over steps of the wall clock: (seconds to run, wall offset in seconds).
    fn run(steps: &[(u64, i64)]) -> (Vec<i64>, Timestamp) {
        let (mut clock, _) = StampClock::start(None, &reading(1_000_000_000, 0));
        let mut seen = Vec::new();
        let mut boot = 0;
        let mut last = Timestamp::EPOCH;
        for (seconds, offset) in steps {
            for _ in 0..*seconds {
                boot += 1;
                let at = clock.stamp(&reading(1_000_000_000 + i64::try_from(boot).unwrap() + offset, boot));
                assert!(at >= last, "went back");
                assert!(at.since(last) <= Duration::from_millis(1_011) || last == Timestamp::EPOCH, "jumped");
                last = at;
                seen.extend(clock.take_step().map(|step| step.ahead_us / 1_000_000));
            }
        }
        (seen, last)
    }

    #[test]
    fn back_a_day_and_forward_ten_years_and_back_move_no_stamp_by_more_than_one_percent() {
        let (steps, at) = run(&[(100, 0), (100, -DAY), (100, 0), (100, 3_650 * DAY), (100, 0)]);
        assert_eq!(steps.len(), 4, "{steps:?}");
        let true_time = Timestamp::from_seconds(1_000_000_500);
        assert!(at.since(true_time).max(true_time.since(at)) <= Duration::from_secs(3), "{at}");
    }

    #[test]
    fn a_small_difference_is_slewed_away_without_a_step() {
        let (steps, at) = run(&[(10, 0), (400, 3)]);
        assert!(steps.is_empty());
        assert_eq!(at, Timestamp::from_seconds(1_000_000_413));
    }

    #[test]
    fn downtime_within_one_boot_is_exact_whatever_the_wall_clock_says() {
        let last_at = Timestamp::from_seconds(1_100);
        let before = Before { last_at, anchor: anchor(Timestamp::from_seconds(1_000), 50, 1) };
        let (mut clock, down) = StampClock::start(Some(&before), &reading(9_999_999, 50 + 100 + 600));
        assert_eq!(down, Duration::from_secs(600));
        assert!(clock.take_step().is_some());
    }

    #[test]
    fn many_restarts_do_not_move_the_clock() {
        let (mut clock, _) = StampClock::start(None, &reading(1_000_000_000, 0));
        for restart in 1..=100 {
            let last_at = clock.stamp(&reading(1_000_000_000 + restart * 10, u64::try_from(restart).unwrap() * 10));
            let before = Before { last_at, anchor: Some(clock.anchor([1; 16])) };
            (clock, _) = StampClock::start(
                Some(&before),
                &reading(1_000_000_000 + restart * 10 + 3, u64::try_from(restart).unwrap() * 10 + 3),
            );
        }
        assert_eq!(clock.stamp(&reading(1_000_001_003, 1_003)), Timestamp::from_seconds(1_000_001_003));
    }

    #[test]
    fn a_machine_that_starts_in_1970_follows_the_first_clock_that_can_be_right() {
        const NOW: i64 = 1_800_000_000;
        let (mut clock, _) = StampClock::start(None, &reading(10, 10));
        assert_eq!(clock.stamp(&reading(11, 11)), Timestamp::from_seconds(11));
        assert!(clock.take_leap().is_none());
        let before = Before { last_at: Timestamp::from_seconds(11), anchor: Some(clock.anchor([1; 16])) };

        assert_eq!(clock.stamp(&reading(NOW, 12)), Timestamp::from_seconds(NOW));
        assert_eq!(clock.take_leap().map(|leap| leap.as_secs()), Some(NOW.unsigned_abs() - 11));
        assert!(clock.take_step().is_some(), "a person is told");
        assert_eq!(clock.stamp(&reading(NOW + 1, 13)), Timestamp::from_seconds(NOW + 1));
        assert!(clock.take_leap().is_none() && clock.take_step().is_none());
        // Once it is sane it never leaps again.
        let ten_years_on = clock.stamp(&reading(NOW + 3_650 * DAY, 14));
        assert!(ten_years_on.since(Timestamp::from_seconds(NOW + 2)) < Duration::from_secs(1), "{ten_years_on}");

        for boot_s in [20, 5] {
            let (clock, down) = StampClock::start(Some(&before), &reading(NOW, boot_s));
            assert_eq!(clock.anchor([1; 16]).at, Timestamp::from_seconds(NOW), "at a start, too");
            assert!(down > Duration::from_secs(50 * 365 * 86_400));
        }
    }

    #[test]
    fn a_clock_that_comes_back_far_ahead_is_in_doubt_for_a_day_over_restarts() {
        let last_at = Timestamp::from_seconds(1_800_000_000);
        let at_boot = |ahead_days: i64| {
            let before = Before { last_at, anchor: anchor(last_at, 50, 9) };
            StampClock::start(Some(&before), &reading(1_800_000_000 + ahead_days * DAY, 30)).0.anchor([1; 16])
        };
        assert_eq!(at_boot(1).doubted_until, Timestamp::EPOCH);
        let doubted = at_boot(300);
        assert_eq!(doubted.doubted_until, doubted.at.plus(DOUBT));
        let before = Before { last_at: doubted.at, anchor: Some(doubted) };
        let (again, _) = StampClock::start(Some(&before), &reading(1_800_000_000 + 300 * DAY, 60));
        assert_eq!(again.anchor([1; 16]).doubted_until, doubted.doubted_until, "a restart ends no doubt");
    }

    #[test]
    fn after_a_boot_the_wall_clock_counts_unless_it_is_behind_or_absurd() {
        let last_at = Timestamp::from_seconds(1_000_000_000);
        for (wall_s, expected_s) in [
            (1_000_021_600, 1_000_021_600),
            (999_000_000, 1_000_000_000),
            (0, 1_000_000_000),
            (1_000_000_000 + 3_650 * DAY, 1_000_000_000),
        ] {
            let before = Before { last_at, anchor: anchor(last_at, 50, 9) };
            let (mut clock, _) = StampClock::start(Some(&before), &reading(wall_s, 30));
            assert_eq!(clock.stamp(&reading(wall_s, 30)), Timestamp::from_seconds(expected_s), "{wall_s}");
        }
    }
}
