//! What can exist. A number outside is a defect, never a reading: sentinels, wrapped integers and broken probes look
//! like measurements. The ranges are wide: a fire may be measured, a broken wire may not.

use watchfire_model::Metric;

/// Whether a number, in the metric's canonical unit, can be true of this world.
pub(crate) fn can_exist(metric: &Metric, value: f64) -> bool {
    value.is_finite() && range(metric).is_none_or(|(low, high)| (low..=high).contains(&value))
}

// Small negative values of gas and smoke cells are drift around zero, not faults.
fn range(metric: &Metric) -> Option<(f64, f64)> {
    Some(match metric {
        // Below -100 no air in a building is; thermistors that are cut or shorted read -127, -200 or -327.68.
        // Above 2000 no room fire is; a negative value that lost its sign reads 6550.
        Metric::Temperature | Metric::CableTemperature => (-100.0, 2000.0),
        Metric::Humidity => (-1.0, 105.0),
        Metric::Gas => (-10.0, 2500.0),
        Metric::Co | Metric::Co2 => (-50.0, 1_000_000.0),
        Metric::Oxygen => (-1.0, 100.0),
        Metric::SmokeObscuration => (-1.0, 100.0),
        Metric::SmokeDensity => (-1.0, 100.0),
        Metric::Battery => (0.0, 105.0),
        Metric::BatteryVoltage => (0.0, 100.0),
        Metric::Voltage => (-1_000_000.0, 1_000_000.0),
        Metric::WaterPressure => (-102.0, 100_000.0),
        Metric::Pressure => (-1000.0, 1_000_000.0),
        Metric::WaterLevel => (-100.0, 12_000.0),
        Metric::Signal => (-200.0, 50.0),
        Metric::Duration | Metric::Count => (0.0, 1e15),
        Metric::Power | Metric::Energy | Metric::Current | Metric::ResidualCurrent => (-1e12, 1e12),
        Metric::WaterFlow | Metric::AirFlow | Metric::AirSpeed => (-1e6, 1e6),
        // Booleans hold no number, and a maker's quantity is his own.
        _ => return None,
    })
}

/// Whether a number is what a 16-bit field holds when there is no measurement: all ones, or the ends of a signed one,
/// at the usual scales. Only for formats that carry such fields; our own scheme has no sentinels.
pub(crate) fn is_sentinel(value: f64) -> bool {
    const SCALES: [f64; 3] = [1.0, 10.0, 100.0];
    const FIELDS: [f64; 4] = [65_535.0, 32_767.0, -32_768.0, 2_147_483_647.0];
    SCALES.iter().any(|scale| FIELDS.iter().any(|field| (value - field / scale).abs() < 1e-6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_pass_and_broken_probes_do_not() {
        for temperature in [-40.0, 21.5, 1100.0] {
            assert!(can_exist(&Metric::Temperature, temperature));
        }
        for temperature in [-300.0, -273.2, -200.0, -127.0, 6550.9, f64::NAN, f64::INFINITY] {
            assert!(!can_exist(&Metric::Temperature, temperature), "{temperature}");
        }
        assert!(can_exist(&Metric::Humidity, 100.4) && !can_exist(&Metric::Humidity, 120.0));
        assert!(is_sentinel(-327.68) && is_sentinel(655.35) && is_sentinel(65535.0) && !is_sentinel(655.0));
    }
}
