//! From a file to a server, while the station goes on writing the file.

use crate::errors::{OpenError, Unfit};
use crate::fault::Fault;
use crate::postgres::{self, Server};
use crate::sqlite::Export;
use std::path::Path;

/// What has been copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Readings.
    pub readings: u64,
    /// Days of readings, and how many of them are done.
    pub days: usize,
    /// Of [`Migrated::days`].
    pub days_done: usize,
    /// Rows of every other table.
    pub rows: Vec<(&'static str, u64)>,
}

/// Why an archive was not migrated. The file is as it was; on the server it is begun anew.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The server's archive is in use: name another database.
    #[error(
        "the archive on the server holds history already; name an empty database, or drop its schema `watchfire` first"
    )]
    NotEmpty,
    /// As the variants say.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<Fault> for MigrateError {
    fn from(fault: Fault) -> MigrateError {
        MigrateError::Open(OpenError::from(fault))
    }
}

impl From<Unfit> for MigrateError {
    fn from(unfit: Unfit) -> MigrateError {
        MigrateError::Open(OpenError::from(unfit))
    }
}

/// Copies one committed state of the archive in a file to a server, roll-ups and cursors included: a station that opens
/// the server's archive afterwards goes on where that state ends. `told` hears of each day that is done.
///
/// # Errors
/// See [`MigrateError`].
pub fn migrate(from: &Path, to: &Server, told: impl FnMut(&Migrated)) -> Result<Migrated, MigrateError> {
    let export = Export::open(from)?;
    postgres::fill(to, &export, told)
}
