//! Backups of a station: made while it runs, verified, restored.
//!
//! A backup is a folder laid out as a data directory is, with a manifest: `journal/` and `alerts/` as they were at one
//! moment, each with its evidence, `snapshots/`, `setups/`, `users/`, `archive.sqlite` where history is in a file. What is
//! derived is taken before what it is derived from, so that nothing in it is ahead of its journal. Configuration and
//! secrets are not in it, nor is a server's archive: they have their own.
//!
//! A restore begins a new journal: every alert behind it has an id that no alert of the lost time can have.

pub(crate) mod files;
pub(crate) mod make;
pub(crate) mod manifest;
pub(crate) mod restore;
pub(crate) mod restored;
pub(crate) mod verify;

/// A backup was not made or not restored. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BackupError(pub(crate) String);

impl BackupError {
    /// What stands in the way of something.
    pub(crate) fn of(doing: &str, why: impl std::fmt::Display) -> BackupError {
        BackupError(format!("failed to {doing}: {why}"))
    }
}
