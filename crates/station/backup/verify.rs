//! Looks at everything that a data directory or a backup holds: every record, every segment in the evidence, every
//! set-up that an entry names, a snapshot to start from, the archive with its cursors. Changes nothing, and may look at a
//! station that runs.

use super::BackupError;
use super::manifest::Manifest;
use crate::parts::archive_place::ArchivePlace;
use crate::parts::fold::{Draft, Fold, SNAPSHOT_VERSION};
use crate::parts::paths::DataPaths;
use crate::parts::recovery::SNAPSHOT_NAME;
use crate::parts::snapshots;
use crate::set_up_store::{self, Points};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use watchfire_archive::Checked;
use watchfire_console::Users;
use watchfire_journal::{Copied, Reader, RealDisk, check, evidence};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, Input, Seq};

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Verified {
    pub(crate) journal: Option<String>,
    pub(crate) entries: u64,
    pub(crate) alert_records: u64,
    pub(crate) set_ups: usize,
    pub(crate) evidence_segments: usize,
    /// The entry at which the newest snapshot that can be taken up stands.
    pub(crate) snapshot: Option<u64>,
    /// Readings in the archive.
    pub(crate) readings: Option<u64>,
    /// What is not as it should be, a sentence each.
    pub(crate) problems: Vec<String>,
}

/// Looks at a backup: also at whether each file is what was backed up.
pub(crate) fn backup(folder: &Path) -> Result<(Manifest, Verified), BackupError> {
    let manifest = Manifest::read(folder)?;
    let paths = DataPaths::new(folder);
    let archive = manifest.has_archive.then(|| ArchivePlace::File(paths.archive()));
    let mut verified = data(&paths, archive.as_ref());
    verified.problems.extend(manifest.differences(folder));
    if verified.journal.as_ref().is_some_and(|id| *id != manifest.journal.id) {
        verified.problems.push("the journal is not the one that was backed up".to_owned());
    }
    Ok((manifest, verified))
}

/// Looks at a data directory; at the archive where there is one.
pub(crate) fn data(paths: &DataPaths, archive: Option<&ArchivePlace>) -> Verified {
    let mut verified = Verified::default();
    // The archive and the alert log first: the journal is ahead of both.
    let archived = archive.and_then(|place| look_at_archive(place, &mut verified));
    let alerts = look_at_log(&paths.alert_log(), "alert log", &mut verified);
    let told_to = alerts.as_ref().map_or(0, |found| read_alerts(&paths.alert_log(), found, &mut verified));
    let journal = look_at_log(&paths.journal(), "journal", &mut verified);
    if let Some(found) = &journal {
        verified.journal = Some(found.journal_id.to_string());
        read_entries(paths, found, &mut verified);
        look_at_snapshots(paths, found, &mut verified);
        if told_to > found.last {
            let (last, problems) = (found.last, &mut verified.problems);
            problems.push(format!("the alert log knows entry {told_to}, but the journal ends at entry {last}"));
        }
    }
    for log in [paths.journal(), paths.alert_log()] {
        look_at_evidence(&log, &mut verified);
    }
    if let Some(archived) = archived {
        verified.readings = Some(archived.readings);
        for (name, log, cursor) in
            [("entries", &journal, &archived.entries), ("alert records", &alerts, &archived.alerts)]
        {
            verified.problems.extend(compare_cursor(name, log.as_ref(), cursor.as_ref()));
        }
        verified.problems.extend(archived.problems.into_iter().map(|problem| format!("archive: {problem}")));
    }
    if paths.users().exists()
        && let Err(why) = Users::open(&paths.users())
    {
        verified.problems.push(format!("users: {why}"));
    }
    verified
}

fn look_at_archive(place: &ArchivePlace, verified: &mut Verified) -> Option<Checked> {
    if let ArchivePlace::File(file) = place
        && !file.exists()
    {
        return None;
    }
    match place.history().check() {
        Ok(checked) => Some(checked),
        Err(why) => {
            verified.problems.push(format!("archive: {why}"));
            None
        }
    }
}

fn look_at_log(folder: &Path, name: &str, verified: &mut Verified) -> Option<Copied> {
    match check(&RealDisk, folder) {
        Ok(found) => {
            let damaged = found.damaged.iter();
            verified.problems.extend(damaged.map(|(file, damage)| format!("{name}: {}: {damage}", file.display())));
            Some(found)
        }
        Err(why) => {
            verified.problems.push(format!("{name}: {why}"));
            None
        }
    }
}

/// Reads what can be read of a log, record by record.
fn read_log(
    folder: &Path,
    found: &Copied,
    problems: &mut Vec<String>,
    mut each: impl FnMut(u64, &[u8]) -> Option<String>,
) {
    // A damaged segment is told already, and is as far as one can read.
    let damaged = |problems: &mut Vec<String>, why: String| {
        if found.damaged.is_empty() {
            problems.push(why);
        }
    };
    let mut reader = match Reader::open(&RealDisk, folder, found.first) {
        Ok(reader) => reader,
        Err(why) => return damaged(problems, why.to_string()),
    };
    loop {
        match reader.next(found.last) {
            Ok(Some(record)) => problems.extend(each(record.seq, record.bytes)),
            Ok(None) => return,
            Err(why) => return damaged(problems, why.to_string()),
        }
    }
}

/// The last entry of which the alert log tells.
fn read_alerts(folder: &Path, found: &Copied, verified: &mut Verified) -> u64 {
    let (mut told_to, mut count) = (0, 0);
    read_log(folder, found, &mut verified.problems, |position, bytes| {
        count += 1;
        match AlertRecord::decode(bytes) {
            Ok(record) if record.seq.0 < told_to && !record.transitions.is_empty() => {
                Some(format!("alert record {position} is of entry {} after one of entry {told_to}", record.seq.0))
            }
            Ok(record) => {
                told_to = told_to.max(record.seq.0);
                None
            }
            Err(why) => Some(format!("alert record {position}: {why}")),
        }
    });
    verified.alert_records = count;
    told_to
}

fn read_entries(paths: &DataPaths, found: &Copied, verified: &mut Verified) {
    let (mut set_ups, mut count) = (BTreeSet::new(), 0);
    read_log(&paths.journal(), found, &mut verified.problems, |seq, bytes| {
        count += 1;
        match decode_entry(Seq(seq), bytes).map(|entry| entry.input) {
            Ok(Input::Setup(setup)) => {
                let is_new = set_ups.insert(setup.sha256);
                let fetched = is_new.then(|| set_up_store::fetch(&paths.set_ups(), &setup, &Points::default()));
                fetched.and_then(Result::err).map(|why| format!("entry {seq}: {why}"))
            }
            Ok(_) => None,
            Err(why) => Some(format!("entry {seq}: {why}")),
        }
    });
    (verified.entries, verified.set_ups) = (count, set_ups.len());
}

fn look_at_snapshots(paths: &DataPaths, found: &Copied, verified: &mut Verified) {
    let restore = |body: &[u8]| Fold::restore(body, paths.set_ups(), Draft::default());
    let at = (found.journal_id, found.last);
    match snapshots::newest(&paths.snapshots(), SNAPSHOT_NAME, SNAPSHOT_VERSION, at, restore) {
        Ok(newest) => verified.snapshot = newest.map(|(_, position)| position),
        Err(why) => verified.problems.push(format!("snapshots: {why}")),
    }
    if verified.snapshot.is_none() && found.first > 1 {
        let first = found.first;
        verified.problems.push(format!("no snapshot can be taken up, and the journal begins at entry {first} only"));
    }
}

fn look_at_evidence(log: &Path, verified: &mut Verified) {
    let items = match evidence::list(&RealDisk, log) {
        Ok(items) => items,
        Err(why) => return verified.problems.push(format!("evidence of {}: {why}", log.display())),
    };
    verified.evidence_segments += items.len();
    for item in items {
        if let Err(why) = evidence::read(&RealDisk, log, &item) {
            verified.problems.push(format!("evidence: {why}"));
        }
    }
}

/// The archive follows these logs and is not ahead of them.
fn compare_cursor(name: &str, log: Option<&Copied>, cursor: Option<&(String, u64)>) -> Option<String> {
    let (log, (journal, position)) = (log?, cursor?);
    let (id, last) = (log.journal_id.to_string(), log.last);
    if *journal != id {
        return Some(format!("archive: its {name} are those of journal {journal}, but the journal here is {id}"));
    }
    (*position > last).then(|| format!("archive: it has {name} up to {position}, but the log ends at {last}"))
}
