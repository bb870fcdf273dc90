//! An entry at which the rules die again and again. The thread notes what it is applying; when it panics, `died.json`
//! says where and how often. A start that finds the same entry twice journals `Skip`.

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
    static APPLYING: Cell<Seq> = const { Cell::new(Seq(0)) };
}

/// Where the rules died, and how often in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Died {
    seq: Seq,
    times: u32,
}

/// Notes which entry this thread is applying.
pub(crate) fn applying(seq: Seq) {
    APPLYING.set(seq);
}

/// Does work that applies entries. When it panics, notes at which entry, so that the third start skips it; the panic
/// goes on.
pub(crate) fn noting_death<T>(file: &Path, work: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(panic) => {
            let seq = APPLYING.get();
            match died_at(file, seq) {
                Ok(died) => error!(%seq, times = died.times, "the rules died at this entry"),
                Err(why) => error!(%seq, why, "the rules died, and it could not be noted where"),
            }
            resume_unwind(panic)
        }
    }
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
