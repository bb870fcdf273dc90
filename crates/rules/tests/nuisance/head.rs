//! A detector head: it follows the air with lags, adds noise, rounds, and reports at its interval.

use crate::Air;
use crate::chance::Chance;

/// Reports of one moment: metric, unit, value.
type Reports = Vec<(&'static str, &'static str, f64)>;

pub(crate) struct Head {
    every_s: i32,
    temperature: Lag,
    smoke: Lag,
    humidity: Option<Lag>,
    co: Option<Lag>,
    noise_k: f64,
    noise_db: f64,
    /// What the chamber reports in clean air, dB/m.
    clean: f64,
    /// Vapour pressure of the room before anything happens, hPa.
    vapour: f64,
}

/// A first-order lag.
#[derive(Clone, Copy)]
struct Lag {
    value: f64,
    lag_s: f64,
}

impl Lag {
    /// Follows for a second.
    fn follow(&mut self, to: f64) -> f64 {
        self.value += (to - self.value) / (self.lag_s + 1.0);
        self.value
    }
}

impl Head {
    /// Some report every second, some every half minute; two in three feel humidity, one in three carbon monoxide.
    pub(crate) fn new((temperature, humidity): (f64, f64), chance: &mut Chance) -> Head {
        let mut lag = |value: f64, least: f64, most: f64| Lag { value, lag_s: chance.between(least, most) };
        let (temperature_lag, smoke) = (lag(temperature, 8.0, 40.0), lag(0.0, 3.0, 12.0));
        let (humidity_lag, co) = (lag(humidity, 8.0, 30.0), lag(0.0, 20.0, 60.0));
        Head {
            every_s: chance.one_of(&[1, 2, 5, 10, 30]),
            temperature: temperature_lag,
            smoke,
            humidity: (chance.next() < 0.67).then_some(humidity_lag),
            co: (chance.next() < 0.33).then_some(co),
            noise_k: chance.one_of(&[0.05, 0.1, 0.2]),
            noise_db: chance.one_of(&[0.003, 0.01, 0.015]),
            clean: chance.between(0.005, 0.04),
            vapour: saturated(temperature) * humidity / 100.0,
        }
    }

    pub(crate) fn feel(&mut self, second: i32, air: Air, chance: &mut Chance) -> Reports {
        let temperature = self.temperature.follow(air.temperature);
        let smoke = self.smoke.follow(air.smoke);
        let relative = 100.0 * (self.vapour + air.vapour) / saturated(air.temperature);
        let humidity = self.humidity.as_mut().map(|lag| lag.follow(relative.clamp(5.0, 100.0)));
        let co = self.co.as_mut().map(|lag| lag.follow(air.co));
        if second.rem_euclid(self.every_s) != 0 {
            return Vec::new();
        }
        let smoke = (self.clean + smoke + self.noise_db * chance.normal()).max(0.0);
        let mut reports = vec![
            ("temperature", "Cel", rounded(temperature + self.noise_k * chance.normal(), 100.0)),
            ("smoke_obscuration", "dB/m", rounded(smoke, 1_000.0)),
        ];
        reports.extend(
            humidity.map(|relative| {
                ("humidity", "%RH", rounded((relative + 0.4 * chance.normal()).clamp(0.0, 100.0), 10.0))
            }),
        );
        reports.extend(co.map(|co| ("co", "ppm", rounded((co + 1.0 + 0.5 * chance.normal()).max(0.0), 1.0))));
        reports
    }
}

fn rounded(value: f64, places: f64) -> f64 {
    (value * places).round() / places
}

/// Vapour pressure over water, hPa, at °C (Magnus).
pub(crate) fn saturated(temperature: f64) -> f64 {
    6.112 * (17.62 * temperature / (243.12 + temperature)).exp()
}
