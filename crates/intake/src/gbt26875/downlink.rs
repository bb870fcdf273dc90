//! The way down: commands for transmission devices, and who is connected.
//!
//! The gateway sends what it is given, once. When to repeat, what answers it and what an answer means is the schedule's:
//! CONFIRM, RESPONSE and DENY of a device are journaled as the frames that they are.

use compact_str::CompactString;
use std::net::SocketAddr;
use watchfire_model::{DeviceKey, Timestamp};
use watchfire_wire::gbt26875::Command;

/// A frame for a transmission device, without what only its connection knows: version, addresses, time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downlink {
    /// For whom.
    pub to: DeviceKey,
    /// Our serial number: a new one for each exchange, the same for a repetition.
    pub serial: u16,
    /// [`Command::CONTROL`] or [`Command::REQUEST`].
    pub command: Command,
    /// The application unit, at most 512 bytes.
    pub unit: Vec<u8>,
}

/// A command was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The device has no connection: again when it has.
    #[error("the transmission device is not connected")]
    NotConnected,
    /// Too many commands wait for it: again later.
    #[error("too many commands wait for the transmission device")]
    Busy,
    /// No device takes a unit of that length: never again.
    #[error("the application unit is longer than 512 bytes")]
    TooLong,
}

/// A connection of a transmission device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelConnection {
    /// The device.
    pub key: DeviceKey,
    /// Whether it is in the allow-list.
    pub listed: bool,
    /// The listener's name.
    pub listener: CompactString,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Since when it is there.
    pub since: Timestamp,
}
