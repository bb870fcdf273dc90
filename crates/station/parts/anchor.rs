//! The clock's anchor on disk: where a restart within the same boot of the machine goes on from. A hint; without it the
//! next start goes by the wall clock.

use crate::parts::paths::DataPaths;
use crate::stamp_clock::{Anchor, Before};
use std::path::Path;
use watchfire_journal::{Reader, RealDisk, atomic_file};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Seq, Timestamp};

/// Notes an anchor.
pub(crate) fn note(file: &Path, anchor: &Anchor) -> Result<(), atomic_file::WriteError> {
    let text = serde_json::to_vec(anchor).expect("our own types always encode");
    atomic_file::write(&RealDisk, file, &text)
}

/// What is known of the time before this start; `None` for a new journal.
pub(crate) fn before(paths: &DataPaths, last: u64) -> Option<Before> {
    let last_at = stamp_of(paths, last)?;
    let anchor = std::fs::read(paths.clock()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    Some(Before { last_at, anchor })
}

fn stamp_of(paths: &DataPaths, seq: u64) -> Option<Timestamp> {
    if seq == 0 {
        return None;
    }
    let mut reader = Reader::open(&RealDisk, &paths.journal(), seq).ok()?;
    let record = reader.next(seq).ok()??;
    decode_entry(Seq(record.seq), record.bytes).ok().map(|entry| entry.at)
}
