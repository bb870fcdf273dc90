//! The limits of one journal.

use crate::item::RECORD_BYTES_LIMIT;

/// How large things may be. Every length is in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A segment that has reached this is sealed and another begun.
    pub segment_bytes: u64,
    /// No record is longer; at most [`RECORD_BYTES_LIMIT`].
    pub record_bytes_max: usize,
    /// What is appended and not yet synced; at least one record with its 24 bytes of frame and mark.
    pub pending_bytes_max: usize,
    /// Zeros written ahead of small batches so that their sync is cheap.
    pub ahead_bytes: u64,
    /// Space held back for when the disk is full.
    pub reserve_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            segment_bytes: 64 * 1024 * 1024,
            record_bytes_max: 1024 * 1024,
            pending_bytes_max: 16 * 1024 * 1024,
            ahead_bytes: 1024 * 1024,
            reserve_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// The first thing that does not fit together, if any.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let frame_bytes = crate::item::RECORD_FRAME_BYTES + crate::item::MARK_BYTES;
        if self.record_bytes_max == 0 || self.record_bytes_max > RECORD_BYTES_LIMIT {
            Some("record_bytes_max must be between 1 byte and 16 MiB")
        } else if self.pending_bytes_max < self.record_bytes_max.saturating_add(frame_bytes) {
            Some("pending_bytes_max must hold the largest record and 24 bytes more")
        } else if self.pending_bytes_max > PENDING_BYTES_LIMIT {
            Some("pending_bytes_max must be at most 256 MiB")
        } else if self.segment_bytes > SEGMENT_BYTES_LIMIT {
            Some("segment_bytes must be at most 1 GiB")
        } else {
            None
        }
    }
}

/// A batch is held in memory, at opening too.
pub(crate) const PENDING_BYTES_LIMIT: usize = 256 * 1024 * 1024;
/// A segment is read into memory when it is recovered or compressed.
pub(crate) const SEGMENT_BYTES_LIMIT: u64 = 1024 * 1024 * 1024;
/// No segment file is longer, whatever limits its writer had.
pub(crate) const SEGMENT_FILE_BYTES_LIMIT: u64 = 2 * SEGMENT_BYTES_LIMIT;
