//! Reading MQTT packets from raw bytes.
//!
//! PUBLISH and PUBACK are read here, straight from the link's buffer: they are the hot path, and rumqttd's codec
//! hides QoS and packet id of a PUBLISH and would copy its payload. CONNECT, SUBSCRIBE and UNSUBSCRIBE go through
//! rumqttd's codec (`greeting.rs`, `link/asking.rs`), each cut to one whole packet by [`whole`] first.
//!
//! ```text
//! byte 0      type (4 bits) and flags (4 bits)
//! bytes 1..   remaining length, 1 to 4 bytes of 7 bits, least significant first
//! PUBLISH     topic (u16 length + UTF-8), packet id (u16, QoS 1 only), v5: properties, then the payload
//! ```
//! Total: any bytes give a value or a [`Close`] reason, never a panic.

use crate::close::Close;

/// A protocol version that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MQTT 3.1.1.
    V4,
    /// MQTT 5.
    V5,
}

/// Packet types, as in the high half of the first byte.
pub(crate) mod kind {
    pub(crate) const CONNECT: u8 = 1;
    pub(crate) const PUBLISH: u8 = 3;
    pub(crate) const PUBACK: u8 = 4;
    pub(crate) const SUBSCRIBE: u8 = 8;
    pub(crate) const UNSUBSCRIBE: u8 = 10;
    pub(crate) const PINGREQ: u8 = 12;
    pub(crate) const DISCONNECT: u8 = 14;
}

/// One whole packet at the front of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<'a> {
    /// Type and flags.
    pub(crate) first: u8,
    /// What follows the fixed header.
    pub(crate) body: &'a [u8],
    /// Its length in the buffer, fixed header included.
    pub(crate) bytes: usize,
}

impl Whole<'_> {
    pub(crate) fn kind(&self) -> u8 {
        self.first >> 4
    }

    pub(crate) fn flags(&self) -> u8 {
        self.first & 0x0F
    }
}

/// What stands at the front of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front<'a> {
    /// A whole packet.
    Whole(Whole<'a>),
    /// Not yet; the packet takes at least that many bytes in all.
    Partial(usize),
}

/// Looks at the front of a buffer. A packet of more than `bytes_max` is refused as soon as its length is known.
pub(crate) fn whole(buffer: &[u8], bytes_max: usize) -> Result<Front<'_>, Close> {
    let Some((first, rest)) = buffer.split_first() else { return Ok(Front::Partial(2)) };
    let (length, length_bytes) = match var_int(rest) {
        VarInt::Value(value, bytes) => (value, bytes),
        VarInt::Partial => return Ok(Front::Partial(buffer.len() + 1)),
        VarInt::TooLong => return Err(Close::Malformed),
    };
    let total = 1 + length_bytes + length;
    if total > bytes_max {
        return Err(Close::TooLarge);
    }
    match buffer.get(1 + length_bytes..total) {
        Some(body) => Ok(Front::Whole(Whole { first: *first, body, bytes: total })),
        None => Ok(Front::Partial(total)),
    }
}

enum VarInt {
    Value(usize, usize),
    Partial,
    TooLong,
}

fn var_int(bytes: &[u8]) -> VarInt {
    let mut value = 0usize;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return VarInt::Value(value, index + 1);
        }
    }
    if bytes.len() < 4 { VarInt::Partial } else { VarInt::TooLong }
}

/// A PUBLISH, borrowed from the buffer. The topic is not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Publish<'a> {
    /// 0 or 1.
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) topic: &'a [u8],
    /// 0 for QoS 0.
    pub(crate) packet_id: u16,
    /// v5: the properties, checked; empty in 3.1.1.
    pub(crate) properties: PublishProperties<'a>,
    pub(crate) payload: &'a [u8],
}

/// What we must know of the properties of a v5 PUBLISH; the rest travels on as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PublishProperties<'a> {
    /// All of them, encoded.
    pub(crate) raw: &'a [u8],
    /// Topic Alias.
    pub(crate) alias: Option<u16>,
    /// Message Expiry Interval, seconds.
    pub(crate) expiry_s: Option<u32>,
}

/// Reads a PUBLISH.
pub(crate) fn publish(flags: u8, body: &[u8], version: Version) -> Result<Publish<'_>, Close> {
    let qos = (flags >> 1) & 3;
    match qos {
        0 if flags & 8 != 0 => return Err(Close::Malformed),
        0 | 1 => {}
        2 => return Err(Close::QosTwo),
        _ => return Err(Close::Malformed),
    }
    let mut rest = Cursor(body);
    let topic = rest.text()?;
    let packet_id = if qos == 1 { rest.u16()? } else { 0 };
    if qos == 1 && packet_id == 0 {
        return Err(Close::Protocol);
    }
    let properties = match version {
        Version::V4 => PublishProperties::default(),
        Version::V5 => publish_properties(rest.block()?)?,
    };
    Ok(Publish { qos, retain: flags & 1 != 0, topic, packet_id, properties, payload: rest.0 })
}

fn publish_properties(raw: &[u8]) -> Result<PublishProperties<'_>, Close> {
    let mut found = PublishProperties { raw, ..PublishProperties::default() };
    let mut seen = 0u64;
    for property in properties(raw) {
        let property = property?;
        let bit = 1u64 << (property.id & 63);
        if property.id != property_id::USER && seen & bit != 0 {
            return Err(Close::Protocol);
        }
        seen |= bit;
        match property.id {
            property_id::TOPIC_ALIAS => found.alias = Some(property.number_u16()),
            property_id::EXPIRY => found.expiry_s = Some(property.number),
            property_id::PAYLOAD_FORMAT | property_id::CONTENT_TYPE | property_id::RESPONSE_TOPIC => {}
            property_id::CORRELATION | property_id::USER => {}
            _ => return Err(Close::Protocol),
        }
    }
    Ok(found)
}

/// The property identifiers that a PUBLISH may carry.
pub(crate) mod property_id {
    pub(crate) const PAYLOAD_FORMAT: u8 = 0x01;
    pub(crate) const EXPIRY: u8 = 0x02;
    pub(crate) const CONTENT_TYPE: u8 = 0x03;
    pub(crate) const RESPONSE_TOPIC: u8 = 0x08;
    pub(crate) const CORRELATION: u8 = 0x09;
    pub(crate) const SUBSCRIPTION: u8 = 0x0B;
    pub(crate) const TOPIC_ALIAS: u8 = 0x23;
    pub(crate) const USER: u8 = 0x26;
}

/// One property: its identifier, its number if it is one, and its bytes with the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Property<'a> {
    pub(crate) id: u8,
    pub(crate) number: u32,
    pub(crate) raw: &'a [u8],
}

impl Property<'_> {
    fn number_u16(&self) -> u16 {
        u16::try_from(self.number).unwrap_or(0)
    }
}

/// The properties of a block, one after the other; an error ends it.
pub(crate) fn properties(raw: &[u8]) -> impl Iterator<Item = Result<Property<'_>, Close>> {
    let mut rest = Cursor(raw);
    std::iter::from_fn(move || {
        if rest.0.is_empty() {
            return None;
        }
        let read = property(&mut rest);
        if read.is_err() {
            rest.0 = &[];
        }
        Some(read)
    })
}

fn property<'a>(rest: &mut Cursor<'a>) -> Result<Property<'a>, Close> {
    let before = rest.0;
    let id = rest.u8()?;
    let number = match id {
        property_id::PAYLOAD_FORMAT => u32::from(rest.u8()?),
        property_id::EXPIRY => rest.u32()?,
        property_id::TOPIC_ALIAS => u32::from(rest.u16()?),
        property_id::CONTENT_TYPE | property_id::RESPONSE_TOPIC => utf8(rest.text()?)?,
        property_id::CORRELATION => rest.text().map(|_| 0)?,
        property_id::USER => {
            utf8(rest.text()?)?;
            utf8(rest.text()?)?
        }
        _ => return Err(Close::Malformed),
    };
    let used = before.len().saturating_sub(rest.0.len());
    Ok(Property { id, number, raw: before.get(..used).unwrap_or(&[]) })
}

fn utf8(bytes: &[u8]) -> Result<u32, Close> {
    std::str::from_utf8(bytes).map(|_| 0).map_err(|_| Close::Malformed)
}

/// Reads the packet id of a PUBACK (its reason and properties say nothing that we act on).
pub(crate) fn puback(flags: u8, body: &[u8], version: Version) -> Result<u16, Close> {
    let lengths = if version == Version::V4 { 2..=2 } else { 2..=usize::MAX };
    if flags != 0 || !lengths.contains(&body.len()) {
        return Err(Close::Malformed);
    }
    Cursor(body).u16()
}

/// Reads a DISCONNECT: an ordinary one, or one that asks for the will.
pub(crate) fn disconnect(flags: u8, body: &[u8], version: Version) -> Result<Goodbye, Close> {
    match (flags, version, body) {
        (0, _, []) => Ok(Goodbye { with_will: false, expiry_s: None }),
        (0, Version::V5, [reason]) => Ok(Goodbye { with_will: *reason == 4, expiry_s: None }),
        (0, Version::V5, [reason, rest @ ..]) => {
            let expiry_s = session_expiry(Cursor(rest).block()?)?;
            Ok(Goodbye { with_will: *reason == 4, expiry_s })
        }
        _ => Err(Close::Malformed),
    }
}

/// What a DISCONNECT says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Goodbye {
    /// Reason 0x04: publish the will all the same.
    pub(crate) with_will: bool,
    /// A new Session Expiry Interval, seconds.
    pub(crate) expiry_s: Option<u32>,
}

fn session_expiry(raw: &[u8]) -> Result<Option<u32>, Close> {
    let mut rest = Cursor(raw);
    let mut expiry_s = None;
    while !rest.0.is_empty() {
        match rest.u8()? {
            0x11 => expiry_s = Some(rest.u32()?),
            0x1F | 0x1C => utf8(rest.text()?).map(|_| ())?,
            property_id::USER => {
                utf8(rest.text()?)?;
                utf8(rest.text()?)?;
            }
            _ => return Err(Close::Malformed),
        }
    }
    Ok(expiry_s)
}

/// Reads forward; anything missing is malformed.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Close> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Close::Malformed)?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Close> {
        let (head, tail) = self.0.split_first().ok_or(Close::Malformed)?;
        self.0 = tail;
        Ok(*head)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Close> {
        let (head, tail) = self.0.split_first_chunk::<2>().ok_or(Close::Malformed)?;
        self.0 = tail;
        Ok(u16::from_be_bytes(*head))
    }

    fn u32(&mut self) -> Result<u32, Close> {
        let (head, tail) = self.0.split_first_chunk::<4>().ok_or(Close::Malformed)?;
        self.0 = tail;
        Ok(u32::from_be_bytes(*head))
    }

    /// A u16 length and that many bytes.
    pub(crate) fn text(&mut self) -> Result<&'a [u8], Close> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A variable-length length and that many bytes: a property block.
    fn block(&mut self) -> Result<&'a [u8], Close> {
        let VarInt::Value(length, bytes) = var_int(self.0) else { return Err(Close::Malformed) };
        self.take(bytes)?;
        self.take(length)
    }
}

/// Reads every packet of `bytes` as a link would, and gives how many there were. For fuzzing.
#[doc(hidden)]
pub fn read_all(mut bytes: &[u8], version: Version) -> usize {
    let mut count = 0;
    while let Ok(Front::Whole(packet)) = whole(bytes, 300_000) {
        let read = match packet.kind() {
            kind::PUBLISH => publish(packet.flags(), packet.body, version).map(|_| ()),
            kind::PUBACK => puback(packet.flags(), packet.body, version).map(|_| ()),
            kind::DISCONNECT => disconnect(packet.flags(), packet.body, version).map(|_| ()),
            _ => Ok(()),
        };
        if read.is_err() {
            break;
        }
        count += 1;
        bytes = bytes.get(packet.bytes..).unwrap_or(&[]);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_publish_is_read_in_place() {
        let bytes = [0x33, 0x0A, 0, 3, b'a', b'/', b'b', 0, 7, 0, b'h', b'i', 0xC0, 0];
        let Ok(Front::Whole(packet)) = whole(&bytes, 100) else { panic!() };
        assert_eq!((packet.bytes, packet.kind()), (12, kind::PUBLISH));
        let read = publish(packet.flags(), packet.body, Version::V5).unwrap();
        let expected = Publish {
            qos: 1,
            retain: true,
            topic: b"a/b",
            packet_id: 7,
            properties: PublishProperties::default(),
            payload: b"hi",
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn lengths_are_checked_before_the_bytes_are_there() {
        assert_eq!(whole(&[0x30, 0xFF, 0xFF, 0x03], 1_000), Err(Close::TooLarge));
        assert_eq!(whole(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF], 1_000), Err(Close::Malformed));
        assert_eq!(whole(&[0x30, 0xFF], 1_000), Ok(Front::Partial(3)));
        assert_eq!(whole(&[0x30, 5, 0], 1_000), Ok(Front::Partial(7)));
    }

    #[test]
    fn properties_are_checked() {
        let with = |properties: &[u8]| {
            let mut body = vec![0, 1, b'a', u8::try_from(properties.len()).unwrap()];
            body.extend_from_slice(properties);
            publish(0, &body, Version::V5).map(|read| (read.properties.alias, read.properties.expiry_s))
        };
        assert_eq!(with(&[0x23, 0, 5, 0x02, 0, 0, 0, 9]), Ok((Some(5), Some(9))));
        assert_eq!(with(&[0x23, 0, 5, 0x23, 0, 5]), Err(Close::Protocol));
        assert_eq!(with(&[0x0B, 1]), Err(Close::Malformed));
        assert_eq!(with(&[0x03, 0, 1, 0xFF]), Err(Close::Malformed));
        assert_eq!(with(&[0x26, 0, 1, b'k', 0, 9, b'v']), Err(Close::Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read_all(&bytes, Version::V4);
            read_all(&bytes, Version::V5);
            let _ = publish(bytes.first().copied().unwrap_or(0) & 15, &bytes, Version::V5);
            let _ = disconnect(0, &bytes, Version::V5);
        }

        #[test]
        fn what_is_cut_off_is_partial(payload in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..210) {
            let mut bytes = vec![0x30, 0, 0, 1, b't'];
            bytes.extend_from_slice(&payload);
            let length = bytes.len() - 2;
            let mut packet = vec![0x30];
            if length < 128 { packet.push(u8::try_from(length).unwrap()) } else {
                packet.push(u8::try_from(length & 127).unwrap() | 128);
                packet.push(u8::try_from(length >> 7).unwrap());
            }
            packet.extend_from_slice(&bytes[2..]);
            let read = whole(&packet, 1_000).unwrap();
            prop_assert!(matches!(read, Front::Whole(found) if found.bytes == packet.len()));
            if cut < packet.len() {
                prop_assert!(matches!(whole(&packet[..cut], 1_000), Ok(Front::Partial(needed)) if needed > cut));
            }
        }
    }
}
