//! Copies a journal, also one that is being written, and checks every record on the way: for a backup under the same id,
//! for a restore under a new one. A copy is a journal like any other; its numbers are those of the original.
//!
//! A segment whose records do not add up is not copied, for a copy vouches for what it holds; the caller is told which,
//! and keeps the file as it is or mends it first.

use crate::atomic_file;
use crate::disk::{Disk, bytes_u64, ensure_dir, is_full, never_full, read_whole, remove_if_there};
use crate::item::{push_mark, push_record};
use crate::layout::{firsts, segment_path};
use crate::limits::SEGMENT_FILE_BYTES_LIMIT;
use crate::random_bytes;
use crate::scan::{Records, scan};
use crate::segment::{Damage, Header, JournalId};
use std::io;
use std::path::{Path, PathBuf};

/// How often a segment is looked at again that was written while it was read, or a journal whose oldest segments left.
const LOOKS_MAX: u32 = 10;

/// A copy has a mark before every so many records and before the last one. It gets its name when all of it is durable, so
/// each of them tells the truth, and damage behind which another stands is never taken for a torn write.
const MARK_INTERVAL: u64 = 32;

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The copy's id.
    pub journal_id: JournalId,
    /// Its first record.
    pub first: u64,
    /// Its last record; `first - 1` when it has none.
    pub last: u64,
    /// The segments that are damaged, with their paths in the original: not in the copy.
    pub damaged: Vec<(PathBuf, Damage)>,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is no journal: look at the path.
    #[error("there is no journal in {dir}, check the path")]
    NoJournal {
        /// The directory.
        dir: PathBuf,
    },
    /// The place is taken: name another.
    #[error("{dir} holds a journal already, name another place")]
    Taken {
        /// The directory.
        dir: PathBuf,
    },
    /// No room: free some, or name another place.
    #[error("the disk of {dir} is full, free some space")]
    DiskFull {
        /// The directory.
        dir: PathBuf,
    },
    /// The system refused.
    #[error("failed to copy the journal in {dir}, check the disk and the permissions: {source}")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A journal's id that no other has.
///
/// # Errors
/// When the system gives no random bytes.
pub fn new_id() -> io::Result<JournalId> {
    random_bytes::sixteen().map(JournalId)
}

/// Copies the journal in `from` into the directory `to`, which holds none yet: up to what is written now, under its own id
/// or the one given. When it returns, the copy is durable.
///
/// # Errors
/// See [`CopyError`]. What is in `to` by then counts for nothing.
pub fn copy<D: Disk>(disk: &D, from: &Path, to: &Path, journal_id: Option<JournalId>) -> Result<Copied, CopyError> {
    let writing = |source: io::Error| writing(to, source);
    ensure_dir(disk, to).map_err(writing)?;
    if !firsts(disk, to).map_err(writing)?.is_empty() {
        return Err(CopyError::Taken { dir: to.to_owned() });
    }
    run(disk, from, Some(to), journal_id)
}

/// Looks at every record of the journal in that directory, also of one that is being written, and changes nothing.
///
/// # Errors
/// See [`CopyError`].
pub fn check<D: Disk>(disk: &D, dir: &Path) -> Result<Copied, CopyError> {
    run(disk, dir, None, None)
}

fn run<D: Disk>(disk: &D, from: &Path, to: Option<&Path>, own: Option<JournalId>) -> Result<Copied, CopyError> {
    for _ in 0..LOOKS_MAX {
        let all = firsts(disk, from).map_err(|source| reading(from, source))?;
        if all.is_empty() {
            return Err(CopyError::NoJournal { dir: from.to_owned() });
        }
        let mut copy = Copy { disk, from, to, own, copied: None };
        match copy.segments(&all) {
            Ok(copied) => return Ok(copied),
            // The oldest ones have left for the evidence: what was copied of them would leave a hole behind it.
            Err(Stop::Left) => copy.undo(&all).map_err(|source| writing(to.unwrap_or(from), source))?,
            Err(Stop::Reading(source)) => return Err(reading(from, source)),
            Err(Stop::Writing(source)) => return Err(writing(to.unwrap_or(from), source)),
        }
    }
    Err(reading(from, io::Error::other("its segments leave faster than they can be read")))
}

fn reading(dir: &Path, source: io::Error) -> CopyError {
    let dir = dir.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => CopyError::NoJournal { dir },
        _ => CopyError::Io { dir, source },
    }
}

fn writing(dir: &Path, source: io::Error) -> CopyError {
    let dir = dir.to_owned();
    if is_full(&source) { CopyError::DiskFull { dir } } else { CopyError::Io { dir, source } }
}

enum Stop {
    Left,
    Reading(io::Error),
    Writing(io::Error),
}

struct Copy<'a, D: Disk> {
    disk: &'a D,
    from: &'a Path,
    /// `None`: only looked at.
    to: Option<&'a Path>,
    own: Option<JournalId>,
    copied: Option<JournalId>,
}

impl<D: Disk> Copy<'_, D> {
    fn segments(&mut self, all: &[u64]) -> Result<Copied, Stop> {
        let (mut damaged, mut last) = (Vec::new(), 0);
        let ends = all.iter().skip(1).copied().map(Some).chain([None]);
        for (&first, end) in all.iter().zip(ends) {
            match self.segment(first, end)? {
                Ok(next) => last = next - 1,
                Err(damage) => {
                    last = end.map_or(last, |end| end - 1);
                    damaged.push((segment_path(self.from, first), damage));
                }
            }
        }
        let first = all.first().copied().unwrap_or(1);
        let journal_id = self.own.or(self.copied).unwrap_or(JournalId([0; 16]));
        Ok(Copied { journal_id, first, last: last.max(first - 1), damaged })
    }

    /// Copies a segment; the number after its last record.
    fn segment(&mut self, first: u64, end: Option<u64>) -> Result<Result<u64, Damage>, Stop> {
        let mut damage = Damage::Header;
        for _ in 0..LOOKS_MAX {
            let opened = self.disk.open(&segment_path(self.from, first));
            let file = opened.map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Stop::Left,
                _ => Stop::Reading(error),
            })?;
            let bytes = read_whole(&file, SEGMENT_FILE_BYTES_LIMIT).map_err(Stop::Reading)?;
            let id = Header::decode(&bytes).ok().map(|header| header.journal_id);
            self.copied = self.copied.or(id);
            match checked(&bytes, first, end) {
                Ok((header, next)) => {
                    if let Some(to) = self.to {
                        let copy = encoded(&header, self.own, &bytes, next).map_err(Stop::Reading)?;
                        atomic_file::place(self.disk, &segment_path(to, first), &copy).map_err(Stop::Writing)?;
                    }
                    return Ok(Ok(next));
                }
                // Read while it was written, a batch may have been there in part and the one behind it in whole.
                Err(why) => damage = why,
            }
        }
        Ok(Err(damage))
    }

    fn undo(&self, all: &[u64]) -> io::Result<()> {
        let Some(to) = self.to else { return Ok(()) };
        for &first in all {
            remove_if_there(self.disk, &segment_path(to, first))?;
        }
        self.disk.sync_dir(to).map_err(never_full)
    }
}

/// The header and the number after the last record, when every record is what it should be.
fn checked(bytes: &[u8], first: u64, end: Option<u64>) -> Result<(Header, u64), Damage> {
    let header = Header::decode(bytes)?.check(first, None)?;
    let Some(end) = end else {
        return Ok((header, scan(header.seed(), first, bytes)?.next));
    };
    let mut records = Records::new(header.seed(), first, bytes);
    while records.due() < end {
        if records.next().is_none() {
            return Err(Damage::Record { seq: records.due(), offset: bytes_u64(records.offset()) });
        }
    }
    Ok((header, end))
}

/// The segment up to before record `next`, under another id where there is one.
fn encoded(header: &Header, own: Option<JournalId>, bytes: &[u8], next: u64) -> io::Result<Vec<u8>> {
    let new = Header::new(own.unwrap_or(header.journal_id), header.first)?;
    let seed = new.seed();
    let mut copy = new.encode();
    copy.reserve(bytes.len());
    push_mark(&mut copy, seed, header.first);
    for (seq, record) in Records::new(header.seed(), header.first, bytes).take_while(|(seq, _)| *seq < next) {
        if seq > header.first && (seq % MARK_INTERVAL == 0 || seq + 1 == next) {
            push_mark(&mut copy, seed, seq);
        }
        push_record(&mut copy, seed, seq, record);
    }
    Ok(copy)
}
