//! An archive whose logs were restored from a backup goes on with the restored ones, which have ids of their own.

use crate::errors::OpenError;
use crate::postgres::{self, Server};
use crate::sqlite;
use crate::store::Cursors;
use std::path::Path;
use watchfire_model::JournalId;

/// What a restore did to the ids of journal and alert log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// Those that were backed up.
    pub before: (JournalId, JournalId),
    /// Those that the restore gave.
    pub now: (JournalId, JournalId),
    /// How far the backup reaches: what the archive has beyond it stays, and its cursors go back to here.
    pub ends: Cursors,
}

impl Adoption {
    /// Lets the archive in a file go on with the restored logs. One that does so already stays as it is.
    ///
    /// # Errors
    /// [`OpenError::OtherJournal`] when it belongs to neither.
    pub fn of_file(&self, path: &Path) -> Result<(), OpenError> {
        sqlite::adopt(path, self)
    }

    /// The same on a server.
    ///
    /// # Errors
    /// As [`Adoption::of_file`].
    pub fn on_server(&self, server: &Server) -> Result<(), OpenError> {
        postgres::adopt(server, self)
    }

    /// What becomes of a cursor: `None` when it is as it should be already.
    pub(crate) fn cursor(&self, log: &str, found: &str, position: u64) -> Result<Option<(JournalId, u64)>, OpenError> {
        let (log, before, now, end) = match log {
            "alerts" => ("alerts", self.before.1, self.now.1, self.ends.alerts),
            _ => ("entries", self.before.0, self.now.0, self.ends.entries.0),
        };
        if found == now.to_string() {
            return Ok(None);
        }
        if found != before.to_string() {
            return Err(OpenError::OtherJournal { log, found: found.to_owned(), expected: now });
        }
        Ok(Some((now, position.min(end))))
    }
}
