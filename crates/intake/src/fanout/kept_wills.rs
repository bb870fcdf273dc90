//! The wills of all clients as a fold over what is journaled of them: what a start finds of clients that were connected,
//! or whose will waited for its delay, when the station before it ended.
//!
//! Limits: [`WILLS_MAX`] wills and [`BYTES_MAX`] bytes; what is over them is not kept, and counted: such a will is
//! published when its link dies, but not after a kill.

use crate::clients::ClientKey;
use crate::greeting;
use bytes::Bytes;
use compact_str::{CompactString, format_compact};
use std::collections::BTreeMap;
use std::time::Duration;
use watchfire_model::{Will, WillOver};

/// As many as there are connections by default.
const WILLS_MAX: usize = 20_000;
/// Bytes of their names, topics, payloads and properties.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The wills that are neither published nor taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeptWills {
    wills: BTreeMap<ClientKey, KeptWill>,
    bytes: usize,
    refused: u64,
}

/// A will, and what it takes to judge whether its client stays away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptWill {
    /// The number of the link that left it.
    pub(crate) number: u64,
    /// Zero: none.
    pub(crate) keep_alive: Duration,
    pub(crate) will: greeting::Will,
}

impl KeptWills {
    /// A client left a will.
    pub(crate) fn left(&mut self, will: &Will<'_>) {
        let key = key(will.site, will.identity, will.client);
        let kept = KeptWill {
            number: will.number,
            keep_alive: Duration::from_secs(u64::from(will.keep_alive_s)),
            will: greeting::Will {
                topic: will.topic.to_owned(),
                payload: Bytes::copy_from_slice(will.payload),
                qos: will.qos,
                retain: will.retain,
                delay: Duration::from_secs(u64::from(will.delay_s)),
                properties: Bytes::copy_from_slice(will.properties),
                expiry_s: will.expiry_s,
            },
        };
        self.remove(&key);
        let bytes = size(&key, &kept);
        if self.wills.len() >= WILLS_MAX || self.bytes + bytes > BYTES_MAX {
            self.refused += 1;
            return;
        }
        self.bytes += bytes;
        self.wills.insert(key, kept);
    }

    /// A will is over; a later one of the same client stays.
    pub(crate) fn over(&mut self, over: &WillOver<'_>) {
        let key = key(over.site, over.identity, over.client);
        if self.wills.get(&key).is_some_and(|kept| kept.number == over.number) {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &ClientKey) {
        if let Some(kept) = self.wills.remove(key) {
            self.bytes -= size(key, &kept);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ClientKey, &KeptWill)> {
        self.wills.iter()
    }

    /// How many were not kept because of the limits.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }
}

impl KeptWill {
    /// As it is journaled.
    pub(crate) fn record<'a>(&'a self, key: &'a ClientKey) -> Will<'a> {
        let (site, identity) = names(&key.user);
        Will {
            site,
            identity,
            client: &key.client_id,
            number: self.number,
            topic: &self.will.topic,
            payload: &self.will.payload,
            qos: self.will.qos,
            retain: self.will.retain,
            delay_s: u32::try_from(self.will.delay.as_secs()).unwrap_or(u32::MAX),
            keep_alive_s: u16::try_from(self.keep_alive.as_secs()).unwrap_or(u16::MAX),
            expiry_s: self.will.expiry_s,
            properties: &self.will.properties,
        }
    }
}

/// That the will of a client's link is over, as it is journaled.
pub(crate) fn over(key: &ClientKey, number: u64) -> WillOver<'_> {
    let (site, identity) = names(&key.user);
    WillOver { site, identity, client: &key.client_id, number }
}

fn key(site: &str, identity: &str, client: &str) -> ClientKey {
    ClientKey { user: format_compact!("{site}/{identity}"), client_id: CompactString::from(client) }
}

/// Site and identity of a user name.
fn names(user: &str) -> (&str, &str) {
    user.split_once('/').unwrap_or((user, ""))
}

fn size(key: &ClientKey, kept: &KeptWill) -> usize {
    let will = &kept.will;
    key.user.len() + key.client_id.len() + will.topic.len() + will.payload.len() + will.properties.len()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn will<'a>(client: &'a str, number: u64, payload: &'a [u8]) -> Will<'a> {
        Will {
            site: "care",
            identity: "gw",
            client,
            number,
            topic: "wf/v1/care/s1/status",
            payload,
            qos: 1,
            retain: false,
            delay_s: 7,
            keep_alive_s: 60,
            expiry_s: Some(9),
            properties: b"\x03\0\x01t",
        }
    }

    pub(crate) fn over<'a>(client: &'a str, number: u64) -> WillOver<'a> {
        WillOver { site: "care", identity: "gw", client, number }
    }

    fn all(kept: &KeptWills) -> Vec<(&str, u64)> {
        kept.iter().map(|(key, kept)| (key.client_id.as_str(), kept.number)).collect()
    }

    #[test]
    fn the_last_will_of_a_client_stands_until_it_is_over() {
        let mut kept = KeptWills::default();
        kept.left(&will("a", 1, b"off"));
        kept.left(&will("b", 2, b"off"));
        kept.left(&will("a", 3, b"away"));
        kept.over(&over("a", 1));
        assert_eq!(all(&kept), [("a", 3), ("b", 2)], "an end that comes late is not the end of a later will");
        kept.over(&over("b", 2));
        assert_eq!(all(&kept), [("a", 3)]);
        let (key, one) = kept.iter().next().unwrap();
        assert_eq!(one.record(key), will("a", 3, b"away"));
        kept.over(&over("a", 3));
        assert_eq!(kept, KeptWills::default(), "nothing is left, no byte either");
    }

    #[test]
    fn they_are_bounded() {
        let mut kept = KeptWills::default();
        let payload = vec![0; 1024 * 1024];
        for n in 0..20 {
            kept.left(&will(&n.to_string(), n, &payload));
        }
        assert_eq!((kept.iter().count(), kept.refused()), (15, 5));
    }
}
