//! Where a fire panel's point is, said with what was raised there. Readings name points as the panel prints them; people
//! look for "3F, lift lobby". The words come from the point table of the set-up in force, else from what the panel itself
//! called the point in the frame, else from the standard's words for the part of the system.

use crate::set_up_store::Points;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{Alert, AlertId, Bilingual, DeviceKey, Frame, PointName, PointPlace, Source, Transition};
use watchfire_wire::Profiles;
use watchfire_wire::gbt26875::point::whole_of;
use watchfire_wire::gbt26875::{component_words, part_words, place_in, place_of};

/// So many places are remembered before those of alerts that are over are let go.
const TOLD_MAX: usize = 4_096;

/// What is known of places.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    pub(crate) points: &'a Points,
    pub(crate) profiles: &'a Profiles,
}

/// What panels called the points of alerts: what comes of an alert later has no frame that says it. Part of the snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told(BTreeMap<AlertId, Bilingual>);

impl Told {
    /// Lets go of those that are not `needed` any more, when there are many.
    pub(crate) fn shrink(&mut self, needed: impl Iterator<Item = AlertId>) {
        if self.0.len() > TOLD_MAX {
            let needed: BTreeSet<AlertId> = needed.collect();
            self.0.retain(|alert, _| needed.contains(alert));
        }
    }
}

impl Places<'_> {
    /// Says where it is, unless a person did it; `frame` is what a device of that name sent and what may have caused it.
    pub(crate) fn name(
        &self,
        transition: &mut Transition,
        by_person: bool,
        frame: Option<(&Frame<'_>, &str)>,
        told: &mut Told,
    ) {
        let (Some(device), Some(point)) = (&transition.device, &transition.point) else { return };
        let Some(place) = self.of(device, point) else { return };
        if !by_person {
            let own =
                frame.filter(|(frame, name)| *frame.site == *device.site.as_str() && *name == device.name.as_str());
            let said = own.and_then(|(frame, _)| place_in(frame, self.profiles, point));
            if let Some(said) = said.filter(|_| place.is_none()) {
                told.0.insert(transition.alert, said);
            }
            prefix(&mut transition.reason, &words(place, told.0.get(&transition.alert), point));
        }
        transition.zone = place.and_then(|place| place.zone.clone()).or(transition.zone.take());
    }

    /// As above, for an alert that the rules know; they know nothing of places.
    pub(crate) fn name_alert(&self, alert: &mut Alert, told: &Told) {
        let (Some(device), Some(point)) = (&alert.device, &alert.point) else { return };
        let Some(place) = self.of(device, point) else { return };
        prefix(&mut alert.reason, &words(place, told.0.get(&alert.id), point));
        alert.zone = place.and_then(|place| place.zone.clone()).or(alert.zone.take());
    }

    /// The point's row, if there is one; `None` when it is not a fire panel's.
    fn of(&self, device: &DeviceKey, point: &PointName) -> Option<Option<&PointPlace>> {
        if device.source != Source::Gbt26875 {
            return None;
        }
        let table = self.points.get(&device.site).and_then(|tables| tables.get(&device.name));
        // A part of a point hangs where the point does.
        Some(table.and_then(|table| table.place(point).or_else(|| table.place(&whole_of(point)?))))
    }
}

fn words(place: Option<&PointPlace>, told: Option<&Bilingual>, point: &PointName) -> Bilingual {
    let Some(place) = place else {
        return told.cloned().or_else(|| place_of(point)).unwrap_or_default();
    };
    let mut words = place.words();
    for more in [component_words(place.component_type), part_words(point)].into_iter().flatten() {
        words = Bilingual::new(format!("{}, {}", words.en, more.en), format!("{} {}", words.zh, more.zh));
    }
    words
}

/// Puts the place before the sentence; one that stands there is not said twice.
fn prefix(reason: &mut Bilingual, place: &Bilingual) {
    if place.is_empty() || reason.en.starts_with(&place.en) {
        return;
    }
    reason.en = format!("{}: {}", place.en, reason.en);
    reason.zh = format!("{}：{}", place.zh, reason.zh);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set_up_store::Table;
    use watchfire_model::point_table::PointLabel;
    use watchfire_model::{Class, JournalId, PointTable, RuleRef, Seq, SiteId, Step, Timestamp, ZoneId};

    fn transition(source: Source, point: &str) -> Transition {
        Transition {
            alert: AlertId { journal: JournalId([1; 16]), cause: Seq(1), ordinal: 0 },
            seq: Seq(1),
            at: Timestamp::EPOCH,
            step: Step::Raised,
            class: Class::Fire,
            severity: Class::Fire.severity(),
            site: SiteId::new("tower").unwrap(),
            zone: None,
            device: Some(DeviceKey {
                site: SiteId::new("tower").unwrap(),
                source,
                name: watchfire_model::DeviceName::new("889").unwrap(),
            }),
            point: Some(PointName::new(point).unwrap()),
            rule: RuleRef { name: "device-fire".into(), version: 1 },
            reason: Bilingual::new("reports", "报告"),
            evidence: Vec::new(),
            marks: Default::default(),
        }
    }

    fn named(source: Source, point: &str) -> (String, String, Option<ZoneId>) {
        let label = PointLabel { en: "lobby".into(), zh: "大堂".into() };
        let zone = ZoneId::new("ground").ok();
        let place = PointPlace { label, zone, floor: "1F".into(), component_type: 42, ..PointPlace::default() };
        let table = Table::new(PointTable::new(vec![(PointName::new("1.1/5-1").unwrap(), place)]).unwrap());
        let mut transition = transition(source, point);
        let device = transition.device.clone().unwrap();
        let points = Points::from([(device.site, BTreeMap::from([(device.name, table)]))]);
        let profiles = Profiles::default();
        let places = Places { points: &points, profiles: &profiles };
        places.name(&mut transition, false, None, &mut Told::default());
        let mut alert = Alert::new(&transition);
        let before = alert.clone();
        places.name_alert(&mut alert, &Told::default());
        assert_eq!(alert, before, "a place is not said twice");
        (transition.reason.en, transition.reason.zh, transition.zone)
    }

    #[test]
    fn a_point_of_the_table_and_its_parts_are_where_the_table_says() {
        let zone = ZoneId::new("ground").ok();
        let en = "1F, lobby, point photo-electric smoke detector";
        let zh = "1F 大堂 点型光电感烟火灾探测器";
        assert_eq!(named(Source::Gbt26875, "1.1/5-1"), (format!("{en}: reports"), format!("{zh}：报告"), zone.clone()));
        let part = (format!("{en}, power supply: reports"), format!("{zh} 电源：报告"), zone);
        assert_eq!(named(Source::Gbt26875, "1.1/5-1/power"), part);
    }

    #[test]
    fn other_points_are_a_part_of_their_system_and_other_devices_stay_as_they_are() {
        let (en, zh, zone) = named(Source::Gbt26875, "1.1/9-9");
        assert_eq!((en.as_str(), zh.as_str(), zone), ("fire alarm system 1: reports", "火灾报警系统1：报告", None));
        assert_eq!(named(Source::Watchfire, "1.1/5-1"), ("reports".into(), "报告".into(), None));
    }
}
