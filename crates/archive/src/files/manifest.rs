//! What a month's folder holds.

use super::read::Summary;
use super::{FilesError, line};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

pub(super) const NAME: &str = "manifest.json";
const FORM: u32 = 1;

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of this and of the files.
    form: u32,
    pub(super) month: String,
    /// Of the logs that the readings came from.
    journals: Vec<String>,
    rows: u64,
    /// Of the files together.
    bytes: u64,
    /// Event times, µs since 1970.
    first_at: i64,
    last_at: i64,
    columns: Vec<Column>,
    pub(super) files: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Column {
    name: String,
    meaning: String,
}

/// A file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) journal: String,
    #[serde(flatten)]
    pub(super) summary: Summary,
}

impl Manifest {
    /// Of a month without files.
    pub(super) fn empty(month: &str) -> Manifest {
        let columns =
            line::COLUMNS.map(|(name, meaning)| Column { name: name.to_owned(), meaning: meaning.to_owned() });
        Manifest {
            form: FORM,
            month: month.to_owned(),
            journals: Vec::new(),
            rows: 0,
            bytes: 0,
            first_at: 0,
            last_at: 0,
            columns: columns.to_vec(),
            files: Vec::new(),
        }
    }

    /// Adds a file.
    pub(super) fn add(&mut self, line: Line) {
        self.files.push(line);
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        self.journals = self.files.iter().map(|file| file.journal.clone()).collect();
        self.journals.sort();
        self.journals.dedup();
        let all = || self.files.iter().map(|file| &file.summary);
        self.rows = all().map(|one| one.rows).sum();
        self.bytes = all().map(|one| one.bytes).sum();
        self.first_at = all().map(|one| one.first_at).min().unwrap_or(0);
        self.last_at = all().map(|one| one.last_at).max().unwrap_or(0);
    }

    /// Of a folder; `None` when it has none.
    pub(super) fn read(folder: &Path) -> Result<Option<Manifest>, FilesError> {
        let path = folder.join(NAME);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(FilesError::failed("read", &path))?,
        };
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| FilesError::damaged(&path, error.to_string()))?;
        if manifest.form != FORM {
            let why = format!("it has form {}, and this build knows form {FORM}", manifest.form);
            return Err(FilesError::damaged(&path, why));
        }
        if let Some(strange) = manifest.files.iter().find(|file| file.name.contains(['/', '\\'])) {
            return Err(FilesError::damaged(&path, format!("it lists {}, which is elsewhere", strange.name)));
        }
        Ok(Some(manifest))
    }

    /// Puts it in the place of the one that is there, so that there is always one or the other.
    pub(super) fn write(&self, folder: &Path) -> Result<(), FilesError> {
        let (path, temporary) = (folder.join(NAME), folder.join(format!("{NAME}.tmp")));
        let text = serde_json::to_vec_pretty(self).map_err(|error| FilesError::damaged(&path, error.to_string()))?;
        let written = File::create(&temporary)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&temporary, &path))
            .and_then(|()| File::open(folder)?.sync_all());
        written.map_err(FilesError::failed("write", &path))
    }
}
