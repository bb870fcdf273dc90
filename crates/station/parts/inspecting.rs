//! The inspection thread: folds the journal into the schedule of what fire panels' transmission devices are asked, hands
//! what is due to the gateway, journals the schedule's notices, and answers orders and questions about devices.
//!
//! Nothing of what is sent is journaled: that it was due follows from the journal, and the schedule's start rule (see the
//! crate) covers that it may not have gone out. What is due by the entries of a former life is not sent.

use crate::clock;
use crate::parts::damage::{self, Log};
use crate::parts::inputs::Inputs;
use crate::parts::keeper::{Keeper, caught};
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::order_desk::OrderDesk;
use crate::parts::panel_views;
use crate::parts::paths::DataPaths;
use crate::parts::progress::Follower;
use crate::parts::snapshots;
use crate::set_up_store;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use watchfire_console::PanelQuestion;
use watchfire_inspection::{Inspection, InspectionEvent, Refusal, Stamp};
use watchfire_intake::gbt26875::{Downlink, Panels};
use watchfire_journal::{JournalId as FileId, MendError, ReadError, Reader, RealDisk, snapshot};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Addressee, Bilingual, Entry, Input, JournalId, Notice, NoticeKind, Seq, Setup, Timestamp};

/// The name of the schedule's snapshots, and of the part.
pub(crate) const NAME: &str = "inspection";
/// The schedule's bytes carry their own version; this one is of the file.
pub(crate) const SNAPSHOT_VERSION: u32 = 1;
/// A snapshot is due after so long, by the journal's time.
pub(crate) const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(300);
/// Questions that may wait.
pub(crate) const QUESTIONS_MAX: usize = 64;

/// Everything that the thread owns.
pub(crate) struct InspectionPart {
    pub(crate) paths: DataPaths,
    pub(crate) journal: FileId,
    pub(crate) durable: Follower,
    pub(crate) inputs: Inputs,
    pub(crate) orders: Arc<OrderDesk>,
    pub(crate) panels: Panels,
    pub(crate) questions: mpsc::Receiver<PanelQuestion>,
    pub(crate) notices: Notices,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

/// The schedule cannot go on.
#[derive(Debug, thiserror::Error)]
enum InspectionStop {
    #[error("failed to read the journal for the inspection: {0}")]
    Journal(#[from] ReadError),
    #[error(transparent)]
    Mend(#[from] MendError),
    #[error("failed to read the inspection's snapshots: {0}")]
    Snapshot(#[source] std::io::Error),
}

/// What the thread waits for.
enum Event {
    /// The journal grew.
    Durable,
    /// Somebody wants to know.
    Asked(PanelQuestion),
    /// One of its notices was journaled, or the journal is gone.
    Told,
    /// It is time to stop.
    Stop,
}

/// The schedule, and how far it has read.
struct Schedule {
    inspection: Inspection,
    entries: Reader<RealDisk>,
    at: Timestamp,
}

impl InspectionPart {
    /// Runs until the station stops. A fault is told, and the part begun again: no alarm depends on it.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), Infallible> {
        let mut keeper = Keeper::new(NAME, Arc::clone(&self.metrics), self.stop.clone());
        while let Err(why) = caught(|| self.work(runtime)) {
            if !keeper.begin_again(&why, &mut self.notices, runtime) {
                break;
            }
        }
        Ok(())
    }

    fn work(&mut self, runtime: &Handle) -> Result<(), InspectionStop> {
        let mut schedule = self.restore()?;
        self.catch_up(&mut schedule)?;
        // The past is over: what was due in it was sent then, or is not to be sent any more.
        drop(schedule.inspection.due());
        drop(schedule.inspection.ended());
        info!(position = schedule.position(), "inspection recovered");
        self.notices.state(NoticeKind::PartDown, NAME, false, Bilingual::default);
        let (mut saved_at, mut telling) = (schedule.at, JoinSet::new());
        loop {
            self.act(&mut schedule, &mut telling);
            self.notices.hand_over(clock::instant());
            match runtime.block_on(self.next_event(schedule.position(), &mut telling)) {
                Event::Durable => self.catch_up(&mut schedule)?,
                Event::Asked(question) => panel_views::answer(question, &schedule.inspection, &self.panels),
                Event::Told => {}
                Event::Stop => break,
            }
            if schedule.at.since(saved_at) >= SNAPSHOT_INTERVAL {
                saved_at = schedule.at;
                self.save(&schedule);
            }
        }
        self.save(&schedule);
        info!("inspection closed");
        Ok(())
    }

    async fn next_event(&mut self, position: u64, telling: &mut JoinSet<()>) -> Event {
        tokio::select! {
            () = self.stop.cancelled() => Event::Stop,
            moved = self.durable.past(position) => moved.map_or(Event::Stop, |_| Event::Durable),
            Some(question) = self.questions.recv() => Event::Asked(question),
            Some(_) = telling.join_next() => Event::Told,
        }
    }

    /// Hands out what is due, and journals what is to be said.
    fn act(&self, schedule: &mut Schedule, telling: &mut JoinSet<()>) {
        // A start begins with its own entry, and only that ends what was open before.
        if schedule.position() <= self.durable.goal() {
            return;
        }
        let inspection = &mut schedule.inspection;
        self.metrics.inspected(&inspection.ended(), inspection.guards_asked());
        for command in inspection.due() {
            let (to, unit) = (command.device.clone(), command.unit(clock::wall()));
            let frame = Downlink { to, serial: command.serial, command: command.command(), unit };
            match self.panels.send(frame) {
                Ok(()) => debug!(device = %command.device, kind = ?command.kind(), attempt = command.attempt, "asked"),
                // The schedule asks again, and says so when it was in vain.
                Err(why) => debug!(device = %command.device, kind = ?command.kind(), %why, "not asked"),
            }
        }
        for notice in inspection.notices() {
            telling.spawn(tell(self.inputs.clone(), notice));
        }
    }

    /// Folds everything that is durable.
    fn catch_up(&mut self, schedule: &mut Schedule) -> Result<(), InspectionStop> {
        let end = self.durable.now();
        loop {
            match schedule.entries.next(end) {
                Ok(None) => return Ok(()),
                Ok(Some(record)) => {
                    let seq = Seq(record.seq);
                    match decode_entry(seq, record.bytes) {
                        Ok(entry) => {
                            schedule.at = entry.at;
                            apply(&mut schedule.inspection, &entry, &self.paths, &self.orders);
                        }
                        Err(why) => error!(%seq, %why, "an entry cannot be read; the inspection goes on without it"),
                    }
                }
                Err(why) => {
                    mend(why)?;
                    schedule.entries = entries_from(&self.paths, schedule.entries.position())?;
                }
            }
        }
    }

    fn restore(&self) -> Result<Schedule, InspectionStop> {
        let journal = JournalId(self.journal.0);
        let (folder, at) = (self.paths.snapshots(), (self.journal, self.durable.now()));
        let restore = |body: &[u8]| Inspection::restore(journal, body);
        let restored = snapshots::newest(&folder, NAME, SNAPSHOT_VERSION, at, restore);
        let restored = restored.map_err(InspectionStop::Snapshot)?;
        let (inspection, position) = restored.unwrap_or_else(|| (Inspection::new(journal), 0));
        Ok(Schedule { inspection, entries: entries_from(&self.paths, position + 1)?, at: Timestamp::EPOCH })
    }

    fn save(&self, schedule: &Schedule) {
        let (folder, position) = (self.paths.snapshots(), schedule.position());
        let body = schedule.inspection.snapshot();
        if let Err(error) = snapshot::save(&RealDisk, &folder, NAME, SNAPSHOT_VERSION, self.journal, position, &body) {
            warn!(%error, "inspection snapshot not saved; the older one stays");
        }
    }
}

impl Schedule {
    fn position(&self) -> u64 {
        self.entries.position() - 1
    }
}

async fn tell(inputs: Inputs, notice: Notice) {
    if inputs.journal(&Input::Notice(notice)).await.is_err() {
        warn!("the journal is closed: what is said of an inspection is said again at the next start");
    }
}

fn apply(inspection: &mut Inspection, entry: &Entry<'_>, paths: &DataPaths, orders: &OrderDesk) {
    let refusal = fold(inspection, entry, paths);
    if let Input::Order(order) = &entry.input
        && order.kind.addressee() == Addressee::Inspection
    {
        orders.answer(&order.id, &refusal.map_or(Ok(()), |Refusal { why, .. }| Err(why)));
    }
}

/// Takes in one entry; whoever keeps a schedule does it alike.
pub(crate) fn fold(inspection: &mut Inspection, entry: &Entry<'_>, paths: &DataPaths) -> Option<Refusal> {
    let stamp = Stamp { seq: entry.seq, at: entry.at };
    match &entry.input {
        Input::Frame(frame) => inspection.apply(stamp, &InspectionEvent::Frame(frame)),
        Input::Order(order) => inspection.apply(stamp, &InspectionEvent::Order(order)),
        Input::Setup(setup) => {
            set_up(inspection, stamp, setup, paths);
            None
        }
        Input::Started(started) => inspection.apply(stamp, &InspectionEvent::Started(started)),
        Input::Notice(notice) => inspection.apply(stamp, &InspectionEvent::Notice(notice)),
        Input::Tick
        | Input::Outcome(_)
        | Input::Skip(_)
        | Input::ClockStep(_)
        | Input::Will(_)
        | Input::WillOver(_)
        | Input::Restored(_)
        | Input::Act(_) => inspection.apply(stamp, &InspectionEvent::Tick),
    }
}

pub(crate) fn set_up(inspection: &mut Inspection, stamp: Stamp, setup: &Setup, paths: &DataPaths) {
    let folder = paths.set_ups();
    let sites = set_up_store::fetch_sites(&folder, setup);
    match sites.and_then(|sites| Ok((sites, set_up_store::fetch_profiles(&folder, setup)?))) {
        Ok((sites, profiles)) => {
            let dialects = &profiles.gbt26875;
            inspection.apply(stamp, &InspectionEvent::Setup { sites: &sites, dialects });
        }
        Err(why) => {
            error!(seq = %stamp.seq, %why, "a set-up cannot be read; the inspection goes on with the one before")
        }
    }
}

/// The journal from an entry on; behind a gap it begins at its first entry.
fn entries_from(paths: &DataPaths, from: u64) -> Result<Reader<RealDisk>, InspectionStop> {
    let open = |from: u64| Reader::open(&RealDisk, &paths.journal(), from);
    match open(from) {
        Err(ReadError::Gone { first }) => {
            warn!(first, "what was asked of transmission devices before is not known any more");
            Ok(open(first)?)
        }
        Err(why) => {
            mend(why)?;
            Ok(open(from)?)
        }
        Ok(reader) => Ok(reader),
    }
}

fn mend(why: ReadError) -> Result<(), InspectionStop> {
    let Some(file) = damage::damaged_file(&why) else { return Err(why.into()) };
    // The rules and the desk tell of it.
    damage::repair(file, Log::Journal, 0)?;
    Ok(())
}
