//! A transmission device of fire panels that sends one frame at a time.

use crate::support::Fault;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use watchfire_wire::gbt26875::{
    Address, Command, Component, Envelope, Kind, OUR_VERSION, Object, System, TimeLabel, Unit,
};

/// How long a confirmation is waited for: longer than a device of the standard does before it repeats.
const PATIENCE: Duration = Duration::from_secs(20);
/// The length of a frame without an application unit: a confirmation.
const CONFIRMATION_BYTES: usize = 30;
const PHOTO_ELECTRIC: u8 = 42;
const FIRE: u16 = 0b10;

/// A connection.
pub(crate) struct Panel {
    socket: TcpStream,
    address: u64,
    serial: u16,
}

impl Panel {
    /// Dials.
    pub(crate) fn connect(station: SocketAddr, address: u64) -> Result<Panel, Fault> {
        let socket = TcpStream::connect(station)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Panel { socket, address, serial: 0 })
    }

    /// Reports fire at a detector, and says when the first byte went out.
    pub(crate) fn burns(&mut self, zone: u16, position: u16) -> Result<Instant, Fault> {
        self.serial = self.serial.wrapping_add(1);
        let frame = fire(self.address, self.serial, zone, position)?;
        let begun = Instant::now();
        self.socket.write_all(&frame)?;
        Ok(begun)
    }

    /// Waits for the confirmation of the last frame.
    pub(crate) fn confirmed(&mut self) -> Result<Instant, Fault> {
        let mut bytes = [0; CONFIRMATION_BYTES];
        self.socket.read_exact(&mut bytes)?;
        let at = Instant::now();
        let envelope = Envelope::read(&bytes).map_err(|fault| format!("the answer is no frame: {fault:?}"))?;
        if (envelope.command, envelope.serial) == (Command::CONFIRM, self.serial) {
            return Ok(at);
        }
        Err(format!("device {} was answered {:?}", self.address, envelope.command).into())
    }
}

fn fire(address: u64, serial: u16, zone: u16, position: u16) -> Result<Vec<u8>, Fault> {
    let [zone_low, zone_high] = zone.to_le_bytes();
    let [low, high] = position.to_le_bytes();
    let system = System { kind: 1, address: 1 };
    let component = Component { system, kind: PHOTO_ELECTRIC, address: [zone_low, zone_high, low, high] };
    let object = Object::ComponentState { component, state: FIRE, text: Some(&[0; 31]), at: TimeLabel::UNKNOWN };
    let unit = Unit::of(Kind::ComponentState, vec![object]).write();
    let envelope = Envelope {
        serial,
        version: OUR_VERSION,
        sent: TimeLabel::UNKNOWN,
        source: Address::new(address).ok_or("an address has 48 bits")?,
        destination: Address::new(1).ok_or("an address has 48 bits")?,
        command: Command::SEND,
        unit: &unit,
    };
    envelope.write().map_err(|fault| format!("the frame cannot be written: {fault:?}").into())
}

/// The name of the detector's point in alerts.
pub(crate) fn point(zone: u16, position: u16) -> String {
    format!("1.1/{zone}-{position}")
}

/// Device, zone and position of a fire as it stands in the journal.
pub(crate) fn burning(frame: &[u8]) -> Option<(u64, u16, u16)> {
    let envelope = Envelope::read(frame).ok()?;
    let [2, 1, _, _, _, zone_low, zone_high, low, high, ..] = *envelope.unit else { return None };
    let zone = u16::from_le_bytes([zone_low, zone_high]);
    Some((envelope.source.get(), zone, u16::from_le_bytes([low, high])))
}
