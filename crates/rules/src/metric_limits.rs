//! What readings of a metric can be at all, and which metric a misspelt one was meant to be.

use std::collections::BTreeSet;
use watchfire_model::{Metric, Unit};

/// The least and the greatest figure that makes sense in a rule; `None`: anything does.
pub(crate) fn possible(metric: &Metric) -> Option<(f64, f64)> {
    let range = match metric.unit()? {
        // A room in flashover passes 1000 °C; a cold store is at -60 °C.
        Unit::Celsius => (-60.0, 1_400.0),
        Unit::RelativeHumidity | Unit::PercentLel | Unit::Percent | Unit::VolumePercent => (0.0, 100.0),
        Unit::DecibelPerMetre => (0.0, 100.0),
        Unit::PartsPerMillion => (0.0, 1_000_000.0),
        Unit::DecibelMilliwatt => (-200.0, 50.0),
        Unit::Volt => (-1_000_000.0, 1_000_000.0),
        Unit::Kilopascal => (-101.325, 1_000_000.0),
        Unit::Metre => (-1_000.0, 10_000.0),
        Unit::Milliampere | Unit::Ampere | Unit::MetrePerSecond | Unit::CubicMetrePerMinute => {
            (-1_000_000.0, 1_000_000.0)
        }
        Unit::Watt | Unit::KilowattHour | Unit::LitrePerSecond | Unit::Second | Unit::One => return None,
    };
    Some(range)
}

/// Between these no rule may call a reading impossible: rooms and fires were seen there, and a value that cannot be is
/// judged by no other rule. `None`: nothing is known.
pub(crate) fn seen(metric: &Metric) -> Option<(f64, f64)> {
    let range = match metric.unit()? {
        // An unheated hall in the far north; the gases below the ceiling in a flashover.
        Unit::Celsius => (-40.0, 1_100.0),
        Unit::RelativeHumidity | Unit::PercentLel | Unit::Percent => (0.0, 100.0),
        // Nobody sees a hand before his eyes.
        Unit::DecibelPerMetre => (0.0, 30.0),
        // Carbon monoxide of a fire that lacks air.
        Unit::PartsPerMillion => (0.0, 10_000.0),
        _ => return None,
    };
    Some(range)
}

/// The metric whose name shares the most pairs of letters with what was written, if that is at least half of them.
pub(crate) fn nearest_metric(written: &str) -> Option<String> {
    nearest(written, Metric::CANONICAL.iter().map(Metric::to_string))
}

/// The name that shares the most pairs of letters with what was written, if that is at least half of them.
pub(crate) fn nearest(written: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let wanted = pairs(written);
    let scored = names.map(|name| {
        let pairs = pairs(&name);
        (2 * pairs.intersection(&wanted).count(), pairs.len() + wanted.len(), name)
    });
    let near = scored.filter(|(shared, all, _)| shared * 2 >= *all);
    near.max_by(|(a, all_a, _), (b, all_b, _)| (a * all_b).cmp(&(b * all_a))).map(|(_, _, name)| name)
}

fn pairs(text: &str) -> BTreeSet<(char, char)> {
    text.chars().zip(text.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_keyboard_are_understood() {
        for (written, meant) in
            [("smokealarm", "smoke_alarm"), ("temperatur", "temperature"), ("smoke_obscurtion", "smoke_obscuration")]
        {
            assert_eq!(nearest_metric(written).as_deref(), Some(meant));
        }
        assert_eq!(nearest_metric("zzz"), None);
    }
}
