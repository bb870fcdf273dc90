//! An entry at which the rules die again and again, by a panic or by an error. The thread notes what it is applying; when
//! it dies at it, `died.json` says where and how often. A start that finds the same entry twice journals `Skip`.

use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use tracing::error;
use watchfire_journal::{RealDisk, atomic_file};
use watchfire_model::Seq;

/// Deaths at one entry before it is skipped.
pub(crate) const DEATHS_MAX: u32 = 2;

thread_local! {
    static APPLYING: Cell<Option<Seq>> = const { Cell::new(None) };
}

/// Where the rules died, and how often in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Died {
    seq: Seq,
    times: u32,
}

/// Notes which entry this thread is applying: if it dies now, it dies of that.
pub(crate) fn applying(seq: Seq) {
    APPLYING.set(Some(seq));
}

/// This thread is at no entry any more: what goes wrong now, a disk for example, is no entry's fault.
pub(crate) fn applied() {
    APPLYING.set(None);
}

/// Does work that applies entries. When it fails or panics at one, notes at which, so that the third start skips it; the
/// failure goes on.
pub(crate) fn noting_death<T, E>(file: &Path, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    applied();
    let ended = catch_unwind(AssertUnwindSafe(work));
    if !matches!(ended, Ok(Ok(_)))
        && let Some(seq) = APPLYING.get()
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
    let text = serde_json::to_vec(&died).map_err(|error| error.to_string())?;
    atomic_file::write(&RealDisk, file, &text).map_err(|error| error.to_string())?;
    Ok(died)
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
            noting_death(&file, || {
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
}
