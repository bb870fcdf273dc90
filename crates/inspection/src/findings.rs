//! What a device has answered: its state and clock, its systems, its version and configuration.

use crate::limits::SYSTEMS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_model::Timestamp;
use watchfire_wire::gbt26875::{Digits, Object, Unit, text};

/// The newest of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// Bits of type 21.
    pub(crate) state: Option<u8>,
    /// Bits of type 1, by type and address of the system.
    pub(crate) systems: BTreeMap<(u8, u8), u16>,
    pub(crate) version: Option<[u8; 2]>,
    pub(crate) configuration: Option<String>,
    /// How far the device's clock is ahead, in microseconds, when it was read last.
    pub(crate) clock_ahead_us: Option<i64>,
}

impl Findings {
    /// Takes in an answer that came at `at`.
    pub(crate) fn take(&mut self, unit: &Unit<'_>, digits: Digits, at: Timestamp) {
        for object in &unit.objects {
            match *object {
                Object::UitdState { state, .. } => self.state = Some(state),
                Object::UitdVersion { version } => self.version = Some(version),
                Object::UitdConfiguration { text } => {
                    self.configuration = text::clean(text, 0).map(|text| text.to_string())
                }
                Object::UitdTime { at: label } => {
                    let time = label.time(digits);
                    self.clock_ahead_us = time.map(|time| time.as_micros().saturating_sub(at.as_micros()));
                }
                Object::SystemState { system, state, .. } => {
                    let key = (system.kind, system.address);
                    if self.systems.len() < SYSTEMS_MAX || self.systems.contains_key(&key) {
                        self.systems.insert(key, state);
                    }
                }
                // The rest are readings, records and texts of the facility: the rules and the archive have them.
                _ => {}
            }
        }
    }
}
