//! Which place a point is, in words: what its name says, and what the panel itself called it in a frame. A point table
//! knows better; this is for points that stand in none.

use super::component_kind::ComponentKind;
use super::object::{Component, Object};
use super::point::{self, whole_of};
use super::system_kind::SystemKind;
use super::unit::Unit;
use super::{Envelope, device_name, text};
use crate::Profiles;
use watchfire_model::{Bilingual, Frame, PointName};

/// What a frame says of a component: the panel's own text, and what hangs there. `None` when it says nothing.
pub fn place_in(frame: &Frame<'_>, profiles: &Profiles, of: &PointName) -> Option<Bilingual> {
    let envelope = Envelope::read(frame.payload).ok()?;
    let dialect = profiles.gbt26875.of(frame, &device_name(frame, envelope.source));
    let unit = Unit::read(envelope.unit, dialect);
    let whole = whole_of(of);
    let named = |component: &Component| {
        let point = point::component(*component, dialect);
        point == *of || Some(&point) == whole.as_ref()
    };
    let found = unit.objects.iter().find_map(|object| match object {
        Object::ComponentState { component, text, .. } if named(component) => {
            let text = text.and_then(|text| text::legible(text, dialect.text_prefix_bytes)).unwrap_or_default();
            Some(said(&text, component))
        }
        Object::ComponentConfiguration { component, text } if named(component) => {
            Some(said(&text::legible(*text, dialect.text_prefix_bytes).unwrap_or_default(), component))
        }
        Object::Analogue { component, .. } if named(component) => Some(said("", component)),
        _ => None,
    })?;
    Some(match part_words(of) {
        Some(part) => Bilingual::new(format!("{}, {}", found.en, part.en), format!("{} {}", found.zh, part.zh)),
        None => found,
    })
}

/// What a point's name says by itself. `None` when it is not one of a fire panel's.
pub fn place_of(point: &PointName) -> Option<Bilingual> {
    let part = part_words(point);
    let whole = if part.is_some() { whole_of(point)? } else { point.clone() };
    let whole = whole.as_str().split_once('/').map_or(whole.as_str(), |(whole, _)| whole);
    let words = if whole == "uitd" {
        Bilingual::new("transmission device", "用户信息传输装置")
    } else {
        let (kind, address) = whole.split_once('.')?;
        system(kind.parse().ok()?, address.parse().ok()?)
    };
    Some(match part {
        Some(part) => Bilingual::new(format!("{}, {}", words.en, part.en), format!("{} {}", words.zh, part.zh)),
        None => words,
    })
}

/// Which part of a point fails by itself, where the name is that of a part.
pub fn part_words(point: &PointName) -> Option<Bilingual> {
    let (_, part) = point.as_str().rsplit_once('/')?;
    Part::of_name(part).map(Part::words)
}

/// What hangs at a point, by the standard's word for its code. `None` for codes that say nothing.
pub fn component_words(code: u8) -> Option<Bilingual> {
    ComponentKind::from_code(code).filter(|kind| *kind != ComponentKind::General).map(ComponentKind::words)
}

macro_rules! parts {
    ($($variant:ident $name:literal $en:literal $zh:literal;)*) => {
        /// A part that fails by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Part { $($variant,)* }

        impl Part {
            pub(super) fn name(self) -> &'static str {
                match self { $(Part::$variant => $name,)* }
            }

            pub(super) fn of_name(name: &str) -> Option<Part> {
                match name { $($name => Some(Part::$variant),)* _ => None }
            }

            fn words(self) -> Bilingual {
                match self { $(Part::$variant => Bilingual::new($en, $zh),)* }
            }
        }
    };
}

parts! {
    Mains "mains" "mains supply" "主电";
    Standby "standby" "standby battery" "备电";
    Power "power" "power supply" "电源";
    Bus "bus" "bus" "总线";
    Channel "channel" "channel to the centre" "与监控中心通信信道";
    Line "line" "line to the panel" "监测连接线路";
}

fn said(text: &str, component: &Component) -> Bilingual {
    let called = match text {
        "" => system(component.system.kind, component.system.address),
        text => Bilingual::same(text),
    };
    match component_words(component.kind) {
        Some(kind) => Bilingual::new(format!("{}, {}", called.en, kind.en), format!("{} {}", called.zh, kind.zh)),
        None => called,
    }
}

fn system(kind: u8, address: u8) -> Bilingual {
    match SystemKind::from_code(kind).filter(|kind| *kind != SystemKind::General) {
        Some(known) => {
            let words = known.words();
            Bilingual::new(format!("{} {address}", words.en), format!("{}{address}", words.zh))
        }
        None => Bilingual::new(format!("system {kind}.{address}"), format!("系统{kind}.{address}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_which_part_of_which_system_it_is() {
        for (name, en, zh) in [
            ("uitd", "transmission device", "用户信息传输装置"),
            ("uitd/channel", "transmission device, channel to the centre", "用户信息传输装置 与监控中心通信信道"),
            ("1.2", "fire alarm system 2", "火灾报警系统2"),
            ("11.0/bus", "hydrant system 0, bus", "消火栓系统0 总线"),
            ("1.1/5-7", "fire alarm system 1", "火灾报警系统1"),
            ("1.1/5-7/power", "fire alarm system 1, power supply", "火灾报警系统1 电源"),
            ("200.3", "system 200.3", "系统200.3"),
        ] {
            assert_eq!(place_of(&PointName::new(name).unwrap()), Some(Bilingual::new(en, zh)), "{name}");
        }
        for name in ["smoke", "1.999", "door/bus"] {
            assert_eq!(place_of(&PointName::new(name).unwrap()), None, "{name}");
        }
    }
}
