//! Reading the file, while the writer writes: each question sees one committed state.

use super::schema;
use crate::fault::Fault;
use crate::history::QueryError;
use crate::pool::{Pool, WAIT};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// See the head of this file.
pub(crate) struct FileReader {
    path: PathBuf,
    pool: Pool<Connection>,
}

impl FileReader {
    /// Of that file, which is opened with the first question, and again after it could not be read.
    pub(crate) fn new(path: &Path) -> FileReader {
        FileReader { path: path.to_owned(), pool: Pool::new() }
    }

    /// Answers with what `ask` reads from one committed state.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, QueryError> {
        let mut lent = self.pool.lend()?;
        let connection = match lent.connection.take() {
            Some(connection) => connection,
            None => schema::open_reader(&self.path, WAIT)?,
        };
        let answer = connection.unchecked_transaction().map_err(Fault::from).and_then(|state| ask(&state))?;
        // After an error the connection is dropped: the file may have become another one.
        lent.connection = Some(connection);
        Ok(answer)
    }
}
