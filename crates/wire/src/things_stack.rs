//! The Things Stack v3 over MQTT: `v3/{application}@{tenant}/devices/{device}/up` with the uplink in the envelope's
//! `uplink_message`. Other events of a device (join, downlink, location) say nothing of a danger and are passed over.
//!
//! Device: `end_device_ids.device_id`. Time: `uplink_message.received_at`, else `received_at`: when the network heard
//! it. Key: that time with the frame counter, so that a message that comes twice counts once, and a device that starts
//! its counter again is still heard.

use crate::draft::Draft;
use crate::tree::Tree;
use crate::watchfire_v1::KEY_BYTES_MAX;
use crate::{json_text, lorawan};
use watchfire_model::{DefectKind, Frame};

pub(crate) fn claims(topic: &str) -> bool {
    topic.starts_with("v3/") && topic.contains("/devices/")
}

pub(crate) fn has_shape(payload: &Tree<'_>) -> bool {
    payload.get("uplink_message").is_some() || payload.get("end_device_ids").is_some()
}

pub(crate) fn read(frame: &Frame<'_>, draft: &mut Draft) {
    let mut scratch = String::new();
    let Some(envelope) = json_text::parse::<Tree<'_>>(frame.payload, &mut scratch, draft) else { return };
    let ids = envelope.get("end_device_ids");
    let device = ids.and_then(|ids| ids.get("device_id")).and_then(Tree::text).or_else(|| topic_device(frame.topic));
    let Some(device) = device else { return draft.defect(DefectKind::BadShape, "end_device_ids.device_id") };
    if !draft.device(device) {
        return;
    }
    let Some(uplink) = envelope.get("uplink_message") else {
        if frame.topic.ends_with("/up") {
            draft.defect(DefectKind::BadShape, "uplink_message");
        }
        return;
    };
    stamp(&envelope, uplink, draft);
    let has_bytes = uplink.get("frm_payload").and_then(Tree::text).is_some_and(|bytes| !bytes.is_empty());
    let decoded = uplink.get("decoded_payload").or_else(|| uplink.get("normalized_payload"));
    let version = uplink.at(&["version_ids", "model_id"]).and_then(Tree::text);
    let identity: Vec<&str> = [Some(device), version].into_iter().flatten().collect();
    lorawan::read_decoded(decoded, has_bytes, &identity, draft);
    lorawan::read_signal(uplink.get("rx_metadata"), draft);
}

fn stamp(envelope: &Tree<'_>, uplink: &Tree<'_>, draft: &mut Draft) {
    let received = uplink.get("received_at").or_else(|| envelope.get("received_at")).and_then(Tree::text);
    let Some(received) = received else { return };
    draft.stamp_text(received);
    let counter = uplink.get("f_cnt").and_then(Tree::number).unwrap_or(0.0);
    let key = format!("{received}/{counter}");
    if key.len() <= KEY_BYTES_MAX {
        draft.key(&key);
    }
}

fn topic_device(topic: &str) -> Option<&str> {
    topic.split_once("/devices/")?.1.split('/').next().filter(|device| !device.is_empty())
}
