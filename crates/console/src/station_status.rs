//! The station's figures as the console shows them.

use crate::view::{ArchiveStatus, DiskStatus, JournalStatus, RunningTest, StatusView, Trouble, When};
use std::collections::{BTreeMap, VecDeque};
use watchfire_model::{DefectKind, JournalId, Seq, Timestamp};

/// Troubles that are kept.
pub const TROUBLES_MAX: usize = 100;
/// The longest detail of a trouble that is kept, in bytes.
const DETAIL_BYTES_MAX: usize = 200;

/// What the station says of itself, about once a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StatusNumbers {
    /// Which journal.
    pub journal: JournalId,
    /// The last entry that is on disk.
    pub durable: Seq,
    /// The last entry that went through the rules.
    pub applied: Seq,
    /// How far the rules are behind, in seconds.
    pub rules_lag_s: f64,
    /// How far the archive is behind, in seconds.
    pub archive_lag_s: f64,
    /// The last entry that is in the archive.
    pub archive_entries: Seq,
    /// Used part of the disk, 0 to 1.
    pub disk_used_ratio: f64,
    /// Connections of devices.
    pub connections: u64,
    /// Frames since the start.
    pub frames_total: u64,
}

/// The figures.
#[derive(Debug, Default)]
pub(crate) struct StationStatus {
    numbers: StatusNumbers,
    defects: BTreeMap<DefectKind, u64>,
    troubles: VecDeque<Trouble>,
}

impl StationStatus {
    pub(crate) fn numbers(&mut self, numbers: StatusNumbers) {
        self.numbers = numbers;
    }

    pub(crate) fn defect(&mut self, kind: DefectKind) {
        *self.defects.entry(kind).or_default() += 1;
    }

    /// Notes a trouble; the oldest goes.
    pub(crate) fn trouble(&mut self, at: Timestamp, identity: &str, kind: &'static str, detail: &str) {
        if self.troubles.len() >= TROUBLES_MAX {
            self.troubles.pop_back();
        }
        let detail = detail.get(..detail.floor_char_boundary(DETAIL_BYTES_MAX)).unwrap_or_default();
        let trouble = Trouble { at: When(at), identity: identity.to_owned(), kind, detail: detail.to_owned() };
        self.troubles.push_front(trouble);
    }

    pub(crate) fn journal(&self) -> JournalId {
        self.numbers.journal
    }

    pub(crate) fn view(&self, ready: bool, version: &'static str, tests: Vec<RunningTest>) -> StatusView {
        let numbers = &self.numbers;
        StatusView {
            ready,
            version,
            journal: JournalStatus {
                id: numbers.journal.to_string(),
                durable: numbers.durable.0,
                applied: numbers.applied.0,
                lag_s: numbers.rules_lag_s,
            },
            archive: ArchiveStatus { lag_s: numbers.archive_lag_s, entries: numbers.archive_entries.0 },
            disk: DiskStatus { used_ratio: numbers.disk_used_ratio },
            connections: numbers.connections,
            frames_total: numbers.frames_total,
            tests,
            defects: self.defects.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
            troubles: self.troubles.iter().cloned().collect(),
        }
    }
}
