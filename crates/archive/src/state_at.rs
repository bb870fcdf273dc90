//! How things stood at a time: the alerts that needed somebody then, and the last values of a device.

use crate::alerts::ALERTS_MAX;
use crate::downsample::SeriesPoint;
use crate::readings::Series;
use std::time::Duration;
use watchfire_model::{Alert, Timestamp, Transition};

/// Most alerts of an answer: those raised last.
pub const THEN_ALERTS_MAX: usize = ALERTS_MAX;

/// How far back a value may be. The nearer stretch is tried first, because most devices report often.
pub(crate) const LOOK_BACK: [Duration; 3] =
    [Duration::from_secs(86_400), Duration::from_secs(8 * 86_400), Duration::from_secs(100 * 86_400)];

/// The alerts of these transitions (in the order of each alert) as they were after the last of them; those that were
/// over by then are left out. By class and time: most urgent first.
pub(crate) fn alerts_of(transitions: &[Transition]) -> Vec<Alert> {
    let mut alerts = Vec::<Alert>::new();
    for transition in transitions {
        match alerts.last_mut().filter(|alert| alert.id == transition.alert) {
            Some(alert) => alert.apply(transition),
            None => alerts.push(Alert::new(transition)),
        }
    }
    alerts.retain(|alert| !alert.is_over());
    alerts.sort_by_key(|alert| (alert.class, alert.raised_at, alert.id));
    alerts
}

/// The last point of each series, of nearer answers before further ones.
pub(crate) fn last_values(found: &mut Vec<Series>, further: Vec<Series>, at: Timestamp) {
    for mut series in further {
        let same = |known: &Series| {
            (&known.point, &known.metric, &known.unit) == (&series.point, &series.metric, &series.unit)
        };
        if found.iter().any(same) {
            continue;
        }
        let last: Option<SeriesPoint> = series.points.iter().rev().find(|point| point.at <= at).copied();
        series.points = last.into_iter().collect();
        if !series.points.is_empty() {
            found.push(series);
        }
    }
    found.sort_by(|a, b| (&a.point, a.metric.to_string(), &a.unit).cmp(&(&b.point, b.metric.to_string(), &b.unit)));
}
