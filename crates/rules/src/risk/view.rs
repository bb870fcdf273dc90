//! A score taken apart for people: every part with its points and why, what is not known, and how it went.

use super::Place;
use super::areas::Area;
use super::fold::Risk;
use super::history::History;
use super::ranking::inspected_at;
use super::scoring::{Judged, Scored, Sight, shrunk, whole};
use super::settings::{Band, Part};
use super::unit::Unit;
use super::wording;
use watchfire_model::{Bilingual, DistrictPath, SiteId, Timestamp, ZoneId};

/// The risk of a site or a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitView<'a> {
    /// Which.
    pub place: Place,
    /// Its name.
    pub name: &'a Bilingual,
    /// 0 to 100; 100 is a fire and nothing else.
    pub score: u8,
    /// In thousandths of a point.
    pub milli: u32,
    /// Without its open alerts, in thousandths of a point.
    pub standing_milli: u32,
    /// The colour of the score.
    pub band: Band,
    /// Open fires.
    pub fires: u32,
    /// How much of the points rests on what is known, in percent.
    pub known_percent: u8,
    /// The version of the settings.
    pub settings_version: u32,
    /// When it was last inspected, as far as it was told.
    pub inspected_at: Option<Timestamp>,
    /// One sentence: the score, what it is made of most, and what is not known.
    pub why: Bilingual,
    /// Every part that is counted here, in the order of screens; their points add up to the score.
    pub parts: Vec<PartView>,
    /// How it went.
    pub history: &'a History,
}

/// One heading of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct PartView {
    /// Which.
    pub part: Part,
    /// What it adds, in thousandths of a point.
    pub milli: u32,
    /// The most that its factors can give, in points; 0 for open alerts, which have no such bound.
    pub points_max: u32,
    /// One sentence: what decided, and what is not known.
    pub why: Bilingual,
    /// Its factors, in the order of the settings; empty for open alerts.
    pub factors: Vec<FactorView>,
}

/// One thing that is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorView {
    /// Its name in the settings.
    pub name: String,
    /// What people call it.
    pub label: Bilingual,
    /// The most that it can give, in points.
    pub points_max: u8,
    /// What it adds, in thousandths of a point.
    pub milli: u32,
    /// It is not known and counted as neutral.
    pub missing: bool,
    /// The figure that decided, in words.
    pub why: Bilingual,
}

/// The risk of a building or a district.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaView<'a> {
    /// Which.
    pub place: &'a Place,
    /// 0 to 100.
    pub score: u8,
    /// In thousandths of a point.
    pub milli: u32,
    /// The colour of the score.
    pub band: Band,
    /// Units in it.
    pub units: u32,
    /// Units in it with an open fire.
    pub fires: u32,
    /// One sentence.
    pub why: Bilingual,
    /// How it went.
    pub history: &'a History,
}

impl Risk {
    /// The score of a site; `None`: not known, or nothing was applied yet.
    pub fn score(&self, site: &SiteId) -> Option<u8> {
        self.unit(site)?.scored.map(|scored| scored.score())
    }

    /// The risk of a site, taken apart.
    pub fn site(&self, site: &SiteId) -> Option<UnitView<'_>> {
        let unit = self.unit(site)?;
        self.unit_view(unit, None, unit.scored?)
    }

    /// The risk of every zone of a site, taken apart, in the order of their ids.
    pub fn zones(&self, site: &SiteId) -> Vec<UnitView<'_>> {
        let Some(unit) = self.unit(site) else { return Vec::new() };
        unit.zones.iter().filter_map(|(id, zone)| self.unit_view(unit, Some(id), zone.scored?)).collect()
    }

    /// Every building and district that has a unit: buildings and districts in the order of their names.
    pub fn areas(&self) -> impl Iterator<Item = AreaView<'_>> {
        self.areas.iter().filter_map(|area| self.area_view(area))
    }

    /// The risk of one building or district.
    pub fn area(&self, place: &Place) -> Option<AreaView<'_>> {
        self.area_view(self.areas.get(self.areas.find(place)?)?)
    }

    /// The sites of a district or of all, in the order of their ids, without what is in no set-up.
    pub fn sites_in(&self, within: Option<&DistrictPath>) -> impl Iterator<Item = &SiteId> {
        let area = within.map(|district| self.areas.find(&Place::District(district.clone())));
        let inside = move |unit: &&Unit| area.is_none_or(|area| area.is_some_and(|area| unit.areas.contains(&area)));
        self.units.iter().filter(|unit| unit.facts.listed).filter(inside).map(|unit| &unit.id)
    }

    fn unit_view<'a>(&'a self, unit: &'a Unit, zone: Option<&'a ZoneId>, scored: Scored) -> Option<UnitView<'a>> {
        let zone = match zone {
            Some(id) => Some((id, unit.zones.get(id)?)),
            None => None,
        };
        let weather = self.weather_of(unit);
        let sight = Sight { settings: &self.settings, unit, zone, weather: &weather, now: self.now };
        let judged: Vec<Judged<'_>> = sight.factors().collect();
        let parts: Vec<PartView> =
            Part::ALL.iter().filter_map(|part| part_view(&sight, &scored, *part, &judged)).collect();
        let (score, band) = (scored.score(), self.settings.bands.of(scored.score()));
        Some(UnitView {
            place: match zone {
                Some((id, _)) => Place::Zone(unit.id.clone(), id.clone()),
                None => Place::Site(unit.id.clone()),
            },
            name: zone.map_or(&unit.facts.name, |(_, zone)| &zone.name),
            score,
            milli: scored.milli,
            standing_milli: scored.standing,
            band,
            fires: scored.fires,
            known_percent: scored.known_percent(),
            settings_version: self.settings.version,
            inspected_at: inspected_at(unit),
            why: wording::unit(score, band, scored.fires, &parts),
            parts,
            history: zone.map_or(&unit.history, |(_, zone)| &zone.history),
        })
    }

    fn area_view<'a>(&'a self, area: &'a Area) -> Option<AreaView<'a>> {
        let milli = area.milli.filter(|_| area.size() > 0)?;
        let (score, band) = (whole(milli), self.settings.bands.of(whole(milli)));
        Some(AreaView {
            place: &area.place,
            score,
            milli,
            band,
            units: area.size(),
            fires: area.fires,
            why: wording::area(area, score, band, self.settings.district_worst_percent),
            history: &area.history,
        })
    }
}

fn part_view(sight: &Sight<'_>, scored: &Scored, part: Part, judged: &[Judged<'_>]) -> Option<PartView> {
    let milli = scored.parts.get(part as usize).copied().unwrap_or(0);
    let left = sight.left();
    if part == Part::Live {
        return Some(PartView { part, milli, points_max: 0, why: wording::live(sight), factors: Vec::new() });
    }
    let own: Vec<&Judged<'_>> = judged.iter().filter(|judged| judged.factor.part == part).collect();
    let factors: Vec<FactorView> = own
        .iter()
        .map(|judged| FactorView {
            name: judged.factor.name.to_string(),
            label: judged.factor.label.clone(),
            points_max: judged.factor.points,
            milli: shrunk(judged.milli, left),
            missing: judged.figure.is_none(),
            why: wording::factor(sight, judged),
        })
        .collect();
    let points_max = own.iter().map(|judged| u32::from(judged.factor.points)).sum();
    (!factors.is_empty()).then(|| PartView { part, milli, points_max, why: wording::part(&factors), factors })
}
