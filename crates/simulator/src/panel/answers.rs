//! What a transmission device says when the centre asks (types 61 to 68 and 81 to 88).

use super::facility::Facility;
use super::transmitter::Record;
use watchfire_wire::gbt26875::{Kind, Object, System, TimeLabel, Unit};

/// The versions that it gives.
const FACILITY_VERSION: [u8; 2] = [2, 4];
const UITD_VERSION: [u8; 2] = [1, 7];

/// What an answer is made of.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge<'a> {
    /// The panel.
    pub facility: &'a Facility,
    /// The transmission device's own state.
    pub uitd_state: u8,
    /// What was done at the panel, oldest first.
    pub facility_records: &'a [(System, Record)],
    /// What was done at the transmission device, oldest first.
    pub uitd_records: &'a [Record],
    /// The device's clock.
    pub now: TimeLabel,
}

/// The unit that answers a request; `None`: it is denied.
pub fn answer(request: &Unit<'_>, knowledge: &Knowledge<'_>) -> Option<Vec<u8>> {
    let kind = request.kind.filter(|_| request.flaw.is_none())?.answer()?;
    // Texts are borrowed by the objects until they are written.
    let texts: Vec<_> = knowledge.facility.parts.iter().map(super::Part::text_field).collect();
    let mut objects = Vec::new();
    for asked in &request.objects {
        let before = objects.len();
        match *asked {
            Object::ReadSystem { system } if knowledge.facility.has(system) => {
                objects.push(of_system(kind, system, knowledge));
            }
            Object::ReadComponent { system, address } => {
                objects.extend(of_component(kind, system, address, knowledge, &texts));
            }
            Object::ReadSystemOperations { system, count, .. } => {
                let of_system = knowledge.facility_records.iter().rev().filter(|(of, _)| *of == system);
                let newest = of_system.take(usize::from(count));
                objects.extend(newest.map(|(system, record)| Object::SystemOperation {
                    system: *system,
                    operations: record.operations,
                    operator: record.operator,
                    at: record.at,
                }));
                // None is an answer too.
                if objects.is_empty() {
                    return Some(Unit::of(kind, objects).write());
                }
            }
            Object::ReadUitdOperations { count, .. } => {
                let newest = knowledge.uitd_records.iter().rev().take(usize::from(count));
                objects.extend(newest.map(|record| Object::UitdOperation {
                    operations: record.operations,
                    operator: record.operator,
                    at: record.at,
                }));
                if objects.is_empty() {
                    return Some(Unit::of(kind, objects).write());
                }
            }
            Object::Reserved { .. } => objects.extend(of_uitd(kind, knowledge)),
            _ => {}
        }
        if objects.len() == before {
            return None;
        }
    }
    (!objects.is_empty()).then(|| Unit::of(kind, objects).write())
}

fn of_system(kind: Kind, system: System, knowledge: &Knowledge<'_>) -> Object<'static> {
    let at = knowledge.now;
    match kind {
        Kind::SystemVersion => Object::SystemVersion { system, version: FACILITY_VERSION },
        Kind::SystemConfiguration => Object::SystemConfiguration { system, text: b"2 loops" },
        Kind::SystemTime => Object::SystemTime { system, at },
        _ => Object::SystemState { system, state: knowledge.facility.state(system), at },
    }
}

fn of_component<'a>(
    kind: Kind,
    system: System,
    address: [u8; 4],
    knowledge: &Knowledge<'_>,
    texts: &'a [[u8; 31]],
) -> Option<Object<'a>> {
    let mut all = knowledge.facility.parts.iter().zip(texts);
    let is_asked = |part: &super::Part| part.component.system == system && part.component.address == address;
    let (part, text) = all.find(|(part, _)| is_asked(part))?;
    let (component, at) = (part.component, knowledge.now);
    match kind {
        Kind::ComponentConfiguration => Some(Object::ComponentConfiguration { component, text }),
        Kind::ComponentAnalogue => {
            let (quantity, raw) = part.analogue?;
            Some(Object::Analogue { component, quantity, raw, at })
        }
        _ => Some(Object::ComponentState { component, state: part.state, text: Some(text), at }),
    }
}

fn of_uitd(kind: Kind, knowledge: &Knowledge<'_>) -> Option<Object<'static>> {
    Some(match kind {
        Kind::UitdState => Object::UitdState { state: knowledge.uitd_state, at: Some(knowledge.now) },
        Kind::UitdVersion => Object::UitdVersion { version: UITD_VERSION },
        Kind::UitdConfiguration => Object::UitdConfiguration { text: b"simulated" },
        Kind::UitdTime => Object::UitdTime { at: knowledge.now },
        _ => return None,
    })
}
