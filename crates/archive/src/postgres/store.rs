//! The one writer of the server.

use super::compression_thread::CompressionThread;
use super::lanes::{Lanes, Shares};
use super::link::Link;
use super::names::Names;
use super::recent_frames::RecentFrames;
use super::rollups_thread::RollupsThread;
use super::rows::Rows;
use super::server::Server;
use super::session::{Purpose, Session};
use super::{cursors, hypertable, retention, rollups, rows, schema};
use crate::batch::Batch;
use crate::errors::{OpenError, WriteError, write_error_of};
use crate::fault::{Cause, Fault};
use crate::files::Files;
use crate::metrics::Metrics;
use crate::retention::{GivenUp, Retention};
use crate::store::{Cursors, check_no_hole};
use prometheus::Registry;
use std::collections::BTreeSet;
use std::num::NonZeroU16;
use watchfire_model::{JournalId, Seq};

/// How an archive on a server is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// Bytes of tables and indexes beyond which [`crate::Store::retain`] gives up the oldest days. `None`: as the
    /// server has.
    pub bytes_max: Option<u64>,
    /// How many connections write readings. More are of use while the server has cores to spare.
    pub connections: NonZeroU16,
    /// A batch with fewer readings goes over the first connection alone: it is not worth a commit for each.
    pub spread_readings_min: usize,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions { bytes_max: None, connections: CONNECTIONS, spread_readings_min: 4_000 }
    }
}

/// How many connections write readings, unless it is said otherwise.
pub const CONNECTIONS: NonZeroU16 = NonZeroU16::new(2).expect("two");

/// See the head of this file.
pub(crate) struct ServerStore {
    server: Server,
    options: ServerOptions,
    journal: JournalId,
    alert_journal: JournalId,
    /// `None` after an error: what is in memory may be ahead of the server, so all of it is read again.
    live: Option<Live>,
    cursors: Cursors,
    metrics: Metrics,
    rollups: RollupsThread,
    compression: CompressionThread,
}

/// A connection and what was read over it.
struct Live {
    session: Session,
    known: Known,
    lanes: Lanes,
}

/// What was read over a connection.
pub(crate) struct Known {
    pub(crate) names: Names,
    pub(crate) recent: RecentFrames,
    /// The days that have partitions.
    days: BTreeSet<i64>,
}

impl ServerStore {
    /// Opens the archive of these logs; makes its tables when there are none.
    pub(crate) fn open(
        server: &Server,
        journal: JournalId,
        alert_journal: JournalId,
        options: ServerOptions,
    ) -> Result<ServerStore, OpenError> {
        let metrics = Metrics::new();
        metrics.bytes_max.set(options.bytes_max.map_or(0, u64::cast_signed));
        let (live, cursors) = connect(server, journal, alert_journal, options.connections)?;
        live.session.run(hypertable::tell)?;
        let rollups = RollupsThread::start(server)
            .map_err(|error| OpenError::Unavailable(Cause(Fault::Setup(format!("no thread for roll-ups: {error}")))))?;
        let (server, live) = (server.clone(), Some(live));
        let compression = CompressionThread::default();
        Ok(ServerStore { server, options, journal, alert_journal, live, cursors, metrics, rollups, compression })
    }

    /// Registers the writer's metrics.
    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.metrics.register(registry)?;
        self.rollups.metrics.register(registry)
    }

    /// How far the logs are committed.
    pub(crate) fn cursors(&self) -> Cursors {
        self.cursors
    }

    /// The last entry of which it has something.
    pub(crate) fn reach(&self) -> Seq {
        self.live.as_ref().map_or(self.cursors.entries, |live| live.lanes.reach().max(self.cursors.entries))
    }

    /// The same: the server answers a commit when it is on its disk, unless it was set up otherwise; should it lose
    /// one after all, the cursors are found behind.
    pub(crate) fn durable(&self) -> Cursors {
        self.cursors
    }

    /// Writes the batch and both cursors, and empties the batch: in one transaction, but for what lanes write before it.
    pub(crate) fn write(&mut self, batch: &mut Batch) -> Result<(), WriteError> {
        let timer = self.metrics.write_seconds.start_timer();
        if !self.run(|store, live| store.try_write(live, batch))? {
            // What is in memory is read again.
            self.live = None;
            if !self.run(|store, live| store.try_write(live, batch))? {
                return Err(WriteError::from(Fault::Limit("another writer moves its cursors")));
            }
        }
        timer.observe_duration();
        self.metrics.batches.inc();
        batch.clear();
        Ok(())
    }

    /// Writes what may be some seconds old, and measures the tables.
    pub(crate) fn sync(&mut self) -> Result<Cursors, WriteError> {
        self.run(|store, live| {
            let Live { session, known, .. } = live;
            let bytes = session.run(async |link| {
                link.batch("BEGIN").await?;
                known.names.store_states(link).await?;
                known.recent.forget(link).await?;
                link.batch("COMMIT").await?;
                retention::bytes_used(link).await
            })?;
            store.metrics.bytes.set(bytes.cast_signed());
            Ok(store.cursors)
        })
    }

    /// Makes the roll-ups that are due now, and waits for the days that are being compressed.
    pub(crate) fn fold(&mut self) -> Result<(), WriteError> {
        self.compression.wait();
        self.run(|_, live| Ok(live.session.run(rollups::finish)?))
    }

    /// Bytes of all tables and indexes.
    pub(crate) fn bytes_used(&mut self) -> Result<u64, WriteError> {
        self.run(|_, live| Ok(live.session.run(retention::bytes_used)?))
    }

    /// Gives up what need not be kept, makes the partitions of the days to come, and has days compressed behind it.
    pub(crate) fn retain(&mut self, retention: &Retention) -> Result<GivenUp, WriteError> {
        self.run(|store, live| {
            let Live { session, known, .. } = live;
            let bytes_max = store.options.bytes_max;
            session.run(async |link| retention::make_days_ahead(link, retention.now.0).await)?;
            let files = retention.files.as_deref().map(|folder| Files { folder, journal: store.journal });
            // A day that is written to a file takes its time.
            let patient = files.map(|_| Session::open(&store.server, Purpose::Upkeep)).transpose()?;
            let given = patient
                .as_ref()
                .unwrap_or(session)
                .run(async |link| retention::retain(link, retention, bytes_max, files).await)?;
            if session.run(hypertable::can_compress)? {
                store.compression.begin(&store.server, retention.now.0);
            }
            known.days = session.run(retention::days)?.into_iter().collect();
            store.metrics.bytes.set(given.bytes_used.cast_signed());
            Ok(given)
        })
    }

    /// Runs a step of work; after an error the connection is given up, and the next step opens another.
    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut ServerStore, &mut Live) -> Result<T, WriteError>,
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
        let (live, found) = connect(&self.server, self.journal, self.alert_journal, self.options.connections)
            .map_err(write_error_of)?;
        self.check_not_behind(found)?;
        self.cursors = found;
        Ok(live)
    }

    /// A server that is ahead took a commit whose success we were not told. One that is behind lost some: it was
    /// restored, or another took its place that had not heard of them.
    fn check_not_behind(&mut self, found: Cursors) -> Result<(), WriteError> {
        if found.entries >= self.cursors.entries && found.alerts >= self.cursors.alerts {
            return Ok(());
        }
        self.cursors = found;
        Err(WriteError::Moved(found))
    }

    /// `false`: another writer was here, and nothing was written.
    fn try_write(&mut self, live: &mut Live, batch: &Batch) -> Result<bool, WriteError> {
        let Live { session, known, lanes } = live;
        let frames = rows::frames_of(batch, self.cursors);
        let found = session.run(async |link| {
            make_days(link, known, batch).await?;
            known.names.learn(link, &frames).await?;
            link.batch("BEGIN").await?;
            let found = cursors::read(link, self.journal, self.alert_journal).await.map_err(write_error_of)?;
            self.check_not_behind(found)?;
            check_no_hole(found, batch)?;
            Ok::<_, WriteError>(found)
        })?;
        if found != self.cursors {
            return Ok(false);
        }
        let moved = Cursors {
            entries: found.entries.max(batch.entries_to.unwrap_or_default()),
            alerts: found.alerts.max(batch.alerts_to.unwrap_or_default()),
        };
        let readings: usize = frames.iter().map(|(_, readings)| readings.len()).sum();
        let is_spread = !lanes.is_none() && readings >= self.options.spread_readings_min;
        let mut rows = Rows::of(known, &frames, lanes, is_spread);
        let shares = std::mem::take(&mut rows.lanes);
        let first = || session.run(async |link| rows::write(link, known, rows, batch, found, self.journal).await);
        let (written, noted) = if is_spread { lanes.send(shares, moved.entries, first)? } else { first()? };
        session.run(async |link| {
            noted.write(link).await?;
            cursors::write(link, moved).await?;
            link.batch("COMMIT").await
        })?;
        self.cursors = moved;
        written.count(&self.metrics);
        Ok(true)
    }
}

/// Makes the partitions that the batch needs and that are not there, each by itself: in the transaction of the rows
/// they would be locked as long as that lasts.
async fn make_days(link: &Link, known: &mut Known, batch: &Batch) -> Result<(), Fault> {
    for day in rows::days_of(batch) {
        if !known.days.contains(&day) {
            link.execute("SELECT make_day($1)", &[&super::times::Day(day)]).await?;
            known.days.insert(day);
        }
    }
    Ok(())
}

fn connect(
    server: &Server,
    journal: JournalId,
    alert_journal: JournalId,
    connections: NonZeroU16,
) -> Result<(Live, Cursors), OpenError> {
    let mut session = Session::open(server, Purpose::Write)?;
    schema::migrate(&mut session)?;
    let (known, cursors, shares) = session.run(async |link| {
        cursors::check_not_filled(link).await?;
        link.batch("BEGIN").await?;
        let cursors = cursors::read(link, journal, alert_journal).await?;
        let shares = Shares::settle(link, cursors.entries, connections).await?;
        let recent = RecentFrames::load(link).await?;
        let days = retention::days(link).await?.into_iter().collect();
        link.batch("COMMIT").await?;
        Ok::<_, OpenError>((Known { names: Names::default(), recent, days }, cursors, shares))
    })?;
    let lanes = Lanes::open(server, &session, &shares)?;
    Ok((Live { session, known, lanes }, cursors))
}
