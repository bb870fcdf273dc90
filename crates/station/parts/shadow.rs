//! A draft of rules beside those in force (`shadow_rules`): the same journal, another thread, and nobody is told. What the
//! draft would have raised is held against what was told, and shown.
//!
//! It begins at the newest snapshot of the rules, with their timers and open alerts, and reads at its own pace: no alarm
//! waits for it. A fault of the draft ends this part and not the station; it is begun again. Nothing is kept over a
//! restart or a change of the draft: `watchfire replay --rules DRAFT JOURNAL` compares longer spans.

use crate::clock;
use crate::parts::alert_log::{AlertLogError, AlertRuns};
use crate::parts::fold::{Draft, Fold, SNAPSHOT_VERSION};
use crate::parts::keeper::{Keeper, caught};
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::paths::DataPaths;
use crate::parts::progress::Follower;
use crate::parts::recovery::SNAPSHOT_NAME;
use crate::parts::snapshots;
use crate::set_up_store::SetUpError;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;
use watchfire_console::{Live, ShadowCall, ShadowDifference, ShadowFacts, ShadowSummary};
use watchfire_journal::{JournalId as FileId, ReadError, Reader, RealDisk};
use watchfire_model::encoding::{DecodeError, decode_entry};
use watchfire_model::{Bilingual, Input, JournalId, NoticeKind, Seq, Timestamp, Transition};
use watchfire_rules::try_out::difference::{Comparison, Difference, calls};
use watchfire_rules::{Effects, RuleSet};

/// The name of the part.
pub(crate) const NAME: &str = "shadow";
/// Calls of the draft, and differences, that are shown; the newest.
const SHOWN_MAX: usize = 200;
/// Entries that are read before it looks whether it is to stop.
const BATCH_ENTRIES: u64 = 4_096;
/// The board hears of it so often at most.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A draft, or none.
pub(crate) type DraftRules = Option<Arc<RuleSet>>;

/// See the head of this file.
pub(crate) struct ShadowPart {
    pub(crate) paths: DataPaths,
    pub(crate) journal: FileId,
    pub(crate) draft: watch::Receiver<DraftRules>,
    pub(crate) applied: Follower,
    pub(crate) alerts: Follower,
    pub(crate) live: Arc<Live>,
    pub(crate) notices: Notices,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

/// The draft cannot go on; it is begun again.
#[derive(Debug, thiserror::Error)]
enum ShadowStop {
    #[error("failed to read the rules' snapshots: {0}")]
    Snapshot(#[source] io::Error),
    #[error("failed to list the journal: {0}")]
    List(#[source] io::Error),
    #[error("failed to read the journal: {0}")]
    Read(#[from] ReadError),
    #[error(transparent)]
    AlertLog(#[from] AlertLogError),
    #[error("entry {seq} cannot be read: {source}")]
    Decode { seq: u64, source: DecodeError },
    #[error("entry {seq}: {source}")]
    SetUp { seq: u64, source: SetUpError },
}

/// What it waits for.
enum Next {
    /// The rules moved on.
    Applied,
    /// Another draft, or none.
    Draft,
    /// It is time to stop.
    Stop,
}

impl ShadowPart {
    /// Runs until it is told to stop.
    pub(crate) fn run(mut self, runtime: &Handle) {
        let mut keeper = Keeper::new(NAME, Arc::clone(&self.metrics), self.stop.clone());
        while let Err(why) = caught(|| self.attempt(runtime)) {
            self.live.shadow(None);
            if !keeper.begin_again(&why, &mut self.notices, runtime) {
                return;
            }
        }
    }

    fn attempt(&mut self, runtime: &Handle) -> Result<(), ShadowStop> {
        loop {
            let draft = self.draft.borrow_and_update().clone();
            let next = match draft {
                Some(rules) => self.follow(&rules, runtime)?,
                None => {
                    self.well();
                    self.live.shadow(None);
                    runtime.block_on(self.next_draft())
                }
            };
            if matches!(next, Next::Stop) {
                return Ok(());
            }
        }
    }

    /// Follows the journal with a draft until there is another one.
    fn follow(&mut self, rules: &Arc<RuleSet>, runtime: &Handle) -> Result<Next, ShadowStop> {
        let mut run = Run::begin(self, rules)?;
        info!(rules = rules.rules().len(), position = run.position, "a draft of rules runs in the shadow");
        let mut told: Option<Instant> = None;
        loop {
            let upto = self.applied.now().min(run.position + BATCH_ENTRIES);
            run.read(upto, self.alerts.now())?;
            self.well();
            let behind = self.applied.now() - run.position;
            if told.is_none_or(|at| clock::instant().saturating_duration_since(at) >= TELL_EVERY) {
                told = Some(clock::instant());
                self.live.shadow(Some(run.facts(rules, behind)));
            }
            match runtime.block_on(self.next(run.position)) {
                Next::Applied => {}
                other => return Ok(other),
            }
        }
    }

    async fn next(&mut self, position: u64) -> Next {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Next::Stop,
            changed = self.draft.changed() => if changed.is_ok() { Next::Draft } else { Next::Stop },
            moved = self.applied.past(position) => if moved.is_some() { Next::Applied } else { Next::Stop },
        }
    }

    async fn next_draft(&mut self) -> Next {
        tokio::select! {
            () = self.stop.cancelled() => Next::Stop,
            changed = self.draft.changed() => if changed.is_ok() { Next::Draft } else { Next::Stop },
        }
    }

    fn well(&mut self) {
        self.notices.state(NoticeKind::PartDown, NAME, false, || Bilingual::same(""));
        self.notices.hand_over(clock::instant());
    }
}

/// A draft on its way through the journal.
struct Run {
    fold: Fold,
    entries: Reader<RealDisk>,
    logged: AlertRuns,
    position: u64,
    began_at: Option<Timestamp>,
    comparison: Comparison,
    calls: VecDeque<Transition>,
    differences: VecDeque<Difference>,
}

impl Run {
    fn begin(part: &ShadowPart, rules: &Arc<RuleSet>) -> Result<Run, ShadowStop> {
        let draft = || Draft { rules: Some(RuleSet::clone(rules)), ..Draft::default() };
        let (set_ups, applied) = (part.paths.set_ups(), part.applied.now());
        let restore = |body: &[u8]| Fold::restore(body, set_ups.clone(), draft());
        let at = (part.journal, applied);
        let restored = snapshots::newest(&part.paths.snapshots(), SNAPSHOT_NAME, SNAPSHOT_VERSION, at, restore);
        let (mut fold, position) = restored.map_err(ShadowStop::Snapshot)?.unwrap_or_else(|| {
            let mut fold = Fold::new(JournalId(part.journal.0), set_ups.clone(), BTreeSet::new());
            fold.draft(draft());
            (fold, 0)
        });
        let segments = watchfire_journal::segments(&RealDisk, &part.paths.journal()).map_err(ShadowStop::List)?;
        let first = segments.first().map_or(1, |segment| segment.first);
        let position = position.max(first.saturating_sub(1));
        fold.skip(skips(&part.paths, (position + 1, applied))?);
        Ok(Run {
            fold,
            entries: Reader::open(&RealDisk, &part.paths.journal(), position + 1)?,
            logged: AlertRuns::after(&part.paths.alert_log(), position, part.alerts.now())?,
            position,
            began_at: None,
            comparison: Comparison::default(),
            calls: VecDeque::new(),
            differences: VecDeque::new(),
        })
    }

    /// Applies entries up to that one; `alerts` is the alert log's last durable record.
    fn read(&mut self, upto: u64, alerts: u64) -> Result<(), ShadowStop> {
        let (mut effects, mut found) = (Effects::default(), Vec::new());
        while self.position < upto
            && let Some(record) = self.entries.next(upto)?
        {
            let seq = record.seq;
            self.position = seq;
            if !self.fold.skips(Seq(seq)) {
                let entry =
                    decode_entry(Seq(seq), record.bytes).map_err(|source| ShadowStop::Decode { seq, source })?;
                self.began_at.get_or_insert(entry.at);
                self.fold.apply(&entry, &mut effects).map_err(|source| ShadowStop::SetUp { seq, source })?;
                effects.refusals.clear();
                self.comparison.pass(entry.at, &mut found);
            }
            for told in self.logged.up_to(seq, alerts)? {
                self.comparison.log(&told, &mut found);
            }
            for would in effects.transitions.drain(..) {
                self.comparison.draft(&would, &mut found);
                if calls(&would.step) {
                    keep(&mut self.calls, would);
                }
            }
            found.drain(..).for_each(|difference| keep(&mut self.differences, difference));
        }
        Ok(())
    }

    fn facts(&self, rules: &RuleSet, behind: u64) -> ShadowFacts {
        let summary = self.comparison.summary();
        ShadowFacts {
            rules: rules.rules().iter().map(|rule| rule.reference().to_string()).collect(),
            since: self.began_at,
            behind,
            summary: ShadowSummary {
                same: summary.same,
                new: summary.new,
                missing: summary.missing,
                earlier: summary.earlier,
                later: summary.later,
                waiting: self.comparison.waiting(),
            },
            calls: self.calls.iter().rev().map(call).collect(),
            differences: self.differences.iter().rev().map(difference).collect(),
        }
    }
}

fn call(transition: &Transition) -> ShadowCall {
    ShadowCall {
        at: transition.at,
        step: transition.step.as_str(),
        class: transition.class,
        site: transition.site.clone(),
        zone: transition.zone.clone(),
        device: transition.device.clone(),
        point: transition.point.clone(),
        rule: transition.rule.to_string(),
        reason: transition.reason.clone(),
    }
}

fn difference(difference: &Difference) -> ShadowDifference {
    ShadowDifference { change: difference.change.as_str(), call: call(&difference.call), was_at: difference.was_at }
}

fn keep<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= SHOWN_MAX {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// The entries that the rules never apply. One comes before the entry that says so.
fn skips(paths: &DataPaths, (first, last): (u64, u64)) -> Result<BTreeSet<Seq>, ShadowStop> {
    let mut skips = BTreeSet::new();
    let mut reader = Reader::open(&RealDisk, &paths.journal(), first)?;
    while let Some(record) = reader.next(last)? {
        if watchfire_model::encoding::is_skip(record.bytes)
            && let Ok(entry) = decode_entry(Seq(record.seq), record.bytes)
            && let Input::Skip(seq) = entry.input
        {
            skips.insert(seq);
        }
    }
    Ok(skips)
}
