//! From disk to where the station stopped: snapshot, then the entries up to the alert log's last one with the output
//! suppressed and compared, then live.

use crate::parts::alert_log::{self, AlertLogError, AlertRuns};
use crate::parts::fold::{Draft, Fold};
use crate::parts::paths::DataPaths;
use crate::parts::{poison, snapshots};
use crate::set_up_store::SetUpError;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use tracing::{error, info, warn};
use watchfire_journal::{JournalId as FileId, ReadError, Reader, RealDisk};
use watchfire_model::encoding::{DecodeError, decode_entry, is_restored, is_set_up, is_skip};
use watchfire_model::{Alert, AlertId, AlertRecord, Bilingual, Input, JournalId, Seq, Setup, Transition};
use watchfire_rules::Effects;

/// The name of the rules' snapshots.
pub(crate) const SNAPSHOT_NAME: &str = "rules";

/// The state cannot be built again from what is on disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecoveryError {
    #[error(
        "the alert log knows entry {logged}, but the journal ends at entry {last}: one of them is from a backup; \
         restore both from the same one"
    )]
    LogAhead { logged: u64, last: u64 },
    #[error("failed to read the snapshots: {0}")]
    Snapshot(#[source] io::Error),
    #[error("failed to read the journal: {0}")]
    Journal(#[source] ReadError),
    #[error(transparent)]
    AlertLog(#[from] AlertLogError),
    #[error("entry {seq} cannot be read: {source}")]
    Entry { seq: u64, source: DecodeError },
    #[error("entry {seq}: {source}")]
    SetUp { seq: u64, source: SetUpError },
}

/// How far the two logs are durable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) journal: FileId,
    pub(crate) entries: u64,
    pub(crate) alerts: u64,
}

/// The state at the end of what the alert log has seen.
pub(crate) struct Recovered {
    pub(crate) fold: Fold,
    /// The last entry that is folded in.
    pub(crate) position: u64,
    /// Entries whose transitions differed from the alert log's.
    pub(crate) differences: u64,
    /// The position of the last snapshot on disk; 0 without one.
    pub(crate) snapshot: u64,
    /// What a kill kept from the alert log of its last entry's run: to be appended before anything else.
    pub(crate) unlogged: Vec<AlertRecord>,
    /// The set-up that will be in force when everything journaled is applied.
    pub(crate) last_set_up: Option<Setup>,
    /// Entries that are needed and have left the journal.
    pub(crate) gap: Option<Bilingual>,
}

/// Builds the state again.
/// `skip` is an entry whose `Skip` is about to be journaled.
pub(crate) fn recover(paths: &DataPaths, ends: Ends, skip: Option<Seq>) -> Result<Recovered, RecoveryError> {
    let logged = alert_log::last_entry(&paths.alert_log(), ends.alerts)?;
    if logged > ends.entries {
        return Err(RecoveryError::LogAhead { logged, last: ends.entries });
    }
    let restore = |body: &[u8]| Fold::restore(body, paths.set_ups(), Draft::default());
    let (folder, at) = (paths.snapshots(), (ends.journal, ends.entries));
    let found = snapshots::newest(&folder, SNAPSHOT_NAME, crate::parts::fold::SNAPSHOT_VERSION, at, restore)
        .map_err(RecoveryError::Snapshot)?;
    let (mut fold, snapshot) =
        found.unwrap_or_else(|| (Fold::new(JournalId(ends.journal.0), paths.set_ups(), BTreeSet::new()), 0));
    let (mut reader, gap) = open_entries(paths, snapshot)?;
    let folded = reader.position() - 1;
    let tail = Tail::read(&mut reader, ends.entries, skip)?;
    let last_set_up = tail.set_up.or(fold.in_force());
    if let Some(before) = tail.begins_in {
        fold.begin_in(before);
    }
    fold.skip(tail.skips);
    let (differences, unlogged) = reapply(paths, &mut fold, folded, logged, ends)?;
    fold.go_live();
    info!(snapshot, logged, entries = ends.entries, differences, "state recovered");
    let position = logged.max(folded);
    Ok(Recovered { fold, position, differences, snapshot, unlogged, last_set_up, gap })
}

/// What must be known of the entries behind the snapshot before the first of them is applied.
struct Tail {
    /// The entries that a `Skip` names. A poison entry comes before its `Skip`.
    skips: BTreeSet<Seq>,
    /// The last set-up that is not skipped.
    set_up: Option<Setup>,
    /// The journal that the first of them are of, when a restore lies behind them.
    begins_in: Option<JournalId>,
}

impl Tail {
    fn read(reader: &mut Reader<RealDisk>, up_to: u64, skip: Option<Seq>) -> Result<Tail, RecoveryError> {
        let mut skips: BTreeSet<Seq> = skip.into_iter().collect();
        let (mut set_ups, mut begins_in) = (Vec::new(), None);
        while let Some(record) = reader.next(up_to).map_err(RecoveryError::Journal)? {
            if !is_skip(record.bytes) && !is_set_up(record.bytes) && !is_restored(record.bytes) {
                continue;
            }
            // One that cannot be read shows itself when it is applied, and is skipped at last.
            match decode_entry(Seq(record.seq), record.bytes).map(|entry| (entry.seq, entry.input)) {
                Ok((_, Input::Skip(skipped))) => drop(skips.insert(skipped)),
                Ok((seq, Input::Setup(set_up))) => set_ups.push((seq, set_up)),
                Ok((_, Input::Restored(restored))) => _ = begins_in.get_or_insert(restored.before),
                Ok(_) => {}
                Err(why) => warn!(seq = record.seq, %why, "an entry cannot be read"),
            }
        }
        let set_up = set_ups.into_iter().rev().find(|(seq, _)| !skips.contains(seq)).map(|(_, set_up)| set_up);
        Ok(Tail { skips, set_up, begins_in })
    }
}

/// What people were told of the alerts: a fold of the alert log, begun where the snapshot and the log are one.
struct Told(BTreeMap<AlertId, Alert>);

impl Told {
    fn of(fold: &Fold) -> Told {
        Told(fold.engine().alerts().map(|alert| (alert.id, alert.clone())).collect())
    }

    fn apply(&mut self, transitions: &[Transition]) {
        for transition in transitions {
            match self.0.get_mut(&transition.alert) {
                Some(alert) => alert.apply(transition),
                None => drop(self.0.insert(transition.alert, Alert::new(transition))),
            }
        }
    }

    /// The alerts that these transitions are about, as they were told.
    fn concerned<'a>(
        &'a self,
        transitions: impl Iterator<Item = &'a Transition>,
    ) -> impl Iterator<Item = (AlertId, Option<&'a Alert>)> {
        let ids: BTreeSet<AlertId> = transitions.map(|transition| transition.alert).collect();
        ids.into_iter().map(|id| (id, self.0.get(&id)))
    }
}

/// Applies entries after `folded` up to `logged`. Counts those whose transitions are not what the alert log holds, puts the
/// log's in their place, and gives what is missing at the end of the log's last run.
fn reapply(
    paths: &DataPaths,
    fold: &mut Fold,
    folded: u64,
    logged: u64,
    ends: Ends,
) -> Result<(u64, Vec<AlertRecord>), RecoveryError> {
    let (mut differences, mut unlogged) = (0, Vec::new());
    if logged <= folded {
        return Ok((differences, unlogged));
    }
    let mut alerts = AlertRuns::after(&paths.alert_log(), folded, ends.alerts)?;
    let (mut reader, _) = open_entries(paths, folded)?;
    let mut effects = Effects::default();
    let mut known = Told::of(fold);
    while let Some(record) = reader.next(logged).map_err(RecoveryError::Journal)? {
        let seq = Seq(record.seq);
        poison::applying(seq);
        if !fold.skips(seq) {
            let entry =
                decode_entry(seq, record.bytes).map_err(|source| RecoveryError::Entry { seq: seq.0, source })?;
            fold.apply(&entry, &mut effects).map_err(|source| RecoveryError::SetUp { seq: seq.0, source })?;
        }
        poison::applied();
        let told = alerts.up_to(seq.0, ends.alerts)?;
        known.apply(&told);
        if seq.0 == logged && !told.is_empty() && effects.transitions.starts_with(&told) {
            let rest = effects.transitions.split_off(told.len());
            unlogged = alert_log::records(seq, JournalId(ends.journal.0), rest);
        } else if told != effects.transitions {
            differences += 1;
            fold.take_logged(known.concerned(told.iter().chain(&effects.transitions)));
        }
        effects.transitions.clear();
        effects.refusals.clear();
    }
    Ok((differences, unlogged))
}

/// The journal behind an entry; when what follows has left it, at its first one, with what is to be told of that.
fn open_entries(paths: &DataPaths, after: u64) -> Result<(Reader<RealDisk>, Option<Bilingual>), RecoveryError> {
    match Reader::open(&RealDisk, &paths.journal(), after + 1) {
        Err(ReadError::Gone { first }) => {
            let (from, to) = (after + 1, first - 1);
            error!(from, to, "entries are needed that have left the journal; going on without them");
            let gap = Bilingual::new(
                format!(
                    "no newer snapshot could be used, and entries {from} to {to} have left the journal: alerts and device \
                     states from before entry {first} are missing; restore the snapshots from a backup"
                ),
                format!(
                    "没有更新的可用快照，且记录 {from} 至 {to} 已移出日志：记录 {first} 之前的警情和设备状态缺失；请从备份恢复快照"
                ),
            );
            let reader = Reader::open(&RealDisk, &paths.journal(), first).map_err(RecoveryError::Journal)?;
            Ok((reader, Some(gap)))
        }
        opened => Ok((opened.map_err(RecoveryError::Journal)?, None)),
    }
}
