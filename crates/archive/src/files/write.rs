//! A file in the making: nothing counts before [`Writing::finish`] has read it back and listed it.

use super::manifest::Line;
use super::month::Month;
use super::read::{self, Summary};
use super::sum::Summed;
use super::{Bundle, Files, FilesError, line};
use crate::point::Point;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Of zstd: three quarters of what the slow ones save, at the speed of the disk.
const LEVEL: i32 = 6;

/// See the head of this file.
pub(crate) struct Writing {
    bundle: Bundle,
    journal: String,
    month: Month,
    temporary: Temporary,
    encoder: zstd::Encoder<'static, Summed<BufWriter<File>>>,
    summary: Summary,
    line: String,
}

/// A file that goes unless it got its name.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It holds room that a full disk needs; when it cannot be removed, the next attempt writes over it.
        let _ = fs::remove_file(&self.0);
    }
}

impl Writing {
    /// Begins the next file of a bundle.
    pub(crate) fn begin(files: Files<'_>, bundle: Bundle) -> Result<Writing, FilesError> {
        let month = Month::open(files, &bundle.month)?;
        let path = month.folder.join(format!("{}.tmp", bundle.file(1)));
        let failed = || FilesError::failed("write", &path);
        let file = File::create(&path).map_err(failed())?;
        let temporary = Temporary(path.clone());
        let mut encoder = zstd::Encoder::new(Summed::new(BufWriter::new(file)), LEVEL).map_err(failed())?;
        encoder.include_checksum(true).map_err(failed())?;
        encoder.write_all(line::HEAD.as_bytes()).map_err(failed())?;
        let (journal, summary) = (files.journal.to_string(), Summary::default());
        Ok(Writing { bundle, journal, month, temporary, encoder, summary, line: String::new() })
    }

    /// Adds a reading of a series, which is given as [`line::text_of`] has it.
    pub(crate) fn push(&mut self, series: &str, point: &Point) -> Result<(), FilesError> {
        line::put(&mut self.line, series, point);
        self.encoder.write_all(self.line.as_bytes()).map_err(FilesError::failed("write", &self.temporary.0))?;
        self.summary.count(point.at);
        Ok(())
    }

    /// Makes the file durable, reads it back and lists it. The files of the bundle that were there must be sound, too.
    /// When this is done, its readings may be given up.
    pub(crate) fn finish(self) -> Result<(), FilesError> {
        let Writing { bundle, journal, mut month, temporary, encoder, mut summary, .. } = self;
        if summary.rows == 0 {
            return Ok(());
        }
        let failed = || FilesError::failed("write", &temporary.0);
        let mut written = encoder.finish().map_err(failed())?;
        written.flush().and_then(|()| written.inner().get_ref().sync_all()).map_err(failed())?;
        (summary.bytes, summary.sha256) = written.sum();
        for listed in month.manifest.files.iter().filter(|file| bundle.has(&file.name)) {
            read::check(&month.folder, listed)?;
            if listed.summary == summary {
                return Ok(());
            }
        }
        let name = free_name(&bundle, &month.folder);
        let path = month.folder.join(&name);
        fs::rename(&temporary.0, &path).map_err(FilesError::failed("write", &path))?;
        month.sync()?;
        let line = Line { name, journal, summary };
        read::check(&month.folder, &line)?;
        month.add(line)
    }
}

/// The first name that no file has.
fn free_name(bundle: &Bundle, folder: &Path) -> String {
    let mut n = 1;
    while folder.join(bundle.file(n)).exists() {
        n += 1;
    }
    bundle.file(n)
}
