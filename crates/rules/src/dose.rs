//! What harms by amount and time adds up: carbon monoxide. An alarm of EN 50291-1 sounds after a time that depends on the
//! concentration; what happens while the concentration changes follows from taking each alarm time as a full dose.
//!
//! The steps say after which time a steady value alarms. Its reciprocal is the *rate* at which the dose is taken up;
//! between two steps the rate lies on a straight line (uptake by the blood is proportional to the concentration), above
//! the last it grows in proportion, below the first nothing is taken up and the dose fades. A value stands until the
//! next reading, so that a device which only reports changes alarms too, by a timer.
//!
//! ```toml
//! [[rule]]
//! name = "co-dose"
//! version = 1
//! kind = "dose"                 # class is co unless said
//! metric = "co"
//! unit = "ppm"
//! forget_s = 14400              # a full dose fades in that time below the first step (14400)
//! clear_after_s = 60            # clears when below the first step for so long (60)
//! [[rule.steps]]                # at least two, rising
//! at = 50
//! after_s = 4500
//! ```

use crate::casebook::Cause;
use crate::engine::Engine;
use crate::event::Effects;
use crate::event_time::EventTime;
use crate::levels::Telling;
use crate::metric_keys::{CLEAR_AFTER_S, check_unit, measured_metric, seconds};
use crate::rule::Kind;
use crate::rule_file::Draft;
use crate::series::Phase;
use crate::tally::Tally;
use crate::timers::Timer;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{Metric, Reading, Timestamp};
use watchfire_settings::Section;

/// A full dose of carbon monoxide leaves the blood of a person at rest in four to five hours.
const FORGET_S: u64 = 14_400;
/// A value that stands for longer than this without a reading is not believed any further.
const STANDS_S_MAX: f64 = 7_200.0;
/// No step is longer.
const REMAINING_S_MAX: f64 = 604_800.0;
/// More steps than this are more than a table of a standard has.
const STEPS_MAX: usize = 16;

/// A dose rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dose {
    /// Of what.
    pub metric: Metric,
    /// A value, and after how many seconds it alarms when it is steady; rising values, falling times.
    pub steps: Vec<(f64, u32)>,
    /// A full dose fades in so many seconds.
    pub forget_s: u32,
    /// Seconds below the first step before the alert clears.
    pub clear_after_s: u32,
}

/// What a series has taken up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DoseTally {
    /// 1 is the alarm.
    dose: f64,
    /// The value that stands, the rate that it gives, per second, and since when.
    value: f64,
    rate: f64,
    at: Timestamp,
    /// Since when the dose grows, and the sum of value times seconds since then: for the sentence.
    since: Timestamp,
    sum: f64,
    /// When the timer rings, by the journal's time.
    pub(crate) due: Option<Timestamp>,
}

impl Dose {
    /// The part of a dose that a value gives each second.
    fn rate(&self, value: f64) -> f64 {
        let rate = |after_s: u32| 1.0 / f64::from(after_s.max(1));
        let mut below: Option<(f64, u32)> = None;
        for (at, after_s) in &self.steps {
            if value < *at {
                return below.map_or(0.0, |(low, low_s)| {
                    let share = (value - low) / (at - low);
                    rate(low_s) + share * (rate(*after_s) - rate(low_s))
                });
            }
            below = Some((*at, *after_s));
        }
        below.map_or(0.0, |(last, after_s)| rate(after_s) * value / last)
    }
}

impl DoseTally {
    pub(crate) fn begin(dose: &Dose, value: f64, at: Timestamp) -> DoseTally {
        DoseTally { dose: 0.0, value, rate: dose.rate(value), at, since: at, sum: 0.0, due: None }
    }

    /// Takes in a reading: the value before stood until now.
    pub(crate) fn observe(&mut self, dose: &Dose, value: f64, at: Timestamp) {
        let stood_s = at.since(self.at).as_secs_f64().min(STANDS_S_MAX);
        if self.rate > 0.0 {
            self.dose = (self.dose + self.rate * stood_s).min(1.0);
        } else {
            self.dose = (self.dose - stood_s / f64::from(dose.forget_s.max(1))).max(0.0);
        }
        let rate = dose.rate(value);
        if self.dose == 0.0 && self.rate == 0.0 {
            (self.since, self.sum) = (at, 0.0);
        } else {
            self.sum += self.value * stood_s;
        }
        (self.value, self.rate, self.at) = (value, rate, at.max(self.at));
    }

    /// Whether the value is one that is taken up.
    pub(crate) fn grows(&self) -> bool {
        self.rate > 0.0
    }

    fn is_full(&self) -> bool {
        self.dose >= 1.0
    }

    /// How long until the dose is full, when the value stays.
    fn remaining(&self) -> Duration {
        let seconds = (1.0 - self.dose) / self.rate;
        // Not a number where nothing is taken up: then nobody asks.
        Duration::try_from_secs_f64(seconds.clamp(0.0, REMAINING_S_MAX)).unwrap_or_default()
    }

    /// The mean of the value since the dose began to grow, and the minutes since then.
    pub(crate) fn told(&self, until: Timestamp) -> (f64, u64) {
        let stood_s = until.since(self.at).as_secs_f64();
        let all = until.since(self.since);
        let mean = if all.is_zero() { self.value } else { (self.sum + self.value * stood_s) / all.as_secs_f64() };
        (mean, all.as_secs() / 60)
    }
}

impl Engine {
    /// A reading for a dose whose alert does not hold yet: full now, or when its timer rings.
    pub(crate) fn fill(&mut self, number: u32, rule: u16, reading: &Reading, time: EventTime, out: &mut Effects) {
        let now = self.stamp.at;
        let Some(Tally::Dose(tally)) = self.fleet.series_mut(number).tally_mut(rule) else { return };
        let (grows, full, remaining) = (tally.grows(), tally.is_full(), tally.remaining());
        let before = tally.due.take();
        let due = (grows && !full).then(|| now.plus(remaining));
        tally.due = due;
        let timer = Timer::Hold { series: number, rule };
        if let Some(before) = before {
            self.timers.cancel(before, timer);
        }
        if let Some(due) = due {
            self.timers.set(due, timer);
        }
        if grows && full {
            self.fleet.series_mut(number).slot_or_new(rule).met_at = time.at;
            let ground = self.ground(number, rule, reading, time, Telling::Met);
            return self.begin(Cause::Series { series: number, rule }, ground, out);
        }
        if !grows && self.fleet.series(number).slot(rule).is_none() {
            return;
        }
        let slot = self.fleet.series_mut(number).slot_or_new(rule);
        slot.met_at = time.at;
        slot.hold.phase = match (slot.hold.phase, grows) {
            (_, false) => Phase::Idle,
            (Phase::Pending { since }, true) => Phase::Pending { since },
            (_, true) => Phase::Pending { since: now },
        };
    }
}

/// The keys.
pub(crate) fn read_dose(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let unit = section.optional_text("unit");
    let forget_s = section.integer_or("forget_s", FORGET_S, 60..=604_800);
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    let mut before: Option<(f64, u32)> = None;
    let steps = section.array("steps", |step| {
        let (at, after_s) = (step.number("at")?, u32::try_from(step.integer("after_s", 1..=604_800)?).ok()?);
        if let Some((low, low_s)) = before.filter(|(low, low_s)| at <= *low || after_s >= *low_s) {
            step.problem(
                "at",
                format!(
                    "is {at} after {after_s} s, the step before {low} after {low_s} s: a higher value alarms sooner"
                ),
            );
        }
        before = Some((at, after_s));
        Some((at, after_s))
    });
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    if !section.has("steps") || (1..2).contains(&steps.len()) {
        section.problem("", "needs at least two steps: add [[rule.steps]] with `at` and `after_s`");
        return None;
    }
    if steps.len() > STEPS_MAX {
        section.problem("steps", format!("has {} of them; use at most {STEPS_MAX}", steps.len()));
    }
    if steps.iter().any(|(at, _)| *at <= 0.0) {
        section.problem("steps", "has a value that is not more than 0");
    }
    Some(Kind::Dose(Dose { metric, steps, forget_s: u32::try_from(forget_s).ok()?, clear_after_s }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carbon_monoxide() -> Dose {
        let steps = vec![(30.0, 9_000), (50.0, 4_500), (100.0, 1_500), (300.0, 90)];
        Dose { metric: Metric::Co, steps, forget_s: 14_400, clear_after_s: 60 }
    }

    /// Minutes until a steady value alarms, at one reading a minute.
    fn minutes(ppm: f64) -> Option<i64> {
        let dose = carbon_monoxide();
        let mut tally = DoseTally::begin(&dose, ppm, Timestamp::EPOCH);
        (1..600).find(|minute| {
            tally.observe(&dose, ppm, Timestamp::from_seconds(minute * 60));
            tally.grows() && tally.is_full()
        })
    }

    #[test]
    fn alarm_times_are_those_of_the_standard() {
        assert_eq!(minutes(29.9), None);
        assert!(minutes(30.0).unwrap() > 120);
        assert!((60..=90).contains(&minutes(50.0).unwrap()));
        assert!((10..=40).contains(&minutes(100.0).unwrap()));
        assert!(minutes(300.0).unwrap() < 3);
        let times: Vec<i64> = (3..60).map(|tens| minutes(f64::from(tens) * 10.0).unwrap()).collect();
        assert!(times.is_sorted_by(|before, after| before >= after), "{times:?}");
    }

    #[test]
    fn a_dose_adds_up_over_changes_and_fades() {
        let dose = carbon_monoxide();
        let at = |minute: i64| Timestamp::from_seconds(minute * 60);
        let mut tally = DoseTally::begin(&dose, 100.0, at(0));
        tally.observe(&dose, 50.0, at(20));
        assert!((tally.dose - 0.8).abs() < 1e-9);
        assert_eq!(tally.remaining().as_secs().div_ceil(60), 15);
        tally.observe(&dose, 0.0, at(25));
        tally.observe(&dose, 0.0, at(85));
        tally.observe(&dose, 0.0, at(145));
        tally.observe(&dose, 0.0, at(205));
        tally.observe(&dose, 0.0, at(265));
        assert_eq!(tally.dose, 0.0);
    }
}
