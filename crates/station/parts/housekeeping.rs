//! Keeps the disk from filling up: old segments leave the journal into evidence, old evidence is removed, the archive is
//! asked to give up history; how full the disk is, is watched and told. Room is made first and told afterwards, and
//! nothing here waits for the journal, which may itself be waiting for room.

use crate::clock;
use crate::config::station::{DiskConfig, JournalConfig};
use crate::parts::ages::time_for_ages;
use crate::parts::anchor;
use crate::parts::damage::Log;
use crate::parts::disk_room::{self, DiskRoom, GiveUp, Pressure};
use crate::parts::keeper::{Keeper, caught, pause_or_stop};
use crate::parts::leaving::{Cursors, Leaving};
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::paths::DataPaths;
use crate::parts::progress::Follower;
use crate::stamp_clock::Anchor;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use watchfire_model::{Bilingual, NoticeKind};

/// The part's name in notices, metrics and the log.
pub(crate) const NAME: &str = "housekeeping";
/// How often the disk is looked at.
const INTERVAL: Duration = Duration::from_secs(10);
/// The same while the reserve is gone, or a notice waits; and how soon that is seen.
const INTERVAL_IN_NEED: Duration = Duration::from_secs(1);

/// Everything that the thread owns.
pub(crate) struct HousekeepingPart {
    pub(crate) paths: DataPaths,
    pub(crate) config: JournalConfig,
    pub(crate) disk: DiskConfig,
    pub(crate) rules: Follower,
    pub(crate) desk: Follower,
    pub(crate) archived: Follower,
    /// Records of the alert log that the archive has on disk for certain.
    pub(crate) archived_alerts: Follower,
    /// The station's clock.
    pub(crate) anchor: watch::Receiver<Anchor>,
    /// Bytes of history that the archive is to give up; measured anew each round.
    pub(crate) history_wanted: watch::Sender<u64>,
    pub(crate) notices: Notices,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

impl HousekeepingPart {
    /// Runs until it is told to stop.
    pub(crate) fn run(mut self, runtime: &Handle) {
        let mut keeper = Keeper::new(NAME, Arc::clone(&self.metrics), self.stop.clone());
        while let Err(why) = caught(|| self.rounds(runtime)) {
            if !keeper.begin_again(&why, &mut self.notices, runtime) {
                break;
            }
        }
        self.note_clock();
    }

    fn rounds(&mut self, runtime: &Handle) -> Result<(), Infallible> {
        let mut leaving = [
            Leaving::new(Log::Journal, self.paths.journal(), self.config.clone()),
            Leaving::new(Log::Alerts, self.paths.alert_log(), self.config.clone()),
        ];
        let mut rounds_short = 0;
        loop {
            let is_short = self.round(&mut leaving, rounds_short);
            rounds_short = if is_short { rounds_short.saturating_add(1) } else { 0 };
            self.notices.state(NoticeKind::PartDown, NAME, false, Bilingual::default);
            let notices_wait = self.notices.hand_over(clock::instant());
            if self.pause(runtime, notices_wait) {
                return Ok(());
            }
        }
    }

    /// Waits for the next round, which comes at once when the journal runs out of room; true at the stop.
    fn pause(&self, runtime: &Handle, mut in_need: bool) -> bool {
        let begun = clock::instant();
        loop {
            if runtime.block_on(pause_or_stop(&self.stop, INTERVAL_IN_NEED)) {
                return true;
            }
            in_need |= self.reserve_gone() || self.at_standstill();
            if in_need || begun.elapsed() >= INTERVAL {
                return false;
            }
        }
    }

    /// Makes room, then tells; true when room was wanted.
    fn round(&mut self, [journal, alerts]: &mut [Leaving; 2], rounds_short: u32) -> bool {
        let room = DiskRoom::of(self.paths.root()).map_err(|error| warn!(%error, "cannot see how full the disk is"));
        let pressure = Pressure {
            nearly_full_percent: self.disk.nearly_full_percent,
            reserve_bytes: self.config.reserve_bytes,
            reserve_gone: self.reserve_gone(),
            at_standstill: self.at_standstill(),
            rounds: rounds_short,
        };
        let give = room.map(|room| disk_room::give_up(&room, &pressure)).unwrap_or_default();
        let cursors = Cursors { rules: self.rules.now(), desk: self.desk.now(), archive: self.archived.now() };
        let now = time_for_ages(&self.anchor.borrow(), clock::wall());
        journal.round(cursors, &give, now, &mut self.notices);
        let cursors = Cursors { archive: self.archived_alerts.now(), ..cursors };
        alerts.round(cursors, &GiveUp::default(), now, &mut self.notices);
        self.history_wanted.send_replace(give.history_bytes);
        if let Ok(room) = room {
            self.metrics.disk_used_ratio.set(room.used_ratio());
            self.tell(&room);
        }
        self.note_clock();
        give.bytes > 0
    }

    fn reserve_gone(&self) -> bool {
        self.metrics.journal_reserve_held.get() == 0
    }

    fn at_standstill(&self) -> bool {
        self.metrics.journal_full.get() > 0
    }

    fn tell(&mut self, room: &DiskRoom) {
        let DiskConfig { filling_percent, nearly_full_percent } = self.disk;
        let limits = [(NoticeKind::DiskFilling, filling_percent), (NoticeKind::DiskNearlyFull, nearly_full_percent)];
        for (kind, limit) in limits {
            let used = room.used_ratio() * 100.0;
            self.notices.state(kind, "", room.is_used_to(limit), || {
                Bilingual::new(format!("{used:.1} % used, limit {limit} %"), format!("已用 {used:.1}%，限值 {limit}%"))
            });
        }
        let is_full = self.reserve_gone() || self.at_standstill();
        self.notices.state(NoticeKind::DiskFull, "", is_full, || match is_full {
            true => Bilingual::new("free space now", "请立即清理磁盘空间"),
            false => Bilingual::new("space has returned", "空间已恢复"),
        });
    }

    /// Where the clock stands, so that a restart goes on from there.
    fn note_clock(&self) {
        let anchor = *self.anchor.borrow();
        if let Err(error) = anchor::note(&self.paths.clock(), &anchor) {
            warn!(%error, "the clock could not be noted");
        }
    }
}
