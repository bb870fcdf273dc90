//! The notify thread: folds the alert log and the journal into the desk, and sends what is due. An attempt is journaled
//! before its send and the result after it.

use crate::clock;
use crate::parts::desk_logs::{DeskLogs, DeskLogsError};
use crate::parts::inputs::Inputs;
use crate::parts::metrics::StationMetrics;
use crate::parts::paths::DataPaths;
use crate::parts::progress::{Follower, Progress};
use crate::parts::snapshots;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use watchfire_journal::{JournalId as FileId, RealDisk, snapshot};
use watchfire_model::{Input, Notice, NoticeKind, Outcome, Timestamp};
use watchfire_notify::{Delivery, Desk, DeskOptions, Dispatcher};

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
    #[error(transparent)]
    Logs(#[from] DeskLogsError),
    #[error("failed to read the desk's snapshots: {0}")]
    Snapshot(#[source] std::io::Error),
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
        let mut logs = DeskLogs::open(&self.paths, position, self.alerts.now())?;
        let Some(mut at) = self.fold_the_past(&mut desk, &mut logs, runtime)? else { return Ok(()) };
        desk.resume();
        info!(position = logs.position(), "desk recovered");
        let (mut saved_at, mut saved_position) = (at, position);
        let mut journaling = Journaling::new();
        loop {
            for detail in logs.take_told() {
                let (kind, subject) = (NoticeKind::JournalDamaged, String::new());
                self.journal(Input::Notice(Notice { kind, subject, detail, active: true }), &mut journaling);
            }
            self.hand_out(&mut desk, at, &mut journaling);
            match runtime.block_on(self.next_event(logs.position(), &mut journaling)) {
                Event::Applied => at = self.catch_up(&mut desk, &mut logs, at)?,
                Event::Journaled(Some(delivery)) if desk.wants(&delivery.id) => self.dispatcher.send(*delivery),
                Event::Journaled(_) => {}
                Event::Sent(outcome) => self.sent(outcome, &desk, &mut journaling),
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

    /// Folds everything that was journaled before this start in silence: only behind it stands what became of the last
    /// sends. The time of its last entry; `None` when the station stops before.
    fn fold_the_past(
        &mut self,
        desk: &mut Desk,
        logs: &mut DeskLogs,
        runtime: &Handle,
    ) -> Result<Option<Timestamp>, NotifyStop> {
        let mut at = self.catch_up(desk, logs, Timestamp::EPOCH)?;
        while logs.position() < self.applied.goal() {
            let seen = logs.position();
            let (stop, applied) = (self.stop.clone(), &mut self.applied);
            let moved = async {
                tokio::select! {
                    () = stop.cancelled() => None,
                    moved = applied.past(seen) => moved,
                }
            };
            if runtime.block_on(moved).is_none() {
                return Ok(None);
            }
            at = self.catch_up(desk, logs, at)?;
        }
        Ok(Some(at))
    }

    /// Applies everything up to where the rules are; the time of the last entry.
    fn catch_up(&self, desk: &mut Desk, logs: &mut DeskLogs, since: Timestamp) -> Result<Timestamp, NotifyStop> {
        // In this order: an alert is durable before its entry counts as applied.
        let applied = self.applied.now();
        let alerts = self.alerts.now();
        Ok(logs.fold(desk, (applied, alerts), since)?)
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
    fn sent(&self, outcome: Outcome, desk: &Desk, journaling: &mut Journaling) {
        info!(delivery = %outcome.delivery(), outcome = ?outcome, "send");
        if let Outcome::Delivered { delivery, .. } = &outcome {
            debug!(%delivery, "delivered");
            if let Some(began_at) = desk.run_began_at(delivery) {
                self.metrics.latency("delivered", clock::wall().since(began_at));
            }
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
        let restore = |body: &[u8]| Desk::restore(self.options.clone(), body);
        let (folder, at) = (self.paths.snapshots(), (self.journal, self.applied.goal()));
        let restored = snapshots::newest(&folder, SNAPSHOT_NAME, SNAPSHOT_VERSION, at, restore);
        let Some((desk, position)) = restored.map_err(NotifyStop::Snapshot)? else {
            return Ok((Desk::new(self.options.clone()), 0));
        };
        self.saved.advance(position);
        Ok((desk, position))
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
