//! The journal as its users see it, on the simulated and on the real disk.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod copy;
mod damage;
mod format;
mod full_disk;
mod hostile_bytes;
mod mend;
mod properties;
mod real_disk;
mod retention;
mod snapshots;
mod support;
