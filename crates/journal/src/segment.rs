//! A segment's header, and what can be wrong with a segment.

use crate::disk::{DiskFile, read_full};
use crate::random_bytes;
use std::fmt;
use std::io;

/// The length of a segment's header.
pub const HEADER_BYTES: usize = 56;
/// The version of the format that is written; older ones are read, newer ones refused.
pub const FORMAT_VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"WFJRNL\r\n";
const SIGNED_BYTES: usize = 52;

/// Names one journal for ever. A restore begins a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalId(pub [u8; 16]);

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JournalId({self})")
    }
}

/// What makes a segment unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Not a segment.
    #[error("the header is missing or does not match its checksum")]
    Header,
    /// Written by a newer build.
    #[error("it has format version {0}, this build knows up to {FORMAT_VERSION}")]
    Version(u32),
    /// Another name than its content says.
    #[error("its header says that it begins at record {0}, its name says otherwise")]
    Name(u64),
    /// Of another journal.
    #[error("it belongs to journal {found}, the others to {expected}")]
    Journal {
        /// The others'.
        expected: JournalId,
        /// This one's.
        found: JournalId,
    },
    /// A record is bad although later ones were written after it was durable.
    #[error("record {seq} at byte {offset} is damaged")]
    Record {
        /// The record.
        seq: u64,
        /// Where it should begin.
        offset: u64,
    },
    /// A segment is missing between two others.
    #[error("records {from} to {to} are missing")]
    Missing {
        /// The first missing record.
        from: u64,
        /// The last missing record.
        to: u64,
    },
}

/// A segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) journal_id: JournalId,
    pub(crate) salt: [u8; 16],
    pub(crate) first: u64,
}

/// Where every checksum of a segment starts from: the checksum of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u32);

impl Header {
    /// A header with a salt of its own.
    pub(crate) fn new(journal_id: JournalId, first: u64) -> io::Result<Header> {
        Ok(Header { journal_id, salt: random_bytes::sixteen()?, first })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.journal_id.0);
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.first.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn seed(&self) -> Seed {
        let encoded = self.encode();
        Seed(crc32c::crc32c(encoded.get(..SIGNED_BYTES).expect("a header is longer than what it signs")))
    }

    /// Reads a header from a segment's first bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Header, Damage> {
        let signed = bytes.get(..SIGNED_BYTES).ok_or(Damage::Header)?;
        if array::<4>(bytes, SIGNED_BYTES).map(u32::from_le_bytes) != Some(crc32c::crc32c(signed)) {
            return Err(Damage::Header);
        }
        if array(bytes, 0) != Some(*MAGIC) {
            return Err(Damage::Header);
        }
        let version = array(bytes, 8).map(u32::from_le_bytes).ok_or(Damage::Header)?;
        if version != FORMAT_VERSION {
            return Err(Damage::Version(version));
        }
        Ok(Header {
            journal_id: JournalId(array(bytes, 12).ok_or(Damage::Header)?),
            salt: array(bytes, 28).ok_or(Damage::Header)?,
            first: array(bytes, 44).map(u64::from_le_bytes).ok_or(Damage::Header)?,
        })
    }

    /// Reads the header of an open segment that is called after `first` and must be of that journal.
    pub(crate) fn read(file: &impl DiskFile, first: u64, of: Option<JournalId>) -> io::Result<Result<Header, Damage>> {
        let mut bytes = [0; HEADER_BYTES];
        let got = read_full(file, &mut bytes, 0)?;
        Ok(Header::decode(bytes.get(..got).unwrap_or_default()).and_then(|header| header.check(first, of)))
    }

    pub(crate) fn check(self, first: u64, of: Option<JournalId>) -> Result<Header, Damage> {
        match of {
            _ if self.first != first => Err(Damage::Name(self.first)),
            Some(expected) if expected != self.journal_id => Err(Damage::Journal { expected, found: self.journal_id }),
            _ => Ok(self),
        }
    }
}

/// `N` bytes at an offset, if they are there.
pub(crate) fn array<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..offset.checked_add(N)?)?.try_into().ok()
}
