//! The centre's side of an exchange: answers to what a device sent, and frames that begin an exchange of ours.
//!
//! An answer repeats the serial number and the version, swaps the addresses and carries the centre's clock: some
//! devices set theirs by any frame of the centre. When to answer (after the frame is durable) is the gateway's.

use super::command::Command;
use super::envelope::{Address, Envelope, FrameFault, SENT_UNIT_BYTES_MAX, Version};
use super::time_label::{Digits, TimeLabel};
use super::unit::Unit;
use watchfire_model::Timestamp;

/// The version that we send when we begin an exchange.
pub const OUR_VERSION: Version = Version { major: 1, user: 1 };

/// Who speaks to whom, and when, in an exchange that we begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Our counter for this connection: one more for each exchange, the same for a repetition.
    pub serial: u16,
    /// The version that the device speaks, or [`OUR_VERSION`].
    pub version: Version,
    /// The sender's clock.
    pub now: Timestamp,
    /// How the device writes times.
    pub digits: Digits,
    /// The sender.
    pub from: Address,
    /// The receiver.
    pub to: Address,
}

/// 确认: the frame was taken and is durable.
pub fn confirm(heard: &Envelope<'_>, now: Timestamp, digits: Digits) -> Vec<u8> {
    answer(heard, now, digits, Command::CONFIRM)
}

/// 否认: the frame was not taken; the device sends it again.
pub fn deny(heard: &Envelope<'_>, now: Timestamp, digits: Digits) -> Vec<u8> {
    answer(heard, now, digits, Command::DENY)
}

/// 控制命令: set the clock, initialise, check the duty.
///
/// # Errors
/// When the unit is longer than what every device takes.
pub fn control(opening: &Opening, unit: &Unit<'_>) -> Result<Vec<u8>, FrameFault> {
    open(opening, Command::CONTROL, unit)
}

/// 请求: read a state, a value, a version, a clock.
///
/// # Errors
/// As [`control`].
pub fn request(opening: &Opening, unit: &Unit<'_>) -> Result<Vec<u8>, FrameFault> {
    open(opening, Command::REQUEST, unit)
}

/// 发送数据, as a device sends it: for simulated devices.
///
/// # Errors
/// As [`control`].
pub fn send(opening: &Opening, unit: &Unit<'_>) -> Result<Vec<u8>, FrameFault> {
    open(opening, Command::SEND, unit)
}

/// 应答, as a device answers a request: for simulated devices.
///
/// # Errors
/// As [`control`].
pub fn respond(heard: &Envelope<'_>, now: Timestamp, digits: Digits, unit: &Unit<'_>) -> Result<Vec<u8>, FrameFault> {
    let opening = Opening {
        serial: heard.serial,
        version: heard.version,
        now,
        digits,
        from: heard.destination,
        to: heard.source,
    };
    open(&opening, Command::RESPONSE, unit)
}

fn answer(heard: &Envelope<'_>, now: Timestamp, digits: Digits, command: Command) -> Vec<u8> {
    let answer = Envelope {
        serial: heard.serial,
        version: heard.version,
        sent: TimeLabel::of(now, digits),
        source: heard.destination,
        destination: heard.source,
        command,
        unit: &[],
    };
    answer.write().expect("an empty unit is not too long")
}

fn open(opening: &Opening, command: Command, unit: &Unit<'_>) -> Result<Vec<u8>, FrameFault> {
    let unit = unit.write();
    if unit.len() > SENT_UNIT_BYTES_MAX {
        return Err(FrameFault::TooLong { bytes: super::envelope::FRAME_BYTES_MIN + unit.len() });
    }
    let frame = Envelope {
        serial: opening.serial,
        version: opening.version,
        sent: TimeLabel::of(opening.now, opening.digits),
        source: opening.from,
        destination: opening.to,
        command,
        unit: &unit,
    };
    frame.write()
}
