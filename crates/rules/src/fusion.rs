//! Evidence of several senses in one room: smoke, heat, gases. Each says how far it has left what is usual for it; the
//! parts are added up, with weights, and what a harmless explanation accounts for is discounted (humidity that rose with
//! the smoke: steam).
//!
//! A *group* is what one fusion rule knows of one room. It exists only while something is going on there, so that quiet
//! rooms cost nothing. Of several sensors of one kind the strongest counts: two smoke detectors that see the same smoke
//! are one sense.

use crate::casebook::Ground;
use crate::engine::Engine;
use crate::event::Effects;
use crate::levels::{WAY_BACK, clearing_time, evidence, hold_time, leaving};
use crate::rule::{Discount, Fusion, Kind};
use crate::schedule::Hours;
use crate::series::{Hold, Phase};
use crate::timers::Timer;
use crate::wording;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use watchfire_model::{Bilingual, SiteId, Timestamp, ZoneId};

/// A part smaller than this says nothing: it is noise.
const PART_MIN: f64 = 0.25;
/// What a sensor said counts for so long, when nothing newer comes from it.
const PART_KEPT: Duration = Duration::from_secs(120);

/// Where evidence is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Room {
    /// A device that hangs nowhere in particular.
    Device(u32),
    /// A zone, by its number in [`Rooms`].
    Zone(u32),
    /// A site, by its first device: of rules over rules.
    Site(u32),
}

impl Default for Room {
    fn default() -> Room {
        Room::Device(u32::MAX)
    }
}

/// The zones, numbered as they were met. Numbers are never given twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rooms {
    numbers: BTreeMap<(SiteId, ZoneId), u32>,
}

/// What one fusion rule knows of one room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// What its sensors say; only those that say anything.
    parts: Vec<Part>,
    pub(crate) hold: Hold,
    /// Since when two senses or more have said so.
    together_since: Option<Timestamp>,
    /// The device whose reading decided.
    pub(crate) lead: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    series: u32,
    /// Its place among the rule's senses, then discounts.
    place: u16,
    part: f64,
    received_at: Timestamp,
}

/// The sum over a room.
#[derive(Clone, Copy, Debug)]
struct Sum {
    total: f64,
    /// So many senses speak.
    senses: usize,
}

impl Engine {
    /// Adds a series' newest reading to what its room's devices say.
    pub(crate) fn weigh(&mut self, number: u32, out: &mut Effects) {
        let series = self.fleet.series(number);
        let plan = self.plans.get(series.plan);
        if plan.fusions.is_empty() {
            return;
        }
        let room = self.fleet.device(series.device).room;
        for place in 0..plan.fusions.len() {
            let plan = self.plans.get(self.fleet.series(number).plan);
            let Some(rule) = plan.fusions.get(place).copied() else { return };
            if self.take_parts(number, room, rule) {
                self.judge_group(number, room, rule, out);
            }
        }
    }

    /// Notes what the series says to the rule. Returns whether anything is going on in the room.
    fn take_parts(&mut self, number: u32, room: Room, rule: u16) -> bool {
        let now = self.stamp.at;
        let series = self.fleet.series(number);
        let Kind::Fusion(fusion) = &self.rule(rule).kind else { return false };
        let metric = self.fleet.metric(series);
        let mut said: [Option<Part>; 4] = [None; 4];
        let mut places = said.iter_mut();
        for (departure, place) in fusion.departures().zip(0u16..) {
            if departure.metric != *metric {
                continue;
            }
            let part = departure.part(series.trend(departure.spec));
            if part >= PART_MIN
                && let Some(free) = places.next()
            {
                *free = Some(Part { series: number, place, part, received_at: now });
            }
        }
        let quiet = said.iter().all(Option::is_none);
        if quiet && !self.groups.contains_key(&(room, rule)) {
            return false;
        }
        let group = self.groups.entry((room, rule)).or_default();
        group.parts.retain(|part| part.series != number && now.since(part.received_at) <= PART_KEPT);
        group.parts.extend(said.into_iter().flatten());
        true
    }

    fn judge_group(&mut self, number: u32, room: Room, rule: u16, out: &mut Effects) {
        let now = self.stamp.at;
        let Kind::Fusion(fusion) = &self.rule(rule).kind else { return };
        let Some(group) = self.groups.get(&(room, rule)) else { return };
        let device = self.fleet.series(number).device;
        let site = &self.fleet.device(device).key.site;
        let sum = group.sum(fusion, |hours| self.in_hours(hours, site));
        let (hold, together) = (seconds(fusion.hold_s), seconds(fusion.together_s));
        let clearing = clearing_time(self.rule(rule));
        let in_hours = self.in_hours(self.rule(rule).hours.as_ref(), site);
        let Some(group) = self.groups.get_mut(&(room, rule)) else { return };
        let met = in_hours && sum.total >= if group.hold.phase.holds() { WAY_BACK } else { 1.0 };
        group.together_since = (met && sum.senses >= 2).then(|| group.together_since.unwrap_or(now));
        match (group.hold.phase, met) {
            (Phase::Idle, true) => group.hold.phase = Phase::Pending { since: now },
            (Phase::Pending { since }, true) => {
                let alone = now > since && now.since(since) >= hold;
                let agreed = group.together_since.is_some_and(|since| now > since && now.since(since) >= together);
                if alone || agreed {
                    group.lead = Some(device);
                    self.begin_room(room, rule, out);
                }
            }
            (Phase::Leaving { since }, true) => {
                group.hold.phase = Phase::Holding;
                self.timers.cancel(since.plus(clearing), Timer::ClearGroup { room, rule });
            }
            (Phase::Pending { .. }, false) => {
                group.hold.phase = Phase::Idle;
                self.drop_idle_group(room, rule);
            }
            (Phase::Idle, false) => self.drop_idle_group(room, rule),
            (Phase::Holding, false) => {
                group.hold.phase = Phase::Leaving { since: now };
                self.timers.set(now.plus(clearing), Timer::ClearGroup { room, rule });
            }
            (Phase::Holding, true) | (Phase::Leaving { .. }, false) => {}
        }
    }

    pub(crate) fn fusion_ground(&self, room: Room, rule: u16, fusion: &Fusion, lead: u32, met: bool) -> Option<Ground> {
        let group = self.groups.get(&(room, rule))?;
        let (mut told, mut shown) = (Vec::new(), Vec::new());
        let mut parts: Vec<&Part> = group.parts.iter().collect();
        parts.sort_by_key(|part| (part.place, part.series));
        for part in parts {
            let series = self.fleet.series(part.series);
            let departure = fusion.departures().nth(usize::from(part.place))?;
            let (reading, time) = self.newest(part.series);
            let device = self.fleet.device(series.device).key.clone();
            shown.push(evidence(device, &reading, time.at));
            let label = self.label(series.device);
            let discount =
                usize::from(part.place).checked_sub(fusion.senses.len()).and_then(|n| fusion.discounts.get(n));
            let against = discount.is_some();
            let site = &self.fleet.device(series.device).key.site;
            let counts = |discount: &Discount| part.part >= 1.0 && self.in_hours(discount.hours.as_ref(), site);
            if discount.is_some_and(|discount| !counts(discount)) {
                continue;
            }
            told.extend(leaving(series, departure).map(|leaving| {
                let words = wording::left_usual(&label, departure, &reading, leaving);
                if against { wording::speaks_against(words) } else { words }
            }));
        }
        let place = self.zone(lead).map_or_else(|| self.label(lead), |zone| self.zone_name(lead, zone));
        let reason = if met { wording::together(&place, &told) } else { wording::together_over(&place) };
        Some(self.room_ground(rule, lead, reason, shown))
    }

    /// What people call the device's zone.
    pub(crate) fn zone_name(&self, device: u32, zone: &ZoneId) -> Bilingual {
        let site = self.sites.sites.get(&self.fleet.device(device).key.site);
        let known = site.and_then(|site| site.zones.get(zone)).map(|zone| zone.name.clone());
        known.unwrap_or_else(|| Bilingual::same(zone.as_str()))
    }

    /// The devices of a group, the one that decided first.
    pub(crate) fn devices_of_group(&self, room: Room, rule: u16) -> Vec<u32> {
        let Some(group) = self.groups.get(&(room, rule)) else { return Vec::new() };
        let mut devices: Vec<u32> = group.lead.into_iter().collect();
        for part in &group.parts {
            let device = self.fleet.series(part.series).device;
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
        for note in self.notes.get(&(room, rule)).into_iter().flatten() {
            if !devices.contains(&note.device) {
                devices.push(note.device);
            }
        }
        devices
    }

    /// Forgets a group where nothing is going on.
    pub(crate) fn drop_idle_group(&mut self, room: Room, rule: u16) {
        let idle = |group: &Group| group.hold == Hold::default() && group.parts.is_empty();
        if self.groups.get(&(room, rule)).is_some_and(idle) {
            self.groups.remove(&(room, rule));
        }
    }

    pub(crate) fn room_of(&mut self, device: u32) -> Room {
        let Some(zone) = self.zone(device).cloned() else { return Room::Device(device) };
        Room::Zone(self.rooms.number(self.fleet.device(device).key.site.clone(), zone))
    }

    /// Groups follow their rules; those of a rule that is gone are forgotten.
    pub(crate) fn renumber_groups(&mut self, moved: &[Option<u16>]) {
        for ((room, rule), group) in std::mem::take(&mut self.groups) {
            let rule = moved.get(usize::from(rule)).copied().flatten();
            match rule.filter(|rule| self.rule(*rule).is_of_a_room()) {
                Some(rule) => {
                    self.groups.insert((room, rule), group);
                }
                None => self.orphan(group.hold),
            }
        }
    }

    pub(crate) fn restart_group_timers(&mut self) {
        for ((room, rule), group) in &self.groups {
            let (room, number, rule) = (*room, *rule, self.rule(*rule));
            match group.hold.phase {
                Phase::Leaving { since } => {
                    self.timers.set(since.plus(clearing_time(rule)), Timer::ClearGroup { room, rule: number });
                }
                // Of a fusion readings decide, not a timer.
                Phase::Pending { since } if rule.fusion().is_none() => {
                    self.timers.set(since.plus(hold_time(rule)), Timer::HoldGroup { room, rule: number });
                }
                Phase::Pending { .. } | Phase::Idle | Phase::Holding => {}
            }
        }
    }

    /// Whether every group names devices and series that are there.
    pub(crate) fn groups_fit(&self) -> bool {
        let rules = self.rules.len();
        self.groups.iter().all(|((_, rule), group)| {
            usize::from(*rule) < rules
                && group.lead.is_none_or(|device| self.fleet.device_numbers().contains(&device))
                && group.parts.iter().all(|part| self.fleet.series_numbers().contains(&part.series))
        })
    }
}

impl Group {
    /// Of each sense the strongest sensor, less what the discounts account for.
    fn sum(&self, fusion: &Fusion, in_hours: impl Fn(Option<&Hours>) -> bool) -> Sum {
        let mut sum = Sum { total: 0.0, senses: 0 };
        for (place, sense) in fusion.senses.iter().enumerate() {
            let said = self.parts.iter().filter(|part| usize::from(part.place) == place);
            let strongest = said.map(|part| part.part).fold(0.0, f64::max);
            if strongest == 0.0 {
                continue;
            }
            let mut share = strongest.min(1.0) * sense.weight;
            for (discount, place) in fusion.discounts.iter().zip(fusion.senses.len()..) {
                let holds = self.parts.iter().any(|part| usize::from(part.place) == place && part.part >= 1.0);
                if holds && discount.of.contains(&sense.departure.metric) && in_hours(discount.hours.as_ref()) {
                    share *= discount.factor;
                }
            }
            sum.total += share;
            sum.senses += usize::from(share >= PART_MIN * sense.weight);
        }
        sum
    }
}

impl Rooms {
    fn number(&mut self, site: SiteId, zone: ZoneId) -> u32 {
        let next = u32::try_from(self.numbers.len()).expect("there are fewer zones than devices");
        *self.numbers.entry((site, zone)).or_insert(next)
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
