//! The keys of rules that compare a value with limits: `threshold` and `impossible`.

use crate::metric_keys::{CLEAR_AFTER_S, check_unit, measured_metric, seconds};
use crate::metric_limits::{possible, seen};
use crate::rule::{Kind, Level};
use crate::rule_file::Draft;
use watchfire_model::{Metric, Unit};
use watchfire_settings::Section;

pub(crate) fn read_threshold(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let (above, below) = (section.optional_number("above"), section.optional_number("below"));
    let unit = section.optional_text("unit");
    let hysteresis = section.optional_number("hysteresis").unwrap_or(0.0);
    let hold_s = seconds(section, "hold_s", 0);
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S);
    let both = (section.has("above"), section.has("below"));
    let level = match both {
        (true, true) => {
            section.problem("below", "stands beside `above`; write two rules, one for each side");
            None
        }
        (false, false) => {
            section.problem("", "has no limit: add `above` or `below`");
            None
        }
        _ => above.map(Level::Above).or(below.map(Level::Below)),
    };
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    let level = level?;
    check_level(section, &metric, level, hysteresis);
    Some(Kind::Threshold { metric, level, hysteresis, hold_s: hold_s?, clear_after_s: clear_after_s? })
}

/// Limits that no reading can pass, and ways back that no reading can reach, are slips.
fn check_level(section: &mut Section<'_>, metric: &Metric, level: Level, hysteresis: f64) {
    let (key, limit) = match level {
        Level::Above(limit) => ("above", limit),
        Level::Below(limit) => ("below", limit),
    };
    let unit = metric.unit().map_or("", Unit::code);
    if hysteresis < 0.0 {
        section.problem("hysteresis", format!("is {hysteresis}; use 0 or more"));
        return;
    }
    let Some((least, most)) = possible(metric) else { return };
    if limit <= least && matches!(level, Level::Below(_)) || limit >= most && matches!(level, Level::Above(_)) {
        section.problem(key, format!("is {limit}: {metric} goes from {least} to {most} {unit}; use a limit between"));
        return;
    }
    if limit < least || limit > most {
        section.problem(key, format!("is {limit}: every {metric} from {least} to {most} {unit} would alarm"));
        return;
    }
    let back = level.way_back(hysteresis);
    let beyond_zero = matches!(level, Level::Above(_)) && limit > 0.0 && back <= 0.0;
    if hysteresis > 0.0 && (beyond_zero || back <= least || back >= most) {
        section
            .problem("hysteresis", format!("is {hysteresis}: the alert would clear only at {back} {unit}; use less"));
    }
}

/// What a fire or a cold room reaches is not impossible: such a rule would hide it from every other one.
fn check_seen(section: &mut Section<'_>, metric: &Metric, below: Option<f64>, above: Option<f64>) {
    let Some((least, most)) = seen(metric) else { return };
    let unit = metric.unit().map_or("", Unit::code);
    if let Some(below) = below.filter(|below| *below > least) {
        section.problem("below", format!("is {below}: {metric} of {least} {unit} is possible; use that or less"));
    }
    if let Some(above) = above.filter(|above| *above < most) {
        let why = format!("is {above}: {metric} of {most} {unit} is possible, and would hide a fire; use that or more");
        section.problem("above", why);
    }
}

pub(crate) fn read_impossible(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let (below, above) = (section.optional_number("below"), section.optional_number("above"));
    let unit = section.optional_text("unit");
    let hold_s = seconds(section, "hold_s", 0);
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S);
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    match (below, above) {
        (None, None) => section.problem("", "has no limit: add `above` or `below`, or both"),
        (Some(below), Some(above)) if below >= above => {
            section.problem("below", format!("is {below}, not less than above = {above}: nothing would be possible"));
        }
        _ => check_seen(section, &metric, below, above),
    }
    Some(Kind::Impossible { metric, below, above, hold_s: hold_s?, clear_after_s: clear_after_s? })
}
