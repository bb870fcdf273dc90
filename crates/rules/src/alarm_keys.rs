//! The keys of rules about devices' own alarms.

use crate::metric_keys::{HOLD_S_MAX, known_metric};
use crate::rule::Kind;
use crate::rule_file::Draft;
use crate::standard_alarms::{alarm_clear_after_s, life_class, never_raises};
use watchfire_model::{Class, Metric};
use watchfire_settings::Section;

pub(crate) fn read_device_alarm(section: &mut Section<'_>, draft: &mut Draft<'_>) -> Option<Kind> {
    let class = draft.class;
    let mut named = 0;
    let metrics = section.list("metrics", |text| {
        named += 1;
        let metric = known_metric(text)?;
        if never_raises(&metric) {
            return Err(format!("`{text}` never raises an alert; leave it out"));
        }
        if metric.is_boolean() == Some(false) {
            return Err(format!("`{text}` is a measured value, not an alarm; use kind = \"threshold\""));
        }
        Ok(metric)
    });
    let hold_s = section.integer_or("hold_s", 0, 0..=HOLD_S_MAX);
    let life = metrics.iter().find_map(life_class);
    let usual = alarm_clear_after_s(life.or(class).unwrap_or(Class::Information));
    let clear_after_s = section.integer_or("clear_after_s", usual.into(), 0..=HOLD_S_MAX);
    if named == 0 {
        section.problem("metrics", "names no metric; name at least one, such as \"smoke_alarm\"");
        return None;
    }
    for metric in &metrics {
        check_life(section, metric, draft, hold_s, clear_after_s);
        if draft.scope.is_everywhere()
            && draft.hours.is_none()
            && !draft.quiet
            && let Some(first) = draft.seen.alarms.insert(metric.clone(), draft.name.unwrap_or("?").to_owned())
        {
            section.problem(
                "metrics",
                format!("`{metric}` is covered by rule `{first}` already; leave it in one of them"),
            );
        }
    }
    let (hold_s, clear_after_s) = (u32::try_from(hold_s).ok()?, u32::try_from(clear_after_s).ok()?);
    Some(Kind::DeviceAlarm { metrics: metrics.into_iter().collect(), hold_s, clear_after_s })
}

/// No rule weakens or delays an alarm about life.
fn check_life(section: &mut Section<'_>, metric: &Metric, draft: &Draft<'_>, hold_s: u64, clear_after_s: u64) {
    let Some(least) = life_class(metric).filter(|_| !draft.quiet) else { return };
    if draft.class.is_some_and(|class| class > least) {
        section.problem("class", format!("`{metric}` raises at least `{}`; use that", least.as_str()));
    }
    if hold_s > 0 {
        section.problem("hold_s", format!("`{metric}` alarms at once; leave hold_s out"));
    }
    if clear_after_s > 0 {
        section.problem("clear_after_s", format!("`{metric}` tells at once how it is; leave clear_after_s out"));
    }
}
