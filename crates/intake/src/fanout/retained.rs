//! Retained messages and wills as a fold over the journal: what a start hands to the MQTT side.
//!
//! # Snapshot, version 2
//! ```text
//! byte 0     version = 2
//! bytes 1..9 length of the messages (u64, little-endian, as all numbers)
//! then, per message, in order of site and topic:
//!            site length (u16), topic length (u16), payload length (u32); site; topic; payload
//! then, per will, in order of client:
//!            record length (u32); the journal record of its `Input::Will`, stamped 0
//! ```
//! Version 1 was byte 0 and the messages; it is still read.
//!
//! Limits: [`MESSAGES_MAX`] messages and [`BYTES_MAX`] bytes; what is over them is not kept, and counted. Expiry of v5
//! messages is not in the journal, so a restart brings back what had expired: it is the device's last word all the same.

use crate::fanout::kept_wills::KeptWills;
use std::collections::BTreeMap;
use watchfire_model::encoding::decode_entry;
use watchfire_model::{EncodedInput, Frame, Input, Link, Seq, Timestamp, Will, WillOver};

/// Retained messages of all sites.
const MESSAGES_MAX: usize = 20_000;
/// Bytes of their sites, topics and payloads.
const BYTES_MAX: usize = 32 * 1024 * 1024;
const VERSION: u8 = 2;
const VERSION_BEFORE: u8 = 1;

/// The last retained message of every topic, and the wills that are not over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    messages: BTreeMap<(String, String), Vec<u8>>,
    bytes: usize,
    refused: u64,
    wills: KeptWills,
}

/// The bytes are not a snapshot of this version: rebuild from the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot of retained messages is malformed or of another version: rebuild it from the journal")]
pub struct NotASnapshot;

impl Retained {
    /// Takes in one journaled frame.
    pub fn apply(&mut self, frame: &Frame<'_>) {
        if matches!(frame.link, Link::Mqtt { retain: true, .. } | Link::MqttWill { retain: true }) {
            self.set(frame.site, frame.topic, frame.payload);
        }
    }

    /// A client left a will.
    pub fn will(&mut self, will: &Will<'_>) {
        self.wills.left(will);
    }

    /// A will is over.
    pub fn will_over(&mut self, over: &WillOver<'_>) {
        self.wills.over(over);
    }

    /// The wills that are not over.
    pub(crate) fn wills(&self) -> &KeptWills {
        &self.wills
    }

    fn set(&mut self, site: &str, topic: &str, payload: &[u8]) {
        let key = (site.to_owned(), topic.to_owned());
        let names = site.len() + topic.len();
        if let Some(before) = self.messages.remove(&key) {
            self.bytes -= names + before.len();
        }
        if payload.is_empty() {
            return;
        }
        if self.messages.len() >= MESSAGES_MAX || self.bytes + names + payload.len() > BYTES_MAX {
            self.refused += 1;
            return;
        }
        self.bytes += names + payload.len();
        self.messages.insert(key, payload.to_vec());
    }

    /// Site, topic and payload of every message.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &[u8])> {
        self.messages.iter().map(|((site, topic), payload)| (site.as_str(), topic.as_str(), payload.as_slice()))
    }

    /// How many messages and wills were not kept because of the limits.
    pub fn refused(&self) -> u64 {
        self.refused + self.wills.refused()
    }

    /// The snapshot's bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let messages_len = self.bytes + self.messages.len() * 8;
        let mut out = Vec::with_capacity(9 + messages_len);
        out.push(VERSION);
        out.extend_from_slice(&u64::try_from(messages_len).unwrap_or(0).to_le_bytes());
        for (site, topic, payload) in self.iter() {
            // Sites and topics are at most 512 bytes, payloads 256 KiB: see the limits of `model::frame`.
            out.extend_from_slice(&u16::try_from(site.len()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(&u16::try_from(topic.len()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(site.as_bytes());
            out.extend_from_slice(topic.as_bytes());
            out.extend_from_slice(payload);
        }
        for (key, kept) in self.wills.iter() {
            let mut record = EncodedInput::new(&Input::Will(kept.record(key)));
            // A CONNECT has at most 32 KiB by default, and never more than MQTT's 256 MiB.
            out.extend_from_slice(&u32::try_from(record.record_bytes()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(record.stamp(Timestamp::EPOCH));
        }
        out
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// When it is malformed or of another version.
    pub fn restore(snapshot: &[u8]) -> Result<Retained, NotASnapshot> {
        let (version, rest) = snapshot.split_first().ok_or(NotASnapshot)?;
        let mut retained = Retained::default();
        match *version {
            VERSION_BEFORE => retained.read_messages(rest)?,
            VERSION => {
                let (length, rest) = rest.split_first_chunk::<8>().ok_or(NotASnapshot)?;
                let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| NotASnapshot)?;
                let (messages, wills) = rest.split_at_checked(length).ok_or(NotASnapshot)?;
                retained.read_messages(messages)?;
                retained.read_wills(wills)?;
            }
            _ => return Err(NotASnapshot),
        }
        Ok(retained)
    }

    fn read_messages(&mut self, mut rest: &[u8]) -> Result<(), NotASnapshot> {
        while !rest.is_empty() {
            let (site_len, tail) = rest.split_first_chunk::<2>().ok_or(NotASnapshot)?;
            let (topic_len, tail) = tail.split_first_chunk::<2>().ok_or(NotASnapshot)?;
            let (payload_len, tail) = tail.split_first_chunk::<4>().ok_or(NotASnapshot)?;
            let payload_len = usize::try_from(u32::from_le_bytes(*payload_len)).map_err(|_| NotASnapshot)?;
            let (site, tail) = split_text(tail, usize::from(u16::from_le_bytes(*site_len)))?;
            let (topic, tail) = split_text(tail, usize::from(u16::from_le_bytes(*topic_len)))?;
            let (payload, tail) = tail.split_at_checked(payload_len).ok_or(NotASnapshot)?;
            self.set(site, topic, payload);
            rest = tail;
        }
        Ok(())
    }

    fn read_wills(&mut self, mut rest: &[u8]) -> Result<(), NotASnapshot> {
        while !rest.is_empty() {
            let (length, tail) = rest.split_first_chunk::<4>().ok_or(NotASnapshot)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| NotASnapshot)?;
            let (record, tail) = tail.split_at_checked(length).ok_or(NotASnapshot)?;
            match decode_entry(Seq(0), record).map(|entry| entry.input) {
                Ok(Input::Will(will)) => self.will(&will),
                _ => return Err(NotASnapshot),
            }
            rest = tail;
        }
        Ok(())
    }
}

fn split_text(bytes: &[u8], length: usize) -> Result<(&str, &[u8]), NotASnapshot> {
    let (text, rest) = bytes.split_at_checked(length).ok_or(NotASnapshot)?;
    Ok((std::str::from_utf8(text).map_err(|_| NotASnapshot)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fanout::kept_wills::tests::{over, will};
    use proptest::prelude::*;

    fn frame<'a>(topic: &'a str, payload: &'a [u8], retain: bool) -> Frame<'a> {
        Frame { site: "care", identity: "gw", device: "", link: Link::Mqtt { qos: 0, retain }, topic, payload }
    }

    #[test]
    fn the_last_one_stands_and_an_empty_one_clears() {
        let mut retained = Retained::default();
        retained.apply(&frame("a", b"1", true));
        retained.apply(&frame("a", b"2", true));
        retained.apply(&frame("b", b"3", false));
        retained.apply(&frame("c", b"4", true));
        retained.apply(&Frame { link: Link::MqttWill { retain: true }, ..frame("d", b"off", true) });
        retained.apply(&frame("c", b"", true));
        retained.apply(&frame("a", b"", false));
        let all: Vec<_> = retained.iter().collect();
        assert_eq!(all, [("care", "a", b"2".as_slice()), ("care", "d", b"off".as_slice())]);
        assert_eq!(Retained::restore(&retained.snapshot()), Ok(retained));
    }

    #[test]
    fn a_snapshot_holds_wills_too_and_one_of_the_version_before_is_read() {
        let mut retained = Retained::default();
        retained.apply(&frame("a", b"1", true));
        let before = [&[VERSION_BEFORE], &retained.snapshot()[9..]].concat();
        assert_eq!(Retained::restore(&before).as_ref(), Ok(&retained));
        retained.will(&will("c1", 5, b"offline"));
        retained.will(&will("c2", 6, b"offline"));
        retained.will_over(&over("c1", 5));
        let read = Retained::restore(&retained.snapshot());
        assert_eq!(read.as_ref().map(|read| read.wills().iter().count()), Ok(1));
        assert_eq!(read, Ok(retained));
    }

    #[test]
    fn it_is_bounded() {
        let mut retained = Retained::default();
        let payload = vec![0; 256 * 1024];
        for n in 0..130 {
            retained.apply(&frame(&n.to_string(), &payload, true));
        }
        assert_eq!((retained.iter().count(), retained.refused()), (127, 3));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Retained::restore(&bytes);
        }
    }
}
