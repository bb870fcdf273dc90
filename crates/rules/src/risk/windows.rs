//! Sums over the last so many days, in whole days of UTC, and time that runs while something holds. Both are exact in
//! integers and change at times that can be told beforehand, so that a score needs no scan.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use watchfire_model::Timestamp;

/// Seconds of a day.
pub(crate) const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// Amounts by day; what has left the longest window is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Days(VecDeque<(i64, u64)>);

impl Days {
    pub(crate) fn add(&mut self, day: i64, amount: u64, window_days: i64) {
        while self.0.front().is_some_and(|(oldest, _)| *oldest <= day - window_days) {
            self.0.pop_front();
        }
        match self.0.back_mut() {
            Some((last, sum)) if *last >= day => *sum = sum.saturating_add(amount),
            _ => self.0.push_back((day, amount)),
        }
    }

    /// Takes back what was added on that day; nothing when that day has been dropped.
    pub(crate) fn take_back(&mut self, day: i64, amount: u64) {
        if let Some((_, sum)) = self.0.iter_mut().find(|(at, _)| *at == day) {
            *sum = sum.saturating_sub(amount);
        }
    }

    /// The sum of the last `window_days` days, today included.
    pub(crate) fn sum(&self, today: i64, window_days: i64) -> u64 {
        let inside = self.0.iter().filter(|(day, _)| *day > today - window_days);
        inside.fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// When the sum changes by itself.
    pub(crate) fn due(&self, today: i64, window_days: i64) -> Option<Timestamp> {
        let oldest = self.0.iter().find(|(day, amount)| *amount > 0 && *day > today - window_days)?;
        Some(Timestamp::from_seconds(oldest.0.saturating_add(window_days).saturating_mul(DAY_S)))
    }
}

/// Things that hold, and for how long they held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// So many hold now.
    pub(crate) open: u32,
    /// Since when that number holds, in seconds since the epoch.
    since_s: i64,
    /// Seconds, by the day on which they were counted.
    seconds: Days,
}

impl Running {
    pub(crate) fn begin(&mut self, now: Timestamp, window_days: i64) {
        self.settle(now, window_days);
        self.open = self.open.saturating_add(1);
    }

    pub(crate) fn end(&mut self, now: Timestamp, window_days: i64) {
        self.settle(now, window_days);
        self.open = self.open.saturating_sub(1);
    }

    /// Seconds of the last `window_days` days; what runs is counted up to the last full hour, and after a day up to the
    /// last midnight.
    pub(crate) fn seconds(&self, now: Timestamp, window_days: i64) -> u64 {
        let running = self.counted_until(now).saturating_sub(self.since_s).clamp(0, window_days * DAY_S);
        let running = u64::try_from(running).unwrap_or(0).saturating_mul(u64::from(self.open));
        self.seconds.sum(day_of(now), window_days).saturating_add(running)
    }

    /// When [`Running::seconds`] changes by itself.
    pub(crate) fn due(&self, now: Timestamp, window_days: i64) -> Option<Timestamp> {
        let next_hour = (hour_of(now) + 1) * HOUR_S;
        let next_day = (day_of(now) + 1) * DAY_S;
        let next = if next_hour <= self.since_s.saturating_add(DAY_S) { next_hour } else { next_day };
        let next = (self.open > 0).then(|| Timestamp::from_seconds(next));
        earlier(next, self.seconds.due(day_of(now), window_days))
    }

    /// Up to where what runs is counted: never back, in steps of an hour for a day, then of a day, so that a long outage
    /// of many sites costs little.
    fn counted_until(&self, now: Timestamp) -> i64 {
        let (hour, day) = (hour_of(now) * HOUR_S, day_of(now) * DAY_S);
        let first_day_over = self.since_s.saturating_add(DAY_S).div_euclid(HOUR_S) * HOUR_S;
        hour.min(day.max(first_day_over))
    }

    /// Writes down what has run, each day's share on its day: so it leaves the window as it came.
    fn settle(&mut self, now: Timestamp, window_days: i64) {
        let now_s = seconds_of(now);
        let mut from = self.since_s.max(now_s - window_days * DAY_S);
        while self.open > 0 && from < now_s {
            let day = from.div_euclid(DAY_S);
            let until = ((day + 1) * DAY_S).min(now_s);
            let seconds = u64::try_from(until - from).unwrap_or(0).saturating_mul(u64::from(self.open));
            self.seconds.add(day, seconds, window_days);
            from = until;
        }
        self.since_s = now_s;
    }
}

/// Whole seconds since the epoch.
pub(crate) fn seconds_of(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000)
}

/// The day of UTC, counted from the epoch.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    seconds_of(at).div_euclid(DAY_S)
}

/// The hour, counted from the epoch.
pub(crate) fn hour_of(at: Timestamp) -> i64 {
    seconds_of(at).div_euclid(HOUR_S)
}

/// The earlier of two times that may not come.
pub(crate) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_leave_the_window() {
        let mut days = Days::default();
        days.add(10, 2, 30);
        days.add(12, 1, 30);
        assert_eq!((days.sum(12, 30), days.sum(39, 30), days.sum(40, 30), days.sum(42, 30)), (3, 3, 1, 0));
        assert_eq!(days.due(12, 30), Some(Timestamp::from_seconds(40 * DAY_S)));
        days.take_back(12, 1);
        assert_eq!(days.due(41, 30), None);
    }

    #[test]
    fn time_runs_in_full_hours_and_is_settled_to_the_second() {
        let at = Timestamp::from_seconds;
        let mut running = Running::default();
        running.begin(at(1_800), 30);
        assert_eq!(running.seconds(at(3_599), 30), 0);
        assert_eq!(running.due(at(1_800), 30), Some(at(3_600)));
        assert_eq!(running.seconds(at(3_600), 30), 1_800);
        running.begin(at(7_300), 30);
        assert_eq!(running.seconds(at(7_300), 30), 5_500);
        assert_eq!(running.seconds(at(10_800), 30), 5_500 + 7_000);
        running.end(at(10_900), 30);
        running.end(at(11_000), 30);
        assert_eq!(running.seconds(at(20_000), 30), 5_500 + 7_200 + 100);
        assert_eq!(running.seconds(at(30 * DAY_S), 30), 0);
    }

    #[test]
    fn a_long_outage_is_counted_by_the_day_and_never_back() {
        let at = Timestamp::from_seconds;
        let mut running = Running::default();
        running.begin(at(10 * 3_600 + 60), 30);
        let (mut now, mut last, mut steps) = (at(10 * 3_600 + 60), 0, 0);
        while now < at(6 * DAY_S) {
            let next = running.due(now, 30).unwrap();
            assert!(next > now);
            let before = running.seconds(Timestamp(next.0 - 1), 30);
            assert_eq!(before, last, "nothing changes before it is due");
            last = running.seconds(next, 30);
            assert!(last >= before);
            (now, steps) = (next, steps + 1);
        }
        assert_eq!((steps, last), (24 + 5, 6 * 86_400 - 10 * 3_600 - 60));
    }
}
