//! The keys that name what is measured, in what unit, and for how long.

use crate::metric_limits::nearest_metric;
use watchfire_model::{Metric, Unit};
use watchfire_settings::Section;

/// A hold of more than a day is a slip of the keyboard.
pub(crate) const HOLD_S_MAX: u64 = 86_400;
/// A value that flickers about its limit must not tell the people on duty "warning, over, warning" every other second.
pub(crate) const CLEAR_AFTER_S: u64 = 60;

pub(crate) fn check_unit(section: &mut Section<'_>, metric: &Metric, said: Option<&str>) {
    let canonical = metric.unit().map(Unit::code);
    match (said, canonical) {
        (Some(said), Some(code)) if said != code => {
            section.problem(
                "unit",
                format!(
                    "`{metric}` is judged in `{code}`, not in `{said}`; convert the limit and write unit = \"{code}\""
                ),
            );
        }
        (None, Some(code)) => {
            section.problem("unit", format!("is missing: write unit = \"{code}\", and the limit in it"));
        }
        // A maker's own unit is not known: what is written is for the reader.
        _ => {}
    }
}

/// The rule's metric, when it is one that is measured.
pub(crate) fn measured_metric(section: &mut Section<'_>) -> Option<Metric> {
    let text = section.text("metric")?;
    match known_metric(&text) {
        Ok(metric) if metric.is_boolean() == Some(true) => {
            section.problem("metric", format!("`{metric}` is true or false; use kind = \"device_alarm\""));
            None
        }
        Ok(metric) => Some(metric),
        Err(message) => {
            section.problem("metric", message);
            None
        }
    }
}

pub(crate) fn known_metric(text: &str) -> Result<Metric, String> {
    Metric::from_name(text).ok_or_else(|| match nearest_metric(text) {
        Some(near) => format!("`{text}` is not a metric; did you mean `{near}`?"),
        None => format!("`{text}` is not a metric; a maker's own is written `vendor.{text}`"),
    })
}

/// A time of at most a day.
pub(crate) fn seconds(section: &mut Section<'_>, key: &str, default: u64) -> Option<u32> {
    u32::try_from(section.integer_or(key, default, 0..=HOLD_S_MAX)).ok()
}
