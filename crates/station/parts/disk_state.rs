//! What is on disk at the start: both logs opened, the clock set, the state recovered.

use crate::clock;
use crate::config::StationConfig;
use crate::config::station::JournalConfig;
use crate::parts::anchor::NoLastStamp;
use crate::parts::damage::Log;
use crate::parts::fold::Fold;
use crate::parts::paths::DataPaths;
use crate::parts::poison::Applying;
use crate::parts::recovery::{self, Ends, RecoveryError};
use crate::parts::start_error::{StartError, failed};
use crate::parts::{alert_log, anchor, damage, poison, watchdog};
use crate::stamp_clock::{ClockReading, StampClock};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::{error, info, warn};
use watchfire_journal::{AppendError, JournalId as FileId, Limits, MendError, OpenError, RealDisk, SyncError, Writer};
use watchfire_model::{AlertRecord, Bilingual, Seq, Setup, Started};
use watchfire_rules::ENGINE_VERSION;

/// The alert log is small: its segments and its reserve are this part of the journal's.
pub(crate) const ALERT_LOG_DIVISOR: u64 = 4;

/// How often a disk without room to begin is looked at again.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// The data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiskError {
    #[error("failed to make the data directory {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("failed to open the journal in {}: {source}", folder.display())]
    Open { folder: PathBuf, source: OpenError },
    #[error(transparent)]
    Mend(#[from] MendError),
    #[error(transparent)]
    Clock(#[from] NoLastStamp),
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    #[error("failed to append to the alert log: {0}")]
    Append(#[from] AppendError),
    #[error("failed to make alerts durable: {0}")]
    Sync(#[from] SyncError),
}

impl DiskError {
    /// Whether there was no room for what a start cannot do without.
    pub(crate) fn is_disk_full(&self) -> bool {
        match self {
            DiskError::Open { source, .. } => matches!(source, OpenError::DiskFull { .. }),
            DiskError::Mend(error) => matches!(error, MendError::DiskFull { .. }),
            DiskError::Folder { source, .. } => source.kind() == io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

/// Everything that the disk gave.
pub(crate) struct DiskState {
    pub(crate) paths: DataPaths,
    /// The journal's id; the alert log has its own.
    pub(crate) journal: FileId,
    pub(crate) writer: Writer<RealDisk>,
    pub(crate) alert_log: Writer<RealDisk>,
    pub(crate) stamps: StampClock,
    pub(crate) boot_id: [u8; 16],
    /// To be journaled first.
    pub(crate) started: Started,
    pub(crate) fold: Fold,
    /// The last entry that is folded in.
    pub(crate) applied: u64,
    /// The last snapshot; 0 without one.
    pub(crate) snapshot: u64,
    /// Entries whose transitions are not what the alert log holds.
    pub(crate) differences: u64,
    /// What of the logs cannot be read, or is needed and has left.
    pub(crate) damaged: Vec<Bilingual>,
    /// The set-up that will be in force when everything journaled is applied.
    pub(crate) last_set_up: Option<Setup>,
    /// The entry at which the rules died too often.
    pub(crate) skip: Option<Seq>,
}

/// Opens the data directory; takes as long as applying what came since the last snapshot.
/// `applying` shows at which entry that is.
pub(crate) fn open(data_dir: &Path, config: &JournalConfig, applying: &Applying) -> Result<DiskState, DiskError> {
    let paths = DataPaths::new(data_dir);
    make_folder(paths.root())?;
    let limits =
        Limits { segment_bytes: config.segment_bytes, reserve_bytes: config.reserve_bytes, ..Limits::default() };
    let small = Limits {
        segment_bytes: config.segment_bytes / ALERT_LOG_DIVISOR,
        reserve_bytes: config.reserve_bytes / ALERT_LOG_DIVISOR,
        ..Limits::default()
    };
    let mut mended = Mended::default();
    let (writer, recovered) = mended.open(&paths, Log::Journal, limits)?;
    let (mut alert_log, alerts) = mended.open(&paths, Log::Alerts, small)?;
    info!(journal = %recovered.journal_id, entries = recovered.last, alerts = alerts.last, torn_bytes = recovered.torn_bytes, "logs opened");

    let damaged = recovered.damaged.iter().chain(&alerts.damaged);
    let damaged = damaged.map(|(file, damage)| {
        let file = file.display();
        Bilingual::new(format!("{file}: {damage}"), format!("文件 {file} 损坏：{damage}"))
    });
    let boot_id = clock::boot_id();
    let now = clock::read(boot_id);
    let before = anchor::before(&paths, recovered.last)?;
    let (stamps, down) = StampClock::start(before.as_ref(), &now);
    if let Err(error) = anchor::note(&paths.clock(), &stamps.anchor(boot_id)) {
        warn!(%error, "the clock could not be noted");
    }
    let started = started(&now, down);
    let skip = poison::to_skip(&paths.died());
    let ends = Ends { journal: recovered.journal_id, entries: recovered.last, alerts: alerts.last };
    let state = poison::noting_death(&paths.died(), applying, || {
        mended.retrying(&paths, || recovery::recover(&paths, ends, skip))
    })?;
    complete(&mut alert_log, &state.unlogged)?;
    Ok(DiskState {
        paths,
        journal: recovered.journal_id,
        writer,
        alert_log,
        stamps,
        boot_id,
        started,
        fold: state.fold,
        applied: state.position,
        snapshot: state.snapshot,
        differences: state.differences,
        damaged: mended.told.into_iter().chain(damaged).chain(state.gap).collect(),
        last_set_up: state.last_set_up,
        skip,
    })
}

/// What is journaled of a start after so long a downtime.
pub(crate) fn started(now: &ClockReading, down: Duration) -> Started {
    Started {
        build: env!("CARGO_PKG_VERSION").to_owned(),
        engine_version: ENGINE_VERSION,
        wall: now.wall,
        boot_id: now.boot_id,
        boot_us: micros(now.since_boot),
        down_us: micros(down),
    }
}

/// Appends what a kill kept from the log.
fn complete(alert_log: &mut Writer<RealDisk>, unlogged: &[AlertRecord]) -> Result<(), DiskError> {
    for record in unlogged {
        alert_log.append(&record.encode())?;
        match alert_log.sync() {
            Err(SyncError::DiskFull) => warn!("the disk is full: alerts wait to be recorded; free space"),
            synced => drop(synced?),
        }
    }
    Ok(())
}

/// The segments that were mended at this start: each once.
#[derive(Default)]
struct Mended {
    files: BTreeSet<PathBuf>,
    told: Vec<Bilingual>,
}

impl Mended {
    /// Opens a log; a last segment that is damaged is mended before.
    fn open(
        &mut self,
        paths: &DataPaths,
        log: Log,
        limits: Limits,
    ) -> Result<(Writer<RealDisk>, watchfire_journal::Recovered), DiskError> {
        let folder = match log {
            Log::Journal => paths.journal(),
            Log::Alerts => paths.alert_log(),
        };
        loop {
            match Writer::open(&RealDisk, &folder, limits) {
                Err(OpenError::Damaged { ref file, .. }) if self.files.insert(file.clone()) => {
                    // What the alert log says of an entry was said of one that there was.
                    let used = if log == Log::Journal { entries_told_of(paths) } else { 0 };
                    self.told.extend(damage::repair(file, log, used)?);
                }
                opened => return opened.map_err(|source| DiskError::Open { folder, source }),
            }
        }
    }

    /// Builds the state, again after each damaged segment that is met and mended.
    fn retrying<T>(
        &mut self,
        paths: &DataPaths,
        recover: impl Fn() -> Result<T, RecoveryError>,
    ) -> Result<T, DiskError> {
        loop {
            let why = match recover() {
                Err(why) => why,
                done => return Ok(done?),
            };
            let file = match &why {
                RecoveryError::Journal(error) => damage::damaged_file(error),
                RecoveryError::AlertLog(error) => damage::damaged_file_of_alerts(error),
                _ => None,
            };
            match file {
                Some(file) if self.files.insert(file.to_owned()) => {
                    let log = if file.starts_with(paths.alert_log()) { Log::Alerts } else { Log::Journal };
                    self.told.extend(damage::repair(file, log, 0)?);
                }
                _ => return Err(why.into()),
            }
        }
    }
}

/// The last entry of which the alert log knows, as far as that can be seen.
fn entries_told_of(paths: &DataPaths) -> u64 {
    let folder = paths.alert_log();
    let last = watchfire_journal::survey(&RealDisk, &folder).map_or(0, |found| found.last);
    alert_log::last_entry(&folder, last).unwrap_or(0)
}

fn make_folder(folder: &Path) -> Result<(), DiskError> {
    std::fs::create_dir_all(folder).map_err(|source| DiskError::Folder { folder: folder.to_owned(), source })
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Opens the data directory. Without room even to begin there is nothing to be shown yet: it waits.
pub(crate) async fn opened(station: &StationConfig) -> Result<DiskState, StartError> {
    loop {
        let (data_dir, journal) = (station.data_dir.clone(), station.journal.clone());
        let applying = Applying::default();
        let (shown, died) = (applying.clone(), DataPaths::new(&data_dir).died());
        let opening = tokio::task::spawn_blocking(move || open(&data_dir, &journal, &shown));
        match watchdog::extending_start(&died, applying, opening).await.map_err(failed("open the data directory"))? {
            Err(why) if why.is_disk_full() => error!(%why, "waiting for room to begin"),
            opened => return opened.map_err(failed("open the data directory")),
        }
        tokio::time::sleep(FULL_RETRY).await;
    }
}
