//! An alarm or state that comes and goes too often: a loose contact, a detector at the edge. Told as a fault beside the alarm
//! itself, which goes on alarming.
//!
//! ```toml
//! [[rule]]
//! name = "alarm-flaps"
//! version = 1
//! kind = "flapping"             # class is fault unless said
//! metrics = ["smoke_alarm"]
//! times = 6                     # so many changes (2 to 32)
//! window_s = 600                # in so long
//! clear_after_s = 600           # clears when it was quiet, half as often, for so long (window_s)
//! ```

use crate::metric_keys::{HOLD_S_MAX, known_metric};
use crate::rule::Kind;
use crate::rule_file::Draft;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use watchfire_model::{Metric, Timestamp};
use watchfire_settings::Section;

/// A flapping rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flapping {
    /// Of what: true or false each.
    pub metrics: BTreeSet<Metric>,
    /// So many changes.
    pub times: u16,
    /// In so many seconds.
    pub window_s: u32,
    /// Half as many for that many seconds before the alert clears.
    pub clear_after_s: u32,
}

/// The latest changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlapTally {
    last: bool,
    /// At most as many as the rule asks for, oldest first.
    changes: Vec<Timestamp>,
}

impl FlapTally {
    pub(crate) fn begin(value: bool) -> FlapTally {
        FlapTally { last: value, changes: Vec::new() }
    }

    pub(crate) fn observe(&mut self, flapping: &Flapping, value: bool, at: Timestamp) {
        let window = Duration::from_secs(u64::from(flapping.window_s));
        self.changes.retain(|change| at.since(*change) < window);
        if value != self.last {
            self.last = value;
            if self.changes.len() >= usize::from(flapping.times) {
                self.changes.remove(0);
            }
            self.changes.push(at);
        }
    }

    pub(crate) fn is_met(&self, flapping: &Flapping, held: bool) -> bool {
        let times = usize::from(flapping.times);
        if held { self.changes.len() * 2 > times } else { self.changes.len() >= times }
    }

    pub(crate) fn changes(&self) -> usize {
        self.changes.len()
    }
}

/// The keys.
pub(crate) fn read_flapping(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let metrics = section.list("metrics", |text| {
        let metric = known_metric(text)?;
        if metric.is_boolean() == Some(false) {
            return Err(format!("`{text}` is a measured value: it does not come and go"));
        }
        Ok(metric)
    });
    let times = section.integer("times", 2..=32);
    let window_s = section.integer("window_s", 10..=HOLD_S_MAX);
    let clear_after_s = section.integer_or("clear_after_s", window_s.unwrap_or(600), 0..=HOLD_S_MAX);
    if !section.has("metrics") {
        section.problem("metrics", "is missing: name at least one, such as \"smoke_alarm\"");
    }
    Some(Kind::Flapping(Flapping {
        metrics: metrics.into_iter().collect(),
        times: u16::try_from(times?).ok()?,
        window_s: u32::try_from(window_s?).ok()?,
        clear_after_s: u32::try_from(clear_after_s).ok()?,
    }))
}
