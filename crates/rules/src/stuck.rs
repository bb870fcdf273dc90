//! A value that does not move, though readings come: a sensor that froze, a firmware that repeats its last figure.
//!
//! ```toml
//! [[rule]]
//! name = "pressure-stuck"
//! version = 1
//! kind = "stuck"                # class is fault unless said
//! metric = "water_pressure"
//! unit = "kPa"
//! within = 0                    # it counts as unmoved within so much (0)
//! for_s = 86400                 # for so long, and in ten readings at least
//! clear_after_s = 60
//! ```

use crate::metric_keys::{CLEAR_AFTER_S, check_unit, measured_metric, seconds};
use crate::rule::Kind;
use crate::rule_file::Draft;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{Metric, Timestamp};
use watchfire_settings::Section;

/// Fewer readings than this say nothing about whether a value moves.
const READINGS_MIN: u16 = 10;

/// A stuck rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stuck {
    /// Of what.
    pub metric: Metric,
    /// What moves by no more has not moved.
    pub within: f64,
    /// For that many seconds, and ten readings at least.
    pub for_s: u32,
    /// It must move for that many seconds before the alert clears.
    pub clear_after_s: u32,
}

/// For how long a value has not moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StuckTally {
    value: f64,
    since: Timestamp,
    at: Timestamp,
    readings: u16,
}

impl StuckTally {
    pub(crate) fn begin(value: f64, at: Timestamp) -> StuckTally {
        StuckTally { value, since: at, at, readings: 1 }
    }

    pub(crate) fn observe(&mut self, stuck: &Stuck, value: f64, at: Timestamp) {
        if (value - self.value).abs() > stuck.within {
            *self = StuckTally::begin(value, at);
            return;
        }
        self.at = at.max(self.at);
        self.readings = self.readings.saturating_add(1);
    }

    pub(crate) fn is_met(&self, stuck: &Stuck) -> bool {
        self.readings >= READINGS_MIN && self.at.since(self.since) >= Duration::from_secs(u64::from(stuck.for_s))
    }

    /// For how long, and over how many readings.
    pub(crate) fn told(&self) -> (Duration, u16) {
        (self.at.since(self.since), self.readings)
    }
}

/// The keys.
pub(crate) fn read_stuck(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let unit = section.optional_text("unit");
    let within = section.optional_number("within").unwrap_or(0.0);
    let for_s = section.integer("for_s", 60..=604_800);
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    if within < 0.0 {
        section.problem("within", format!("is {within}; use 0 or more"));
    }
    Some(Kind::Stuck(Stuck { metric, within, for_s: u32::try_from(for_s?).ok()?, clear_after_s }))
}
