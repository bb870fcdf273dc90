//! Readings in files, for as long as somebody keeps them: what retention gives up is written there first.
//!
//! ```text
//! FOLDER/2026-03/2026-03-01.csv.zst     readings of a UTC day of event time
//! FOLDER/2026-03/2026-03-01.2.csv.zst   those of that day that came after it had been given up
//! FOLDER/2026-03/manifest.json          the files of the month, with rows, times, bytes and SHA-256
//! FOLDER/wrong-clocks/…                 readings of times that no clock that is right gave
//! ```
//!
//! A file is written under a temporary name, synced, renamed, its folder synced; then it is read back and compared, and
//! then it is listed. Only then are its readings given up. A crash between any two steps leaves the readings where they
//! were, and either a temporary file, which the next attempt overwrites, or a whole one: one that is not listed is read and
//! listed, and what is written a second time and is the same is not kept twice. What is in two files all the same is
//! one reading again when it is restored.

mod line;
mod manifest;
mod month;
mod read;
mod restore;
mod sum;
mod verify;
mod write;

pub(crate) use line::{SeriesKey, text_of};
pub(crate) use read::Runs;
pub use restore::{RestoreError, RestoreInto, Restored, restore_files};
pub use verify::{FilesChecked, verify_files};
pub(crate) use write::Writing;

use crate::point::DAY_US;
use std::io;
use std::path::{Path, PathBuf};
use watchfire_model::{JournalId, Timestamp};

/// 2000-01-01 and 2100-01-01: the days between have files of their own.
const DAYS: std::ops::Range<i64> = 10_957..47_482;
const WRONG_CLOCKS: &str = "wrong-clocks";
/// What files of readings end with.
const END: &str = ".csv.zst";

/// Something is wrong with the files. Nothing was given up for it.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The disk or the folder does not let us.
    #[error("failed to {doing} {}: {source}; make room there, or check the folder and its rights", path.display())]
    Failed {
        /// What was done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what was written: a person is needed.
    #[error("{} is damaged: {why}; bring it back from a copy, or move it aside and take it off its manifest", path.display())]
    Damaged {
        /// What.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// There is nothing.
    #[error("{} holds no readings: name the folder of [archive] files, and a month in it as YYYY-MM", .0.display())]
    Nothing(PathBuf),
}

impl FilesError {
    fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FilesError {
        let path = path.to_owned();
        move |source| FilesError::Failed { doing, path, source }
    }

    fn damaged(path: &Path, why: impl Into<String>) -> FilesError {
        FilesError::Damaged { path: path.to_owned(), why: why.into() }
    }
}

/// Where readings go before they are given up, and from the entries of which journal they came.
#[derive(Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) journal: JournalId,
}

/// What goes into one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    month: String,
    stem: String,
}

impl Bundle {
    /// Of the readings of a day.
    pub(crate) fn of_day(day: i64) -> Bundle {
        let date = Timestamp(day.saturating_mul(DAY_US)).to_string();
        match (date.get(..7), date.get(..10)) {
            (Some(month), Some(stem)) if DAYS.contains(&day) => {
                Bundle { month: month.to_owned(), stem: stem.to_owned() }
            }
            _ => Bundle::wrong_clocks(),
        }
    }

    /// Of readings whose times say nothing.
    pub(crate) fn wrong_clocks() -> Bundle {
        Bundle { month: WRONG_CLOCKS.to_owned(), stem: WRONG_CLOCKS.to_owned() }
    }

    /// The name of its nth file.
    fn file(&self, n: usize) -> String {
        if n <= 1 { format!("{}{END}", self.stem) } else { format!("{}.{n}{END}", self.stem) }
    }

    /// Whether that is the name of one of its files.
    fn has(&self, file: &str) -> bool {
        file.strip_prefix(&self.stem).is_some_and(|rest| rest.starts_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_months_and_wrong_clocks_one_place() {
        let of = |day| (Bundle::of_day(day).month, Bundle::of_day(day).file(1));
        assert_eq!(of(DAYS.start), ("2000-01".to_owned(), "2000-01-01.csv.zst".to_owned()));
        assert_eq!(of(DAYS.end - 1), ("2099-12".to_owned(), "2099-12-31.csv.zst".to_owned()));
        for day in [i64::MIN, -1, DAYS.start - 1, DAYS.end, i64::MAX] {
            assert_eq!(of(day), ("wrong-clocks".to_owned(), "wrong-clocks.csv.zst".to_owned()));
        }
        let day = Bundle::of_day(DAYS.start);
        assert_eq!(day.file(2), "2000-01-01.2.csv.zst");
        assert!(day.has(&day.file(2)) && day.has(&day.file(1)) && !day.has("2000-01-02.csv.zst"));
    }
}
