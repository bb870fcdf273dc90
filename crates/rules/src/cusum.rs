//! A lasting shift of a value's mean, told from noise by the cumulative sum of log-likelihood ratios (CUSUM; Page,
//! "Continuous inspection schemes", Biometrika 41, 1954). A departure compares two means; this adds up what each reading
//! says for "shifted by so much" against "as usual", so that small shifts deep in the noise are found within a few readings.
//!
//! For a shift by δ in noise of variance σ² a reading x adds δ/σ² (x - usual - δ/2) to the score, which never falls
//! below nothing. The rule is met at `sure`: Lorden (1971) shows that independent readings with normal noise reach it by
//! chance once in e^sure readings at most. One reading adds 3 at most (likelihood of 1 in 20), so that no spike decides.
//! The usual value and its variance are exponentially weighted; while a shift is suspected they follow ten times more
//! slowly, so that the alert stays while the shift lasts, and ends once the new level has become the usual one.
//!
//! ```toml
//! [[rule]]
//! name = "flow-shift"
//! version = 1
//! kind = "cusum"
//! metric = "water_flow"
//! unit = "L/s"
//! direction = "down"            # up | down (up)
//! by = 0.1                      # the shift worth telling, in the metric's unit, or
//! by_share = 0.02               # as a share of the usual value; where both are given, the larger
//! sure = 10                     # met at that log-likelihood ratio (10)
//! usual_s = 60                  # memory of the usual value
//! usual_above = 0               # judged only where the usual value is above this, and
//! usual_below = 1.6             # below this (anywhere)
//! clear_after_s = 60            # clears when back to half of `sure` for so long (60)
//! class = "water"
//! ```

use crate::departure_keys::{MEMORY_S_MAX, check_size};
use crate::metric_keys::{CLEAR_AFTER_S, check_unit, measured_metric, seconds};
use crate::rule::{Direction, Kind};
use crate::rule_file::Draft;
use serde::{Deserialize, Serialize};
use watchfire_model::{Metric, Timestamp};
use watchfire_settings::Section;

/// Nothing is judged before so many readings: the noise must be known.
const READINGS_MIN: u16 = 30;
/// What one reading may add to the score, or take from it.
const STEP_MAX: f64 = 3.0;
/// The noise counts as at least this part of the shift: a meter that rounds shows none.
const NOISE_SHARE_MIN: f64 = 0.25;
/// A deviation counts towards the variance as four standard deviations at most.
const VARIANCE_STEP_MAX: f64 = 16.0;
/// So much more slowly the usual value follows while a shift is suspected.
const SUSPECTED: f64 = 0.1;
/// Beyond the longest memory an age no longer matters.
const AGE_S_MAX: f64 = 100_000.0;

const DIRECTIONS: [(&str, Direction); 2] = [("up", Direction::Up), ("down", Direction::Down)];

/// A rule that waits for a lasting shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    /// Of what.
    pub metric: Metric,
    /// Which way: up or down.
    pub direction: Direction,
    /// The shift worth telling, at least.
    pub by: f64,
    /// And such a share of the usual value.
    pub by_share: f64,
    /// The log-likelihood ratio at which it is met.
    pub sure: f64,
    /// Seconds of memory of the usual value.
    pub usual_s: u16,
    /// Judged only where the usual value is above this.
    pub usual_above: Option<f64>,
    /// Judged only where the usual value is below this.
    pub usual_below: Option<f64>,
    /// It must be back for that many seconds before the alert clears.
    pub clear_after_s: u32,
}

/// What is usual for a series, and what speaks for a shift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CusumTally {
    usual: f64,
    variance: f64,
    at: Timestamp,
    /// The log-likelihood ratio.
    score: f64,
    /// Since the score last left nothing: when that was, the sum of the readings and their number.
    since: Timestamp,
    sum: f64,
    readings: u16,
    /// Readings since it began, as far as that matters.
    count: u16,
    /// Seconds since it began, as far as that matters.
    age_s: f32,
}

/// What a sentence tells of a shift.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shift {
    /// The mean since the shift began.
    pub(crate) mean: f64,
    /// Over so many readings.
    pub(crate) readings: u16,
    /// Since when.
    pub(crate) since: Timestamp,
    /// Compared with this.
    pub(crate) usual: f64,
    /// Standard deviation of single readings.
    pub(crate) noise: f64,
}

impl CusumTally {
    pub(crate) fn begin(value: f64, at: Timestamp) -> CusumTally {
        let (since, sum) = (at, 0.0);
        CusumTally { usual: value, variance: 0.0, at, score: 0.0, since, sum, readings: 0, count: 1, age_s: 0.0 }
    }

    /// Takes in a reading that is newer than the last.
    pub(crate) fn observe(&mut self, cusum: &Cusum, value: f64, at: Timestamp) {
        let step_s = at.since(self.at).as_secs_f64();
        if step_s <= 0.0 {
            return;
        }
        if step_s > f64::from(cusum.usual_s) {
            *self = CusumTally::begin(value, at);
            return;
        }
        self.at = at;
        self.count = self.count.saturating_add(1);
        let known = self.count > READINGS_MIN;
        if known {
            self.weigh(cusum, value, at);
        }
        self.follow(cusum, value, step_s, known);
    }

    /// Adds what the reading says for a shift.
    fn weigh(&mut self, cusum: &Cusum, value: f64, at: Timestamp) {
        let inside = cusum.usual_above.is_none_or(|least| self.usual > least)
            && cusum.usual_below.is_none_or(|most| self.usual < most);
        let shift = cusum.by.max(cusum.by_share * self.usual.abs());
        let variance = self.variance.max((shift * NOISE_SHARE_MIN) * (shift * NOISE_SHARE_MIN));
        let away = if cusum.direction == Direction::Down { self.usual - value } else { value - self.usual };
        if !inside || variance <= 0.0 {
            self.score = 0.0;
        } else {
            let says = shift / variance * (away - shift / 2.0);
            // Twice what is wanted is enough: then it comes down again in time.
            self.score = (self.score + says.clamp(-STEP_MAX, STEP_MAX)).clamp(0.0, 2.0 * cusum.sure);
        }
        if self.score == 0.0 {
            (self.sum, self.readings) = (0.0, 0);
            return;
        }
        if self.readings == 0 {
            self.since = at;
        }
        // The mean since then, until the count is full.
        if let Some(readings) = self.readings.checked_add(1) {
            self.readings = readings;
            self.sum += value;
        }
    }

    fn follow(&mut self, cusum: &Cusum, value: f64, step_s: f64, known: bool) {
        let age_s = (f64::from(self.age_s) + step_s).min(AGE_S_MAX);
        self.age_s = single(age_s);
        let take = (step_s / (f64::from(cusum.usual_s) + step_s)).max((step_s / (age_s + step_s)).min(0.5));
        let take = if self.score >= cusum.sure / 2.0 { take * SUSPECTED } else { take };
        let away = value - self.usual;
        let square = away * away;
        let counted = if known && self.variance > 0.0 { square.min(VARIANCE_STEP_MAX * self.variance) } else { square };
        self.variance += take * (counted - self.variance);
        self.usual += take * away;
    }

    /// Whether the rule is met; `held`: it has been until now.
    pub(crate) fn is_met(&self, cusum: &Cusum, held: bool) -> bool {
        self.score >= if held { cusum.sure / 2.0 } else { cusum.sure }
    }

    /// What is told of the shift.
    pub(crate) fn told(&self) -> Shift {
        let mean = self.sum / f64::from(self.readings.max(1));
        Shift { mean, readings: self.readings, since: self.since, usual: self.usual, noise: self.variance.sqrt() }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an age needs no more than seven digits")]
fn single(number: f64) -> f32 {
    number as f32
}

/// The keys.
pub(crate) fn read_cusum(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let unit = section.optional_text("unit");
    let direction = section.choice_or("direction", Direction::Up, &DIRECTIONS);
    let by_share = section.optional_number("by_share");
    let by = if by_share.is_some() { Some(section.optional_number("by").unwrap_or(0.0)) } else { section.number("by") };
    let sure = section.optional_number("sure").unwrap_or(10.0);
    let usual_s = section.integer("usual_s", 10..=MEMORY_S_MAX);
    let usual_above = section.optional_number("usual_above");
    let usual_below = section.optional_number("usual_below");
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    let by_share = by_share.unwrap_or(0.0);
    if !(0.0..=10.0).contains(&by_share) {
        section.problem("by_share", format!("is {by_share}; use a share such as 0.02 for 2 %"));
    }
    if by_share == 0.0 {
        check_size(section, &metric, by?);
    }
    if !(STEP_MAX..=100.0).contains(&sure) {
        section
            .problem("sure", format!("is {sure}; use {STEP_MAX} to 100: by chance it is met once in e^sure readings"));
    }
    if let (Some(least), Some(most)) = (usual_above, usual_below)
        && least >= most
    {
        section
            .problem("usual_above", format!("is {least}, not less than usual_below = {most}: no value lies between"));
    }
    let usual_s = u16::try_from(usual_s?).ok()?;
    let by = by?;
    Some(Kind::Cusum(Cusum { metric, direction, by, by_share, sure, usual_s, usual_above, usual_below, clear_after_s }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cusum() -> Cusum {
        Cusum {
            metric: Metric::WaterFlow,
            direction: Direction::Down,
            by: 0.0,
            by_share: 0.02,
            sure: 10.0,
            usual_s: 60,
            usual_above: None,
            usual_below: None,
            clear_after_s: 60,
        }
    }

    /// White noise, uniform over ±`spread`, the same on every run.
    fn noise(number: i32, spread: f64) -> f64 {
        let mixed = number.wrapping_mul(1_103_515_245).wrapping_add(12_345).wrapping_mul(1_540_483_477);
        f64::from(mixed.rem_euclid(65_536)) / 32_768.0 * spread - spread
    }

    fn run(cusum: &Cusum, values: impl IntoIterator<Item = f64>) -> (CusumTally, Option<usize>) {
        let mut tally: Option<CusumTally> = None;
        let mut met = None;
        for (number, value) in values.into_iter().enumerate() {
            let at = Timestamp::from_seconds(i64::try_from(number).unwrap());
            match &mut tally {
                None => tally = Some(CusumTally::begin(value, at)),
                Some(tally) => tally.observe(cusum, value, at),
            }
            if tally.is_some_and(|tally| tally.is_met(cusum, met.is_some())) {
                met.get_or_insert(number);
            }
        }
        (tally.unwrap(), met)
    }

    #[test]
    fn noise_alone_is_no_shift() {
        let (_, met) = run(&cusum(), (0..20_000).map(|n| 1.0 + noise(n, 0.03)));
        assert_eq!(met, None);
    }

    #[test]
    fn a_shift_as_small_as_the_noise_is_found_within_half_a_minute() {
        let (tally, met) = run(&cusum(), (0..630).map(|n| if n < 600 { 1.0 } else { 0.975 } + noise(n, 0.03)));
        assert!(met.is_some_and(|met| (600..630).contains(&met)), "{met:?}");
        let told = tally.told();
        assert!((told.mean - 0.975).abs() < 0.005 && (told.usual - 1.0).abs() < 0.005, "{told:?}");
    }

    #[test]
    fn the_other_way_or_elsewhere_nothing_is_told() {
        let rises = (0..900).map(|n| if n < 600 { 1.0 } else { 1.1 } + noise(n, 0.03));
        assert_eq!(run(&cusum(), rises).1, None);
        let falls = || (0..900).map(|n| if n < 600 { 1.0 } else { 0.9 } + noise(n, 0.03));
        assert_eq!(run(&Cusum { usual_below: Some(0.8), ..cusum() }, falls()).1, None);
        assert_eq!(run(&Cusum { usual_above: Some(1.2), ..cusum() }, falls()).1, None);
    }

    #[test]
    fn spikes_decide_nothing_and_a_new_level_becomes_the_usual_one() {
        let spikes = (0..2_000).map(|n| if n % 100 == 99 { 0.0 } else { 1.0 } + noise(n, 0.03));
        assert_eq!(run(&cusum(), spikes).1, None);
        let (tally, met) = run(&cusum(), (0..4_000).map(|n| if n < 600 { 1.0 } else { 0.9 } + noise(n, 0.03)));
        assert!(met.is_some() && !tally.is_met(&cusum(), true), "{met:?} {tally:?}");
    }
}
