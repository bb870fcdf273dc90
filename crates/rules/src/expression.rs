//! A formula over what one device measures, for what the other kinds lack.
//!
//! ```toml
//! [[rule]]
//! name = "battery-runaway"
//! version = 1
//! kind = "expression"
//! when = "temperature > 45.0 && power < 5.0"      # the language is in `formula.rs`
//! within_s = 600                # a reading older than this is not known (600)
//! hold_s = 60                   # for so long (0)
//! clear_after_s = 60
//! class = "early_warning"
//! ```
//! It is judged at each reading of a metric that it names. Of several points of one metric the newest counts. What is
//! not known decides nothing: only where the rest decides, as in `true || unknown`, the formula has a value.

use crate::casebook::Ground;
use crate::engine::Engine;
use crate::event::Effects;
use crate::formula::Formula;
use crate::formula_limits::pointless;
use crate::fusion::Room;
use crate::levels::evidence;
use crate::metric_keys::{CLEAR_AFTER_S, HOLD_S_MAX, seconds};
use crate::room_words;
use crate::rule::Kind;
use crate::rule_file::Draft;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{Metric, Value};
use watchfire_settings::Section;

/// Of a device with more series than this, only so many are looked through for a formula's metrics.
pub const SERIES_LOOKED_AT_MAX: usize = 256;

/// An expression rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expression {
    /// The formula.
    pub when: Formula,
    /// What is older is not known, in seconds.
    pub within_s: u32,
    /// For that many seconds.
    pub hold_s: u32,
    /// It must be over for that many seconds before the alert clears.
    pub clear_after_s: u32,
}

impl Expression {
    /// Whether the formula names that metric.
    pub(crate) fn names(&self, metric: &Metric) -> bool {
        self.when.metrics().contains(metric)
    }
}

impl Engine {
    /// Judges the formulas that name what a series measures.
    pub(crate) fn calculate(&mut self, number: u32, out: &mut Effects) {
        let series = self.fleet.series(number);
        let device = series.device;
        for place in 0..self.plans.get(series.plan).formulas.len() {
            let plan = self.plans.get(self.fleet.series(number).plan);
            let Some(rule) = plan.formulas.get(place).copied() else { return };
            let Kind::Expression(expression) = &self.rule(rule).kind else { continue };
            let known = |metric: &Metric| {
                self.newest_of(device, metric, expression.within_s).map(|series| self.fleet.series(series).value())
            };
            let met = expression.when.is_true(&known).unwrap_or(false);
            self.room_level(Room::Device(device), rule, met, device, out);
        }
    }

    /// The device's series of that metric whose newest reading came last, if it is not too old.
    fn newest_of(&self, device: u32, metric: &Metric, within_s: u32) -> Option<u32> {
        let oldest = self.stamp.at.minus(Duration::from_secs(u64::from(within_s)));
        let all = self.fleet.device(device).series.iter().take(SERIES_LOOKED_AT_MAX);
        let of_it = all.filter(|(kind, _)| self.fleet.kinds().metric(*kind) == metric).map(|(_, series)| *series);
        let fresh = of_it.filter(|series| self.fleet.series(*series).received_at >= oldest);
        fresh.max_by_key(|series| self.fleet.series(*series).received_at)
    }

    pub(crate) fn expression_ground(&self, rule: u16, expression: &Expression, lead: u32, met: bool) -> Ground {
        let (mut told, mut shown) = (Vec::new(), Vec::new());
        for metric in expression.when.metrics() {
            if let Some(series) = self.newest_of(lead, metric, expression.within_s) {
                let (reading, time) = self.newest(series);
                told.push(room_words::value_told(&reading));
                shown.push(evidence(self.fleet.device(lead).key.clone(), &reading, time.at));
            }
        }
        let label = self.label(lead);
        let reason = room_words::formula(&label, expression, &told, met);
        self.room_ground(rule, lead, reason, shown)
    }
}

/// The keys.
pub(crate) fn read_expression(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let when = section.text("when").and_then(|text| match Formula::parse(&text) {
        Ok(formula) => {
            if let Some(why) = pointless(&formula) {
                section.problem("when", why);
            }
            Some(formula)
        }
        Err(problem) => {
            section.problem("when", problem.to_string());
            None
        }
    });
    let within_s = section.integer_or("within_s", 600, 1..=HOLD_S_MAX);
    let hold_s = seconds(section, "hold_s", 0)?;
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    Some(Kind::Expression(Expression { when: when?, within_s: u32::try_from(within_s).ok()?, hold_s, clear_after_s }))
}

/// A reading's value as the formulas see it.
pub(crate) fn number(value: Value) -> f64 {
    match value {
        Value::Number(number) => number,
        Value::Bool(value) => f64::from(u8::from(value)),
    }
}
