//! `restored.json` in the data directory: which restores the logs have behind them, so that an archive that was not there
//! when they were restored can go on with them.

use super::BackupError;
use crate::parts::paths::DataPaths;
use serde::{Deserialize, Serialize};
use watchfire_archive::{Adoption, Cursors};
use watchfire_journal::{JournalId as FileId, RealDisk, atomic_file};
use watchfire_model::{JournalId, Seq};

/// One restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// When.
    pub(crate) at: String,
    pub(crate) journal: Ids,
    pub(crate) alerts: Ids,
}

/// What it made of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    pub(crate) before: JournalId,
    pub(crate) now: JournalId,
    /// The last record of the backup.
    pub(crate) last: u64,
}

impl Ids {
    /// Of a log.
    pub(crate) fn of(before: FileId, now: FileId, last: u64) -> Ids {
        Ids { before: JournalId(before.0), now: JournalId(now.0), last }
    }
}

/// All of them, oldest first; a data directory that was never restored has none.
pub(crate) fn read(paths: &DataPaths) -> Result<Vec<Restored>, BackupError> {
    let doing = "read the list of restores";
    match std::fs::read(paths.restored()) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        text => {
            let text = text.map_err(|why| BackupError::of(doing, why))?;
            serde_json::from_slice(&text).map_err(|why| BackupError::of(doing, why))
        }
    }
}

/// Writes the list.
pub(crate) fn write(paths: &DataPaths, all: &[Restored]) -> Result<(), BackupError> {
    let doing = "note the restore";
    let text = serde_json::to_vec_pretty(all).map_err(|why| BackupError::of(doing, why))?;
    atomic_file::write(&RealDisk, &paths.restored(), &text).map_err(|why| BackupError::of(doing, why))
}

/// How an archive that belongs to the logs as they were before any of the restores becomes that of the logs now: what
/// each of them went back to bounds how far it has the logs.
pub(crate) fn adoptions(all: &[Restored]) -> Vec<Adoption> {
    let Some(newest) = all.last() else { return Vec::new() };
    let now = (newest.journal.now, newest.alerts.now);
    (0..all.len())
        .filter_map(|from| {
            let since = all.get(from..)?;
            let first = since.first()?;
            let least = |last: fn(&Restored) -> u64| since.iter().map(last).min().unwrap_or(0);
            let ends = Cursors { entries: Seq(least(|one| one.journal.last)), alerts: least(|one| one.alerts.last) };
            Some(Adoption { before: (first.journal.before, first.alerts.before), now, ends })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restore(before: u8, now: u8, last: u64) -> Restored {
        let ids = |offset: u8| Ids::of(FileId([before + offset; 16]), FileId([now + offset; 16]), last);
        Restored { at: String::new(), journal: ids(0), alerts: ids(100) }
    }

    #[test]
    fn an_archive_of_any_earlier_life_finds_its_way_to_this_one() {
        assert_eq!(adoptions(&[]), []);
        let folder = tempfile::tempdir().unwrap();
        let paths = DataPaths::new(folder.path());
        assert_eq!(read(&paths).unwrap(), []);
        let all = [restore(1, 2, 50), restore(2, 3, 40), restore(3, 4, 90)];
        write(&paths, &all).unwrap();
        let found: Vec<_> = adoptions(&read(&paths).unwrap())
            .into_iter()
            .map(|one| (one.before.0.0[0], one.before.1.0[0], one.now.0.0[0], one.ends.entries.0))
            .collect();
        assert_eq!(found, [(1, 101, 4, 40), (2, 102, 4, 40), (3, 103, 4, 90)]);
    }
}
