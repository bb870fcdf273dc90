//! The one writer.

use super::names::Names;
use super::schema;
use super::{fold, rows, tail};
use crate::batch::Batch;
use crate::errors::{OpenError, WriteError, open_error_of, write_error_of};
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::store::{Cursors, StoreOptions, check_no_hole};
use prometheus::Registry;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::path::{Path, PathBuf};
use watchfire_model::{JournalId, Seq};

/// The one writer of the file.
pub(crate) struct FileStore {
    path: PathBuf,
    pub(crate) journal: JournalId,
    alert_journal: JournalId,
    pub(crate) options: StoreOptions,
    /// `None` after an error: what is in memory may be ahead of the file, so all of it is read again.
    live: Option<Live>,
    cursors: Cursors,
    durable: Cursors,
    pub(crate) metrics: Metrics,
}

/// A connection and what was read over it.
pub(crate) struct Live {
    pub(crate) connection: Connection,
    names: Names,
    tail_readings: u64,
}

impl FileStore {
    /// Opens the archive of these logs; makes it when there is none.
    pub(crate) fn open(
        path: &Path,
        journal: JournalId,
        alert_journal: JournalId,
        options: StoreOptions,
    ) -> Result<FileStore, OpenError> {
        let metrics = Metrics::new();
        metrics.bytes_max.set(options.bytes_max.map_or(0, u64::cast_signed));
        let (path, cursors) = (path.to_owned(), Cursors::default());
        let mut store =
            FileStore { path, journal, alert_journal, options, live: None, cursors, durable: cursors, metrics };
        let (live, cursors) = store.connect()?;
        store.live = Some(live);
        store.cursors = cursors;
        // What a killed process left in the page cache only is made durable before anybody counts on it.
        store.sync().map_err(open_error_of)?;
        Ok(store)
    }

    /// Registers the writer's metrics.
    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.metrics.register(registry)
    }

    /// How far the logs are committed: where to read on. A crash of the machine can take this back to
    /// [`FileStore::durable`], a crash of the process cannot.
    pub(crate) fn cursors(&self) -> Cursors {
        self.cursors
    }

    /// How far the logs are known to be on the disk: what their retention may go by.
    pub(crate) fn durable(&self) -> Cursors {
        self.durable
    }

    /// Writes the batch and both cursors in one transaction, and empties the batch. What is at or before the cursors
    /// is left out: it is there already.
    pub(crate) fn write(&mut self, batch: &mut Batch) -> Result<(), WriteError> {
        let timer = self.metrics.write_seconds.start_timer();
        self.run(|store, live| store.try_write(live, batch))?;
        timer.observe_duration();
        self.metrics.batches.inc();
        batch.clear();
        Ok(())
    }

    /// Copies the log into the file and syncs both, as far as readers let it. Returns what is durable now. Called now
    /// and then (each half minute), so that the journal need not be kept longer than it must.
    pub(crate) fn sync(&mut self) -> Result<Cursors, WriteError> {
        self.run(|store, live| {
            let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
            let (busy, log, copied): (bool, i64, i64) =
                live.connection.query_row(checkpoint, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            if !busy && log == copied {
                store.durable = store.cursors;
            }
            store.metrics.bytes.set(schema::file_bytes(&live.connection)?.1.cast_signed());
            Ok(store.durable)
        })
    }

    /// Folds what waits in the tail into blocks now rather than when there is enough.
    pub(crate) fn fold(&mut self) -> Result<(), WriteError> {
        self.run(|store, live| store.fold_tail(live))
    }

    /// Runs a step of work; after an error the connection is given up, and the next step opens another.
    pub(crate) fn run<T>(
        &mut self,
        work: impl FnOnce(&mut FileStore, &mut Live) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let result = match self.take_live() {
            Ok(mut live) => {
                let result = work(self, &mut live);
                if result.is_ok() {
                    self.live = Some(live);
                }
                result
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &result {
            self.metrics.errors.with_label_values(&[error.as_str()]).inc();
        }
        result
    }

    fn take_live(&mut self) -> Result<Live, WriteError> {
        if let Some(live) = self.live.take() {
            return Ok(live);
        }
        let (live, found) = self.connect().map_err(write_error_of)?;
        self.check_not_behind(found)?;
        self.cursors = found;
        Ok(live)
    }

    /// A file that is ahead took a commit whose success we were not told. One that is behind lost some.
    fn check_not_behind(&mut self, found: Cursors) -> Result<(), WriteError> {
        if found.entries >= self.cursors.entries && found.alerts >= self.cursors.alerts {
            return Ok(());
        }
        (self.cursors, self.durable) = (found, found);
        Err(WriteError::Moved(found))
    }

    fn try_write(&mut self, live: &mut Live, batch: &Batch) -> Result<(), WriteError> {
        if live.tail_readings >= self.options.tail_readings_max {
            self.fold_tail(live)?;
        }
        let Live { connection, names, tail_readings } = live;
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = read_cursors(&step, self.journal, self.alert_journal).map_err(write_error_of)?;
        self.check_not_behind(found)?;
        check_no_hole(found, batch)?;
        let written = rows::write(&step, names, batch, found, self.journal)?;
        let cursors = Cursors {
            entries: found.entries.max(batch.entries_to.unwrap_or_default()),
            alerts: found.alerts.max(batch.alerts_to.unwrap_or_default()),
        };
        move_cursors(&step, cursors)?;
        step.commit()?;
        self.cursors = cursors;
        *tail_readings += written.readings;
        written.count(&self.metrics);
        self.metrics.tail.set(tail_readings.cast_signed());
        self.metrics.bytes.set(schema::file_bytes(connection)?.1.cast_signed());
        Ok(())
    }

    fn fold_tail(&mut self, live: &mut Live) -> Result<(), WriteError> {
        let timer = self.metrics.fold_seconds.start_timer();
        let repeats = fold::fold(&mut live.connection, &mut live.names)?;
        timer.observe_duration();
        live.tail_readings = 0;
        self.metrics.tail.set(0);
        self.metrics.repeats.inc_by(repeats.try_into().unwrap_or(u64::MAX));
        Ok(())
    }

    fn connect(&self) -> Result<(Live, Cursors), OpenError> {
        let connection = schema::open_writer(&self.path, self.options.busy_wait, self.options.bytes_max)?;
        let cursors = read_cursors(&connection, self.journal, self.alert_journal)?;
        let mut names = Names::default();
        tail::for_each_frame(&connection, (i64::MIN, i64::MAX), |frame| {
            names.repeats(&connection, frame.device, frame.received, frame.fingerprint)?;
            Ok(())
        })?;
        let tail_readings = tail::readings(&connection)?;
        self.metrics.tail.set(tail_readings.cast_signed());
        Ok((Live { connection, names, tail_readings }, cursors))
    }
}

/// The cursors, after a check that they are those of these logs. Makes them where there are none.
fn read_cursors(connection: &Connection, journal: JournalId, alert_journal: JournalId) -> Result<Cursors, OpenError> {
    let entries = read_cursor(connection, "entries", journal)?;
    let alerts = read_cursor(connection, "alerts", alert_journal)?;
    Ok(Cursors { entries: Seq(entries), alerts })
}

fn read_cursor(connection: &Connection, log: &'static str, expected: JournalId) -> Result<u64, OpenError> {
    let found: Option<(String, i64)> = connection
        .prepare_cached("SELECT journal, position FROM cursors WHERE log = ?1")
        .and_then(|mut statement| statement.query_row([log], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(Fault::from)?;
    match found {
        Some((found, position)) if found == expected.to_string() => Ok(position.cast_unsigned()),
        Some((found, _)) => Err(OpenError::OtherJournal { log, found, expected }),
        None => {
            let sql = "INSERT INTO cursors (log, journal, position) VALUES (?1, ?2, 0)";
            connection.execute(sql, (log, expected.to_string())).map_err(Fault::from)?;
            Ok(0)
        }
    }
}

fn move_cursors(connection: &Connection, cursors: Cursors) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("UPDATE cursors SET position = ?2 WHERE log = ?1")?;
    for (log, position) in [("entries", cursors.entries.0), ("alerts", cursors.alerts)] {
        let changed = statement.execute((log, position.cast_signed()))?;
        assert_eq!(changed, 1, "both cursors were read in this transaction");
    }
    Ok(())
}
