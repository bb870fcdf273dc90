//! The rules thread: reads what is durable, folds it, and writes what changed to the alert log before anybody is told.

use crate::clock;
use crate::parts::entry_group::EntryGroup;
use crate::parts::fold::{Applied, Fold};
use crate::parts::paths::DataPaths;
use crate::parts::progress::Follower;
use crate::parts::rules_snapshots::{SnapshotDue, SnapshotWriter};
use crate::parts::tell::News;
pub(crate) use crate::parts::tell::Tell;
use crate::parts::{alert_log, poison};
use crate::set_up_store::SetUpError;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tracing::{error, info};
use watchfire_journal::{AppendError, JournalId as FileId, ReadError, Reader, RealDisk, SyncError, Writer};
use watchfire_model::encoding::DecodeError;
use watchfire_model::{Addressee, AlertRecord, Entry, Input, JournalId, OrderId, Seq, Timestamp};
use watchfire_rules::{Effects, Refusal};

/// Entries, and their bytes, that are applied before others are told of them.
const BATCH_ENTRIES_MAX: usize = 256;
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// How long an alarm waits for others, so that they share one sync: thousands at a time must not wait for each other.
const ALARM_WAIT_MAX: Duration = Duration::from_millis(2);
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

impl RulesPart {
    /// Runs until the journal is closed and everything in it is applied.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), RulesStop> {
        let snapshots = SnapshotWriter::start(&self);
        let mut due = SnapshotDue::after(self.tell.snapshot.follower().now());
        // What a kill kept from the log, and a full disk at the start after it.
        let logged = self.sync()?;
        self.tell.alerts.advance(logged);
        self.tell.begin();
        // What was there before this start is read to its very end, and no further, before what came since.
        let goal = self.tell.applied.follower().goal();
        let mut behind = true;
        loop {
            if behind && self.position >= goal {
                behind = false;
                self.tell.listener.take_up_wills(self.fold.retained());
            }
            let durable = match self.durable.now() {
                now if now > self.position => now,
                _ => match self.durable.block_past(runtime, self.position) {
                    Some(durable) => durable,
                    None => break,
                },
            };
            let durable = if behind { durable.min(goal) } else { durable };
            if let Some(at) = self.batch(durable)?
                && due.at(self.position, at)
                && snapshots.save(self.position, || self.fold.snapshot())
            {
                due.saved(self.position, at);
            }
        }
        snapshots.finish(self.position, &self.fold);
        info!(position = self.position, "rules closed");
        Ok(())
    }

    /// Applies up to a batch of entries; the time of the last one that could be read.
    fn batch(&mut self, durable: u64) -> Result<Option<Timestamp>, RulesStop> {
        let mut taken = Taken::default();
        let mut told = Told::default();
        let mut at = None;
        let mut group = EntryGroup::default();
        while !taken.is_enough(clock::instant) {
            group.fill(&mut self.entries, durable, &self.fold)?;
            let Some(last) = group.last() else { break };
            self.position = last.0;
            let entries = group.entries()?;
            taken.entries(entries.len(), group.bytes());
            at = entries.last().map(|entry| entry.at).or(at);
            // A set-up says how the frames behind it are read.
            for run in entries.chunk_by(|before, _| !matches!(before.input, Input::Setup(_))) {
                self.apply(run, &mut taken, &mut told)?;
            }
        }
        self.publish(&told)?;
        self.tell.listener.note_refused(self.fold.retained());
        self.tell.flow.applied(Seq(self.position));
        self.tell.applied.advance(self.position);
        if let Some(at) = at {
            self.tell.tick(at);
        }
        // Only now that everybody knows.
        told.log();
        Ok(at)
    }

    /// Applies entries of which the last at most is a set-up.
    fn apply(&mut self, entries: &[Entry<'_>], taken: &mut Taken, told: &mut Told) -> Result<(), RulesStop> {
        let mut said = Vec::with_capacity(entries.len());
        for entry in entries {
            poison::applying(entry.seq);
            said.push(self.fold.read(entry));
        }
        poison::applied();
        self.fold.look_ahead(&said);
        for (entry, said) in entries.iter().zip(said) {
            let seq = entry.seq;
            poison::applying(seq);
            let mut effects = Effects::default();
            let applied = self.fold.apply_read(entry, said, &mut effects);
            let applied = applied.map_err(|source| RulesStop::SetUp { seq, source })?;
            if !effects.transitions.is_empty() {
                taken.raised(clock::instant());
            }
            poison::applied();
            told.take(entry, applied, effects, JournalId(self.journal.0));
        }
        Ok(())
    }

    /// Makes the batch's transitions durable in the alert log; then, and only then, tells.
    fn publish(&mut self, told: &Told) -> Result<(), RulesStop> {
        let mut positions = Vec::with_capacity(told.records.len());
        for record in &told.records {
            let bytes = record.encode();
            poison::applying(record.seq);
            let appended = match self.alert_log.append(&bytes) {
                Err(AppendError::BatchFull) => {
                    poison::applied();
                    self.sync()?;
                    self.alert_log.append(&bytes)
                }
                appended => appended,
            };
            if !matches!(appended, Err(AppendError::TooLarge { .. })) {
                poison::applied();
            }
            positions.push(appended.map_err(RulesStop::Append)?);
        }
        if !positions.is_empty() {
            let durable = self.sync()?;
            self.tell.alerts.advance(durable);
        }
        for news in &told.news {
            self.tell.news(news);
        }
        self.tell.tests(self.fold.engine());
        for (position, record) in positions.into_iter().zip(&told.records) {
            self.tell.record(position, record, self.fold.engine());
        }
        for (order, refusals) in &told.orders {
            self.tell.orders.applied(order, &Effects { transitions: Vec::new(), refusals: refusals.clone() });
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

/// How much a batch has taken.
#[derive(Default)]
struct Taken {
    entries: usize,
    bytes: usize,
    /// When its first alarm was found.
    raised: Option<Instant>,
}

impl Taken {
    fn entries(&mut self, count: usize, bytes: usize) {
        self.entries += count;
        self.bytes += bytes;
    }

    fn raised(&mut self, now: Instant) {
        self.raised.get_or_insert(now);
    }

    /// Whether what was found is to be told now.
    fn is_enough(&self, now: impl FnOnce() -> Instant) -> bool {
        self.entries >= BATCH_ENTRIES_MAX
            || self.bytes >= BATCH_BYTES_MAX
            || self.raised.is_some_and(|raised| now().saturating_duration_since(raised) >= ALARM_WAIT_MAX)
    }
}

/// What a batch changed.
#[derive(Default)]
struct Told {
    news: Vec<News>,
    records: Vec<AlertRecord>,
    orders: Vec<(OrderId, Vec<Refusal>)>,
}

impl Told {
    fn take(&mut self, entry: &Entry<'_>, applied: Applied, effects: Effects, journal: JournalId) {
        self.news.extend(News::of(entry, applied));
        // The others are for transmission devices; the inspection answers them.
        if let Input::Order(order) = &entry.input
            && order.kind.addressee() == Addressee::Rules
        {
            self.orders.push((order.id.clone(), effects.refusals));
        }
        self.records.extend(alert_log::records(entry.seq, journal, effects.transitions));
    }

    fn log(&self) {
        for transition in self.records.iter().flat_map(|record| &record.transitions) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_waits_neither_for_a_full_batch_nor_for_large_frames() {
        let start = clock::instant();
        let mut taken = Taken::default();
        taken.entries(1, 100);
        assert!(!taken.is_enough(|| start + Duration::from_secs(9)), "nothing is raised, nothing is late");
        taken.raised(start);
        taken.raised(start + Duration::from_millis(1));
        assert!(!taken.is_enough(|| start + Duration::from_millis(1)), "alarms of one moment share a sync");
        assert!(taken.is_enough(|| start + ALARM_WAIT_MAX));

        let mut large = Taken::default();
        for _ in 0..16 {
            large.entries(1, 64 * 1024);
        }
        assert!(large.is_enough(|| start));
    }
}
