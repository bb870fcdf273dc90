//! What a backup holds: written last, so that a backup that was cut short has none and counts for nothing.

use super::{BackupError, files};
use serde::{Deserialize, Serialize};
use std::path::Path;
use watchfire_journal::{Copied, RealDisk, atomic_file};

const NAME: &str = "backup.json";
const FORMAT: u32 = 1;

/// See the head of this file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// The build that made it.
    pub(crate) build: String,
    /// When it was finished.
    pub(crate) made_at: String,
    pub(crate) journal: Log,
    pub(crate) alerts: Log,
    /// Whether history is in it, or on a server.
    pub(crate) has_archive: bool,
    files: Vec<Line>,
}

/// A log as it was backed up.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) id: String,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Segments that were damaged already: as they were.
    pub(crate) damaged: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    path: String,
    bytes: u64,
    sha256: String,
}

impl Log {
    /// Of a copy that was made.
    pub(crate) fn of(copied: &Copied) -> Log {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Log {
            id: copied.journal_id.to_string(),
            first: copied.first,
            last: copied.last,
            damaged: copied.damaged.iter().map(|(file, _)| name(file)).collect(),
        }
    }
}

impl Manifest {
    /// Of everything that lies in the folder, and puts it there.
    pub(crate) fn write(
        folder: &Path,
        made_at: String,
        (journal, alerts): (Log, Log),
        has_archive: bool,
    ) -> Result<Manifest, BackupError> {
        let failed = |why: &dyn std::fmt::Display| BackupError::of("note what the backup holds", why);
        let mut lines = Vec::new();
        for path in files::all(folder).map_err(|why| failed(&why))? {
            let (bytes, sha256) = files::sum(&folder.join(&path)).map_err(|why| failed(&why))?;
            lines.push(Line { path, bytes, sha256 });
        }
        let build = env!("CARGO_PKG_VERSION").to_owned();
        let manifest = Manifest { format: FORMAT, build, made_at, journal, alerts, has_archive, files: lines };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|why| failed(&why))?;
        atomic_file::write(&RealDisk, &folder.join(NAME), &text).map_err(|why| failed(&why))?;
        Ok(manifest)
    }

    /// Of a backup.
    pub(crate) fn read(folder: &Path) -> Result<Manifest, BackupError> {
        let file = folder.join(NAME);
        let doing = format!("read {}", file.display());
        let text = std::fs::read(&file).map_err(|why| match why.kind() {
            std::io::ErrorKind::NotFound => BackupError(format!(
                "{} is no backup, or one that was cut short: it has no {NAME}; name another folder",
                folder.display()
            )),
            _ => BackupError::of(&doing, why),
        })?;
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|why| BackupError::of(&doing, why))?;
        if manifest.format != FORMAT {
            return Err(BackupError(format!(
                "{} is of format {}, this build knows {FORMAT}: use the build that made it",
                folder.display(),
                manifest.format
            )));
        }
        Ok(manifest)
    }

    /// How many files it lists, and how many bytes they have.
    pub(crate) fn size(&self) -> (usize, u64) {
        (self.files.len(), self.files.iter().map(|line| line.bytes).sum())
    }

    /// What of the files is not as it is listed, a sentence each.
    pub(crate) fn differences(&self, folder: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        for Line { path, bytes, sha256 } in &self.files {
            match files::sum(&folder.join(path)) {
                Ok(found) if found == (*bytes, sha256.clone()) => {}
                Ok(_) => wrong.push(format!("{path} is not what was backed up: its checksum does not match")),
                Err(why) => wrong.push(format!("{path} cannot be read: {why}")),
            }
        }
        wrong
    }
}
