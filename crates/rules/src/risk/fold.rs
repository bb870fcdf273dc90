//! The fold itself: one entry in, the scores that changed out.

use super::areas::Areas;
use super::held::{Readings, Taken};
use super::ledger::DUTY_DAYS;
use super::scoring::{Scored, Sight, whole};
use super::settings::{Origin, PARTS, Part, RiskSettings};
use super::site_numbers::SiteNumbers;
use super::unit::{Facts, Places, Unit};
use super::watch::{Watch, duty_check, origin};
use super::windows::{day_of, earlier};
use super::{Change, Place};
use crate::event::{Event, Stamp};
use crate::event_time::EventTime;
use crate::standing::STATION_SITE;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{
    Decoded, DeviceName, Notice, NoticeKind, Reading, SiteId, Sites, Source, Timestamp, Transition, ZoneId,
};

/// So many sites that are in no set-up are counted once they have an alert.
pub const UNLISTED_SITES_MAX: usize = 1_000;

/// The risk of every unit, building and district: a fold over the journal's entries and what the rules made of them.
#[derive(Clone, Debug)]
pub struct Risk {
    pub(crate) settings: RiskSettings,
    watch: Watch,
    /// Those of the set-up in the order of their ids, then those that are in none.
    pub(crate) units: Vec<Unit>,
    index: SiteNumbers,
    pub(crate) areas: Areas,
    /// When which unit must be looked at again. Follows from the state.
    due: BTreeSet<(Timestamp, u32)>,
    /// The time of the last entry; `None`: nothing was applied yet.
    pub(crate) now: Option<Timestamp>,
    /// Units that the entry touched.
    touched: Vec<u32>,
    /// The set-up changed: units may have left an area without a change of their own.
    areas_touched: bool,
}

impl Risk {
    /// The sites as the set-up has them, with nothing known of them. The first entry gives every one its first score.
    pub fn new(sites: &Sites, settings: &RiskSettings) -> Risk {
        let mut risk = Risk {
            settings: settings.clone(),
            watch: Watch::of(settings),
            units: Vec::new(),
            index: SiteNumbers::default(),
            areas: Areas::default(),
            due: BTreeSet::new(),
            now: None,
            touched: Vec::new(),
            areas_touched: false,
        };
        risk.follow(sites);
        risk
    }

    /// Other sites or settings are in force from here on. What was counted stays.
    pub fn configure(&mut self, at: Timestamp, sites: &Sites, settings: &RiskSettings, out: &mut Vec<Change>) {
        self.pass_time(at, out);
        self.settings = settings.clone();
        self.watch = Watch::of(settings);
        self.follow(sites);
        self.settle(out);
    }

    /// Applies one entry and the transitions that the rules answered it with. First what time alone changes up to
    /// then, each at its own time, then the entry. Appends every score that changed.
    pub fn apply(&mut self, stamp: Stamp, event: &Event<'_>, transitions: &[Transition], out: &mut Vec<Change>) {
        self.pass_time(stamp.at, out);
        match event {
            Event::Decoded { site, decoded } => self.frame(site, decoded),
            Event::Notice(notice) => self.notice(notice),
            Event::Setup(set_up) => self.follow(&set_up.sites),
            Event::Tick | Event::Order(_) | Event::Started(_) | Event::ClockStep(_) => {}
        }
        for transition in transitions {
            self.transition(transition);
        }
        self.settle(out);
    }

    /// When a score may change though nothing is told; an entry at or after that time looks.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    pub(crate) fn unit(&self, site: &SiteId) -> Option<&Unit> {
        self.units.get(self.index.find(site.as_str())? as usize)
    }

    fn pass_time(&mut self, at: Timestamp, out: &mut Vec<Change>) {
        let Some(before) = self.now else {
            self.now = Some(at);
            self.settle(out);
            return;
        };
        let at = at.max(before);
        while let Some((due, _)) = self.due.first().copied().filter(|(due, _)| *due <= at) {
            while let Some((_, unit)) = self.due.first().copied().filter(|(other, _)| *other == due) {
                self.due.pop_first();
                if let Some(unit) = self.units.get_mut(unit as usize) {
                    unit.due = None;
                }
                self.touched.push(unit);
            }
            self.now = Some(due.max(before));
            self.settle(out);
        }
        self.now = Some(at);
    }

    fn frame(&mut self, site: &SiteId, decoded: &Decoded) {
        let Some(device) = &decoded.device else { return };
        let from = origin(decoded.source, device);
        for reading in &decoded.readings {
            if self.watch.find(from, &reading.metric).is_some() {
                self.reading(site, (decoded.source, device, from), reading);
            }
        }
    }

    fn reading(&mut self, site: &SiteId, of: (Source, &DeviceName, Origin), reading: &Reading) {
        let (Some(now), Some(number)) = (self.now, self.index.find(site.as_str())) else { return };
        let (Some(unit), (source, device, from)) = (self.units.get_mut(number as usize), of) else { return };
        let Some(watched) = self.watch.find(from, &reading.metric) else { return };
        let at = (EventTime::judge(reading.at, now).at, now);
        let places = Places { facts: &unit.facts, zones: &unit.zones };
        let zone = || places.zone_of(source, device, from, reading.point.as_str());
        let taken = unit.readings.take(of, reading, at, &watched.uses, zone);
        if taken == Taken::Refused {
            return;
        }
        if let Some(answered) = duty_check(from, reading) {
            let days = if answered { &mut unit.ledger.answered } else { &mut unit.ledger.missed };
            days.add(day_of(now), 1, DUTY_DAYS);
            self.touched.push(number);
        }
        match (taken, from) {
            (Taken::Moved, Origin::Weather) => self.weather_moved(number),
            (Taken::Moved, Origin::Site | Origin::Device) => self.touched.push(number),
            (Taken::Still | Taken::Refused, _) => {}
        }
    }

    /// A pseudo device `weather` speaks for its site; that of a site that is listed for it, also for its district.
    fn weather_moved(&mut self, number: u32) {
        self.touched.push(number);
        let unit = self.units.get(number as usize).filter(|unit| self.settings.weather_sites.contains(&unit.id));
        let Some(district) = unit.and_then(|unit| unit.facts.premises.district.clone()) else { return };
        let Some(area) = self.areas.find(&Place::District(district)) else { return };
        if let Some(area) = self.areas.get_mut(area).filter(|area| !area.weather.contains(&number)) {
            area.weather.push(number);
            area.weather.sort_unstable();
        }
        let units = (0u32..).zip(&self.units);
        self.touched.extend(units.filter(|(_, unit)| unit.areas.contains(&area)).map(|(number, _)| number));
    }

    /// A guard who does not answer, as the station tells it of a transmission device.
    fn notice(&mut self, notice: &Notice) {
        if notice.kind != NoticeKind::DutyUnanswered || !notice.active {
            return;
        }
        let site = notice.subject.split('/').next().unwrap_or_default();
        let (Some(now), Some(number)) = (self.now, self.index.find(site)) else { return };
        if let Some(unit) = self.units.get_mut(number as usize) {
            unit.ledger.missed.add(day_of(now), 1, DUTY_DAYS);
            self.touched.push(number);
        }
    }

    fn transition(&mut self, transition: &Transition) {
        if transition.site.as_str() == STATION_SITE || transition.marks.test {
            return;
        }
        let (Some(now), Some(number)) = (self.now, self.known_or_unlisted(&transition.site)) else { return };
        if let Some(unit) = self.units.get_mut(number as usize) {
            unit.transition(transition, now);
            self.touched.push(number);
        }
    }

    fn known_or_unlisted(&mut self, site: &SiteId) -> Option<u32> {
        if let Some(number) = self.index.find(site.as_str()) {
            return Some(number);
        }
        let unlisted = self.units.iter().filter(|unit| !unit.facts.listed).count();
        if unlisted >= UNLISTED_SITES_MAX {
            return None;
        }
        let number = u32::try_from(self.units.len()).ok()?;
        self.units.push(Unit::new(site.clone(), Facts::unlisted(site)));
        self.index.give(site.clone(), number);
        Some(number)
    }

    /// Takes over the sites of a set-up: sums, readings and histories stay with the site and the area of that name. A
    /// site that is gone stays as long as it has an alert.
    pub(crate) fn follow(&mut self, sites: &Sites) {
        let before = std::mem::take(&mut self.units);
        let mut known: BTreeMap<SiteId, Unit> = before.into_iter().map(|unit| (unit.id.clone(), unit)).collect();
        for (id, site) in sites.sites.iter().filter(|(id, _)| id.as_str() != STATION_SITE) {
            let mut unit = known.remove(id).unwrap_or_else(|| Unit::new(id.clone(), Facts::unlisted(id)));
            unit.follow(site, &self.settings);
            self.units.push(unit);
        }
        for mut unit in known.into_values().filter(Unit::has_alerts) {
            unit.facts = Facts::unlisted(&unit.id);
            unit.zones.clear();
            self.units.push(unit);
        }
        self.number_anew();
    }

    /// Indexes, areas and timers follow from the units.
    fn number_anew(&mut self) {
        let old = std::mem::take(&mut self.areas);
        self.areas_touched = true;
        self.index.clear();
        self.due.clear();
        self.touched.clear();
        for (number, unit) in (0u32..).zip(&mut self.units) {
            unit.areas = self.areas.of(&unit.facts.premises);
            unit.due = None;
            self.index.give(unit.id.clone(), number);
            self.touched.push(number);
            let listed = self.settings.weather_sites.contains(&unit.id);
            let speaks = listed && unit.readings.all().iter().any(|held| held.from == Origin::Weather);
            let place = unit.facts.premises.district.clone().map(Place::District);
            let area = place.filter(|_| speaks).and_then(|place| self.areas.find(&place));
            if let Some(area) = area.and_then(|area| self.areas.get_mut(area)) {
                area.weather.push(number);
            }
            for area in &unit.areas {
                if let (Some(area), Some(scored)) = (self.areas.get_mut(*area), unit.scored) {
                    area.moved(None, scored);
                }
            }
        }
        for area in self.areas.iter_mut() {
            if let Some(before) = old.find(&area.place).and_then(|number| old.get(number)) {
                area.milli = before.milli;
                area.history = before.history.clone();
            }
        }
    }

    /// Scores what was touched anew: units in their order, then the areas around them.
    pub(crate) fn settle(&mut self, out: &mut Vec<Change>) {
        let Some(now) = self.now else { return };
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let mut around = BTreeSet::new();
        for number in &touched {
            self.rescore(*number, now, &mut around, out);
        }
        if std::mem::take(&mut self.areas_touched) {
            around.extend(self.areas.numbers());
        }
        for number in around {
            self.rescore_area(number, now, out);
        }
        touched.clear();
        self.touched = touched;
    }

    fn rescore(&mut self, number: u32, now: Timestamp, around: &mut BTreeSet<u32>, out: &mut Vec<Change>) {
        let Some((site, zones, due)) = self.look_at(number, now) else { return };
        let Some(unit) = self.units.get_mut(number as usize) else { return };
        if unit.due != due {
            if let Some(at) = std::mem::replace(&mut unit.due, due) {
                self.due.remove(&(at, number));
            }
            self.due.extend(due.map(|at| (at, number)));
        }
        let before = unit.scored.replace(site);
        if before.is_none_or(|before| before.score() != site.score()) {
            unit.history.note(now, site.score());
            out.push(change(Place::Site(unit.id.clone()), before, site, now));
        }
        for (id, scored) in zones {
            let Some(zone) = unit.zones.get_mut(&id) else { continue };
            let before = zone.scored.replace(scored);
            if before.is_none_or(|before| before.score() != scored.score()) {
                zone.history.note(now, scored.score());
                out.push(change(Place::Zone(unit.id.clone(), id), before, scored, now));
            }
        }
        let counted = |scored: Scored| (scored.score(), scored.fires > 0);
        if before.map(counted) != Some(counted(site)) {
            for number in &unit.areas {
                if let Some(area) = self.areas.get_mut(*number) {
                    area.moved(before, site);
                    around.insert(*number);
                }
            }
        }
    }

    /// A unit's scores, and when it must be looked at again.
    #[expect(clippy::type_complexity, reason = "taken apart at once by the only caller")]
    fn look_at(&self, number: u32, now: Timestamp) -> Option<(Scored, Vec<(ZoneId, Scored)>, Option<Timestamp>)> {
        let unit = self.units.get(number as usize)?;
        let weather = self.weather_of(unit);
        let sight = Sight { settings: &self.settings, unit, zone: None, weather: &weather, now: Some(now) };
        let mut due = sight.due(now);
        let mut zones = Vec::with_capacity(unit.zones.len());
        for (id, zone) in &unit.zones {
            let sight = Sight { zone: Some((id, zone)), ..sight };
            zones.push((id.clone(), sight.score()));
            due = earlier(due, sight.due(now));
        }
        Some((sight.score(), zones, due))
    }

    /// Where a unit's weather is found: at the site itself, else in the nearest district that has any.
    pub(crate) fn weather_of<'a>(&'a self, unit: &'a Unit) -> Vec<&'a Readings> {
        if unit.readings.all().iter().any(|held| held.from == Origin::Weather) {
            return vec![&unit.readings];
        }
        let districts = unit.areas.iter().filter_map(|number| self.areas.get(*number));
        let nearest = districts.map(|area| area.weather.as_slice()).find(|sites| !sites.is_empty());
        let sites = nearest.unwrap_or_default().iter();
        sites.filter_map(|number| self.units.get(*number as usize)).map(|unit| &unit.readings).collect()
    }

    fn rescore_area(&mut self, number: u32, now: Timestamp, out: &mut Vec<Change>) {
        let worst = self.settings.district_worst_percent;
        let Some(area) = self.areas.get_mut(number) else { return };
        let (before, after) = (area.milli, area.score(worst));
        area.milli = Some(after);
        if before.is_none_or(|before| whole(before) != whole(after)) {
            area.history.note(now, whole(after));
            out.push(Change {
                at: now,
                place: area.place.clone(),
                from: before.map(whole),
                to: whole(after),
                fires: area.fires,
                moved: None,
            });
        }
    }
}

fn change(place: Place, before: Option<Scored>, after: Scored, now: Timestamp) -> Change {
    let parts = before.map_or([0; PARTS], |before| before.parts);
    let by = Part::ALL.iter().zip(parts.iter().zip(&after.parts)).map(|(part, (old, new))| (*part, old.abs_diff(*new)));
    // Of parts that moved as far, the one that is shown first.
    let moved = by.rev().max_by_key(|(_, by)| *by).filter(|(_, by)| *by > 0).map(|(part, _)| part);
    Change { at: now, place, from: before.map(|before| before.score()), to: after.score(), fires: after.fires, moved }
}
