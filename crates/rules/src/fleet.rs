//! The devices and their series (one metric at one point), numbered in the order in which they were first met, so that
//! all state is a `Vec` by number. Numbers are never given twice and survive in the snapshot.

use crate::casebook::CaseKey;
use crate::duplicates::RecentKeys;
use crate::fusion::Room;
use crate::kinds::Kinds;
use crate::tally::Tally;
use crate::trend::{Trend, TrendSpec};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use watchfire_model::{DeviceKey, DeviceName, Metric, PointName, Presence, SiteId, Source, Timestamp, Value};

/// So many unclaimed devices of one site are watched. Alarms of further ones still alarm, but nothing else of them is
/// kept.
pub const UNCLAIMED_DEVICES_PER_SITE_MAX: u32 = 1_000;
/// So many series of one unclaimed device are watched.
pub const UNCLAIMED_SERIES_PER_DEVICE_MAX: usize = 256;
/// So many series of one claimed device are watched: a fire panel has a point for each of its detectors.
pub const CLAIMED_SERIES_PER_DEVICE_MAX: usize = 65_536;

/// What is known of one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) key: DeviceKey,
    /// Its place in the site's list of devices; `None`: unclaimed. Follows from the set-up.
    #[serde(skip)]
    pub(crate) claim: Option<u32>,
    /// The zone, where something other than the set-up said so (a replayed line).
    pub(crate) told_zone: Option<Box<watchfire_model::ZoneId>>,
    /// When it was first listed or heard: silence counts from there.
    pub(crate) known_since: Timestamp,
    pub(crate) last_seen: Option<Timestamp>,
    /// What its status topic or its will said last, and when.
    pub(crate) presence: Option<(Presence, Timestamp)>,
    pub(crate) recent_keys: Option<Box<RecentKeys>>,
    /// The rule that watches for its silence. Follows from the set-up.
    #[serde(skip)]
    pub(crate) silence_rule: Option<u16>,
    /// Whether it is silent.
    pub(crate) silence: Hold,
    /// The timer that runs for it.
    #[serde(skip)]
    pub(crate) silence_timer: Option<Timestamp>,
    /// The zone that it hangs in, or itself: whose evidence is added up. Follows from the set-up.
    #[serde(skip)]
    pub(crate) room: Room,
    /// Its alerts that are not over.
    pub(crate) cases: Vec<CaseKey>,
    /// Its series, each behind the number of its kind, in the order of those.
    #[serde(skip)]
    pub(crate) series: Vec<(u32, u32)>,
}

/// What is known of one metric at one point of one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) device: u32,
    /// What is measured where, by its number.
    pub(crate) kind: u32,
    /// The newest value by event time.
    pub(crate) value: Value,
    /// Its event time.
    pub(crate) at: Timestamp,
    /// When it was received.
    pub(crate) received_at: Timestamp,
    /// Which rules judge it. Follows from the set-up.
    #[serde(skip)]
    pub(crate) plan: u32,
    /// The running means that the plan asks for.
    pub(crate) trends: Box<[Trend]>,
    /// What rules of the plan count over the readings, each behind its rule. Apart in snapshots: few series have any.
    #[serde(skip)]
    pub(crate) tallies: Vec<(u16, Tally)>,
    /// The rules for which something is going on; empty for nearly every series.
    pub(crate) slots: Vec<Slot>,
}

/// What is going on between one rule and one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) rule: u16,
    pub(crate) hold: Hold,
    /// Event time of the newest reading that met the rule.
    pub(crate) met_at: Timestamp,
}

/// Whether a cause holds, and the alert it belongs to while that is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hold {
    pub(crate) phase: Phase,
    pub(crate) case: Option<CaseKey>,
}

/// How far a cause has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// Met, but not long enough yet.
    Pending {
        /// Since when, by the journal's time.
        since: Timestamp,
    },
    /// It holds.
    Holding,
    /// It holds still, but is met no more; over when that lasts.
    Leaving {
        /// Since when, by the journal's time.
        since: Timestamp,
    },
}

impl Phase {
    /// Whether the cause holds.
    pub(crate) fn holds(self) -> bool {
        matches!(self, Phase::Holding | Phase::Leaving { .. })
    }
}

/// Every device and series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fleet {
    devices: Vec<Device>,
    series: Vec<Series>,
    kinds: Kinds,
    /// Only looked up, never walked: its order is not to be seen.
    index: HashMap<SiteId, SiteIndex>,
}

#[derive(Clone, Debug, Default)]
struct SiteIndex {
    /// The number of its first device: stands for the site.
    first: Option<u32>,
    by_source: BTreeMap<Source, HashMap<DeviceName, u32>>,
    unclaimed: u32,
}

/// The table of that kind is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Fleet {
    /// The fleet of a snapshot; `None` when the numbers in it do not fit together.
    pub(crate) fn restore(devices: Vec<Device>, series: Vec<Series>, kinds: Kinds) -> Option<Fleet> {
        let mut fleet = Fleet { devices, series, kinds, index: HashMap::new() };
        for number in 0..fleet.devices.len() {
            let key = fleet.devices.get(number)?.key.clone();
            let number = u32::try_from(number).ok()?;
            let site = fleet.index.entry(key.site).or_default();
            site.first.get_or_insert(number);
            let names = site.by_source.entry(key.source).or_default();
            if names.insert(key.name, number).is_some() {
                return None;
            }
        }
        for number in 0..fleet.series.len() {
            let series = fleet.series.get(number)?;
            let (device, kind) = (series.device, series.kind);
            if !fleet.kinds.holds(kind) {
                return None;
            }
            let place = fleet.devices.get(usize::try_from(device).ok()?).map(|_| fleet.place_of(device, kind))?;
            let Err(place) = place else { return None };
            fleet.device_mut(device).series.insert(place, (kind, u32::try_from(number).ok()?));
        }
        Some(fleet)
    }

    pub(crate) fn devices(&self) -> &[Device] {
        &self.devices
    }

    pub(crate) fn all_series(&self) -> &[Series] {
        &self.series
    }

    pub(crate) fn device(&self, number: u32) -> &Device {
        self.devices.get(number as usize).expect("numbers come from this table")
    }

    pub(crate) fn device_mut(&mut self, number: u32) -> &mut Device {
        self.devices.get_mut(number as usize).expect("numbers come from this table")
    }

    pub(crate) fn series(&self, number: u32) -> &Series {
        self.series.get(number as usize).expect("numbers come from this table")
    }

    pub(crate) fn series_mut(&mut self, number: u32) -> &mut Series {
        self.series.get_mut(number as usize).expect("numbers come from this table")
    }

    pub(crate) fn device_numbers(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.devices.len()).expect("a new device is only added below 2^32")
    }

    pub(crate) fn series_numbers(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.series.len()).expect("a new series is only added below 2^32")
    }

    pub(crate) fn find_device(&self, site: &SiteId, source: Source, name: &DeviceName) -> Option<u32> {
        self.index.get(site)?.by_source.get(&source)?.get(name).copied()
    }

    /// The first device of the device's site, which stands for the site: numbers are never given twice.
    pub(crate) fn first_of_site(&self, device: u32) -> u32 {
        self.index.get(&self.device(device).key.site).and_then(|site| site.first).unwrap_or(device)
    }

    /// A device that is not in the set-up. Refused when the site has too many of them.
    pub(crate) fn add_unclaimed(&mut self, key: DeviceKey, now: Timestamp) -> Result<u32, Full> {
        if self.index.get(&key.site).is_some_and(|site| site.unclaimed >= UNCLAIMED_DEVICES_PER_SITE_MAX) {
            return Err(Full);
        }
        let site = key.site.clone();
        let number = self.add(key, now)?;
        self.index.entry(site).or_default().unclaimed += 1;
        Ok(number)
    }

    /// A device of the set-up, met or not.
    pub(crate) fn add(&mut self, key: DeviceKey, now: Timestamp) -> Result<u32, Full> {
        let number = u32::try_from(self.devices.len()).ok().filter(|number| *number < u32::MAX).ok_or(Full)?;
        let site = self.index.entry(key.site.clone()).or_default();
        site.first.get_or_insert(number);
        site.by_source.entry(key.source).or_default().insert(key.name.clone(), number);
        self.devices.push(Device {
            key,
            claim: None,
            told_zone: None,
            known_since: now,
            last_seen: None,
            presence: None,
            recent_keys: None,
            silence_rule: None,
            silence: Hold::default(),
            silence_timer: None,
            room: Room::Device(number),
            cases: Vec::new(),
            series: Vec::new(),
        });
        Ok(number)
    }

    /// Counts the unclaimed devices again after a change of the set-up.
    pub(crate) fn recount_unclaimed(&mut self) {
        for device in &self.devices {
            if let Some(site) = self.index.get_mut(&device.key.site) {
                site.unclaimed = 0;
            }
        }
        for device in self.devices.iter().filter(|device| device.claim.is_none()) {
            if let Some(site) = self.index.get_mut(&device.key.site) {
                site.unclaimed += 1;
            }
        }
    }

    pub(crate) fn find_series(&self, device: u32, metric: &Metric, point: &PointName) -> Option<u32> {
        let place = self.place_of(device, self.kinds.find(metric, point)?).ok()?;
        self.device(device).series.get(place).map(|(_, series)| *series)
    }

    /// What a series measures.
    pub(crate) fn metric(&self, series: &Series) -> &Metric {
        self.kinds.metric(series.kind)
    }

    /// Where on its device a series measures.
    pub(crate) fn point(&self, series: &Series) -> &PointName {
        self.kinds.point(series.kind)
    }

    pub(crate) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// A series met for the first time; its kind is filled in.
    pub(crate) fn add_series(&mut self, mut series: Series, metric: &Metric, point: &PointName) -> Result<u32, Full> {
        let number = u32::try_from(self.series.len()).ok().filter(|number| *number < u32::MAX).ok_or(Full)?;
        let device = self.device(series.device);
        let limit =
            if device.claim.is_some() { CLAIMED_SERIES_PER_DEVICE_MAX } else { UNCLAIMED_SERIES_PER_DEVICE_MAX };
        if device.series.len() >= limit {
            return Err(Full);
        }
        series.kind = self.kinds.number(metric, point);
        let place = self.place_of(series.device, series.kind).unwrap_or_else(|place| place);
        self.device_mut(series.device).series.insert(place, (series.kind, number));
        self.series.push(series);
        Ok(number)
    }

    /// Where in the device's list the series of that kind is, or would be.
    fn place_of(&self, device: u32, kind: u32) -> Result<usize, usize> {
        self.device(device).series.binary_search_by_key(&kind, |(kind, _)| *kind)
    }
}

impl Series {
    /// The running means of that kind.
    pub(crate) fn trend(&self, spec: TrendSpec) -> Option<&Trend> {
        self.trends.iter().find(|trend| trend.spec == spec)
    }

    pub(crate) fn tally(&self, rule: u16) -> Option<&Tally> {
        self.tallies.iter().find(|(of, _)| *of == rule).map(|(_, tally)| tally)
    }

    pub(crate) fn tally_mut(&mut self, rule: u16) -> Option<&mut Tally> {
        self.tallies.iter_mut().find(|(of, _)| *of == rule).map(|(_, tally)| tally)
    }

    pub(crate) fn slot(&self, rule: u16) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.rule == rule)
    }

    pub(crate) fn slot_mut(&mut self, rule: u16) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.rule == rule)
    }

    /// The slot of that rule, made when there is none.
    pub(crate) fn slot_or_new(&mut self, rule: u16) -> &mut Slot {
        let place = match self.slots.iter().position(|slot| slot.rule == rule) {
            Some(place) => place,
            None => {
                self.slots.push(Slot { rule, hold: Hold::default(), met_at: Timestamp(i64::MIN) });
                self.slots.len() - 1
            }
        };
        self.slots.get_mut(place).expect("it was found or made just now")
    }
}
