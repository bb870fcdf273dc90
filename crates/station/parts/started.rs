//! Where the last start stands in the journal: a pointer, so that the clock can go on from it without a search.

use crate::parts::paths::DataPaths;
use crate::stamp_clock::Before;
use serde::{Deserialize, Serialize};
use std::path::Path;
use watchfire_journal::{Reader, RealDisk, atomic_file};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Input, Seq, Started, Timestamp};

#[derive(Serialize, Deserialize)]
struct Pointer {
    started: Seq,
}

/// Notes where the start was journaled. Without the note the next start trusts the wall clock.
pub(crate) fn note(file: &Path, seq: Seq) -> Result<(), atomic_file::WriteError> {
    let text = format!("{{\"started\":{seq}}}\n");
    atomic_file::write(&RealDisk, file, text.as_bytes())
}

/// What the journal knows of the time before this start; `None` for a new journal.
pub(crate) fn before(paths: &DataPaths, last: u64) -> Option<Before> {
    let last_at = entry_at(paths, last)?.0;
    let pointer: Option<Pointer> =
        std::fs::read(paths.started()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let started = pointer.and_then(|pointer| match entry_at(paths, pointer.started.0)? {
        (at, Some(started)) => Some((at, started)),
        (_, None) => None,
    });
    Some(Before { last_at, started })
}

/// The stamp of an entry, with the start that it is, if it is one.
fn entry_at(paths: &DataPaths, seq: u64) -> Option<(Timestamp, Option<Started>)> {
    if seq == 0 {
        return None;
    }
    let mut reader = Reader::open(&RealDisk, &paths.journal(), seq).ok()?;
    let record = reader.next(seq).ok()??;
    let entry = decode_entry(Seq(record.seq), record.bytes).ok()?;
    let started = match entry.input {
        Input::Started(started) => Some(started),
        _ => None,
    };
    Some((entry.at, started))
}
