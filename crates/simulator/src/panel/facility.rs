//! What a panel knows: systems, their components, the state of each.

use watchfire_wire::gbt26875::text::COMPONENT_TEXT_BYTES;
use watchfire_wire::gbt26875::{Component, System};

/// Bit 0 of a state: normal operation.
pub const NORMAL: u16 = 1;
/// Bit 1: fire.
pub const FIRE: u16 = 1 << 1;
/// Bit 2: fault.
pub const FAULT: u16 = 1 << 2;
/// Bit 13 of a system's state: reset.
pub const RESET: u16 = 1 << 13;
/// Bits of a component's state that are its system's too, but for the power fault.
const SHARED_BITS: u16 = 0x00FE;

/// A component and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which it is.
    pub component: Component,
    /// Its text, in GB 18030; at most 31 bytes are sent.
    pub text: Vec<u8>,
    /// Its state word.
    pub state: u16,
    /// The quantity that it measures, and the raw value.
    pub analogue: Option<(u8, i16)>,
}

impl Part {
    /// A component at rest.
    pub fn new(system: System, kind: u8, address: [u8; 4], text: &[u8]) -> Part {
        Part { component: Component { system, kind, address }, text: text.to_vec(), state: NORMAL, analogue: None }
    }

    /// The text as it stands in a frame.
    pub fn text_field(&self) -> [u8; COMPONENT_TEXT_BYTES] {
        let mut field = [0; COMPONENT_TEXT_BYTES];
        field.iter_mut().zip(&self.text).for_each(|(place, byte)| *place = *byte);
        field
    }
}

/// A facility.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facility {
    /// Its components, of all systems.
    pub parts: Vec<Part>,
}

impl Facility {
    /// A fire alarm system (type 1, address 1) with so many smoke detectors: the `n`th in zone 1 at position `n`.
    pub fn of_smoke_detectors(count: u16) -> Facility {
        const SMOKE: u8 = 40;
        let part = |number: u16| {
            let [low, high] = number.to_le_bytes();
            let system = System { kind: 1, address: 1 };
            Part::new(system, SMOKE, [1, 0, low, high], format!("detector {number}").as_bytes())
        };
        Facility { parts: (1..=count).map(part).collect() }
    }

    /// The component of that address.
    pub fn part(&self, address: [u8; 4]) -> Option<&Part> {
        self.parts.iter().find(|part| part.component.address == address)
    }

    pub(super) fn part_mut(&mut self, address: [u8; 4]) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.component.address == address)
    }

    /// Whether there is such a system.
    pub fn has(&self, system: System) -> bool {
        self.parts.iter().any(|part| part.component.system == system)
    }

    /// A system's state: what is true of any of its components is true of it.
    pub fn state(&self, system: System) -> u16 {
        let of_system = self.parts.iter().filter(|part| part.component.system == system);
        of_system.fold(NORMAL, |state, part| state | part.state & SHARED_BITS)
    }

    /// Everything of a system is at rest again.
    pub(super) fn reset(&mut self, system: System) {
        for part in self.parts.iter_mut().filter(|part| part.component.system == system) {
            part.state = NORMAL;
        }
    }
}
