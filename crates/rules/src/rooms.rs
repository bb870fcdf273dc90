//! Rules that are met by a device or a place as a whole: what is met and what is not, from reading to cause. What such
//! a rule looks at is in `gathering.rs` and `expression.rs`.

use crate::casebook::{Cause, Ground};
use crate::engine::Engine;
use crate::event::Effects;
use crate::fusion::Room;
use crate::levels::{clearing_time, hold_time};
use crate::rule::Kind;
use crate::series::Phase;
use crate::timers::Timer;
use watchfire_model::{Bilingual, Evidence};

impl Engine {
    /// The rule is met there, or not; `lead`: the device that decided.
    pub(crate) fn room_level(&mut self, room: Room, rule: u16, met: bool, lead: u32, out: &mut Effects) {
        let now = self.stamp.at;
        let met = met && self.in_hours(self.rule(rule).hours.as_ref(), &self.fleet.device(lead).key.site);
        let (hold, clearing) = (hold_time(self.rule(rule)), clearing_time(self.rule(rule)));
        let phase = self.groups.get(&(room, rule)).map_or(Phase::Idle, |group| group.hold.phase);
        if phase == Phase::Idle && !met {
            return self.drop_idle_group(room, rule);
        }
        let group = self.groups.entry((room, rule)).or_default();
        if !phase.holds() {
            group.lead = Some(lead);
        }
        match (phase, met) {
            (Phase::Idle, true) if !hold.is_zero() => {
                group.hold.phase = Phase::Pending { since: now };
                self.timers.set(now.plus(hold), Timer::HoldGroup { room, rule });
            }
            (Phase::Idle, true) => self.begin_room(room, rule, out),
            (Phase::Pending { since }, false) => {
                group.hold.phase = Phase::Idle;
                self.timers.cancel(since.plus(hold), Timer::HoldGroup { room, rule });
                self.drop_idle_group(room, rule);
            }
            (Phase::Holding, false) if clearing.is_zero() => self.end_room(room, rule, out),
            (Phase::Holding, false) => {
                group.hold.phase = Phase::Leaving { since: now };
                self.timers.set(now.plus(clearing), Timer::ClearGroup { room, rule });
            }
            (Phase::Leaving { since }, true) => {
                group.hold.phase = Phase::Holding;
                self.timers.cancel(since.plus(clearing), Timer::ClearGroup { room, rule });
            }
            (Phase::Idle | Phase::Leaving { .. }, false) | (Phase::Pending { .. } | Phase::Holding, true) => {}
        }
    }

    /// The rule was met long enough.
    pub(crate) fn group_held(&mut self, room: Room, rule: u16, out: &mut Effects) {
        let phase = self.groups.get(&(room, rule)).map(|group| group.hold.phase);
        if matches!(phase, Some(Phase::Pending { .. })) {
            self.begin_room(room, rule, out);
        }
    }

    /// The rule was not met for long enough.
    pub(crate) fn group_left(&mut self, room: Room, rule: u16, out: &mut Effects) {
        let phase = self.groups.get(&(room, rule)).map(|group| group.hold.phase);
        if matches!(phase, Some(Phase::Leaving { .. })) {
            self.end_room(room, rule, out);
        }
    }

    pub(crate) fn begin_room(&mut self, room: Room, rule: u16, out: &mut Effects) {
        if let Some(ground) = self.ground_of_room(room, rule, true) {
            self.begin(Cause::Group { room, rule }, ground, out);
        }
    }

    fn end_room(&mut self, room: Room, rule: u16, out: &mut Effects) {
        if let Some(ground) = self.ground_of_room(room, rule, false) {
            self.end(&Cause::Group { room, rule }, ground, out);
        }
        self.drop_idle_group(room, rule);
    }

    fn ground_of_room(&self, room: Room, rule: u16, met: bool) -> Option<Ground> {
        let lead = self.groups.get(&(room, rule))?.lead?;
        match &self.rule(rule).kind {
            Kind::Fusion(fusion) => self.fusion_ground(room, rule, fusion, lead, met),
            Kind::Gathering(_) => Some(self.gathering_ground(room, rule, lead, met)),
            Kind::Expression(expression) => Some(self.expression_ground(rule, expression, lead, met)),
            _ => None,
        }
    }

    /// A ground that belongs to the device that decided.
    pub(crate) fn room_ground(&self, rule: u16, lead: u32, reason: Bilingual, evidence: Vec<Evidence>) -> Ground {
        let rule = self.rule(rule);
        let device = self.fleet.device(lead).key.clone();
        Ground {
            class: rule.class,
            severity: rule.severity,
            rule: rule.reference(),
            site: device.site.clone(),
            zone: self.zone(lead).cloned(),
            point: None,
            reason,
            evidence,
            late: false,
            device: Some(device),
        }
    }
}
