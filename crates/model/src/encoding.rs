//! Encodings that stay on disk.
//!
//! # Journal record, version 1
//! ```text
//! byte 0      version = 1
//! bytes 1..9  `at`, microseconds since the epoch, signed, little-endian
//! bytes 9..   the input, postcard (varint integers, length-prefixed text, enum variants by number)
//! ```
//! The record's position is its `Seq`; it is not written twice. Variants and fields are never changed, only added
//! at the end of an enum; a field that must be added makes a new variant. The tests below pin the bytes.
//!
//! # Alert log record, version 1
//! ```text
//! byte 0      version = 1
//! bytes 1..   postcard of (Seq of the input, JournalId of the input journal, transitions)
//! ```

use crate::{Entry, Input, JournalId, Seq, Timestamp, Transition};
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;
const STAMP_BYTES: usize = 9;

/// A record could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer build.
    #[error("record version {0} is not known: it was written by a newer build; start that one")]
    UnknownVersion(u8),
    /// The bytes are not a record of this version.
    #[error("the record is malformed: {0}")]
    Malformed(String),
}

/// An input that is encoded but not yet stamped: what a link hands to the journal. The space for the stamp is
/// already there, so that stamping copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedInput(Vec<u8>);

impl EncodedInput {
    /// Encodes an input.
    pub fn new(input: &Input<'_>) -> EncodedInput {
        let mut bytes = Vec::with_capacity(STAMP_BYTES + room(input));
        bytes.push(VERSION);
        bytes.extend_from_slice(&[0; STAMP_BYTES - 1]);
        // Serialising our own types into memory has no way to fail: no map without length, no foreign error.
        let bytes = postcard::to_extend(input, bytes).expect("our own types always encode");
        EncodedInput(bytes)
    }

    /// The journal record of this input at that time.
    pub fn stamp(&mut self, at: Timestamp) -> &[u8] {
        if let Some(stamp) = self.0.get_mut(1..STAMP_BYTES) {
            stamp.copy_from_slice(&at.0.to_le_bytes());
        }
        &self.0
    }

    /// The record's length in bytes.
    pub fn record_bytes(&self) -> usize {
        self.0.len()
    }
}

/// About how many bytes an input takes: enough for a frame, so that it is written without growing.
fn room(input: &Input<'_>) -> usize {
    const OTHERS: usize = 64;
    match input {
        Input::Frame(frame) => OTHERS + frame.topic.len() + frame.payload.len() + frame.site.len(),
        Input::Will(will) => OTHERS + will.topic.len() + will.payload.len() + will.site.len() + will.properties.len(),
        _ => OTHERS,
    }
}

/// Reads a journal record. The entry borrows from the record.
///
/// # Errors
/// When the record is of another version or malformed.
pub fn decode_entry(seq: Seq, record: &[u8]) -> Result<Entry<'_>, DecodeError> {
    let (version, rest) = record.split_first().ok_or_else(|| DecodeError::Malformed("empty".into()))?;
    if *version != VERSION {
        return Err(DecodeError::UnknownVersion(*version));
    }
    let (at, body) = rest.split_first_chunk::<8>().ok_or_else(|| DecodeError::Malformed("no stamp".into()))?;
    let input = postcard::from_bytes(body).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    Ok(Entry { seq, at: Timestamp(i64::from_le_bytes(*at)), input })
}

/// Whether a record is an [`Input::Skip`], without reading the rest of it.
pub fn is_skip(record: &[u8]) -> bool {
    const SKIP: u8 = 6;
    record.get(STAMP_BYTES) == Some(&SKIP)
}

/// Whether a record is an [`Input::Restored`], without reading the rest of it.
pub fn is_restored(record: &[u8]) -> bool {
    const RESTORED: u8 = 11;
    record.get(STAMP_BYTES) == Some(&RESTORED)
}

/// Whether a record is an [`Input::Setup`], without reading the rest of it.
pub fn is_set_up(record: &[u8]) -> bool {
    const SET_UP: u8 = 3;
    record.get(STAMP_BYTES) == Some(&SET_UP)
}

/// One record of the alert log: what one input changed. What is too much for a record is several, one after another,
/// of the same input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// The input.
    pub seq: Seq,
    /// The journal it is in.
    pub journal: JournalId,
    /// What it changed, in order; never empty.
    pub transitions: Vec<Transition>,
}

impl AlertRecord {
    /// The record's bytes.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("our own types always encode")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When the record is of another version or malformed.
    pub fn decode(record: &[u8]) -> Result<AlertRecord, DecodeError> {
        let (version, body) = record.split_first().ok_or_else(|| DecodeError::Malformed("empty".into()))?;
        if *version != VERSION {
            return Err(DecodeError::UnknownVersion(*version));
        }
        postcard::from_bytes(body).map_err(|error| DecodeError::Malformed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Act, ActKind, Frame, Link, Restored, Setup, Will, WillOver};

    #[test]
    fn a_stamped_frame_reads_back_without_a_copy() {
        let frame = Frame {
            site: "care",
            identity: "gw1",
            device: "",
            link: Link::Mqtt { qos: 1, retain: false },
            topic: "zigbee2mqtt/kitchen",
            payload: br#"{"smoke":true}"#,
        };
        let mut input = EncodedInput::new(&Input::Frame(frame));
        let record = input.stamp(Timestamp::from_seconds(5)).to_vec();
        let entry = decode_entry(Seq(7), &record).unwrap();
        assert_eq!(entry, Entry { seq: Seq(7), at: Timestamp::from_seconds(5), input: Input::Frame(frame) });
    }

    #[test]
    fn a_will_is_on_disk_as_it_always_was() {
        let will = Will {
            site: "care",
            identity: "gw1",
            client: "c",
            number: 300,
            topic: "t",
            payload: b"off",
            qos: 1,
            retain: true,
            delay_s: 5,
            keep_alive_s: 60,
            expiry_s: None,
            properties: b"",
        };
        let over = WillOver { site: "care", identity: "gw1", client: "c", number: 300 };
        let record = |input: Input<'_>| EncodedInput::new(&input).stamp(Timestamp(0)).to_vec();
        let (left, ended) = (record(Input::Will(will)), record(Input::WillOver(over)));
        assert_eq!(left[STAMP_BYTES..], *b"\x09\x04care\x03gw1\x01c\xac\x02\x01t\x03off\x01\x01\x05\x3c\x00\x00");
        assert_eq!(ended[STAMP_BYTES..], *b"\x0a\x04care\x03gw1\x01c\xac\x02");
        assert_eq!(decode_entry(Seq(1), &left).unwrap().input, Input::Will(will));
        assert_eq!(decode_entry(Seq(1), &ended).unwrap().input, Input::WillOver(over));
    }

    #[test]
    fn an_act_is_on_disk_as_it_always_was() {
        let act = Act {
            by: Some("li".into()),
            address: Some([10, 0, 0, 9].into()),
            times: 300,
            ..Act::new(ActKind::LogInRefused)
        };
        let record = EncodedInput::new(&Input::Act(act.clone())).stamp(Timestamp(0)).to_vec();
        assert_eq!(record[STAMP_BYTES..], *b"\x0c\x01\x01\x02li\x01\x00\x0a\x00\x00\x09\x00\x00\xac\x02");
        assert_eq!(decode_entry(Seq(1), &record).unwrap().input, Input::Act(act));
    }

    #[test]
    fn skips_and_set_ups_are_seen_at_a_glance() {
        let record = |input: Input<'_>| EncodedInput::new(&input).stamp(Timestamp(0)).to_vec();
        assert!(is_skip(&record(Input::Skip(Seq(9)))));
        assert!(is_set_up(&record(Input::Setup(Setup { sha256: [0; 32] }))));
        let restored = Restored { before: JournalId([1; 16]), journal: JournalId([2; 16]) };
        assert!(is_restored(&record(Input::Restored(restored))));
        assert!(!is_restored(&record(Input::Tick)));
        assert!(!is_set_up(&record(Input::Skip(Seq(9)))));
        assert!(!is_skip(&record(Input::Tick)));
        assert!(!is_skip(&[]));
    }

    #[test]
    fn other_versions_and_rubbish_are_refused() {
        assert_eq!(decode_entry(Seq(1), &[2, 0]), Err(DecodeError::UnknownVersion(2)));
        assert!(matches!(decode_entry(Seq(1), &[1, 0]), Err(DecodeError::Malformed(_))));
        assert!(matches!(decode_entry(Seq(1), &[]), Err(DecodeError::Malformed(_))));
    }
}
