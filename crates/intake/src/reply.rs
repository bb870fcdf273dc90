//! Writing the packets that we send. CONNACK goes through rumqttd's codec (`greeting.rs`); these are a few bytes each,
//! or, for PUBLISH, need the QoS and packet id that the codec hides.

use crate::message::Message;
use crate::packet::Version;

/// The answer to a PINGREQ.
pub(crate) const PINGRESP: [u8; 2] = [0xD0, 0];

/// PUBACK; a reason other than 0 exists in v5 only.
pub(crate) fn puback(out: &mut Vec<u8>, version: Version, packet_id: u16, reason: u8) {
    let [high, low] = packet_id.to_be_bytes();
    match (version, reason) {
        (Version::V5, 1..) => out.extend_from_slice(&[0x40, 3, high, low, reason]),
        _ => out.extend_from_slice(&[0x40, 2, high, low]),
    }
}

/// SUBACK (0x90) or UNSUBACK (0xB0) with one reason per filter.
pub(crate) fn ack_filters(out: &mut Vec<u8>, first: u8, version: Version, packet_id: u16, reasons: &[u8]) {
    let properties: &[u8] = if version == Version::V5 { &[0] } else { &[] };
    // The UNSUBACK of 3.1.1 has no payload.
    let reasons = if version == Version::V4 && first == 0xB0 { &[] } else { reasons };
    out.push(first);
    length(out, 2 + properties.len() + reasons.len());
    out.extend_from_slice(&packet_id.to_be_bytes());
    out.extend_from_slice(properties);
    out.extend_from_slice(reasons);
}

/// DISCONNECT of v5 with a reason.
pub(crate) fn disconnect(out: &mut Vec<u8>, reason: u8) {
    out.extend_from_slice(&[0xE0, 2, reason, 0]);
}

/// How one message is delivered to one subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// 0 for QoS 0.
    pub(crate) packet_id: u16,
    pub(crate) retain: bool,
    pub(crate) dup: bool,
    /// v5: the subscriber's own number for the subscription.
    pub(crate) subscription: Option<u32>,
}

/// PUBLISH to a subscriber. Gives the packet's length; nothing is written if that is over `bytes_max`.
pub(crate) fn publish(
    out: &mut Vec<u8>,
    version: Version,
    message: &Message,
    how: Delivered,
    bytes_max: usize,
) -> Option<usize> {
    let mut own = Vec::new();
    if version == Version::V5 {
        if let Some(expiry_s) = message.expiry_s {
            own.push(0x02);
            own.extend_from_slice(&expiry_s.to_be_bytes());
        }
        if let Some(number) = how.subscription {
            own.push(0x0B);
            length(&mut own, usize::try_from(number).unwrap_or(0));
        }
    }
    let properties = own.len() + message.properties.len();
    let block = if version == Version::V5 { length_bytes(properties) + properties } else { 0 };
    let id = if how.packet_id == 0 { 0 } else { 2 };
    let body = 2 + message.topic.len() + id + block + message.payload.len();
    let total = 1 + length_bytes(body) + body;
    if total > bytes_max {
        return None;
    }
    out.reserve(total);
    out.push(0x30 | u8::from(how.retain) | u8::from(id != 0) << 1 | u8::from(how.dup) << 3);
    length(out, body);
    out.extend_from_slice(&u16::try_from(message.topic.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(message.topic.as_bytes());
    if id != 0 {
        out.extend_from_slice(&how.packet_id.to_be_bytes());
    }
    if version == Version::V5 {
        length(out, properties);
        out.extend_from_slice(&own);
        out.extend_from_slice(&message.properties);
    }
    out.extend_from_slice(&message.payload);
    Some(total)
}

fn length_bytes(value: usize) -> usize {
    match value {
        0..128 => 1,
        128..16_384 => 2,
        16_384..2_097_152 => 3,
        _ => 4,
    }
}

/// A number of 1 to 4 bytes of 7 bits.
fn length(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7F).unwrap_or(0);
        value >>= 7;
        out.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn hex(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        out.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn packets() {
        assert_eq!(hex(|out| puback(out, Version::V4, 258, 0)), "40020102");
        assert_eq!(hex(|out| puback(out, Version::V5, 258, 0x87)), "4003010287");
        assert_eq!(hex(|out| ack_filters(out, 0x90, Version::V4, 1, &[1, 0x80])), "900400010180");
        assert_eq!(hex(|out| ack_filters(out, 0x90, Version::V5, 1, &[1, 0x87])), "90050001000187");
        assert_eq!(hex(|out| ack_filters(out, 0xB0, Version::V4, 1, &[0])), "b0020001");
        assert_eq!(hex(|out| disconnect(out, 0x8E)), "e0028e00");
    }

    #[test]
    fn publishes() {
        let message = Message {
            topic: "a/b".into(),
            payload: Bytes::from_static(b"hi"),
            properties: Bytes::from_static(&[3, 0, 1, b't']),
            expiry_s: Some(9),
            qos: 1,
            retain: false,
            stored: false,
            sender: 0,
        };
        let how = Delivered { packet_id: 7, retain: true, dup: false, subscription: Some(200) };
        let v4 = hex(|out| assert_eq!(publish(out, Version::V4, &message, how, 1_000), Some(11)));
        assert_eq!(v4, "33090003612f6200076869");
        let v5 = hex(|out| assert!(publish(out, Version::V5, &message, how, 1_000).is_some()));
        assert_eq!(v5, "33160003612f6200070c02000000090bc80103000174".to_owned() + "6869");
        assert_eq!(hex(|out| assert_eq!(publish(out, Version::V5, &message, how, 20), None)), "");
    }
}
