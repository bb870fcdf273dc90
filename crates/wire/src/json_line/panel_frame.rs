//! `frame` in the output line of a fire panel's frame.
//!
//! ```json
//! {"valid": true, "serial": 1, "version": "1.1", "time": "2012-09-26T09:58:32+08:00", "source": 889,
//!  "destination": 88888, "command": "send", "type": 2, "count": 1, "objects": [
//!    {"system_type": 1, "system_address": 1, "component_type": 40, "component_address": "0a000200",
//!     "state": ["fire"], "text": "", "time": "2012-09-26T09:58:02+08:00"}]}
//! {"valid": false}
//! ```
//! `time` is `null` where the label is no time, `type` and `count` where there is none. `command` is the number where it
//! has no name. Bits without a name are `bit9` …, and the dialect's name where it has one. `text` is cleaned; `text_hex`
//! stands beside it where the bytes are no text. `value` is in `unit`, or raw where the quantity is a maker's own.

use crate::gbt26875::{Component, Dialect, Dialects, Digits, Envelope, Object, Quantity, StateOf, System, TimeLabel};
use crate::gbt26875::{Unit, device_name, is_set, operation_bits, text};
use crate::units;
use compact_str::{CompactString, format_compact};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use watchfire_model::Frame;

/// A fire panel's frame.
pub(super) enum PanelFrame<'a> {
    Sound { envelope: Envelope<'a>, unit: Unit<'a>, dialect: &'a Dialect },
    Unsound,
}

impl<'a> PanelFrame<'a> {
    pub(super) fn of(frame: &Frame<'a>, dialects: &'a Dialects) -> PanelFrame<'a> {
        let Ok(envelope) = Envelope::read(frame.payload) else { return PanelFrame::Unsound };
        let dialect = dialects.of(frame, &device_name(frame, envelope.source));
        PanelFrame::Sound { envelope, unit: Unit::read(envelope.unit, dialect), dialect }
    }
}

impl Serialize for PanelFrame<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let PanelFrame::Sound { envelope, unit, dialect } = self else {
            map.serialize_entry("valid", &false)?;
            return map.end();
        };
        map.serialize_entry("valid", &true)?;
        map.serialize_entry("serial", &envelope.serial)?;
        map.serialize_entry("version", &format_compact!("{}", envelope.version))?;
        map.serialize_entry("time", &envelope.sent.text(dialect.time))?;
        map.serialize_entry("source", &envelope.source.get())?;
        map.serialize_entry("destination", &envelope.destination.get())?;
        match envelope.command.name() {
            Some(name) => map.serialize_entry("command", name)?,
            None => map.serialize_entry("command", &envelope.command.0)?,
        }
        map.serialize_entry("type", &unit.code)?;
        map.serialize_entry("count", &unit.count)?;
        let objects: Vec<ObjectOut<'_>> = unit.objects.iter().map(|object| ObjectOut { object, dialect }).collect();
        map.serialize_entry("objects", &objects)?;
        map.end()
    }
}

struct ObjectOut<'a> {
    object: &'a Object<'a>,
    dialect: &'a Dialect,
}

impl Serialize for ObjectOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields { map: serializer.serialize_map(None)?, dialect: self.dialect };
        match *self.object {
            Object::SystemState { system, state, at } => {
                fields.system(system)?;
                fields.state(StateOf::System, None, state)?;
                fields.time(at)?;
            }
            Object::ComponentState { component, state, text, at } => {
                fields.component(component)?;
                fields.state(StateOf::Component, Some(component.kind), state)?;
                fields.text(text.map_or(&[], |text| text.as_slice()), self.dialect.text_prefix_bytes)?;
                fields.time(at)?;
            }
            Object::Analogue { component, quantity, raw, at } => {
                fields.component(component)?;
                fields.analogue(quantity, raw)?;
                fields.time(at)?;
            }
            Object::SystemOperation { system, operations, operator, at } => {
                fields.system(system)?;
                fields.operations(operation_bits::FACILITY, operations, operator)?;
                fields.time(at)?;
            }
            Object::SystemVersion { system, version } => {
                fields.system(system)?;
                fields.version(version)?;
            }
            Object::SystemConfiguration { system, text } => {
                fields.system(system)?;
                fields.text(text, 0)?;
            }
            Object::ComponentConfiguration { component, text } => {
                fields.component(component)?;
                fields.text(text, self.dialect.text_prefix_bytes)?;
            }
            Object::SystemTime { system, at } => {
                fields.system(system)?;
                fields.time(at)?;
            }
            ref of_the_device_or_the_centre => fields.device_or_centre(of_the_device_or_the_centre)?,
        }
        fields.map.end()
    }
}

/// The fields of one object, in the standard's order.
struct Fields<'a, M> {
    map: M,
    dialect: &'a Dialect,
}

impl<M: SerializeMap> Fields<'_, M> {
    fn device_or_centre(&mut self, object: &Object<'_>) -> Result<(), M::Error> {
        match *object {
            Object::UitdState { state, at } => {
                self.state(StateOf::Uitd, None, u16::from(state))?;
                self.map.serialize_entry("time", &at.and_then(|at| at.text(self.dialect.time)))
            }
            Object::UitdOperation { operations, operator, at } => {
                self.operations(operation_bits::UITD, operations, operator)?;
                self.time(at)
            }
            Object::UitdVersion { version } => self.version(version),
            Object::UitdConfiguration { text } => self.text(text, 0),
            Object::UitdTime { at } | Object::SetClock { to: at } => self.time(at),
            Object::ReadSystem { system } => self.system(system),
            Object::ReadComponent { system, address } => {
                self.system(system)?;
                self.map.serialize_entry("component_address", &hex(&address))
            }
            Object::ReadSystemOperations { system, count, from } => {
                self.system(system)?;
                self.map.serialize_entry("count", &count)?;
                self.time(from)
            }
            Object::ReadUitdOperations { count, from } => {
                self.map.serialize_entry("count", &count)?;
                self.time(from)
            }
            Object::Reserved { reserved } => self.map.serialize_entry("reserved", &reserved),
            Object::DutyCheck { timeout_min } => self.map.serialize_entry("timeout_min", &timeout_min),
            Object::SystemState { .. }
            | Object::ComponentState { .. }
            | Object::Analogue { .. }
            | Object::SystemOperation { .. }
            | Object::SystemVersion { .. }
            | Object::SystemConfiguration { .. }
            | Object::ComponentConfiguration { .. }
            | Object::SystemTime { .. } => Ok(()),
        }
    }

    fn system(&mut self, System { kind, address }: System) -> Result<(), M::Error> {
        self.map.serialize_entry("system_type", &kind)?;
        self.map.serialize_entry("system_address", &address)
    }

    fn component(&mut self, component: Component) -> Result<(), M::Error> {
        self.system(component.system)?;
        self.map.serialize_entry("component_type", &component.kind)?;
        self.map.serialize_entry("component_address", &hex(&component.address))
    }

    fn state(&mut self, of: StateOf, component_type: Option<u8>, word: u16) -> Result<(), M::Error> {
        let set = (0..usize::from(of.bits())).filter(|bit| is_set(word, *bit));
        let names = set.map(|bit| match self.dialect.own_bit(of, component_type, bit) {
            Some(own) => own.name.clone(),
            None => of.states().get(bit).map_or_else(|| bit_name(bit), |state| CompactString::new(state.name())),
        });
        self.map.serialize_entry("state", &names.collect::<Vec<_>>())
    }

    fn operations(&mut self, names: &[operation_bits::Operation], bits: u8, operator: u8) -> Result<(), M::Error> {
        let set = (0..8).filter(|bit| is_set(u16::from(bits), *bit));
        let names =
            set.map(|bit| names.get(bit).map_or_else(|| bit_name(bit), |known| CompactString::new(known.name())));
        self.map.serialize_entry("operation", &names.collect::<Vec<_>>())?;
        self.map.serialize_entry("operator", &operator)
    }

    fn analogue(&mut self, code: u8, raw: i16) -> Result<(), M::Error> {
        let quantity = Quantity::from_code(code);
        let value = units::scaled(f64::from(raw), quantity.map_or(1.0, Quantity::step));
        self.map.serialize_entry("analogue_type", &code)?;
        self.map.serialize_entry("raw", &raw)?;
        self.map.serialize_entry("value", &value)?;
        self.map.serialize_entry("unit", &quantity.map(Quantity::unit))
    }

    fn version(&mut self, [major, minor]: [u8; 2]) -> Result<(), M::Error> {
        self.map.serialize_entry("version", &format_compact!("{major}.{minor}"))
    }

    fn text(&mut self, bytes: &[u8], prefix_bytes: u8) -> Result<(), M::Error> {
        match text::clean(bytes, prefix_bytes) {
            Some(text) => self.map.serialize_entry("text", &text),
            None => {
                self.map.serialize_entry("text", "")?;
                self.map.serialize_entry("text_hex", &hex(bytes))
            }
        }
    }

    fn time(&mut self, label: TimeLabel) -> Result<(), M::Error> {
        let digits: Digits = self.dialect.time;
        self.map.serialize_entry("time", &label.text(digits))
    }
}

fn bit_name(bit: usize) -> CompactString {
    format_compact!("bit{bit}")
}

fn hex(bytes: &[u8]) -> CompactString {
    bytes.iter().map(|byte| format_compact!("{byte:02x}")).collect()
}
