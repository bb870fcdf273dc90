//! Which rules judge which series. Worked out once per series and set-up, so that a reading meets only the rules that
//! concern it.

use crate::engine::{Engine, claimed};
use crate::rule::{Kind, Place};
use crate::trend::TrendSpec;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{DeviceKey, DeviceName, Metric, SiteId, Source, Timestamp, ZoneId};

/// The plans, each kept once however many series share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans {
    plans: Vec<Plan>,
    numbers: BTreeMap<Plan, u32>,
}

/// What is done with a reading of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Plan {
    /// The rules that judge the series by itself.
    pub(crate) levels: Vec<u16>,
    /// The rules that add it to what its neighbours say.
    pub(crate) fusions: Vec<u16>,
    /// The means that these rules ask for, each once.
    pub(crate) trends: Vec<TrendSpec>,
    /// Those of the levels that say what cannot be.
    pub(crate) limits: Vec<u16>,
    /// Those of the levels that keep a tally.
    pub(crate) tallies: Vec<u16>,
    /// The rules with a formula that names the metric.
    pub(crate) formulas: Vec<u16>,
}

static NO_PLAN: Plan = Plan {
    levels: Vec::new(),
    fusions: Vec::new(),
    trends: Vec::new(),
    limits: Vec::new(),
    tallies: Vec::new(),
    formulas: Vec::new(),
};

impl Plans {
    pub(crate) fn get(&self, plan: u32) -> &Plan {
        self.plans.get(plan as usize).unwrap_or(&NO_PLAN)
    }

    fn number(&mut self, plan: Plan) -> u32 {
        if let Some(number) = self.numbers.get(&plan) {
            return *number;
        }
        let number = u32::try_from(self.plans.len()).expect("there are fewer plans than series");
        self.plans.push(plan.clone());
        self.numbers.insert(plan, number);
        number
    }
}

impl Plan {
    /// Whether any rule of it has that number.
    pub(crate) fn has(&self, rule: u16) -> bool {
        self.levels.contains(&rule) || self.fusions.contains(&rule)
    }
}

impl Engine {
    /// The plan for a metric of a device.
    pub(crate) fn plan_for(&mut self, device: u32, metric: &Metric) -> u32 {
        let rules = self.rules_where(self.place(device), |rule| rule.judges(metric));
        let trends: BTreeSet<TrendSpec> = rules.iter().flat_map(|rule| self.rule(*rule).trends_of(metric)).collect();
        let (rooms, levels): (Vec<u16>, Vec<u16>) = rules.into_iter().partition(|rule| self.rule(*rule).is_of_a_room());
        let (fusions, formulas) = rooms.into_iter().partition(|rule| self.rule(*rule).fusion().is_some());
        let tallies = levels.iter().filter(|rule| self.rule(**rule).tallies()).copied().collect();
        let impossible = |rule: &&u16| matches!(self.rule(**rule).kind, Kind::Impossible { .. });
        let limits = levels.iter().filter(impossible).copied().collect();
        let trends = trends.into_iter().collect();
        self.plans.number(Plan { levels, fusions, trends, limits, tallies, formulas })
    }

    /// The rule that watches for a device's silence: the first that fits.
    pub(crate) fn silence_rule_for(&self, device: u32) -> Option<u16> {
        let silent = self.rules_where(self.place(device), |rule| matches!(rule.kind, Kind::Silent { .. }));
        silent.first().copied()
    }

    /// The rules for a metric of a device of which nothing is kept.
    pub(crate) fn rules_for_stranger(&self, site: &SiteId, source: Source, metric: &Metric) -> Vec<u16> {
        let site_kind = self.sites.sites.get(site).map(|site| site.kind);
        self.rules_where(Place { source, site, site_kind, zone: None, tags: None, profile: None }, |rule| {
            rule.judges(metric)
        })
    }

    /// Takes in a device with the zone that a replayed line gives it; a change of zone changes the rules in scope.
    pub(crate) fn place_device(
        &mut self,
        site: &SiteId,
        source: Source,
        name: &DeviceName,
        zone: Option<ZoneId>,
        now: Timestamp,
    ) {
        let known = self.fleet.find_device(site, source, name);
        if known.is_some_and(|device| self.fleet.device(device).told_zone.as_deref() == zone.as_ref()) {
            return;
        }
        let key = DeviceKey { site: site.clone(), source, name: name.clone() };
        let Ok(device) = known.map_or_else(|| self.fleet.add(key, now), Ok) else { return };
        self.fleet.device_mut(device).told_zone = zone.map(Box::new);
        self.fleet.device_mut(device).silence_rule = self.silence_rule_for(device);
        self.fleet.device_mut(device).room = self.room_of(device);
        for (_, series) in self.fleet.device(device).series.clone() {
            let metric = self.fleet.metric(self.fleet.series(series)).clone();
            self.fleet.series_mut(series).plan = self.plan_for(device, &metric);
        }
    }

    /// The device's zone.
    pub(crate) fn zone(&self, device: u32) -> Option<&ZoneId> {
        let device = self.fleet.device(device);
        let known = device.claim.and_then(|claim| claimed(&self.sites, &device.key, claim));
        known.and_then(|known| known.zone.as_ref()).or(device.told_zone.as_deref())
    }

    pub(crate) fn place(&self, device: u32) -> Place<'_> {
        let state = self.fleet.device(device);
        let key = &state.key;
        let known = state.claim.and_then(|claim| claimed(&self.sites, key, claim));
        Place {
            source: key.source,
            site: &key.site,
            site_kind: self.sites.sites.get(&key.site).map(|site| site.kind),
            zone: self.zone(device),
            tags: known.map(|known| &known.tags),
            profile: self.profile(key),
        }
    }

    /// The dialect that the device speaks, when it is a transmission device.
    fn profile(&self, key: &DeviceKey) -> Option<&str> {
        let site = self.sites.sites.get(&key.site).filter(|_| key.source == Source::Gbt26875)?;
        site.transmission_devices.iter().find(|device| device.name == key.name)?.dialect.as_deref()
    }

    fn rules_where(&self, place: Place<'_>, wanted: impl Fn(&crate::rule::Rule) -> bool) -> Vec<u16> {
        let fitting = self.rules.iter().zip(0u16..).filter(|(rule, _)| wanted(rule) && rule.scope.fits(place));
        fitting.map(|(_, number)| number).collect()
    }
}
