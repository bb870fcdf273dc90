//! An output line of `watchfire decode`: one JSON object without a line break, keys in this order.
//!
//! ```json
//! {"source": "zigbee2mqtt", "device": "kitchen_smoke",
//!  "readings": [{"point": "smoke", "metric": "smoke_alarm", "value": true, "unit": null, "at": "2026-03-01T08:00:00Z"}],
//!  "frame": null, "defects": [{"kind": "unknown_property", "detail": "action"}]}
//! ```
//! For a fire panel, `frame` is as in `panel_frame.rs`. `device` is `null` when the frame names none. `presence` (`online`, `offline`) and `key` stand before `readings`
//! where the frame has them.

use super::panel_frame::PanelFrame;
use crate::Profiles;
use serde::{Serialize, Serializer};
use watchfire_model::{Decoded, Defect, Frame, Presence, Reading, Source, Value};

/// The line, without its line break and without a fire panel's frame.
pub fn line(decoded: &Decoded) -> String {
    written(decoded, None)
}

/// As [`line`], with `frame` filled in for a fire panel's frame. `decoded` is what was decoded of `frame` with these
/// profiles.
pub fn line_with_frame(decoded: &Decoded, frame: &Frame<'_>, profiles: &Profiles) -> String {
    let panel = decoded.source == Source::Gbt26875;
    written(decoded, panel.then(|| PanelFrame::of(frame, &profiles.gbt26875)))
}

fn written(decoded: &Decoded, frame: Option<PanelFrame<'_>>) -> String {
    let line = Line {
        source: decoded.source.as_str(),
        device: decoded.device.as_ref().map(|device| device.as_str()),
        presence: decoded.presence.map(presence),
        key: decoded.key.as_deref(),
        readings: decoded.readings.iter().map(ReadingOut::of).collect(),
        frame,
        defects: decoded.defects.iter().map(DefectOut::of).collect(),
    };
    serde_json::to_string(&line).expect("texts and finite numbers always serialise")
}

#[derive(Serialize)]
struct Line<'a> {
    source: &'static str,
    device: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    readings: Vec<ReadingOut<'a>>,
    // Only fire panels have a frame of their own.
    frame: Option<PanelFrame<'a>>,
    defects: Vec<DefectOut<'a>>,
}

#[derive(Serialize)]
struct ReadingOut<'a> {
    point: &'a str,
    metric: String,
    #[serde(serialize_with = "value")]
    value: Value,
    unit: Option<&'a str>,
    at: String,
}

impl<'a> ReadingOut<'a> {
    fn of(reading: &'a Reading) -> ReadingOut<'a> {
        ReadingOut {
            point: reading.point.as_str(),
            metric: reading.metric.to_string(),
            value: reading.value,
            unit: reading.metric.unit().map(|unit| unit.code()).or(reading.vendor_unit.as_deref()),
            at: reading.at.to_string(),
        }
    }
}

#[derive(Serialize)]
struct DefectOut<'a> {
    kind: &'static str,
    detail: &'a str,
}

impl<'a> DefectOut<'a> {
    fn of(defect: &'a Defect) -> DefectOut<'a> {
        DefectOut { kind: defect.kind.as_str(), detail: &defect.detail }
    }
}

fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "online",
        Presence::Offline => "offline",
    }
}

// A whole number is printed without a fraction, as its sender most likely wrote it.
fn value<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match *value {
        Value::Bool(value) => serializer.serialize_bool(value),
        Value::Number(number) if number.fract() == 0.0 && number.abs() < EXACT_MAX =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
            serializer.serialize_i64(number as i64)
        }
        Value::Number(number) => serializer.serialize_f64(number),
    }
}
