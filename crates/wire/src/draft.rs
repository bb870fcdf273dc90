//! The result while it is being put together: the one place where limits, ranges and double points are seen to.

use crate::{bounds, rfc3339};
use compact_str::CompactString;
use watchfire_model::ids::NAME_BYTES_MAX;
use watchfire_model::{Decoded, Defect, DefectKind, DeviceName, Metric, PointName, Presence, Reading, Source};
use watchfire_model::{Timestamp, Value};

/// The most readings of one frame.
pub const READINGS_MAX: usize = 256;
/// The most of them that may be makers' own quantities, so that they cannot crowd out an alarm.
pub const VENDOR_READINGS_MAX: usize = 128;
/// The most defects of one frame; the last one then says that there were more.
pub const DEFECTS_MAX: usize = 32;

const DETAIL_BYTES_MAX: usize = 200;
const VENDOR_NAME_BYTES_MAX: usize = 64;
const VENDOR_UNIT_BYTES_MAX: usize = 32;

/// A [`Decoded`] in the making.
pub(crate) struct Draft {
    decoded: Decoded,
    at: Timestamp,
    vendor_readings: usize,
    full: bool,
}

impl Draft {
    /// Nothing yet; readings are of receive time until [`Draft::stamp`].
    pub(crate) fn new(source: Source, received_at: Timestamp) -> Draft {
        Draft { decoded: Decoded::new(source), at: received_at, vendor_readings: 0, full: false }
    }

    pub(crate) fn finish(self) -> Decoded {
        self.decoded
    }

    /// The time of the readings from here on.
    pub(crate) fn stamp(&mut self, at: Timestamp) {
        self.at = at;
    }

    /// As [`Draft::stamp`], from text; a text that is no time is a defect.
    pub(crate) fn stamp_text(&mut self, text: &str) {
        match rfc3339::parse(text) {
            Some(at) => self.at = at,
            None => self.defect(DefectKind::BadTime, text),
        }
    }

    /// Names the device. False, and a defect, when the name cannot be one.
    pub(crate) fn device(&mut self, name: &str) -> bool {
        match DeviceName::new(name) {
            Ok(name) => self.decoded.device = Some(name),
            Err(_) => self.defect(DefectKind::BadName, name),
        }
        self.decoded.device.is_some()
    }

    pub(crate) fn key(&mut self, key: &str) {
        self.decoded.key = Some(CompactString::new(key));
    }

    pub(crate) fn presence(&mut self, presence: Presence) {
        self.decoded.presence = Some(presence);
    }

    pub(crate) fn defect(&mut self, kind: DefectKind, detail: &str) {
        let count = self.decoded.defects.len();
        if count + 1 < DEFECTS_MAX {
            self.decoded.defects.push(Defect { kind, detail: printable(detail, DETAIL_BYTES_MAX) });
        } else if count < DEFECTS_MAX {
            let detail = CompactString::new("more defects than are kept");
            self.decoded.defects.push(Defect { kind: DefectKind::TooMany, detail });
        }
    }

    /// A true or false of a canonical boolean metric.
    pub(crate) fn flag(&mut self, point: &str, metric: Metric, value: bool) {
        self.push(point, metric, Value::Bool(value), None);
    }

    /// A number, already in the metric's canonical unit. Outside what can exist it is a defect.
    pub(crate) fn number(&mut self, point: &str, metric: Metric, value: f64) {
        if bounds::can_exist(&metric, value) {
            self.push(point, metric, Value::Number(value), None);
        } else {
            self.defect(DefectKind::NotFinite, &format!("{point}: {value} cannot be a {metric}"));
        }
    }

    /// A maker's own quantity, kept under its name.
    pub(crate) fn vendor(&mut self, point: &str, name: &str, value: Value, unit: Option<&str>) {
        if matches!(value, Value::Number(number) if !number.is_finite()) {
            return self.defect(DefectKind::NotFinite, point);
        }
        if self.vendor_readings >= VENDOR_READINGS_MAX {
            return self.too_many();
        }
        self.vendor_readings += 1;
        let unit = unit.map(|unit| printable(unit, VENDOR_UNIT_BYTES_MAX)).filter(|unit| !unit.is_empty());
        self.push(point, Metric::Vendor(printable(name, VENDOR_NAME_BYTES_MAX)), value, unit);
    }

    /// A value of a point whose name is known to be one. False when there is no room left for it.
    pub(crate) fn tell(&mut self, point: &PointName, metric: Metric, value: Value) -> bool {
        let is_vendor = matches!(metric, Metric::Vendor(_));
        if is_vendor && self.vendor_readings >= VENDOR_READINGS_MAX {
            self.too_many();
            return false;
        }
        self.vendor_readings += usize::from(is_vendor);
        self.add(point.clone(), metric, value, None)
    }

    /// Whether that was told for the time that is stamped now.
    pub(crate) fn says(&self, point: &PointName, metric: &Metric, value: Value) -> bool {
        let mut readings = self.decoded.readings.iter();
        readings.any(|r| r.at == self.at && r.value == value && r.metric == *metric && r.point == *point)
    }

    fn push(&mut self, point: &str, metric: Metric, value: Value, vendor_unit: Option<CompactString>) {
        let point = PointName::new(point).ok().or_else(|| PointName::new(&printable(point, NAME_BYTES_MAX)).ok());
        let point = point.or_else(|| PointName::new(&printable(&metric.to_string(), NAME_BYTES_MAX)).ok());
        match point {
            Some(point) => _ = self.add(point, metric, value, vendor_unit),
            None => self.defect(DefectKind::BadName, "a point without a name"),
        }
    }

    fn add(&mut self, point: PointName, metric: Metric, value: Value, vendor_unit: Option<CompactString>) -> bool {
        let at = self.at;
        let twin = self.decoded.readings.iter_mut();
        if let Some(twin) = twin.rev().find(|r| r.metric == metric && r.point == point && r.at == at) {
            // Said twice: what is true anywhere is true, and of two numbers the first stands.
            if value == Value::Bool(true) {
                twin.value = value;
            }
        } else if self.decoded.readings.len() >= READINGS_MAX {
            self.too_many();
            return false;
        } else {
            self.decoded.readings.push(Reading { point, metric, value, vendor_unit, at });
        }
        true
    }

    fn too_many(&mut self) {
        if !self.full {
            self.full = true;
            self.defect(DefectKind::TooMany, "more readings than a frame may hold; the rest was left out");
        }
    }
}

/// The text without control characters, cut to `bytes_max` at a character.
pub(crate) fn printable(text: &str, bytes_max: usize) -> CompactString {
    let mut out = CompactString::default();
    for c in text.chars() {
        let c = if c.is_control() { '_' } else { c };
        if out.len() + c.len_utf8() > bytes_max {
            break;
        }
        out.push(c);
    }
    out
}
