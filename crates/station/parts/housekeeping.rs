//! Keeps the disk from filling up: old segments leave the journal into evidence, old history is dropped by the archive,
//! and how full the disk is, is watched and told.

use crate::config::station::JournalConfig;
use crate::parts::anchor;
use crate::parts::inputs::Inputs;
use crate::parts::metrics::StationMetrics;
use crate::parts::paths::DataPaths;
use crate::parts::progress::Follower;
use crate::stamp_clock::Anchor;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use watchfire_journal::retention::{self, AgedSegment, Cursor, Hold, Policy, Room};
use watchfire_journal::{Reader, RealDisk, SegmentInfo, evidence};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Bilingual, Input, Notice, NoticeKind, Seq, Timestamp};

/// How often the disk is looked at.
const INTERVAL: Duration = Duration::from_secs(10);
/// Full enough to say so, and to give up the archive's hold on segments.
const FILLING: f64 = 0.85;
const NEARLY_FULL: f64 = 0.95;
const DAY_MS: i64 = 86_400_000;

/// Everything that the thread owns.
pub(crate) struct HousekeepingPart {
    pub(crate) paths: DataPaths,
    pub(crate) config: JournalConfig,
    pub(crate) rules: Follower,
    pub(crate) desk: Follower,
    pub(crate) archived: Follower,
    pub(crate) anchor: watch::Receiver<Anchor>,
    pub(crate) inputs: Inputs,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

/// What is remembered from round to round.
#[derive(Default)]
struct Memory {
    /// The time of the newest entry of each sealed segment, by its first entry.
    newest: BTreeMap<u64, i64>,
    told: BTreeMap<NoticeKind, bool>,
}

impl HousekeepingPart {
    /// Runs until it is told to stop.
    pub(crate) fn run(self, runtime: &Handle) {
        let mut memory = Memory::default();
        loop {
            let used = self.look(&mut memory, runtime);
            let room = if used >= NEARLY_FULL { Room::Short(self.config.segment_bytes) } else { Room::Enough };
            self.tidy(&self.paths.journal(), &self.entry_cursors(), room, &mut memory, runtime);
            let stopped = async {
                tokio::select! {
                    () = self.stop.cancelled() => true,
                    () = tokio::time::sleep(INTERVAL) => false,
                }
            };
            let stopped = runtime.block_on(stopped);
            self.note_clock();
            if stopped {
                return;
            }
        }
    }

    /// Where the clock stands, so that a restart goes on from there.
    fn note_clock(&self) {
        let anchor = *self.anchor.borrow();
        if let Err(error) = anchor::note(&self.paths.clock(), &anchor) {
            warn!(%error, "the clock could not be noted");
        }
    }

    fn entry_cursors(&self) -> Vec<Cursor<'static>> {
        vec![
            Cursor { name: "rules", position: self.rules.now(), hold: Hold::Always },
            Cursor { name: "desk", position: self.desk.now(), hold: Hold::Always },
            Cursor { name: "archive", position: self.archived.now(), hold: Hold::UntilDiskLimit },
        ]
    }

    /// How full the disk is; tells when a limit is passed, in either direction.
    fn look(&self, memory: &mut Memory, runtime: &Handle) -> f64 {
        let used = match used_ratio(self.paths.root()) {
            Ok(used) => used,
            Err(error) => {
                warn!(%error, "cannot see how full the disk is");
                return 0.0;
            }
        };
        self.metrics.disk_used_ratio.set(used);
        for (kind, limit) in [(NoticeKind::DiskFilling, FILLING), (NoticeKind::DiskNearlyFull, NEARLY_FULL)] {
            let over = used >= limit;
            if memory.told.insert(kind, over).unwrap_or(false) != over {
                let (used, limit) = (used * 100.0, limit * 100.0);
                let detail = Bilingual::new(
                    format!("{used:.1} % used, limit {limit:.0} %"),
                    format!("已用 {used:.1}%，限值 {limit:.0}%"),
                );
                self.notice(kind, over, detail, runtime);
            }
        }
        let full = self.metrics.journal_full.get() > 0;
        if memory.told.insert(NoticeKind::DiskFull, full).unwrap_or(false) && !full {
            self.notice(NoticeKind::DiskFull, false, Bilingual::new("space has returned", "空间已恢复"), runtime);
        }
        used
    }

    /// Moves what has left into the evidence, and drops evidence that is too old.
    fn tidy(&self, folder: &Path, cursors: &[Cursor<'_>], room: Room, memory: &mut Memory, runtime: &Handle) {
        let segments = match watchfire_journal::segments(&RealDisk, folder) {
            Ok(segments) => segments,
            Err(error) => return warn!(%error, "cannot list the journal's segments"),
        };
        let aged: Vec<AgedSegment> = segments
            .iter()
            .map(|segment| AgedSegment { segment: *segment, newest_ms: memory.newest_ms(folder, segment) })
            .collect();
        let now_ms = crate::clock::wall().as_micros() / 1_000;
        let policy = Policy { keep_ms: days_ms(self.config.keep_days), bytes_max: self.config.keep_bytes_max };
        let plan = retention::plan(&aged, cursors, &policy, room, now_ms);
        for gap in &plan.gaps {
            let (cursor, from, to) = (&gap.cursor, gap.from, gap.to);
            let detail = Bilingual::new(
                format!("{cursor}: entries {from} to {to} left before they were in it"),
                format!("{cursor}：记录 {from} 至 {to} 在归档前已移出日志"),
            );
            self.notice(NoticeKind::ArchiveGap, true, detail, runtime);
        }
        for segment in &plan.leave {
            let newest_ms = memory.newest.remove(&segment.first).unwrap_or(now_ms);
            match evidence::keep(&RealDisk, folder, segment, newest_ms) {
                Ok(item) => info!(first = item.first, last = item.last, bytes = item.bytes, "segment is evidence now"),
                Err(evidence::KeepError::DiskFull { .. }) if matches!(room, Room::Short(_)) => {
                    if let Err(error) = evidence::discard(&RealDisk, folder, segment) {
                        return warn!(%error, "a segment could not be removed");
                    }
                    warn!(first = segment.first, "the disk is full: a segment was removed without being kept");
                }
                Err(error) => return warn!(%error, "a segment stays in the journal"),
            }
        }
        self.drop_old_evidence(folder, room, now_ms);
    }

    fn drop_old_evidence(&self, folder: &Path, room: Room, now_ms: i64) {
        let needed = if let Room::Short(bytes) = room { bytes } else { 0 };
        let items = match evidence::list(&RealDisk, folder) {
            Ok(items) => items,
            Err(error) => return warn!(%error, "cannot list the evidence"),
        };
        let expired = evidence::expired(&items, days_ms(self.config.evidence_keep_days), now_ms, needed);
        if expired.is_empty() {
            return;
        }
        match evidence::remove(&RealDisk, folder, &expired) {
            Ok(()) => info!(segments = expired.len(), "old evidence removed"),
            Err(error) => warn!(%error, "old evidence could not be removed"),
        }
    }

    fn notice(&self, kind: NoticeKind, active: bool, detail: Bilingual, runtime: &Handle) {
        let notice = Notice { kind, subject: String::new(), detail, active };
        if runtime.block_on(self.inputs.journal(&Input::Notice(notice))).is_err() {
            warn!(kind = kind.as_str(), "the journal is closed: nobody is told");
        }
    }
}

impl Memory {
    /// The stamp of a sealed segment's newest entry: that of the entry behind it, which is not older.
    fn newest_ms(&mut self, folder: &Path, segment: &SegmentInfo) -> i64 {
        let Some(end) = segment.end else { return i64::MAX };
        if let Some(known) = self.newest.get(&segment.first) {
            return *known;
        }
        let found = stamp_of(folder, end.saturating_sub(1)).map_or(i64::MAX, |at| at.as_micros() / 1_000);
        self.newest.insert(segment.first, found);
        found
    }
}

fn stamp_of(folder: &Path, seq: u64) -> Option<Timestamp> {
    let mut reader = Reader::open(&RealDisk, folder, seq).ok()?;
    let record = reader.next(seq).ok()??;
    decode_entry(Seq(record.seq), record.bytes).ok().map(|entry| entry.at)
}

fn days_ms(days: u64) -> i64 {
    i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY_MS)
}

/// Used part of the file system, 0 to 1, as an unprivileged process sees it.
fn used_ratio(folder: &Path) -> std::io::Result<f64> {
    let figures = rustix::fs::statvfs(folder)?;
    let used = figures.f_blocks.saturating_sub(figures.f_bfree);
    let usable = used.saturating_add(figures.f_bavail);
    #[expect(clippy::cast_precision_loss, reason = "a ratio to three digits")]
    let ratio = if usable == 0 { 0.0 } else { used as f64 / usable as f64 };
    Ok(ratio)
}
