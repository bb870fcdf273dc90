//! The one writer of an archive, in a file or on a server.

use crate::batch::{BATCH_ROWS_MAX_SERVER, Batch};
use crate::errors::{OpenError, WriteError};
use crate::postgres::{Server, ServerOptions, ServerStore};
use crate::retention::{GivenUp, Retention};
use crate::sqlite::FileStore;
use prometheus::Registry;
use std::path::Path;
use std::time::Duration;
use watchfire_model::{JournalId, Seq};

/// How an archive in a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Most bytes of the file; beyond them writing answers [`WriteError::Full`]. `None`: as the disk has.
    pub bytes_max: Option<u64>,
    /// Readings that wait at most before they are folded into blocks. A query of history reads through all that wait
    /// (about 4 ms per 100,000); with fewer waiting, blocks are written more often.
    pub tail_readings_max: u64,
    /// How long a write waits for a lock that another process holds.
    pub busy_wait: Duration,
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions { bytes_max: None, tail_readings_max: 250_000, busy_wait: Duration::from_secs(2) }
    }
}

/// How far the logs are archived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    /// The last entry; 0 before the first.
    pub entries: Seq,
    /// The last record of the alert log; 0 before the first.
    pub alerts: u64,
}

/// The one writer of an archive, used from one thread. Reading goes by [`crate::History`].
pub struct Store {
    place: Place,
}

enum Place {
    File(Box<FileStore>),
    Server(Box<ServerStore>),
}

impl Store {
    /// Opens the archive of these logs in a file; makes it when there is none.
    ///
    /// # Errors
    /// As the variants say; [`OpenError::OtherJournal`] is the one that ends the station.
    pub fn open(path: &Path, journal: JournalId, alert_journal: JournalId) -> Result<Store, OpenError> {
        Store::open_with(path, journal, alert_journal, StoreOptions::default())
    }

    /// As [`Store::open`], with options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(
        path: &Path,
        journal: JournalId,
        alert_journal: JournalId,
        options: StoreOptions,
    ) -> Result<Store, OpenError> {
        let file = FileStore::open(path, journal, alert_journal, options)?;
        Ok(Store { place: Place::File(Box::new(file)) })
    }

    /// Copies one committed state of the archive in a file into a new one, while it is written. The copy is not synced.
    ///
    /// # Errors
    /// As [`Store::open`]; [`OpenError::Unavailable`] also when there is something at `to`.
    pub fn copy_file(from: &Path, to: &Path) -> Result<(), OpenError> {
        crate::sqlite::copy(from, to)
    }

    /// Opens the archive of these logs on a server; makes its tables when there are none.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn on_server(
        server: &Server,
        journal: JournalId,
        alert_journal: JournalId,
        options: ServerOptions,
    ) -> Result<Store, OpenError> {
        let server = ServerStore::open(server, journal, alert_journal, options)?;
        Ok(Store { place: Place::Server(Box::new(server)) })
    }

    /// Registers the writer's metrics.
    ///
    /// # Errors
    /// When the registry has metrics of these names.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        match &self.place {
            Place::File(file) => file.register(registry),
            Place::Server(server) => server.register(registry),
        }
    }

    /// How far the logs are committed: where to read on. A crash of the machine can take this back to
    /// [`Store::durable`], a crash of the process cannot.
    pub fn cursors(&self) -> Cursors {
        match &self.place {
            Place::File(file) => file.cursors(),
            Place::Server(server) => server.cursors(),
        }
    }

    /// The last entry of which anything is there, at the opening: behind the cursor are only parts of a batch that was cut
    /// short. A journal that ends before it is not the one that was archived.
    pub fn reach(&self) -> Seq {
        match &self.place {
            Place::File(file) => file.cursors().entries,
            Place::Server(server) => server.reach(),
        }
    }

    /// How far the logs are known to be on the disk: what their retention may go by.
    pub fn durable(&self) -> Cursors {
        match &self.place {
            Place::File(file) => file.durable(),
            Place::Server(server) => server.durable(),
        }
    }

    /// An empty batch of the size that suits the place.
    pub fn batch(&self) -> Batch {
        match &self.place {
            Place::File(_) => Batch::default(),
            Place::Server(_) => Batch::of_rows(BATCH_ROWS_MAX_SERVER),
        }
    }

    /// Writes the batch and both cursors in one transaction, and empties the batch. What is at or before the cursors
    /// is left out: it is there already.
    ///
    /// # Errors
    /// The batch is then as before, and none of it is written.
    pub fn write(&mut self, batch: &mut Batch) -> Result<(), WriteError> {
        match &mut self.place {
            Place::File(file) => file.write(batch),
            Place::Server(server) => server.write(batch),
        }
    }

    /// Does what is due between batches so that what was written becomes durable. Returns what is durable now. Called
    /// now and then (each half minute), so that the journal need not be kept longer than it must.
    ///
    /// # Errors
    /// Nothing is lost; as after a failed write.
    pub fn sync(&mut self) -> Result<Cursors, WriteError> {
        match &mut self.place {
            Place::File(file) => file.sync(),
            Place::Server(server) => server.sync(),
        }
    }

    /// Does now what is else done in the background: a file's tail is folded into blocks, a server's roll-ups are made and
    /// its days that are over compressed.
    ///
    /// # Errors
    /// Nothing is lost; as after a failed write.
    pub fn fold(&mut self) -> Result<(), WriteError> {
        match &mut self.place {
            Place::File(file) => file.fold(),
            Place::Server(server) => server.fold(),
        }
    }

    /// Bytes of the archive that hold something now: what [`Retention::bytes_wanted`] is to be measured by.
    ///
    /// # Errors
    /// As after a failed write.
    pub fn bytes_used(&mut self) -> Result<u64, WriteError> {
        match &mut self.place {
            Place::File(file) => file.bytes_used(),
            Place::Server(server) => server.bytes_used(),
        }
    }

    /// Gives up what need not be kept, and the oldest readings until there is the room that is wanted. To be called
    /// each hour, and after [`WriteError::Full`].
    ///
    /// # Errors
    /// What was given up until then stays so; as after a failed write.
    pub fn retain(&mut self, retention: &Retention) -> Result<GivenUp, WriteError> {
        match &mut self.place {
            Place::File(file) => file.retain(retention),
            Place::Server(server) => server.retain(retention),
        }
    }
}

/// What is between the cursor and the batch would be missing, and nothing would show it.
pub(crate) fn check_no_hole(found: Cursors, batch: &Batch) -> Result<(), WriteError> {
    let expected = Seq(found.entries.0 + 1);
    match batch.entries_from {
        Some(from) if from > expected => Err(WriteError::Hole { expected, found: from }),
        _ => Ok(()),
    }
}
