//! A transmission device of fire panels with a socket of its own. Its bytes are put together here, by the tables of
//! GB/T 26875.3 and not by the program's codec: a fault in that one would show.

use super::wait::PATIENCE;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Commands (GB/T 26875.3, table of the control unit).
pub(crate) const CONTROL: u8 = 1;
pub(crate) const SEND: u8 = 2;
pub(crate) const CONFIRM: u8 = 3;

/// See the head of this file.
pub(crate) struct Panel {
    socket: TcpStream,
    read: Vec<u8>,
    address: u64,
    serial: u16,
}

/// What the centre said: command, serial number, application unit.
pub(crate) type Heard = (u8, u16, Vec<u8>);

impl Panel {
    /// Dials.
    pub(crate) fn connect(station: SocketAddr, address: u64) -> Panel {
        let socket = TcpStream::connect(station).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Panel { socket, read: Vec::new(), address, serial: 0 }
    }

    /// A frame with its next number.
    pub(crate) fn next_frame(&mut self, unit: &[u8]) -> Vec<u8> {
        self.serial = self.serial.wrapping_add(1);
        frame(self.address, self.serial, SEND, unit)
    }

    /// Sends bytes and waits for the next frame of the centre; an error when the connection is gone.
    pub(crate) fn exchange(&mut self, frame: &[u8]) -> io::Result<Heard> {
        self.socket.write_all(frame)?;
        self.hear()
    }

    /// Reports; it is confirmed.
    pub(crate) fn report(&mut self, unit: &[u8]) {
        let frame = self.next_frame(unit);
        let serial = self.serial;
        assert_eq!(self.exchange(&frame).unwrap(), (CONFIRM, serial, Vec::new()));
    }

    /// Answers what the centre asked under that number.
    pub(crate) fn answer(&mut self, serial: u16, command: u8, unit: &[u8]) {
        let frame = frame(self.address, serial, command, unit);
        self.socket.write_all(&frame).unwrap();
    }

    /// The next frame of the centre.
    pub(crate) fn hear(&mut self) -> io::Result<Heard> {
        let mut buffer = [0; 1_024];
        loop {
            if self.read.len() >= 30 {
                let length = usize::from(u16::from_le_bytes([self.read[24], self.read[25]]));
                if self.read.len() >= 30 + length {
                    let frame: Vec<u8> = self.read.drain(..30 + length).collect();
                    assert_eq!((&frame[..2], &frame[28 + length..]), (&b"@@"[..], &b"##"[..]), "{frame:02x?}");
                    assert_eq!(frame[27 + length], sum(&frame[2..27 + length]), "{frame:02x?}");
                    let serial = u16::from_le_bytes([frame[2], frame[3]]);
                    return Ok((frame[26], serial, frame[27..27 + length].to_vec()));
                }
            }
            match self.socket.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.read.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

/// A whole frame: two start bytes, control unit, application unit, sum, two end bytes.
pub(crate) fn frame(address: u64, serial: u16, command: u8, unit: &[u8]) -> Vec<u8> {
    let mut bytes = b"@@".to_vec();
    bytes.extend_from_slice(&serial.to_le_bytes());
    bytes.extend_from_slice(&[1, 1]);
    bytes.extend_from_slice(&TIME);
    bytes.extend_from_slice(&address.to_le_bytes()[..6]);
    bytes.extend_from_slice(&1_u64.to_le_bytes()[..6]);
    bytes.extend_from_slice(&u16::try_from(unit.len()).unwrap().to_le_bytes());
    bytes.push(command);
    bytes.extend_from_slice(unit);
    bytes.push(sum(&bytes[2..]));
    bytes.extend_from_slice(b"##");
    bytes
}

/// 2026-03-15 08:30:20.
const TIME: [u8; 6] = [20, 30, 8, 15, 3, 26];

/// A photo-electric smoke detector of system 1.1 is in fire (type 2); bit 0, "normal", is not set, as with most makers.
pub(crate) fn fire(zone: u16, position: u16) -> Vec<u8> {
    let mut unit = vec![2, 1, 1, 1, 42];
    unit.extend_from_slice(&zone.to_le_bytes());
    unit.extend_from_slice(&position.to_le_bytes());
    unit.extend_from_slice(&[0b10, 0]);
    unit.extend_from_slice(&[0; 31]);
    unit.extend_from_slice(&TIME);
    unit
}

/// The guard's answer to a duty check (type 24, bit 5).
pub(crate) fn guard_is_here(operator: u8) -> Vec<u8> {
    let mut unit = vec![24, 1, 1 << 5, operator];
    unit.extend_from_slice(&TIME);
    unit
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}
