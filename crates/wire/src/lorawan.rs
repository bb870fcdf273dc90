//! What The Things Stack and ChirpStack have in common: a codec's decoded object, the radio around it.

use crate::draft::Draft;
use crate::meaning::{self, Dialect};
use crate::tree::Tree;
use watchfire_model::{DefectKind, Metric};

/// Reads the decoded object of an uplink. Without one the frame is kept and the defect says what to set up.
pub(crate) fn read_decoded(decoded: Option<&Tree<'_>>, has_bytes: bool, identity: &[&str], draft: &mut Draft) {
    match decoded {
        Some(object @ Tree::Object(fields)) if !fields.is_empty() => {
            meaning::read(object, identity, Dialect::Lora, draft);
        }
        // An uplink without bytes is the network's own housekeeping.
        None | Some(Tree::Null) if !has_bytes => {}
        _ => draft.defect(DefectKind::BadShape, "no decoded payload: set up the device's codec in the network server"),
    }
}

/// The strongest signal of all gateways that heard it.
pub(crate) fn read_signal(gateways: Option<&Tree<'_>>, draft: &mut Draft) {
    let heard = gateways.map(Tree::items).unwrap_or_default().iter();
    let rssi = heard.filter_map(|gateway| gateway.get("rssi")?.number()).filter(|rssi| *rssi < 0.0);
    if let Some(strongest) = rssi.max_by(f64::total_cmp) {
        draft.number("rssi", Metric::Signal, strongest);
    }
}
