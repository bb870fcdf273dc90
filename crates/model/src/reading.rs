//! What was understood of a frame.

use crate::{DeviceName, Metric, PointName, Source, Timestamp};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A measured value. Numbers are finite: the decoders see to it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A finite number in the metric's canonical unit.
    Number(f64),
}

impl Value {
    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(value),
            Value::Number(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(self) -> Option<f64> {
        match self {
            Value::Number(value) => Some(value),
            Value::Bool(_) => None,
        }
    }
}

/// One value of one metric at one point of one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Where on the device.
    pub point: PointName,
    /// What is measured.
    pub metric: Metric,
    /// The value, in the metric's canonical unit.
    pub value: Value,
    /// A vendor metric's unit as the maker writes it; `None` for canonical metrics.
    pub vendor_unit: Option<CompactString>,
    /// Event time: the device's own stamp, or the receive time where it gave none.
    pub at: Timestamp,
}

/// What a status topic or a panel's registration says of the device itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// The device says that it is there.
    Online,
    /// The device, or its will, says that it is gone.
    Offline,
}

/// Everything understood of one frame; what was not understood stands in `defects`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decoded {
    /// Whose form it was.
    pub source: Source,
    /// The device; `None` when the frame does not name one (nothing else is then filled but `defects`).
    pub device: Option<DeviceName>,
    /// The sender's idempotency key, where the form has one.
    pub key: Option<CompactString>,
    /// The readings, in the frame's order.
    pub readings: Vec<Reading>,
    /// A statement about the device's presence.
    pub presence: Option<Presence>,
    /// What was wrong or not understood.
    pub defects: Vec<Defect>,
}

impl Decoded {
    /// Nothing yet, of that source.
    pub fn new(source: Source) -> Decoded {
        Decoded { source, device: None, key: None, readings: Vec::new(), presence: None, defects: Vec::new() }
    }

    /// Notes a defect.
    pub fn defect(&mut self, kind: DefectKind, detail: impl Into<CompactString>) {
        self.defects.push(Defect { kind, detail: detail.into() });
    }
}

/// One thing wrong with a frame: a value that is counted, kept and shown, never an error that loses the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// What kind; also the metric label.
    pub kind: DefectKind,
    /// Which property, value or place; at most 200 bytes.
    pub detail: CompactString,
}

macro_rules! defect_kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)*) => {
        /// The kinds of defect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum DefectKind { $($(#[$doc])* $variant,)* }

        impl DefectKind {
            /// Every kind.
            pub const ALL: &'static [DefectKind] = &[$(DefectKind::$variant,)*];

            /// The name in JSON and as a metric label.
            pub fn as_str(self) -> &'static str {
                match self { $(DefectKind::$variant => $name,)* }
            }
        }
    };
}

defect_kinds! {
    /// The payload is not UTF-8 where it must be.
    BadUtf8 "bad_utf8";
    /// The payload is not JSON where it must be.
    BadJson "bad_json";
    /// JSON, but not of the documented shape.
    BadShape "bad_shape";
    /// The topic fits no known scheme.
    UnknownTopic "unknown_topic";
    /// A property that is not known and not numeric or boolean.
    UnknownProperty "unknown_property";
    /// A metric name that is not in the vocabulary.
    UnknownMetric "unknown_metric";
    /// A value of the wrong type, or a word that is not known.
    BadValue "bad_value";
    /// A unit that cannot be converted.
    BadUnit "bad_unit";
    /// Not a number, infinite, or outside what can exist.
    NotFinite "not_finite";
    /// The time stamp could not be read; receive time was used.
    BadTime "bad_time";
    /// Name, id or key too long or with forbidden characters.
    BadName "bad_name";
    /// The topic names another device or site than the identity.
    ForeignDevice "foreign_device";
    /// More readings than a frame may hold; the rest was left out.
    TooMany "too_many";
    /// The decoder panicked: a bug of ours; the frame is kept.
    DecoderPanic "decoder_panic";
    /// A sentinel that stands for "no value".
    Missing "missing";
    /// GB/T 26875.3: shorter than a frame can be.
    TooShort "too_short";
    /// GB/T 26875.3: longer than a frame can be.
    TooLong "too_long";
    /// GB/T 26875.3: start marker is not 40 40.
    BadStart "bad_start";
    /// GB/T 26875.3: end marker is not 23 23.
    BadEnd "bad_end";
    /// GB/T 26875.3: the sum does not match.
    BadChecksum "bad_checksum";
    /// GB/T 26875.3: the length does not match.
    BadLength "bad_length";
    /// GB/T 26875.3: type without a known layout.
    UnknownType "unknown_type";
    /// GB/T 26875.3: object count and body do not match.
    BadCount "bad_count";
}
