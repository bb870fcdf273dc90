//! The read side: a few read-only connections that anybody may ask through, while the writer writes. A query sees one
//! committed state of the archive from its first row to its last.

use crate::fault::{Cause, Fault, Trouble};
use crate::schema::{self, Unfit};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections that are open at a time.
pub const READERS_MAX: usize = 4;
/// How long a query waits for one of them, and for a lock.
const WAIT: Duration = Duration::from_secs(5);

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Every reader is in use or the file is locked: again soon.
    #[error("the archive is busy, ask again: {0}")]
    Busy(#[source] Cause),
    /// The archive is down: again later.
    #[error("the archive cannot be read now: {0}")]
    Unavailable(#[source] Cause),
    /// The file is not what it should be: a person is needed.
    #[error("the archive is damaged, move it aside and restore a backup or begin a new one: {0}")]
    Damaged(#[source] Cause),
    /// More than one question may read: ask for less.
    #[error("too much for one question, ask for a shorter time: {0}")]
    TooMuch(#[source] Cause),
}

impl From<Fault> for QueryError {
    fn from(fault: Fault) -> QueryError {
        if matches!(fault, Fault::Limit(_)) {
            return QueryError::TooMuch(Cause(fault));
        }
        match fault.trouble() {
            Trouble::Busy => QueryError::Busy(Cause(fault)),
            Trouble::Unavailable | Trouble::Full => QueryError::Unavailable(Cause(fault)),
            Trouble::Damaged => QueryError::Damaged(Cause(fault)),
        }
    }
}

/// Answers questions about the past. Cheap to clone; all clones share the readers. Every method waits for the disk:
/// call it where waiting is allowed.
#[derive(Clone)]
pub struct History {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    readers: Mutex<Readers>,
    returned: Condvar,
}

#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    lent: usize,
}

impl History {
    /// The history in that file. The file is opened with the first question, and again after it could not be read: an
    /// archive that is down keeps nobody from starting.
    pub fn open(path: &Path) -> History {
        let shared = Shared { path: path.to_owned(), readers: Mutex::default(), returned: Condvar::new() };
        History { shared: Arc::new(shared) }
    }

    /// Answers with what `ask` reads from one committed state.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, QueryError> {
        let mut reader = self.shared.lend()?;
        let connection = match reader.connection.take() {
            Some(connection) => connection,
            None => schema::open_reader(&self.shared.path, WAIT).map_err(query_error_of)?,
        };
        let answer = connection.unchecked_transaction().map_err(Fault::from).and_then(|state| ask(&state))?;
        // After an error the connection is dropped: the file may have become another one.
        reader.connection = Some(connection);
        Ok(answer)
    }
}

/// The right to one of the readers; gives it back, whatever happens.
struct Reader<'a> {
    shared: &'a Shared,
    connection: Option<Connection>,
}

impl Shared {
    fn lend(&self) -> Result<Reader<'_>, QueryError> {
        let full = |readers: &mut Readers| readers.lent >= READERS_MAX;
        let waited = self.returned.wait_timeout_while(self.readers(), WAIT, full);
        let (mut readers, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if readers.lent >= READERS_MAX {
            return Err(QueryError::Busy(Cause(Fault::Limit("every reader is in use"))));
        }
        readers.lent += 1;
        Ok(Reader { shared: self, connection: readers.idle.pop() })
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        // The lock guards a list and a number that are changed together; a panic elsewhere leaves them whole.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.shared.readers();
        readers.lent -= 1;
        readers.idle.extend(self.connection.take());
        self.shared.returned.notify_one();
    }
}

fn query_error_of(unfit: Unfit) -> QueryError {
    match unfit {
        Unfit::Fault(fault) => QueryError::from(fault),
        Unfit::Foreign | Unfit::Newer { .. } => {
            QueryError::Damaged(Cause(Fault::malformed("the archive", unfit.to_string())))
        }
    }
}
