//! What the disk itself can do: small writes, each followed by fdatasync, on the file system of the data.

use crate::support::Fault;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Where the writes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// Over zeros that were written and synced before: the file's size and extents do not change.
    Prewritten,
    /// Behind the end: the file grows with each write.
    Appending,
}

/// More than are written in any run.
const PREWRITTEN_BYTES: usize = 64 * 1024 * 1024;

/// Milliseconds of each write and fdatasync of `bytes`, one after the other for `span`.
pub(crate) fn fdatasyncs(dir: &Path, place: Where, bytes: usize, span: Duration) -> Result<Vec<f64>, Fault> {
    let path = dir.join("fdatasync.tmp");
    let file = File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
    if place == Where::Prewritten {
        file.write_all_at(&vec![0; PREWRITTEN_BYTES], 0)?;
        file.sync_all()?;
    }
    let record = vec![b'x'; bytes];
    let mut taken = Vec::new();
    let (begun, mut offset) = (Instant::now(), 0u64);
    while begun.elapsed() < span {
        if place == Where::Prewritten && offset + u64::try_from(bytes)? > u64::try_from(PREWRITTEN_BYTES)? {
            offset = 0;
        }
        let one = Instant::now();
        file.write_all_at(&record, offset)?;
        file.sync_data()?;
        taken.push(one.elapsed().as_secs_f64() * 1_000.0);
        offset += u64::try_from(bytes)?;
    }
    std::fs::remove_file(&path)?;
    Ok(taken)
}
