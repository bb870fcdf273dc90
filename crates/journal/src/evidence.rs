//! Segments that have left the journal, compressed and kept for years: what was said, byte for byte, if anybody asks.
//!
//! They are in `evidence/` below the journal, one file each (the format is in `packed.rs`), with a manifest that a
//! person can read (`manifest.rs`). A segment is verified record by record before it is packed, and the file is durable
//! before the segment goes; whatever is interrupted is done again.

mod manifest;
mod packed;

pub use packed::Unpacked;

use crate::atomic_file;
use crate::disk::{Disk, ensure_dir, is_full, never_full, read_whole, remove_if_there};
use crate::layout::{SegmentInfo, segment_path};
use crate::limits::SEGMENT_FILE_BYTES_LIMIT;
use crate::segment::{Damage, JournalId};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// A segment in the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The journal it is from.
    pub journal_id: JournalId,
    /// Its first record.
    pub first: u64,
    /// Its last record.
    pub last: u64,
    /// The stamp of its newest record, Unix milliseconds.
    pub newest_ms: i64,
    /// Its length on the disk.
    pub bytes: u64,
    /// The file's own checksum.
    pub checksum: u32,
}

/// Why a segment was not moved. It is still in the journal.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// No room for the compressed file: remove old evidence, or [`discard`] the segment.
    #[error("no room to keep {} as evidence, remove older evidence", file.display())]
    DiskFull {
        /// The segment.
        file: PathBuf,
    },
    /// It cannot be read: a person must decide what to restore.
    #[error("{} is damaged, restore it from a backup: {damage}", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The disk failed: end the process.
    #[error("failed to keep {} as evidence, check the disk: {source}", file.display())]
    Failed {
        /// The segment.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why evidence could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It does not match its checksums: look for a backup.
    #[error("{} is damaged, restore it from a backup: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What does not match.
        what: &'static str,
    },
    /// The system refused.
    #[error("failed to read {}, check the disk and the permissions: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Moves a sealed segment of the journal in `dir` into the evidence. Takes its time: not for the journal's thread, and
/// one thread at a time, for the manifest is written whole.
///
/// # Errors
/// See [`KeepError`].
///
/// # Panics
/// On the active segment.
pub fn keep<D: Disk>(disk: &D, dir: &Path, segment: &SegmentInfo, newest_ms: i64) -> Result<Item, KeepError> {
    let end = segment.end.expect("only sealed segments leave the journal");
    let file = segment_path(dir, segment.first);
    let outage = |source: io::Error| match is_full(&source) {
        true => KeepError::DiskFull { file: file.clone() },
        false => KeepError::Failed { file: file.clone(), source },
    };
    let bytes = disk.open(&file).and_then(|open| read_whole(&open, SEGMENT_FILE_BYTES_LIMIT)).map_err(outage)?;
    let packed = packed::pack(&bytes, segment.first, end, newest_ms)
        .map_err(outage)?
        .map_err(|damage| KeepError::Damaged { file: file.clone(), damage })?;
    place(disk, dir, &packed).map_err(outage)?;
    discard(disk, dir, segment).map_err(outage)?;
    Ok(packed.item)
}

/// Removes a sealed segment without keeping it: the last resort of a full disk.
///
/// # Errors
/// The system's.
///
/// # Panics
/// On the active segment.
pub fn discard<D: Disk>(disk: &D, dir: &Path, segment: &SegmentInfo) -> io::Result<()> {
    assert!(segment.end.is_some(), "only sealed segments leave the journal");
    remove_if_there(disk, &segment_path(dir, segment.first))?;
    // One by one, so that no power cut leaves a hole between segments.
    disk.sync_dir(dir).map_err(never_full)
}

/// What is in the evidence, oldest first.
///
/// # Errors
/// The system's. A manifest that is missing or damaged is made again from the files.
pub fn list<D: Disk>(disk: &D, dir: &Path) -> io::Result<Vec<Item>> {
    let dir = evidence_dir(dir);
    let names: BTreeSet<String> = match disk.list(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?.into_iter().collect(),
    };
    let mut items = match manifest::load(disk, &dir)? {
        Some(items) => items,
        None => packed::find_all(disk, &dir)?,
    };
    // A removal that was cut short has left its line in the manifest.
    items.retain(|item| names.contains(&packed::file_name(item)));
    Ok(items)
}

/// Reads a segment back, verified.
///
/// # Errors
/// See [`EvidenceError`].
pub fn read<D: Disk>(disk: &D, dir: &Path, item: &Item) -> Result<Unpacked, EvidenceError> {
    let file = evidence_dir(dir).join(packed::file_name(item));
    let bytes = disk.open(&file).and_then(|open| read_whole(&open, 2 * SEGMENT_FILE_BYTES_LIMIT));
    let bytes = bytes.map_err(|source| EvidenceError::Io { file: file.clone(), source })?;
    packed::unpack(&bytes, item).map_err(|what| EvidenceError::Damaged { file, what })
}

/// What may be removed: items older than `keep_ms`, and the oldest ones until `bytes_needed` are free. Pure.
pub fn expired(items: &[Item], keep_ms: i64, now_ms: i64, bytes_needed: u64) -> Vec<Item> {
    let mut to_free = bytes_needed;
    let mut expired = Vec::new();
    for item in items {
        if now_ms.saturating_sub(item.newest_ms) <= keep_ms && to_free == 0 {
            break;
        }
        to_free = to_free.saturating_sub(item.bytes);
        expired.push(*item);
    }
    expired
}

/// Removes items for ever.
///
/// # Errors
/// See [`atomic_file::WriteError`]. Those that are gone already are no error.
pub fn remove<D: Disk>(disk: &D, dir: &Path, items: &[Item]) -> Result<(), atomic_file::WriteError> {
    let evidence = evidence_dir(dir);
    let failed = |source: io::Error| atomic_file::WriteError::Failed { path: evidence.display().to_string(), source };
    let mut kept = list(disk, dir).map_err(failed)?;
    kept.retain(|item| !items.contains(item));
    for item in items {
        remove_if_there(disk, &evidence.join(packed::file_name(item))).map_err(failed)?;
    }
    if items.is_empty() { Ok(()) } else { manifest::save(disk, &evidence, &kept) }
}

fn place<D: Disk>(disk: &D, dir: &Path, packed: &packed::Packed) -> io::Result<()> {
    let evidence = evidence_dir(dir);
    ensure_dir(disk, &evidence)?;
    let mut items = list(disk, dir)?;
    atomic_file::place(disk, &evidence.join(packed::file_name(&packed.item)), &packed.bytes)?;
    let key = |item: &Item| (item.first, item.last, item.journal_id);
    items.retain(|item| key(item) != key(&packed.item));
    items.push(packed.item);
    items.sort_by_key(|item| (item.newest_ms, item.first));
    manifest::place(disk, &evidence, &items)
}

fn evidence_dir(dir: &Path) -> PathBuf {
    dir.join("evidence")
}
