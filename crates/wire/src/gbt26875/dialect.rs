//! How a device differs from the standard. Part of the set-up; the standard itself is [`Dialect::standard`].
//!
//! A dialect never takes a fire away from a component of the standard: bit 1 may only be given another meaning for a
//! component type that is the maker's own. Of a change, everything derived is decoded anew from the journal.

use super::component_kind::ComponentKind;
use super::kind::Kind;
use super::state_bits::StateOf;
use super::time_label::Digits;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;
use watchfire_model::{Bilingual, Frame, Metric};

/// The first code that is a maker's own, in every table.
pub const OWN_FROM: u8 = 128;

/// The dialects, and which device speaks which. A device in no list speaks the standard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dialects {
    /// By name.
    pub dialects: BTreeMap<CompactString, Dialect>,
    /// Site → device name or identity → the dialect's name. A device's own line goes before that of its identity.
    pub spoken_by: BTreeMap<CompactString, BTreeMap<CompactString, CompactString>>,
}

impl Dialects {
    /// The dialect of the device of that name, which sent the frame.
    pub fn of(&self, frame: &Frame<'_>, device: &str) -> &Dialect {
        let spoken = self.spoken_by.get(frame.site);
        let name = spoken.and_then(|spoken| spoken.get(device).or_else(|| spoken.get(frame.identity)));
        name.and_then(|name| self.dialects.get(name)).unwrap_or(Dialect::standard())
    }
}

/// One dialect. Every field left out is as the standard has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dialect {
    /// What people call it.
    pub name: Bilingual,
    /// The numbers of a component's address as the panel prints them, each as the indices of its bytes from the most to
    /// the least significant. The standard: zone in bytes 0 and 1, position in 2 and 3, `[[1, 0], [3, 2]]`.
    pub component_address: Vec<Vec<u8>>,
    /// How those numbers stand in the bytes.
    pub address_digits: Digits,
    /// How times stand in the bytes.
    pub time: Digits,
    /// So many bytes of a component's text are something else.
    pub text_prefix_bytes: u8,
    /// What bit 0 of the states of systems, components and the device says.
    pub bit_0: BitZero,
    /// Quantities with another metric or scale, and makers' own.
    pub analogue: Vec<AnalogueScale>,
    /// Makers' own state bits.
    pub state_bits: Vec<OwnBit>,
    /// Makers' own types of application units.
    pub types: Vec<OwnType>,
}

impl Default for Dialect {
    fn default() -> Dialect {
        Dialect {
            name: Bilingual::new("GB/T 26875.3-2011", "GB/T 26875.3-2011"),
            component_address: vec![vec![1, 0], vec![3, 2]],
            address_digits: Digits::Binary,
            time: Digits::Binary,
            text_prefix_bytes: 0,
            bit_0: BitZero::Information,
            analogue: Vec::new(),
            state_bits: Vec::new(),
            types: Vec::new(),
        }
    }
}

/// What bit 0 of a state says of the test mode. A fire is a fire with each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BitZero {
    /// Nothing that can be relied on.
    #[default]
    Information,
    /// 1 normal, 0 test: the standard to the letter.
    Normal,
    /// 1 test, 0 normal.
    Test,
}

/// A quantity as this maker means it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalogueScale {
    /// The quantity's code.
    pub quantity: u8,
    /// Only for components of this type; `None`: for all.
    #[serde(default)]
    pub component_type: Option<u8>,
    /// What is measured.
    pub metric: Metric,
    /// What one step of the raw value stands for, in the metric's canonical unit.
    pub step: f64,
}

/// A bit of a state word as this maker means it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnBit {
    /// Whose state word.
    pub of: StateOf,
    /// Only for components of this type; `None`: for all.
    #[serde(default)]
    pub component_type: Option<u8>,
    /// From 0 on.
    pub bit: u8,
    /// `[a-z][a-z0-9_]*`, at most 32 bytes.
    pub name: CompactString,
    /// What follows from it.
    pub means: OwnMeaning,
}

/// What follows from a maker's own state bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnMeaning {
    /// A fire.
    Fire,
    /// A fault.
    Fault,
    /// Taken off its base or opened.
    Tamper,
    /// Nothing that raises: kept as `vendor.<name>`.
    Information,
}

/// A type of application unit as this maker means it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnType {
    /// The type flag.
    #[serde(rename = "type")]
    pub code: u8,
    /// The standard's type with this layout; `None`: of no concern (a log-in, a heartbeat), and nothing unknown.
    #[serde(default)]
    pub like: Option<u8>,
    /// The set state bits are those that ended.
    #[serde(default)]
    pub restored: bool,
}

/// How a unit of some type is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Known { kind: Kind, restored: bool },
    Quiet,
    Unknown,
}

/// What is wrong with a dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialectFault {
    /// The key.
    pub key: &'static str,
    /// What to put right.
    pub problem: String,
}

impl fmt::Display for DialectFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

impl Dialect {
    /// The standard.
    pub fn standard() -> &'static Dialect {
        static STANDARD: LazyLock<Dialect> = LazyLock::new(Dialect::default);
        &STANDARD
    }

    /// Everything that would make the dialect lose an alarm or mix up two components; nothing when it is sound. A
    /// dialect that was not checked is read all the same, and nothing panics.
    pub fn faults(&self) -> Vec<DialectFault> {
        let mut faults = Vec::new();
        let mut fault = |key: &'static str, problem: String| faults.push(DialectFault { key, problem });
        let mut bytes: Vec<u8> = self.component_address.iter().flatten().copied().collect();
        bytes.sort_unstable();
        if bytes != [0, 1, 2, 3] || self.component_address.iter().any(Vec::is_empty) {
            fault("component_address", "must use each of the bytes 0 to 3 once, or two components share a name".into());
        }
        for scale in &self.analogue {
            if !scale.step.is_finite() || scale.step == 0.0 || scale.metric.is_boolean() == Some(true) {
                fault("analogue", format!("quantity {} needs a metric with a number and a step", scale.quantity));
            }
        }
        let mut bits = BTreeSet::new();
        for own in &self.state_bits {
            own.faults(&mut fault);
            if !bits.insert((own.of, own.component_type, own.bit)) {
                fault("state_bits", format!("bit {} is given a meaning twice", own.bit));
            }
        }
        let mut types = BTreeSet::new();
        for own in &self.types {
            if Kind::from_code(own.code).is_some() || !types.insert(own.code) {
                fault("types", format!("type {} has a meaning already", own.code));
            }
            let stateful = [Kind::SystemState, Kind::ComponentState, Kind::UitdState].map(Kind::code);
            if own.like.is_some_and(|like| Kind::from_code(like).is_none_or(|kind| !kind.is_upload()))
                || (own.restored && !own.like.is_some_and(|like| stateful.contains(&like)))
            {
                fault("types", format!("type {} can be like an upload; `restored` like a state", own.code));
            }
        }
        faults
    }

    pub(super) fn layout(&self, code: u8) -> Layout {
        if let Some(kind) = Kind::from_code(code) {
            return Layout::Known { kind, restored: false };
        }
        match self.types.iter().find(|own| own.code == code) {
            Some(own) => match own.like.and_then(Kind::from_code) {
                Some(kind) => Layout::Known { kind, restored: own.restored },
                None => Layout::Quiet,
            },
            None => Layout::Unknown,
        }
    }

    /// The maker's meaning of a bit; one for the component's type goes before one for all.
    pub(crate) fn own_bit(&self, of: StateOf, component_type: Option<u8>, bit: usize) -> Option<&OwnBit> {
        let mut bits = self.state_bits.iter().filter(|own| own.of == of && usize::from(own.bit) == bit);
        let general = bits.clone().find(|own| own.component_type.is_none());
        bits.find(|own| own.component_type.is_some() && own.component_type == component_type).or(general)
    }

    /// The maker's scale of a quantity; one for the component's type goes before one for all.
    pub(super) fn scale(&self, quantity: u8, component_type: u8) -> Option<&AnalogueScale> {
        let mut scales = self.analogue.iter().filter(|scale| scale.quantity == quantity);
        let general = scales.clone().find(|scale| scale.component_type.is_none());
        scales.find(|scale| scale.component_type == Some(component_type)).or(general)
    }
}

impl OwnBit {
    fn faults(&self, fault: &mut impl FnMut(&'static str, String)) {
        const NAME_BYTES_MAX: usize = 32;
        let defined = self.of.states().len();
        let own_component = self.component_type.is_some_and(|code| code >= OWN_FROM);
        if usize::from(self.bit) < defined && !own_component {
            fault("state_bits", format!("bit {} is the standard's, but for a component type of the maker's", self.bit));
        }
        if self.bit >= self.of.bits() {
            fault("state_bits", format!("bit {} is not in the word", self.bit));
        }
        let known = |code: u8| code >= OWN_FROM || ComponentKind::from_code(code).is_some();
        if self.component_type.is_some_and(|code| self.of != StateOf::Component || !known(code)) {
            fault("state_bits", format!("bit {}: no such component type has this word", self.bit));
        }
        let mut letters = self.name.bytes();
        let begins = letters.next().is_some_and(|b| b.is_ascii_lowercase());
        let goes_on = letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !begins || !goes_on || self.name.len() > NAME_BYTES_MAX {
            fault("state_bits", format!("`{}` is no name: use a-z, 0-9 and `_`", self.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_bit(component_type: Option<u8>, bit: u8) -> OwnBit {
        let name = CompactString::new("removed");
        OwnBit { of: StateOf::Component, component_type, bit, name, means: OwnMeaning::Tamper }
    }

    #[test]
    fn a_fire_of_the_standard_cannot_be_taken_away() {
        let with = |own: OwnBit| Dialect { state_bits: vec![own], ..Dialect::default() }.faults().len();
        assert_eq!(with(own_bit(None, 1)), 1);
        assert_eq!(with(own_bit(Some(40), 1)), 1);
        assert_eq!(with(own_bit(Some(178), 1)), 0);
        assert_eq!(with(own_bit(None, 9)), 0);
        assert_eq!(with(own_bit(None, 16)), 1);
        assert_eq!(with(OwnBit { name: "Bad Name".into(), ..own_bit(None, 9) }), 1);
    }

    #[test]
    fn two_components_never_share_a_name() {
        assert_eq!(Dialect::default().faults(), []);
        for wrong in [vec![vec![0, 1]], vec![vec![0, 1], vec![1, 2, 3]], vec![], vec![vec![0, 1, 2, 3], vec![]]] {
            let dialect = Dialect { component_address: wrong, ..Dialect::default() };
            assert_eq!(dialect.faults().len(), 1);
        }
    }

    #[test]
    fn private_types_are_read_like_a_type_of_the_standard_or_are_quiet() {
        let like = |code, like, restored| OwnType { code, like, restored };
        let dialect = Dialect { types: vec![like(0x87, Some(2), true), like(60, None, false)], ..Dialect::default() };
        assert_eq!(dialect.faults(), []);
        assert_eq!(dialect.layout(0x87), Layout::Known { kind: Kind::ComponentState, restored: true });
        assert_eq!(dialect.layout(60), Layout::Quiet);
        assert_eq!(dialect.layout(61), Layout::Known { kind: Kind::ReadSystemState, restored: false });
        assert_eq!(dialect.layout(0x96), Layout::Unknown);
        for wrong in [like(1, None, false), like(200, Some(61), false), like(200, Some(3), true), like(200, None, true)]
        {
            assert_eq!(Dialect { types: vec![wrong], ..Dialect::default() }.faults().len(), 1);
        }
    }
}
