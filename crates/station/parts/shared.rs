//! What several parts hold: configuration, metrics, the board, and how far everybody is.

use crate::config::StationConfig;
use crate::logging;
use crate::parts::archive_place::ArchivePlace;
use crate::parts::disk_state::DiskState;
use crate::parts::inputs::Inputs;
use crate::parts::metrics::StationMetrics;
use crate::parts::order_desk::OrderDesk;
use crate::parts::paths::DataPaths;
use crate::parts::progress::{Follower, Progress};
use prometheus::Registry;
use std::sync::Arc;
use watchfire_console::Live;
use watchfire_intake::Flow;
use watchfire_model::JournalId;

/// What several parts hold.
pub(crate) struct Shared {
    pub(crate) config: StationConfig,
    pub(crate) paths: DataPaths,
    pub(crate) archive: ArchivePlace,
    pub(crate) registry: Registry,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) live: Arc<Live>,
    pub(crate) flow: Arc<Flow>,
    pub(crate) orders: Arc<OrderDesk>,
    pub(crate) inputs: Inputs,
    pub(crate) positions: Positions,
    pub(crate) journal: JournalId,
}

/// How far everybody is, to follow.
pub(crate) struct Positions {
    pub(crate) durable: Follower,
    pub(crate) applied: Follower,
    pub(crate) alerts: Follower,
    pub(crate) rules_saved: Follower,
    pub(crate) desk_saved: Follower,
    /// What the archive has written; a crash of the machine can take some of it back.
    pub(crate) archived: Follower,
    /// What the archive has on disk for certain.
    pub(crate) archive_synced: Follower,
    /// The same of the alert log's records.
    pub(crate) alerts_synced: Follower,
}

/// The same positions, for those who move them on. Each is held by its part alone, so that its end is seen.
pub(crate) struct Movers {
    pub(crate) durable: Progress,
    pub(crate) applied: Progress,
    pub(crate) alerts: Progress,
    pub(crate) rules_saved: Progress,
    pub(crate) desk_saved: Progress,
    pub(crate) archived: Progress,
    pub(crate) archive_synced: Progress,
    pub(crate) alerts_synced: Progress,
}

impl Movers {
    /// Where the disk says everybody is.
    pub(crate) fn at(disk: &DiskState) -> Movers {
        Movers {
            durable: Progress::at(disk.writer.durable()),
            applied: Progress::towards(disk.applied, disk.writer.durable()),
            alerts: Progress::at(disk.alert_log.durable()),
            rules_saved: Progress::at(disk.snapshot),
            desk_saved: Progress::at(0),
            archived: Progress::at(0),
            archive_synced: Progress::at(0),
            alerts_synced: Progress::at(0),
        }
    }

    /// Followers of all of them.
    pub(crate) fn followers(&self) -> Positions {
        Positions {
            durable: self.durable.follower(),
            applied: self.applied.follower(),
            alerts: self.alerts.follower(),
            rules_saved: self.rules_saved.follower(),
            desk_saved: self.desk_saved.follower(),
            archived: self.archived.follower(),
            archive_synced: self.archive_synced.follower(),
            alerts_synced: self.alerts_synced.follower(),
        }
    }
}

impl Shared {
    /// Everything at the state that the disk gave.
    pub(crate) fn new(
        config: StationConfig,
        archive: ArchivePlace,
        disk: &DiskState,
        positions: Positions,
        inputs: Inputs,
    ) -> Result<Shared, prometheus::Error> {
        let registry = Registry::new();
        let metrics = Arc::new(StationMetrics::new(&registry)?);
        registry.register(Box::new(logging::dropped_lines().clone()))?;
        metrics.replay_differences.inc_by(disk.differences);
        let flow = Arc::new(Flow::default());
        flow.journaled(positions.durable.seq());
        flow.applied(positions.applied.seq());
        Ok(Shared {
            config,
            paths: disk.paths.clone(),
            archive,
            registry,
            metrics,
            live: Arc::new(Live::new()),
            flow,
            orders: Arc::default(),
            inputs,
            positions,
            journal: JournalId(disk.journal.0),
        })
    }
}
