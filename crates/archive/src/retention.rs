//! Giving up history: what is to be kept, and what went.

use std::path::PathBuf;
use watchfire_model::Timestamp;

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Readings and defects of days that end before this are given up.
    pub readings_from: Timestamp,
    /// Roll-ups of minutes of days that end before this are given up, once their readings are; a file has none.
    pub minutes_from: Timestamp,
    /// The same of those of hours and days.
    pub rollups_from: Timestamp,
    /// Alerts that were over before this are given up, with their transitions and deliveries; incidents too.
    pub alerts_from: Timestamp,
    /// Orders, the audit, duty checks and inspections from before this are given up.
    pub audit_from: Timestamp,
    /// Most bytes of the file that may stay in use, whatever `bytes_max` allows: for a disk that runs full of other
    /// things. `None`: as `bytes_max` says.
    pub bytes_wanted: Option<u64>,
    /// The folder to whose files readings are written before they are given up (see `files/mod.rs`). `None`: they are
    /// given up without.
    pub files: Option<PathBuf>,
    /// The time now: days beyond tomorrow are of clocks that run ahead.
    pub now: Timestamp,
}

/// What was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenUp {
    /// Readings that were too old.
    pub readings_by_age: u64,
    /// Readings that had to go because the file is near its limit.
    pub readings_by_room: u64,
    /// Alerts that were too old.
    pub alerts: u64,
    /// Bytes of the file that hold something, after it.
    pub bytes_used: u64,
}
