//! The risk thread: folds the entries that the rules have applied, and what these said to them, into the risk of every
//! site, zone, building and district, and answers questions about it.
//!
//! No alarm depends on it: it reads both logs by its own cursor behind the rules, raises nothing and tells nobody. After a
//! fault it is begun again from its newest snapshot; an entry at which it failed twice is passed over.

use crate::clock;
use crate::parts::keeper::{Keeper, caught};
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::risk_fold::{RiskFold, RiskStop};
use crate::parts::risk_metrics::RiskMetrics;
use crate::parts::risk_views;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use watchfire_console::RiskQuestion;
use watchfire_model::{Bilingual, NoticeKind, Timestamp};

/// The part's name in notices, metrics and the log, and that of its snapshots.
pub(crate) const NAME: &str = "risk";
/// Questions that may wait.
pub(crate) const QUESTIONS_MAX: usize = 64;
/// Entries that are read before questions and the stop are looked at.
const PORTION: u64 = 2_000;
/// A snapshot is due after so long, by the journal's time.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(300);
/// How often the units in each band are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(2);
/// So many entries at most are passed over because the risk cannot bear them.
const PASSED_OVER_MAX: usize = 64;

pub(crate) use crate::parts::risk_fold::RiskLogs;

/// Everything that the thread owns.
pub(crate) struct RiskPart {
    logs: RiskLogs,
    questions: mpsc::Receiver<RiskQuestion>,
    notices: Notices,
    metrics: Arc<StationMetrics>,
    figures: RiskMetrics,
    stop: CancellationToken,
    /// The entry that is being applied: what is in here after a panic was its cause.
    applying: Option<u64>,
    /// The entry of the last panic.
    suspect: Option<u64>,
    passed_over: BTreeSet<u64>,
}

/// What the thread waits for.
enum Event {
    /// The rules have applied more.
    Applied,
    /// Somebody wants to know.
    Asked(RiskQuestion),
    /// It is time to stop.
    Stop,
}

impl RiskPart {
    pub(crate) fn new(
        logs: RiskLogs,
        questions: mpsc::Receiver<RiskQuestion>,
        notices: Notices,
        (metrics, figures): (Arc<StationMetrics>, RiskMetrics),
        stop: CancellationToken,
    ) -> RiskPart {
        RiskPart {
            logs,
            questions,
            notices,
            metrics,
            figures,
            stop,
            applying: None,
            suspect: None,
            passed_over: BTreeSet::new(),
        }
    }

    /// Runs until the station stops.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), Infallible> {
        let mut keeper = Keeper::new(NAME, Arc::clone(&self.metrics), self.stop.clone());
        while let Err(why) = caught(|| self.work(runtime)) {
            self.suspect_entry();
            if !keeper.begin_again(&why, &mut self.notices, runtime) {
                break;
            }
        }
        Ok(())
    }

    /// An entry at which it died twice in a row is passed over from then on: everything after it counts.
    fn suspect_entry(&mut self) {
        let Some(entry) = self.applying.take() else { return };
        if self.suspect.replace(entry) == Some(entry) && self.passed_over.len() < PASSED_OVER_MAX {
            error!(entry, "the risk cannot bear an entry; it is passed over");
            self.passed_over.insert(entry);
        }
    }

    fn work(&mut self, runtime: &Handle) -> Result<(), RiskStop> {
        let mut fold = RiskFold::restore(&self.logs)?;
        info!(position = fold.position(), "risk recovered");
        let mut saved_at: Option<Timestamp> = None;
        let mut counted: Option<Instant> = None;
        loop {
            match runtime.block_on(self.next_event(fold.position())) {
                Event::Applied => self.catch_up(&mut fold)?,
                Event::Asked(question) => risk_views::answer(question, fold.risk()),
                Event::Stop => break,
            }
            let is_behind = fold.position() < self.logs.applied.now();
            self.figures
                .lag
                .set(i64::try_from(self.logs.applied.now().saturating_sub(fold.position())).unwrap_or(i64::MAX));
            if counted.is_none_or(|at| at.elapsed() >= COUNT_INTERVAL) {
                self.figures.count(fold.risk());
                counted = Some(clock::instant());
            }
            if !is_behind && saved_at.is_none_or(|at| fold.at().since(at) >= SNAPSHOT_INTERVAL) {
                saved_at = Some(fold.at());
                fold.save(&self.logs);
                self.notices.state(NoticeKind::PartDown, NAME, false, Bilingual::default);
            }
            self.notices.hand_over(clock::instant());
        }
        fold.save(&self.logs);
        info!("risk closed");
        Ok(())
    }

    async fn next_event(&mut self, position: u64) -> Event {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Event::Stop,
            Some(question) = self.questions.recv() => Event::Asked(question),
            moved = self.logs.applied.past(position) => moved.map_or(Event::Stop, |_| Event::Applied),
        }
    }

    /// Folds a portion of what the rules have applied.
    fn catch_up(&mut self, fold: &mut RiskFold) -> Result<(), RiskStop> {
        let end = self.logs.applied.now().min(fold.position().saturating_add(PORTION));
        while fold.position() < end {
            let next = fold.position() + 1;
            self.applying = Some(next);
            let changes = fold.next(&self.logs, end, |entry| self.passed_over.contains(&entry))?;
            self.figures.changes.inc_by(changes);
        }
        self.applying = None;
        Ok(())
    }
}
