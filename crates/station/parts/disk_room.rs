//! How full the disk is, and what may be given up for room. Pure but for the look at the disk.
//!
//! At `nearly_full_percent` room is made down to one percent below it, from what hurts least to what hurts most: segments that everybody has read go
//! into the evidence; then the oldest history goes; then segments that the archive has not read yet. Evidence is given
//! up before its age only when the journal's reserve is gone: then it is that or alarms.

use std::io;
use std::path::Path;

/// Rounds in which segments alone did not do it, before history is asked for.
const HISTORY_FROM: u32 = 1;
/// Rounds in which history did not do it, before the archive is overrun and, without a reserve, evidence is removed.
const LAST_MEANS_FROM: u32 = 6;
/// The same when nothing is acknowledged any more.
const LAST_MEANS_FROM_AT_STANDSTILL: u32 = 2;

/// Bytes of the file system, as an unprivileged process sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiskRoom {
    pub(crate) used: u64,
    pub(crate) free: u64,
}

/// What presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pressure {
    /// Percent used at which room is made.
    pub(crate) nearly_full_percent: u64,
    /// The journal's reserve, in bytes.
    pub(crate) reserve_bytes: u64,
    /// It has been given up.
    pub(crate) reserve_gone: bool,
    /// The journal cannot write: nothing is acknowledged.
    pub(crate) at_standstill: bool,
    /// Rounds before this one in which room was wanted.
    pub(crate) rounds: u32,
}

/// What may be given up in this round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GiveUp {
    /// Bytes to be freed; 0: none.
    pub(crate) bytes: u64,
    /// Bytes of history that are to go.
    pub(crate) history_bytes: u64,
    /// Segments that the archive has not read may leave.
    pub(crate) unarchived: bool,
    /// Evidence may be removed before its age, and segments without becoming evidence.
    pub(crate) evidence: bool,
}

impl DiskRoom {
    /// Of the file system of that folder.
    pub(crate) fn of(folder: &Path) -> io::Result<DiskRoom> {
        let figures = rustix::fs::statvfs(folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(figures.f_frsize);
        Ok(DiskRoom { used: bytes(figures.f_blocks.saturating_sub(figures.f_bfree)), free: bytes(figures.f_bavail) })
    }

    /// Used part, 0 to 1.
    pub(crate) fn used_ratio(&self) -> f64 {
        let usable = self.usable();
        #[expect(clippy::cast_precision_loss, reason = "a ratio to three digits")]
        let ratio = if usable == 0 { 0.0 } else { self.used as f64 / usable as f64 };
        ratio
    }

    /// Whether that many percent or more are used.
    pub(crate) fn is_used_to(&self, percent: u64) -> bool {
        self.usable() > 0 && self.used >= self.part(percent)
    }

    fn usable(&self) -> u64 {
        self.used.saturating_add(self.free)
    }

    fn part(&self, percent: u64) -> u64 {
        (self.usable() / 100).saturating_mul(percent)
    }
}

/// What may be given up.
pub(crate) fn give_up(room: &DiskRoom, pressure: &Pressure) -> GiveUp {
    let nearly_full = room.is_used_to(pressure.nearly_full_percent);
    let aim = room.part(pressure.nearly_full_percent.saturating_sub(1));
    let beyond = if nearly_full { room.used.saturating_sub(aim).max(1) } else { 0 };
    let for_reserve = if pressure.reserve_gone {
        // The reserve comes back when twice its size is free.
        (pressure.reserve_bytes.saturating_mul(2) + pressure.reserve_bytes / 4).saturating_sub(room.free)
    } else {
        0
    };
    let to_write = if pressure.at_standstill { pressure.reserve_bytes } else { 0 };
    let bytes = beyond.max(for_reserve).max(to_write);
    if bytes == 0 {
        return GiveUp::default();
    }
    let last_means_from = if pressure.at_standstill { LAST_MEANS_FROM_AT_STANDSTILL } else { LAST_MEANS_FROM };
    let last_means = pressure.rounds >= last_means_from;
    GiveUp {
        bytes,
        history_bytes: if pressure.rounds >= HISTORY_FROM { bytes } else { 0 },
        unarchived: last_means,
        evidence: last_means && (pressure.at_standstill || pressure.reserve_gone && nearly_full),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Pressure =
        Pressure { nearly_full_percent: 95, reserve_bytes: 10, reserve_gone: false, at_standstill: false, rounds: 0 };

    fn of(used: u64, pressure: Pressure) -> GiveUp {
        give_up(&DiskRoom { used, free: 1_000 - used }, &pressure)
    }

    #[test]
    fn below_the_limit_nothing_is_given_up() {
        assert_eq!(of(949, Pressure { rounds: 100, ..CALM }), GiveUp::default());
    }

    #[test]
    fn segments_go_first_then_history_then_what_the_archive_has_not_read() {
        let at = |rounds| of(960, Pressure { rounds, ..CALM });
        assert_eq!(at(0), GiveUp { bytes: 20, history_bytes: 0, unarchived: false, evidence: false });
        assert_eq!(at(1), GiveUp { bytes: 20, history_bytes: 20, unarchived: false, evidence: false });
        assert_eq!(at(6), GiveUp { bytes: 20, history_bytes: 20, unarchived: true, evidence: false });
    }

    #[test]
    fn evidence_goes_before_its_age_only_without_a_reserve() {
        for rounds in [0, 10, 100_000] {
            assert!(!of(999, Pressure { rounds, ..CALM }).evidence, "{rounds}: whatever fills the disk, however long");
        }
        assert!(!of(999, Pressure { reserve_gone: true, rounds: 5, ..CALM }).evidence, "history goes before");
        assert!(of(999, Pressure { reserve_gone: true, rounds: 6, ..CALM }).evidence);
        assert!(!of(900, Pressure { reserve_gone: true, rounds: 6, ..CALM }).evidence, "there is room");
        assert!(of(1_000, Pressure { reserve_gone: true, at_standstill: true, rounds: 2, ..CALM }).evidence);
    }

    #[test]
    fn room_is_made_for_the_reserve_to_come_back() {
        let pressure = Pressure { reserve_bytes: 100, reserve_gone: true, rounds: 1, ..CALM };
        assert_eq!(of(900, pressure).history_bytes, 125);
        assert_eq!(of(700, pressure), GiveUp::default());
    }
}
