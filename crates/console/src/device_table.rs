//! The devices in memory: when each was last seen and its last value at each point.
//!
//! [`DeviceTable::decoded`] runs once per frame, up to 100,000 times a second: one look-up by hash and a compare per
//! reading, and no allocation for a device, point and text that are already known.

use crate::alert_board::OpenAlerts;
use crate::names::{KnownDevice, Names};
use crate::view::{DeviceState, DeviceView, Label, PointView, Text, ValueView, When};
use compact_str::CompactString;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::time::Duration;
use watchfire_model::{
    Decoded, DeviceKey, DeviceName, Metric, PointName, Presence, Reading, SiteId, Source, Timestamp, Unit, Value,
};

/// Devices held that the set-up does not list; past this new ones are not shown (their alarms still alarm).
pub const UNCLAIMED_DEVICES_MAX: usize = 10_000;
/// Points held of one device; past this new ones are not shown.
pub const POINTS_PER_DEVICE_MAX: usize = 512;

/// The devices.
#[derive(Debug, Default)]
pub(crate) struct DeviceTable {
    slots: Vec<Slot>,
    /// Places in `slots`, by the hash of their key: a few bytes per device, so that it stays in the processor's cache.
    places: HashTable<usize>,
    hasher: DefaultHashBuilder,
    unclaimed: usize,
    left_out_total: u64,
    /// Whose state or alerts changed: shown before those of which only a value changed.
    changed_state: VecDeque<usize>,
    changed_value: VecDeque<usize>,
    /// From when on silence is counted: downtime is not a device's silence.
    watched_since: Option<Timestamp>,
}

#[derive(Debug)]
struct Slot {
    key: DeviceKey,
    name: Label,
    known: Option<KnownDevice>,
    last_seen: Option<Timestamp>,
    presence: Option<Presence>,
    open: OpenAlerts,
    points: Vec<Point>,
    /// Where the next reading is looked for first: devices send their points in the same order each time.
    next_point: usize,
    state_queued: bool,
    value_queued: bool,
    shown: DeviceState,
}

#[derive(Debug)]
struct Point {
    point: PointName,
    metric: Metric,
    vendor_unit: Option<CompactString>,
    value: Value,
    at: Timestamp,
}

/// What is known of a device at the start, from the rules' snapshot or the archive.
#[derive(Clone, Debug)]
pub struct SeenDevice {
    /// Which.
    pub key: DeviceKey,
    /// When its last frame came.
    pub last_seen: Timestamp,
    /// What it last said of itself.
    pub presence: Option<Presence>,
    /// Its last reading at each point.
    pub readings: Vec<Reading>,
}

impl DeviceTable {
    /// Notes what a frame said.
    pub(crate) fn decoded(&mut self, at: Timestamp, site: &SiteId, decoded: &Decoded) {
        let Some(name) = &decoded.device else { return };
        let Some(index) = self.find(site, decoded.source, name).or_else(|| self.add(site, decoded.source, name)) else {
            self.left_out_total += 1;
            return;
        };
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.seen(at, decoded.presence);
        for reading in &decoded.readings {
            slot.read(reading);
        }
        queue(&mut self.changed_value, &mut slot.value_queued, index);
    }

    /// Takes what was known before the start.
    pub(crate) fn load(&mut self, device: &SeenDevice) {
        let key = &device.key;
        let Some(index) = self.find(&key.site, key.source, &key.name).or_else(|| self.add_key(key)) else { return };
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.seen(device.last_seen, device.presence);
        slot.presence = device.presence;
        device.readings.iter().for_each(|reading| slot.read(reading));
    }

    /// From now on devices are listened to.
    pub(crate) fn watch_from(&mut self, now: Timestamp) {
        self.watched_since = Some(now);
    }

    /// Takes a new set-up.
    pub(crate) fn setup(&mut self, names: &Names) {
        for slot in &mut self.slots {
            slot.known = names.device(&slot.key).cloned();
        }
        for (site, source, name, known) in names.devices() {
            if self.find(site, source, name).is_none() {
                let key = DeviceKey { site: site.clone(), source, name: name.clone() };
                self.insert(Slot::new(key, Some(known.clone())));
            }
        }
        self.unclaimed = self.slots.iter().filter(|slot| slot.known.is_none()).count();
    }

    /// The open alerts of a device are now these.
    pub(crate) fn open_alerts(&mut self, key: &DeviceKey, open: OpenAlerts) {
        let Some(index) = self.find(&key.site, key.source, &key.name).or_else(|| self.add_key(key)) else { return };
        if let Some(slot) = self.slots.get_mut(index)
            && slot.open != open
        {
            slot.open = open;
            queue(&mut self.changed_state, &mut slot.state_queued, index);
        }
    }

    /// Looks at `count` devices from `start` on for a change of state that came by itself, by silence.
    /// Returns where to go on; `None` at the end.
    pub(crate) fn look_for_silence(&mut self, now: Timestamp, start: usize, count: usize) -> Option<usize> {
        let end = start.saturating_add(count);
        for (index, slot) in self.slots.iter_mut().enumerate().skip(start).take(count) {
            let state = slot.state(now, self.watched_since);
            if state != slot.shown {
                slot.shown = state;
                queue(&mut self.changed_state, &mut slot.state_queued, index);
            }
        }
        (end < self.slots.len()).then_some(end)
    }

    /// Takes up to `count` devices off the list of changed ones; one may be named twice.
    pub(crate) fn take_changed(&mut self, count: usize) -> Vec<usize> {
        let by_state = self.changed_state.len().min(count);
        let mut taken: Vec<usize> = self.changed_state.drain(..by_state).collect();
        let by_value = self.changed_value.len().min(count - by_state);
        taken.extend(self.changed_value.drain(..by_value));
        for (place, index) in taken.iter().enumerate() {
            let Some(slot) = self.slots.get_mut(*index) else { continue };
            if place < by_state {
                slot.state_queued = false;
            } else {
                slot.value_queued = false;
            }
        }
        taken
    }

    pub(crate) fn view(&self, index: usize, now: Timestamp, names: &Names) -> Option<DeviceView> {
        self.slots.get(index).map(|slot| slot.view(now, self.watched_since, names))
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn unclaimed(&self) -> usize {
        self.unclaimed
    }

    pub(crate) fn left_out_total(&self) -> u64 {
        self.left_out_total
    }

    fn find(&self, site: &SiteId, source: Source, name: &DeviceName) -> Option<usize> {
        let is_it = |index: &usize| {
            let key = self.slots.get(*index).map(|slot| &slot.key);
            key.is_some_and(|key| key.name == *name && key.site == *site && key.source == source)
        };
        self.places.find(self.hasher.hash_one((site, source, name)), is_it).copied()
    }

    fn add(&mut self, site: &SiteId, source: Source, name: &DeviceName) -> Option<usize> {
        self.add_key(&DeviceKey { site: site.clone(), source, name: name.clone() })
    }

    fn add_key(&mut self, key: &DeviceKey) -> Option<usize> {
        if self.unclaimed >= UNCLAIMED_DEVICES_MAX {
            return None;
        }
        self.unclaimed += 1;
        Some(self.insert(Slot::new(key.clone(), None)))
    }

    fn insert(&mut self, slot: Slot) -> usize {
        let index = self.slots.len();
        self.slots.push(slot);
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash = |index: &usize| {
            let key = slots.get(*index).map(|slot| (&slot.key.site, slot.key.source, &slot.key.name));
            key.map_or(0, |key| hasher.hash_one(key))
        };
        self.places.insert_unique(hash(&index), index, hash);
        index
    }
}

/// Puts a device on a list of changed ones, once.
fn queue(changed: &mut VecDeque<usize>, queued: &mut bool, index: usize) {
    if !*queued {
        *queued = true;
        changed.push_back(index);
    }
}

impl Slot {
    fn new(key: DeviceKey, known: Option<KnownDevice>) -> Slot {
        Slot {
            name: Label::new(key.name.as_str()),
            key,
            known,
            last_seen: None,
            presence: None,
            open: OpenAlerts::default(),
            points: Vec::new(),
            next_point: 0,
            state_queued: false,
            value_queued: false,
            shown: DeviceState::NeverSeen,
        }
    }

    /// A frame came. A will is published for a device that is gone: it is no sign of life.
    fn seen(&mut self, at: Timestamp, presence: Option<Presence>) {
        self.presence = presence;
        if presence != Some(Presence::Offline) || self.last_seen.is_none() {
            self.last_seen = self.last_seen.max(Some(at));
        }
    }

    fn read(&mut self, reading: &Reading) {
        let place = self.find_point(reading);
        self.next_point = place + 1;
        let full = self.points.len() >= POINTS_PER_DEVICE_MAX;
        match self.points.get_mut(place) {
            // A reading that was stored up on the way does not replace a newer one.
            Some(point) if point.at > reading.at => {}
            Some(point) => {
                point.value = reading.value;
                point.at = reading.at;
            }
            None if full => {}
            None => self.points.push(Point {
                point: reading.point.clone(),
                metric: reading.metric.clone(),
                vendor_unit: reading.vendor_unit.clone(),
                value: reading.value,
                at: reading.at,
            }),
        }
    }

    /// Where the reading's point is, or the end.
    fn find_point(&self, reading: &Reading) -> usize {
        let same = |point: &Point| point.metric == reading.metric && point.point == reading.point;
        let next = if self.next_point < self.points.len() { self.next_point } else { 0 };
        if self.points.get(next).is_some_and(same) {
            return next;
        }
        self.points.iter().position(same).unwrap_or(self.points.len())
    }

    fn state(&self, now: Timestamp, watched_since: Option<Timestamp>) -> DeviceState {
        let Some(last_seen) = self.last_seen else { return DeviceState::NeverSeen };
        let silent = self.known.as_ref().and_then(|known| known.silent_after_s).is_some_and(|after_s| {
            let since = watched_since.map_or(last_seen, |watched| watched.max(last_seen));
            now.since(since) > Duration::from_secs(u64::from(after_s))
        });
        if silent || self.open.silent > 0 || self.presence == Some(Presence::Offline) {
            DeviceState::Offline
        } else {
            DeviceState::Online
        }
    }

    fn view(&self, now: Timestamp, watched_since: Option<Timestamp>, names: &Names) -> DeviceView {
        let battery = self.points.iter().find(|point| point.metric == Metric::Battery);
        let zone = self.known.as_ref().and_then(|known| known.zone.as_ref());
        DeviceView {
            site: names.device_site(&self.key.site),
            source: self.key.source.as_str(),
            name: self.name.clone(),
            label: match &self.known {
                Some(known) => known.label.clone(),
                None => Text { en: self.name.clone(), zh: self.name.clone() },
            },
            zone: zone.map(|zone| names.device_zone(&self.key.site, zone)),
            claimed: self.known.is_some(),
            state: self.state(now, watched_since),
            last_seen: self.last_seen.map(When),
            battery: battery.and_then(|point| point.value.as_number()),
            open_alerts: self.open.count,
            points: self.points.iter().map(Point::view).collect(),
        }
    }
}

impl Point {
    fn view(&self) -> PointView {
        PointView {
            point: self.point.to_string(),
            metric: self.metric.to_string(),
            unit: self.metric.unit().map(Unit::code).or(self.vendor_unit.as_deref()).map(str::to_owned),
            value: ValueView::from(self.value),
            at: When(self.at),
        }
    }
}
