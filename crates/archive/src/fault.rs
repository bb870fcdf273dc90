//! What can be wrong with the database, sorted by what to do next.

/// The cause of an error, for the log and the operator.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Cause(pub(crate) Fault);

/// Inside the crate: what a step of work can end with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file holds what this build never wrote.
    #[error("{what} cannot be read: {detail}")]
    Malformed { what: &'static str, detail: String },
    /// A limit of ours.
    #[error("{0}")]
    Limit(&'static str),
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Another process holds the lock: again soon.
    Busy,
    /// The file cannot be opened, read or written now: again later.
    Unavailable,
    /// No room: make some.
    Full,
    /// The file is not what it should be: a person is needed.
    Damaged,
}

impl Fault {
    pub(crate) fn malformed(what: &'static str, detail: impl ToString) -> Fault {
        Fault::Malformed { what, detail: detail.to_string() }
    }

    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Fault::Sqlite(error) => trouble_of(error),
            Fault::Malformed { .. } => Trouble::Damaged,
            Fault::Limit(_) => Trouble::Busy,
        }
    }
}

fn trouble_of(error: &rusqlite::Error) -> Trouble {
    use rusqlite::ErrorCode as Code;
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed => Trouble::Busy,
            Code::DiskFull => Trouble::Full,
            // A constraint or a type that does not fit, or a table that is gone (`Unknown`), means that somebody else
            // changed the file: our own statements are checked by the tests.
            Code::DatabaseCorrupt
            | Code::NotADatabase
            | Code::ConstraintViolation
            | Code::TypeMismatch
            | Code::Unknown => Trouble::Damaged,
            _ => Trouble::Unavailable,
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::SqlInputError { .. } => Trouble::Damaged,
        _ => Trouble::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn every_trouble_has_its_next_step() {
        let cases = [
            (ffi::SQLITE_BUSY, Trouble::Busy),
            (ffi::SQLITE_LOCKED, Trouble::Busy),
            (ffi::SQLITE_FULL, Trouble::Full),
            (ffi::SQLITE_READONLY, Trouble::Unavailable),
            (ffi::SQLITE_CANTOPEN, Trouble::Unavailable),
            (ffi::SQLITE_IOERR, Trouble::Unavailable),
            (ffi::SQLITE_IOERR_FSYNC, Trouble::Unavailable),
            (ffi::SQLITE_CORRUPT, Trouble::Damaged),
            (ffi::SQLITE_NOTADB, Trouble::Damaged),
            (ffi::SQLITE_CONSTRAINT, Trouble::Damaged),
        ];
        for (code, trouble) in cases {
            let fault = Fault::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert_eq!(fault.trouble(), trouble, "{fault}");
        }
    }
}
