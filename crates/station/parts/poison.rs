//! An entry at which the rules die again and again. The thread notes what it is applying; when it panics, `died.json`
//! says where and how often. A start that finds the same entry twice journals `Skip`.

use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::path::Path;
use watchfire_journal::{RealDisk, atomic_file};
use watchfire_model::Seq;

/// Deaths at one entry before it is skipped.
pub(crate) const DEATHS_MAX: u32 = 2;

thread_local! {
    static APPLYING: Cell<Seq> = const { Cell::new(Seq(0)) };
}

/// Where the rules died, and how often in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Died {
    /// At which entry.
    pub(crate) seq: Seq,
    /// How often.
    pub(crate) times: u32,
}

/// Notes which entry this thread is applying.
pub(crate) fn applying(seq: Seq) {
    APPLYING.set(seq);
}

/// The entry that this thread was applying.
pub(crate) fn last_applied() -> Seq {
    APPLYING.get()
}

/// Notes a death at an entry.
pub(crate) fn died_at(file: &Path, seq: Seq) -> Result<Died, String> {
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
