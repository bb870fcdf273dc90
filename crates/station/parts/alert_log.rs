//! The alert log: how an entry's transitions are written to it and read back.
//!
//! What one entry changed is one record, or a run of records with the same `seq` when it is much: ten thousand devices
//! that fall silent at one tick do not fit into one. The log is in the order of its entries. A kill can leave the first
//! records of the last run only; recovery sees that and appends the others.
//!
//! Old parts of the log that have left are passed over: today's alarms do not depend on them. Damaged ones are mended by
//! whoever meets them (`damage.rs`).

use std::path::{Path, PathBuf};
use tracing::error;
use watchfire_journal::{ReadError, Reader, RealDisk};
use watchfire_model::encoding::DecodeError;
use watchfire_model::{AlertRecord, JournalId, Seq, Transition};

/// Bytes of a record; a quarter of what the log takes. One transition that is longer stands alone.
const RECORD_BYTES: usize = 256 * 1024;

/// The alert log cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AlertLogError {
    #[error("failed to read the alert log: {0}")]
    Read(#[from] ReadError),
    #[error("failed to list the alert log: {0}")]
    List(#[source] std::io::Error),
    #[error("alert log record {position} cannot be read: {source}")]
    Record { position: u64, source: DecodeError },
}

/// What an entry changed, as the records that hold it.
pub(crate) fn records(seq: Seq, journal: JournalId, transitions: Vec<Transition>) -> Vec<AlertRecord> {
    let mut records = Vec::with_capacity(1);
    if !transitions.is_empty() {
        split(AlertRecord { seq, journal, transitions }, &mut records);
    }
    records
}

/// Halves a record until each part is short enough.
fn split(mut record: AlertRecord, parts: &mut Vec<AlertRecord>) {
    let transitions = record.transitions.len();
    if transitions == 1 || record.encode().len() <= RECORD_BYTES {
        parts.push(record);
        return;
    }
    let rest = record.transitions.split_off(transitions / 2);
    let rest = AlertRecord { seq: record.seq, journal: record.journal, transitions: rest };
    split(record, parts);
    split(rest, parts);
}

/// The entry of the log's last record, whose position is `end`; 0 when there is none.
pub(crate) fn last_entry(folder: &Path, end: u64) -> Result<u64, AlertLogError> {
    if end == 0 {
        return Ok(0);
    }
    let mut reader = Reader::open(&RealDisk, folder, end)?;
    let Some(record) = reader.next(end)? else { return Ok(0) };
    let position = record.seq;
    let record = AlertRecord::decode(record.bytes).map_err(|source| AlertLogError::Record { position, source })?;
    // A record without transitions stands for one that was lost.
    if record.transitions.is_empty() { last_kept(folder, end) } else { Ok(record.seq.0) }
}

/// The entry of the last record that is not a stand-in, looked for from the newest segment back.
fn last_kept(folder: &Path, end: u64) -> Result<u64, AlertLogError> {
    let segments = watchfire_journal::segments(&RealDisk, folder).map_err(AlertLogError::List)?;
    for segment in segments.iter().rev() {
        let mut reader = Reader::open(&RealDisk, folder, segment.first)?;
        let mut kept = None;
        while let Some(record) = reader.next(segment.end.map_or(end, |next| end.min(next.saturating_sub(1))))? {
            let record = AlertRecord::decode(record.bytes).ok().filter(|record| !record.transitions.is_empty());
            kept = record.map(|record| record.seq.0).or(kept);
        }
        if let Some(kept) = kept {
            return Ok(kept);
        }
    }
    Ok(0)
}

/// Reads the log in order, an entry's run at a time.
pub(crate) struct AlertRuns {
    folder: PathBuf,
    reader: Reader<RealDisk>,
    /// Read and not yet taken.
    next: Option<AlertRecord>,
}

impl AlertRuns {
    /// Opens the log at its first record of an entry after `seq`; `end` is its last durable record.
    pub(crate) fn after(folder: &Path, seq: u64, end: u64) -> Result<AlertRuns, AlertLogError> {
        let first = first_to_read(folder, seq, end)?;
        let reader = match Reader::open(&RealDisk, folder, first) {
            Err(why) => readable_after(folder, first, why)?,
            Ok(reader) => reader,
        };
        let mut runs = AlertRuns { folder: folder.to_owned(), reader, next: None };
        while runs.peek(end)?.is_some_and(|record| record.seq.0 <= seq) {
            runs.next = None;
        }
        Ok(runs)
    }

    /// Everything that the log holds of entries up to `seq` and that was not taken before.
    pub(crate) fn up_to(&mut self, seq: u64, end: u64) -> Result<Vec<Transition>, AlertLogError> {
        let mut taken = Vec::new();
        while self.peek(end)?.is_some_and(|record| record.seq.0 <= seq)
            && let Some(record) = self.next.take()
        {
            taken.extend(record.transitions);
        }
        Ok(taken)
    }

    fn peek(&mut self, end: u64) -> Result<Option<&AlertRecord>, AlertLogError> {
        while self.next.is_none() {
            match self.reader.next(end) {
                Ok(None) => return Ok(None),
                Ok(Some(record)) => {
                    let position = record.seq;
                    match AlertRecord::decode(record.bytes) {
                        Ok(record) => self.next = Some(record),
                        Err(why @ DecodeError::Malformed(_)) => error!(position, %why, "alert log record passed over"),
                        Err(source) => return Err(AlertLogError::Record { position, source }),
                    }
                }
                Err(why) => self.reader = readable_after(&self.folder, self.reader.position(), why)?,
            }
        }
        Ok(self.next.as_ref())
    }
}

/// Where to begin to read for entries after `seq`: the newest segment that begins with an earlier one.
fn first_to_read(folder: &Path, seq: u64, end: u64) -> Result<u64, AlertLogError> {
    let segments = watchfire_journal::segments(&RealDisk, folder).map_err(AlertLogError::List)?;
    let begins_before = |first: u64| entry_at(folder, first, end).is_some_and(|entry| entry <= seq);
    let begin = segments.iter().rev().find(|segment| begins_before(segment.first));
    Ok(begin.or(segments.first()).map_or(1, |segment| segment.first))
}

/// The entry of the record at a position; `None` when it cannot be read, or is not there yet.
fn entry_at(folder: &Path, position: u64, end: u64) -> Option<u64> {
    let mut reader = Reader::open(&RealDisk, folder, position).ok()?;
    let record = reader.next(position.min(end)).ok()??;
    let record = AlertRecord::decode(record.bytes).ok().filter(|record| !record.transitions.is_empty());
    record.map(|record| record.seq.0)
}

/// A reader at the first segment behind `position` that can be opened, when what stands there has left.
fn readable_after(folder: &Path, position: u64, why: ReadError) -> Result<Reader<RealDisk>, AlertLogError> {
    let mut why = why;
    let segments = watchfire_journal::segments(&RealDisk, folder).map_err(AlertLogError::List)?;
    for segment in segments.iter().filter(|segment| segment.first > position) {
        if !matches!(why, ReadError::Gone { .. }) {
            break;
        }
        error!(position, %why, next = segment.first, "a part of the alert log is passed over");
        match Reader::open(&RealDisk, folder, segment.first) {
            Ok(reader) => return Ok(reader),
            Err(error) => why = error,
        }
    }
    Err(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::damage::{self, Log};
    use watchfire_journal::{Limits, Writer};
    use watchfire_model::{AlertId, Bilingual, Class, RuleRef, SiteId, Step, Timestamp};

    fn transition(seq: u64, index: u32) -> Transition {
        Transition {
            alert: AlertId { journal: JournalId([7; 16]), cause: Seq(seq), ordinal: index },
            seq: Seq(seq),
            at: Timestamp::from_seconds(1),
            step: Step::Raised,
            class: Class::Offline,
            severity: Class::Offline.severity(),
            site: SiteId::new("home").unwrap(),
            zone: None,
            device: None,
            point: None,
            rule: RuleRef { name: "silence".into(), version: 1 },
            reason: Bilingual::new("silent for a long while".repeat(5), "长时间无数据".repeat(5)),
            evidence: Vec::new(),
            marks: Default::default(),
        }
    }

    fn run(seq: u64, transitions: u32) -> Vec<Transition> {
        (0..transitions).map(|index| transition(seq, index)).collect()
    }

    /// Writes runs to a log of small segments; the last record.
    fn write(folder: &Path, runs: &[Vec<Transition>]) -> u64 {
        let limits = Limits { segment_bytes: 64 * 1024, reserve_bytes: 0, ..Limits::default() };
        let (mut writer, _) = Writer::open(&RealDisk, folder, limits).unwrap();
        for run in runs {
            for record in records(run[0].seq, JournalId([7; 16]), run.clone()) {
                writer.append(&record.encode()).unwrap();
            }
            writer.sync().unwrap();
        }
        writer.durable()
    }

    #[test]
    fn what_does_not_fit_into_one_record_is_a_run() {
        let all = run(3, 20_000);
        let parts = records(Seq(3), JournalId([7; 16]), all.clone());
        assert!(parts.len() > 1);
        assert!(parts.iter().all(|part| part.seq == Seq(3) && part.encode().len() <= RECORD_BYTES));
        let joined: Vec<Transition> = parts.into_iter().flat_map(|part| part.transitions).collect();
        assert_eq!(joined, all);
        assert!(records(Seq(3), JournalId([7; 16]), Vec::new()).is_empty());
    }

    #[test]
    fn runs_are_read_from_any_entry_on() {
        let folder = tempfile::tempdir().unwrap();
        let runs = [run(10, 1), run(20, 3_000), run(30, 2), run(40, 3_000), run(50, 1)];
        let end = write(folder.path(), &runs);
        assert_eq!(last_entry(folder.path(), end).unwrap(), 50);
        for from in [0, 9, 10, 15, 20, 29, 30, 40, 49, 50] {
            let mut read = AlertRuns::after(folder.path(), from, end).unwrap();
            for run in &runs {
                let seq = run[0].seq.0;
                let expected = if seq > from { run.clone() } else { Vec::new() };
                assert!(read.up_to(seq - 1, end).unwrap().is_empty());
                assert_eq!(read.up_to(seq, end).unwrap(), expected, "entry {seq}, read from {from}");
            }
        }
    }

    #[test]
    fn a_damaged_old_part_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let runs = [run(10, 1_000), run(20, 1_000), run(30, 1_000), run(40, 1)];
        let end = write(folder.path(), &runs);
        let segments = watchfire_journal::segments(&RealDisk, folder.path()).unwrap();
        assert!(segments.len() >= 3, "{segments:?}");
        let damaged = folder.path().join(format!("seg-{:020}.wfj", segments[1].first));
        let mut bytes = std::fs::read(&damaged).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&damaged, bytes).unwrap();

        let why = AlertRuns::after(folder.path(), 0, end).and_then(|mut runs| runs.up_to(40, end)).unwrap_err();
        let file = damage::damaged_file_of_alerts(&why).unwrap();
        assert_eq!(file, damaged);
        assert!(damage::repair(file, Log::Alerts, 0).unwrap().is_some());
        let mut read = AlertRuns::after(folder.path(), 0, end).unwrap();
        assert_eq!(read.up_to(10, end).unwrap(), runs[0]);
        assert!(read.up_to(20, end).unwrap().is_empty(), "this is what was damaged");
        assert_eq!(read.up_to(40, end).unwrap().last(), runs[3].last());
        let mut read = AlertRuns::after(folder.path(), 20, end).unwrap();
        assert_eq!(read.up_to(30, end).unwrap(), runs[2], "what is needed is found behind it");
    }
}
