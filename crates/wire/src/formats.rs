//! Which format a frame is in. One line per format: a new one is a new file and a line here.
//!
//! Fire panels have a link of their own, and need profiles and sessions; all else is text over MQTT.
//!
//! The topic decides first, in the table's order. A topic that nobody claims is read by the shape of its JSON, and an
//! object of no known shape by the words of its keys: a device that is not ours must still alarm.

use crate::draft::Draft;
use crate::tree::Tree;
use crate::{Profiles, Sessions, chirpstack, gbt26875, generic, json_text, things_stack, watchfire_v1, zigbee2mqtt};
use watchfire_model::{Decoded, DefectKind, Frame, Link, Source, Timestamp};

/// A payload format.
struct Format {
    source: Source,
    /// Whether the topic is of this format.
    claims: fn(topic: &str) -> bool,
    /// Whether a JSON document on a foreign topic has this format's shape.
    has_shape: fn(payload: &Tree<'_>) -> bool,
    read: fn(frame: &Frame<'_>, draft: &mut Draft),
}

const FORMATS: &[Format] = &[
    Format { source: Source::Watchfire, claims: watchfire_v1::claims, has_shape: never, read: watchfire_v1::read },
    Format { source: Source::Zigbee2mqtt, claims: zigbee2mqtt::claims, has_shape: never, read: zigbee2mqtt::read },
    Format {
        source: Source::Tts,
        claims: things_stack::claims,
        has_shape: things_stack::has_shape,
        read: things_stack::read,
    },
    Format {
        source: Source::Chirpstack,
        claims: chirpstack::claims,
        has_shape: chirpstack::has_shape,
        read: chirpstack::read,
    },
    Format { source: Source::Generic, claims: no_topic, has_shape: generic::has_shape, read: generic::read },
];

/// Reads a frame whose format the topic and the shape decide.
pub(crate) fn read(frame: &Frame<'_>, at: Timestamp, profiles: &Profiles, sessions: &mut Sessions) -> Decoded {
    if matches!(frame.link, Link::Gbt26875Tcp | Link::Gbt26875Udp) {
        return gbt26875::read(frame, at, profiles, sessions);
    }
    let mut chosen = FORMATS.iter().find(|format| (format.claims)(frame.topic));
    if chosen.is_none() {
        let mut unread = Draft::new(Source::Generic, at);
        let mut scratch = String::new();
        let Some(tree) = json_text::parse::<Tree<'_>>(frame.payload, &mut scratch, &mut unread) else {
            unread.defect(DefectKind::UnknownTopic, frame.topic);
            return unread.finish();
        };
        chosen = FORMATS.iter().find(|format| (format.has_shape)(&tree));
    }
    match chosen {
        Some(format) => read_in(format, frame, at),
        None => unknown(Source::Generic, DefectKind::UnknownTopic, frame.topic, at),
    }
}

/// Reads a frame as of that source.
pub(crate) fn read_as(
    source: Source,
    frame: &Frame<'_>,
    at: Timestamp,
    profiles: &Profiles,
    sessions: &mut Sessions,
) -> Decoded {
    if source == Source::Gbt26875 {
        return gbt26875::read(frame, at, profiles, sessions);
    }
    match FORMATS.iter().find(|format| format.source == source) {
        Some(format) => read_in(format, frame, at),
        None => unknown(source, DefectKind::UnknownType, "this build does not read this source yet", at),
    }
}

fn read_in(format: &Format, frame: &Frame<'_>, at: Timestamp) -> Decoded {
    let mut draft = Draft::new(format.source, at);
    (format.read)(frame, &mut draft);
    draft.finish()
}

fn unknown(source: Source, kind: DefectKind, detail: &str, at: Timestamp) -> Decoded {
    let mut draft = Draft::new(source, at);
    draft.defect(kind, detail);
    draft.finish()
}

fn never(_: &Tree<'_>) -> bool {
    false
}

fn no_topic(_: &str) -> bool {
    false
}
