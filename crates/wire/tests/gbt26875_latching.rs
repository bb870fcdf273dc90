//! What ends a fire, what does not, and what is told once: from frame to frame of one panel.

#![expect(clippy::unwrap_used, reason = "tests")]

use watchfire_model::{Frame, Link, Timestamp};
use watchfire_wire::gbt26875::{
    self, Address, Component, Digits, Kind, Object, Opening, System, TimeLabel, Unit, place_in,
};
use watchfire_wire::{Profiles, Sessions, decode};

const SYSTEM: System = System { kind: 1, address: 1 };
const NO_TEXT: [u8; 31] = [0; 31];

/// One panel, at one minute after the other.
#[derive(Default)]
struct Panel {
    sessions: Sessions,
    minute: u8,
}

impl Panel {
    /// What comes of an object: `point metric value`, without faults that are none.
    fn says(&mut self, kind: Kind, object: impl FnOnce(TimeLabel) -> Object<'static>) -> Vec<String> {
        self.minute += 1;
        self.unit(&Unit::of(kind, vec![object(TimeLabel([0, self.minute, 8, 15, 3, 26]))]))
    }

    fn unit(&mut self, unit: &Unit<'_>) -> Vec<String> {
        let payload = frame(unit);
        let frame = as_frame(&payload);
        let decoded = decode(&frame, Timestamp::from_seconds(1_790_000_000), &Profiles::default(), &mut self.sessions);
        let told = decoded
            .readings
            .iter()
            .map(|reading| format!("{} {} {}", reading.point, reading.metric, reading.value.as_bool().unwrap()));
        told.filter(|line| !line.ends_with(" fault false")).collect()
    }

    fn component(&mut self, kind: u8, state: u16) -> Vec<String> {
        let component = Component { system: SYSTEM, kind, address: [5, 0, 1, 0] };
        self.says(Kind::ComponentState, |at| Object::ComponentState { component, state, text: Some(&NO_TEXT), at })
    }

    fn system(&mut self, state: u16) -> Vec<String> {
        self.says(Kind::SystemState, |at| Object::SystemState { system: SYSTEM, state, at })
    }

    fn pressed(&mut self, operations: u8) -> Vec<String> {
        self.says(Kind::SystemOperation, |at| Object::SystemOperation { system: SYSTEM, operations, operator: 1, at })
    }
}

fn frame(unit: &Unit<'_>) -> Vec<u8> {
    let opening = Opening {
        serial: 1,
        version: gbt26875::OUR_VERSION,
        now: Timestamp::from_seconds(1_790_000_000),
        digits: Digits::Binary,
        from: Address::new(889).unwrap(),
        to: Address::new(1).unwrap(),
    };
    gbt26875::send(&opening, unit).unwrap()
}

fn as_frame(payload: &[u8]) -> Frame<'_> {
    Frame { site: "tower", identity: "a", device: "", link: Link::Gbt26875Tcp, topic: "", payload }
}

#[test]
fn a_fire_ends_with_the_state_of_its_point_also_when_another_kind_hangs_there_by_then() {
    let mut panel = Panel::default();
    assert_eq!(panel.component(40, 2), ["1.1/5-1 smoke_alarm true"]);
    assert_eq!(panel.component(31, 2), ["1.1/5-1 heat_alarm true"], "a fire ends no other fire");
    assert_eq!(panel.component(31, 0), ["1.1/5-1 heat_alarm false", "1.1/5-1 smoke_alarm false"]);
    assert_eq!(panel.component(0, 2), ["1.1/5-1 fire_alarm true"], "of no known kind, and not called smoke");
    assert_eq!(panel.system(0x2000), ["1.1/5-1 fire_alarm false", "1.1 fire_alarm false"], "bit 13 is a reset");
}

#[test]
fn a_manual_alarm_ends_with_a_reset_a_state_without_fire_or_the_next_press_and_not_with_alarm_cleared() {
    let mut panel = Panel::default();
    assert_eq!(panel.pressed(0b100), ["1.1 manual_alarm true"]);
    assert_eq!(panel.pressed(0b1000), ["1.1 alarm_cleared true".replace("1.1 ", "1.1 vendor.")]);
    assert_eq!(panel.pressed(0b100), ["1.1 manual_alarm false", "1.1 manual_alarm true"], "a new alarm");
    assert_eq!(panel.system(0x2), ["1.1 fire_alarm true"], "a system in fire ends nothing");
    assert_eq!(panel.system(0x1), ["1.1 fire_alarm false", "1.1 manual_alarm false"]);
    assert_eq!(panel.pressed(0b100), ["1.1 manual_alarm true"]);
    assert_eq!(panel.pressed(0b1), ["1.1 manual_alarm false"]);
}

#[test]
fn a_fire_that_one_frame_says_and_takes_back_for_the_same_moment_stands_until_a_reset() {
    let mut panel = Panel::default();
    let component = Component { system: SYSTEM, kind: 40, address: [5, 0, 1, 0] };
    let at = TimeLabel([0, 1, 8, 15, 3, 26]);
    let state = |state| Object::ComponentState { component, state, text: Some(&NO_TEXT), at };
    let told = panel.unit(&Unit::of(Kind::ComponentState, vec![state(2), state(0)]));
    assert_eq!(told, ["1.1/5-1 smoke_alarm true"]);
    assert_eq!(panel.pressed(1), ["1.1/5-1 smoke_alarm false"]);
}

#[test]
fn each_power_supply_and_the_bus_fail_and_come_back_by_themselves() {
    let mut panel = Panel::default();
    assert_eq!(
        panel.system(0x0701)[1..],
        ["1.1/mains mains_lost true", "1.1/standby fault true", "1.1/bus fault true"]
    );
    assert_eq!(
        panel.system(0x0601)[1..],
        ["1.1/mains mains_lost false", "1.1/standby fault true", "1.1/bus fault true"]
    );
    assert_eq!(panel.component(84, 0x0101)[1..], ["1.1/5-1/power fault true"]);
}

#[test]
fn a_dialect_is_told_once_whatever_comes_after() {
    let mut panel = Panel::default();
    let private = Unit { code: Some(0xcc), count: Some(1), rest: &[1, 2], ..Unit::EMPTY };
    assert_eq!(panel.unit(&private), ["uitd foreign_dialect true", "uitd foreign_dialect false"]);
    assert_eq!(panel.component(40, 1), ["1.1/5-1 smoke_alarm false"]);
    assert_eq!(panel.unit(&private), [] as [&str; 0]);
    assert_eq!(panel.pressed(0b1), [] as [&str; 0], "a reset does not make it news");
    assert_eq!(panel.unit(&Unit { code: Some(0xcd), ..private }), [] as [&str; 0]);
}

#[test]
fn what_the_panel_calls_a_point_and_what_hangs_there_is_found_in_its_frame() {
    let text = gbt26875::text::component_field("三楼东走廊");
    let component = Component { system: SYSTEM, kind: 42, address: [5, 0, 1, 0] };
    let object = Object::ComponentState { component, state: 2, text: Some(&text), at: TimeLabel::UNKNOWN };
    let payload = frame(&Unit::of(Kind::ComponentState, vec![object]));
    let place = |point: &str| {
        place_in(&as_frame(&payload), &Profiles::default(), &point.parse().unwrap()).map(|place| (place.en, place.zh))
    };
    let zh = "三楼东走廊 点型光电感烟火灾探测器";
    assert_eq!(place("1.1/5-1"), Some(("三楼东走廊, point photo-electric smoke detector".to_owned(), zh.to_owned())));
    assert_eq!(place("1.1/5-1/power").unwrap().1, format!("{zh} 电源"));
    assert_eq!(place("1.1/5-2"), None);
}
