//! The notify thread: folds the alert log and the journal into the desk, and sends what is due. An attempt is journaled
//! before its send and the result after it.

use crate::clock;
use crate::parts::inputs::Inputs;
use crate::parts::metrics::StationMetrics;
use crate::parts::paths::DataPaths;
use crate::parts::progress::{Follower, Progress};
use crate::set_up_store;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use watchfire_journal::snapshot::{self, Fit};
use watchfire_journal::{JournalId as FileId, ReadError, Reader, RealDisk};
use watchfire_model::encoding::{DecodeError, decode_entry};
use watchfire_model::{AlertRecord, Entry, Input, Outcome, Seq, Timestamp};
use watchfire_notify::{Delivery, Desk, DeskEvent, DeskOptions, Dispatcher};

/// The name of the desk's snapshots.
const SNAPSHOT_NAME: &str = "desk";
/// The desk's bytes carry their own version; this one is of the file.
const SNAPSHOT_VERSION: u32 = 1;
/// A snapshot is due after so many entries ...
const SNAPSHOT_ENTRIES: u64 = 1_000_000;
/// ... or after so long.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(300);
/// How long a stop waits for what is being sent.
const GRACE: Duration = Duration::from_secs(5);

/// The desk cannot go on; the process must end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotifyStop {
    #[error("failed to read the logs for the desk: {0}")]
    Read(#[source] ReadError),
    #[error("record {position} cannot be read: {source}")]
    Decode { position: u64, source: DecodeError },
    #[error("failed to read the desk's snapshots: {0}")]
    Snapshot(#[source] std::io::Error),
    #[error(transparent)]
    SetUp(#[from] set_up_store::SetUpError),
}

/// Everything that the thread owns.
pub(crate) struct NotifyPart {
    pub(crate) paths: DataPaths,
    pub(crate) journal: FileId,
    pub(crate) options: DeskOptions,
    pub(crate) dispatcher: Dispatcher,
    /// How far the rules have applied; their alerts up to there are in the alert log.
    pub(crate) applied: Follower,
    pub(crate) alerts: Follower,
    pub(crate) inputs: Inputs,
    pub(crate) saved: Progress,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

/// The two logs, read together in the order of the entries.
struct Logs {
    entries: Reader<RealDisk>,
    alerts: Reader<RealDisk>,
    next_alert: Option<AlertRecord>,
}

/// What the thread waits for.
enum Event {
    /// The rules moved on.
    Applied,
    /// An attempt is durable: it may be sent. `None`: something else was journaled, or the journal is gone.
    Journaled(Option<Box<Delivery>>),
    /// A send ended.
    Sent(Outcome),
    /// It is time to stop.
    Stop,
}

/// Inputs on their way to the journal; those of attempts come back with their delivery.
type Journaling = JoinSet<Option<Box<Delivery>>>;

impl NotifyPart {
    /// Runs until it is told to stop, or the rules are closed.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), NotifyStop> {
        let (mut desk, position) = self.restore()?;
        let mut logs = Logs::open(&self.paths, position, self.alerts.now())?;
        // What happened before this start is folded in silence; what is still to be sent is due again.
        let mut at = self.catch_up(&mut desk, &mut logs, Timestamp::EPOCH)?;
        desk.resume();
        info!(position = logs.position(), "desk recovered");
        let (mut saved_at, mut saved_position) = (at, position);
        let mut journaling = Journaling::new();
        loop {
            self.hand_out(&mut desk, at, &mut journaling);
            match runtime.block_on(self.next_event(logs.position(), &mut journaling)) {
                Event::Applied => at = self.catch_up(&mut desk, &mut logs, at)?,
                Event::Journaled(Some(delivery)) if desk.wants(&delivery.id) => self.dispatcher.send(*delivery),
                Event::Journaled(_) => {}
                Event::Sent(outcome) => self.sent(outcome, at, &mut journaling),
                Event::Stop => break,
            }
            if logs.position() - saved_position >= SNAPSHOT_ENTRIES || at.since(saved_at) >= SNAPSHOT_INTERVAL {
                (saved_at, saved_position) = (at, logs.position());
                self.save(&desk, saved_position);
            }
        }
        runtime.block_on(self.finish(journaling));
        self.save(&desk, logs.position());
        info!("desk closed");
        Ok(())
    }

    async fn next_event(&mut self, position: u64, journaling: &mut Journaling) -> Event {
        tokio::select! {
            () = self.stop.cancelled() => Event::Stop,
            moved = self.applied.past(position) => moved.map_or(Event::Stop, |_| Event::Applied),
            Some(journaled) = journaling.join_next() => Event::Journaled(journaled.unwrap_or(None)),
            Some(outcome) = self.dispatcher.next() => Event::Sent(outcome),
        }
    }

    /// Applies everything up to where the rules are; the time of the last entry.
    fn catch_up(&self, desk: &mut Desk, logs: &mut Logs, since: Timestamp) -> Result<Timestamp, NotifyStop> {
        let applied = self.applied.now();
        let alerts = self.alerts.now();
        let mut at = since;
        while let Some(step) = logs.step(applied, alerts, desk, &self.paths)? {
            at = step;
        }
        Ok(at)
    }

    /// Journals the attempts that are due, and the desk's notices; drops what is not wanted any more.
    fn hand_out(&mut self, desk: &mut Desk, at: Timestamp, journaling: &mut Journaling) {
        for delivery in desk.due(at) {
            debug!(delivery = %delivery.id, "due");
            let inputs = self.inputs.clone();
            journaling.spawn(async move {
                let attempt = Input::Outcome(Outcome::Attempt { delivery: delivery.id.clone() });
                inputs.journal(&attempt).await.ok().map(|_| Box::new(delivery))
            });
        }
        for notice in desk.notices() {
            self.journal(Input::Notice(notice), journaling);
        }
        self.dispatcher.retain(|delivery| desk.wants(delivery));
    }

    /// A send ended: its outcome goes into the journal, and from there into the desk.
    fn sent(&self, outcome: Outcome, at: Timestamp, journaling: &mut Journaling) {
        info!(delivery = %outcome.delivery(), outcome = ?outcome, "send");
        if let Outcome::Delivered { delivery, .. } = &outcome {
            debug!(%delivery, "delivered");
            self.metrics.latency("delivered", clock::wall().since(at));
        }
        self.journal(Input::Outcome(outcome), journaling);
    }

    fn journal(&self, input: Input<'static>, journaling: &mut Journaling) {
        let inputs = self.inputs.clone();
        journaling.spawn(async move {
            if inputs.journal(&input).await.is_err() {
                warn!("the journal is closed: the result of a send is not known at the next start, it is repeated");
            }
            None
        });
    }

    /// Waits a while for what is being sent and journaled.
    async fn finish(&mut self, mut journaling: Journaling) {
        let all = async {
            while let Some(outcome) = self.dispatcher.next().await {
                let _ = self.inputs.journal(&Input::Outcome(outcome)).await;
            }
            while journaling.join_next().await.is_some() {}
        };
        if tokio::time::timeout(GRACE, all).await.is_err() {
            warn!(left = self.dispatcher.pending(), "sends were cut off; they are repeated at the next start");
        }
    }

    fn restore(&self) -> Result<(Desk, u64), NotifyStop> {
        let versions = [SNAPSHOT_VERSION];
        let fit = Fit { journal_id: self.journal, last: self.applied.now(), versions: &versions };
        let loaded =
            snapshot::load(&RealDisk, &self.paths.snapshots(), SNAPSHOT_NAME, &fit).map_err(NotifyStop::Snapshot)?;
        let Some(snapshot) = loaded.snapshot else {
            return Ok((Desk::new(self.options.clone()), 0));
        };
        match Desk::restore(self.options.clone(), &snapshot.body) {
            Ok(desk) => {
                self.saved.advance(snapshot.position);
                Ok((desk, snapshot.position))
            }
            Err(error) => {
                warn!(%error, "the desk's snapshot cannot be used; replaying the journal");
                Ok((Desk::new(self.options.clone()), 0))
            }
        }
    }

    fn save(&self, desk: &Desk, position: u64) {
        let (folder, version) = (self.paths.snapshots(), SNAPSHOT_VERSION);
        let body = desk.snapshot();
        match snapshot::save(&RealDisk, &folder, SNAPSHOT_NAME, version, self.journal, position, &body) {
            Ok(()) => self.saved.advance(position),
            Err(error) => warn!(%error, "desk snapshot not saved; the older one stays"),
        }
    }
}

impl Logs {
    /// Opens both after `position`; the alert log at its first record of a later input.
    fn open(paths: &DataPaths, position: u64, alerts: u64) -> Result<Logs, NotifyStop> {
        let entries = Reader::open(&RealDisk, &paths.journal(), position + 1).map_err(NotifyStop::Read)?;
        let reader = match Reader::open(&RealDisk, &paths.alert_log(), 1) {
            Err(ReadError::Gone { first, .. }) => Reader::open(&RealDisk, &paths.alert_log(), first),
            opened => opened,
        };
        let mut logs = Logs { entries, alerts: reader.map_err(NotifyStop::Read)?, next_alert: None };
        while logs.peek(alerts)?.is_some_and(|record| record.seq.0 <= position) {
            logs.next_alert = None;
        }
        Ok(logs)
    }

    fn position(&self) -> u64 {
        self.entries.position() - 1
    }

    /// Applies the next entry with its alerts; its time, or `None` when there is no more.
    fn step(
        &mut self,
        applied: u64,
        alerts: u64,
        desk: &mut Desk,
        paths: &DataPaths,
    ) -> Result<Option<Timestamp>, NotifyStop> {
        let Some(record) = self.entries.next(applied).map_err(NotifyStop::Read)? else { return Ok(None) };
        let position = record.seq;
        let entry =
            decode_entry(Seq(position), record.bytes).map_err(|source| NotifyStop::Decode { position, source })?;
        let at = entry.at;
        apply(desk, &entry, paths)?;
        if self.peek(alerts)?.is_some_and(|record| record.seq.0 == position)
            && let Some(record) = self.next_alert.take()
        {
            record.transitions.iter().for_each(|transition| desk.apply(&DeskEvent::Transition(transition)));
        }
        Ok(Some(at))
    }

    fn peek(&mut self, alerts: u64) -> Result<Option<&AlertRecord>, NotifyStop> {
        if self.next_alert.is_none()
            && let Some(record) = self.alerts.next(alerts).map_err(NotifyStop::Read)?
        {
            let position = record.seq;
            let alert = AlertRecord::decode(record.bytes);
            self.next_alert = Some(alert.map_err(|source| NotifyStop::Decode { position, source })?);
        }
        Ok(self.next_alert.as_ref())
    }
}

fn apply(desk: &mut Desk, entry: &Entry<'_>, paths: &DataPaths) -> Result<(), NotifyStop> {
    match &entry.input {
        Input::Tick => desk.apply(&DeskEvent::Time(entry.at)),
        Input::Outcome(outcome) => desk.apply(&DeskEvent::Outcome { at: entry.at, outcome }),
        Input::Notice(notice) => desk.apply(&DeskEvent::Notice(notice)),
        Input::Setup(setup) => {
            let set_up = set_up_store::fetch(&paths.set_ups(), setup)?;
            desk.apply(&DeskEvent::Setup(&set_up.sites));
        }
        Input::Frame(_) | Input::Order(_) | Input::Started(_) | Input::Skip(_) | Input::ClockStep(_) => {}
    }
    Ok(())
}
