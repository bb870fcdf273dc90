//! The archive thread: a reader of both logs, which writes batches of rows with its cursors. It decodes by itself, so it
//! may be as far behind as it likes; nobody waits for it.

use crate::clock;
use crate::config::station::ArchiveConfig;
use crate::parts::inputs::Inputs;
use crate::parts::metrics::StationMetrics;
use crate::parts::paths::DataPaths;
use crate::parts::progress::{Follower, Progress};
use prometheus::Registry;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use watchfire_archive::{Batch, Gap, OpenError, Retention, Store, StoreOptions, WriteError};
use watchfire_intake::STATION_SITE;
use watchfire_journal::{ReadError, Reader, RealDisk};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, Bilingual, Input, JournalId, Notice, NoticeKind, Seq, SiteId, Timestamp};
use watchfire_wire::{Profiles, Sessions};

/// Entries read before a batch is written even if it has few rows.
const BATCH_ENTRIES: u64 = 100_000;
/// How long a batch gathers when little is coming in.
const GATHER: Duration = Duration::from_millis(500);
/// Pauses between attempts while the archive does not take a batch: the first, and the longest.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A notice is given when the archive has refused for so many attempts.
const DOWN_AFTER_ATTEMPTS: u32 = 3;
/// How often the archive is synced, so that the journal need not be kept longer than it must.
const SYNC_INTERVAL: Duration = Duration::from_secs(30);
/// How often an archive that could not be opened is tried again.
const REOPEN_INTERVAL: Duration = Duration::from_secs(10);
/// How often old history is dropped.
const RETAIN_INTERVAL: Duration = Duration::from_secs(3_600);

/// Everything that the thread owns.
pub(crate) struct ArchivePart {
    /// `None` until it could be opened.
    pub(crate) store: Option<Store>,
    /// The journal's last entry at the start.
    pub(crate) last_entry: u64,
    /// The ids of the journal and of the alert log.
    pub(crate) logs: (JournalId, JournalId),
    pub(crate) paths: DataPaths,
    /// How far the rules have applied: what they have not seen is not archived.
    pub(crate) applied: Follower,
    /// How far the alert log is durable.
    pub(crate) alerts: Follower,
    /// What is written.
    pub(crate) archived: Progress,
    /// What is on disk for certain.
    pub(crate) synced: Progress,
    pub(crate) config: ArchiveConfig,
    pub(crate) inputs: Inputs,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) registry: Registry,
    pub(crate) stop: CancellationToken,
}

/// The archive cannot go on; everything else does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveStop {
    #[error("failed to read the logs for the archive: {0}")]
    Read(#[source] ReadError),
}

/// The archive must not be used with these logs, or by this build.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveStart {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(
        "the archive holds entry {archived}, but the journal ends at entry {last}: the journal is from a backup; restore \
         the archive that belongs to it, or move the archive aside to begin a new one"
    )]
    Ahead { archived: u64, last: u64 },
}

/// Where the thread is in the two logs.
struct Place {
    entries: Reader<RealDisk>,
    alerts: Reader<RealDisk>,
    sessions: Sessions,
    profiles: Profiles,
    /// Records that had left the journal before they were read.
    gap: Option<Gap>,
}

impl ArchivePart {
    /// Opens the store now, if it can be; an error only when it must never be used with these logs, or by this build.
    pub(crate) fn checked(mut self) -> Result<ArchivePart, ArchiveStart> {
        match self.open_store() {
            Err(error @ (OpenError::OtherJournal { .. } | OpenError::Newer { .. } | OpenError::NotAnArchive)) => {
                Err(error.into())
            }
            Err(error) => {
                warn!(%error, "the archive cannot be opened; trying again, everything else works");
                Ok(self)
            }
            Ok(()) => match self.store.as_ref().map(|store| store.cursors().entries.0) {
                Some(archived) if archived > self.last_entry => {
                    Err(ArchiveStart::Ahead { archived, last: self.last_entry })
                }
                _ => Ok(self),
            },
        }
    }

    fn open_store(&mut self) -> Result<(), OpenError> {
        let options = StoreOptions { bytes_max: Some(self.config.bytes_max), ..StoreOptions::default() };
        let store = Store::open_with(&self.paths.archive(), self.logs.0, self.logs.1, options)?;
        if let Err(error) = store.register(&self.registry) {
            warn!(%error, "the archive has no metrics");
        }
        self.archived.advance(store.cursors().entries.0);
        self.synced.advance(store.durable().entries.0);
        self.store = Some(store);
        Ok(())
    }

    /// Waits until the store can be opened; `None` when the station stops before.
    fn wait_for_store(&mut self, runtime: &Handle) -> Option<Archiving<'_>> {
        while self.store.is_none() {
            if runtime.block_on(pause_or_stop(&self.stop, REOPEN_INTERVAL)) {
                return None;
            }
            if let Err(error) = self.open_store() {
                warn!(%error, "the archive cannot be opened");
            }
        }
        let store = self.store.take()?;
        Some(Archiving { part: self, store })
    }

    /// Runs until the rules are closed and everything is archived.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), ArchiveStop> {
        match self.wait_for_store(runtime) {
            Some(archiving) => archiving.run(runtime),
            None => Ok(()),
        }
    }
}

/// The thread with its open store.
struct Archiving<'a> {
    part: &'a ArchivePart,
    store: Store,
}

impl Archiving<'_> {
    fn run(mut self, runtime: &Handle) -> Result<(), ArchiveStop> {
        let mut applied_by_rules = self.part.applied.clone();
        let mut place = self.open()?;
        let mut batch = Batch::default();
        let (mut synced, mut retained) = (clock::instant(), None);
        while let Some(applied) = applied_by_rules.block_past(runtime, place.read_to()) {
            if applied - place.read_to() < BATCH_ENTRIES {
                runtime.block_on(tokio::time::sleep(GATHER));
            }
            self.read(&mut place, &mut batch)?;
            self.write(&mut place, &mut batch, runtime)?;
            if synced.elapsed() >= SYNC_INTERVAL {
                self.sync();
                synced = clock::instant();
            }
            if retained.is_none_or(|at: Instant| at.elapsed() >= RETAIN_INTERVAL) {
                self.retain();
                retained = Some(clock::instant());
            }
        }
        while place.read_to() < self.part.applied.now() {
            self.read(&mut place, &mut batch)?;
            self.write(&mut place, &mut batch, runtime)?;
        }
        self.sync();
        info!(entries = self.store.cursors().entries.0, "archive closed");
        Ok(())
    }

    fn open(&self) -> Result<Place, ArchiveStop> {
        let cursors = self.store.cursors();
        let next = cursors.entries.0 + 1;
        let entries = open_or_first(&self.part.paths.journal(), next)?;
        let alerts = open_or_first(&self.part.paths.alert_log(), cursors.alerts + 1)?;
        let gap = (entries.position() > next).then(|| Gap {
            from: Seq(next),
            to: Seq(entries.position() - 1),
            noted_at: clock::wall(),
        });
        let (sessions, profiles) = (Sessions::default(), Profiles::default());
        Ok(Place { entries, alerts, sessions, profiles, gap })
    }

    /// Fills the batch with what there is, up to its size.
    fn read(&self, place: &mut Place, batch: &mut Batch) -> Result<(), ArchiveStop> {
        if let Some(gap) = place.gap.take() {
            warn!(from = gap.from.0, to = gap.to.0, "entries had left the journal before they were archived");
            batch.gap(gap);
        }
        let alerts = self.part.alerts.now();
        while !batch.is_full()
            && let Some(record) = place.alerts.next(alerts).map_err(ArchiveStop::Read)?
        {
            match AlertRecord::decode(record.bytes) {
                Ok(alert) => batch.alert(record.seq, &alert),
                Err(error) => error!(position = record.seq, %error, "alert record not archived"),
            }
        }
        let end = self.part.applied.now().min(place.read_to() + BATCH_ENTRIES);
        while !batch.is_full()
            && let Some(record) = place.entries.next(end).map_err(ArchiveStop::Read)?
        {
            let seq = Seq(record.seq);
            match decode_entry(seq, record.bytes) {
                Ok(entry) => {
                    take(batch, seq, entry.at, &entry.input, &place.profiles, &mut place.sessions);
                }
                Err(error) => {
                    error!(%seq, %error, "entry not archived");
                    batch.entry(seq);
                }
            }
        }
        Ok(())
    }

    /// Writes the batch, again and again until it is taken.
    fn write(&mut self, place: &mut Place, batch: &mut Batch, runtime: &Handle) -> Result<(), ArchiveStop> {
        let mut attempts = 0;
        let mut pause = RETRY_MIN;
        while let Err(error) = self.store.write(batch) {
            attempts += 1;
            self.part.metrics.archive_failures.inc();
            warn!(%error, attempts, "the archive does not take a batch; trying again");
            if attempts == DOWN_AFTER_ATTEMPTS {
                self.notice(runtime, true, &error.to_string());
            }
            match error {
                WriteError::Moved(_) => {
                    batch.clear();
                    *place = self.open()?;
                    break;
                }
                WriteError::Full(_) => self.retain(),
                WriteError::Busy(_) | WriteError::Unavailable(_) | WriteError::Damaged(_) => {}
            }
            if runtime.block_on(pause_or_stop(&self.part.stop, pause)) {
                warn!("stopped while the archive does not take a batch; it goes on from its cursor at the next start");
                batch.clear();
                break;
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
        if attempts >= DOWN_AFTER_ATTEMPTS && batch.is_empty() {
            self.notice(runtime, false, "");
        }
        self.part.archived.advance(self.store.cursors().entries.0);
        self.part.synced.advance(self.store.durable().entries.0);
        Ok(())
    }

    fn sync(&mut self) {
        match self.store.sync() {
            Ok(durable) => self.part.synced.advance(durable.entries.0),
            Err(error) => warn!(%error, "the archive could not be synced"),
        }
    }

    fn retain(&mut self) {
        let now = clock::wall();
        let from = now.minus(Duration::from_secs(self.part.config.keep_days.saturating_mul(86_400)));
        match self.store.retain(&Retention { readings_from: from, alerts_from: from, bytes_wanted: None, now }) {
            Ok(given_up) => debug!(?given_up, "old history dropped"),
            Err(error) => warn!(%error, "old history could not be dropped"),
        }
    }

    fn notice(&self, runtime: &Handle, active: bool, detail: &str) {
        let notice =
            Notice { kind: NoticeKind::ArchiveDown, subject: String::new(), detail: Bilingual::same(detail), active };
        if runtime.block_on(self.part.inputs.journal(&Input::Notice(notice))).is_err() {
            warn!("the journal is closed: nobody is told of the archive's trouble");
        }
    }
}

impl Place {
    /// The last entry read.
    fn read_to(&self) -> u64 {
        self.entries.position() - 1
    }
}

/// Waits; true when the station stops meanwhile.
async fn pause_or_stop(stop: &CancellationToken, pause: Duration) -> bool {
    tokio::select! {
        () = stop.cancelled() => true,
        () = tokio::time::sleep(pause) => false,
    }
}

fn take(batch: &mut Batch, seq: Seq, at: Timestamp, input: &Input<'_>, profiles: &Profiles, sessions: &mut Sessions) {
    match input {
        Input::Frame(frame) if frame.site == STATION_SITE => batch.entry(seq),
        Input::Frame(frame) => match SiteId::new(frame.site) {
            Ok(site) => batch.decoded(seq, at, &site, &watchfire_wire::decode(frame, at, profiles, sessions)),
            Err(_) => batch.entry(seq),
        },
        Input::Outcome(outcome) => batch.outcome(seq, at, outcome),
        Input::Order(order) => batch.order(seq, at, order),
        Input::Tick | Input::Setup(_) | Input::Started(_) | Input::Skip(_) | Input::ClockStep(_) | Input::Notice(_) => {
            batch.entry(seq)
        }
    }
}

/// Opens a log at a position, or at its first record when that one has left.
fn open_or_first(folder: &std::path::Path, from: u64) -> Result<Reader<RealDisk>, ArchiveStop> {
    match Reader::open(&RealDisk, folder, from) {
        Err(ReadError::Gone { first, .. }) => {
            warn!(from, first, "the archive has a gap: these records have left the journal; they are in evidence");
            Reader::open(&RealDisk, folder, first).map_err(ArchiveStop::Read)
        }
        opened => opened.map_err(ArchiveStop::Read),
    }
}
