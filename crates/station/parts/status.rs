//! Tells the board the station's figures, once a second.

use crate::clock;
use crate::parts::lag::Lag;
use crate::parts::listener::Listener;
use crate::parts::metrics::StationMetrics;
use crate::parts::panels::PanelGateway;
use crate::parts::progress::Follower;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use watchfire_console::{Live, StatusNumbers};
use watchfire_model::JournalId;

/// Where the figures come from.
pub(crate) struct StatusPart {
    pub(crate) live: Arc<Live>,
    pub(crate) journal: JournalId,
    pub(crate) durable: Follower,
    pub(crate) applied: Follower,
    pub(crate) archived: Follower,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

impl StatusPart {
    /// Runs until it is told to stop.
    pub(crate) async fn run(self, listener: &Listener, panels: &PanelGateway) {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut rules, mut archive) = (Lag::default(), Lag::default());
        let begun = clock::instant();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = seconds.tick() => {}
            }
            let (durable, applied, archived) = (self.durable.seq(), self.applied.seq(), self.archived.seq());
            let now = begun.elapsed();
            let rules_lag_s = rules.behind(durable.0, applied.0, now).as_secs_f64();
            let archive_lag_s = archive.behind(applied.0, archived.0, now).as_secs_f64();
            self.metrics.archive_lag(applied.0.saturating_sub(archived.0), archive_lag_s);
            self.metrics.rules_lag(durable.0.saturating_sub(applied.0), rules_lag_s);
            self.live.numbers(StatusNumbers {
                journal: self.journal,
                durable,
                applied,
                rules_lag_s,
                archive_lag_s,
                archive_entries: archived,
                disk_used_ratio: self.metrics.disk_used_ratio.get(),
                connections: listener.connections() + panels.connections(),
                frames_total: self.metrics.entries_total(),
            });
        }
    }
}
