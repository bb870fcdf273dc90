//! From disk to where the station stopped: snapshot, then the entries up to the alert log's last one with the output
//! suppressed and compared, then live.

use crate::parts::fold::{Fold, FoldError, SNAPSHOT_VERSION};
use crate::parts::paths::DataPaths;
use crate::parts::poison;
use crate::set_up_store::SetUpError;
use std::collections::BTreeSet;
use std::io;
use tracing::{error, info, warn};
use watchfire_journal::snapshot::{self, Fit};
use watchfire_journal::{JournalId as FileId, ReadError, Reader, RealDisk};
use watchfire_model::encoding::{DecodeError, decode_entry};
use watchfire_model::{AlertRecord, Input, JournalId, Seq};
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
    #[error("failed to read the alert log: {0}")]
    AlertLog(#[source] ReadError),
    #[error("entry {seq} cannot be read: {source}")]
    Entry { seq: u64, source: DecodeError },
    #[error("alert log record {position} cannot be read: {source}")]
    Alert { position: u64, source: DecodeError },
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
}

/// Builds the state again.
/// `skip` is an entry whose `Skip` is about to be journaled.
pub(crate) fn recover(paths: &DataPaths, ends: Ends, skip: Option<Seq>) -> Result<Recovered, RecoveryError> {
    let (snapshot, body) = load_snapshot(paths, ends)?;
    let mut skips = skips_after(paths, snapshot, ends.entries)?;
    skips.extend(skip);
    let journal = JournalId(ends.journal.0);
    let (mut fold, snapshot) = match body.map(|body| Fold::restore(&body, paths.set_ups(), skips.clone())) {
        Some(Ok(fold)) => (fold, snapshot),
        Some(Err(error)) => {
            let why: &FoldError = &error;
            error!(error = %why, "the snapshot cannot be used; replaying the journal from its beginning");
            let mut skips = skips_after(paths, 0, ends.entries)?;
            skips.extend(skip);
            (Fold::new(journal, paths.set_ups(), skips), 0)
        }
        None => (Fold::new(journal, paths.set_ups(), skips), 0),
    };
    let logged = last_logged(paths, ends.alerts)?;
    if logged > ends.entries {
        return Err(RecoveryError::LogAhead { logged, last: ends.entries });
    }
    let differences = reapply(paths, &mut fold, snapshot, logged, ends)?;
    info!(snapshot, logged, entries = ends.entries, differences, "state recovered");
    Ok(Recovered { fold, position: logged.max(snapshot), differences, snapshot })
}

fn load_snapshot(paths: &DataPaths, ends: Ends) -> Result<(u64, Option<Vec<u8>>), RecoveryError> {
    let fit = Fit { journal_id: ends.journal, last: ends.entries, versions: &[SNAPSHOT_VERSION] };
    let loaded = snapshot::load(&RealDisk, &paths.snapshots(), SNAPSHOT_NAME, &fit).map_err(RecoveryError::Snapshot)?;
    for (file, refusal) in &loaded.refused {
        warn!(file = %file.display(), %refusal, "snapshot passed over");
    }
    Ok(loaded.snapshot.map_or((0, None), |snapshot| (snapshot.position, Some(snapshot.body))))
}

/// The entries that a `Skip` behind the snapshot names. A poison entry comes before its `Skip`, so they are looked for
/// before anything is applied.
fn skips_after(paths: &DataPaths, after: u64, up_to: u64) -> Result<BTreeSet<Seq>, RecoveryError> {
    let mut reader = open_entries(paths, after)?;
    let mut skips = BTreeSet::new();
    while let Some(record) = reader.next(up_to).map_err(RecoveryError::Journal)? {
        if !watchfire_model::encoding::is_skip(record.bytes) {
            continue;
        }
        let entry = decode_entry(Seq(record.seq), record.bytes)
            .map_err(|source| RecoveryError::Entry { seq: record.seq, source })?;
        if let Input::Skip(seq) = entry.input {
            skips.insert(seq);
        }
    }
    Ok(skips)
}

/// The input of the alert log's last record; 0 when it is empty.
fn last_logged(paths: &DataPaths, alerts: u64) -> Result<u64, RecoveryError> {
    let Some(record) = last_alert(paths, alerts)? else { return Ok(0) };
    Ok(record.seq.0)
}

fn last_alert(paths: &DataPaths, alerts: u64) -> Result<Option<AlertRecord>, RecoveryError> {
    if alerts == 0 {
        return Ok(None);
    }
    let mut reader = Reader::open(&RealDisk, &paths.alert_log(), alerts).map_err(RecoveryError::AlertLog)?;
    next_alert(&mut reader, alerts)
}

/// Applies entries after `snapshot` up to `logged`; counts those whose transitions are not what the alert log holds.
fn reapply(paths: &DataPaths, fold: &mut Fold, snapshot: u64, logged: u64, ends: Ends) -> Result<u64, RecoveryError> {
    if logged <= snapshot {
        return Ok(0);
    }
    let mut alerts = AlertsAfter::open(paths, snapshot, ends.alerts)?;
    let mut reader = open_entries(paths, snapshot)?;
    let mut effects = Effects::default();
    let mut differences = 0;
    while let Some(record) = reader.next(logged).map_err(RecoveryError::Journal)? {
        let seq = record.seq;
        let entry = decode_entry(Seq(seq), record.bytes).map_err(|source| RecoveryError::Entry { seq, source })?;
        poison::applying(entry.seq);
        fold.apply(&entry, &mut effects).map_err(|source| RecoveryError::SetUp { seq, source })?;
        let told = alerts.take(seq)?;
        if told.unwrap_or_default() != effects.transitions {
            differences += 1;
        }
        effects.transitions.clear();
        effects.refusals.clear();
    }
    Ok(differences)
}

/// The alert log's records by their inputs.
struct AlertsAfter {
    reader: Option<Reader<RealDisk>>,
    end: u64,
    next: Option<AlertRecord>,
}

impl AlertsAfter {
    /// Finds the first record whose input is after `snapshot`, by halving: the log is in the order of its inputs.
    fn open(paths: &DataPaths, snapshot: u64, end: u64) -> Result<AlertsAfter, RecoveryError> {
        let first = first_position(paths)?;
        let (mut low, mut high) = (first, end + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut reader = Reader::open(&RealDisk, &paths.alert_log(), middle).map_err(RecoveryError::AlertLog)?;
            match next_alert(&mut reader, end)? {
                Some(record) if record.seq.0 <= snapshot => low = middle + 1,
                _ => high = middle,
            }
        }
        if low > end {
            return Ok(AlertsAfter { reader: None, end, next: None });
        }
        let mut reader = Reader::open(&RealDisk, &paths.alert_log(), low).map_err(RecoveryError::AlertLog)?;
        let next = next_alert(&mut reader, end)?;
        Ok(AlertsAfter { reader: Some(reader), end, next })
    }

    /// What the log holds for an input.
    fn take(&mut self, seq: u64) -> Result<Option<Vec<watchfire_model::Transition>>, RecoveryError> {
        if self.next.as_ref().is_none_or(|record| record.seq.0 != seq) {
            return Ok(None);
        }
        let taken = self.next.take().map(|record| record.transitions);
        if let Some(reader) = &mut self.reader {
            self.next = next_alert(reader, self.end)?;
        }
        Ok(taken)
    }
}

fn first_position(paths: &DataPaths) -> Result<u64, RecoveryError> {
    let segments = watchfire_journal::segments(&RealDisk, &paths.alert_log()).map_err(RecoveryError::Snapshot)?;
    Ok(segments.first().map_or(1, |segment| segment.first))
}

fn next_alert(reader: &mut Reader<RealDisk>, end: u64) -> Result<Option<AlertRecord>, RecoveryError> {
    let Some(record) = reader.next(end).map_err(RecoveryError::AlertLog)? else { return Ok(None) };
    let position = record.seq;
    AlertRecord::decode(record.bytes).map(Some).map_err(|source| RecoveryError::Alert { position, source })
}

fn open_entries(paths: &DataPaths, after: u64) -> Result<Reader<RealDisk>, RecoveryError> {
    Reader::open(&RealDisk, &paths.journal(), after + 1).map_err(RecoveryError::Journal)
}
