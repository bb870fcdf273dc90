//! A device by hand: frames built here, over a socket of its own.

use crate::station::PATIENCE;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watchfire_wire::gbt26875::{Address, Command, Envelope, OUR_VERSION, Piece, Reassembler, TimeLabel};

/// A frame of a device for the centre, whose address is 1.
pub(crate) fn frame(source: u64, serial: u16, command: u8, unit: &[u8]) -> Vec<u8> {
    let envelope = Envelope {
        serial,
        version: OUR_VERSION,
        sent: TimeLabel([1, 2, 3, 4, 5, 26]),
        source: Address::new(source).unwrap(),
        destination: Address::new(1).unwrap(),
        command: Command(command),
        unit,
    };
    envelope.write().unwrap()
}

/// A fire at component `point` of system 1.1.
pub(crate) fn fire(source: u64, serial: u16, point: u8) -> Vec<u8> {
    let mut unit = vec![2, 1, 1, 1, 42, 3, 0, point, 0, 2, 0];
    unit.extend_from_slice(&[0; 31]);
    unit.extend_from_slice(&[10, 30, 8, 15, 3, 26]);
    frame(source, serial, 2, &unit)
}

/// What the centre said: command, serial number, unit.
pub(crate) type Said = (u8, u16, Vec<u8>);

pub(crate) const CONFIRM: u8 = 3;
pub(crate) const DENY: u8 = 6;

pub(crate) struct Device {
    pub(crate) socket: TcpStream,
    stream: Reassembler,
}

impl Device {
    pub(crate) async fn connect(port: SocketAddr) -> Device {
        let socket = TcpStream::connect(port).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Device { socket, stream: Reassembler::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// The next frame of the centre; `None` when it has closed the connection.
    pub(crate) async fn heard(&mut self) -> Option<Said> {
        tokio::time::timeout(PATIENCE, self.next()).await.expect("the centre says something")
    }

    async fn next(&mut self) -> Option<Said> {
        loop {
            match self.stream.next() {
                Some(Piece::Frame { envelope, .. }) => {
                    assert_ne!(envelope.sent, TimeLabel::UNKNOWN, "the centre tells the time");
                    return Some((envelope.command.0, envelope.serial, envelope.unit.to_vec()));
                }
                Some(wrong) => panic!("the centre sent {wrong:02x?}"),
                None => {}
            }
            let mut bytes = [0; 512];
            let count = self.socket.read(&mut bytes).await.unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.stream.feed(&bytes[..count]);
        }
    }

    pub(crate) async fn is_confirmed(&mut self, serial: u16) {
        assert_eq!(self.heard().await, Some((CONFIRM, serial, vec![])));
    }

    /// The centre says nothing for a moment: as long as a heartbeat takes to be confirmed.
    pub(crate) async fn hears_nothing_before(&mut self, heartbeat: u16, source: u64) {
        self.send(&frame(source, heartbeat, 2, &[])).await;
        self.is_confirmed(heartbeat).await;
    }
}
