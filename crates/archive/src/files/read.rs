//! A file of readings, read line by line, and what it comes to.

use super::line::{self, SeriesKey};
use super::sum::Summed;
use super::{FilesError, manifest::Line};
use crate::point::Point;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Longest line. Names are at most some hundred bytes each.
const LINE_BYTES_MAX: u64 = 256 * 1024;
/// Most points of a run.
const RUN_POINTS_MAX: usize = 60_000;

/// What a file comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) rows: u64,
    /// Event times, µs since 1970; 0 without rows.
    pub(super) first_at: i64,
    pub(super) last_at: i64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Summary {
    /// Counts a reading.
    pub(super) fn count(&mut self, at: i64) {
        (self.first_at, self.last_at) =
            if self.rows == 0 { (at, at) } else { (self.first_at.min(at), self.last_at.max(at)) };
        self.rows += 1;
    }
}

/// The lines of a file.
struct Lines {
    path: PathBuf,
    reader: BufReader<zstd::Decoder<'static, BufReader<Summed<File>>>>,
    line: Vec<u8>,
    summary: Summary,
}

impl Lines {
    fn open(path: &Path) -> Result<Lines, FilesError> {
        let file = File::open(path).map_err(FilesError::failed("read", path))?;
        let reader = zstd::Decoder::new(Summed::new(file)).map_err(FilesError::failed("read", path))?;
        let mut lines = Lines {
            path: path.to_owned(),
            reader: BufReader::new(reader),
            line: Vec::new(),
            summary: Summary::default(),
        };
        if lines.next_line()?.as_deref() != Some(line::HEAD) {
            return Err(FilesError::damaged(path, "it does not begin with the names of the columns"));
        }
        Ok(lines)
    }

    /// A whole line with its end; a quoted field may hold ends of lines, too.
    fn next_line(&mut self) -> Result<Option<String>, FilesError> {
        self.line.clear();
        let damaged = |path: &Path, why: String| Err(FilesError::damaged(path, why));
        loop {
            let room = LINE_BYTES_MAX.saturating_sub(u64::try_from(self.line.len()).unwrap_or(u64::MAX));
            match self.reader.by_ref().take(room).read_until(b'\n', &mut self.line) {
                Ok(0) if self.line.is_empty() => return Ok(None),
                Ok(0) => return damaged(&self.path, format!("its line {} has no end", self.summary.rows + 2)),
                Ok(_) if self.line.iter().filter(|byte| **byte == b'"').count() % 2 == 0 => break,
                Ok(_) => {}
                Err(error) => return damaged(&self.path, format!("after {} rows: {error}", self.summary.rows)),
            }
        }
        let text = std::str::from_utf8(&self.line).map(str::to_owned);
        text.map(Some).or_else(|error| damaged(&self.path, format!("after {} rows: {error}", self.summary.rows)))
    }

    fn next(&mut self) -> Result<Option<(SeriesKey, Point)>, FilesError> {
        let Some(text) = self.next_line()? else { return Ok(None) };
        let Some((series, point)) = line::take(&text) else {
            let why = format!("its line {} is no reading", self.summary.rows + 2);
            return Err(FilesError::damaged(&self.path, why));
        };
        self.summary.count(point.at);
        Ok(Some((series, point)))
    }

    /// What it came to, after its last line.
    fn finish(mut self) -> Summary {
        (self.summary.bytes, self.summary.sha256) = self.reader.get_ref().get_ref().get_ref().sum();
        self.summary
    }
}

/// Reads all of a file.
pub(super) fn summary(path: &Path) -> Result<Summary, FilesError> {
    let mut lines = Lines::open(path)?;
    while lines.next()?.is_some() {}
    Ok(lines.finish())
}

/// Reads all of a file of that folder and holds it against its line in the manifest.
pub(super) fn check(folder: &Path, listed: &Line) -> Result<(), FilesError> {
    let path = folder.join(&listed.name);
    let found = summary(&path)?;
    let expected = &listed.summary;
    if found.sha256 != expected.sha256 {
        return Err(FilesError::damaged(&path, "its SHA-256 is not the one in the manifest"));
    }
    if found != *expected {
        return Err(FilesError::damaged(
            &path,
            format!("it holds {} rows where {} are listed", found.rows, expected.rows),
        ));
    }
    Ok(())
}

/// The readings of a file, a run of one series at a time.
pub(crate) struct Runs {
    lines: Lines,
    ahead: Option<(SeriesKey, Point)>,
}

impl Runs {
    /// Of a file that was found sound.
    pub(crate) fn open(path: &Path) -> Result<Runs, FilesError> {
        let mut lines = Lines::open(path)?;
        let ahead = lines.next()?;
        Ok(Runs { lines, ahead })
    }

    /// The next one: at most 60,000 points.
    pub(crate) fn next(&mut self) -> Result<Option<(SeriesKey, Vec<Point>)>, FilesError> {
        let Some((series, first)) = self.ahead.take() else { return Ok(None) };
        let mut points = vec![first];
        while let Some((next, point)) = self.lines.next()? {
            if next != series || points.len() >= RUN_POINTS_MAX {
                self.ahead = Some((next, point));
                break;
            }
            points.push(point);
        }
        Ok(Some((series, points)))
    }
}
