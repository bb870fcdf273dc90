//! One information object of an application unit, read from and written to its bytes without a loss.

use super::kind::Kind;
use super::text::COMPONENT_TEXT_BYTES;
use super::time_label::TimeLabel;

/// A system of a facility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct System {
    /// A [`SystemKind`](super::SystemKind)'s code, or another.
    pub kind: u8,
    /// Which of them; set by the facility.
    pub address: u8,
}

/// A component of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its system.
    pub system: System,
    /// A [`ComponentKind`](super::ComponentKind)'s code, or another.
    pub kind: u8,
    /// As it came; a dialect says how to read it.
    pub address: [u8; 4],
}

/// An information object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object<'a> {
    /// Type 1.
    SystemState {
        /// Whose.
        system: System,
        /// Bits of [`StateOf::System`](super::StateOf).
        state: u16,
        /// Since when.
        at: TimeLabel,
    },
    /// Type 2.
    ComponentState {
        /// Whose.
        component: Component,
        /// Bits of [`StateOf::Component`](super::StateOf).
        state: u16,
        /// What the panel calls it; `None` in the short form.
        text: Option<&'a [u8; COMPONENT_TEXT_BYTES]>,
        /// Since when.
        at: TimeLabel,
    },
    /// Type 3.
    Analogue {
        /// Whose.
        component: Component,
        /// A [`Quantity`](super::Quantity)'s code, or another.
        quantity: u8,
        /// In the quantity's steps.
        raw: i16,
        /// When.
        at: TimeLabel,
    },
    /// Type 4.
    SystemOperation {
        /// On which.
        system: System,
        /// Bits of [`FACILITY`](super::operation_bits::FACILITY).
        operations: u8,
        /// The operator's number.
        operator: u8,
        /// When.
        at: TimeLabel,
    },
    /// Type 5.
    SystemVersion {
        /// Whose.
        system: System,
        /// Major, minor.
        version: [u8; 2],
    },
    /// Type 6.
    SystemConfiguration {
        /// Whose.
        system: System,
        /// At most 255 bytes.
        text: &'a [u8],
    },
    /// Type 7.
    ComponentConfiguration {
        /// Whose.
        component: Component,
        /// What it is.
        text: &'a [u8; COMPONENT_TEXT_BYTES],
    },
    /// Type 8.
    SystemTime {
        /// Whose.
        system: System,
        /// Its clock.
        at: TimeLabel,
    },
    /// Type 21.
    UitdState {
        /// Bits of [`StateOf::Uitd`](super::StateOf).
        state: u8,
        /// Since when; `None` in the short form.
        at: Option<TimeLabel>,
    },
    /// Type 24.
    UitdOperation {
        /// Bits of [`UITD`](super::operation_bits::UITD).
        operations: u8,
        /// The operator's number.
        operator: u8,
        /// When.
        at: TimeLabel,
    },
    /// Type 25.
    UitdVersion {
        /// Major, minor.
        version: [u8; 2],
    },
    /// Type 26.
    UitdConfiguration {
        /// At most 255 bytes.
        text: &'a [u8],
    },
    /// Type 28.
    UitdTime {
        /// Its clock.
        at: TimeLabel,
    },
    /// Types 61, 65, 66, 68.
    ReadSystem {
        /// Of which.
        system: System,
    },
    /// Types 62, 63, 67.
    ReadComponent {
        /// Of which system.
        system: System,
        /// Of which component.
        address: [u8; 4],
    },
    /// Type 64.
    ReadSystemOperations {
        /// Of which.
        system: System,
        /// How many; at most 102.
        count: u8,
        /// From when on.
        from: TimeLabel,
    },
    /// Types 81, 85, 86, 88, 89.
    Reserved {
        /// Zero by the standard.
        reserved: u8,
    },
    /// Type 84.
    ReadUitdOperations {
        /// How many; ask for at most 102.
        count: u8,
        /// From when on.
        from: TimeLabel,
    },
    /// Type 90.
    SetClock {
        /// The centre's clock.
        to: TimeLabel,
    },
    /// Type 91.
    DutyCheck {
        /// The guard has this long to answer, in minutes.
        timeout_min: u8,
    },
}

/// What devices leave out of the objects of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// The component's text, or the time of the transmission device's state.
    pub(super) short: bool,
    /// The time of an event.
    pub(super) untimed: bool,
}

impl<'a> Object<'a> {
    /// Reads one object off the front of `bytes`. `None` when they do not suffice.
    pub(super) fn read(kind: Kind, form: Form, bytes: &mut &'a [u8]) -> Option<Object<'a>> {
        let short = form.short;
        let event_time = |bytes: &mut &'a [u8]| if form.untimed { Some(TimeLabel::UNKNOWN) } else { time(bytes) };
        Some(match kind {
            Kind::SystemState => {
                Object::SystemState { system: system(bytes)?, state: word(bytes)?, at: event_time(bytes)? }
            }
            Kind::ComponentState => Object::ComponentState {
                component: component(bytes)?,
                state: word(bytes)?,
                text: if short { None } else { Some(take(bytes)?) },
                at: event_time(bytes)?,
            },
            Kind::ComponentAnalogue => Object::Analogue {
                component: component(bytes)?,
                quantity: byte(bytes)?,
                raw: i16::from_le_bytes(*take(bytes)?),
                at: event_time(bytes)?,
            },
            Kind::SystemOperation => Object::SystemOperation {
                system: system(bytes)?,
                operations: byte(bytes)?,
                operator: byte(bytes)?,
                at: event_time(bytes)?,
            },
            Kind::SystemVersion => Object::SystemVersion { system: system(bytes)?, version: *take(bytes)? },
            Kind::SystemConfiguration => {
                Object::SystemConfiguration { system: system(bytes)?, text: counted_text(bytes)? }
            }
            Kind::ComponentConfiguration => {
                Object::ComponentConfiguration { component: component(bytes)?, text: take(bytes)? }
            }
            Kind::SystemTime => Object::SystemTime { system: system(bytes)?, at: time(bytes)? },
            Kind::UitdState => {
                Object::UitdState { state: byte(bytes)?, at: if short { None } else { Some(time(bytes)?) } }
            }
            Kind::UitdOperation => {
                Object::UitdOperation { operations: byte(bytes)?, operator: byte(bytes)?, at: event_time(bytes)? }
            }
            Kind::UitdVersion => Object::UitdVersion { version: *take(bytes)? },
            Kind::UitdConfiguration => Object::UitdConfiguration { text: counted_text(bytes)? },
            Kind::UitdTime => Object::UitdTime { at: time(bytes)? },
            downstream => return Object::read_downstream(downstream, bytes),
        })
    }

    fn read_downstream(kind: Kind, bytes: &mut &'a [u8]) -> Option<Object<'a>> {
        Some(match kind {
            Kind::ReadSystemState | Kind::ReadSystemVersion | Kind::ReadSystemConfiguration | Kind::ReadSystemTime => {
                Object::ReadSystem { system: system(bytes)? }
            }
            Kind::ReadComponentState | Kind::ReadComponentAnalogue | Kind::ReadComponentConfiguration => {
                Object::ReadComponent { system: system(bytes)?, address: *take(bytes)? }
            }
            Kind::ReadSystemOperations => {
                Object::ReadSystemOperations { system: system(bytes)?, count: byte(bytes)?, from: time(bytes)? }
            }
            Kind::ReadUitdState
            | Kind::ReadUitdVersion
            | Kind::ReadUitdConfiguration
            | Kind::ReadUitdTime
            | Kind::InitialiseUitd => Object::Reserved { reserved: byte(bytes)? },
            Kind::ReadUitdOperations => Object::ReadUitdOperations { count: byte(bytes)?, from: time(bytes)? },
            Kind::SetUitdClock => Object::SetClock { to: time(bytes)? },
            Kind::DutyCheck => Object::DutyCheck { timeout_min: byte(bytes)? },
            _ => return None,
        })
    }

    /// Appends the object's bytes. Of a text, no more than its length byte can say.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Object::SystemState { system, state, at } => {
                put_system(system, out);
                out.extend_from_slice(&state.to_le_bytes());
                out.extend_from_slice(&at.0);
            }
            Object::ComponentState { component, state, text, at } => {
                put_component(component, out);
                out.extend_from_slice(&state.to_le_bytes());
                out.extend_from_slice(text.map_or(&[], <[u8; COMPONENT_TEXT_BYTES]>::as_slice));
                out.extend_from_slice(&at.0);
            }
            Object::Analogue { component, quantity, raw, at } => {
                put_component(component, out);
                out.push(quantity);
                out.extend_from_slice(&raw.to_le_bytes());
                out.extend_from_slice(&at.0);
            }
            Object::SystemOperation { system, operations, operator, at } => {
                put_system(system, out);
                out.extend_from_slice(&[operations, operator]);
                out.extend_from_slice(&at.0);
            }
            Object::SystemVersion { system, version } => {
                put_system(system, out);
                out.extend_from_slice(&version);
            }
            Object::SystemConfiguration { system, text } => {
                put_system(system, out);
                put_counted(text, out);
            }
            Object::ComponentConfiguration { component, text } => {
                put_component(component, out);
                out.extend_from_slice(text);
            }
            Object::SystemTime { system, at } => {
                put_system(system, out);
                out.extend_from_slice(&at.0);
            }
            _ => self.write_uitd_and_downstream(out),
        }
    }

    fn write_uitd_and_downstream(&self, out: &mut Vec<u8>) {
        match *self {
            Object::UitdState { state, at } => {
                out.push(state);
                out.extend_from_slice(at.as_ref().map_or(&[], |at| at.0.as_slice()));
            }
            Object::UitdOperation { operations, operator, at } => {
                out.extend_from_slice(&[operations, operator]);
                out.extend_from_slice(&at.0);
            }
            Object::UitdVersion { version } => out.extend_from_slice(&version),
            Object::UitdConfiguration { text } => put_counted(text, out),
            Object::UitdTime { at } | Object::SetClock { to: at } => out.extend_from_slice(&at.0),
            Object::ReadSystem { system } => put_system(system, out),
            Object::ReadComponent { system, address } => {
                put_system(system, out);
                out.extend_from_slice(&address);
            }
            Object::ReadSystemOperations { system, count, from } => {
                put_system(system, out);
                out.push(count);
                out.extend_from_slice(&from.0);
            }
            Object::Reserved { reserved } => out.push(reserved),
            Object::ReadUitdOperations { count, from } => {
                out.push(count);
                out.extend_from_slice(&from.0);
            }
            Object::DutyCheck { timeout_min } => out.push(timeout_min),
            Object::SystemState { .. }
            | Object::ComponentState { .. }
            | Object::Analogue { .. }
            | Object::SystemOperation { .. }
            | Object::SystemVersion { .. }
            | Object::SystemConfiguration { .. }
            | Object::ComponentConfiguration { .. }
            | Object::SystemTime { .. } => unreachable!("written by `write`"),
        }
    }
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    take(bytes).map(|[byte]| *byte)
}

fn word(bytes: &mut &[u8]) -> Option<u16> {
    take(bytes).map(|word| u16::from_le_bytes(*word))
}

fn time(bytes: &mut &[u8]) -> Option<TimeLabel> {
    take(bytes).map(|label| TimeLabel(*label))
}

fn system(bytes: &mut &[u8]) -> Option<System> {
    take(bytes).map(|[kind, address]| System { kind: *kind, address: *address })
}

fn component(bytes: &mut &[u8]) -> Option<Component> {
    Some(Component { system: system(bytes)?, kind: byte(bytes)?, address: *take(bytes)? })
}

fn counted_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (text, rest) =
        bytes.split_at_checked(1).and_then(|(_, rest)| rest.split_at_checked(usize::from(*bytes.first()?)))?;
    *bytes = rest;
    Some(text)
}

fn put_system(system: System, out: &mut Vec<u8>) {
    out.extend_from_slice(&[system.kind, system.address]);
}

fn put_component(component: Component, out: &mut Vec<u8>) {
    put_system(component.system, out);
    out.push(component.kind);
    out.extend_from_slice(&component.address);
}

fn put_counted(text: &[u8], out: &mut Vec<u8>) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend_from_slice(text.get(..usize::from(length)).unwrap_or(text));
}
