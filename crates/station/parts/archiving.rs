//! Work in the open archive: a reader of both logs, which writes batches of rows with its cursors. It decodes by itself,
//! so it may be as far behind as it likes.

use crate::clock;
use crate::parts::ages::time_for_ages;
use crate::parts::archive::{ArchiveNeeds, NAME};
use crate::parts::damage::{self, Log};
use crate::parts::decoders::Decoders;
use crate::parts::keeper::pause_or_stop;
use crate::parts::notices::Notices;
use crate::parts::records::Records;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};
use watchfire_archive::{Batch, FilesError, Gap, Retention, Store, WriteError};
use watchfire_intake::STATION_SITE;
use watchfire_journal::{MendError, ReadError, Reader, RealDisk};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, Bilingual, Input, NoticeKind, Seq, SiteId, Timestamp};

/// Entries read before a batch is written even if it has few rows.
const BATCH_ENTRIES: u64 = 100_000;
/// How long a batch gathers when little is coming in.
const GATHER: Duration = Duration::from_millis(500);
/// Pauses between attempts while the archive does not take a batch: the first, and the longest.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A notice is given when the archive has refused for so many attempts.
const DOWN_AFTER_ATTEMPTS: u32 = 3;
/// How often the archive is synced, so that the journal need not be kept longer than it must.
const SYNC_INTERVAL: Duration = Duration::from_secs(30);
/// How often old history is dropped.
const RETAIN_INTERVAL: Duration = Duration::from_secs(3_600);
/// What is down, in a notice, when readings cannot be written to files before they are dropped.
const FILES: &str = "files";

/// The archive cannot go on; everything else does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveStop {
    #[error("failed to read the logs for the archive: {0}")]
    Read(#[source] ReadError),
    #[error(transparent)]
    Mend(#[from] MendError),
}

/// Where the thread is in the two logs.
struct Place {
    entries: Reader<RealDisk>,
    alerts: Reader<RealDisk>,
    decoders: Decoders,
    records: Records,
    /// Records that had left the journal before they were read.
    gap: Option<Gap>,
}

/// What came of a batch.
#[derive(PartialEq, Eq)]
enum Fate {
    /// It is written, or will be read again: the place is where the archive is.
    Settled,
    /// The station stops while the archive refuses it: the place is ahead of the archive, and nothing may follow.
    Refused,
}

/// See the head of this file.
pub(crate) struct Archiving<'a> {
    needs: &'a ArchiveNeeds,
    store: &'a mut Store,
    notices: &'a mut Notices,
    room_wanted: &'a mut watch::Receiver<u64>,
    place: Place,
}

impl<'a> Archiving<'a> {
    /// Goes to where the archive is in the logs.
    pub(crate) fn begin(
        needs: &'a ArchiveNeeds,
        store: &'a mut Store,
        notices: &'a mut Notices,
        room_wanted: &'a mut watch::Receiver<u64>,
    ) -> Result<Archiving<'a>, ArchiveStop> {
        let place = Place::found(needs, store, notices)?;
        Ok(Archiving { needs, store, notices, room_wanted, place })
    }

    /// Runs until the rules are closed and everything is archived, or it is told to stop while the archive refuses.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), ArchiveStop> {
        let mut batch = self.store.batch();
        let (mut synced, mut retained) = (clock::instant(), None);
        while let Some(applied) = self.wait(runtime) {
            self.make_room_if_wanted();
            if applied > self.place.read_to() {
                if applied - self.place.read_to() < BATCH_ENTRIES {
                    runtime.block_on(tokio::time::sleep(GATHER));
                }
                self.fill(&mut batch)?;
                if self.write(&mut batch, runtime)? == Fate::Refused {
                    return Ok(());
                }
            }
            if synced.elapsed() >= SYNC_INTERVAL {
                self.sync();
                synced = clock::instant();
            }
            if retained.is_none_or(|at: Instant| at.elapsed() >= RETAIN_INTERVAL) {
                self.retain(0);
                retained = Some(clock::instant());
            }
            self.notices.hand_over(clock::instant());
        }
        while self.place.read_to() < self.needs.applied.now() {
            self.fill(&mut batch)?;
            if self.write(&mut batch, runtime)? == Fate::Refused {
                return Ok(());
            }
        }
        self.sync();
        self.place.records.save(self.needs, true);
        info!(entries = self.store.cursors().entries.0, "archive closed");
        Ok(())
    }

    /// Waits until there is something to read or to give up; where the rules are, `None` when they are closed.
    fn wait(&mut self, runtime: &Handle) -> Option<u64> {
        let mut applied = self.needs.applied.clone();
        let (read_to, now, room_wanted) = (self.place.read_to(), applied.now(), &mut *self.room_wanted);
        runtime.block_on(async {
            let wanted = async {
                if room_wanted.changed().await.is_err() {
                    // Housekeeping has ended: nothing will be wanted any more.
                    std::future::pending::<()>().await;
                }
                room_wanted.mark_changed();
            };
            tokio::select! {
                biased;
                past = applied.past(read_to) => past,
                () = wanted => Some(now),
            }
        })
    }

    /// Fills the batch; where the journal has given up what is due, it begins anew behind the gap.
    fn fill(&mut self, batch: &mut Batch) -> Result<(), ArchiveStop> {
        match self.read(batch) {
            Err(ArchiveStop::Read(why @ ReadError::Gone { .. })) => {
                warn!(%why, "the archive begins behind a gap");
                batch.clear();
                self.place = Place::found(self.needs, self.store, self.notices)?;
                self.read(batch)
            }
            Err(ArchiveStop::Read(why)) => {
                mended(why, self.needs, self.notices)?;
                batch.clear();
                self.place = Place::found(self.needs, self.store, self.notices)?;
                self.read(batch)
            }
            read => read,
        }
    }

    /// Reads what there is, up to the batch's size.
    fn read(&mut self, batch: &mut Batch) -> Result<(), ArchiveStop> {
        let place = &mut self.place;
        if let Some(gap) = place.gap.take() {
            warn!(from = gap.from.0, to = gap.to.0, "entries had left the journal before they were archived");
            batch.gap(gap);
        }
        // In this order: the alert log then has what the rules said of each of these entries.
        let applied = self.needs.applied.now();
        let alerts = self.needs.alerts.now();
        while !batch.is_full()
            && let Some(record) = place.alerts.next(alerts).map_err(ArchiveStop::Read)?
        {
            match AlertRecord::decode(record.bytes) {
                Ok(alert) => {
                    batch.alert(record.seq, &alert);
                    place.records.record(record.seq, alert, batch);
                }
                Err(error) => error!(position = record.seq, %error, "alert record not archived"),
            }
        }
        let end = applied.min(place.read_to() + BATCH_ENTRIES);
        while !batch.is_full()
            && let Some(record) = place.entries.next(end).map_err(ArchiveStop::Read)?
        {
            let seq = Seq(record.seq);
            match decode_entry(seq, record.bytes) {
                Ok(entry) => {
                    place.decoders.follow(&entry.input, &self.needs.paths);
                    take(batch, seq, entry.at, &entry.input, &mut place.decoders);
                    place.records.entry(&entry, self.needs, batch);
                }
                Err(error) => {
                    error!(%seq, %error, "entry not archived");
                    batch.entry(seq);
                }
            }
        }
        Ok(())
    }

    /// Writes the batch, again and again until it is taken.
    fn write(&mut self, batch: &mut Batch, runtime: &Handle) -> Result<Fate, ArchiveStop> {
        let mut attempts = 0;
        let mut pause = RETRY_MIN;
        while let Err(error) = self.store.write(batch) {
            attempts += 1;
            self.needs.metrics.archive_failures.inc();
            warn!(%error, attempts, "the archive does not take a batch; trying again");
            if attempts == DOWN_AFTER_ATTEMPTS {
                self.notices.state(NoticeKind::ArchiveDown, "", true, || {
                    Bilingual::new(
                        format!("it does not take a batch, and is tried again: {error}"),
                        format!("写入一批数据失败，正在重试：{error}"),
                    )
                });
            }
            self.notices.hand_over(clock::instant());
            match error {
                WriteError::Moved(_) | WriteError::Hole { .. } => {
                    batch.clear();
                    self.place = Place::found(self.needs, self.store, self.notices)?;
                    break;
                }
                WriteError::Full(_) if self.make_room_if_wanted() => pause = RETRY_MIN,
                WriteError::Full(_) => self.retain(0),
                WriteError::Busy(_) | WriteError::Unavailable(_) | WriteError::ReadOnly(_) | WriteError::Damaged(_) => {
                }
                WriteError::Files(_) => {}
            }
            if runtime.block_on(pause_or_stop(&self.needs.stop, pause)) {
                warn!("stopped while the archive does not take a batch; it goes on from its cursor at the next start");
                return Ok(Fate::Refused);
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
        if batch.is_empty() {
            self.notices.state(NoticeKind::ArchiveDown, "", false, Bilingual::default);
            self.notices.state(NoticeKind::PartDown, NAME, false, Bilingual::default);
        }
        self.needs.archived.advance(self.store.cursors().entries.0);
        self.needs.on_disk(self.store.durable());
        Ok(Fate::Settled)
    }

    fn sync(&mut self) {
        match self.store.sync() {
            Ok(durable) => {
                self.place.decoders.save(self.needs, self.place.read_to());
                self.place.records.save(self.needs, false);
                self.needs.on_disk(durable);
            }
            Err(error) => warn!(%error, "the archive could not be synced"),
        }
    }

    /// Gives up as much history as housekeeping wants now; false when it wants none.
    fn make_room_if_wanted(&mut self) -> bool {
        let is_new = self.room_wanted.has_changed().unwrap_or(false);
        let wanted = *self.room_wanted.borrow_and_update();
        if !is_new || wanted == 0 || !self.needs.place.is_here() {
            return false;
        }
        self.retain(wanted);
        // What was wanted meanwhile was measured before this room was made.
        self.room_wanted.mark_unchanged();
        true
    }

    /// Drops what is too old, and of the rest so many bytes.
    fn retain(&mut self, bytes_to_free: u64) {
        let anchor = *self.needs.anchor.borrow();
        // Without a time that can be believed nothing is too old.
        let now = time_for_ages(&anchor, clock::wall());
        let from = |keep_days: u64| {
            now.map_or(Timestamp::EPOCH, |now| now.minus(Duration::from_secs(keep_days.saturating_mul(86_400))))
        };
        let config = &self.needs.config;
        let (readings_from, alerts_from) = (from(config.keep_days), from(config.alerts_keep_days));
        let audit_from = from(config.audit_keep_days);
        let (minutes_from, rollups_from) = (from(config.minutes_keep_days), from(config.rollups_keep_days));
        let used = if bytes_to_free > 0 { self.store.bytes_used().ok() } else { None };
        let bytes_wanted = used.map(|used| used.saturating_sub(bytes_to_free));
        let (files, now) = (config.files.clone(), anchor.at);
        match self.store.retain(&Retention {
            readings_from,
            minutes_from,
            rollups_from,
            alerts_from,
            audit_from,
            bytes_wanted,
            files,
            now,
        }) {
            Ok(given_up) => {
                self.notices.state(NoticeKind::ArchiveDown, FILES, false, Bilingual::default);
                debug!(?given_up, bytes_to_free, "old history dropped");
                if bytes_to_free > 0 && given_up.readings_by_room > 0 {
                    self.notices.lost(NoticeKind::HistoryLost, "", given_up.readings_by_room, readings_lost);
                }
            }
            Err(error) => {
                warn!(%error, "old history could not be dropped");
                if let WriteError::Files(why) = error {
                    self.notices.state(NoticeKind::ArchiveDown, FILES, true, || files_fail(&why));
                }
            }
        }
    }
}

fn files_fail(why: &FilesError) -> Bilingual {
    Bilingual::new(
        format!("readings are kept beyond their time, because their files cannot be written: {why}"),
        format!("无法写入归档文件，过期读数暂不删除：{why}"),
    )
}

fn readings_lost(readings: u64) -> Bilingual {
    Bilingual::new(
        format!("{readings} of the oldest readings; the disk was full"),
        format!("磁盘已满，删除了最早的 {readings} 条读数"),
    )
}

impl Place {
    /// Where the archive is; a damaged segment on the way there is mended.
    fn found(needs: &ArchiveNeeds, store: &Store, notices: &mut Notices) -> Result<Place, ArchiveStop> {
        let mut before = None;
        loop {
            match Place::of(needs, store) {
                Err(ArchiveStop::Read(why)) if before.as_ref() != Some(&why.to_string()) => {
                    before = Some(why.to_string());
                    mended(why, needs, notices)?;
                }
                found => return found,
            }
        }
    }

    fn of(needs: &ArchiveNeeds, store: &Store) -> Result<Place, ArchiveStop> {
        let cursors = store.cursors();
        let next = cursors.entries.0 + 1;
        let entries = open_or_first(&needs.paths.journal(), next)?;
        let alerts = open_or_first(&needs.paths.alert_log(), cursors.alerts + 1)?;
        let gap = (entries.position() > next).then(|| Gap {
            from: Seq(next),
            to: Seq(entries.position() - 1),
            noted_at: clock::wall(),
        });
        let decoders = Decoders::at(needs, entries.position() - 1).map_err(ArchiveStop::Read)?;
        let records = Records::at(needs, cursors).map_err(ArchiveStop::Read)?;
        Ok(Place { entries, alerts, decoders, records, gap })
    }

    /// The last entry read.
    fn read_to(&self) -> u64 {
        self.entries.position() - 1
    }
}

/// A damaged segment is mended, and people hear of it; any other trouble stays what it is.
fn mended(why: ReadError, needs: &ArchiveNeeds, notices: &mut Notices) -> Result<(), ArchiveStop> {
    let Some(file) = damage::damaged_file(&why) else { return Err(ArchiveStop::Read(why)) };
    let log = if file.starts_with(needs.paths.alert_log()) { Log::Alerts } else { Log::Journal };
    if let Some(told) = damage::repair(file, log, 0)? {
        notices.happened(NoticeKind::JournalDamaged, "", told);
    }
    Ok(())
}

fn take(batch: &mut Batch, seq: Seq, at: Timestamp, input: &Input<'_>, decoders: &mut Decoders) {
    let Decoders { profiles, sessions, .. } = decoders;
    match input {
        Input::Frame(frame) if frame.site == STATION_SITE => batch.entry(seq),
        Input::Frame(frame) => match SiteId::new(frame.site) {
            Ok(site) => batch.decoded(seq, at, &site, &watchfire_wire::decode(frame, at, profiles, sessions)),
            Err(_) => batch.entry(seq),
        },
        Input::Outcome(outcome) => batch.outcome(seq, at, outcome),
        Input::Order(order) => batch.order(seq, at, order),
        Input::Tick
        | Input::Setup(_)
        | Input::Started(_)
        | Input::Skip(_)
        | Input::ClockStep(_)
        | Input::Notice(_)
        | Input::Will(_)
        | Input::WillOver(_)
        | Input::Restored(_)
        | Input::Act(_) => batch.entry(seq),
    }
}

/// Opens a log at a position, or at its first record when that one has left.
fn open_or_first(folder: &std::path::Path, from: u64) -> Result<Reader<RealDisk>, ArchiveStop> {
    match Reader::open(&RealDisk, folder, from) {
        Err(ReadError::Gone { first, .. }) => {
            warn!(from, first, "the archive has a gap: these records have left the journal; they are in evidence");
            Reader::open(&RealDisk, folder, first).map_err(ArchiveStop::Read)
        }
        opened => opened.map_err(ArchiveStop::Read),
    }
}
