//! Makes a backup, while the station runs or not.

use super::manifest::{Log, Manifest};
use super::{BackupError, files};
use crate::clock;
use crate::parts::archive_place::ArchivePlace;
use crate::parts::paths::DataPaths;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use watchfire_archive::Store;
use watchfire_journal::{Copied, CopyError, RealDisk, copy};

/// Backs the data directory up into a folder that is not there or empty.
pub(crate) fn make(paths: &DataPaths, archive: &ArchivePlace, to: &Path) -> Result<Manifest, BackupError> {
    make_folder(to)?;
    let into = DataPaths::new(to);
    // What is derived first: nothing may be ahead of the journal.
    let alerts = copy_log(&paths.alert_log(), &into.alert_log())?;
    files::copy_folder(&paths.snapshots(), &into.snapshots())?;
    let has_archive = copy_archive(archive, &into)?;
    let journal = copy_log(&paths.journal(), &into.journal())?;
    // What an entry names was there before it, and a segment that is in neither copy has left before this.
    files::copy_folder(&paths.set_ups(), &into.set_ups())?;
    for (log, into) in [(paths.journal(), into.journal()), (paths.alert_log(), into.alert_log())] {
        files::copy_folder(&log.join("evidence"), &into.join("evidence"))?;
    }
    files::copy_folder(&paths.users(), &into.users())?;
    files::copy(&paths.restored(), &into.restored())
        .map_err(|why| BackupError::of("copy the list of restores", why))?;
    files::sync_folder(to).map_err(|why| BackupError::of("make the backup durable", why))?;
    let logs = (Log::of(&journal), Log::of(&alerts));
    Manifest::write(to, clock::wall().to_string(), logs, has_archive)
}

/// For the owner alone: users' password hashes are in it.
fn make_folder(to: &Path) -> Result<(), BackupError> {
    let taken = fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(BackupError(format!("{} is not empty: name a folder that is new", to.display())));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(to)
        .map_err(|why| BackupError::of(&format!("make {}", to.display()), why))
}

fn copy_log(from: &Path, to: &Path) -> Result<Copied, BackupError> {
    let copied = copy(&RealDisk, from, to, None).map_err(|why| match why {
        CopyError::NoJournal { dir } => {
            BackupError(format!("there is nothing to back up in {} yet: the station has never run", dir.display()))
        }
        why => BackupError::of("back up a log", why),
    })?;
    for (file, _) in &copied.damaged {
        let name = file.file_name().unwrap_or_default();
        files::copy(file, &to.join(name)).map_err(|why| BackupError::of("copy a damaged segment", why))?;
    }
    Ok(copied)
}

fn copy_archive(archive: &ArchivePlace, into: &DataPaths) -> Result<bool, BackupError> {
    let ArchivePlace::File(file) = archive else { return Ok(false) };
    if !file.exists() {
        return Ok(false);
    }
    let copied = Store::copy_file(file, &into.archive()).map_err(|why| why.to_string());
    let synced = copied.and_then(|()| sync(&into.archive()).map_err(|why| why.to_string()));
    synced.map_err(|why| BackupError::of("copy the archive", why))?;
    Ok(true)
}

fn sync(file: &Path) -> io::Result<()> {
    File::open(file).and_then(|file| file.sync_all())
}
