//! Whom to inspect first (差异化监管). An order for people who choose where to go; whatever its place in it, an alert is
//! shown and told as ever.

use super::fold::Risk;
use super::settings::{Band, Origin};
use super::unit::Unit;
use super::{INSPECTED, Place};
use compact_str::CompactString;
use std::cmp::Reverse;
use watchfire_model::{Bilingual, DistrictPath, Metric, Premises, SiteId, SiteKind, Timestamp};

/// A unit in the order of risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked<'a> {
    /// From 1.
    pub rank: u32,
    /// Which.
    pub site: &'a SiteId,
    /// Its name.
    pub name: &'a Bilingual,
    /// 0 to 100; 100 is a fire and nothing else.
    pub score: u8,
    /// In thousandths of a point: the order among equal scores.
    pub milli: u32,
    /// Without its open alerts, in thousandths of a point.
    pub standing_milli: u32,
    /// The colour of the score.
    pub band: Band,
    /// Open fires.
    pub fires: u32,
    /// How much of the points rests on what is known, in percent.
    pub known_percent: u8,
    /// When it was last inspected, as far as it was told.
    pub inspected_at: Option<Timestamp>,
    /// It is in the set-up.
    pub listed: bool,
    /// What it is.
    pub kind: SiteKind,
    /// Where it belongs and how it is built.
    pub premises: &'a Premises,
}

impl Risk {
    /// Every unit, of the district or of all, in the order in which they should be inspected: an open fire first, then
    /// the higher score to the thousandth of a point, then what less is known of, then what was not inspected for
    /// longer (never first), then by id. No two units are equal in it.
    pub fn ranking(&self, within: Option<&DistrictPath>) -> Vec<Ranked<'_>> {
        let area = within.map(|district| self.areas.find(&Place::District(district.clone())));
        let mut ranked: Vec<Ranked<'_>> = self
            .units
            .iter()
            .filter(|unit| area.is_none_or(|area| area.is_some_and(|area| unit.areas.contains(&area))))
            .filter_map(|unit| self.ranked(unit))
            .collect();
        ranked.sort_by(|a, b| order(a).cmp(&order(b)));
        for (rank, entry) in (1u32..).zip(&mut ranked) {
            entry.rank = rank;
        }
        ranked
    }

    fn ranked<'a>(&'a self, unit: &'a Unit) -> Option<Ranked<'a>> {
        let scored = unit.scored?;
        Some(Ranked {
            rank: 0,
            site: &unit.id,
            name: &unit.facts.name,
            score: scored.score(),
            milli: scored.milli,
            standing_milli: scored.standing,
            band: self.settings.bands.of(scored.score()),
            fires: scored.fires,
            known_percent: scored.known_percent(),
            inspected_at: inspected_at(unit),
            listed: unit.facts.listed,
            kind: unit.facts.kind,
            premises: &unit.facts.premises,
        })
    }
}

/// Units by the colour of their score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_band: [u32; 4],
    /// Those of whose points less than half rests on what is known.
    pub half_known: u32,
}

impl Counts {
    /// Those of a colour.
    pub fn of(&self, band: Band) -> u32 {
        self.by_band.get(band as usize).copied().unwrap_or(0)
    }
}

impl Risk {
    /// Counts the units that have a score.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for scored in self.units.iter().filter_map(|unit| unit.scored) {
            if let Some(count) = counts.by_band.get_mut(self.settings.bands.of(scored.score()) as usize) {
                *count += 1;
            }
            counts.half_known += u32::from(scored.known_percent() < 50);
        }
        counts
    }

    /// The time of the last entry; `None`: nothing was applied yet.
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// The version of the settings in force.
    pub fn settings_version(&self) -> u32 {
        self.settings.version
    }
}

/// The newest inspection that was told.
pub(crate) fn inspected_at(unit: &Unit) -> Option<Timestamp> {
    let metric = Metric::Vendor(CompactString::const_new(INSPECTED));
    unit.readings.of(&metric, Origin::Site).filter(|held| held.value > 0).map(|held| held.said_at).max()
}

fn order<'a>(entry: &Ranked<'a>) -> (bool, Reverse<u32>, u8, Option<Timestamp>, &'a SiteId) {
    (entry.fires == 0, Reverse(entry.milli), entry.known_percent, entry.inspected_at, entry.site)
}
