//! A device with a socket of its own: says what it is told to say, also what no client library would.

use super::wait::PATIENCE;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use watchfire_simulator::packets;

/// See the head of this file.
pub(crate) struct Device {
    socket: TcpStream,
    read: Vec<u8>,
    last_id: u16,
}

/// A packet from the station: its first byte and its body.
pub(crate) type Packet = (u8, Vec<u8>);

impl Device {
    /// A socket on which nothing has been said.
    pub(crate) fn silent(station: SocketAddr) -> Device {
        let socket = TcpStream::connect(station).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Device { socket, read: Vec::new(), last_id: 0 }
    }

    /// Logs in with MQTT 3.1.1, which must be granted.
    pub(crate) fn connect(station: SocketAddr, client_id: &str, user: &str, password: &str) -> Device {
        let mut device = Device::silent(station);
        device.say(&packets::connect(client_id, user, password, 60));
        assert_eq!(device.hear(), Some((0x20, vec![0, 0])), "CONNACK");
        device
    }

    /// Waits for an answer so long at the most; what does not come is an error of [`Device::try_publish`].
    pub(crate) fn patience(&self, limit: Duration) {
        self.socket.set_read_timeout(Some(limit)).unwrap();
    }

    /// Sends bytes. The far side may have closed already; what it said before is still to be heard.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// The next packet; `None`: the socket is closed.
    pub(crate) fn hear(&mut self) -> Option<Packet> {
        self.try_hear().unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => panic!("nothing came, and the socket is open"),
            _ => None,
        })
    }

    /// As [`Device::hear`]; a socket that says nothing or is gone is an error.
    pub(crate) fn try_hear(&mut self) -> io::Result<Option<Packet>> {
        loop {
            if let Some((_, length)) = packets::take(&self.read) {
                let packet: Vec<u8> = self.read.drain(..length).collect();
                // Nothing that the station says to these tests is longer than 127 bytes.
                return Ok(Some((packet[0], packet[2..].to_vec())));
            }
            let mut bytes = [0; 4096];
            match self.socket.read(&mut bytes)? {
                0 => return Ok(None),
                count => self.read.extend_from_slice(&bytes[..count]),
            }
        }
    }

    /// Publishes with QoS 1 and does not wait.
    pub(crate) fn publish_unheard(&mut self, topic: &str, payload: &[u8]) -> io::Result<u16> {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let mut bytes = Vec::new();
        packets::publish(&mut bytes, topic, Some(self.last_id), payload);
        self.socket.write_all(&bytes)?;
        Ok(self.last_id)
    }

    /// Publishes with QoS 1; done when it is acknowledged.
    pub(crate) fn try_publish(&mut self, topic: &str, payload: &[u8]) -> io::Result<()> {
        let id = self.publish_unheard(topic, payload)?;
        match self.try_hear()? {
            Some((0x40, body)) if body[..2] == id.to_be_bytes() => Ok(()),
            Some(other) => Err(io::Error::other(format!("{other:?} instead of the acknowledgement of {id}"))),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// As [`Device::try_publish`], which must work.
    pub(crate) fn publish(&mut self, topic: &str, payload: &str) {
        self.try_publish(topic, payload.as_bytes()).unwrap();
    }

    /// Publishes with QoS 0.
    pub(crate) fn publish_carelessly(&mut self, topic: &str, payload: &[u8]) {
        let mut bytes = Vec::new();
        packets::publish(&mut bytes, topic, None, payload);
        self.say(&bytes);
    }

    /// A reading of a device of site `home` in our own scheme.
    pub(crate) fn reading(&mut self, device: &str, key: &str, metric: &str, value: &str) {
        let payload = format!(r#"{{"id":"{key}","readings":[{{"metric":"{metric}","value":{value}}}]}}"#);
        self.publish(&format!("wf/v1/home/{device}/readings"), &payload);
    }

    /// Smoke, or none any more.
    pub(crate) fn smoke(&mut self, device: &str, key: &str, smoke: bool) {
        self.reading(device, key, "smoke_alarm", if smoke { "true" } else { "false" });
    }
}
