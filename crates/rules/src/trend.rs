//! What is usual for a series, and how far it has left that: the state behind rules of the kinds `departure` and
//! `fusion`.
//!
//! Three running means of different memory (`fast_s`, `usual_s`, `long_s`) and the noise of single readings. The *rise*
//! is the fast mean minus the usual one. For a value that climbs at a steady rate it tends to rate × (usual_s - fast_s):
//! the difference of two thermistors of different thermal lag, which is how a rate-of-rise heat detector (EN 54-5,
//! suffix R) is built. Where a `long_s` is given, the value must also have left that mean: a room that only comes back
//! to what it was half an hour ago, after a door stood open in winter, has not become hot.
//!
//! A mean takes a reading in by dt / (τ + dt), the implicit form of first-order lag: it is stable for every interval,
//! needs no exponential function and so comes out the same, bit for bit, on every machine. The fast mean never takes a
//! reading in by more than half, so that one spike moves it by half at most. While it is young, a mean is the plain
//! average of what came.
//!
//! Noise is the mean size of the step from reading to reading, as a standard deviation (for white noise the mean step is
//! 2σ/√π). A step counts for four times the noise known so far at most: neither a spike nor the onset of a fire makes the
//! series look noisy.
//!
//! After a gap longer than `usual_s` everything begins anew: readings so sparse tell no rate.

use crate::rule::{Departure, Direction};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::Timestamp;

/// Nothing is judged before so many readings.
const READINGS_MIN: u16 = 8;
/// The noise's memory, in seconds and in readings.
const NOISE_S: f64 = 300.0;
const NOISE_READINGS: f64 = 50.0;
/// Beyond the longest memory an age no longer matters.
const AGE_S_MAX: f64 = 100_000.0;
/// From mean step to standard deviation: √π / 2.
const STEP_TO_SIGMA: f64 = 0.886_226_925_452_758;
/// A step counts for at most so many times the noise known so far.
const STEP_MAX: f64 = 4.0;

/// The memories of the means, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrendSpec {
    /// Of the mean that stands for now.
    pub fast_s: u16,
    /// Of the mean that stands for what is usual.
    pub usual_s: u16,
    /// Of the mean that must have been left too; 0: none.
    pub long_s: u16,
}

/// The running means of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trend {
    pub(crate) spec: TrendSpec,
    /// Readings since it began, as far as that matters.
    count: u16,
    /// Seconds since it began, as far as that matters.
    age_s: f32,
    /// In single precision, as the age: a million devices have a few of these each.
    noise: f32,
    at: Timestamp,
    last: f64,
    fast: f64,
    usual: f64,
    long: f64,
}

/// How far a series has left its usual value, in the direction asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leaving {
    /// Never negative.
    pub(crate) by: f64,
    /// Compared with this.
    pub(crate) usual: f64,
    /// Standard deviation of single readings.
    pub(crate) noise: f64,
}

impl Trend {
    pub(crate) fn begin(spec: TrendSpec, value: f64, at: Timestamp) -> Trend {
        Trend { spec, count: 1, age_s: 0.0, noise: 0.0, at, last: value, fast: value, usual: value, long: value }
    }

    /// Takes in a reading that is newer than the last.
    pub(crate) fn observe(&mut self, value: f64, at: Timestamp) {
        let step_s = seconds(at.since(self.at));
        if step_s <= 0.0 {
            return;
        }
        if step_s > f64::from(self.spec.usual_s) {
            *self = Trend::begin(self.spec, value, at);
            return;
        }
        self.age_s = single((f64::from(self.age_s) + step_s).min(AGE_S_MAX));
        let age_s = f64::from(self.age_s);
        let take = |memory_s: u16| (step_s / (f64::from(memory_s) + step_s)).max((step_s / (age_s + step_s)).min(0.5));
        let (usual, long) = (take(self.spec.usual_s), take(self.spec.long_s));
        let fast = (step_s / (f64::from(self.spec.fast_s) + step_s)).min(0.5);
        self.count = self.count.saturating_add(1);
        self.take_noise((value - self.last).abs() * STEP_TO_SIGMA, step_s);
        self.fast += fast * (value - self.fast);
        self.usual += usual * (value - self.usual);
        if self.spec.long_s > 0 {
            self.long += long * (value - self.long);
        }
        self.last = value;
        self.at = at;
    }

    fn take_noise(&mut self, step: f64, step_s: f64) {
        let readings = f64::from(self.count).min(NOISE_READINGS);
        let share = (step_s / (NOISE_S + step_s)).max(1.0 / readings);
        // Until the noise is known, or where a maker rounds so that most steps are none, a step counts in full.
        let noise = f64::from(self.noise);
        let known = self.count > READINGS_MIN && noise > 0.0;
        let step = if known { step.min(STEP_MAX * noise) } else { step };
        self.noise = single(noise + share * (step - noise));
    }

    /// How far it has left its usual value; `None` while too little is known. Both the fast mean and the newest reading
    /// must have: a spike leaves the mean high, but is over with the next reading.
    pub(crate) fn leaving(&self, direction: Direction) -> Option<Leaving> {
        if self.count < READINGS_MIN {
            return None;
        }
        let long = if self.spec.long_s > 0 { self.long } else { self.usual };
        let up = |usual: f64| Leaving { by: self.fast.min(self.last) - usual, usual, noise: f64::from(self.noise) };
        let down = |usual: f64| Leaving { by: usual - self.fast.max(self.last), usual, noise: f64::from(self.noise) };
        let leaving = match direction {
            Direction::Up => up(self.usual.max(long)),
            Direction::Down => down(self.usual.min(long)),
            Direction::Either => {
                let (up, down) = (up(self.usual.max(long)), down(self.usual.min(long)));
                if up.by >= down.by { up } else { down }
            }
        };
        Some(Leaving { by: leaving.by.max(0.0), ..leaving })
    }
}

impl Departure {
    /// The part of what the rule waits for: 1 and more when it is there. 0 while too little is known.
    pub(crate) fn part(&self, trend: Option<&Trend>) -> f64 {
        let Some(leaving) = trend.and_then(|trend| trend.leaving(self.direction)) else { return 0.0 };
        let share = self.by_share * leaving.usual.abs();
        let wanted = self.by.max(share).max(self.noise_factor * leaving.noise);
        leaving.by / wanted
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an age and a noise need no more than seven digits")]
fn single(number: f64) -> f32 {
    number as f32
}

fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: TrendSpec = TrendSpec { fast_s: 4, usual_s: 60, long_s: 1_800 };

    fn run(values: impl IntoIterator<Item = f64>, step_s: i64) -> Trend {
        let mut trend: Option<Trend> = None;
        for (number, value) in (0i64..).zip(values) {
            let at = Timestamp::from_seconds(number * step_s);
            match &mut trend {
                None => trend = Some(Trend::begin(SPEC, value, at)),
                Some(trend) => trend.observe(value, at),
            }
        }
        trend.unwrap()
    }

    fn by(trend: &Trend) -> f64 {
        trend.leaving(Direction::Up).unwrap().by
    }

    #[test]
    fn a_steady_climb_tends_to_rate_times_lag() {
        let climb = run((0..600).map(|second| 20.0 + f64::from(second) * 10.0 / 60.0), 1);
        let wanted = 10.0 / 60.0 * (60.0 - 4.0);
        assert!((by(&climb) - wanted).abs() < 0.5, "{} is not about {wanted}", by(&climb));
    }

    #[test]
    fn one_spike_is_nothing_once_it_is_over() {
        let values: Vec<f64> = (0..100).map(|n| if n == 98 { 60.0 } else { 20.0 }).collect();
        assert_eq!(by(&run(values, 2)), 0.0);
    }

    #[test]
    fn back_to_what_it_was_before_the_door_stood_open_is_hardly_a_rise() {
        let opened = (0..600).map(|_| 21.0).chain((0..120).map(|_| 8.0));
        let warm_again = opened.chain((0..40).map(|n| 8.0 + f64::from(n) * 0.3));
        let known = by(&run(warm_again, 2));
        assert!(known < 1.5, "of 12 K in 80 s: {known}");
    }

    #[test]
    fn readings_too_sparse_tell_no_rate() {
        let trend = run((0..50).map(|n| f64::from(n) * 3.0), 600);
        assert_eq!(trend.leaving(Direction::Up), None);
    }

    #[test]
    fn noise_is_known_and_an_onset_does_not_raise_it_much() {
        let noisy = |n: i32| 20.0 + f64::from(n.wrapping_mul(7_919).rem_euclid(100)) / 100.0;
        let trend = run((0..300).map(noisy), 2);
        let known = f64::from(trend.noise);
        assert!((0.2..0.4).contains(&known), "uniform over 1 has a deviation of 0.29: {known}");
        let after = run((0..300).map(noisy).chain([30.0, 40.0, 50.0]), 2);
        assert!(f64::from(after.noise) < known * 1.5, "{} after {known}", after.noise);
    }
}
