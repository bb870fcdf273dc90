//! What is on disk at the start: both logs opened, the clock set, the state recovered.

use crate::clock;
use crate::config::station::JournalConfig;
use crate::parts::anchor::NoLastStamp;
use crate::parts::fold::Fold;
use crate::parts::paths::DataPaths;
use crate::parts::recovery::{self, Ends, RecoveryError};
use crate::parts::{anchor, poison};
use crate::stamp_clock::StampClock;
use std::io;
use std::path::{Path, PathBuf};
use tracing::{info, warn};
use watchfire_journal::{AppendError, JournalId as FileId, Limits, OpenError, RealDisk, SyncError, Writer};
use watchfire_model::{AlertRecord, Bilingual, Seq, Setup, Started};
use watchfire_rules::ENGINE_VERSION;

/// The alert log is small: its segments and its reserve are this part of the journal's.
const ALERT_LOG_DIVISOR: u64 = 4;

/// The data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiskError {
    #[error("failed to make the data directory {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("failed to open the journal in {}: {source}", folder.display())]
    Open { folder: PathBuf, source: OpenError },
    #[error(transparent)]
    Clock(#[from] NoLastStamp),
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    #[error("failed to append to the alert log: {0}")]
    Append(#[from] AppendError),
    #[error("failed to make alerts durable: {0}")]
    Sync(#[from] SyncError),
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
pub(crate) fn open(data_dir: &Path, config: &JournalConfig) -> Result<DiskState, DiskError> {
    let paths = DataPaths::new(data_dir);
    make_folder(paths.root())?;
    let limits =
        Limits { segment_bytes: config.segment_bytes, reserve_bytes: config.reserve_bytes, ..Limits::default() };
    let small = Limits {
        segment_bytes: config.segment_bytes / ALERT_LOG_DIVISOR,
        reserve_bytes: config.reserve_bytes / ALERT_LOG_DIVISOR,
        ..Limits::default()
    };
    let (writer, recovered) = open_log(&paths.journal(), limits)?;
    let (mut alert_log, alerts) = open_log(&paths.alert_log(), small)?;
    info!(journal = %recovered.journal_id, entries = recovered.last, alerts = alerts.last, torn_bytes = recovered.torn_bytes, "logs opened");

    let damaged = recovered.damaged.iter().chain(&alerts.damaged);
    let damaged = damaged.map(|(file, damage)| Bilingual::same(format!("{}: {damage}", file.display())));
    let boot_id = clock::boot_id();
    let now = clock::read(boot_id);
    let before = anchor::before(&paths, recovered.last)?;
    let (stamps, down) = StampClock::start(before.as_ref(), &now);
    if let Err(error) = anchor::note(&paths.clock(), &stamps.anchor(boot_id)) {
        warn!(%error, "the clock could not be noted");
    }
    let started = Started {
        build: env!("CARGO_PKG_VERSION").to_owned(),
        engine_version: ENGINE_VERSION,
        wall: now.wall,
        boot_id,
        boot_us: micros(now.since_boot),
        down_us: micros(down),
    };
    let skip = poison::to_skip(&paths.died());
    let ends = Ends { journal: recovered.journal_id, entries: recovered.last, alerts: alerts.last };
    let state = poison::noting_death(&paths.died(), || recovery::recover(&paths, ends, skip))?;
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
        damaged: damaged.chain(state.gap).collect(),
        last_set_up: state.last_set_up,
        skip,
    })
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

fn open_log(folder: &Path, limits: Limits) -> Result<(Writer<RealDisk>, watchfire_journal::Recovered), DiskError> {
    Writer::open(&RealDisk, folder, limits).map_err(|source| DiskError::Open { folder: folder.to_owned(), source })
}

fn make_folder(folder: &Path) -> Result<(), DiskError> {
    std::fs::create_dir_all(folder).map_err(|source| DiskError::Folder { folder: folder.to_owned(), source })
}

fn micros(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
