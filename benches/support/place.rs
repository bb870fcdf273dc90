//! A directory for one figure, removed when it is done.

use crate::support::Fault;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// See the head of this file.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// Makes one in `parent`, which is on the disk that is measured.
    pub(crate) fn new(parent: &Path) -> Result<Place, Fault> {
        std::fs::create_dir_all(parent)?;
        Ok(Place { dir: tempfile::Builder::new().prefix("bench-").tempdir_in(parent)? })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where the processes of this figure write what they complain of.
    pub(crate) fn log(&self) -> PathBuf {
        self.file("stderr.log")
    }

    /// The end of that log, for a fault's message.
    pub(crate) fn log_end(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().rev().take(5).rev().copied().collect::<Vec<_>>().join(" / ")
    }
}

/// An address on this machine that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr, Fault> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
