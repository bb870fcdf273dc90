//! A checked rule: what it judges, where, and what it raises.

use crate::cusum::Cusum;
use crate::dose::Dose;
use crate::expression::Expression;
use crate::flapping::Flapping;
use crate::gathering_keys::Gathering;
use crate::schedule::Hours;
use crate::stuck::Stuck;
use crate::trend::TrendSpec;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use watchfire_model::{Class, Metric, RuleRef, Severity, SiteId, SiteKind, Source, Value, ZoneId};

/// The most rules a set may hold.
pub const RULES_MAX: usize = 1_000;

/// The rules in force, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleSet {
    /// Every name once.
    pub(crate) rules: Vec<Rule>,
}

impl RuleSet {
    /// The rules, in the order of their names.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name, by which its timers and alerts survive a change of the set.
    pub name: CompactString,
    /// Counted by its author.
    pub version: u32,
    /// What it raises.
    pub class: Class,
    /// How bad that is.
    pub severity: Severity,
    /// Where it applies.
    pub scope: Scope,
    /// What it judges.
    pub kind: Kind,
    /// At which times of the site's day it judges; `None`: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// It raises nothing: other rules refer to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
    /// While one of these rules is met at the site, what this one raises is marked as its consequence.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub explained_by: BTreeSet<CompactString>,
}

/// What a rule judges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A device says so itself.
    DeviceAlarm {
        /// Any of these being true.
        metrics: BTreeSet<Metric>,
        /// For that many seconds.
        hold_s: u32,
        /// None of them may be true for that many seconds before the alert clears. Set-ups stored before this was asked
        /// cleared at once.
        #[serde(default)]
        clear_after_s: u32,
    },
    /// A measured value is beyond a limit.
    Threshold {
        /// Of what.
        metric: Metric,
        /// The limit.
        level: Level,
        /// The value must come back by this much before the alert clears.
        hysteresis: f64,
        /// For that many seconds.
        hold_s: u32,
        /// The value must stay back for that many seconds before the alert clears. Set-ups stored before this was
        /// asked cleared at once.
        #[serde(default)]
        clear_after_s: u32,
    },
    /// A value has left what is usual for it.
    Departure {
        /// Which value, and how far.
        departure: Departure,
        /// For that many seconds, and at least two readings.
        hold_s: u32,
        /// It must be back for that many seconds before the alert clears.
        clear_after_s: u32,
    },
    /// Several senses in one zone together.
    Fusion(Fusion),
    /// A value cannot be: the sensor or its wire is broken. No other rule judges such a value, but a device's own alarm
    /// beside it still alarms.
    Impossible {
        /// Of what.
        metric: Metric,
        /// What is less cannot be.
        below: Option<f64>,
        /// What is more cannot be.
        above: Option<f64>,
        /// For that many seconds.
        hold_s: u32,
        /// It must be possible for that many seconds before the alert clears.
        clear_after_s: u32,
    },
    /// A device is not heard from, or is said to be gone.
    Silent {
        /// Seconds of silence, for devices whose set-up names none; `None`: those are not watched.
        after_s: Option<u32>,
        /// Seconds after its status topic or its will said that it is gone.
        gone_hold_s: u32,
    },
    /// What a value has done over hours adds up.
    Dose(Dose),
    /// A value does not move, though readings come.
    Stuck(Stuck),
    /// An alarm comes and goes too often.
    Flapping(Flapping),
    /// Other rules are met: together, several times, or some and not others.
    Gathering(Gathering),
    /// A formula over what a device measures.
    Expression(Expression),
    /// A value's mean has shifted.
    Cusum(Cusum),
}

/// How far a value must leave what is usual for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Departure {
    /// Of what.
    pub metric: Metric,
    /// Which way.
    pub direction: Direction,
    /// By that much at least.
    pub by: f64,
    /// And by that share of what is usual.
    pub by_share: f64,
    /// And by that many times the noise of its readings.
    pub noise_factor: f64,
    /// What counts as usual.
    pub spec: TrendSpec,
}

/// Which way a value leaves what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It rises.
    Up,
    /// It falls.
    Down,
    /// Whichever.
    Either,
}

/// Evidence of several senses, added up over a zone (over the device, where no zone is known). It is there when the
/// parts sum up to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    /// What speaks for it.
    pub senses: Vec<Sense>,
    /// What speaks against it.
    pub discounts: Vec<Discount>,
    /// For that many seconds, and at least two readings, when one sense speaks alone.
    pub hold_s: u32,
    /// For that many seconds, and at least two readings, when two senses or more speak.
    pub together_s: u32,
    /// It must be over for that many seconds before the alert clears.
    pub clear_after_s: u32,
}

/// One sense of a fusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sense {
    /// A departure of this size counts in full.
    pub departure: Departure,
    /// What it counts for in full: at 0.5 it needs another sense beside it.
    pub weight: f64,
}

/// What makes other senses count for less: an explanation that is no fire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discount {
    /// While this is so,
    pub departure: Departure,
    /// at these hours (`None`: at any),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// these senses
    pub of: BTreeSet<Metric>,
    /// count for so much of what they would.
    pub factor: f64,
}

impl Fusion {
    /// Every departure that it watches.
    pub(crate) fn departures(&self) -> impl Iterator<Item = &Departure> {
        let senses = self.senses.iter().map(|sense| &sense.departure);
        senses.chain(self.discounts.iter().map(|discount| &discount.departure))
    }
}

/// On which side of a limit the danger is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// At or above.
    Above(f64),
    /// At or below.
    Below(f64),
}

impl Level {
    /// The limit.
    pub fn limit(self) -> f64 {
        match self {
            Level::Above(limit) | Level::Below(limit) => limit,
        }
    }

    /// Where an alert clears.
    pub fn way_back(self, hysteresis: f64) -> f64 {
        match self {
            Level::Above(limit) => limit - hysteresis,
            Level::Below(limit) => limit + hysteresis,
        }
    }
}

/// Where a rule applies: every part that is not empty must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Whose naming the device follows.
    pub sources: BTreeSet<Source>,
    /// The site.
    pub sites: BTreeSet<SiteId>,
    /// What the site is.
    pub site_kinds: BTreeSet<SiteKind>,
    /// The zone.
    pub zones: BTreeSet<ZoneId>,
    /// One of the device's tags.
    pub tags: BTreeSet<String>,
    /// The profile (dialect) of the transmission device that the device is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub profiles: BTreeSet<String>,
}

/// What a scope is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) source: Source,
    pub(crate) site: &'a SiteId,
    pub(crate) site_kind: Option<SiteKind>,
    pub(crate) zone: Option<&'a ZoneId>,
    pub(crate) tags: Option<&'a BTreeSet<String>>,
    pub(crate) profile: Option<&'a str>,
}

impl Scope {
    /// Whether a rule of this scope applies everywhere.
    pub fn is_everywhere(&self) -> bool {
        *self == Scope::default()
    }

    pub(crate) fn fits(&self, place: Place<'_>) -> bool {
        (self.sources.is_empty() || self.sources.contains(&place.source))
            && (self.sites.is_empty() || self.sites.contains(place.site))
            && (self.site_kinds.is_empty() || place.site_kind.is_some_and(|kind| self.site_kinds.contains(&kind)))
            && (self.zones.is_empty() || place.zone.is_some_and(|zone| self.zones.contains(zone)))
            && (self.tags.is_empty() || place.tags.is_some_and(|tags| !self.tags.is_disjoint(tags)))
            && (self.profiles.is_empty() || place.profile.is_some_and(|profile| self.profiles.contains(profile)))
    }
}

impl Rule {
    /// A rule that applies always and everywhere.
    pub(crate) fn plain(name: CompactString, version: u32, class: Class, kind: Kind) -> Rule {
        Rule {
            name,
            version,
            class,
            severity: class.severity(),
            scope: Scope::default(),
            kind,
            hours: None,
            quiet: false,
            explained_by: BTreeSet::new(),
        }
    }

    /// The rules that it refers to.
    pub(crate) fn refers_to(&self, name: &str) -> bool {
        let gathers = matches!(&self.kind, Kind::Gathering(gathering) if gathering.names().any(|of| of == name));
        gathers || self.explained_by.contains(name)
    }

    /// Whether it is met by a room or a device as a whole, not by one series.
    pub(crate) fn is_of_a_room(&self) -> bool {
        matches!(self.kind, Kind::Fusion(_) | Kind::Gathering(_) | Kind::Expression(_))
    }

    /// `name@version`.
    pub fn reference(&self) -> RuleRef {
        RuleRef { name: self.name.clone(), version: self.version }
    }

    /// What it waits for, and for how long, if it judges departures.
    pub(crate) fn departure(&self) -> Option<(&Departure, u32)> {
        if let Kind::Departure { departure, hold_s, .. } = &self.kind { Some((departure, *hold_s)) } else { None }
    }

    /// What it adds up, if it does.
    pub(crate) fn fusion(&self) -> Option<&Fusion> {
        if let Kind::Fusion(fusion) = &self.kind { Some(fusion) } else { None }
    }

    /// Whether it judges even values that cannot be.
    pub(crate) fn judges_the_impossible(&self) -> bool {
        matches!(self.kind, Kind::Impossible { .. } | Kind::DeviceAlarm { .. })
    }

    /// Whether it judges readings of that metric.
    pub(crate) fn judges(&self, judged: &Metric) -> bool {
        match &self.kind {
            Kind::DeviceAlarm { metrics, .. } => metrics.contains(judged),
            Kind::Threshold { metric, .. } | Kind::Impossible { metric, .. } => metric == judged,
            Kind::Departure { departure, .. } => departure.metric == *judged,
            Kind::Fusion(fusion) => fusion.departures().any(|departure| departure.metric == *judged),
            Kind::Dose(dose) => dose.metric == *judged,
            Kind::Stuck(stuck) => stuck.metric == *judged,
            Kind::Cusum(cusum) => cusum.metric == *judged,
            Kind::Flapping(flapping) => flapping.metrics.contains(judged),
            Kind::Expression(expression) => expression.names(judged),
            Kind::Gathering(_) | Kind::Silent { .. } => false,
        }
    }

    /// Whether it keeps a tally of each series.
    pub(crate) fn tallies(&self) -> bool {
        matches!(self.kind, Kind::Dose(_) | Kind::Stuck(_) | Kind::Flapping(_) | Kind::Cusum(_))
    }

    /// The means that it asks for of that metric.
    pub(crate) fn trends_of<'a>(&'a self, metric: &'a Metric) -> impl Iterator<Item = TrendSpec> + 'a {
        let one = self.departure().map(|(departure, _)| departure);
        let many = self.fusion().map(Fusion::departures);
        let all = one.into_iter().chain(many.into_iter().flatten());
        all.filter(move |departure| departure.metric == *metric).map(|departure| departure.spec)
    }

    /// Whether that value is what it waits for. `held` says whether it has been until now: then the way back counts.
    pub(crate) fn met_by(&self, value: Value, held: bool) -> bool {
        match (&self.kind, value) {
            (Kind::DeviceAlarm { .. }, Value::Bool(alarm)) => alarm,
            // A maker's 0 and 1: whatever is not nothing is an alarm.
            (Kind::DeviceAlarm { .. }, Value::Number(number)) => number != 0.0,
            (Kind::Threshold { level, hysteresis, .. }, Value::Number(number)) => match level {
                Level::Above(limit) => number >= *limit || (held && number > limit - hysteresis),
                Level::Below(limit) => number <= *limit || (held && number < limit + hysteresis),
            },
            (Kind::Impossible { below, above, .. }, Value::Number(number)) => {
                below.is_some_and(|below| number < below) || above.is_some_and(|above| number > above)
            }
            (Kind::Threshold { .. } | Kind::Impossible { .. }, Value::Bool(_))
            | (
                Kind::Departure { .. }
                | Kind::Fusion(_)
                | Kind::Silent { .. }
                | Kind::Dose(_)
                | Kind::Stuck(_)
                | Kind::Flapping(_)
                | Kind::Cusum(_)
                | Kind::Gathering(_)
                | Kind::Expression(_),
                _,
            ) => false,
        }
    }

    /// How long it must hold, in seconds.
    pub(crate) fn hold_s(&self) -> u32 {
        match &self.kind {
            Kind::DeviceAlarm { hold_s, .. }
            | Kind::Threshold { hold_s, .. }
            | Kind::Impossible { hold_s, .. }
            | Kind::Departure { hold_s, .. }
            | Kind::Fusion(Fusion { hold_s, .. })
            | Kind::Silent { gone_hold_s: hold_s, .. } => *hold_s,
            Kind::Gathering(gathering) => gathering.hold_s,
            Kind::Expression(expression) => expression.hold_s,
            Kind::Dose(_) | Kind::Stuck(_) | Kind::Flapping(_) | Kind::Cusum(_) => 0,
        }
    }

    /// How long it must be over, in seconds.
    pub(crate) fn clear_after_s(&self) -> u32 {
        match &self.kind {
            Kind::DeviceAlarm { clear_after_s, .. }
            | Kind::Threshold { clear_after_s, .. }
            | Kind::Impossible { clear_after_s, .. }
            | Kind::Departure { clear_after_s, .. }
            | Kind::Fusion(Fusion { clear_after_s, .. }) => *clear_after_s,
            Kind::Dose(dose) => dose.clear_after_s,
            Kind::Stuck(stuck) => stuck.clear_after_s,
            Kind::Cusum(cusum) => cusum.clear_after_s,
            Kind::Flapping(flapping) => flapping.clear_after_s,
            Kind::Gathering(gathering) => gathering.clear_after_s,
            Kind::Expression(expression) => expression.clear_after_s,
            Kind::Silent { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every part of a scope by itself keeps a rule from the places beside it.
    #[test]
    fn a_scope_fits_where_every_part_of_it_does() {
        let read = |keys: &str| {
            let text = format!("[[rule]]\nname = \"r\"\nversion = 1\nkind = \"silent\"\nafter_s = 60\n{keys}\n");
            let set = RuleSet::parse(&[("rules.toml".into(), text)]).unwrap();
            set.rules().iter().find(|rule| rule.name == "r").unwrap().scope.clone()
        };
        let (site, zone): (SiteId, ZoneId) = ("tower".parse().unwrap(), "lobby".parse().unwrap());
        let tags = BTreeSet::from(["lane".to_owned()]);
        let place = Place {
            source: Source::Gbt26875,
            site: &site,
            site_kind: Some(SiteKind::Building),
            zone: Some(&zone),
            tags: Some(&tags),
            profile: Some("hikvision"),
        };
        let unlisted = Place { site_kind: None, zone: None, tags: None, profile: None, ..place };
        for (fits, beside) in [
            ("sources = [\"gbt26875\"]", "sources = [\"zigbee2mqtt\"]"),
            ("sites = [\"tower\", \"home1\"]", "sites = [\"home1\"]"),
            ("site_kinds = [\"building\"]", "site_kinds = [\"home\", \"care_home\"]"),
            ("zones = [\"lobby\"]", "zones = [\"cellar\"]"),
            ("tags = [\"stove\", \"lane\"]", "tags = [\"stove\"]"),
            ("profiles = [\"hikvision\"]", "profiles = [\"dahua\"]"),
        ] {
            assert!(read(fits).fits(place), "{fits}");
            assert!(!read(beside).fits(place), "{beside}");
            let of_the_list = ["site_kinds", "zones", "tags", "profiles"].iter().any(|key| fits.starts_with(key));
            assert_eq!(read(fits).fits(unlisted), !of_the_list, "{fits}, of a device that is not listed");
        }
        assert!(!read("zones = [\"lobby\"]\ntags = [\"stove\"]").fits(place), "one part fits, the other does not");
    }
}
