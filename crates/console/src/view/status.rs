//! How the station is.

use super::{RunningTest, When};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How the station is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StatusView {
    /// Whether the last probe went through in time.
    pub ready: bool,
    /// Version of the station.
    pub version: &'static str,
    /// The journal and the rules behind it.
    pub journal: JournalStatus,
    /// The archive.
    pub archive: ArchiveStatus,
    /// The disk.
    pub disk: DiskStatus,
    /// Connections of devices.
    pub connections: u64,
    /// Frames since the start.
    pub frames_total: u64,
    /// The tests that run.
    pub tests: Vec<RunningTest>,
    /// Defects since the start, by kind.
    pub defects: BTreeMap<&'static str, u64>,
    /// The latest troubles, newest first.
    pub troubles: Vec<Trouble>,
}

/// The journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct JournalStatus {
    /// Its id, 32 hex digits.
    pub id: String,
    /// The last entry that is on disk.
    pub durable: u64,
    /// The last entry that went through the rules.
    pub applied: u64,
    /// How far the rules are behind, in seconds.
    pub lag_s: f64,
}

/// The archive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ArchiveStatus {
    /// How far it is behind, in seconds.
    pub lag_s: f64,
    /// The last entry that is in it.
    pub entries: u64,
}

/// The disk under the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct DiskStatus {
    /// Used part, 0 to 1.
    pub used_ratio: f64,
}

/// Something that was wrong with what a device or gateway sent or did.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Trouble {
    /// When.
    pub at: When,
    /// The identity, or the address where there was none.
    pub identity: String,
    /// What kind.
    pub kind: &'static str,
    /// Which property, value or place.
    pub detail: String,
}
