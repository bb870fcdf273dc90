//! What leaves the journal and the alert log: segments into the evidence, and evidence for ever.
//!
//! The alert log is kept like the journal, each in its own `evidence/`; it is small, so it gives nothing up for room, and
//! it and its evidence are bounded to a quarter of `keep_bytes_max` each.

use crate::config::station::JournalConfig;
use crate::parts::damage::{self, Log};
use crate::parts::disk_room::GiveUp;
use crate::parts::disk_state::ALERT_LOG_DIVISOR;
use crate::parts::notices::Notices;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tracing::{info, warn};
use watchfire_journal::evidence::{self, Item, KeepError};
use watchfire_journal::retention::{self, AgedSegment, Cursor, Hold, Policy, Room};
use watchfire_journal::{ReadError, Reader, RealDisk, SegmentInfo};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, Bilingual, NoticeKind, Seq, Timestamp};

const DAY_MS: i64 = 86_400_000;
/// An age that nothing reaches.
const NEVER: i64 = i64::MAX;

/// How far the readers are for certain: the rules and the desk by entries, the archive by the records of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursors {
    pub(crate) rules: u64,
    pub(crate) desk: u64,
    pub(crate) archive: u64,
}

/// A log's segments and evidence, and what is remembered of them from round to round.
pub(crate) struct Leaving {
    log: Log,
    folder: PathBuf,
    config: JournalConfig,
    /// The newest record of each sealed segment, by the segment's first record.
    newest: BTreeMap<u64, Newest>,
    /// Segments that were damaged, by their first record: mended and told once.
    damaged: BTreeSet<u64>,
}

/// The newest record of a segment.
#[derive(Clone, Copy)]
struct Newest {
    /// Its time, in milliseconds.
    ms: i64,
    /// The entry that it is, or is about.
    entry: u64,
}

/// Of a segment that cannot be read: never old, never read by all.
const UNKNOWN: Newest = Newest { ms: NEVER, entry: u64::MAX };

impl Leaving {
    /// Of the log in that folder.
    pub(crate) fn new(log: Log, folder: PathBuf, mut config: JournalConfig) -> Leaving {
        if log == Log::Alerts {
            config.keep_bytes_max /= ALERT_LOG_DIVISOR;
        }
        Leaving { log, folder, config, newest: BTreeMap::new(), damaged: BTreeSet::new() }
    }

    /// One round. Ages are measured by `now`; without it nothing leaves for its age.
    pub(crate) fn round(&mut self, cursors: Cursors, give: &GiveUp, now: Option<Timestamp>, notices: &mut Notices) {
        let segments = match watchfire_journal::segments(&RealDisk, &self.folder) {
            Ok(segments) => segments,
            Err(error) => return warn!(%error, "cannot list a log's segments"),
        };
        for segment in &segments {
            self.look_at(segment, notices);
        }
        let cursors = self.in_this_log(cursors, &segments);
        let now_ms = now.map(|now| now.as_micros() / 1_000);
        let leave = self.plan(&segments, cursors, give, now_ms);
        let mut freed: u64 = 0;
        for segment in leave {
            if !self.leave(&segment, give, notices) {
                break;
            }
            freed = freed.saturating_add(segment.bytes);
            let last = segment.end.unwrap_or(segment.first).saturating_sub(1);
            let unarchived = last.saturating_sub(cursors.archive.max(segment.first.saturating_sub(1)));
            if unarchived > 0 {
                warn!(
                    from = last - unarchived + 1,
                    to = last,
                    "entries have left the journal before they were archived"
                );
                notices.lost(NoticeKind::ArchiveGap, "", unarchived, unarchived_lost);
            }
        }
        self.remove_evidence(give, freed, now_ms, notices);
    }

    fn plan(
        &mut self,
        segments: &[SegmentInfo],
        cursors: Cursors,
        give: &GiveUp,
        now_ms: Option<i64>,
    ) -> Vec<SegmentInfo> {
        let aged: Vec<AgedSegment> = segments
            .iter()
            .map(|segment| AgedSegment { segment: *segment, newest_ms: self.newest_ms(segment) })
            .collect();
        let of_archive = if give.unarchived { Hold::UntilDiskLimit } else { Hold::Always };
        let cursors = [
            Cursor { name: "rules", position: cursors.rules, hold: Hold::Always },
            Cursor { name: "desk", position: cursors.desk, hold: Hold::Always },
            Cursor { name: "archive", position: cursors.archive, hold: of_archive },
        ];
        let keep_ms = if now_ms.is_some() { days_ms(self.config.keep_days) } else { NEVER };
        let policy = Policy { keep_ms, bytes_max: self.config.keep_bytes_max };
        let room = if give.bytes > 0 { Room::Short(give.bytes) } else { Room::Enough };
        retention::plan(&aged, &cursors, &policy, room, now_ms.unwrap_or_default()).leave
    }

    /// Moves a segment into the evidence; false when it stays, and so must those behind it.
    fn leave(&mut self, segment: &SegmentInfo, give: &GiveUp, notices: &mut Notices) -> bool {
        let newest_ms = self.newest_ms(segment);
        match evidence::keep(&RealDisk, &self.folder, segment, newest_ms) {
            Ok(item) => {
                info!(first = item.first, last = item.last, bytes = item.bytes, "segment is evidence now");
                self.newest.remove(&segment.first);
                true
            }
            // Older evidence goes before newer segments: the next round finds room.
            Err(KeepError::DiskFull { .. }) if give.evidence && self.items().is_empty() => {
                self.discard(segment, notices)
            }
            Err(error) => {
                warn!(%error, "a segment stays in the journal");
                if let KeepError::Damaged { file, .. } = &error {
                    self.repair(segment.first, file, &error.to_string(), notices);
                }
                false
            }
        }
    }

    /// The last means, when there is no room to keep it and nothing older to remove.
    fn discard(&mut self, segment: &SegmentInfo, notices: &mut Notices) -> bool {
        if let Err(error) = evidence::discard(&RealDisk, &self.folder, segment) {
            warn!(%error, "a segment could not be removed");
            return false;
        }
        warn!(first = segment.first, "the disk is full: a segment was removed without being kept");
        self.newest.remove(&segment.first);
        notices.lost(NoticeKind::EvidenceLost, "journal", 1, segments_lost);
        true
    }

    /// Removes evidence that is old enough, and when it may be so the oldest until there is room.
    fn remove_evidence(&self, give: &GiveUp, freed: u64, now_ms: Option<i64>, notices: &mut Notices) {
        let items = self.items();
        let keep_ms = if now_ms.is_some() { days_ms(self.config.evidence_keep_days) } else { NEVER };
        let now_ms = now_ms.unwrap_or_default();
        let needed = match self.log {
            Log::Journal if give.evidence => give.bytes.saturating_sub(freed),
            Log::Journal => 0,
            Log::Alerts => items.iter().map(|item| item.bytes).sum::<u64>().saturating_sub(self.config.keep_bytes_max),
        };
        let expired = evidence::expired(&items, keep_ms, now_ms, needed);
        if expired.is_empty() {
            return;
        }
        if let Err(error) = evidence::remove(&RealDisk, &self.folder, &expired) {
            // The files go first: what is in the way is the manifest, which is made again from the files.
            warn!(%error, "evidence could not be removed in whole");
        }
        let young = expired.iter().filter(|item| now_ms.saturating_sub(item.newest_ms) <= keep_ms).count();
        info!(segments = expired.len(), young, "evidence removed");
        if young > 0 {
            let of = if self.log == Log::Journal { "evidence" } else { "alerts" };
            notices.lost(NoticeKind::EvidenceLost, of, u64::try_from(young).unwrap_or(u64::MAX), segments_lost);
        }
    }

    fn items(&self) -> Vec<Item> {
        evidence::list(&RealDisk, &self.folder).unwrap_or_else(|error| {
            warn!(%error, "cannot list the evidence");
            Vec::new()
        })
    }

    /// The time of a segment's newest record, in milliseconds.
    fn newest_ms(&self, segment: &SegmentInfo) -> i64 {
        self.newest.get(&segment.first).map_or(NEVER, |newest| newest.ms)
    }

    /// Finds out what the newest record of a sealed segment is, once; a damaged segment is mended, or nothing behind it
    /// would ever leave.
    fn look_at(&mut self, segment: &SegmentInfo, notices: &mut Notices) {
        if segment.end.is_none() || self.newest.contains_key(&segment.first) {
            return;
        }
        let mut found = newest(self.log, &self.folder, segment);
        if let Err(why) = &found
            && let Some(file) = damage::damaged_file(why)
        {
            self.repair(segment.first, file, &why.to_string(), notices);
            found = newest(self.log, &self.folder, segment);
        }
        let newest = match found {
            Ok(Some(newest)) if newest.ms > 0 => newest,
            // Nothing of it is left but what stands for it: it is as old as the segment before it.
            Ok(_) => {
                self.newest.range(..segment.first).next_back().map_or(Newest { ms: 0, entry: 0 }, |(_, before)| *before)
            }
            Err(_) => UNKNOWN,
        };
        self.newest.insert(segment.first, newest);
    }

    fn repair(&mut self, segment: u64, file: &Path, why: &str, notices: &mut Notices) {
        if !self.damaged.insert(segment) {
            return;
        }
        let told = damage::repair(file, self.log, 0).unwrap_or_else(|error| {
            warn!(%error, "a damaged segment is not mended");
            Some(Bilingual::new(why, format!("日志片段损坏：{why}")))
        });
        told.into_iter().for_each(|detail| notices.happened(NoticeKind::JournalDamaged, "", detail));
    }

    /// The same cursors, all as records of this log.
    fn in_this_log(&self, cursors: Cursors, segments: &[SegmentInfo]) -> Cursors {
        let read = |entry: u64| {
            let is_read =
                |segment: &&SegmentInfo| self.newest.get(&segment.first).is_some_and(|newest| newest.entry <= entry);
            let last = segments.iter().take_while(is_read).last();
            last.and_then(|segment| segment.end).map_or(0, |end| end.saturating_sub(1))
        };
        match self.log {
            Log::Journal => cursors,
            Log::Alerts => Cursors { rules: read(cursors.rules), desk: read(cursors.desk), ..cursors },
        }
    }
}

fn unarchived_lost(entries: u64) -> Bilingual {
    Bilingual::new(
        format!("{entries} entries left the journal before the archive had read them"),
        format!("{entries} 条记录在归档前已移出日志"),
    )
}

fn segments_lost(segments: u64) -> Bilingual {
    Bilingual::new(
        format!("{segments} segments of the journal, younger than they are to be kept; the disk was full"),
        format!("磁盘已满，删除了 {segments} 个未到保存期限的日志段"),
    )
}

/// What the newest record of a segment is; `None` when it says nothing that can be understood.
fn newest(log: Log, folder: &Path, segment: &SegmentInfo) -> Result<Option<Newest>, ReadError> {
    let last = segment.end.unwrap_or_default().saturating_sub(1);
    let mut reader = Reader::open(&RealDisk, folder, if log == Log::Journal { last } else { segment.first })?;
    let mut newest = None;
    while let Some(record) = reader.next(last)? {
        let read = match log {
            Log::Journal => decode_entry(Seq(record.seq), record.bytes).ok().map(|entry| (entry.at, entry.seq)),
            // A record without transitions stands for one that was lost, and has no time of its own.
            Log::Alerts => AlertRecord::decode(record.bytes)
                .ok()
                .and_then(|alert| alert.transitions.last().map(|transition| (transition.at, alert.seq))),
        };
        newest = read.map(|(at, entry)| Newest { ms: at.as_micros() / 1_000, entry: entry.0 }).or(newest);
    }
    Ok(newest)
}

fn days_ms(days: u64) -> i64 {
    i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::inputs::{OwnInput, inputs};
    use crate::parts::progress::Progress;
    use std::path::Path;
    use tokio::sync::mpsc::Receiver;
    use watchfire_journal::{Limits, Writer};
    use watchfire_model::{AlertId, Class, EncodedInput, Input, JournalId, RuleRef, SiteId, Step, Transition};

    const DAY: i64 = 86_400;
    const ALL_READ: Cursors = Cursors { rules: 100, desk: 100, archive: 100 };
    const CALM: GiveUp = GiveUp { bytes: 0, history_bytes: 0, unarchived: false, evidence: false };
    const IN_NEED: GiveUp = GiveUp { bytes: u64::MAX, ..CALM };

    struct Bench {
        leaving: Leaving,
        notices: Notices,
        queue: Receiver<OwnInput>,
        _folder: tempfile::TempDir,
    }

    /// Five entries, a day apart, each in a segment of its own; the last segment is the active one.
    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { segment_bytes: 1, reserve_bytes: 0, ..Limits::default() };
        let (mut writer, _) = Writer::open(&RealDisk, folder.path(), limits).unwrap();
        for day in 1..=5 {
            writer.append(EncodedInput::new(&Input::Tick).stamp(at_day(day))).unwrap();
            writer.sync().unwrap();
        }
        let config = crate::config::station::parse("test", "", Path::new(".")).0.unwrap().journal;
        let (inputs, queue) = inputs();
        let durable = Progress::at(0);
        let notices = Notices::new(inputs, durable.follower());
        durable.advance(1);
        Bench { leaving: Leaving::new(Log::Journal, folder.path().to_owned(), config), notices, queue, _folder: folder }
    }

    fn at_day(day: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000_000 + day * DAY)
    }

    impl Bench {
        /// Entries in the journal and in the evidence after a round, and how many notices it gave.
        fn round(&mut self, cursors: Cursors, give: GiveUp, now: Option<i64>) -> (Vec<u64>, Vec<u64>, usize) {
            self.leaving.round(cursors, &give, now.map(at_day), &mut self.notices);
            self.notices.hand_over(crate::clock::instant());
            let segments = watchfire_journal::segments(&RealDisk, &self.leaving.folder).unwrap();
            let notices = std::iter::from_fn(|| self.queue.try_recv().ok()).count();
            let journal = segments.iter().map(|segment| segment.first).collect();
            (journal, self.leaving.items().iter().map(|item| item.first).collect(), notices)
        }
    }

    #[test]
    fn segments_leave_by_the_age_of_their_stamps_and_without_a_time_none_leaves() {
        let mut bench = bench();
        assert_eq!(bench.round(ALL_READ, CALM, Some(5)), (vec![1, 2, 3, 4, 5], vec![], 0));
        assert_eq!(bench.round(ALL_READ, CALM, None), (vec![1, 2, 3, 4, 5], vec![], 0));
        assert_eq!(bench.round(ALL_READ, CALM, Some(10)), (vec![3, 4, 5], vec![1, 2], 0), "kept for a week");
        assert_eq!(bench.round(ALL_READ, CALM, None), (vec![3, 4, 5], vec![1, 2], 0));
        assert_eq!(bench.round(ALL_READ, CALM, Some(402)), (vec![5], vec![2, 3, 4], 0), "kept for 400 days");
    }

    #[test]
    fn a_full_disk_takes_no_evidence_while_the_reserve_is_there() {
        let mut bench = bench();
        for _ in 0..1_000 {
            assert_eq!(bench.round(ALL_READ, IN_NEED, Some(5)), (vec![5], vec![1, 2, 3, 4], 0));
        }
        let without_reserve = GiveUp { unarchived: true, evidence: true, ..IN_NEED };
        assert_eq!(bench.round(ALL_READ, without_reserve, Some(5)), (vec![5], vec![], 1), "and a person is told");
    }

    #[test]
    fn what_the_archive_has_not_read_leaves_last_and_is_told() {
        let mut bench = bench();
        let behind = Cursors { archive: 2, ..ALL_READ };
        assert_eq!(bench.round(behind, IN_NEED, Some(5)), (vec![3, 4, 5], vec![1, 2], 0));
        let overrun = GiveUp { unarchived: true, ..IN_NEED };
        assert_eq!(bench.round(behind, overrun, Some(5)), (vec![5], vec![1, 2, 3, 4], 1));
        let rules_behind = Cursors { rules: 0, ..ALL_READ };
        assert_eq!(bench.round(rules_behind, overrun, Some(5)), (vec![5], vec![1, 2, 3, 4], 0));
    }

    #[test]
    fn nothing_leaves_before_the_rules_and_the_desk() {
        for cursors in [Cursors { rules: 0, ..ALL_READ }, Cursors { desk: 0, ..ALL_READ }] {
            let mut bench = bench();
            let last_means = GiveUp { unarchived: true, evidence: true, ..IN_NEED };
            assert_eq!(bench.round(cursors, last_means, Some(4_000)), (vec![1, 2, 3, 4, 5], vec![], 0));
        }
    }

    #[test]
    fn the_alert_log_leaves_by_age_behind_every_reader() {
        let mut bench = alert_bench();
        assert_eq!(bench.round(ALL_READ, CALM, Some(5)), (vec![1, 2, 3, 4, 5], vec![], 0));
        // Its records are about entries 10 to 50.
        let rules_behind = Cursors { rules: 25, ..ALL_READ };
        assert_eq!(bench.round(rules_behind, CALM, Some(100)), (vec![3, 4, 5], vec![1, 2], 0));
        let archive_behind = Cursors { archive: 3, ..ALL_READ };
        assert_eq!(bench.round(archive_behind, CALM, Some(100)), (vec![4, 5], vec![1, 2, 3], 0));
        assert_eq!(bench.round(ALL_READ, CALM, Some(100)), (vec![5], vec![1, 2, 3, 4], 0));
        assert_eq!(bench.round(ALL_READ, CALM, Some(402)), (vec![5], vec![2, 3, 4], 0), "kept for 400 days");
        bench.leaving.config.keep_bytes_max = 1;
        assert_eq!(bench.round(ALL_READ, CALM, Some(402)), (vec![5], vec![], 1), "bounded, and a person is told");
    }

    #[test]
    fn a_damaged_segment_is_mended_and_leaves_in_its_turn() {
        for log in [Log::Journal, Log::Alerts] {
            let mut bench = if log == Log::Journal { bench() } else { alert_bench() };
            let file = bench.leaving.folder.join(format!("seg-{:020}.wfj", 2));
            let mut bytes = std::fs::read(&file).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&file, bytes).unwrap();
            let (journal, evidence, notices) = bench.round(ALL_READ, CALM, Some(100));
            assert_eq!((journal, evidence, notices), (vec![5], vec![1, 2, 3, 4], 1), "{log:?}");
            assert!(file.with_extension("wfj.damaged").exists());
        }
    }

    /// Five records about entries 10, 20 ... 50, a day apart, each in a segment of its own.
    fn alert_bench() -> Bench {
        let mut bench = bench();
        let folder = bench.leaving.folder.join("alerts");
        let limits = Limits { segment_bytes: 1, reserve_bytes: 0, ..Limits::default() };
        let (mut writer, _) = Writer::open(&RealDisk, &folder, limits).unwrap();
        for day in 1..=5 {
            let seq = Seq(u64::try_from(day * 10).unwrap());
            let journal = JournalId([7; 16]);
            let transitions = vec![raised(AlertId { journal, cause: seq, ordinal: 0 }, at_day(day))];
            writer.append(&AlertRecord { seq, journal, transitions }.encode()).unwrap();
            writer.sync().unwrap();
        }
        bench.leaving = Leaving::new(Log::Alerts, folder, bench.leaving.config.clone());
        bench
    }

    fn raised(alert: AlertId, at: Timestamp) -> Transition {
        Transition {
            alert,
            seq: alert.cause,
            at,
            step: Step::Raised,
            class: Class::Fire,
            severity: Class::Fire.severity(),
            site: SiteId::new("home").unwrap(),
            zone: None,
            device: None,
            point: None,
            rule: RuleRef { name: "smoke".into(), version: 1 },
            reason: Bilingual::same("smoke"),
            evidence: Vec::new(),
            marks: Default::default(),
        }
    }
}
