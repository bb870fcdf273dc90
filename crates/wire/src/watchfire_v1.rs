//! Our own scheme, version 1.
//!
//! ```text
//! wf/v1/{site}/{device}/readings   {"id": "<idempotency key>", "at"?: RFC 3339,
//!                                   "readings": [{"point"?: "…", "metric": "…", "value": …, "unit"?: "…"}]}
//! wf/v1/{site}/{device}/status     online | offline   (retained; also the will)
//! wf/v1/{site}/{device}/warning    a weather warning, CAP or JSON: see `weather_warning.rs`
//! ```
//! - `site` is the site of the identity that sent it, and `device` is the identity's own device where it is one:
//!   anything else is `foreign_device` and nothing is read. Both are `[a-z0-9][a-z0-9_-]{0,63}`.
//! - `id` is at most [`KEY_BYTES_MAX`] bytes. Without one the frame is at-least-once.
//! - `at` is kept as given, however far off; the rules judge it.
//! - `point` defaults to the metric's name, `unit` to the canonical one; others are converted where that is exact.
//! - A boolean metric takes `true`, `false`, 1 and 0. `vendor.…` takes numbers and booleans and keeps its unit.
//! - One bad reading costs only itself.

use crate::draft::Draft;
use crate::tree::{JsonText, nearest_i64, nearest_u64};
use crate::{json_text, units, weather_warning};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use watchfire_model::{DefectKind, Frame, Metric, Presence, SiteId, Value};

/// The longest idempotency key, in bytes.
pub const KEY_BYTES_MAX: usize = 64;

pub(crate) fn claims(topic: &str) -> bool {
    topic.starts_with("wf/v1/")
}

pub(crate) fn read(frame: &Frame<'_>, draft: &mut Draft) {
    let mut parts = frame.topic.split('/').skip(2);
    let (Some(site), Some(device), Some(kind), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return draft.defect(DefectKind::UnknownTopic, frame.topic);
    };
    if site != frame.site || (!frame.device.is_empty() && device != frame.device) {
        return draft.defect(DefectKind::ForeignDevice, frame.topic);
    }
    // A device's name in our own scheme has the form of an id.
    if SiteId::new(device).is_err() {
        return draft.defect(DefectKind::BadName, device);
    }
    match kind {
        "readings" if draft.device(device) => read_message(frame.payload, draft),
        "status" if draft.device(device) => read_status(frame.payload, draft),
        "warning" if draft.device(device) => weather_warning::read(frame.payload, draft),
        _ => draft.defect(DefectKind::UnknownTopic, frame.topic),
    }
}

fn read_status(payload: &[u8], draft: &mut Draft) {
    match payload.trim_ascii() {
        b"online" | b"\"online\"" => draft.presence(Presence::Online),
        b"offline" | b"\"offline\"" => draft.presence(Presence::Offline),
        // An empty retained message takes the status back.
        b"" => {}
        other => draft.defect(DefectKind::BadValue, &String::from_utf8_lossy(other)),
    }
}

fn read_message(payload: &[u8], draft: &mut Draft) {
    let mut scratch = String::new();
    let Some(message) = json_text::parse::<Message<'_>>(payload, &mut scratch, draft) else { return };
    match &message.id {
        Field::Absent => {}
        Field::Text(id) if !id.is_empty() && id.len() <= KEY_BYTES_MAX => draft.key(id),
        _ => draft.defect(DefectKind::BadName, "id: a text of 1 to 64 bytes is wanted"),
    }
    match &message.at {
        Field::Absent => {}
        Field::Text(at) => draft.stamp_text(at),
        _ => draft.defect(DefectKind::BadTime, "at: an RFC 3339 text is wanted"),
    }
    match &message.readings {
        None => draft.defect(DefectKind::BadShape, "readings: a list is wanted"),
        Some(items) => items.iter().for_each(|item| read_item(item, draft)),
    }
}

fn read_item(item: &Item<'_>, draft: &mut Draft) {
    let Field::Text(name) = &item.metric else {
        return draft.defect(DefectKind::BadShape, "a reading without a metric");
    };
    let Some(metric) = Metric::from_name(name) else { return draft.defect(DefectKind::UnknownMetric, name) };
    let point: &str = match &item.point {
        Field::Absent => name,
        Field::Text(point) if watchfire_model::PointName::new(point).is_ok() => point,
        _ => {
            draft.defect(DefectKind::BadName, "point: a text of 1 to 128 bytes is wanted");
            name
        }
    };
    let unit = match &item.unit {
        Field::Absent => None,
        Field::Text(unit) => Some(unit.as_ref()),
        _ => return draft.defect(DefectKind::BadUnit, name),
    };
    match (&item.value, metric) {
        (Field::Bool(value), Metric::Vendor(vendor)) => draft.vendor(point, &vendor, Value::Bool(*value), unit),
        (Field::Number(value), Metric::Vendor(vendor)) => draft.vendor(point, &vendor, Value::Number(*value), unit),
        (value, metric) if metric.is_boolean() == Some(true) => match flag(value) {
            Some(value) => draft.flag(point, metric, value),
            None => draft.defect(DefectKind::BadValue, name),
        },
        (Field::Number(value), metric) => match unit.map_or(Some(*value), |unit| canonical(&metric, *value, unit)) {
            Some(value) => draft.number(point, metric, value),
            None => draft.defect(DefectKind::BadUnit, &format!("{name}: {}", unit.unwrap_or_default())),
        },
        _ => draft.defect(DefectKind::BadValue, name),
    }
}

fn canonical(metric: &Metric, value: f64, unit: &str) -> Option<f64> {
    units::to_canonical(metric, value, unit)
}

fn flag(value: &Field<'_>) -> Option<bool> {
    match value {
        Field::Bool(value) => Some(*value),
        Field::Number(1.0) => Some(true),
        Field::Number(0.0) => Some(false),
        _ => None,
    }
}

#[derive(Default)]
struct Message<'a> {
    id: Field<'a>,
    at: Field<'a>,
    readings: Option<Vec<Item<'a>>>,
}

#[derive(Default)]
struct Item<'a> {
    point: Field<'a>,
    metric: Field<'a>,
    value: Field<'a>,
    unit: Field<'a>,
}

/// A field of any type, so that a wrong type costs the reading and not the message. `null` is as good as absent.
#[derive(Default)]
enum Field<'a> {
    #[default]
    Absent,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Other,
}

impl<'de> Deserialize<'de> for Message<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Message<'de>, D::Error> {
        struct MessageVisitor;
        impl<'de> Visitor<'de> for MessageVisitor {
            type Value = Message<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with id and readings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message<'de>, A::Error> {
                let mut message = Message::default();
                while let Some(JsonText(key)) = map.next_key()? {
                    match key.as_ref() {
                        "id" => message.id = map.next_value()?,
                        "at" => message.at = map.next_value()?,
                        "readings" => {
                            let Items(items) = map.next_value()?;
                            message.readings.get_or_insert_default().extend(items);
                        }
                        _ => _ = map.next_value::<IgnoredAny>()?,
                    }
                }
                Ok(message)
            }
        }
        deserializer.deserialize_map(MessageVisitor)
    }
}

struct Items<'a>(Vec<Item<'a>>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Items<'de>, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of readings")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::with_capacity(2);
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Item<'de>, D::Error> {
        struct ItemVisitor;
        impl<'de> Visitor<'de> for ItemVisitor {
            type Value = Item<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reading")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
                let mut item = Item::default();
                while let Some(JsonText(key)) = map.next_key()? {
                    match key.as_ref() {
                        "point" => item.point = map.next_value()?,
                        "metric" => item.metric = map.next_value()?,
                        "value" => item.value = map.next_value()?,
                        "unit" => item.unit = map.next_value()?,
                        _ => _ = map.next_value::<IgnoredAny>()?,
                    }
                }
                Ok(item)
            }
            // Not an object: an item without a metric, which is a defect of its own.
            fn visit_unit<E>(self) -> Result<Item<'de>, E> {
                Ok(Item::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Item<'de>, E> {
                Ok(Item::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Item<'de>, E> {
                Ok(Item::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Item<'de>, E> {
                Ok(Item::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Item<'de>, E> {
                Ok(Item::default())
            }
            fn visit_str<E>(self, _: &str) -> Result<Item<'de>, E> {
                Ok(Item::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Item<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Item::default())
            }
        }
        deserializer.deserialize_any(ItemVisitor)
    }
}

impl<'de> Deserialize<'de> for Field<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field<'de>, D::Error> {
        struct FieldVisitor;
        impl<'de> Visitor<'de> for FieldVisitor {
            type Value = Field<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Field<'de>, E> {
                Ok(Field::Absent)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Field<'de>, E> {
                Ok(Field::Bool(value))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Field<'de>, E> {
                Ok(Field::Number(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Field<'de>, E> {
                Ok(Field::Number(nearest_u64(value)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Field<'de>, E> {
                Ok(Field::Number(nearest_i64(value)))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Field<'de>, E> {
                Ok(Field::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Field<'de>, E> {
                Ok(Field::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Field<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Field::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Field::Other)
            }
        }
        deserializer.deserialize_any(FieldVisitor)
    }
}
