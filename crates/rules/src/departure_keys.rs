//! The keys of rules that judge departures from what is usual.
//!
//! ```toml
//! [[rule]]
//! name = "heat-rise"
//! version = 1
//! kind = "departure"
//! metric = "temperature"
//! unit = "Cel"
//! direction = "up"              # up | down | either (up)
//! by = 10                       # so far from its usual value
//! by_share = 0.02               # and by such a share of it (0; by may be left out where it is given)
//! noise_factor = 3              # and so many times the noise of its readings (3)
//! fast_s = 4                    # memory of the mean that stands for now (4)
//! usual_s = 60                  # memory of the mean that stands for what is usual
//! long_s = 1800                 # a longer mean that must be left too; 0: none (0)
//! hold_s = 10                   # for so long, and at least two readings (0)
//! clear_after_s = 300           # clears only when back by half for so long (300)
//! class = "early_warning"
//!
//! [[rule]]
//! name = "smoke-and-heat"
//! version = 1
//! kind = "fusion"
//! hold_s = 6                    # for so long, and at least two readings, where one sense speaks alone (0)
//! together_s = 2                # the same where two or more do (hold_s)
//! clear_after_s = 300
//! class = "early_warning"
//! [[rule.senses]]               # the same keys as a departure, and:
//! metric = "temperature"
//! unit = "Cel"
//! by = 1.4
//! usual_s = 60
//! weight = 1                    # what it counts for in full (1); the rule is met when the sum is 1
//! [[rule.discounts]]            # the same keys as a departure, and:
//! metric = "humidity"
//! unit = "%RH"
//! by = 5
//! usual_s = 120
//! of = ["smoke_obscuration"]    # these senses count
//! factor = 0.3                  # only for so much while it is met
//! hours = ["17:00-20:00"]       # at these hours of the site, see schedule.rs (at any)
//! ```

use crate::metric_keys::{check_unit, known_metric, measured_metric, seconds};
use crate::metric_limits::possible;
use crate::rule::{Departure, Direction, Discount, Fusion, Kind, Sense};
use crate::rule_file::Draft;
use crate::schedule::read_hours;
use crate::trend::TrendSpec;
use std::collections::BTreeSet;
use watchfire_model::{Metric, Unit};
use watchfire_settings::Section;

/// Longer memories than half a day no longer mean "usual".
pub(crate) const MEMORY_S_MAX: u64 = 43_200;
/// A departure from the usual value is over when people had time to see it.
const CLEAR_AFTER_S: u64 = 300;
/// More senses than this are more than anybody can weigh.
const SENSES_MAX: usize = 8;

const DIRECTIONS: [(&str, Direction); 3] =
    [("up", Direction::Up), ("down", Direction::Down), ("either", Direction::Either)];

pub(crate) fn read_departure_rule(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let departure = read_departure(section);
    let hold_s = seconds(section, "hold_s", 0)?;
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    Some(Kind::Departure { departure: departure?, hold_s, clear_after_s })
}

pub(crate) fn read_fusion(section: &mut Section<'_>, _: &mut Draft<'_>) -> Option<Kind> {
    let hold_s = seconds(section, "hold_s", 0)?;
    let together_s = seconds(section, "together_s", u64::from(hold_s))?;
    let clear_after_s = seconds(section, "clear_after_s", CLEAR_AFTER_S)?;
    if together_s > hold_s {
        section.problem(
            "together_s",
            format!("is {together_s}, more than hold_s = {hold_s}: senses that agree need less time"),
        );
    }
    let senses = section.array("senses", read_sense);
    let named: BTreeSet<Metric> = senses.iter().map(|sense| sense.departure.metric.clone()).collect();
    let discounts = section.array("discounts", |discount| read_discount(discount, &named));
    if !section.has("senses") {
        section.problem("", "has no senses: add at least one [[rule.senses]]");
        return None;
    }
    if senses.len() > SENSES_MAX {
        section.problem("senses", format!("has {} of them; use at most {SENSES_MAX}", senses.len()));
    }
    let sum: f64 = senses.iter().map(|sense| sense.weight).sum();
    if !senses.is_empty() && sum < 1.0 {
        section.problem("senses", format!("have weights that sum up to {sum}: the rule is met at 1, so never"));
    }
    Some(Kind::Fusion(Fusion { senses, discounts, hold_s, together_s, clear_after_s }))
}

fn read_sense(section: &mut Section<'_>) -> Option<Sense> {
    let departure = read_departure(section);
    let weight = section.optional_number("weight").unwrap_or(1.0);
    if !(weight > 0.0 && weight <= 1.0) {
        section.problem("weight", format!("is {weight}; use more than 0 and at most 1"));
    }
    Some(Sense { departure: departure?, weight })
}

fn read_discount(section: &mut Section<'_>, senses: &BTreeSet<Metric>) -> Option<Discount> {
    let departure = read_departure(section);
    let of = section.list("of", |text| {
        let metric = known_metric(text)?;
        if senses.contains(&metric) { Ok(metric) } else { Err(format!("`{text}` is none of the rule's senses")) }
    });
    let factor = section.number("factor")?;
    if !(0.0..1.0).contains(&factor) {
        section.problem("factor", format!("is {factor}; use 0 or more, and less than 1"));
    }
    let hours = read_hours(section);
    Some(Discount { departure: departure?, hours, of: of.into_iter().collect(), factor })
}

fn read_departure(section: &mut Section<'_>) -> Option<Departure> {
    let metric = measured_metric(section);
    let unit = section.optional_text("unit");
    let direction = section.choice_or("direction", Direction::Up, &DIRECTIONS);
    let by_share = section.optional_number("by_share");
    let by = if by_share.is_some() { Some(section.optional_number("by").unwrap_or(0.0)) } else { section.number("by") };
    let noise_factor = section.optional_number("noise_factor").unwrap_or(3.0);
    let fast_s = section.integer_or("fast_s", 4, 0..=3_600);
    let usual_s = section.integer("usual_s", 10..=MEMORY_S_MAX);
    let long_s = section.integer_or("long_s", 0, 0..=MEMORY_S_MAX);
    let metric = metric?;
    check_unit(section, &metric, unit.as_deref());
    let (by, usual_s) = (by?, usual_s?);
    let by_share = by_share.unwrap_or(0.0);
    if !(0.0..=10.0).contains(&by_share) {
        section.problem("by_share", format!("is {by_share}; use a share such as 0.02 for 2 %"));
    }
    if by_share == 0.0 {
        check_size(section, &metric, by);
    }
    if noise_factor < 0.0 {
        section.problem("noise_factor", format!("is {noise_factor}; use 0 or more"));
    }
    if fast_s * 2 > usual_s {
        section.problem("fast_s", format!("is {fast_s}: use at most half of usual_s = {usual_s}"));
    }
    if long_s != 0 && long_s < usual_s {
        section.problem("long_s", format!("is {long_s}: use more than usual_s = {usual_s}, or 0"));
    }
    let spec = TrendSpec {
        fast_s: u16::try_from(fast_s).ok()?,
        usual_s: u16::try_from(usual_s).ok()?,
        long_s: u16::try_from(long_s).ok()?,
    };
    Some(Departure { metric, direction, by, by_share, noise_factor, spec })
}

/// A size that no reading can reach, or that every reading has, is a slip.
pub(crate) fn check_size(section: &mut Section<'_>, metric: &Metric, by: f64) {
    if by <= 0.0 {
        return section.problem("by", format!("is {by}; use more than 0"));
    }
    let unit = metric.unit().map_or("", Unit::code);
    if let Some((least, most)) = possible(metric)
        && by >= most - least
    {
        section.problem("by", format!("is {by}: {metric} goes from {least} to {most} {unit}; use less"));
    }
}
