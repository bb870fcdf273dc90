//! Opening a journal: finds what is there, makes it durable again, refuses what is damaged.

use crate::active::Active;
use crate::disk::{Disk, DiskFile, bytes_u64, ensure_dir, is_full, never_full, read_whole};
use crate::layout::{LOCK, TEMPORARY, firsts, segment_path};
use crate::limits::{Limits, SEGMENT_FILE_BYTES_LIMIT};
use crate::random_bytes;
use crate::reserve::Reserve;
use crate::scan::{Records, Scan, scan};
use crate::segment::{Damage, Header, JournalId};
use std::io;
use std::path::{Path, PathBuf};

/// A last segment up to this part of [`Limits::segment_bytes`] is written again in whole.
pub const MERGE_PART: u64 = 64;

/// What opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Which journal.
    pub journal_id: JournalId,
    /// Nothing was there and a new journal has begun.
    pub created: bool,
    /// The oldest record that is still in the journal.
    pub first: u64,
    /// The newest record, durable like all before it; `first - 1` when there is none.
    pub last: u64,
    /// Records written again, because they may have been in the page cache only.
    pub rewritten: u64,
    /// Bytes of a torn write that were cut off; no record in them was ever durable.
    pub torn_bytes: u64,
    /// Sealed segments that cannot be read, left as they are: a person must decide what to restore. They do not keep the
    /// journal from going on, for an alarm of today does not depend on them.
    pub damaged: Vec<(PathBuf, Damage)>,
}

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another part of this one, writes it: stop that one.
    #[error("the journal in {dir} is in use, stop the process that has it open")]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// No room to begin a journal, or on a file system that needs room to write the same bytes again: free some and open
    /// again.
    #[error("the disk of the journal in {dir} is full, free some space")]
    DiskFull {
        /// The directory.
        dir: PathBuf,
    },
    /// Durable records are damaged: a person must decide what to restore.
    #[error("{} is damaged, restore it from a backup: {damage}", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// Written by a newer build: use that one.
    #[error("{} has format version {version}, use the build that wrote it", file.display())]
    Newer {
        /// The segment.
        file: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The limits contradict each other: change the configuration.
    #[error("the journal's limits do not fit together: {0}")]
    Limits(&'static str),
    /// The system refused.
    #[error("failed to open the journal in {dir}, check the disk and the permissions: {source}")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// An opened journal, ready for a writer.
pub(crate) struct Opened<D: Disk> {
    pub(crate) lock: D::Lock,
    pub(crate) reserve: Reserve<D>,
    pub(crate) active: Active<D>,
    pub(crate) recovered: Recovered,
}

/// Opens a journal or begins one.
pub(crate) fn open<D: Disk>(disk: &D, dir: &Path, limits: &Limits) -> Result<Opened<D>, OpenError> {
    if let Some(problem) = limits.problem() {
        return Err(OpenError::Limits(problem));
    }
    let io = |source: io::Error| outage(dir, source);
    ensure_dir(disk, dir).map_err(io)?;
    let lock = disk.lock(&dir.join(LOCK)).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => OpenError::Locked { dir: dir.to_owned() },
        _ => outage(dir, error),
    })?;
    remove_temporaries(disk, dir).map_err(io)?;
    let mut reserve = Reserve::find(disk, dir, limits.reserve_bytes).map_err(io)?;
    let firsts = firsts(disk, dir).map_err(io)?;
    let (active, recovered) = match firsts.split_last() {
        Some((&last, sealed)) => resume(disk, dir, limits, &mut reserve, last, sealed)?,
        None => begin(disk, dir, &mut reserve).map_err(io)?,
    };
    reserve.restore();
    Ok(Opened { lock, reserve, active, recovered })
}

fn begin<D: Disk>(disk: &D, dir: &Path, reserve: &mut Reserve<D>) -> io::Result<(Active<D>, Recovered)> {
    let journal_id = JournalId(random_bytes::sixteen()?);
    let active = Active::place(disk, dir, reserve, journal_id, 1, std::iter::empty())?;
    Ok((
        active,
        Recovered { journal_id, created: true, first: 1, last: 0, rewritten: 0, torn_bytes: 0, damaged: Vec::new() },
    ))
}

/// Goes on behind the last valid record of the last segment.
fn resume<D: Disk>(
    disk: &D,
    dir: &Path,
    limits: &Limits,
    reserve: &mut Reserve<D>,
    first: u64,
    sealed: &[u64],
) -> Result<(Active<D>, Recovered), OpenError> {
    let io = |source: io::Error| outage(dir, source);
    let path = segment_path(dir, first);
    let file = disk.open(&path).map_err(io)?;
    let bytes = read_whole(&file, SEGMENT_FILE_BYTES_LIMIT).map_err(io)?;
    let damaged = |damage| damaged(&path, damage);
    let header = Header::decode(&bytes).and_then(|header| header.check(first, None)).map_err(damaged)?;
    let (seed, journal_id) = (header.seed(), header.journal_id);
    let scan = scan(seed, first, &bytes).map_err(damaged)?;

    let whole = bytes_u64(scan.end) <= limits.segment_bytes / MERGE_PART;
    let kept = if whole {
        Records::new(seed, first, &bytes)
    } else {
        Records::starting_at(seed, scan.tail_first, &bytes, scan.tail)
    };
    let mut rewritten_from = kept.due();
    let active = match Active::place(disk, dir, reserve, journal_id, rewritten_from, kept) {
        Ok(active) => {
            if rewritten_from != first {
                // The tail is safe in its new place; here it would only take room.
                file.truncate(bytes_u64(scan.tail)).map_err(io)?;
            }
            active
        }
        // A start needs no room: people must see what is open, and acknowledging goes on when there is some again.
        Err(error) if is_full(&error) => {
            disk.sync_dir(dir).map_err(|error| io(never_full(error)))?;
            rewritten_from = scan.tail_first;
            Active::go_on(file, seed, first, &bytes, scan.tail..scan.end).map_err(io)?
        }
        Err(error) => return Err(io(error)),
    };
    let recovered = Recovered {
        journal_id,
        created: false,
        first: sealed.first().copied().unwrap_or(first),
        last: scan.next - 1,
        rewritten: scan.next - rewritten_from,
        torn_bytes: torn_bytes(&scan, &bytes),
        damaged: damaged_headers(disk, dir, sealed, journal_id).map_err(io)?,
    };
    Ok((active, recovered))
}

/// What was written behind the valid part, without the zeros written ahead.
fn torn_bytes(scan: &Scan, bytes: &[u8]) -> u64 {
    let behind = bytes.get(scan.end..).unwrap_or_default();
    bytes_u64(behind.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1))
}

/// The sealed segments that are none, or not of this journal. Their records are checked by those who read them.
fn damaged_headers<D: Disk>(
    disk: &D,
    dir: &Path,
    sealed: &[u64],
    journal_id: JournalId,
) -> io::Result<Vec<(PathBuf, Damage)>> {
    let mut damaged = Vec::new();
    for &first in sealed {
        let path = segment_path(dir, first);
        if let Err(damage) = Header::read(&disk.open(&path)?, first, Some(journal_id))? {
            damaged.push((path, damage));
        }
    }
    Ok(damaged)
}

fn remove_temporaries<D: Disk>(disk: &D, dir: &Path) -> io::Result<()> {
    for name in disk.list(dir)?.iter().filter(|name| name.ends_with(TEMPORARY)) {
        disk.remove(&dir.join(name))?;
    }
    Ok(())
}

fn damaged(file: &Path, damage: Damage) -> OpenError {
    match damage {
        Damage::Version(version) => OpenError::Newer { file: file.to_owned(), version },
        damage => OpenError::Damaged { file: file.to_owned(), damage },
    }
}

fn outage(dir: &Path, source: io::Error) -> OpenError {
    if is_full(&source) {
        OpenError::DiskFull { dir: dir.to_owned() }
    } else {
        OpenError::Io { dir: dir.to_owned(), source }
    }
}
