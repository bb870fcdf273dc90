//! Properties that hold a number: by the unit beside it, else by a range that leaves only one unit open. A number whose
//! unit stays open is kept as the maker's own.

use super::battery;
use super::context::{Context, Dialect};
use super::walk::{Property, Scalar};
use crate::bounds;
use crate::draft::Draft;
use crate::units;
use crate::words::Word;
use watchfire_model::{DefectKind, Metric};

/// Above this a supply or battery voltage without a unit is in millivolts: detectors run on at most 60 V.
const MILLIVOLTS_FROM: f64 = 1000.0;

pub(super) fn read(property: &Property<'_>, context: &Context, draft: &mut Draft) -> bool {
    let (number, unit) = match property.value {
        Scalar::Bool(_) => return false,
        Scalar::Number(number) => (number, property.unit),
        Scalar::Text(text) => match leading_number(text) {
            Some((number, rest)) => (number, property.unit.or(Some(rest).filter(|rest| !rest.is_empty()))),
            None => return false,
        },
    };
    let Some((metric, unit)) = metric_and_unit(property, number, unit, context) else { return false };
    if bounds::is_sentinel(number) {
        draft.defect(DefectKind::Missing, &format!("{}: {number} stands for no value", property.path));
        return true;
    }
    if let (Metric::BatteryVoltage, Scalar::Text(text)) = (&metric, property.value) {
        battery::remark(property, text, draft);
    }
    match unit {
        Unit::Canonical(scale) => draft.number(&property.path, metric, units::scaled(number, scale)),
        Unit::Named(unit) => match units::to_canonical(&metric, number, unit) {
            Some(value) => draft.number(&property.path, metric, value),
            None => {
                draft.defect(DefectKind::BadUnit, &format!("{}: {unit}", property.path));
                return false;
            }
        },
    }
    true
}

/// Volts, from a supply or battery voltage without a unit.
pub(super) fn volts(number: f64) -> f64 {
    if number >= MILLIVOLTS_FROM { number / 1000.0 } else { number }
}

/// The number at the start of a text and what follows it: `22 ℃`, `100%`, `2.4(low battery)`. A remark in brackets is
/// no unit.
pub(super) fn leading_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let is_numeric = |c: char| c.is_ascii_digit() || c == '.';
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign_bytes = text.len() - digits.len();
    let end = digits.find(|c| !is_numeric(c)).unwrap_or(digits.len()) + sign_bytes;
    let (number, rest) = text.split_at_checked(end)?;
    let number = number.parse().ok()?;
    Some((number, rest.split('(').next().unwrap_or_default().trim()))
}

enum Unit<'a> {
    /// The canonical unit, or a known multiple of it.
    Canonical(f64),
    Named(&'a str),
}

type Found<'a> = Option<(Metric, Unit<'a>)>;

fn metric_and_unit<'a>(property: &Property<'_>, number: f64, unit: Option<&'a str>, context: &Context) -> Found<'a> {
    let words = &property.words;
    let named = |metric: Metric| Some((metric, unit.map_or(Unit::Canonical(1.0), Unit::Named)));
    let only_named = |metric: Metric| unit.map(|unit| (metric, Unit::Named(unit)));
    match () {
        () if words.has(Word::Smoke) => smoke(property, number, unit, context),
        // With "high" or "low" it is the limit of an alarm.
        () if words.any(&[Word::Wind, Word::Elsewhere, Word::Alarm, Word::Linked, Word::High, Word::Low]) => None,
        () if words.has(Word::Temperature) => temperature(property, number, unit, context),
        () if words.has(Word::Humidity) => named(Metric::Humidity),
        () if words.has(Word::Co2) && !words.has(Word::State) => named(Metric::Co2),
        () if words.has(Word::Co) => co(property, unit),
        () if words.has(Word::Gas) => gas(property, number, unit, context),
        () if words.only(&[Word::Ppm]) && words.has(Word::Ppm) => nameless_ppm(context),
        () if words.has(Word::Pressure) => pressure(property, number, unit, context),
        () if words.has(Word::Voltage) => voltage(property, number, unit, context),
        () if words.has(Word::Residual) => named(Metric::ResidualCurrent),
        () if words.only(&[Word::Current, Word::Channel]) && words.has(Word::Current) => current(number, unit, context),
        () if words.only(&[Word::Power, Word::Active, Word::Channel]) && words.has(Word::Power) => named(Metric::Power),
        () if words.has(Word::Energy) && context.dialect == Dialect::Zigbee && words.strangers == 0 => {
            named(Metric::Energy)
        }
        () if words.has(Word::Energy) => only_named(Metric::Energy),
        () if words.has(Word::Water) && words.has(Word::Level) => only_named(Metric::WaterLevel),
        () if words.has(Word::Water) && words.has(Word::Flow) => only_named(Metric::WaterFlow),
        () if words.has(Word::Oxygen) => named(Metric::Oxygen),
        () if words.has(Word::Rssi) && number < 0.0 => named(Metric::Signal),
        () => None,
    }
}

fn smoke<'a>(property: &Property<'_>, number: f64, unit: Option<&'a str>, context: &Context) -> Found<'a> {
    let words = &property.words;
    if words.has(Word::Obscuration) {
        return Some((Metric::SmokeObscuration, unit.map_or(Unit::Canonical(1.0), Unit::Named)));
    }
    let is_density = property.path.ends_with("density");
    match unit.or(context.smoke_unit.as_deref().filter(|_| words.has(Word::Level))) {
        Some("%") => Some((Metric::SmokeDensity, Unit::Canonical(1.0))),
        Some(stated) => units::to_canonical(&Metric::SmokeObscuration, number, stated)
            .filter(|_| number != 0.0)
            .map(|canonical| (Metric::SmokeObscuration, Unit::Canonical(canonical / number)))
            .or_else(|| (number == 0.0).then_some((Metric::SmokeObscuration, Unit::Canonical(1.0)))),
        None if is_density && (0.0..=100.0).contains(&number) => Some((Metric::SmokeDensity, Unit::Canonical(1.0))),
        None => None,
    }
}

// Of the air only: set points, dew points, soils, pipes and processors have temperatures of their own.
fn temperature<'a>(property: &Property<'_>, number: f64, unit: Option<&'a str>, context: &Context) -> Found<'a> {
    // Unknown makers send tenths of a degree as whole numbers: 219 is a warm room rather than a burning one.
    const DETECTOR_CELSIUS_MAX: f64 = 125.0;
    let may_be_tenths = context.dialect == Dialect::Unknown && unit.is_none() && number.fract() == 0.0;
    if may_be_tenths && number.abs() > DETECTOR_CELSIUS_MAX {
        return None;
    }
    let words = &property.words;
    let of_something_else =
        [Word::Heat, Word::State, Word::Water, Word::Flow, Word::Co2, Word::Mode, Word::Pressure, Word::Battery];
    // Fahrenheit beside Celsius: one of the two is enough, and the text of the key names it.
    let in_fahrenheit = ["F", "f"].iter().any(|f| property.path.rsplit(['_', '.', ' ']).next() == Some(f))
        || property.path.ends_with("TempF")
        || property.path.ends_with("tF");
    if words.any(&of_something_else) || property.path.contains("barometer") {
        return None;
    }
    let metric = if words.has(Word::Cable) { Metric::CableTemperature } else { Metric::Temperature };
    let unit = unit.or(in_fahrenheit.then_some("degF"));
    Some((metric, unit.map_or(Unit::Canonical(1.0), Unit::Named)))
}

fn co<'a>(property: &Property<'_>, unit: Option<&'a str>) -> Found<'a> {
    let about_the_cell = property.words.any(&[Word::State, Word::Sensor]);
    (!about_the_cell).then(|| (Metric::Co, unit.map_or(Unit::Canonical(1.0), Unit::Named)))
}

fn gas<'a>(property: &Property<'_>, number: f64, unit: Option<&'a str>, context: &Context) -> Found<'a> {
    if let Some(unit) = unit {
        return units::to_canonical(&Metric::Gas, number, unit).map(|_| (Metric::Gas, Unit::Named(unit)));
    }
    let words = &property.words;
    let is_density = property.path.ends_with("density") || property.path.ends_with("concentration");
    // A number called `gas` alone may be a meter in cubic metres; beside a gas alarm it is the explosive limit's share.
    let is_share = (0.0..=100.0).contains(&number) && words.strangers == 0;
    let is_bare = !words.has(Word::Level) && context.has_gas_alarm;
    (is_share && (is_density || is_bare)).then_some((Metric::Gas, Unit::Canonical(1.0)))
}

fn nameless_ppm<'a>(context: &Context) -> Found<'a> {
    match (context.is(Word::Co2), context.is(Word::Co)) {
        (true, false) => Some((Metric::Co2, Unit::Canonical(1.0))),
        (false, true) => Some((Metric::Co, Unit::Canonical(1.0))),
        _ => None,
    }
}

// Weather in kPa, hPa or Pa tells itself by its size: a thousand hectopascal, give or take a mountain.
fn pressure<'a>(property: &Property<'_>, number: f64, unit: Option<&'a str>, context: &Context) -> Found<'a> {
    let words = &property.words;
    let of_air = words.any(&[Word::Air]);
    let of_water = !of_air && (words.has(Word::Water) || context.is(Word::Pressure));
    match unit {
        // Nobody reports the weather in bar.
        Some("bar" | "MPa" | "Mpa" | "psi") if !of_air => Some((Metric::WaterPressure, Unit::Named(unit?))),
        Some(unit) if of_water => Some((Metric::WaterPressure, Unit::Named(unit))),
        Some(unit) => Some((Metric::Pressure, Unit::Named(unit))),
        None if of_water => Some((Metric::WaterPressure, Unit::Canonical(1.0))),
        None => {
            let scale = match number {
                n if (60.0..=110.0).contains(&n) => 1.0,
                n if (600.0..=1100.0).contains(&n) => 0.1,
                n if (60_000.0..=110_000.0).contains(&n) => 1e-3,
                _ => return None,
            };
            Some((Metric::Pressure, Unit::Canonical(scale)))
        }
    }
}

// A detector's nameless voltage is its battery; above what cells give it is the supply. Some hundred volts without a
// meter beside them may be hundredths as well.
fn voltage<'a>(property: &Property<'_>, number: f64, unit: Option<&'a str>, context: &Context) -> Found<'a> {
    const CELL_VOLTS: std::ops::RangeInclusive<f64> = 1.0..=4.5;
    let words = &property.words;
    let is_supply = words.any(&[Word::Mains, Word::Channel]);
    let in_volts = match unit {
        Some(unit) => units::to_canonical(&Metric::Voltage, number, unit)?,
        None => volts(number),
    };
    let is_cell = CELL_VOLTS.contains(&in_volts) && words.strangers == 0;
    let is_battery = !is_supply && is_cell && (unit.is_none() || context.dialect == Dialect::Zigbee);
    let metric = if is_battery { Metric::BatteryVoltage } else { Metric::Voltage };
    let is_open =
        unit.is_none() && !is_battery && (260.0..MILLIVOLTS_FROM).contains(&number) && !is_supply && !context.has_meter;
    if is_open {
        return None;
    }
    let scale = if unit.is_none() && number >= MILLIVOLTS_FROM { 1e-3 } else { 1.0 };
    Some((metric, unit.map_or(Unit::Canonical(scale), Unit::Named)))
}

fn current<'a>(number: f64, unit: Option<&'a str>, context: &Context) -> Found<'a> {
    if let Some(unit) = unit {
        return Some((Metric::Current, Unit::Named(unit)));
    }
    // Hundreds of amperes are another codec's milliamperes.
    const AMPERE_MAX: f64 = 100.0;
    let ampere = number * context.current_scale;
    (ampere < AMPERE_MAX).then_some((Metric::Current, Unit::Canonical(context.current_scale)))
}
