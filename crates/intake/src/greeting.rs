//! CONNECT and CONNACK: a pure reading of the first packet, and the words of the answer. rumqttd's codecs read and write
//! them; what they let through (reserved flag, password without user, empty client id, impossible values) is judged here.

use crate::close::Close;
use crate::limits::Limits;
use crate::packet::{Cursor, Version, kind};
use crate::topics;
use bytes::{Bytes, BytesMut};
use compact_str::CompactString;
use rumqttd::protocol::v4::V4;
use rumqttd::protocol::v5::V5;
use rumqttd::protocol::{
    ConnAck, ConnAckProperties, ConnectProperties, ConnectReturnCode, LastWill, LastWillProperties, Packet, Protocol,
    QoS,
};
use std::time::Duration;

/// The longest client id, in bytes.
pub(crate) const CLIENT_ID_BYTES_MAX: usize = 256;

/// A CONNECT that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) version: Version,
    /// Empty when the client leaves it to us.
    pub(crate) client_id: CompactString,
    pub(crate) clean: bool,
    /// Zero: the session ends with the connection.
    pub(crate) session_expiry: Duration,
    /// Zero: none.
    pub(crate) keep_alive: Duration,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) will: Option<Will>,
    /// How many QoS 1 deliveries the client takes at once.
    pub(crate) receive_max: u16,
    /// The largest packet that the client takes, in bytes.
    pub(crate) packet_bytes_max: usize,
}

/// What is published when the link dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) delay: Duration,
    /// v5 properties for subscribers, encoded.
    pub(crate) properties: Bytes,
    pub(crate) expiry_s: Option<u32>,
}

/// Why a CONNECT is refused, and how it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No CONNACK: the bytes are not MQTT.
    Silent(Close),
    /// CONNACK 0x01 of 3.1.1: another protocol level.
    Level,
    /// CONNACK with the code of 3.1.1 (0: the socket just closes) and of v5.
    Said(Version, u8, u8),
}

/// Reads a CONNECT, one whole packet.
pub(crate) fn read(packet: &[u8], limits: &Limits) -> Result<Hello, Refusal> {
    let version = version(packet)?;
    let malformed = Refusal::Said(version, 0, 0x81);
    let mut bytes = BytesMut::from(packet);
    let parsed = match version {
        Version::V4 => V4.read_mut(&mut bytes, limits.connect_bytes_max),
        Version::V5 => V5.read_mut(&mut bytes, limits.connect_bytes_max),
    };
    let Ok(Packet::Connect(connect, properties, will, will_properties, login)) = parsed else {
        return Err(malformed);
    };
    if connect.client_id.len() > CLIENT_ID_BYTES_MAX || connect.client_id.chars().any(char::is_control) {
        return Err(Refusal::Said(version, 2, 0x85));
    }
    if version == Version::V4 && connect.client_id.is_empty() && !connect.clean_session {
        return Err(Refusal::Said(version, 2, 0x85));
    }
    let extras = Extras::of(version, connect.clean_session, properties.as_ref(), limits)?;
    let login = login.map(|login| (login.username, login.password)).unwrap_or_default();
    Ok(Hello {
        version,
        client_id: connect.client_id.into(),
        clean: connect.clean_session,
        session_expiry: extras.session_expiry,
        keep_alive: Duration::from_secs(u64::from(connect.keep_alive)),
        user: login.0,
        password: login.1,
        will: will.map(|will| read_will(version, &will, will_properties.as_ref(), limits)).transpose()?,
        receive_max: extras.receive_max,
        packet_bytes_max: extras.packet_bytes_max,
    })
}

/// The protocol level, and the flags that the codec does not judge.
fn version(packet: &[u8]) -> Result<Version, Refusal> {
    let malformed = Refusal::Silent(Close::Malformed);
    let Ok(crate::packet::Front::Whole(whole)) = crate::packet::whole(packet, usize::MAX) else {
        return Err(malformed);
    };
    if whole.kind() != kind::CONNECT || whole.flags() != 0 {
        return Err(malformed);
    }
    let mut rest = Cursor(whole.body);
    let name = rest.text().map_err(|_| malformed)?;
    let level = rest.u8().map_err(|_| malformed)?;
    let version = match (name, level) {
        (b"MQTT", 4) => Version::V4,
        (b"MQTT", 5) => Version::V5,
        (b"MQTT" | b"MQIsdp", _) => return Err(Refusal::Level),
        _ => return Err(malformed),
    };
    let flags = rest.u8().map_err(|_| malformed)?;
    let password_alone = version == Version::V4 && flags & 0xC0 == 0x40;
    if flags & 1 != 0 || password_alone { Err(Refusal::Said(version, 0, 0x81)) } else { Ok(version) }
}

struct Extras {
    session_expiry: Duration,
    receive_max: u16,
    packet_bytes_max: usize,
}

impl Extras {
    fn of(
        version: Version,
        clean: bool,
        properties: Option<&ConnectProperties>,
        limits: &Limits,
    ) -> Result<Extras, Refusal> {
        let mut extras = Extras {
            session_expiry: if clean { Duration::ZERO } else { limits.session_expiry_max },
            receive_max: u16::MAX,
            packet_bytes_max: usize::MAX,
        };
        if version == Version::V4 {
            return Ok(extras);
        }
        let expiry_s = properties.and_then(|properties| properties.session_expiry_interval).unwrap_or(0);
        extras.session_expiry = Duration::from_secs(u64::from(expiry_s)).min(limits.session_expiry_max);
        let Some(properties) = properties else { return Ok(extras) };
        if properties.authentication_method.is_some() {
            return Err(Refusal::Said(version, 0, 0x8C));
        }
        if properties.receive_maximum == Some(0) || properties.max_packet_size == Some(0) {
            return Err(Refusal::Said(version, 0, 0x82));
        }
        extras.receive_max = properties.receive_maximum.unwrap_or(u16::MAX);
        if let Some(bytes) = properties.max_packet_size {
            extras.packet_bytes_max = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        Ok(extras)
    }
}

fn read_will(
    version: Version,
    will: &LastWill,
    properties: Option<&LastWillProperties>,
    limits: &Limits,
) -> Result<Will, Refusal> {
    if will.qos == QoS::ExactlyOnce {
        return Err(Refusal::Said(version, 0, 0x9B));
    }
    let topic = topics::topic_name(&will.topic).map_err(|_| Refusal::Said(version, 0, 0x90))?;
    let delay_s = properties.and_then(|properties| properties.delay_interval).unwrap_or(0);
    Ok(Will {
        topic: topic.to_owned(),
        // The codec's slice pins the whole CONNECT.
        payload: Bytes::copy_from_slice(&will.message),
        qos: if will.qos == QoS::AtLeastOnce { 1 } else { 0 },
        retain: will.retain,
        delay: Duration::from_secs(u64::from(delay_s)).min(limits.will_delay_max),
        properties: properties.map(encode_will_properties).unwrap_or_default(),
        expiry_s: properties.and_then(|properties| properties.message_expiry_interval),
    })
}

fn encode_will_properties(properties: &LastWillProperties) -> Bytes {
    let mut bytes = Vec::new();
    let mut field = |id: Option<u8>, text: &[u8]| {
        bytes.extend(id);
        bytes.extend_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(text);
    };
    if let Some(text) = &properties.content_type {
        field(Some(0x03), text.as_bytes());
    }
    if let Some(text) = &properties.response_topic {
        field(Some(0x08), text.as_bytes());
    }
    if let Some(data) = &properties.correlation_data {
        field(Some(0x09), data);
    }
    for (key, value) in &properties.user_properties {
        field(Some(0x26), key.as_bytes());
        field(None, value.as_bytes());
    }
    if let Some(format) = properties.payload_format_indicator {
        bytes.extend_from_slice(&[0x01, format]);
    }
    Bytes::from(bytes)
}

/// What the CONNACK of an accepted client says.
pub(crate) struct Welcome<'a> {
    pub(crate) session_present: bool,
    /// The client id that we chose.
    pub(crate) assigned: Option<&'a str>,
    /// The session expiry, when it is not what was asked for.
    pub(crate) session_expiry: Duration,
}

/// The CONNACK of an accepted client.
pub(crate) fn welcome(hello: &Hello, welcome: &Welcome<'_>, limits: &Limits) -> Vec<u8> {
    let ack = ConnAck { session_present: welcome.session_present, code: ConnectReturnCode::Success };
    let mut out = BytesMut::with_capacity(64);
    let written = match hello.version {
        Version::V4 => V4.write(Packet::ConnAck(ack, None), &mut out),
        Version::V5 => {
            let properties = ConnAckProperties {
                session_expiry_interval: u32::try_from(welcome.session_expiry.as_secs()).ok(),
                receive_max: Some(limits.unacked_max),
                max_qos: Some(1),
                max_packet_size: u32::try_from(limits.packet_bytes_max).ok(),
                topic_alias_max: Some(limits.topic_aliases_max),
                assigned_client_identifier: welcome.assigned.map(str::to_owned),
                ..ConnAckProperties::default()
            };
            V5.write(Packet::ConnAck(ack, Some(properties)), &mut out)
        }
    };
    debug_assert!(written.is_ok(), "a CONNACK always fits");
    out.to_vec()
}

/// The bytes that tell a refusal; empty when nothing is said.
pub(crate) fn refuse(refusal: Refusal) -> Vec<u8> {
    match refusal {
        Refusal::Silent(_) | Refusal::Said(Version::V4, 0, _) => Vec::new(),
        Refusal::Level => vec![0x20, 2, 0, 1],
        Refusal::Said(Version::V4, code, _) => vec![0x20, 2, 0, code],
        Refusal::Said(Version::V5, _, code) => vec![0x20, 3, 0, code, 0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn a_v5_connect_with_everything() {
        let packet = unhex(
            "10 3b 0004 4d515454 05 ee 003c 0e 1100000e10 21000a 2700001000 22 0002 \
             0001 63 05 1800000005 0004 772f742f 0002 6f6b 0004 612f6731 0002 7077",
        );
        let mut packet = packet;
        // Property length of the CONNECT: 5 + 3 + 5 + 3 bytes.
        packet[12] = 16;
        packet[1] = u8::try_from(packet.len() - 2).unwrap();
        let hello = read(&packet, &Limits::default()).unwrap();
        assert_eq!((hello.version, hello.user.as_str(), hello.password.as_str()), (Version::V5, "a/g1", "pw"));
        assert_eq!((hello.receive_max, hello.packet_bytes_max), (10, 4_096));
        assert_eq!(hello.session_expiry, Duration::from_secs(3_600));
        let will = hello.will.unwrap();
        assert_eq!((will.topic.as_str(), will.qos, will.retain, will.delay.as_secs()), ("w/t/", 1, true, 5));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), level in 3u8..7) {
            let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', level];
            body.extend_from_slice(&bytes);
            let mut packet = vec![0x10];
            let length = body.len();
            packet.extend(if length < 128 { vec![u8::try_from(length).unwrap()] } else {
                vec![u8::try_from(length & 127).unwrap() | 128, u8::try_from(length >> 7).unwrap()]
            });
            packet.extend_from_slice(&body);
            let _ = read(&packet, &Limits::default());
            let _ = read(&bytes, &Limits::default());
        }
    }
}
