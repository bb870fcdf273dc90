//! Exact conversions to the canonical units. A unit that has none is a defect of the caller: micrograms per cubic
//! metre, for one, need a temperature to become ppm.

use watchfire_model::{Metric, Unit};

/// The value in the metric's canonical unit. `None` when the metric has no unit or this one does not convert.
pub(crate) fn to_canonical(metric: &Metric, value: f64, unit: &str) -> Option<f64> {
    let canonical = metric.unit()?;
    if unit == canonical.code() {
        return Some(value);
    }
    let unit = unit.trim();
    match canonical {
        Unit::Celsius => celsius(value, unit),
        Unit::DecibelPerMetre => decibel_per_metre(value, unit),
        other => factor(other, unit).map(|factor| scaled(value, factor)),
    }
}

/// The product, without the dust of binary fractions: a thousandth divides by a thousand, so that 3050 mV are 3.05 V.
pub(crate) fn scaled(value: f64, factor: f64) -> f64 {
    let divisor = (1.0 / factor).round();
    if factor < 1.0 && (divisor * factor - 1.0).abs() < 1e-9 { value / divisor } else { value * factor }
}

fn celsius(value: f64, unit: &str) -> Option<f64> {
    match unit {
        "Cel" | "C" | "c" | "°C" | "℃" | "degC" | "° C" | "celsius" | "Celsius" => Some(value),
        "F" | "°F" | "℉" | "degF" | "[degF]" | "fahrenheit" | "Fahrenheit" => Some((value - 32.0) * 5.0 / 9.0),
        "K" | "kelvin" | "Kelvin" => Some(value - 273.15),
        _ => None,
    }
}

// Obscuration in percent is the light lost over a length: with T of it left, the loss is -10·log10(T) decibel.
fn decibel_per_metre(value: f64, unit: &str) -> Option<f64> {
    let length_m = match unit {
        "dB/m" | "db/m" | "dBm-1" => return Some(value),
        "%/m" | "%/m OBS" => 1.0,
        "%/ft" | "%ft OBS" | "%/ft OBS" | "%ft" => 0.3048,
        _ => return None,
    };
    (0.0..100.0).contains(&value).then(|| -10.0 * (1.0 - value / 100.0).log10() / length_m)
}

fn factor(canonical: Unit, unit: &str) -> Option<f64> {
    match canonical {
        Unit::Celsius | Unit::DecibelPerMetre => None,
        Unit::RelativeHumidity => pick(unit, &[("%RH", 1.0), ("%rh", 1.0), ("% RH", 1.0), ("%", 1.0), ("RH", 1.0)]),
        Unit::PercentLel => pick(unit, &[("%LEL", 1.0), ("% LEL", 1.0), ("LEL %", 1.0), ("LEL", 1.0), ("%lel", 1.0)]),
        Unit::Volt => pick(unit, &[("V", 1.0), ("v", 1.0), ("mV", 1e-3), ("mv", 1e-3), ("kV", 1e3), ("volt", 1.0)]),
        Unit::Watt => pick(unit, &[("W", 1.0), ("w", 1.0), ("mW", 1e-3), ("kW", 1e3), ("kw", 1e3), ("MW", 1e6)]),
        Unit::Ampere => pick(unit, &[("A", 1.0), ("mA", 1e-3), ("uA", 1e-6), ("µA", 1e-6), ("kA", 1e3)]),
        Unit::Milliampere => pick(unit, &[("mA", 1.0), ("A", 1e3), ("uA", 1e-3), ("µA", 1e-3)]),
        Unit::KilowattHour => {
            pick(unit, &[("kWh", 1.0), ("kwh", 1.0), ("Wh", 1e-3), ("wh", 1e-3), ("MWh", 1e3), ("kJ", 1.0 / 3600.0)])
        }
        Unit::Kilopascal => pressure(unit),
        Unit::LitrePerSecond => flow(unit),
        Unit::CubicMetrePerMinute => flow(unit).map(|litre_per_second| litre_per_second * 60.0 / 1000.0),
        Unit::Percent => pick(unit, &[("%", 1.0), ("pct", 1.0), ("percent", 1.0), ("‰", 0.1)]),
        Unit::VolumePercent => pick(unit, &[("vol%", 1.0), ("%vol", 1.0), ("%VOL", 1.0), ("% vol", 1.0), ("%", 1.0)]),
        Unit::MetrePerSecond => pick(unit, &[("m/s", 1.0), ("m⋅s⁻¹", 1.0), ("cm/s", 1e-2), ("km/h", 1.0 / 3.6)]),
        Unit::Second => pick(unit, &[("s", 1.0), ("sec", 1.0), ("ms", 1e-3), ("min", 60.0), ("h", 3600.0)]),
        Unit::PartsPerMillion => pick(unit, &[("ppm", 1.0), ("PPM", 1.0), ("ppb", 1e-3), ("vol%", 1e4), ("%vol", 1e4)]),
        Unit::Metre => pick(unit, &[("m", 1.0), ("cm", 1e-2), ("mm", 1e-3), ("km", 1e3), ("ft", 0.3048)]),
        Unit::DecibelMilliwatt => pick(unit, &[("dBm", 1.0), ("dbm", 1.0)]),
        Unit::One => pick(unit, &[("1", 1.0), ("{count}", 1.0)]),
    }
}

fn pressure(unit: &str) -> Option<f64> {
    const KPA: &[(&str, f64)] = &[
        ("kPa", 1.0),
        ("kpa", 1.0),
        ("KPa", 1.0),
        ("Pa", 1e-3),
        ("pa", 1e-3),
        ("hPa", 0.1),
        ("mbar", 0.1),
        ("bar", 100.0),
        ("MPa", 1e3),
        ("Mpa", 1e3),
        ("psi", 6.894_757_293_168_361),
        ("mH2O", 9.806_65),
    ];
    pick(unit, KPA)
}

fn flow(unit: &str) -> Option<f64> {
    const LITRE_PER_SECOND: &[(&str, f64)] = &[
        ("L/s", 1.0),
        ("l/s", 1.0),
        ("L/min", 1.0 / 60.0),
        ("l/min", 1.0 / 60.0),
        ("L/h", 1.0 / 3600.0),
        ("l/h", 1.0 / 3600.0),
        ("m3/h", 1000.0 / 3600.0),
        ("m³/h", 1000.0 / 3600.0),
        ("m3/min", 1000.0 / 60.0),
        ("m³/min", 1000.0 / 60.0),
        ("m3/s", 1000.0),
        ("m³/s", 1000.0),
    ];
    pick(unit, LITRE_PER_SECOND)
}

fn pick(unit: &str, table: &[(&str, f64)]) -> Option<f64> {
    table.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        let cases = [
            (Metric::Temperature, 77.1125, "degF", Some(25.0625)),
            (Metric::Temperature, 300.15, "K", Some(27.0)),
            (Metric::BatteryVoltage, 2900.0, "mV", Some(2.9)),
            (Metric::WaterPressure, 0.24609375, "bar", Some(24.609375)),
            (Metric::WaterPressure, 0.4, "MPa", Some(400.0)),
            (Metric::Pressure, 96412.0, "Pa", Some(96.412)),
            (Metric::Power, 1.2, "kW", Some(1200.0)),
            (Metric::Energy, 1810.0, "Wh", Some(1.81)),
            (Metric::Co, 12_000.0, "ppb", Some(12.0)),
            (Metric::Co, 50.0, "ug/m3", None),
            (Metric::SmokeObscuration, 2.5, "%/ft", Some(0.36074)),
            (Metric::SmokeAlarm, 1.0, "V", None),
        ];
        for (metric, value, unit, wanted) in cases {
            let got = to_canonical(&metric, value, unit);
            let same = match (got, wanted) {
                (Some(got), Some(wanted)) => (got - wanted).abs() < 1e-4,
                (got, wanted) => got == wanted,
            };
            assert!(same, "{value} {unit} as {metric}: {got:?}, wanted {wanted:?}");
        }
    }
}
