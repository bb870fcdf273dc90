//! The archive thread: opens the archive, works in it ([`Archiving`]) and begins again after a fault. Nobody waits for
//! it: with an archive that cannot be opened, or must not be used with these logs, fires are detected and told as ever.

use crate::clock;
use crate::config::archive::ArchiveConfig;
use crate::parts::archive_place::ArchivePlace;
use crate::parts::archiving::{ArchiveStop, Archiving};
use crate::parts::keeper::{Keeper, caught, pause_or_stop};
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::paths::DataPaths;
use crate::parts::progress::{Follower, Progress};
use crate::stamp_clock::Anchor;
use prometheus::Registry;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use watchfire_archive::{Cursors, OpenError, Store};
use watchfire_model::{Bilingual, JournalId, NoticeKind, Setup};

/// The part's name in notices, metrics and the log.
pub(crate) const NAME: &str = "archive";
/// How often an archive that could not be opened is tried again.
const REOPEN_INTERVAL: Duration = Duration::from_secs(10);
/// A notice is given when it could not be opened for so many attempts.
const DOWN_AFTER_ATTEMPTS: u32 = 3;

/// What the thread is given.
pub(crate) struct ArchiveNeeds {
    /// The journal's last entry at the start.
    pub(crate) last_entry: u64,
    /// The set-up that was in force then.
    pub(crate) in_force: Option<Setup>,
    /// The ids of the journal and of the alert log.
    pub(crate) logs: (JournalId, JournalId),
    pub(crate) paths: DataPaths,
    /// How far the rules have applied: what they have not seen is not archived.
    pub(crate) applied: Follower,
    /// How far the alert log is durable.
    pub(crate) alerts: Follower,
    /// What is written.
    pub(crate) archived: Progress,
    /// What is on disk for certain.
    pub(crate) synced: Progress,
    /// The same of the alert log's records.
    pub(crate) alerts_synced: Progress,
    pub(crate) config: ArchiveConfig,
    pub(crate) place: ArchivePlace,
    /// The station's clock.
    pub(crate) anchor: watch::Receiver<Anchor>,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) registry: Registry,
    pub(crate) stop: CancellationToken,
}

impl ArchiveNeeds {
    /// Tells what is on disk for certain.
    pub(crate) fn on_disk(&self, durable: Cursors) {
        self.synced.advance(durable.entries.0);
        self.alerts_synced.advance(durable.alerts);
    }
}

/// See the head of this file.
pub(crate) struct ArchivePart {
    needs: ArchiveNeeds,
    notices: Notices,
    /// Bytes of history that housekeeping wants to be given up.
    room_wanted: watch::Receiver<u64>,
    /// `None` until it could be opened; kept over a fault of the thread.
    store: Option<Store>,
}

/// The archive was not opened.
#[derive(Debug, thiserror::Error)]
enum ArchiveStart {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(
        "the archive holds entry {archived}, but the journal ends at entry {last}: the journal is from a backup; restore \
         the archive that belongs to it, or move the archive aside to begin a new one"
    )]
    Ahead { archived: u64, last: u64 },
}

impl ArchiveStart {
    /// Whether it must not be used with these logs or by this build, so that a person is needed.
    fn is_mismatch(&self) -> bool {
        use OpenError::{Newer, NotAnArchive, OtherJournal};
        matches!(
            self,
            ArchiveStart::Ahead { .. } | ArchiveStart::Open(OtherJournal { .. } | Newer { .. } | NotAnArchive)
        )
    }

    /// Whether trying again alone will not help.
    fn is_lasting(&self) -> bool {
        matches!(self, ArchiveStart::Open(OpenError::Damaged(_)))
    }
}

impl ArchivePart {
    /// Not yet opened.
    pub(crate) fn new(needs: ArchiveNeeds, notices: Notices, room_wanted: watch::Receiver<u64>) -> ArchivePart {
        ArchivePart { needs, notices, room_wanted, store: None }
    }

    /// Runs until the rules are closed and everything is archived, or the station stops.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), Infallible> {
        let mut keeper = Keeper::new(NAME, Arc::clone(&self.needs.metrics), self.needs.stop.clone());
        while let Err(why) = caught(|| self.work(runtime)) {
            if !keeper.begin_again(&why, &mut self.notices, runtime) {
                break;
            }
        }
        Ok(())
    }

    fn work(&mut self, runtime: &Handle) -> Result<(), ArchiveStop> {
        if self.store.is_none() {
            self.store = self.wait_for_store(runtime);
        }
        let Some(store) = &mut self.store else { return Ok(()) };
        Archiving::begin(&self.needs, store, &mut self.notices, &mut self.room_wanted)?.run(runtime)
    }

    /// Tries until the store is open; `None` when the station stops before.
    fn wait_for_store(&mut self, runtime: &Handle) -> Option<Store> {
        for attempts in 1.. {
            match self.open_store() {
                Ok(store) => return Some(store),
                Err(error) => {
                    warn!(%error, attempts, "the archive is not opened; trying again, everything else works");
                    self.needs.metrics.archive_failures.inc();
                    let detail = || {
                        Bilingual::new(
                            format!("it cannot be opened, and is tried again: {error}"),
                            format!("无法打开，正在重试：{error}"),
                        )
                    };
                    if error.is_mismatch() {
                        self.notices.state(NoticeKind::PartDown, NAME, true, detail);
                    } else if attempts >= DOWN_AFTER_ATTEMPTS || error.is_lasting() {
                        self.notices.state(NoticeKind::ArchiveDown, "", true, detail);
                    }
                }
            }
            self.notices.hand_over(clock::instant());
            if runtime.block_on(pause_or_stop(&self.needs.stop, REOPEN_INTERVAL)) {
                return None;
            }
        }
        None
    }

    fn open_store(&self) -> Result<Store, ArchiveStart> {
        let needs = &self.needs;
        let store = needs.place.open(needs.logs, needs.config.bytes_max, &needs.paths)?;
        let reach = store.reach().0;
        if reach > needs.last_entry {
            return Err(ArchiveStart::Ahead { archived: reach, last: needs.last_entry });
        }
        if let Err(error) = store.register(&needs.registry) {
            warn!(%error, "the archive has no metrics");
        }
        needs.archived.advance(store.cursors().entries.0);
        needs.on_disk(store.durable());
        Ok(store)
    }
}
