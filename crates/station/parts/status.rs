//! Tells the board the station's figures, once a second.

use crate::parts::listener::Listener;
use crate::parts::metrics::StationMetrics;
use crate::parts::progress::Follower;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use watchfire_console::{Live, StatusNumbers};
use watchfire_model::{JournalId, Seq};

/// Where the figures come from.
pub(crate) struct StatusPart {
    pub(crate) live: Arc<Live>,
    pub(crate) journal: JournalId,
    pub(crate) durable: Follower,
    pub(crate) applied: Follower,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

impl StatusPart {
    /// Runs until it is told to stop.
    pub(crate) async fn run(self, listener: &Listener) {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut lagging_s = 0.0;
        let mut applied_before = 0;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = seconds.tick() => {}
            }
            let (durable, applied) = (self.durable.seq(), self.applied.seq());
            // How long the rules have been without reaching what was durable a moment ago.
            lagging_s = if applied.0 >= durable.0 || applied.0 > applied_before { 0.0 } else { lagging_s + 1.0 };
            applied_before = applied.0;
            let behind = u64::try_from(self.metrics.archive_lag_entries.get()).unwrap_or(0);
            #[expect(clippy::cast_precision_loss, reason = "seconds of lag")]
            let archive_lag_s = self.metrics.archive_lag_seconds.get() as f64;
            self.live.numbers(StatusNumbers {
                journal: self.journal,
                durable,
                applied,
                rules_lag_s: lagging_s,
                archive_lag_s,
                archive_entries: Seq(applied.0.saturating_sub(behind)),
                disk_used_ratio: self.metrics.disk_used_ratio.get(),
                connections: listener.connections(),
                frames_total: self.metrics.entries_total(),
            });
        }
    }
}
