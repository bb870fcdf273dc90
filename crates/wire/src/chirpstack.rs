//! ChirpStack v4 over MQTT: `application/{id}/device/{dev_eui}/event/{event}`. `up` holds the codec's `object`, `status`
//! the battery as the network learned it; the other events (join, ack, txack, log, location) say nothing of a danger
//! and are passed over.
//!
//! Device: `deviceInfo.devEui`. Time: `time`, when the network heard it. Key: `deduplicationId`.

use crate::draft::Draft;
use crate::tree::Tree;
use crate::watchfire_v1::KEY_BYTES_MAX;
use crate::{json_text, lorawan};
use watchfire_model::{DefectKind, Frame, Metric};

pub(crate) fn claims(topic: &str) -> bool {
    topic.contains("application/") && topic.contains("/device/") && topic.contains("/event/")
}

pub(crate) fn has_shape(payload: &Tree<'_>) -> bool {
    payload.at(&["deviceInfo", "devEui"]).is_some()
}

pub(crate) fn read(frame: &Frame<'_>, draft: &mut Draft) {
    let mut scratch = String::new();
    let Some(event) = json_text::parse::<Tree<'_>>(frame.payload, &mut scratch, draft) else { return };
    let info = |key: &str| event.at(&["deviceInfo", key]).and_then(Tree::text);
    let Some(device) = info("devEui").or_else(|| topic_device(frame.topic)) else {
        return draft.defect(DefectKind::BadShape, "deviceInfo.devEui");
    };
    if !draft.device(device) {
        return;
    }
    if let Some(time) = event.get("time").and_then(Tree::text) {
        draft.stamp_text(time);
    }
    if let Some(id) = event.get("deduplicationId").and_then(Tree::text).filter(|id| id.len() <= KEY_BYTES_MAX) {
        draft.key(id);
    }
    match frame.topic.rsplit('/').next() {
        Some("status") => read_status(&event, draft),
        Some("join" | "ack" | "txack" | "log" | "location" | "integration") => {}
        _ => {
            let has_bytes = event.get("data").and_then(Tree::text).is_some_and(|bytes| !bytes.is_empty());
            let names = [info("deviceProfileName"), info("deviceName")];
            let identity: Vec<&str> = names.into_iter().flatten().collect();
            lorawan::read_decoded(event.get("object"), has_bytes, &identity, draft);
            lorawan::read_signal(event.get("rxInfo"), draft);
        }
    }
}

// `margin` is the link's spare in dB, not a signal.
fn read_status(event: &Tree<'_>, draft: &mut Draft) {
    let is = |key: &str| event.get(key) == Some(&Tree::Bool(true));
    if is("batteryLevelUnavailable") || is("externalPowerSource") {
        return;
    }
    if let Some(level) = event.get("batteryLevel").and_then(Tree::number) {
        draft.number("battery", Metric::Battery, level);
    }
}

fn topic_device(topic: &str) -> Option<&str> {
    topic.split_once("/device/")?.1.split('/').next().filter(|device| !device.is_empty())
}
