//! Where things are in the data directory.

use std::path::{Path, PathBuf};

/// The data directory's layout.
#[derive(Clone, Debug)]
pub(crate) struct DataPaths {
    root: PathBuf,
}

impl DataPaths {
    /// Of that directory.
    pub(crate) fn new(root: &Path) -> DataPaths {
        DataPaths { root: root.to_owned() }
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The journal of inputs.
    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// The alert log.
    pub(crate) fn alert_log(&self) -> PathBuf {
        self.root.join("alerts")
    }

    /// Snapshots of the rules and of the desk.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// Set-ups by their hash.
    pub(crate) fn set_ups(&self) -> PathBuf {
        self.root.join("setups")
    }

    /// The archive's database.
    pub(crate) fn archive(&self) -> PathBuf {
        self.root.join("archive.sqlite")
    }

    /// The console's users and sessions.
    pub(crate) fn users(&self) -> PathBuf {
        self.root.join("users")
    }

    /// The clock's anchor.
    pub(crate) fn clock(&self) -> PathBuf {
        self.root.join("clock.json")
    }

    /// Which restores lie behind the logs.
    pub(crate) fn restored(&self) -> PathBuf {
        self.root.join("restored.json")
    }

    /// Which reports are sent.
    pub(crate) fn reports(&self) -> PathBuf {
        self.root.join("reports.json")
    }

    /// Where the rules died, if they did.
    pub(crate) fn died(&self) -> PathBuf {
        self.root.join("died.json")
    }
}
