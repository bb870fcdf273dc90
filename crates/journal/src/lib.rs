//! An append-only record log that survives a crash. This page is the specification of what is on the disk.
//!
//! # Directory
//! | name | what |
//! |---|---|
//! | `seg-<first seq, 20 digits>.wfj` | a segment; the one with the highest number is the active one, the others are sealed |
//! | `*.tmp` | a file being made; it counts for nothing and is removed at the next opening |
//! | `lock` | held by the one writer (an advisory lock that the system drops with the process) |
//! | `reserve` | allocated space, given up when the disk is full so that journaling goes on ([`ReserveState`]) |
//! | `seg-….wfj.damaged` | a damaged segment as it was, after it was mended ([`mend`]); counts for nothing |
//! | `mend.lock` | held while a segment is mended |
//! | `evidence/` | segments that left, compressed ([`evidence`]) |
//!
//! All integers are little-endian. All checksums are CRC32C.
//!
//! # Segment
//! A header of [`HEADER_BYTES`], then items without padding.
//! | offset | bytes | header field |
//! |---|---|---|
//! | 0 | 8 | magic `WFJRNL\r\n` |
//! | 8 | 4 | format version, [`FORMAT_VERSION`] |
//! | 12 | 16 | journal id: random, the same in every segment of a journal |
//! | 28 | 16 | salt: random, of this segment |
//! | 44 | 8 | the number of the first record |
//! | 52 | 4 | checksum of bytes 0 to 51 |
//!
//! | item | fields |
//! |---|---|
//! | record | length `u32` (1 to [`RECORD_BYTES_LIMIT`]), checksum `u32`, the bytes |
//! | mark | `0xFFFF_FFFF`, checksum `u32`, number `u64` of the record that follows |
//! | end | length 0 or the end of the file: nothing was written from here on |
//!
//! A record's checksum covers the segment's header (magic to first number), the length, the record's number and its
//! bytes; a mark's covers the header, the `0xFFFF_FFFF` and the number. So no record is valid at another place, in
//! another segment or in another journal, and bytes that a device sends cannot pass for a record or a mark, because
//! nobody outside knows the salt.
//!
//! **Numbers** ([`Record::seq`]) begin at 1, are dense, and follow from the place: a segment's first one is in its header
//! (and its name), each record counts one. A sealed segment ends where the next one begins; what it may hold beyond
//! that is not part of the journal.
//!
//! **A mark stands at the head of every batch** and says: every record before me was on the disk when I was written.
//! A batch is one write and one `fdatasync`, and the next is written only when that one succeeded. So there is at most
//! one batch whose fate is open, the last one, and two questions have an answer:
//! - *Which records may be in the page cache only?* Those after the last mark.
//! - *Is a bad record a torn write or damage?* Damage if a mark with a higher number follows. Damage in the very last
//!   batch cannot be told from a torn write.
//!
//! # Protocol
//! - *Batch*: mark and records in one write; `fdatasync`; then, and only then, the position is durable. Small batches
//!   are written over zeros that an earlier sync put there, because then `fdatasync` need not update the file's size and
//!   extents (measured on ext4: median 114 µs instead of 164 µs; `fallocate` alone does not help, the extents would
//!   still have to be converted).
//! - *New segment*: written under a `.tmp` name, synced, renamed, directory synced. A named segment is always whole.
//! - *Opening*: the records after the last mark of the last segment are written again into a new segment before anybody
//!   may read them, since a killed process may have left them in the page cache, and after a failed `fsync` the system
//!   may call pages clean that never reached the disk. A torn rest is cut off. A last segment of up to
//!   1/[`MERGE_PART`] of the segment length is written again in whole, so that a restart loop does not breed files.
//!   Where there is no room for that, they are written again where they stand.
//!   A damaged last segment is refused; damaged older ones are told and left alone, today's alarms do not need them.
//! - *Disk full*: the reserve is released and the write tried again; if that is not enough the torn part is cut off, the
//!   batch stays in memory with its numbers, and [`SyncError::DiskFull`] says so. Space that comes back restores all.
//! - *Any other failure*: the writer refuses everything from then on ([`SyncError::Failed`]). An `fsync` is never tried
//!   again: the second one may succeed without the pages. The process ends, and opening finds out what is there.
//!
//! # Limits
//! Record 1 byte to [`RECORD_BYTES_LIMIT`] (and [`Limits::record_bytes_max`]); batch [`Limits::pending_bytes_max`];
//! segment [`Limits::segment_bytes`] and at most one batch more; one writer per directory; numbers up to 2^64 - 2.

mod active;
pub mod atomic_file;
mod copy;
mod disk;
pub mod evidence;
mod item;
mod layout;
mod limits;
mod mend;
mod random_bytes;
mod reader;
mod real_disk;
mod recovery;
mod reserve;
pub mod retention;
mod scan;
mod segment;
pub mod sim_disk;
pub mod snapshot;
mod survey;
mod writer;

pub use copy::{Copied, CopyError, check, copy, new_id};
pub use disk::{Disk, DiskFile};
pub use item::RECORD_BYTES_LIMIT;
pub use layout::{SegmentInfo, segments};
pub use limits::Limits;
pub use mend::{MendError, Mended, mend};
pub use reader::{ReadError, Reader, Record};
pub use real_disk::RealDisk;
pub use recovery::{MERGE_PART, OpenError, Recovered};
pub use reserve::ReserveState;
pub use segment::{Damage, FORMAT_VERSION, HEADER_BYTES, JournalId};
pub use survey::{Survey, SurveyError, survey};
pub use writer::{AppendError, SyncError, Writer};
