//! Looks at a journal that nobody writes, without changing it.

use crate::disk::{Disk, read_whole};
use crate::layout::{firsts, segment_path};
use crate::limits::SEGMENT_FILE_BYTES_LIMIT;
use crate::scan::scan;
use crate::segment::{Damage, Header, JournalId};
use std::io;
use std::path::{Path, PathBuf};

/// What is in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Which journal.
    pub journal_id: JournalId,
    /// The oldest record.
    pub first: u64,
    /// The newest valid record; `first - 1` when there is none.
    pub last: u64,
}

/// Why a journal could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// There is no journal: look at the path.
    #[error("there is no journal in {dir}, check the path")]
    NoJournal {
        /// The directory.
        dir: PathBuf,
    },
    /// Its last segment is damaged: a person must decide what to restore.
    #[error("{} is damaged, restore it from a backup: {damage}", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The system refused.
    #[error("failed to read the journal in {dir}, check the disk and the permissions: {source}")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Finds the valid records of a journal that has no writer, for a [`Reader`](crate::Reader) up to [`Survey::last`].
/// The newest ones may be in the page cache only: good enough to look at, not to act upon.
///
/// # Errors
/// See [`SurveyError`].
pub fn survey<D: Disk>(disk: &D, dir: &Path) -> Result<Survey, SurveyError> {
    let none = || SurveyError::NoJournal { dir: dir.to_owned() };
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => none(),
        _ => SurveyError::Io { dir: dir.to_owned(), source },
    };
    let firsts = firsts(disk, dir).map_err(io)?;
    let (Some(&first), Some(&last)) = (firsts.first(), firsts.last()) else { return Err(none()) };
    let path = segment_path(dir, last);
    let bytes = read_whole(&disk.open(&path).map_err(io)?, SEGMENT_FILE_BYTES_LIMIT).map_err(io)?;
    let damaged = |damage| SurveyError::Damaged { file: path.clone(), damage };
    let header = Header::decode(&bytes).and_then(|header| header.check(last, None)).map_err(damaged)?;
    let scan = scan(header.seed(), last, &bytes).map_err(damaged)?;
    Ok(Survey { journal_id: header.journal_id, first, last: scan.next - 1 })
}
