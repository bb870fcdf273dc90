//! One device that publishes one message at a time, and one that listens: for latencies.

use crate::support::Fault;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use watchfire_simulator::packets::{self, Received};

/// A connection.
pub(crate) struct Device {
    socket: TcpStream,
    input: Vec<u8>,
    next_id: u16,
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

impl Device {
    /// Connects and logs in.
    pub(crate) fn connect(address: SocketAddr, client: &str, user: &str, password: &str) -> Result<Device, Fault> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(&packets::connect(client, user, password, 600))?;
        let mut device = Device { socket, input: Vec::new(), next_id: 1 };
        match device.receive()? {
            Received::Connected(0) => Ok(device),
            other => Err(format!("the broker did not take the connection: {other:?}").into()),
        }
    }

    /// Publishes with QoS 1 and says when the first byte went out.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<Instant, Fault> {
        let mut packet = Vec::with_capacity(256);
        packets::publish(&mut packet, topic, Some(self.next_id), payload);
        self.next_id = if self.next_id == u16::MAX { 1 } else { self.next_id + 1 };
        let begun = Instant::now();
        self.socket.write_all(&packet)?;
        Ok(begun)
    }

    /// Waits for the acknowledgement of what was published last.
    pub(crate) fn acknowledged(&mut self) -> Result<(), Fault> {
        loop {
            if let Received::Acknowledged(_) = self.receive()? {
                return Ok(());
            }
        }
    }

    /// Subscribes to one filter with QoS 1 and waits for the answer.
    pub(crate) fn subscribe(&mut self, filter: &str) -> Result<(), Fault> {
        const SUBACK: u8 = 9;
        let mut body = vec![0, 1];
        body.extend(u16::try_from(filter.len())?.to_be_bytes());
        body.extend_from_slice(filter.as_bytes());
        body.push(1);
        let mut packet = vec![0x82, u8::try_from(body.len())?];
        packet.extend_from_slice(&body);
        self.socket.write_all(&packet)?;
        match self.receive()? {
            Received::Other(SUBACK) => Ok(()),
            other => Err(format!("the broker did not take the subscription: {other:?}").into()),
        }
    }

    /// Waits for a delivery, acknowledges it with the id that it must have, and says when it came.
    pub(crate) fn delivered(&mut self, id: u16) -> Result<Instant, Fault> {
        const PUBLISH: u8 = 3;
        loop {
            if let Received::Other(PUBLISH) = self.receive()? {
                let at = Instant::now();
                let [high, low] = id.to_be_bytes();
                self.socket.write_all(&[0x40, 2, high, low])?;
                return Ok(at);
            }
        }
    }

    fn receive(&mut self) -> Result<Received, Fault> {
        loop {
            if let Some((received, length)) = packets::take(&self.input) {
                self.input.drain(..length);
                return Ok(received);
            }
            let mut buffer = [0; 4_096];
            let read = self.socket.read(&mut buffer)?;
            if read == 0 {
                return Err("the broker closed the connection".into());
            }
            self.input.extend(buffer.iter().take(read));
        }
    }
}
