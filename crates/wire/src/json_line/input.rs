//! An input line of `watchfire decode`, one JSON object:
//!
//! ```json
//! {"topic": "zigbee2mqtt/kitchen", "payload": {"smoke": true}, "received_at": "2026-03-01T08:00:00Z"}
//! {"topic": "…", "payload": "text"}      the text's bytes
//! {"topic": "…", "payload_hex": "7b7d"}  or "payload_base64": bytes
//! {"hex": "4040…"}                       a fire panel's frame, with --source gbt26875
//! ```
//! `topic` may be left out: the shape decides. Other keys are ignored, so that labelled test files can be fed in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt;
use watchfire_model::frame::{PAYLOAD_BYTES_MAX, TOPIC_BYTES_MAX};
use watchfire_model::{Frame, Link, Timestamp};

/// The site that a line's frame belongs to when its topic names none.
pub const SITE: &str = "local";

/// A frame that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFrame {
    /// The site: that of a `wf/v1/{site}/…` topic, since there is no identity on a command line.
    pub site: String,
    /// How it would have come.
    pub link: Link,
    /// The topic; empty when the line gave none.
    pub topic: String,
    /// The bytes.
    pub payload: Vec<u8>,
    /// When it was received, if the line says so.
    pub received_at: Option<Timestamp>,
}

impl OwnedFrame {
    /// The frame, as the decoders take it.
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            site: &self.site,
            identity: "",
            device: "",
            link: self.link,
            topic: &self.topic,
            payload: &self.payload,
        }
    }
}

/// Why a line is no frame. The text says what to put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineError {
    /// Not a JSON object of this form.
    NotAnObject(String),
    /// None of the payload keys, or more than one.
    NotOnePayload,
    /// The named key's bytes are not hexadecimal or base64.
    BadBytes(&'static str),
    /// `received_at` is no RFC 3339 time.
    BadTime(String),
    /// Longer than a frame may be; the named key.
    TooLong(&'static str),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineError::NotAnObject(why) => write!(f, "the line is not a JSON object with topic and payload: {why}"),
            LineError::NotOnePayload => f.write_str("give exactly one of payload, payload_hex, payload_base64 and hex"),
            LineError::BadBytes(key) => write!(f, "{key} does not hold bytes in that notation"),
            LineError::BadTime(text) => write!(f, "received_at: `{text}` is not an RFC 3339 time"),
            LineError::TooLong(key) => write!(f, "{key} is longer than a frame may be"),
        }
    }
}

impl std::error::Error for LineError {}

#[derive(Deserialize)]
struct Line<'a> {
    topic: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    payload_hex: Option<String>,
    payload_base64: Option<String>,
    hex: Option<String>,
    received_at: Option<String>,
}

/// Reads one line.
///
/// # Errors
/// When the line is not of the documented form.
pub fn parse(line: &str) -> Result<OwnedFrame, LineError> {
    let line: Line<'_> = serde_json::from_str(line).map_err(|error| LineError::NotAnObject(error.to_string()))?;
    let received_at = line.received_at.map(|text| text.parse().map_err(|_| LineError::BadTime(text))).transpose()?;
    let link = if line.hex.is_some() { Link::Gbt26875Tcp } else { Link::Mqtt { qos: 0, retain: false } };
    let payload = match (line.payload, line.payload_hex, line.payload_base64, line.hex) {
        (Some(raw), None, None, None) => json_bytes(raw),
        (None, Some(hex), None, None) => from_hex(&hex).ok_or(LineError::BadBytes("payload_hex"))?,
        (None, None, Some(text), None) => STANDARD.decode(text).map_err(|_| LineError::BadBytes("payload_base64"))?,
        (None, None, None, Some(hex)) => from_hex(&hex).ok_or(LineError::BadBytes("hex"))?,
        _ => return Err(LineError::NotOnePayload),
    };
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(LineError::TooLong("payload"));
    }
    let topic = line.topic.unwrap_or_default();
    if topic.len() > TOPIC_BYTES_MAX {
        return Err(LineError::TooLong("topic"));
    }
    let site = topic.strip_prefix("wf/v1/").and_then(|rest| rest.split('/').next()).unwrap_or(SITE).to_owned();
    Ok(OwnedFrame { site, link, topic, payload, received_at })
}

// A JSON string stands for its characters, anything else for its own text, byte for byte as it was written.
fn json_bytes(raw: &RawValue) -> Vec<u8> {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => text.into_bytes(),
        Err(_) => raw.get().as_bytes().to_vec(),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_payload() {
        let payload = |line: &str| String::from_utf8(parse(line).unwrap().payload).unwrap();
        assert_eq!(payload(r#"{"topic":"t","payload":{"b": 1,"a":2.50}}"#), r#"{"b": 1,"a":2.50}"#);
        assert_eq!(payload(r#"{"topic":"t","payload":"online"}"#), "online");
        assert_eq!(payload(r#"{"topic":"t","payload":true}"#), "true");
        assert_eq!(payload(r#"{"topic":"t","payload_hex":"6f 4E"}"#), "oN");
        assert_eq!(payload(r#"{"topic":"t","payload_base64":"b24=","why":"label"}"#), "on");
        let panel = parse(r#"{"hex":"4040","received_at":"2026-03-01T08:00:00Z"}"#).unwrap();
        assert_eq!((panel.link, panel.payload.len()), (Link::Gbt26875Tcp, 2));
        assert_eq!(panel.received_at.unwrap().to_string(), "2026-03-01T08:00:00Z");
        assert_eq!(parse(r#"{"topic":"wf/v1/house/k1/readings","payload":{}}"#).unwrap().site, "house");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |line: &str| parse(line).unwrap_err();
        assert!(matches!(error("nonsense"), LineError::NotAnObject(_)));
        assert!(matches!(error("[1]"), LineError::NotAnObject(_)));
        assert_eq!(error(r#"{"topic":"t"}"#), LineError::NotOnePayload);
        assert_eq!(error(r#"{"payload":1,"payload_hex":"00"}"#), LineError::NotOnePayload);
        assert_eq!(error(r#"{"payload_hex":"0"}"#), LineError::BadBytes("payload_hex"));
        assert_eq!(error(r#"{"payload_hex":"+1"}"#), LineError::BadBytes("payload_hex"));
        assert_eq!(error(r#"{"payload_base64":"*"}"#), LineError::BadBytes("payload_base64"));
        assert_eq!(error(r#"{"payload":1,"received_at":"noon"}"#), LineError::BadTime("noon".into()));
        let long = format!(r#"{{"topic":"{}","payload":1}}"#, "t".repeat(600));
        assert_eq!(error(&long), LineError::TooLong("topic"));
    }
}
