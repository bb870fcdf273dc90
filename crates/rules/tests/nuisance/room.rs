//! A room: a warm layer under the ceiling, walls that take up heat, air that is exchanged; smoke, vapour and carbon
//! monoxide mix into it. What burns below adds the ceiling jet of Alpert (1972).

use crate::Air;
use crate::chance::Chance;

pub(crate) struct Room {
    /// m³.
    pub(crate) volume: f64,
    /// m.
    height: f64,
    /// From the source's axis to the detector, m.
    pub(crate) distance: f64,
    /// Taken up by walls and ceiling, kW/K.
    pub(crate) walls: f64,
    /// Changes of the air per second.
    pub(crate) exchange: f64,
    /// °C, before anything happens.
    pub(crate) usual: f64,
    layer: f64,
    smoke: f64,
    vapour: f64,
    co: f64,
}

/// What is given off in one second.
#[derive(Clone, Copy, Default)]
pub(crate) struct Source {
    /// Convective heat, kW.
    pub(crate) heat: f64,
    /// What it would add to the obscuration of the whole room, dB/m per second.
    pub(crate) smoke: f64,
    /// hPa per second.
    pub(crate) vapour: f64,
    /// ppm per second.
    pub(crate) co: f64,
}

impl Room {
    pub(crate) fn new(chance: &mut Chance) -> Room {
        let volume = chance.between(20.0, 60.0);
        let usual = chance.between(19.0, 23.0);
        Room {
            volume,
            height: chance.between(2.4, 2.8),
            distance: chance.between(0.8, 3.0),
            walls: chance.between(0.15, 0.35) * volume / 30.0,
            exchange: chance.between(0.5, 3.0) / 3_600.0,
            usual,
            layer: usual,
            smoke: 0.0,
            vapour: 0.0,
            co: 0.0,
        }
    }

    pub(crate) fn kitchen(chance: &mut Chance) -> Room {
        Room { volume: chance.between(20.0, 40.0), ..Room::new(chance) }
    }

    pub(crate) fn bathroom(chance: &mut Chance) -> Room {
        Room { volume: chance.between(9.0, 16.0), walls: 0.2, ..Room::new(chance) }
    }

    /// What a second of that does to the air at the detector.
    pub(crate) fn second(&mut self, source: Source) -> Air {
        // The layer is the upper two thirds; 1.2 kJ/(m³ K).
        let capacity = self.volume * 2.0 / 3.0 * 1.2;
        let lost = self.walls * (self.layer - self.usual);
        self.layer += (source.heat - lost) / capacity - self.exchange * (self.layer - self.usual);
        // Smoke settles and is taken up within half an hour, vapour condenses within a quarter.
        self.smoke += source.smoke - (self.exchange + 1.0 / 1_800.0) * self.smoke;
        self.vapour += source.vapour - (self.exchange + 1.0 / 900.0) * self.vapour;
        self.co += source.co - self.exchange * self.co;
        let temperature = self.layer + self.jet(source.heat);
        Air { temperature, smoke: self.smoke, vapour: self.vapour, co: self.co }
    }

    /// Alpert's ceiling jet, K.
    fn jet(&self, heat: f64) -> f64 {
        let heat = heat.max(0.0);
        if self.distance / self.height > 0.18 {
            5.38 * (heat / self.distance).powf(2.0 / 3.0) / self.height
        } else {
            16.9 * heat.powf(2.0 / 3.0) / self.height.powf(5.0 / 3.0)
        }
    }
}

/// From 0 to 1 while that begins, 1 until it ends, 0 before and after; in seconds.
pub(crate) fn during(at_s: f64, from_s: f64, full_s: f64, until_s: f64) -> f64 {
    if at_s < from_s || at_s > until_s { 0.0 } else { ((at_s - from_s) / (full_s - from_s)).min(1.0) }
}

/// A puff: it comes within `up_s` seconds and mixes in within `down_s`.
pub(crate) fn puff(since_s: f64, up_s: f64, down_s: f64) -> f64 {
    if since_s < 0.0 { 0.0 } else { (1.0 - (-since_s / up_s).exp()) * (-since_s / down_s).exp() }
}
