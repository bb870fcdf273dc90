//! A month's folder, to add files to.

use super::manifest::{Line, Manifest};
use super::{END, Files, FilesError, read};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// See the head of this file.
pub(super) struct Month {
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
}

impl Month {
    /// Makes the folder where there is none. Files that a crash kept from being listed are read and listed.
    pub(super) fn open(files: Files<'_>, month: &str) -> Result<Month, FilesError> {
        let folder = files.folder.join(month);
        make_durable(files.folder)?;
        make_durable(&folder)?;
        let manifest = Manifest::read(&folder)?.unwrap_or_else(|| Manifest::empty(month));
        let mut month = Month { folder, manifest };
        for name in unlisted(&month.folder, &month.manifest)? {
            let summary = read::summary(&month.folder.join(&name))?;
            month.add(Line { name, journal: files.journal.to_string(), summary })?;
        }
        Ok(month)
    }

    /// Lists a file.
    pub(super) fn add(&mut self, line: Line) -> Result<(), FilesError> {
        self.manifest.add(line);
        self.manifest.write(&self.folder)
    }

    /// Makes the names in it durable.
    pub(super) fn sync(&self) -> Result<(), FilesError> {
        sync(&self.folder)
    }
}

/// Files of readings that the manifest does not list, in order.
pub(super) fn unlisted(folder: &Path, manifest: &Manifest) -> Result<Vec<String>, FilesError> {
    let failed = || FilesError::failed("list", folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let name = entry.map_err(failed())?.file_name().to_string_lossy().into_owned();
        if name.ends_with(END) && manifest.files.iter().all(|file| file.name != name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn make_durable(folder: &Path) -> Result<(), FilesError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(FilesError::failed("make", folder))?;
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync)
}

fn sync(folder: &Path) -> Result<(), FilesError> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(FilesError::failed("sync", folder))
}
