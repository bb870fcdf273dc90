//! Names and numbers by which things are known.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest id of a site, zone, contact, identity, user or rule, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// The longest device or point name, in bytes. Makers' names hold spaces, slashes and Chinese.
pub const NAME_BYTES_MAX: usize = 128;

/// The position of an entry in its journal: 1 for the first, no gaps, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A random number that tells one journal from every other, so that a cursor cannot be used on the wrong one.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JournalId(pub [u8; 16]);

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text does not name what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not `[a-z0-9][a-z0-9_-]{0,63}`.
    #[error("`{0}` is not an id: use 1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter or digit")]
    NotAnId(String),
    /// Empty, too long, or with control characters.
    #[error("`{0}` is not a name: use 1 to {NAME_BYTES_MAX} bytes without control characters")]
    NotAName(String),
    /// Not the text of an alert id.
    #[error("`{0}` is not an alert id")]
    NotAnAlertId(String),
    /// Not one of the known payload sources.
    #[error("`{0}` is not a known source")]
    NotASource(String),
}

fn is_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    first
        && text.len() <= ID_BYTES_MAX
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control)
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:ident, $error:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "CompactString", into = "CompactString")]
        pub struct $name(CompactString);

        impl $name {
            /// Checks the text.
            ///
            /// # Errors
            /// When the text is not of the documented form.
            pub fn new(text: &str) -> Result<$name, NameError> {
                if $check(text) { Ok($name(CompactString::new(text))) } else { Err(NameError::$error(text.to_owned())) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<CompactString> for $name {
            type Error = NameError;
            fn try_from(text: CompactString) -> Result<$name, NameError> {
                if $check(&text) { Ok($name(text)) } else { Err(NameError::$error(text.to_string())) }
            }
        }

        impl From<$name> for CompactString {
            fn from(name: $name) -> CompactString {
                name.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<$name, NameError> {
                $name::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(/** A site: a home, a care home, a building. `[a-z0-9][a-z0-9_-]{0,63}`. */ SiteId, is_id, NotAnId);
text_id!(/** A zone of a site: a room, a corridor, a floor. `[a-z0-9][a-z0-9_-]{0,63}`. */ ZoneId, is_id, NotAnId);
text_id!(/** A person or desk that is told. `[a-z0-9][a-z0-9_-]{0,63}`. */ ContactId, is_id, NotAnId);
text_id!(/** A credential with which a device or a gateway logs in. `[a-z0-9][a-z0-9_-]{0,63}`. */ IdentityName, is_id, NotAnId);
text_id!(/** An operator of the console. `[a-z0-9][a-z0-9_-]{0,63}`. */ UserName, is_id, NotAnId);
text_id!(/** An order's idempotency key, chosen by whoever gives it. */ OrderId, is_name, NotAName);
text_id!(/** A device's name as its protocol gives it; unique within (site, source). */ DeviceName, is_name, NotAName);
text_id!(/** A place of measurement on a device: `smoke`, `temperature`, a component address. */ PointName, is_name, NotAName);

/// Who defined the payload's form. New sources are added at the end: the order is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Our own scheme, `wf/v1/…`.
    Watchfire,
    /// Zigbee2MQTT.
    Zigbee2mqtt,
    /// The Things Stack v3.
    Tts,
    /// ChirpStack v4.
    Chirpstack,
    /// GB/T 26875.3 fire panels.
    Gbt26875,
    /// Sparkplug B.
    Sparkplugb,
    /// Tasmota.
    Tasmota,
    /// Shelly.
    Shelly,
    /// Home Assistant discovery and state.
    HomeAssistant,
    /// zwave-js.
    Zwave,
    /// Tuya.
    Tuya,
    /// CTWing (China Telecom).
    Ctwing,
    /// OceanConnect (Huawei).
    Oceanconnect,
    /// OneNET (China Mobile).
    Onenet,
    /// JSON of no known maker: read by the words of its keys.
    Generic,
}

impl Source {
    /// Every source, with the name used in configuration, on the command line and on screens.
    pub const ALL: &'static [(Source, &'static str)] = &[
        (Source::Watchfire, "watchfire"),
        (Source::Zigbee2mqtt, "zigbee2mqtt"),
        (Source::Tts, "tts"),
        (Source::Chirpstack, "chirpstack"),
        (Source::Gbt26875, "gbt26875"),
        (Source::Sparkplugb, "sparkplugb"),
        (Source::Tasmota, "tasmota"),
        (Source::Shelly, "shelly"),
        (Source::HomeAssistant, "home_assistant"),
        (Source::Zwave, "zwave"),
        (Source::Tuya, "tuya"),
        (Source::Ctwing, "ctwing"),
        (Source::Oceanconnect, "oceanconnect"),
        (Source::Onenet, "onenet"),
        (Source::Generic, "generic"),
    ];

    /// The name used everywhere outside the journal.
    pub fn as_str(self) -> &'static str {
        Source::ALL.iter().find(|(source, _)| *source == self).map_or("generic", |(_, name)| name)
    }
}

impl FromStr for Source {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Source, NameError> {
        let found = Source::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(source, _)| *source).ok_or_else(|| NameError::NotASource(text.to_owned()))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A device's key. The site comes from the identity that sent the frame, never from the topic alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceKey {
    /// The site of the identity.
    pub site: SiteId,
    /// Whose naming `name` follows.
    pub source: Source,
    /// The name within (site, source).
    pub name: DeviceName,
}

/// `site/source/name`.
impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.site, self.source, self.name)
    }
}

/// An alert is named after what caused it, so that a replay gives it the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId {
    /// The journal the cause is in.
    pub journal: JournalId,
    /// The entry that raised it.
    pub cause: Seq,
    /// Which of the alerts raised by that entry, from 0.
    pub ordinal: u32,
}

/// `<journal, 32 hex digits>-<cause>-<ordinal>`.
impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.journal, self.cause, self.ordinal)
    }
}

impl FromStr for AlertId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<AlertId, NameError> {
        parse_alert_id(text).ok_or_else(|| NameError::NotAnAlertId(text.to_owned()))
    }
}

fn parse_alert_id(text: &str) -> Option<AlertId> {
    let (journal, rest) = text.split_once('-')?;
    let (cause, ordinal) = rest.split_once('-')?;
    if journal.len() != 32 || !journal.is_ascii() {
        return None;
    }
    let mut id = [0u8; 16];
    for (byte, pair) in id.iter_mut().zip(journal.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(AlertId { journal: JournalId(id), cause: Seq(cause.parse().ok()?), ordinal: ordinal.parse().ok()? })
}

// Text in JSON, fixed fields in postcard.
impl Serialize for AlertId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.journal, self.cause, self.ordinal).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for AlertId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<AlertId, D::Error> {
        if deserializer.is_human_readable() {
            let text = CompactString::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            let (journal, cause, ordinal) = Deserialize::deserialize(deserializer)?;
            Ok(AlertId { journal, cause, ordinal })
        }
    }
}

/// A rule and the version of it that decided. Shown as `name@version`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleRef {
    /// The rule's name.
    pub name: CompactString,
    /// Its version, counted by its author.
    pub version: u32,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_strict_and_names_are_not() {
        assert!(SiteId::new("care-home_1").is_ok());
        for bad in ["", "-a", "A", "a b", "é", &"a".repeat(65)] {
            assert!(SiteId::new(bad).is_err(), "{bad:?}");
        }
        assert!(DeviceName::new("三楼走廊 / smoke 2").is_ok());
        assert!(DeviceName::new("a\u{0}").is_err());
    }

    #[test]
    fn alert_ids_read_back() {
        let id = AlertId { journal: JournalId([7; 16]), cause: Seq(12), ordinal: 3 };
        assert_eq!(id.to_string().parse::<AlertId>().unwrap(), id);
        for bad in ["", "x-1-2", "07-1-2", "é7070707070707070707070707070707-1-2"] {
            assert!(bad.parse::<AlertId>().is_err(), "{bad:?}");
        }
    }
}
