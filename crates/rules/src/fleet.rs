//! The devices and their series (one metric at one point), numbered in the order in which they were first met, so that
//! all state is a table by number. Numbers are never given twice and survive in the snapshot.

use crate::device_index::DeviceIndex;
use crate::device_state::Device;
use crate::kinds::Kinds;
use crate::series::Series;
use crate::table::Table;
use std::collections::HashMap;
use watchfire_model::{DeviceKey, DeviceName, Metric, PointName, SiteId, Source, Timestamp};

/// So many unclaimed devices of one site are watched. Alarms of further ones still alarm, but nothing else of them is
/// kept.
pub const UNCLAIMED_DEVICES_PER_SITE_MAX: u32 = 1_000;
/// So many series of one unclaimed device are watched.
pub const UNCLAIMED_SERIES_PER_DEVICE_MAX: usize = 256;
/// So many series of one claimed device are watched: a fire panel has a point for each of its detectors.
pub const CLAIMED_SERIES_PER_DEVICE_MAX: usize = 65_536;

/// Every device and series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fleet {
    devices: Table<Device>,
    series: Table<Series>,
    kinds: Kinds,
    index: DeviceIndex,
    /// Only looked up, never walked: its order is not to be seen.
    sites: HashMap<SiteId, OfSite>,
}

#[derive(Clone, Debug)]
struct OfSite {
    /// The number of its first device: stands for the site.
    first: u32,
    unclaimed: u32,
}

/// The table of that kind is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Fleet {
    /// The fleet of a snapshot; `None` when the numbers in it do not fit together.
    pub(crate) fn restore(devices: Table<Device>, series: Table<Series>, kinds: Kinds) -> Option<Fleet> {
        let mut fleet = Fleet { kinds, ..Fleet::default() };
        for device in devices {
            let key = &device.key;
            if fleet.find_device(&key.site, key.source, &key.name).is_some() {
                return None;
            }
            fleet.take_in(device).ok()?;
        }
        for (series, number) in series.into_iter().zip(0u32..) {
            let (device, kind) = (series.device, series.kind);
            if !fleet.kinds.holds(kind) || !fleet.device_numbers().contains(&device) {
                return None;
            }
            let Err(place) = fleet.place_of(device, kind) else { return None };
            fleet.device_mut(device).series.insert(place, (kind, number));
            fleet.series.push(series);
        }
        Some(fleet)
    }

    pub(crate) fn devices(&self) -> &Table<Device> {
        &self.devices
    }

    pub(crate) fn all_series(&self) -> &Table<Series> {
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
        let mut candidates = self.index.candidates(self.index.hash(site, source, name));
        candidates.find(|number| {
            let key = &self.device(*number).key;
            key.name == *name && key.site == *site && key.source == source
        })
    }

    /// By which [`Fleet::candidate`] looks.
    pub(crate) fn hash(&self, site: &SiteId, source: Source, name: &DeviceName) -> u32 {
        self.index.hash(site, source, name)
    }

    /// The device that probably is meant; without a look at its record.
    pub(crate) fn candidate(&self, hash: u32) -> Option<u32> {
        self.index.candidates(hash).next()
    }

    /// The first device of the device's site, which stands for the site: numbers are never given twice.
    pub(crate) fn first_of_site(&self, device: u32) -> u32 {
        self.sites.get(&self.device(device).key.site).map_or(device, |site| site.first)
    }

    /// A device that is not in the set-up. Refused when the site has too many of them.
    pub(crate) fn add_unclaimed(&mut self, key: DeviceKey, now: Timestamp) -> Result<u32, Full> {
        if self.sites.get(&key.site).is_some_and(|site| site.unclaimed >= UNCLAIMED_DEVICES_PER_SITE_MAX) {
            return Err(Full);
        }
        let number = self.add(key, now)?;
        if let Some(site) = self.sites.get_mut(&self.devices.get(number as usize).ok_or(Full)?.key.site) {
            site.unclaimed += 1;
        }
        Ok(number)
    }

    /// A device of the set-up, met or not, that is not there yet.
    pub(crate) fn add(&mut self, key: DeviceKey, now: Timestamp) -> Result<u32, Full> {
        let number = u32::try_from(self.devices.len()).map_err(|_| Full)?;
        self.take_in(Device::new(key, number, now))
    }

    fn take_in(&mut self, device: Device) -> Result<u32, Full> {
        let number = u32::try_from(self.devices.len()).ok().filter(|number| *number < u32::MAX).ok_or(Full)?;
        let key = &device.key;
        self.index.insert(self.index.hash(&key.site, key.source, &key.name), number);
        if !self.sites.contains_key(&key.site) {
            self.sites.insert(key.site.clone(), OfSite { first: number, unclaimed: 0 });
        }
        self.devices.push(device);
        Ok(number)
    }

    /// Counts the unclaimed devices again after a change of the set-up.
    pub(crate) fn recount_unclaimed(&mut self) {
        for site in self.sites.values_mut() {
            site.unclaimed = 0;
        }
        for device in self.devices.iter().filter(|device| device.claim.is_none()) {
            if let Some(site) = self.sites.get_mut(&device.key.site) {
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
