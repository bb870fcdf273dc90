//! A message on its way from one client to others, and its form in rumqttd's router.
//!
//! The router stamps its own QoS on what it forwards, does not know who sent it, and takes an empty payload for
//! "forget what is retained" even without RETAIN. So the payload that it carries is ours:
//! ```text
//! payload | v5 properties as they came, without alias and expiry | their length (u32) | flags (u8) | sender (u64)
//! ```
//! Flags: bits 0 and 1 the QoS, bit 2 RETAIN as it was published.
//! Only a message that is to clear what is retained is handed over with an empty payload. Numbers are little-endian.
//! Expiry goes as the router's own property: it counts the time down.

use crate::packet::{self, property_id};
use crate::topics;
use bytes::Bytes;
use rumqttd::protocol::{Packet, Publish, PublishProperties};

const TRAILER_BYTES: usize = 13;

/// A message for subscribers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    /// v5 properties without alias, expiry and subscription identifiers.
    pub(crate) properties: Bytes,
    pub(crate) expiry_s: Option<u32>,
    pub(crate) qos: u8,
    /// RETAIN, as it was published.
    pub(crate) retain: bool,
    /// It comes from what the router retains, for a new subscription.
    pub(crate) stored: bool,
    /// The number of the link that sent it; 0 for our own.
    pub(crate) sender: u64,
}

impl Message {
    /// A compact copy of a PUBLISH: it must not pin a read buffer.
    pub(crate) fn of(topic: &str, publish: &packet::Publish<'_>, sender: u64) -> Message {
        Message {
            topic: topic.to_owned(),
            payload: Bytes::copy_from_slice(publish.payload),
            properties: forwarded(publish.properties.raw),
            expiry_s: publish.properties.expiry_s,
            qos: publish.qos,
            retain: publish.retain,
            stored: false,
            sender,
        }
    }

    /// The packet for the router.
    pub(crate) fn to_router(&self, site: &str) -> Packet {
        let topic = Bytes::from(topics::to_router(site, &self.topic).into_bytes());
        let publish = Publish::new(topic, self.router_payload(), self.retain);
        let properties = self.expiry_s.map(|expiry_s| PublishProperties {
            message_expiry_interval: Some(expiry_s),
            ..PublishProperties::default()
        });
        Packet::Publish(publish, properties)
    }

    fn router_payload(&self) -> Bytes {
        if self.retain && self.payload.is_empty() {
            return Bytes::new();
        }
        let length = u32::try_from(self.properties.len()).unwrap_or(0);
        let mut bytes = Vec::with_capacity(self.payload.len() + self.properties.len() + TRAILER_BYTES);
        bytes.extend_from_slice(&self.payload);
        bytes.extend_from_slice(&self.properties);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.push(self.qos | u8::from(self.retain) << 2);
        bytes.extend_from_slice(&self.sender.to_le_bytes());
        Bytes::from(bytes)
    }

    /// Reads what the router forwards; `None` for what is not ours.
    pub(crate) fn from_router(publish: &Publish, properties: Option<&PublishProperties>) -> Option<Message> {
        let topic = topics::from_router(&publish.topic)?;
        let expiry_s = properties.and_then(|properties| properties.message_expiry_interval);
        let all = &publish.payload;
        let mut message = Message {
            topic,
            payload: Bytes::new(),
            properties: Bytes::new(),
            expiry_s,
            qos: 1,
            retain: true,
            stored: publish.retain,
            sender: 0,
        };
        if all.is_empty() {
            return Some(message);
        }
        let (rest, sender) = all.split_last_chunk::<8>()?;
        let (flags, rest) = rest.split_last()?;
        let (rest, length) = rest.split_last_chunk::<4>()?;
        let payload_bytes = rest.len().checked_sub(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let (end, flags) = (rest.len(), *flags);
        message.sender = u64::from_le_bytes(*sender);
        message.qos = flags & 3;
        message.retain = flags & 4 != 0;
        message.payload = all.slice(..payload_bytes);
        message.properties = all.slice(payload_bytes..end);
        Some(message)
    }
}

/// The properties that go on to subscribers.
fn forwarded(raw: &[u8]) -> Bytes {
    if raw.is_empty() {
        return Bytes::new();
    }
    let kept = packet::properties(raw).filter_map(Result::ok).filter(|property| {
        !matches!(property.id, property_id::TOPIC_ALIAS | property_id::EXPIRY | property_id::SUBSCRIPTION)
    });
    let mut bytes = Vec::with_capacity(raw.len());
    kept.for_each(|property| bytes.extend_from_slice(property.raw));
    Bytes::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{PublishProperties as Read, Version};

    fn round(message: &Message) -> Message {
        let Packet::Publish(publish, properties) = message.to_router("care") else { panic!() };
        assert!(publish.topic.is_ascii());
        Message::from_router(&publish, properties.as_ref()).unwrap()
    }

    #[test]
    fn the_router_form_keeps_everything() {
        // Content Type "t", Topic Alias 3, expiry 9 s.
        let raw = [0x03, 0, 1, b't', 0x23, 0, 3, 0x02, 0, 0, 0, 9];
        let mut body = vec![0, 3, b'a', b'/', b'b', 0, 1, 12];
        body.extend_from_slice(&raw);
        body.extend_from_slice(b"hello");
        let publish = packet::publish(3, &body, Version::V5).unwrap();
        let message = Message::of("厨房/%", &publish, 77);
        assert_eq!(message.properties.as_ref(), &raw[..4]);
        assert_eq!(message.expiry_s, Some(9));
        // Straight back, without the router, the packet still has RETAIN.
        assert_eq!(round(&message), Message { stored: true, ..message });
    }

    #[test]
    fn empty_payloads_clear_only_with_retain() {
        let publish = packet::Publish {
            qos: 0,
            retain: true,
            topic: b"a",
            packet_id: 0,
            properties: Read::default(),
            payload: b"",
        };
        let clear = Message::of("a", &publish, 5);
        let Packet::Publish(sent, _) = clear.to_router("s") else { panic!() };
        assert!(sent.payload.is_empty() && sent.retain);
        let plain = Message { retain: false, ..clear };
        let Packet::Publish(sent, _) = plain.to_router("s") else { panic!() };
        assert!(!sent.payload.is_empty());
        assert_eq!(round(&plain), plain);
    }
}
