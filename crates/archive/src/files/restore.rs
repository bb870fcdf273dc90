//! A month back into an archive, where charts then answer as they did.

use super::manifest::Manifest;
use super::{FilesError, read};
use crate::errors::{OpenError, Unfit};
use crate::fault::Fault;
use crate::postgres::{self, Server};
use crate::sqlite;
use std::path::{Path, PathBuf};

/// Into which archive.
#[derive(Clone, Copy)]
pub enum RestoreInto<'a> {
    /// One in a file, which is made where there is none.
    File(&'a Path),
    /// One on a server.
    Server(&'a Server),
}

/// What was restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Files read.
    pub files: u64,
    /// Readings in them.
    pub readings: u64,
    /// Of these, such as were not there yet.
    pub added: u64,
}

/// Why a month was not restored. Files before the one in which it stopped are; to do it again adds nothing twice.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Of the files.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Of the archive.
    #[error(transparent)]
    Archive(OpenError),
}

impl From<Unfit> for RestoreError {
    fn from(unfit: Unfit) -> RestoreError {
        match unfit {
            Unfit::Fault(Fault::Files(why)) => RestoreError::Files(why),
            unfit => RestoreError::Archive(OpenError::from(unfit)),
        }
    }
}

impl From<Fault> for RestoreError {
    fn from(fault: Fault) -> RestoreError {
        RestoreError::from(Unfit::Fault(fault))
    }
}

/// Reads a month (`2026-03`, or `wrong-clocks`) of the folder that `[archive] files` names into an archive, after all of its
/// files are found sound. What is there already is not added again.
///
/// # Errors
/// As the variants say; for a damaged file nothing is restored.
pub fn restore_files(folder: &Path, month: &str, into: RestoreInto<'_>) -> Result<Restored, RestoreError> {
    let folder = folder.join(month);
    let manifest = Manifest::read(&folder)?.ok_or_else(|| FilesError::Nothing(folder.clone()))?;
    for listed in &manifest.files {
        read::check(&folder, listed)?;
    }
    let paths: Vec<PathBuf> = manifest.files.iter().map(|file| folder.join(&file.name)).collect();
    match into {
        RestoreInto::File(path) => sqlite::restore(path, &paths),
        RestoreInto::Server(server) => postgres::restore(server, &paths),
    }
}
