//! A site and its zones, as the score sees them.

use super::cases::Case;
use super::held::{Held, Readings};
use super::history::History;
use super::ledger::Ledger;
use super::scoring::Scored;
use super::settings::{Origin, RiskSettings};
use crate::casebook::OVER_KEPT;
use std::collections::{BTreeMap, VecDeque};
use watchfire_model::{
    AlertId, Bilingual, Class, DeviceName, Premises, Site, SiteId, SiteKind, Source, Timestamp, Transition, ZoneId,
};

/// So many alerts of one site are counted that are not about life; those about life always are.
pub const CASES_PER_SITE_MAX: usize = 65_536;

/// One site.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) id: SiteId,
    /// Follows from the set-up.
    pub(crate) facts: Facts,
    /// Of the zones in the set-up.
    pub(crate) zones: BTreeMap<ZoneId, Zone>,
    pub(crate) ledger: Ledger,
    pub(crate) readings: Readings,
    /// Those that are not over, and those that were a day ago: they may be opened again.
    pub(crate) cases: BTreeMap<AlertId, Case>,
    /// When which became over, oldest first.
    pub(crate) over: VecDeque<(Timestamp, AlertId)>,
    pub(crate) scored: Option<Scored>,
    pub(crate) history: History,
    /// When it must be looked at again though nothing was told.
    pub(crate) due: Option<Timestamp>,
    /// The building and the districts it is in, the nearest first.
    pub(crate) areas: Vec<u32>,
}

/// What the set-up says of a site.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// It is in the set-up.
    pub(crate) listed: bool,
    pub(crate) name: Bilingual,
    pub(crate) kind: SiteKind,
    pub(crate) premises: Premises,
    /// Seconds east of Greenwich, where the settings know the time zone.
    pub(crate) offset_s: Option<i32>,
    pub(crate) devices: u32,
    /// Where its devices hang, in their order.
    places: Vec<(Source, DeviceName, ZoneId)>,
}

/// One zone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zone {
    pub(crate) name: Bilingual,
    pub(crate) devices: u32,
    pub(crate) ledger: Ledger,
    pub(crate) scored: Option<Scored>,
    pub(crate) history: History,
}

impl Facts {
    pub(crate) fn of(site: &Site, settings: &RiskSettings) -> Facts {
        let placed = site.devices.iter().filter_map(|device| Some((device, device.zone.clone()?)));
        let mut places: Vec<_> = placed.map(|(device, zone)| (device.source, device.name.clone(), zone)).collect();
        places.sort();
        Facts {
            listed: true,
            name: site.name.clone(),
            kind: site.kind,
            premises: site.premises.clone(),
            offset_s: settings.time_zones.get(&site.time_zone).copied(),
            devices: u32::try_from(site.devices.len()).unwrap_or(u32::MAX),
            places,
        }
    }

    /// Of a site that is in no set-up, but has alerts.
    pub(crate) fn unlisted(id: &SiteId) -> Facts {
        Facts {
            listed: false,
            name: Bilingual::same(id.as_str()),
            kind: SiteKind::Other,
            premises: Premises::default(),
            offset_s: None,
            devices: 0,
            places: Vec::new(),
        }
    }

    fn zone_of(&self, source: Source, device: &DeviceName) -> Option<ZoneId> {
        let place = self.places.binary_search_by(|(s, name, _)| (*s, name).cmp(&(source, device))).ok()?;
        self.places.get(place).map(|(_, _, zone)| zone.clone())
    }
}

/// Where readings belong.
pub(crate) struct Places<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) zones: &'a BTreeMap<ZoneId, Zone>,
}

impl Places<'_> {
    /// A device's reading belongs where that hangs, a figure of the site where its point says.
    pub(crate) fn zone_of(&self, source: Source, device: &DeviceName, from: Origin, point: &str) -> Option<ZoneId> {
        match from {
            Origin::Device => self.facts.zone_of(source, device),
            Origin::Site => self.zones.get_key_value(point).map(|(zone, _)| zone.clone()),
            Origin::Weather => None,
        }
    }
}

impl Unit {
    pub(crate) fn new(id: SiteId, facts: Facts) -> Unit {
        Unit {
            id,
            facts,
            zones: BTreeMap::new(),
            ledger: Ledger::default(),
            readings: Readings::default(),
            cases: BTreeMap::new(),
            over: VecDeque::new(),
            scored: None,
            history: History::default(),
            due: None,
            areas: Vec::new(),
        }
    }

    /// Takes over what the set-up says. Sums, readings and alerts stay; those of a zone that is gone stay with the site.
    pub(crate) fn follow(&mut self, site: &Site, settings: &RiskSettings) {
        self.facts = Facts::of(site, settings);
        let mut before = std::mem::take(&mut self.zones);
        for (id, zone) in &site.zones {
            let mut kept = before.remove(id).unwrap_or_default();
            kept.name = zone.name.clone();
            let here = self.facts.places.iter().filter(|(_, _, place)| place == id).count();
            kept.devices = u32::try_from(here).unwrap_or(u32::MAX);
            self.zones.insert(id.clone(), kept);
        }
        for case in self.cases.values_mut() {
            case.zone = case.zone.take().filter(|zone| self.zones.contains_key(zone));
        }
        let places = Places { facts: &self.facts, zones: &self.zones };
        self.readings
            .place_anew(|held: &Held| places.zone_of(held.source, &held.device, held.from, held.point.as_str()));
    }

    /// Whether any of its alerts is not over.
    pub(crate) fn has_alerts(&self) -> bool {
        self.cases.values().any(|case| !case.is_over())
    }

    /// Takes one transition of one of its alerts.
    pub(crate) fn transition(&mut self, transition: &Transition, at: Timestamp) {
        while let Some((_, alert)) = self.over.front().copied().filter(|(over, _)| at.since(*over) > OVER_KEPT) {
            self.over.pop_front();
            // One that was opened again is not over, or is in here once more.
            if self.cases.get(&alert).is_some_and(Case::is_over) && !self.over.iter().any(|(_, other)| *other == alert)
            {
                self.cases.remove(&alert);
            }
        }
        let known = self.cases.remove(&transition.alert);
        let about_life = matches!(transition.class, Class::Fire | Class::Gas | Class::Co | Class::EarlyWarning);
        if known.is_none() && !about_life && self.cases.len() >= CASES_PER_SITE_MAX {
            return;
        }
        let is_new = known.is_none();
        let mut case = known.unwrap_or_else(|| {
            let mut case = Case::new(transition);
            case.zone = case.zone.filter(|zone| self.zones.contains_key(zone));
            case
        });
        let zone = case.zone.as_ref().and_then(|zone| self.zones.get_mut(zone));
        let mut ledgers: Vec<&mut Ledger> = Vec::with_capacity(2);
        ledgers.push(&mut self.ledger);
        ledgers.extend(zone.map(|zone| &mut zone.ledger));
        if is_new {
            case.enter(at, &mut ledgers);
        }
        case.apply(transition, at, &mut ledgers);
        if case.is_over() {
            self.over.push_back((at, transition.alert));
        }
        self.cases.insert(transition.alert, case);
    }
}
