//! A new set-up: devices come, change and go. What is known of one that stays goes on.

use crate::calendar;
use crate::clockwork::{Timer, soon};
use crate::device::Device;
use crate::inspection::Inspection;
use crate::notices::End;
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{DeviceKey, DutyOutcome, NoticeKind, Sites, Source, TransmissionDevice};
use watchfire_wire::gbt26875::{Dialect, Dialects, Digits};

impl Inspection {
    pub(crate) fn set_up(&mut self, sites: &Sites, dialects: &Dialects) {
        let zone_names: BTreeMap<_, _> =
            sites.sites.iter().map(|(id, site)| (id.clone(), site.time_zone.clone())).collect();
        let moved: BTreeSet<_> = zone_names
            .iter()
            .filter(|(id, name)| self.state.zone_names.get(*id) != Some(*name))
            .map(|(id, _)| id.clone())
            .collect();
        self.zones = zone_names.iter().map(|(id, name)| (id.clone(), calendar::zone(name))).collect();
        self.state.zone_names = zone_names;
        self.state.digits = digits_of(dialects);
        let mut listed = BTreeSet::new();
        for (id, site) in &sites.sites {
            for line in &site.transmission_devices {
                let key = DeviceKey { site: id.clone(), source: Source::Gbt26875, name: line.name.clone() };
                self.list(&key, line, dialects, moved.contains(id));
                listed.insert(key);
            }
        }
        let gone: Vec<DeviceKey> = self.state.devices.keys().filter(|key| !listed.contains(*key)).cloned().collect();
        for key in &gone {
            self.forget(key);
        }
    }

    fn list(&mut self, key: &DeviceKey, line: &TransmissionDevice, dialects: &Dialects, moved: bool) {
        let now = self.now();
        let digits = self.digits_of_line(key, line, dialects);
        let known = self.state.devices.get_mut(key);
        let Some(device) = known else {
            let mut device = Device::new(line.clone());
            device.digits = digits.unwrap_or_default();
            let inspected = device.period().is_some();
            self.state.devices.insert(key.clone(), device);
            self.begin_periods(key);
            if let Some(device) = self.state.devices.get_mut(key).filter(|_| inspected) {
                device.next_inspection = Some(soon(key, now));
            }
            self.arm(Timer::Inspection, key);
            return self.begin_plan(key);
        };
        if let Some(digits) = digits {
            device.digits = digits;
        }
        let period_changed = device.line.inspection_s != line.inspection_s;
        let plan_changed = device.line.duty != line.duty;
        device.line = line.clone();
        if period_changed {
            device.period_s = None;
            self.begin_periods(key);
        }
        if plan_changed || (moved && line.duty.is_some()) {
            self.begin_plan(key);
        }
    }

    fn digits_of_line(&self, key: &DeviceKey, line: &TransmissionDevice, dialects: &Dialects) -> Option<Digits> {
        let named = line.dialect.as_ref().and_then(|name| dialects.dialects.get(name)).map(|dialect| dialect.time);
        named.or_else(|| self.state.digits.get(key.site.as_str())?.get(key.name.as_str()).copied())
    }

    fn forget(&mut self, key: &DeviceKey) {
        if let Some(device) = self.state.devices.get_mut(key) {
            device.queue.clear();
        }
        self.finish_duty(key, DutyOutcome::Interrupted);
        self.notice_over(NoticeKind::InspectionUnanswered, key, End::Gone);
        self.notice_over(NoticeKind::DutyUnanswered, key, End::Gone);
        self.state.devices.remove(key);
        self.ready.retain(|(_, ready)| ready != key);
    }
}

/// Of each dialect that somebody speaks, only how it writes times.
fn digits_of(dialects: &Dialects) -> BTreeMap<CompactString, BTreeMap<CompactString, Digits>> {
    let digits = |name: &CompactString| dialects.dialects.get(name).unwrap_or(Dialect::standard()).time;
    let of_site = |spoken: &BTreeMap<CompactString, CompactString>| {
        spoken.iter().map(|(who, name)| (who.clone(), digits(name))).collect()
    };
    dialects.spoken_by.iter().map(|(site, spoken)| (site.clone(), of_site(spoken))).collect()
}
