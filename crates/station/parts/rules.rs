//! The rules thread: reads what is durable, folds it, and writes what changed to the alert log before anybody is told.

use crate::clock;
use crate::parts::fold::{Fold, SNAPSHOT_VERSION};
use crate::parts::listener::Listener;
use crate::parts::metrics::StationMetrics;
use crate::parts::order_desk::OrderDesk;
use crate::parts::paths::DataPaths;
use crate::parts::poison;
use crate::parts::progress::{Follower, Progress};
use crate::parts::recovery::SNAPSHOT_NAME;
use crate::set_up_store::{self, SetUpError};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::{error, info, warn};
use watchfire_console::Live;
use watchfire_intake::Flow;
use watchfire_journal::{AppendError, JournalId as FileId, ReadError, Reader, RealDisk, SyncError, Writer, snapshot};
use watchfire_model::encoding::{DecodeError, decode_entry};
use watchfire_model::{AlertRecord, Entry, Frame, Input, JournalId, OrderId, Seq, SiteId, Timestamp};
use watchfire_rules::{Effects, replay};

/// Entries applied before the alert log is synced; an alarm among them waits for the rest, about a millisecond.
const BATCH_ENTRIES_MAX: usize = 256;
/// A snapshot is due after so many entries, but no sooner than `SNAPSHOT_PAUSE` after the one before ...
const SNAPSHOT_ENTRIES: u64 = 500_000;
const SNAPSHOT_PAUSE: Duration = Duration::from_secs(20);
/// ... or, when there were any, after so long.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(300);
/// How often a full disk is tried again.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// The rules cannot go on; the process must end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesStop {
    #[error("failed to read the journal: {0}")]
    Read(#[source] ReadError),
    #[error("entry {seq} cannot be read: {source}")]
    Decode { seq: Seq, source: DecodeError },
    #[error("entry {seq}: {source}")]
    SetUp { seq: Seq, source: SetUpError },
    #[error("failed to append to the alert log: {0}")]
    Append(#[source] AppendError),
    #[error("failed to make alerts durable: {0}")]
    Sync(#[source] SyncError),
}

/// Everything that the thread owns.
pub(crate) struct RulesPart {
    pub(crate) paths: DataPaths,
    pub(crate) journal: FileId,
    pub(crate) fold: Fold,
    pub(crate) entries: Reader<RealDisk>,
    pub(crate) alert_log: Writer<RealDisk>,
    pub(crate) durable: Follower,
    /// The last entry applied.
    pub(crate) position: u64,
    pub(crate) tell: Tell,
}

/// Who hears what the rules found.
pub(crate) struct Tell {
    pub(crate) applied: Progress,
    pub(crate) alerts: Progress,
    pub(crate) snapshot: Progress,
    pub(crate) flow: Arc<Flow>,
    pub(crate) live: Arc<Live>,
    pub(crate) orders: Arc<OrderDesk>,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) listener: Listener,
}

impl RulesPart {
    /// Runs until the journal is closed and everything in it is applied.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), RulesStop> {
        let snapshots = SnapshotWriter::start(&self);
        let mut due = SnapshotDue { position: self.position, at: None };
        loop {
            let durable = match self.durable.now() {
                now if now > self.position => now,
                _ => match self.durable.block_past(runtime, self.position) {
                    Some(durable) => durable,
                    None => break,
                },
            };
            let at = self.batch(durable)?;
            if due.now(self.position, at) {
                snapshots.save(self.position, &self.fold);
            }
        }
        snapshots.finish(self.position, &self.fold);
        info!(position = self.position, "rules closed");
        Ok(())
    }

    /// Applies up to a batch of entries; the time of the last one.
    fn batch(&mut self, durable: u64) -> Result<Timestamp, RulesStop> {
        let mut effects = Effects::default();
        let mut told = Told::default();
        let mut at = Timestamp::EPOCH;
        for _ in 0..BATCH_ENTRIES_MAX {
            let Some(record) = self.entries.next(durable).map_err(RulesStop::Read)? else { break };
            let seq = Seq(record.seq);
            let entry = decode_entry(seq, record.bytes).map_err(|source| RulesStop::Decode { seq, source })?;
            at = entry.at;
            poison::applying(seq);
            let decoded = self.fold.apply(&entry, &mut effects).map_err(|source| RulesStop::SetUp { seq, source })?;
            self.tell.entry(&entry, decoded.as_ref(), &self.paths)?;
            if let Input::Order(order) = &entry.input {
                told.orders.push((order.id.clone(), std::mem::take(&mut effects.refusals)));
            }
            if !effects.transitions.is_empty() {
                let transitions = std::mem::take(&mut effects.transitions);
                told.records.push(AlertRecord { seq, journal: JournalId(self.journal.0), transitions });
            }
            self.position = record.seq;
        }
        self.publish(told)?;
        self.tell.flow.applied(Seq(self.position));
        self.tell.applied.advance(self.position);
        self.tell.live.tick(at);
        Ok(at)
    }

    /// Makes the batch's transitions durable in the alert log; then, and only then, tells.
    fn publish(&mut self, told: Told) -> Result<(), RulesStop> {
        let mut positions = Vec::with_capacity(told.records.len());
        for record in &told.records {
            let bytes = record.encode();
            let position = match self.alert_log.append(&bytes) {
                Err(AppendError::BatchFull) => {
                    self.sync()?;
                    self.alert_log.append(&bytes)
                }
                appended => appended,
            };
            positions.push(position.map_err(RulesStop::Append)?);
        }
        if !positions.is_empty() {
            let durable = self.sync()?;
            self.tell.alerts.advance(durable);
        }
        for (position, record) in positions.into_iter().zip(&told.records) {
            self.tell.record(position, record);
        }
        for (order, refusals) in told.orders {
            self.tell.orders.applied(&order, &Effects { transitions: Vec::new(), refusals });
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<u64, RulesStop> {
        loop {
            match self.alert_log.sync() {
                Ok(durable) => return Ok(durable),
                Err(SyncError::DiskFull) => {
                    error!("the disk is full: alerts cannot be recorded; free space");
                    std::thread::sleep(FULL_RETRY);
                }
                Err(error) => return Err(RulesStop::Sync(error)),
            }
        }
    }
}

/// What a batch changed.
#[derive(Default)]
struct Told {
    records: Vec<AlertRecord>,
    orders: Vec<(OrderId, Vec<watchfire_rules::Refusal>)>,
}

impl Tell {
    /// The board hears of every entry.
    fn entry(
        &self,
        entry: &Entry<'_>,
        decoded: Option<&watchfire_model::Decoded>,
        paths: &DataPaths,
    ) -> Result<(), RulesStop> {
        match (&entry.input, decoded) {
            (Input::Frame(frame), Some(decoded)) => self.frame(entry.at, frame, decoded),
            (Input::Outcome(outcome), _) => self.live.outcome(entry.at, outcome),
            (Input::Setup(setup), _) => {
                let seq = entry.seq;
                let set_up =
                    set_up_store::fetch(&paths.set_ups(), setup).map_err(|source| RulesStop::SetUp { seq, source })?;
                self.live.setup(&set_up.sites);
            }
            (Input::Skip(seq), _) => {
                warn!(%seq, "entry is skipped for ever: the station died at it twice");
                self.metrics.skipped_entries.inc();
            }
            _ => {}
        }
        Ok(())
    }

    fn frame(&self, at: Timestamp, frame: &Frame<'_>, decoded: &watchfire_model::Decoded) {
        if let Ok(site) = SiteId::new(frame.site) {
            self.live.decoded(at, &site, decoded);
        }
        if !decoded.defects.is_empty() {
            self.metrics.defects(&decoded.defects);
            self.live.defects(at, frame.identity, &decoded.defects);
        }
    }

    fn record(&self, position: u64, record: &AlertRecord) {
        self.live.alert_record(position, record);
        for transition in &record.transitions {
            self.listener.publish_alert(transition.site.as_str(), &replay::transition_line(transition));
            self.metrics.transition(transition);
            self.metrics.latency("raised", clock::wall().since(transition.at));
            info!(
                alert = %transition.alert,
                step = transition.step.as_str(),
                class = transition.class.as_str(),
                site = %transition.site,
                reason = transition.reason.english(),
                "alert"
            );
        }
    }
}

/// When the next snapshot is due: counted from the one before, or from the start.
struct SnapshotDue {
    position: u64,
    at: Option<Timestamp>,
}

impl SnapshotDue {
    /// Whether one is due now; if so, the next is counted from here.
    fn now(&mut self, position: u64, at: Timestamp) -> bool {
        let since = at.since(*self.at.get_or_insert(at));
        let enough = position - self.position >= SNAPSHOT_ENTRIES && since >= SNAPSHOT_PAUSE;
        let due = enough || since >= SNAPSHOT_INTERVAL;
        if due {
            *self = SnapshotDue { position, at: Some(at) };
        }
        due
    }
}

/// Saves snapshots beside the rules thread, so that no alarm waits for one.
struct SnapshotWriter {
    bodies: SyncSender<(u64, Vec<u8>)>,
    done: Receiver<()>,
}

impl SnapshotWriter {
    fn start(part: &RulesPart) -> SnapshotWriter {
        let (bodies, queue) = sync_channel::<(u64, Vec<u8>)>(1);
        let (ended, done): (Sender<()>, Receiver<()>) = channel();
        let folder = part.paths.snapshots();
        let journal = part.journal;
        let saved = part.tell.snapshot.handle();
        let metrics = Arc::clone(&part.tell.metrics);
        let save = move || {
            let _ended = ended;
            for (position, body) in queue {
                match snapshot::save(&RealDisk, &folder, SNAPSHOT_NAME, SNAPSHOT_VERSION, journal, position, &body) {
                    Ok(()) => {
                        metrics.snapshots.inc();
                        saved.advance(position);
                    }
                    Err(error) => warn!(%error, "snapshot not saved; the older one stays"),
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("snapshots".into()).spawn(save) {
            warn!(%error, "no thread for snapshots: restarts will take longer");
        }
        SnapshotWriter { bodies, done }
    }

    /// Hands a snapshot over; when the one before it is still being written, this one is left out.
    fn save(&self, position: u64, fold: &Fold) {
        match self.bodies.try_send((position, fold.snapshot())) {
            Ok(()) | Err(TrySendError::Full(_)) => {}
            Err(TrySendError::Disconnected(_)) => warn!("snapshots are not written any more"),
        }
    }

    /// Saves a last one and waits for it.
    fn finish(self, position: u64, fold: &Fold) {
        if self.bodies.send((position, fold.snapshot())).is_ok() {
            drop(self.bodies);
            let _ = self.done.recv();
        }
    }
}
