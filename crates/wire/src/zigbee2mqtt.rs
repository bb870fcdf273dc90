//! Zigbee2MQTT: `zigbee2mqtt/{friendly name}` with a device's state as a flat object. Friendly names may hold slashes,
//! spaces and any script.
//!
//! | topic under the base | meaning |
//! |---|---|
//! | `{name}` | the state; a property that is absent or `null` says nothing |
//! | `{name}/availability` | `online` / `offline`, as plain text or as `{"state": …}` |
//! | `{name}/{property}` with a bare value | the same state in attribute form |
//! | `{name}/set…`, `{name}/get…` | commands to the device: passed over |
//! | `bridge/…` | the bridge about itself: passed over |
//!
//! Time: `last_seen` where the bridge adds it, in any of its forms. There is no idempotency key.

use crate::draft::Draft;
use crate::json_text;
use crate::meaning::{self, Dialect};
use crate::tree::Tree;
use watchfire_model::{DefectKind, Frame, Presence, Timestamp};

const BASE: &str = "zigbee2mqtt/";

pub(crate) fn claims(topic: &str) -> bool {
    topic.starts_with(BASE)
}

pub(crate) fn read(frame: &Frame<'_>, draft: &mut Draft) {
    let name = frame.topic.strip_prefix(BASE).unwrap_or(frame.topic);
    if name.is_empty() {
        return draft.defect(DefectKind::UnknownTopic, frame.topic);
    }
    let last = name.rsplit('/').next();
    if name.starts_with("bridge/") || (name.contains('/') && matches!(last, Some("set" | "get"))) {
        return;
    }
    if let Some(name) = name.strip_suffix("/availability") {
        if draft.device(name) {
            availability(frame.payload, draft);
        }
        return;
    }
    if frame.payload.is_empty() {
        // A retained state is being deleted.
        return;
    }
    let mut scratch = String::new();
    let state = json_text::parse::<Tree<'_>>(frame.payload, &mut scratch, draft);
    match (state, name.rsplit_once('/')) {
        (Some(Tree::Object(mut fields)), _) => {
            if draft.device(name) {
                stamp(&mut fields, draft);
                meaning::read(&Tree::Object(fields), &[name], Dialect::Zigbee, draft);
            }
        }
        (Some(value @ (Tree::Bool(_) | Tree::Number(_) | Tree::Text(_))), Some((name, property))) => {
            if draft.device(name) {
                let state = Tree::Object(vec![(property.into(), value)]);
                meaning::read(&state, &[name], Dialect::Zigbee, draft);
            }
        }
        (Some(Tree::Null), _) => {}
        (Some(_), _) => draft.defect(DefectKind::BadShape, "a device's state is an object"),
        (None, _) => _ = draft.device(name),
    }
}

fn availability(payload: &[u8], draft: &mut Draft) {
    let mut scratch = String::new();
    let text = std::str::from_utf8(payload).unwrap_or_default().trim();
    let state = match text {
        "online" | "offline" | "" => text.to_owned(),
        _ => {
            let Some(tree) = json_text::parse::<Tree<'_>>(payload, &mut scratch, draft) else { return };
            tree.get("state").unwrap_or(&tree).text().unwrap_or_default().to_owned()
        }
    };
    match state.as_str() {
        "online" => draft.presence(Presence::Online),
        "offline" => draft.presence(Presence::Offline),
        _ => draft.defect(DefectKind::BadValue, "availability"),
    }
}

// Takes `last_seen` out of the state: it is when, not what.
fn stamp(fields: &mut Vec<(std::borrow::Cow<'_, str>, Tree<'_>)>, draft: &mut Draft) {
    let Some(at) = fields.iter().position(|(key, _)| key == "last_seen") else { return };
    match fields.remove(at).1 {
        Tree::Text(text) => draft.stamp_text(&text),
        Tree::Number(millis) => match millis_since_epoch(millis) {
            Some(at) => draft.stamp(at),
            None => draft.defect(DefectKind::BadTime, "last_seen"),
        },
        _ => {}
    }
}

/// Milliseconds since the epoch, as JSON numbers give them.
fn millis_since_epoch(millis: f64) -> Option<Timestamp> {
    // The year 9999, so that the cast is exact and the microseconds fit.
    const MILLIS_MAX: f64 = 253_402_300_799_999.0;
    #[expect(clippy::cast_possible_truncation, reason = "in range, and a fraction of a millisecond may go")]
    (0.0..=MILLIS_MAX).contains(&millis).then(|| Timestamp::from_millis(millis as i64))
}
