//! Where history is kept: in a file of the data directory, or on a server.

use crate::backup::restored;
use crate::config::archive::{ArchiveConfig, ArchiveKind};
use crate::parts::paths::DataPaths;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use watchfire_archive::{History, OpenError, Server, ServerOptions, Store, StoreOptions};
use watchfire_model::JournalId;

/// See the head of this file.
#[derive(Clone)]
pub(crate) enum ArchivePlace {
    File(PathBuf),
    Server(Box<Server>, NonZeroU16),
}

impl ArchivePlace {
    /// As the configuration in that folder says. Nothing is opened.
    pub(crate) fn of(config: &ArchiveConfig, folder: &Path, paths: &DataPaths) -> Result<ArchivePlace, String> {
        let ArchiveKind::Postgresql(server) = &config.kind else { return Ok(ArchivePlace::File(paths.archive())) };
        let connections = server.connections;
        let password = server.password.as_ref().map(|password| password.fetch(folder)).transpose()?;
        let password = password.as_ref().map(|password| password.expose());
        let server = Server::new(&server.url, password, server.ca_file.as_deref());
        let server = server.map_err(|error| format!("archive.url: {error}"))?;
        Ok(ArchivePlace::Server(Box::new(server), connections))
    }

    /// Opens the archive of these logs to write it; when they were restored and it follows those that were backed up, it
    /// follows these from now on.
    pub(crate) fn open(
        &self,
        logs: (JournalId, JournalId),
        bytes_max: Option<u64>,
        paths: &DataPaths,
    ) -> Result<Store, OpenError> {
        match self.open_now(logs, bytes_max) {
            Err(OpenError::OtherJournal { .. }) if self.adopt(paths).is_ok() => self.open_now(logs, bytes_max),
            opened => opened,
        }
    }

    /// Lets the archive follow the restored logs of that data directory.
    pub(crate) fn adopt(&self, paths: &DataPaths) -> Result<(), String> {
        let mut why = "the logs were never restored".to_owned();
        for adoption in restored::adoptions(&restored::read(paths).map_err(|why| why.to_string())?) {
            let adopted = match self {
                ArchivePlace::File(path) => adoption.of_file(path),
                ArchivePlace::Server(server, _) => adoption.on_server(server),
            };
            match adopted {
                Ok(()) => return Ok(()),
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    }

    fn open_now(&self, logs: (JournalId, JournalId), bytes_max: Option<u64>) -> Result<Store, OpenError> {
        match self {
            ArchivePlace::File(path) => {
                Store::open_with(path, logs.0, logs.1, StoreOptions { bytes_max, ..StoreOptions::default() })
            }
            &ArchivePlace::Server(ref server, connections) => {
                let options = ServerOptions { bytes_max, connections, ..ServerOptions::default() };
                Store::on_server(server, logs.0, logs.1, options)
            }
        }
    }

    /// To read from it.
    pub(crate) fn history(&self) -> History {
        match self {
            ArchivePlace::File(path) => History::open(path),
            ArchivePlace::Server(server, _) => History::on_server(server),
        }
    }

    /// Whether giving up history makes room on our own disk.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, ArchivePlace::File(_))
    }
}
