//! JSON of no known maker, read by the words of its keys: a device that is not ours must still alarm.
//!
//! Careful on purpose. Only an object's own properties are read (and `{"value", "unit"}` pairs), no nested reports; an
//! object that describes a device to somebody else (Home Assistant's discovery) is no report at all.
//!
//! The device is named after the identity where that is one device, else after the whole topic: nothing in an unknown
//! payload is sure to be a name.

use crate::draft::Draft;
use crate::json_text;
use crate::meaning::{self, Dialect};
use crate::tree::Tree;
use watchfire_model::ids::NAME_BYTES_MAX;
use watchfire_model::{DefectKind, Frame};

pub(crate) fn has_shape(payload: &Tree<'_>) -> bool {
    !payload.fields().is_empty()
}

pub(crate) fn read(frame: &Frame<'_>, draft: &mut Draft) {
    let mut scratch = String::new();
    let Some(mut report) = json_text::parse::<Tree<'_>>(frame.payload, &mut scratch, draft) else { return };
    if !draft.device(name(frame)) {
        return;
    }
    let Tree::Object(fields) = &mut report else {
        return draft.defect(DefectKind::BadShape, "an object is wanted");
    };
    if is_description(fields) {
        return draft.defect(DefectKind::BadShape, "a description of a device, not a report");
    }
    fields.retain(|(_, value)| !is_nested(value));
    let identity: &[&str] = if frame.device.is_empty() { &[frame.topic] } else { &[frame.topic, frame.device] };
    meaning::read(&report, identity, Dialect::Unknown, draft);
}

fn name<'a>(frame: &Frame<'a>) -> &'a str {
    if !frame.device.is_empty() {
        return frame.device;
    }
    // The end of a long topic tells devices apart better than its beginning.
    let mut start = frame.topic.len().saturating_sub(NAME_BYTES_MAX);
    while !frame.topic.is_char_boundary(start) {
        start += 1;
    }
    frame.topic.get(start..).unwrap_or_default()
}

fn is_description(fields: &[(std::borrow::Cow<'_, str>, Tree<'_>)]) -> bool {
    const KEYS: [&str; 5] = ["payload_on", "payload_off", "state_topic", "value_template", "unit_of_measurement"];
    fields.iter().any(|(key, _)| KEYS.contains(&key.as_ref()))
}

fn is_nested(value: &Tree<'_>) -> bool {
    match value {
        Tree::List(_) => true,
        Tree::Object(fields) => !fields.iter().any(|(key, _)| key == "value"),
        _ => false,
    }
}
