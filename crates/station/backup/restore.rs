//! Restores a backup into a data directory that is not there: all of it or nothing.

use super::manifest::Manifest;
use super::restored::{self, Ids, Restored};
use super::{BackupError, files, verify};
use crate::clock;
use crate::parts::archive_place::ArchivePlace;
use crate::parts::damage::{self, Log};
use crate::parts::paths::DataPaths;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use watchfire_journal::{Copied, JournalId as FileId, Limits, Reader, RealDisk, Writer, copy, new_id, snapshot};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{EncodedInput, Input, JournalId, Restored as RestoredInput, Seq, Timestamp};

/// What was restored.
pub(crate) struct Done {
    /// The journal's new id.
    pub(crate) journal: FileId,
    /// The last entry of the backup.
    pub(crate) last: u64,
    /// Why the archive on a server does not follow the restored logs yet.
    pub(crate) archive_waits: Option<String>,
}

/// Restores the backup in `from`. A backup with problems is restored only `even_damaged`: what is lost of it is passed
/// over.
pub(crate) fn restore(
    from: &Path,
    paths: &DataPaths,
    archive: &ArchivePlace,
    even_damaged: bool,
) -> Result<Done, BackupError> {
    let (manifest, verified) = verify::backup(from)?;
    if !verified.problems.is_empty() && !even_damaged {
        let problems = verified.problems.join("\n  ");
        return Err(BackupError(format!(
            "the backup is damaged; take another one, or say --even-damaged to restore what can be:\n  {problems}"
        )));
    }
    let root = paths.root();
    if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(BackupError(format!(
            "{} holds data: stop the station and move the directory aside first",
            root.display()
        )));
    }
    let staging = beside(root);
    let _ = fs::remove_dir_all(&staging);
    let into = DataPaths::new(&staging);
    let (journal, last) = fill(&DataPaths::new(from), &into, &manifest)?;
    put_in_place(&staging, root)?;
    let archive_waits = archive.adopt(paths).err().filter(|_| !archive.is_here());
    Ok(Done { journal, last, archive_waits })
}

/// A name beside the data directory, on its disk.
fn beside(root: &Path) -> PathBuf {
    let mut name = root.file_name().unwrap_or_default().to_os_string();
    name.push(".restoring");
    root.with_file_name(name)
}

fn put_in_place(staging: &Path, root: &Path) -> Result<(), BackupError> {
    let failed = |why: io::Error| BackupError::of(&format!("put the data into {}", root.display()), why);
    // There, but empty.
    if root.exists() {
        fs::remove_dir(root).map_err(failed)?;
    }
    fs::rename(staging, root).map_err(failed)?;
    let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::sync_folder(parent).map_err(failed)
}

/// Makes the data directory; the journal's new id, and the backup's last entry.
fn fill(from: &DataPaths, into: &DataPaths, manifest: &Manifest) -> Result<(FileId, u64), BackupError> {
    let (journal_before, journal) = copy_log(&from.journal(), &into.journal(), (Log::Journal, manifest.journal.last))?;
    let (alerts_before, alerts) = copy_log(&from.alert_log(), &into.alert_log(), (Log::Alerts, manifest.alerts.last))?;
    let at = (journal_before, journal.last);
    snapshot::copy_as(&RealDisk, &from.snapshots(), &into.snapshots(), at, journal.journal_id)
        .map_err(|why| BackupError::of("restore the snapshots", why))?;
    for (from, into) in [(from.set_ups(), into.set_ups()), (from.users(), into.users())] {
        files::copy_folder(&from, &into)?;
    }
    for (from, into) in [(from.journal(), into.journal()), (from.alert_log(), into.alert_log())] {
        files::copy_folder(&from.join("evidence"), &into.join("evidence"))?;
    }
    let mut restores = restored::read(from)?;
    restores.push(Restored {
        at: clock::wall().to_string(),
        journal: Ids::of(journal_before, journal.journal_id, journal.last),
        alerts: Ids::of(alerts_before, alerts.journal_id, alerts.last),
    });
    restored::write(into, &restores)?;
    if from.archive().exists() {
        files::copy(&from.archive(), &into.archive()).map_err(|why| BackupError::of("restore the archive", why))?;
        ArchivePlace::File(into.archive()).adopt(into).map_err(|why| BackupError::of("restore the archive", why))?;
    }
    say_so(&into.journal(), journal_before, &journal)?;
    Ok((journal.journal_id, journal.last))
}

/// Copies a log that had so many records under a new id; its id before, and the copy. What is damaged is mended in a copy
/// of its own first: no number may be given again that an alert or the archive knows.
fn copy_log(from: &Path, into: &Path, (log, last): (Log, u64)) -> Result<(FileId, Copied), BackupError> {
    let failed = |why: &dyn std::fmt::Display| BackupError::of("restore a log", why);
    let found = watchfire_journal::check(&RealDisk, from).map_err(|why| failed(&why))?;
    let id = new_id().map_err(|why| failed(&why))?;
    let mut damaged: Vec<PathBuf> = found.damaged.iter().map(|(file, _)| file.clone()).collect();
    if found.last < last {
        damaged.push(last_segment(from).map_err(|why| failed(&why))?);
    }
    if damaged.is_empty() {
        let copied = copy(&RealDisk, from, into, Some(id)).map_err(|why| failed(&why))?;
        return Ok((found.journal_id, copied));
    }
    let mended = into.with_extension("mended");
    files::copy_folder(from, &mended)?;
    let newest = last_segment(&mended).map_err(|why| failed(&why))?;
    for file in &damaged {
        let file = mended.join(file.file_name().unwrap_or_default());
        let used = if file == newest { last } else { 0 };
        damage::repair(&file, log, used).map_err(|why| failed(&why))?;
    }
    let copied = copy(&RealDisk, &mended, into, Some(id)).map_err(|why| failed(&why))?;
    fs::remove_dir_all(&mended).map_err(|why| failed(&why))?;
    Ok((found.journal_id, copied))
}

fn last_segment(folder: &Path) -> io::Result<PathBuf> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let segments = entries.into_iter().map(|entry| entry.path());
    let newest = segments.filter(|path| path.extension().is_some_and(|end| end == "wfj")).max();
    newest.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{} has no segment", folder.display())))
}

/// Journals the restore: from this entry on alerts are of the new journal.
fn say_so(folder: &Path, before: FileId, journal: &Copied) -> Result<(), BackupError> {
    let failed = |why: &dyn std::fmt::Display| BackupError::of("note the restore in the journal", why);
    let at = last_stamp(folder, journal.last).map_err(|why| failed(&why))?;
    let limits = Limits { reserve_bytes: 0, ..Limits::default() };
    let (mut writer, _) = Writer::open(&RealDisk, folder, limits).map_err(|why| failed(&why))?;
    let restored = RestoredInput { before: JournalId(before.0), journal: JournalId(journal.journal_id.0) };
    let mut input = EncodedInput::new(&Input::Restored(restored));
    writer.append(input.stamp(at)).map_err(|why| failed(&why))?;
    writer.sync().map_err(|why| failed(&why))?;
    Ok(())
}

/// The stamp of the last entry: no later one may be before it.
fn last_stamp(folder: &Path, last: u64) -> Result<Timestamp, String> {
    if last == 0 {
        return Ok(clock::wall());
    }
    let mut reader = Reader::open(&RealDisk, folder, last).map_err(|why| why.to_string())?;
    let record = reader.next(last).map_err(|why| why.to_string())?;
    let record = record.ok_or_else(|| format!("entry {last} is missing"))?;
    decode_entry(Seq(last), record.bytes).map(|entry| entry.at).map_err(|why| format!("entry {last}: {why}"))
}
