//! Batteries: charge, voltage, and the flag that they are low. Makers call all three `battery`.

use super::context::{Context, Dialect};
use super::flags::as_flag;
use super::quantities::{leading_number, volts};
use super::said::said;
use super::walk::{Property, Scalar};
use crate::bounds;
use crate::draft::Draft;
use crate::units;
use crate::words::{Word, Words};
use watchfire_model::{DefectKind, Metric};

/// The highest voltage that a bare `battery` can mean: one lithium cell, with a margin.
const CELL_VOLTS_MAX: f64 = 4.5;

pub(super) fn read(property: &Property<'_>, context: &Context, draft: &mut Draft) -> bool {
    let words = &property.words;
    // `Volt: "2.4(low battery)"` has no battery in its key and is read with the voltages.
    if words.any(&[Word::Temperature, Word::Current, Word::Power, Word::Door, Word::Open, Word::Wind]) {
        return false;
    }
    match property.value {
        Scalar::Bool(_) => low(property, draft),
        Scalar::Number(number) => self::number(property, number, property.unit, context, draft),
        Scalar::Text(text) => self::text(property, text, context, draft),
    }
}

// `alarmBattery`, `lowBattery`, `battery: false`: true is low. `Good_Battery`, `battery_ok`: true is well.
fn low(property: &Property<'_>, draft: &mut Draft) -> bool {
    let words = &property.words;
    if words.any(&[Word::Fault, Word::Removed, Word::Installed, Word::Linked]) {
        if let (true, Some(fault)) = (words.has(Word::Fault), as_flag(property.value)) {
            draft.flag(&property.path, Metric::Fault, fault);
            return true;
        }
        return false;
    }
    let says = words.any(&[Word::Low, Word::Alarm, Word::Good, Word::Clear, Word::State]) || words.strangers == 0;
    let Some(yes) = as_flag(property.value).filter(|_| says) else { return false };
    draft.flag(&property.path, Metric::BatteryLow, yes != words.any(&[Word::Good, Word::Clear]));
    true
}

fn text(property: &Property<'_>, text: &str, context: &Context, draft: &mut Draft) -> bool {
    if let Some((number, unit)) = leading_number(text) {
        // "2.4(low battery)" carries the flag, "80-100%" no figure.
        if unit.starts_with('-') {
            return false;
        }
        remark(property, text, draft);
        let unit = property.unit.or(Some(unit).filter(|unit| !unit.is_empty()));
        return self::number(property, number, unit, context, draft);
    }
    let words = Words::of(text);
    let said = said(text);
    let low = match () {
        () if said.fault.is_some() => None,
        () if words.has(Word::Low) => Some(!words.has(Word::No)),
        () if words.any(&[Word::High, Word::Good, Word::Clear]) => Some(false),
        () => said.alarm.filter(|_| property.words.any(&[Word::Low, Word::Alarm])),
    };
    if let Some(fault) = said.fault {
        draft.flag(&property.path, Metric::Fault, fault);
    }
    if let Some(low) = low {
        draft.flag(&property.path, Metric::BatteryLow, low);
    }
    // "medium" is neither low nor full.
    low.is_some() || said.fault.is_some() || matches!(text, "medium" | "middle" | "Medium" | "Middle")
}

/// A low-battery remark beside a number.
pub(super) fn remark(property: &Property<'_>, text: &str, draft: &mut Draft) {
    if let Some(low) = said(text).battery_low {
        draft.flag(&property.path, Metric::BatteryLow, low);
    }
}

fn number(property: &Property<'_>, number: f64, unit: Option<&str>, context: &Context, draft: &mut Draft) -> bool {
    let words = &property.words;
    if let Some(unit) = unit {
        for metric in [Metric::Battery, Metric::BatteryVoltage] {
            if let Some(value) = units::to_canonical(&metric, number, unit) {
                draft.number(&property.path, metric, value);
                return true;
            }
        }
        return false;
    }
    if words.any(&[Word::Voltage, Word::Volts, Word::Millivolts]) {
        let value = if words.has(Word::Millivolts) { number / 1000.0 } else { volts(number) };
        draft.number(&property.path, Metric::BatteryVoltage, value);
        return true;
    }
    if words.any(&[Word::Low, Word::Alarm, Word::Good]) {
        return low(property, draft);
    }
    // `Bat_status: 3` is a code; `battery_health`, `battery_lifetime_pct` and the like name a share or nothing.
    if words.has(Word::State) || (words.strangers > 1 && !words.has(Word::Percent)) {
        return false;
    }
    bare(property, number, context, draft)
}

// A bare `battery` is percent, unless it can only be volts or millivolts.
fn bare(property: &Property<'_>, number: f64, context: &Context, draft: &mut Draft) -> bool {
    let is_percent = property.words.has(Word::Percent) || context.dialect == Dialect::Zigbee;
    let is_whole = number.fract() == 0.0;
    match number {
        _ if is_percent => draft.number(&property.path, Metric::Battery, number),
        _ if bounds::is_sentinel(number) || number == 255.0 || number == 254.0 => {
            draft.defect(DefectKind::Missing, &property.path);
        }
        n if n > 1.0 && n <= CELL_VOLTS_MAX && !is_whole => draft.number(&property.path, Metric::BatteryVoltage, n),
        // Three volts or three percent: a codec that prints 3.0 as 3 leaves it open.
        n if n > 1.0 && n < CELL_VOLTS_MAX => {
            draft.defect(DefectKind::BadUnit, &format!("{}: {n} may be volts or percent", property.path));
            return false;
        }
        n if (1500.0..=16_000.0).contains(&n) => draft.number(&property.path, Metric::BatteryVoltage, n / 1000.0),
        n => draft.number(&property.path, Metric::Battery, n),
    }
    true
}
