//! A few connections that readers borrow, opened when the first questions come.

use crate::fault::{Cause, Fault};
use crate::history::QueryError;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections that are open at a time.
pub const READERS_MAX: usize = 4;
/// How long a question waits for one of them.
pub(crate) const WAIT: Duration = Duration::from_secs(5);

/// See the head of this file.
pub(crate) struct Pool<C> {
    readers: Mutex<Readers<C>>,
    returned: Condvar,
}

struct Readers<C> {
    idle: Vec<C>,
    lent: usize,
}

/// The right to one of the connections; gives it back, whatever happens.
pub(crate) struct Lent<'a, C> {
    pool: &'a Pool<C>,
    /// `None`: none was open. What is here at the end is kept for the next question.
    pub(crate) connection: Option<C>,
}

impl<C> Pool<C> {
    /// With no connection open.
    pub(crate) fn new() -> Pool<C> {
        Pool { readers: Mutex::new(Readers { idle: Vec::new(), lent: 0 }), returned: Condvar::new() }
    }

    /// Waits for a turn.
    pub(crate) fn lend(&self) -> Result<Lent<'_, C>, QueryError> {
        let full = |readers: &mut Readers<C>| readers.lent >= READERS_MAX;
        let waited = self.returned.wait_timeout_while(self.readers(), WAIT, full);
        let (mut readers, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if readers.lent >= READERS_MAX {
            return Err(QueryError::Busy(Cause(Fault::Limit("every reader is in use"))));
        }
        readers.lent += 1;
        Ok(Lent { pool: self, connection: readers.idle.pop() })
    }

    fn readers(&self) -> MutexGuard<'_, Readers<C>> {
        // The lock guards a list and a number that are changed together; a panic elsewhere leaves them whole.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        let mut readers = self.pool.readers();
        readers.lent -= 1;
        readers.idle.extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}
