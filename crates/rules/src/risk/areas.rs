//! Buildings and districts: their scores follow from those of the units in them, kept as a count of units per score, so
//! that one unit's change costs the same in a street and in a city.
//!
//! A building is as bad as its worst unit, because fire does not stop at a door. A district is the mean of the worst
//! share of its units: one bad unit among thousands does not paint a city red, and thousands of good ones do not hide
//! the bad ones.

use super::Place;
use super::history::History;
use super::scoring::Scored;
use compact_str::CompactString;
use std::collections::BTreeMap;
use watchfire_model::{DistrictPath, Premises};

/// Scores are 0 to 100.
const SCORES: usize = 101;

/// A building or a district.
#[derive(Clone, Debug)]
pub(crate) struct Area {
    pub(crate) place: Place,
    /// Units by score.
    units: Vec<u32>,
    /// Units with an open fire.
    pub(crate) fires: u32,
    /// In thousandths of a point.
    pub(crate) milli: Option<u32>,
    pub(crate) history: History,
    /// The sites whose pseudo device `weather` speaks for this district.
    pub(crate) weather: Vec<u32>,
}

impl Area {
    fn new(place: Place) -> Area {
        Area { place, units: vec![0; SCORES], fires: 0, milli: None, history: History::default(), weather: Vec::new() }
    }

    /// One of its units changed.
    pub(crate) fn moved(&mut self, before: Option<Scored>, after: Scored) {
        if let Some(before) = before {
            if let Some(count) = self.units.get_mut(usize::from(before.score())) {
                *count = count.saturating_sub(1);
            }
            self.fires = self.fires.saturating_sub(u32::from(before.fires > 0));
        }
        if let Some(count) = self.units.get_mut(usize::from(after.score())) {
            *count += 1;
        }
        self.fires += u32::from(after.fires > 0);
    }

    /// The number of its units that have a score.
    pub(crate) fn size(&self) -> u32 {
        self.units.iter().sum()
    }

    /// So many of its worst units make its score.
    pub(crate) fn share(&self, worst_percent: u8) -> u64 {
        match self.place {
            Place::District(_) => (u64::from(self.size()) * u64::from(worst_percent)).div_ceil(100).max(1),
            Place::Building { .. } | Place::Site(_) | Place::Zone(..) => 1,
        }
    }

    /// Its score in thousandths of a point.
    pub(crate) fn score(&self, worst_percent: u8) -> u32 {
        let share = self.share(worst_percent);
        let (mut left, mut sum) = (share, 0u64);
        for (score, count) in (0..=100u64).rev().zip(self.units.iter().rev()) {
            let taken = left.min(u64::from(*count));
            sum += taken * score;
            left -= taken;
        }
        u32::try_from(sum * 1_000 / share).unwrap_or(u32::MAX)
    }
}

/// Every area, numbered as it was first met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Areas {
    areas: Vec<Area>,
    by_place: BTreeMap<Place, u32>,
}

impl Areas {
    /// The areas of a unit, the nearest first: its building, its district, and those around that.
    pub(crate) fn of(&mut self, premises: &Premises) -> Vec<u32> {
        let mut numbers = Vec::new();
        if let Some(building) = &premises.building {
            numbers.push(self.number(building_place(premises.district.as_ref(), building)));
        }
        let mut district = premises.district.clone();
        while let Some(here) = district {
            district = here.parent();
            numbers.push(self.number(Place::District(here)));
        }
        numbers
    }

    fn number(&mut self, place: Place) -> u32 {
        let next = u32::try_from(self.areas.len()).expect("a set-up has fewer than 2^32 districts");
        let number = *self.by_place.entry(place.clone()).or_insert(next);
        if number == next {
            self.areas.push(Area::new(place));
        }
        number
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Area> {
        self.areas.get(number as usize)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Area> {
        self.areas.get_mut(number as usize)
    }

    pub(crate) fn find(&self, place: &Place) -> Option<u32> {
        self.by_place.get(place).copied()
    }

    pub(crate) fn numbers(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.areas.len()).unwrap_or(u32::MAX)
    }

    /// In the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Area> {
        self.by_place.values().filter_map(|number| self.get(*number))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Area> {
        self.areas.iter_mut()
    }
}

fn building_place(district: Option<&DistrictPath>, building: &CompactString) -> Place {
    Place::Building { district: district.cloned(), building: building.clone() }
}
