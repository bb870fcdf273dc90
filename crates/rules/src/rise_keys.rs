//! The keys of rules about the rate of rise, in the manner of EN 54-5: "so many kelvins a minute, and so many in all".
//!
//! It is a departure in other words. A fast mean and one that lags by `over_s` differ, for a value that climbs steadily,
//! by rate × lag in the end and by 63 % of that after one lag, as the two elements of a rate-of-rise detector do. That is
//! the size asked for, so that a climb of just that rate is told when it has lasted for about `over_s`, and a faster one
//! sooner. Written so, nobody has to work that out.
//!
//! ```toml
//! [[rule]]
//! name = "heat-rise"
//! version = 1
//! kind = "rate_of_rise"
//! metric = "temperature"
//! unit = "Cel"
//! per_min = 10                  # so fast; less than 0: it falls
//! over_s = 60                   # measured over about so long (60)
//! rise = 5                      # and at least so much in all (0)
//! noise_factor = 3
//! hold_s = 0
//! clear_after_s = 300
//! class = "early_warning"
//! ```

use crate::metric_keys::{check_unit, measured_metric, seconds};
use crate::metric_limits::possible;
use crate::rule::{Departure, Direction, Kind};
use crate::rule_file::Draft;
use crate::trend::TrendSpec;
use watchfire_model::Unit;
use watchfire_settings::Section;

/// A rise is over when people had time to see it.
const CLEAR_AFTER_S: u64 = 300;
/// The mean that stands for now follows in a fifteenth of the time over which the rate is measured.
const FAST_SHARE: u64 = 15;
/// Of the final difference of the means, so much is there after one lag: 1 - 1/e.
const AFTER_ONE_LAG: f64 = 0.632;

pub(crate) fn read_rise(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let metric = measured_metric(section);
    let unit = section.optional_text("unit");
    let per_min = section.number("per_min");
    let over_s = section.integer_or("over_s", 60, 15..=3_600);
    let rise = section.optional_number("rise").unwrap_or(0.0);
    let noise_factor = section.optional_number("noise_factor").unwrap_or(3.0);
    let hold_s = seconds(section, "hold_s", 0)?;
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    let (metric, per_min) = (metric?, per_min?);
    check_unit(section, &metric, unit.as_deref());
    if per_min == 0.0 {
        section.problem("per_min", "is 0; use more, or less than 0 for a fall");
    }
    for (key, figure) in [("rise", rise), ("noise_factor", noise_factor)] {
        if figure < 0.0 {
            section.problem(key, format!("is {figure}; use 0 or more"));
        }
    }
    let fast_s = (over_s / FAST_SHARE).max(2);
    let spec = TrendSpec { fast_s: u16::try_from(fast_s).ok()?, usual_s: u16::try_from(over_s).ok()?, long_s: 0 };
    let lag_min = f64::from(spec.usual_s - spec.fast_s) / 60.0;
    let direction = if per_min < 0.0 { Direction::Down } else { Direction::Up };
    let by = (per_min.abs() * lag_min * AFTER_ONE_LAG).max(rise);
    if let Some((least, most)) = possible(&metric)
        && by >= most - least
    {
        let unit = metric.unit().map_or("", Unit::code);
        let why = format!(
            "over {over_s} s that is a change by {by:.0}, and {metric} goes from {least} to {most} {unit}; use less"
        );
        let key = if rise == by { "rise" } else { "per_min" };
        section.problem(key, why);
    }
    Some(Kind::Departure {
        departure: Departure { metric, direction, by, by_share: 0.0, noise_factor, spec },
        hold_s,
        clear_after_s,
    })
}
