//! The frame around an application unit. All numbers are little-endian.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 2 | start `40 40` |
//! | 2 | 2 | serial number: the initiator counts, the answerer repeats |
//! | 4 | 2 | version: major (1 by the standard), user |
//! | 6 | 6 | time of sending |
//! | 12 | 6 | source address |
//! | 18 | 6 | destination address |
//! | 24 | 2 | length L of the application unit, 0 to 1024 |
//! | 26 | 1 | command |
//! | 27 | L | application unit |
//! | 27+L | 1 | checksum: low byte of the sum of offsets 2 to 26+L |
//! | 28+L | 2 | end `23 23` |
//!
//! Nothing is escaped: both marks may stand inside, so a frame is measured by its length and never searched for its end.

use super::command::Command;
use super::time_label::TimeLabel;
use std::fmt;
use watchfire_model::DefectKind;

/// The mark that begins a frame.
pub const START: [u8; 2] = [0x40, 0x40];
/// The mark that ends a frame.
pub const END: [u8; 2] = [0x23, 0x23];
/// Bytes before the application unit.
pub const HEADER_BYTES: usize = 27;
/// Bytes after the application unit.
const TRAILER_BYTES: usize = 3;
/// The most bytes of an application unit.
pub const UNIT_BYTES_MAX: usize = 1024;
/// The most bytes of an application unit that we send: a maker's limit is half of the standard's.
pub const SENT_UNIT_BYTES_MAX: usize = 512;
/// The fewest bytes of a frame.
pub const FRAME_BYTES_MIN: usize = HEADER_BYTES + TRAILER_BYTES;
/// The most bytes of a frame.
pub const FRAME_BYTES_MAX: usize = FRAME_BYTES_MIN + UNIT_BYTES_MAX;

/// The address of a device or a centre: 48 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u64);

impl Address {
    /// What devices send that were never given an address.
    pub const NONE: Address = Address(0);

    /// `None` beyond 48 bits.
    pub fn new(number: u64) -> Option<Address> {
        (number < 1 << 48).then_some(Address(number))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }

    fn read([a, b, c, d, e, f]: [u8; 6]) -> Address {
        Address(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    fn bytes(self) -> [u8; 6] {
        let [a, b, c, d, e, f, _, _] = self.0.to_le_bytes();
        [a, b, c, d, e, f]
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The protocol version. The standard's major version is 1; devices send others, and are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Fixed to 1 by the standard.
    pub major: u8,
    /// The user's.
    pub user: u8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.user)
    }
}

/// A sound frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The initiator's counter, repeated by the answerer.
    pub serial: u16,
    /// The version; an answer repeats it.
    pub version: Version,
    /// When it was sent, by the sender's clock.
    pub sent: TimeLabel,
    /// Who sent it.
    pub source: Address,
    /// For whom it is.
    pub destination: Address,
    /// What it wants.
    pub command: Command,
    /// The application unit; at most [`UNIT_BYTES_MAX`] bytes when written.
    pub unit: &'a [u8],
}

/// One thing wrong with the bytes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Fewer bytes than the smallest frame has.
    TooShort {
        /// How many there are.
        bytes: usize,
    },
    /// More bytes than the largest frame has.
    TooLong {
        /// How many there are, or are announced.
        bytes: usize,
    },
    /// Does not begin with `40 40`.
    BadStart,
    /// Does not end with `23 23`.
    BadEnd,
    /// The length field and the bytes disagree.
    BadLength {
        /// The unit's length by the field.
        said: usize,
        /// The unit's length by the bytes.
        held: usize,
    },
    /// The sum is another.
    BadChecksum {
        /// In the frame.
        stored: u8,
        /// Of the frame.
        computed: u8,
    },
}

impl FrameFault {
    /// The kind of defect that it is.
    pub fn kind(self) -> DefectKind {
        match self {
            FrameFault::TooShort { .. } => DefectKind::TooShort,
            FrameFault::TooLong { .. } => DefectKind::TooLong,
            FrameFault::BadStart => DefectKind::BadStart,
            FrameFault::BadEnd => DefectKind::BadEnd,
            FrameFault::BadLength { .. } => DefectKind::BadLength,
            FrameFault::BadChecksum { .. } => DefectKind::BadChecksum,
        }
    }
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameFault::TooShort { bytes } => write!(f, "{bytes} bytes; a frame has at least {FRAME_BYTES_MIN}"),
            FrameFault::TooLong { bytes } => write!(f, "{bytes} bytes; a frame has at most {FRAME_BYTES_MAX}"),
            FrameFault::BadStart => f.write_str("a frame begins with 40 40"),
            FrameFault::BadEnd => f.write_str("a frame ends with 23 23"),
            FrameFault::BadLength { said, held } => {
                write!(f, "the length field says {said} bytes of application unit, there are {held}")
            }
            FrameFault::BadChecksum { stored, computed } => {
                write!(f, "the checksum is {stored:02x}, the bytes sum up to {computed:02x}")
            }
        }
    }
}

impl std::error::Error for FrameFault {}

impl<'a> Envelope<'a> {
    /// Reads exactly one frame.
    ///
    /// # Errors
    /// The first of [`faults`].
    pub fn read(frame: &'a [u8]) -> Result<Envelope<'a>, FrameFault> {
        match sound(frame) {
            Some(envelope) => Ok(envelope),
            None => Err(*faults(frame).first().expect("a frame without a fault is sound")),
        }
    }

    /// The frame's bytes.
    ///
    /// # Errors
    /// When the unit is longer than [`UNIT_BYTES_MAX`].
    pub fn write(&self) -> Result<Vec<u8>, FrameFault> {
        let bytes = FRAME_BYTES_MIN + self.unit.len();
        let length = u16::try_from(self.unit.len()).ok().filter(|length| usize::from(*length) <= UNIT_BYTES_MAX);
        let length = length.ok_or(FrameFault::TooLong { bytes })?;
        let mut frame = Vec::with_capacity(bytes);
        frame.extend_from_slice(&START);
        frame.extend_from_slice(&self.serial.to_le_bytes());
        frame.extend_from_slice(&[self.version.major, self.version.user]);
        frame.extend_from_slice(&self.sent.0);
        frame.extend_from_slice(&self.source.bytes());
        frame.extend_from_slice(&self.destination.bytes());
        frame.extend_from_slice(&length.to_le_bytes());
        frame.push(self.command.0);
        frame.extend_from_slice(self.unit);
        frame.push(sum(frame.get(START.len()..).unwrap_or_default()));
        frame.extend_from_slice(&END);
        Ok(frame)
    }
}

/// Everything that is wrong with the bytes of one frame; nothing when they are sound.
pub fn faults(frame: &[u8]) -> Vec<FrameFault> {
    let mut faults = Vec::new();
    if frame.len() < FRAME_BYTES_MIN {
        faults.push(FrameFault::TooShort { bytes: frame.len() });
    }
    if frame.len() > FRAME_BYTES_MAX {
        faults.push(FrameFault::TooLong { bytes: frame.len() });
    }
    if !frame.starts_with(&START) {
        faults.push(FrameFault::BadStart);
    }
    let Some((covered, [stored, end @ ..])) = frame.split_last_chunk::<3>() else { return faults };
    let Some(held) = frame.len().checked_sub(FRAME_BYTES_MIN) else { return faults };
    if *end != END {
        faults.push(FrameFault::BadEnd);
    }
    let said = announced(frame).unwrap_or_default();
    if said != held {
        faults.push(FrameFault::BadLength { said, held });
        return faults;
    }
    let computed = sum(covered.get(START.len()..).unwrap_or_default());
    if *stored != computed {
        faults.push(FrameFault::BadChecksum { stored: *stored, computed });
    }
    faults
}

/// The unit's length by the length field of a frame's beginning; `None` before the header is whole.
pub(super) fn announced(frame: &[u8]) -> Option<usize> {
    match frame.get(24..HEADER_BYTES)? {
        [low, high, _] => Some(usize::from(u16::from_le_bytes([*low, *high]))),
        _ => None,
    }
}

fn sound(frame: &[u8]) -> Option<Envelope<'_>> {
    let (covered, [stored, ..]) = frame.get(START.len()..)?.split_last_chunk::<3>()?;
    measured(frame).filter(|_| sum(covered) == *stored)
}

/// What stands in a frame whose marks and length are right, whatever its sum.
pub(super) fn measured(frame: &[u8]) -> Option<Envelope<'_>> {
    if frame.len() > FRAME_BYTES_MAX {
        return None;
    }
    let (start, rest) = frame.split_first_chunk::<2>()?;
    let (covered, [_, end @ ..]) = rest.split_last_chunk::<3>()?;
    let (serial, rest) = covered.split_first_chunk::<2>()?;
    let ([major, user], rest) = rest.split_first_chunk::<2>()?;
    let (sent, rest) = rest.split_first_chunk::<6>()?;
    let (source, rest) = rest.split_first_chunk::<6>()?;
    let (destination, rest) = rest.split_first_chunk::<6>()?;
    let ([low, high, command], unit) = rest.split_first_chunk::<3>()?;
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    if *start != START || *end != END || length != unit.len() {
        return None;
    }
    Some(Envelope {
        serial: u16::from_le_bytes(*serial),
        version: Version { major: *major, user: *user },
        sent: TimeLabel(*sent),
        source: Address::read(*source),
        destination: Address::read(*destination),
        command: Command(*command),
        unit,
    })
}

/// What stands in the header of what begins as a frame, as if its unit were empty; `None` when it does not.
pub(super) fn headed(bytes: &[u8]) -> Option<Envelope<'static>> {
    let header = bytes.get(..HEADER_BYTES - 3).filter(|header| header.starts_with(&START))?;
    let command = bytes.get(HEADER_BYTES - 1)?;
    let alone = [header, &[0, 0, *command, 0], &END].concat();
    let Envelope { serial, version, sent, source, destination, command, .. } = measured(&alone)?;
    Some(Envelope { serial, version, sent, source, destination, command, unit: &[] })
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}
