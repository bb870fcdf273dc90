//! The MQTT 3.1.1 packets of a device that only publishes, as bytes (OASIS MQTT 3.1.1 §2, §3).

/// CONNECT with a clean session.
pub fn connect(client_id: &str, user: &str, password: &str, keep_alive_s: u16) -> Vec<u8> {
    const CLEAN_SESSION: u8 = 0x02;
    const PASSWORD: u8 = 0x40;
    const USER_NAME: u8 = 0x80;
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4];
    let flags = if user.is_empty() { CLEAN_SESSION } else { CLEAN_SESSION | PASSWORD | USER_NAME };
    body.push(flags);
    body.extend_from_slice(&keep_alive_s.to_be_bytes());
    push_text(&mut body, client_id);
    if !user.is_empty() {
        push_text(&mut body, user);
        push_text(&mut body, password);
    }
    packet(0x10, &body)
}

/// PUBLISH with QoS 0 (no packet id) or QoS 1, appended to `out`.
pub fn publish(out: &mut Vec<u8>, topic: &str, packet_id: Option<u16>, payload: &[u8]) {
    out.push(if packet_id.is_some() { 0x32 } else { 0x30 });
    let id_bytes = if packet_id.is_some() { 2 } else { 0 };
    push_length(out, 2 + topic.len() + id_bytes + payload.len());
    push_text(out, topic);
    if let Some(id) = packet_id {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(payload);
}

/// PINGREQ.
pub const PINGREQ: [u8; 2] = [0xC0, 0];
/// DISCONNECT.
pub const DISCONNECT: [u8; 2] = [0xE0, 0];

/// What a broker sends to a device that only publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// CONNACK with its return code; 0 is accepted.
    Connected(u8),
    /// PUBACK of that packet id.
    Acknowledged(u16),
    /// PINGRESP.
    Pong,
    /// Anything else.
    Other(u8),
}

/// Takes the first whole packet off `bytes`: what it is, and its length. `None`: more bytes are needed.
pub fn take(bytes: &[u8]) -> Option<(Received, usize)> {
    let (kind, rest) = bytes.split_first()?;
    let mut length = 0usize;
    let mut header = 1;
    for (index, byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * index);
        header += 1;
        if byte & 0x80 == 0 {
            let body = bytes.get(header..header + length)?;
            return Some((received(*kind, body), header + length));
        }
    }
    None
}

fn received(kind: u8, body: &[u8]) -> Received {
    match (kind >> 4, body) {
        (2, [_, code, ..]) => Received::Connected(*code),
        (4, [high, low, ..]) => Received::Acknowledged(u16::from_be_bytes([*high, *low])),
        (13, _) => Received::Pong,
        (other, _) => Received::Other(other),
    }
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    push_length(&mut out, body.len());
    out.extend_from_slice(body);
    out
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("texts of the simulator are short");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn push_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length & 0x7F).expect("seven bits fit");
        length >>= 7;
        out.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_the_standards_bytes() {
        assert_eq!(connect("a", "", "", 60), [0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 1, b'a']);
        let mut out = Vec::new();
        publish(&mut out, "t", Some(7), b"xy");
        assert_eq!(out, [0x32, 7, 0, 1, b't', 0, 7, b'x', b'y']);
        out.clear();
        publish(&mut out, "t", None, &[0; 200]);
        assert_eq!(out[..3], [0x30, 0xCB, 0x01]);
    }

    #[test]
    fn answers_are_taken_whole() {
        assert_eq!(take(&[0x20, 2, 0, 5]), Some((Received::Connected(5), 4)));
        assert_eq!(take(&[0x40, 2, 1, 2, 9]), Some((Received::Acknowledged(258), 4)));
        assert_eq!(take(&[0x40, 2, 1]), None);
        assert_eq!(take(&[0xD0, 0]), Some((Received::Pong, 2)));
    }
}
