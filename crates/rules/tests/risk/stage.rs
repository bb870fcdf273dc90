//! Sites, alerts and readings in few words, for all tests of the risk.

use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::*;
use watchfire_rules::risk::{Change, Risk, RiskSettings};
use watchfire_rules::{Event, SetUp, Stamp};

const START: i64 = 1_772_323_200; // 2026-03-01T00:00:00Z

/// The risk with what it is told, and what came out.
pub(crate) struct Stage {
    pub(crate) sites: Sites,
    pub(crate) settings: RiskSettings,
    pub(crate) risk: Option<Risk>,
    pub(crate) now: Timestamp,
    pub(crate) changes: Vec<Change>,
    pub(crate) transitions: Vec<Transition>,
    seq: u64,
    classes: BTreeMap<u64, Class>,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage {
            sites: Sites::default(),
            settings: RiskSettings {
                weather_sites: BTreeSet::from(["office".parse().unwrap()]),
                ..RiskSettings::built_in()
            },
            risk: None,
            now: Timestamp::EPOCH,
            changes: Vec::new(),
            transitions: Vec::new(),
            seq: 0,
            classes: BTreeMap::new(),
        }
    }

    pub(crate) fn site(&mut self, id: &str, kind: SiteKind) -> &mut Site {
        let site = Site {
            name: Bilingual::same(id),
            kind,
            address: Bilingual::default(),
            time_zone: "Asia/Shanghai".into(),
            zones: BTreeMap::new(),
            devices: Vec::new(),
            identities: BTreeMap::new(),
            ladder: Vec::new(),
            transmission_devices: Vec::new(),
            premises: Premises::default(),
        };
        self.sites.sites.entry(id.parse().unwrap()).or_insert(site)
    }

    pub(crate) fn devices(&mut self, site: &str, zone: Option<&str>, prefix: &str, count: u32) {
        let devices = &mut self.sites.sites.get_mut(site).unwrap().devices;
        for number in 0..count {
            devices.push(Device {
                source: Source::Watchfire,
                name: format!("{prefix}{number}").parse().unwrap(),
                label: Bilingual::same(format!("{prefix}{number}")),
                zone: zone.map(|zone| zone.parse().unwrap()),
                silent_after_s: None,
                tags: Default::default(),
            });
        }
    }

    pub(crate) fn risk(&mut self) -> &mut Risk {
        self.risk.get_or_insert_with(|| Risk::new(&self.sites, &self.settings))
    }

    pub(crate) fn set_up(&mut self, at: Timestamp) {
        if self.risk.is_none() {
            self.risk();
            return self.apply(at, &Event::Tick, &[]);
        }
        let (sites, settings) = (self.sites.clone(), self.settings.clone());
        let mut out = std::mem::take(&mut self.changes);
        self.risk().configure(at, &sites, &settings, &mut out);
        self.changes = out;
    }

    pub(crate) fn frame(&mut self, at: Timestamp, site: &str, device: &str, said: &[(&str, &str, Value, Timestamp)]) {
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some(device.parse().unwrap());
        for (point, metric, value, said_at) in said {
            let metric = Metric::from_name(metric).unwrap();
            let reading =
                Reading { point: point.parse().unwrap(), metric, value: *value, vendor_unit: None, at: *said_at };
            decoded.readings.push(reading);
        }
        self.apply(at, &Event::Decoded { site: &site.parse().unwrap(), decoded: &decoded }, &[]);
    }

    pub(crate) fn alert(&mut self, at: Timestamp, number: u64, place: &str, words: &[&str]) {
        let (words, test) = match words {
            [words @ .., "in-test"] => (words, true),
            words => (words, false),
        };
        let (site, zone) = place.split_once('/').map_or((place, None), |(site, zone)| (site, Some(zone)));
        let by: UserName = "wang".parse().unwrap();
        let verified = |verdict| Step::Verified { by: by.clone(), verdict, note: String::new() };
        let class = self.classes.get(&number).copied();
        let step = match words {
            ["raise", _] => Step::Raised,
            ["escalate", _] => Step::Escalated { from: class.unwrap() },
            ["clear"] => Step::Cleared,
            ["ack"] => Step::Acknowledged { by },
            ["false"] => verified(Verdict::False(FalseCause::Dust)),
            ["real"] => verified(Verdict::Real),
            ["test"] => verified(Verdict::Test),
            ["forward"] => Step::Forwarded { by, to: "119".into() },
            ["close"] => Step::Closed { by, note: String::new() },
            ["reopen"] => Step::Reopened { by: Some(by), note: String::new() },
            ["return"] => Step::Reopened { by: None, note: String::new() },
            _ => panic!("not understood: {words:?}"),
        };
        let named = words.get(1).map(|word| *Class::ALL.iter().find(|class| class.as_str() == *word).unwrap());
        let class = named.or(class).unwrap();
        self.classes.insert(number, class);
        let transition = Transition {
            alert: AlertId { journal: JournalId([1; 16]), cause: Seq(number), ordinal: 0 },
            seq: Seq(self.seq + 1),
            at,
            step,
            class,
            severity: class.severity(),
            site: site.parse().unwrap(),
            zone: zone.map(|zone| zone.parse().unwrap()),
            device: None,
            point: None,
            rule: RuleRef { name: "r".into(), version: 1 },
            reason: Bilingual::default(),
            evidence: Vec::new(),
            marks: Marks { test, ..Marks::default() },
        };
        self.transitions.push(transition.clone());
        self.apply(at, &Event::Tick, &[transition]);
    }

    pub(crate) fn apply(&mut self, at: Timestamp, event: &Event<'_>, transitions: &[Transition]) {
        self.seq += 1;
        self.now = at;
        let stamp = Stamp { seq: Seq(self.seq), at };
        let mut out = std::mem::take(&mut self.changes);
        self.risk().apply(stamp, event, transitions, &mut out);
        self.changes = out;
    }

    /// The set-up as a journaled one, with the rules that are shipped.
    pub(crate) fn journaled_set_up(&mut self, at: Timestamp) {
        let set_up = SetUp { sites: self.sites.clone(), ..SetUp::default() };
        self.apply(at, &Event::Setup(&set_up), &[]);
    }

    pub(crate) fn restart(&mut self) {
        let bytes = self.risk().snapshot();
        let restored = Risk::restore(&bytes, &self.sites, &self.settings).unwrap();
        assert!(restored.snapshot() == bytes, "a snapshot of what was restored is the same");
        self.risk = Some(restored);
    }

    pub(crate) fn score(&mut self, site: &str) -> u32 {
        self.risk().site(&site.parse().unwrap()).unwrap().milli
    }
}

/// `[Nd]HH:MM[:SS]` after 2026-03-01T00:00:00Z, or RFC 3339.
pub(crate) fn time(text: &str) -> Timestamp {
    if let Ok(at) = text.parse() {
        return at;
    }
    let (days, rest) = text.split_once('d').map_or((0, text), |(days, rest)| (days.parse::<i64>().unwrap(), rest));
    let parts: Vec<i64> =
        rest.split(':').map(|part| part.parse().unwrap_or_else(|_| panic!("not a time: {text}"))).collect();
    let second = parts.get(2).copied().unwrap_or(0);
    Timestamp::from_seconds(START + days * 86_400 + parts[0] * 3_600 + parts[1] * 60 + second)
}

pub(crate) fn clock(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000_000) - START;
    if !(0..86_400 * 4_000).contains(&seconds) {
        return at.to_string();
    }
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let day = if days > 0 { format!("{days}d") } else { String::new() };
    format!("{day}{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}
