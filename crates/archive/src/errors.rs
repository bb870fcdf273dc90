//! Why the archive could not be opened or written: each variant is the caller's next step.

use crate::fault::{Cause, Fault, Trouble};
use crate::files::FilesError;
use crate::store::Cursors;
use watchfire_model::{JournalId, Seq};

/// Why an archive cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It belongs to other logs: stop. Neither may be used with the other.
    #[error(
        "the archive's {log} cursor is of journal {found}, but this journal is {expected}: start with the journal it \
         belongs to, or move the archive aside to begin a new one"
    )]
    OtherJournal {
        /// `entries` or `alerts`.
        log: &'static str,
        /// The id in the file.
        found: String,
        /// The id it was opened with.
        expected: JournalId,
    },
    /// A newer build wrote it: start that one.
    #[error("the archive's schema {found} is newer than this build's {known}: start the build that wrote it")]
    Newer {
        /// In the file.
        found: i64,
        /// Of this build.
        known: i64,
    },
    /// Some other program's database: name another path.
    #[error("this is a database of another program: name another place for the archive")]
    NotAnArchive,
    /// Locked by another process: again soon.
    #[error("the archive is locked by another process, try again: {0}")]
    Busy(#[source] Cause),
    /// Missing directory, server, permission, disk: again later.
    #[error("the archive cannot be opened, check its disk or its server: {0}")]
    Unavailable(#[source] Cause),
    /// It may only be read, as a stand-by is: again later, when it may be written or another takes its place.
    #[error("the archive may only be read, make it writable or name the server that is: {0}")]
    ReadOnly(#[source] Cause),
    /// No room even to open it: make some.
    #[error("no room to open the archive, free some or raise its limit: {0}")]
    Full(#[source] Cause),
    /// Not a database any more: a person is needed.
    #[error("the archive is damaged, move it aside and restore a backup or begin a new one: {0}")]
    Damaged(#[source] Cause),
}

/// Why a batch was not written. Nothing of it is in the archive, and it can be written again as it is.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another process holds the lock: again soon.
    #[error("the archive is locked by another process, try again: {0}")]
    Busy(#[source] Cause),
    /// The disk or the server does not answer: again with growing pauses.
    #[error("the archive cannot be written, check its disk or its server: {0}")]
    Unavailable(#[source] Cause),
    /// It may only be read, as a stand-by is: again with growing pauses, when it may be written or another takes its
    /// place.
    #[error("the archive may only be read, make it writable or name the server that is: {0}")]
    ReadOnly(#[source] Cause),
    /// The disk or `bytes_max` is full: [`crate::Store::retain`], then again.
    #[error("the archive is full, give up old history or raise its limit: {0}")]
    Full(#[source] Cause),
    /// The file is not what it should be: a person is needed; again when that is done.
    #[error("the archive is damaged, move it aside and restore a backup or begin a new one: {0}")]
    Damaged(#[source] Cause),
    /// Readings were not given up, because they cannot be written to files first: a person is needed; again later. What
    /// else was to be given up is.
    #[error("readings are kept beyond their time, because their files cannot be written: {0}")]
    Files(#[source] FilesError),
    /// The file is an older state than was written to before (restored, or lost with power): clear the batch and read
    /// the logs again from these cursors.
    #[error("the archive went back to entry {} and alert record {}: read the logs again from there", .0.entries, .0.alerts)]
    Moved(Cursors),
    /// The batch begins behind the entry that is due, so that what is between would be missing for ever: clear it and
    /// read the journal again from the cursor. Entries that are gone are a [`crate::Gap`].
    #[error("the batch begins at entry {found}, but entry {expected} is due: read the journal again from there")]
    Hole {
        /// The entry after the cursor.
        expected: Seq,
        /// The first entry of the batch.
        found: Seq,
    },
}

impl WriteError {
    /// The name as a metric label.
    pub fn as_str(&self) -> &'static str {
        match self {
            WriteError::Busy(_) => "busy",
            WriteError::Unavailable(_) => "unavailable",
            WriteError::ReadOnly(_) => "read_only",
            WriteError::Full(_) => "full",
            WriteError::Damaged(_) => "damaged",
            WriteError::Files(_) => "files",
            WriteError::Moved(_) => "moved",
            WriteError::Hole { .. } => "hole",
        }
    }
}

/// Why a place cannot be used as an archive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("it is another program's database")]
    Foreign,
    #[error("schema {found} is newer than {known}")]
    Newer { found: i64, known: i64 },
    #[error(transparent)]
    Fault(Fault),
}

impl<E> From<E> for Unfit
where
    Fault: From<E>,
{
    fn from(error: E) -> Unfit {
        Unfit::Fault(Fault::from(error))
    }
}

impl From<Fault> for WriteError {
    fn from(fault: Fault) -> WriteError {
        let fault = match fault {
            Fault::Files(why) => return WriteError::Files(why),
            fault => fault,
        };
        match fault.trouble() {
            Trouble::Busy => WriteError::Busy(Cause(fault)),
            Trouble::Unavailable => WriteError::Unavailable(Cause(fault)),
            Trouble::ReadOnly => WriteError::ReadOnly(Cause(fault)),
            Trouble::Full => WriteError::Full(Cause(fault)),
            Trouble::Damaged => WriteError::Damaged(Cause(fault)),
        }
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> WriteError {
        WriteError::from(Fault::from(error))
    }
}

impl From<tokio_postgres::Error> for WriteError {
    fn from(error: tokio_postgres::Error) -> WriteError {
        WriteError::from(Fault::from(error))
    }
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> OpenError {
        match fault.trouble() {
            Trouble::Busy => OpenError::Busy(Cause(fault)),
            Trouble::Unavailable => OpenError::Unavailable(Cause(fault)),
            Trouble::ReadOnly => OpenError::ReadOnly(Cause(fault)),
            Trouble::Full => OpenError::Full(Cause(fault)),
            Trouble::Damaged => OpenError::Damaged(Cause(fault)),
        }
    }
}

impl From<Unfit> for OpenError {
    fn from(unfit: Unfit) -> OpenError {
        match unfit {
            Unfit::Foreign => OpenError::NotAnArchive,
            Unfit::Newer { found, known } => OpenError::Newer { found, known },
            Unfit::Fault(fault) => OpenError::from(fault),
        }
    }
}

/// While the station runs, a file that became another one needs a person as much as a damaged one.
pub(crate) fn write_error_of(error: OpenError) -> WriteError {
    match error {
        OpenError::Busy(cause) => WriteError::Busy(cause),
        OpenError::Unavailable(cause) => WriteError::Unavailable(cause),
        OpenError::ReadOnly(cause) => WriteError::ReadOnly(cause),
        OpenError::Full(cause) => WriteError::Full(cause),
        OpenError::Damaged(cause) => WriteError::Damaged(cause),
        other => WriteError::Damaged(Cause(Fault::malformed("the archive", other))),
    }
}

pub(crate) fn open_error_of(error: WriteError) -> OpenError {
    match error {
        WriteError::Busy(cause) => OpenError::Busy(cause),
        WriteError::Unavailable(cause) => OpenError::Unavailable(cause),
        WriteError::ReadOnly(cause) => OpenError::ReadOnly(cause),
        WriteError::Full(cause) => OpenError::Full(cause),
        WriteError::Damaged(cause) => OpenError::Damaged(cause),
        WriteError::Files(why) => OpenError::Unavailable(Cause(Fault::Files(why))),
        WriteError::Moved(_) | WriteError::Hole { .. } => {
            OpenError::Busy(Cause(Fault::Limit("the file changed while it was opened")))
        }
    }
}
