//! What can be wrong with the database, sorted by what to do next.

use crate::files::FilesError;

/// The cause of an error, for the log and the operator.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Cause(pub(crate) Fault);

/// Inside the crate: what a step of work can end with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{}", full_text(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The tables could not be brought up to date.
    #[error("{}", migration_text(.0))]
    Migration(refinery::Error),
    /// The server did not answer in time.
    #[error("the server did not answer within {0} s")]
    TimedOut(u64),
    /// The connection could not be prepared: certificates, sockets.
    #[error("{0}")]
    Setup(String),
    /// The archive holds what this build never wrote.
    #[error("{what} cannot be read: {detail}")]
    Malformed { what: &'static str, detail: String },
    /// The files of readings, which are not the archive itself.
    #[error("{0}")]
    Files(#[from] FilesError),
    /// A limit of ours.
    #[error("{0}")]
    Limit(&'static str),
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Another process holds the lock: again soon.
    Busy,
    /// The archive cannot be opened, read or written now: again later.
    Unavailable,
    /// It may only be read now, as a stand-by is: again later, elsewhere.
    ReadOnly,
    /// No room: make some.
    Full,
    /// The archive is not what it should be: a person is needed.
    Damaged,
}

impl Fault {
    pub(crate) fn malformed(what: &'static str, detail: impl ToString) -> Fault {
        Fault::Malformed { what, detail: detail.to_string() }
    }

    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Fault::Sqlite(error) => trouble_of(error),
            Fault::Postgres(error) => trouble_of_server(error),
            Fault::Migration(error) => trouble_of_migration(error),
            Fault::TimedOut(_) | Fault::Setup(_) | Fault::Files(_) => Trouble::Unavailable,
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
            Code::ReadOnly => Trouble::ReadOnly,
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

fn trouble_of_server(error: &tokio_postgres::Error) -> Trouble {
    // Without a code the connection is gone, or what came over it is not what we asked for; a new one will tell.
    error.code().map_or(Trouble::Unavailable, |code| trouble_of_state(code.code()))
}

fn trouble_of_migration(error: &refinery::Error) -> Trouble {
    match (source_of::<rusqlite::Error>(error), source_of::<tokio_postgres::Error>(error)) {
        (Some(error), _) => trouble_of(error),
        (_, Some(error)) => trouble_of_server(error),
        _ => Trouble::Damaged,
    }
}

/// What the database itself said.
fn source_of<E: std::error::Error + 'static>(error: &refinery::Error) -> Option<&E> {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.into_iter().find_map(<dyn std::error::Error>::downcast_ref)
}

fn migration_text(error: &refinery::Error) -> String {
    source_of::<tokio_postgres::Error>(error).map_or_else(|| error.to_string(), full_text)
}

/// By SQLSTATE: <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
fn trouble_of_state(state: &str) -> Trouble {
    match state {
        // A lock or a statement that waited too long, a deadlock, a conflict with a stand-by's replay, all connections
        // taken, being shut down or started.
        "55P03" | "57014" | "40001" | "40P01" | "53300" => Trouble::Busy,
        "25006" => Trouble::ReadOnly,
        "53100" => Trouble::Full,
        _ => match state.get(..2) {
            // A table, column or function that is not as we left it, a constraint, a value that does not fit, broken
            // pages: somebody else changed the tables, for our own statements are checked by the tests.
            Some("22" | "23" | "42") if state != "42501" => Trouble::Damaged,
            Some("XX") => Trouble::Damaged,
            // Connection, authentication, rights, resources, shutdown, restart.
            _ => Trouble::Unavailable,
        },
    }
}

/// With the server's own words: the library's text says only "db error".
fn full_text(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => {
            std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_server_has_its_next_step() {
        let cases = [
            ("53100", Trouble::Full),
            ("25006", Trouble::ReadOnly),
            ("57014", Trouble::Busy),
            ("57P01", Trouble::Unavailable),
            ("57P03", Trouble::Unavailable),
            ("08006", Trouble::Unavailable),
            ("28P01", Trouble::Unavailable),
            ("42501", Trouble::Unavailable),
            ("3D000", Trouble::Unavailable),
            ("42P01", Trouble::Damaged),
            ("23514", Trouble::Damaged),
            ("22008", Trouble::Damaged),
            ("XX001", Trouble::Damaged),
        ];
        for (state, trouble) in cases {
            assert_eq!(trouble_of_state(state), trouble, "{state}");
        }
    }

    use rusqlite::ffi;

    #[test]
    fn every_trouble_has_its_next_step() {
        let cases = [
            (ffi::SQLITE_BUSY, Trouble::Busy),
            (ffi::SQLITE_LOCKED, Trouble::Busy),
            (ffi::SQLITE_FULL, Trouble::Full),
            (ffi::SQLITE_READONLY, Trouble::ReadOnly),
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
