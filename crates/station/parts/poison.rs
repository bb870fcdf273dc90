//! An entry at which the rules die again and again, by a panic, by an error, or by never coming to its end. The thread
//! notes what it is applying; when it dies at it, or is about to be killed because it stands still, `died.json` says where
//! and how often. A start that finds the same entry twice journals `Skip`.

use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::error;
use watchfire_journal::{RealDisk, atomic_file};
use watchfire_model::Seq;

/// Deaths at one entry before it is skipped.
pub(crate) const DEATHS_MAX: u32 = 2;

/// A thread that is at one entry for so long hangs at it, when nothing else moves either.
const HANGS_AFTER: Duration = Duration::from_secs(60);

/// The entry that a thread is applying, for others to see. 0: none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applying(Arc<AtomicU64>);

impl Applying {
    fn now(&self) -> Option<Seq> {
        Some(self.0.load(Ordering::Relaxed)).filter(|seq| *seq > 0).map(Seq)
    }

    fn set(&self, seq: u64) {
        self.0.store(seq, Ordering::Relaxed);
    }
}

thread_local! {
    static APPLYING: RefCell<Applying> = RefCell::default();
}

/// Looks from outside at a thread that applies entries. Pure but for the entry: time is an argument.
#[derive(Debug)]
pub(crate) struct Onlooker {
    applying: Applying,
    /// The entry, and since when it is being applied.
    at: Option<(Seq, Duration)>,
    noted: Option<Seq>,
}

/// What an onlooker wants in `died.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The thread hangs at this entry: as good as dead.
    Hangs(Seq),
    /// It has come to the end of it after all.
    Passed(Seq),
}

impl Onlooker {
    /// At that thread.
    pub(crate) fn at(applying: Applying) -> Onlooker {
        Onlooker { applying, at: None, noted: None }
    }

    /// One look. `stands_still`: nobody has seen the thread move for too long.
    pub(crate) fn look(&mut self, stands_still: bool, now: Duration) -> Option<Note> {
        let seq = self.applying.now();
        if self.at.map(|(seq, _)| seq) != seq {
            self.at = seq.map(|seq| (seq, now));
        }
        if let Some(noted) = self.noted.take_if(|noted| seq != Some(*noted)) {
            return Some(Note::Passed(noted));
        }
        let hangs = self.at.filter(|(_, since)| stands_still && now.saturating_sub(*since) >= HANGS_AFTER);
        let (seq, _) = hangs.filter(|(seq, _)| self.noted != Some(*seq))?;
        self.noted = Some(seq);
        Some(Note::Hangs(seq))
    }
}

impl Note {
    /// Writes it; it is durable when this returns.
    pub(crate) fn write(self, file: &Path) {
        let written = match self {
            Note::Hangs(seq) => died_at(file, seq).map(|died| died.times),
            Note::Passed(seq) => passed(file, seq),
        };
        match written {
            Ok(times) => error!(note = ?self, times, "the rules stand at one entry"),
            Err(why) => error!(note = ?self, why, "the rules stand at one entry, and it could not be noted where"),
        }
    }
}

/// Where the rules died, and how often in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Died {
    seq: Seq,
    times: u32,
}

/// Notes which entry this thread is applying: if it dies now, it dies of that.
pub(crate) fn applying(seq: Seq) {
    APPLYING.with_borrow(|applying| applying.set(seq.0));
}

/// This thread is at no entry any more: what goes wrong now, a disk for example, is no entry's fault.
pub(crate) fn applied() {
    APPLYING.with_borrow(|applying| applying.set(0));
}

/// Does work that applies entries. When it fails or panics at one, notes at which, so that the third start skips it; the
/// failure goes on. `shown` says at which it is, for others to see.
pub(crate) fn noting_death<T, E>(file: &Path, shown: &Applying, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    APPLYING.replace(shown.clone());
    applied();
    let ended = catch_unwind(AssertUnwindSafe(work));
    if !matches!(ended, Ok(Ok(_)))
        && let Some(seq) = shown.now()
    {
        match died_at(file, seq) {
            Ok(died) => error!(%seq, times = died.times, "the rules died at this entry"),
            Err(why) => error!(%seq, why, "the rules died, and it could not be noted where"),
        }
    }
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}

fn died_at(file: &Path, seq: Seq) -> Result<Died, String> {
    let before = read(file).filter(|died| died.seq == seq);
    let died = Died { seq, times: before.map_or(0, |died| died.times) + 1 };
    write(file, died)?;
    Ok(died)
}

/// One death less at that entry.
fn passed(file: &Path, seq: Seq) -> Result<u32, String> {
    let Some(died) = read(file).filter(|died| died.seq == seq && died.times > 1) else {
        return forget(file).map(|()| 0).map_err(|error| error.to_string());
    };
    let fewer = Died { times: died.times - 1, ..died };
    write(file, fewer).map(|()| fewer.times)
}

fn write(file: &Path, died: Died) -> Result<(), String> {
    let text = serde_json::to_vec(&died).map_err(|error| error.to_string())?;
    atomic_file::write(&RealDisk, file, &text).map_err(|error| error.to_string())
}

/// The entry to be skipped, if the rules died at it often enough.
pub(crate) fn to_skip(file: &Path) -> Option<Seq> {
    read(file).filter(|died| died.times >= DEATHS_MAX).map(|died| died.seq)
}

/// The skip is journaled: forget the deaths.
pub(crate) fn forget(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read(file: &Path) -> Option<Died> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_at_an_entry_counts_like_a_panic_and_one_at_none_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("died.json");
        let fail = |seq: Option<Seq>| {
            noting_death(&file, &Applying::default(), || {
                seq.map_or_else(applied, applying);
                Err::<(), &str>("refused")
            })
        };
        assert_eq!(fail(None), Err("refused"));
        assert!(read(&file).is_none(), "a disk that fails is no entry's fault");
        assert_eq!(fail(Some(Seq(7))), Err("refused"));
        assert_eq!(to_skip(&file), None);
        assert_eq!(fail(Some(Seq(7))), Err("refused"));
        assert_eq!(to_skip(&file), Some(Seq(7)));
    }

    /// Looks every 10 s at a thread that is at those entries; what was noted, with the second.
    fn notes(entries: &[u64], still_from: usize) -> Vec<(usize, Note)> {
        let applying = Applying::default();
        let mut onlooker = Onlooker::at(applying.clone());
        let look = |(index, seq): (usize, &u64)| {
            applying.set(*seq);
            let second = index * 10;
            let now = Duration::from_secs(u64::try_from(second).unwrap());
            onlooker.look(second >= still_from, now).map(|note| (second, note))
        };
        entries.iter().enumerate().filter_map(look).collect()
    }

    #[test]
    fn an_entry_that_never_ends_is_noted_once_before_the_kill_and_one_that_ends_is_cleared() {
        assert_eq!(notes(&[7; 20], 90), [(90, Note::Hangs(Seq(7)))]);
        assert_eq!(
            notes(&[7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 9], 90),
            [(90, Note::Hangs(Seq(7))), (100, Note::Passed(Seq(7)))]
        );
        assert_eq!(notes(&[7; 20], 1_000), [], "slow, but something moves");
        assert_eq!(
            notes(&[1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5], 90),
            [],
            "many slow entries in one batch: none is it"
        );
        assert_eq!(notes(&[0; 20], 90), [], "a disk that hangs is no entry's fault");
    }

    #[test]
    fn two_starts_that_hang_at_an_entry_skip_it_at_the_third() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("died.json");
        Note::Hangs(Seq(7)).write(&file);
        assert_eq!(to_skip(&file), None);
        Note::Hangs(Seq(7)).write(&file);
        assert_eq!(to_skip(&file), Some(Seq(7)));
        Note::Passed(Seq(7)).write(&file);
        assert_eq!(to_skip(&file), None, "it came through at last");
        Note::Passed(Seq(7)).write(&file);
        assert!(read(&file).is_none());
    }
}
