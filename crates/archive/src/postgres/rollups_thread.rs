//! The thread that makes roll-ups behind the writer. It ends with the store.

use super::link::Link;
use super::rollups;
use super::server::Server;
use super::session::{Purpose, Session};
use crate::fault::Fault;
use prometheus::{Gauge, Histogram, HistogramOpts, IntCounter, Registry};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::sync::watch;
use tracing::{debug, warn};

/// Between two looks at what is due. Twice this and a round is how far roll-ups are behind.
const INTERVAL: Duration = Duration::from_secs(15);

/// See the head of this file.
pub(crate) struct RollupsThread {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    pub(crate) metrics: RollupMetrics,
}

/// What it says of itself to Prometheus.
#[derive(Clone)]
pub(crate) struct RollupMetrics {
    lag: Gauge,
    round: Histogram,
    failures: IntCounter,
}

impl RollupMetrics {
    fn new() -> RollupMetrics {
        const VALID: &str = "the name and help are constants that Prometheus takes";
        let buckets = vec![0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
        let round = HistogramOpts::new("watchfire_archive_rollup_seconds", "Time of a round of roll-ups.");
        RollupMetrics {
            lag: Gauge::new(
                "watchfire_archive_rollup_lag_seconds",
                "Age of the oldest batch that the roll-ups do not know, before a round.",
            )
            .expect(VALID),
            round: Histogram::with_opts(round.buckets(buckets)).expect(VALID),
            failures: IntCounter::new("watchfire_archive_rollup_failures_total", "Rounds of roll-ups that failed.")
                .expect(VALID),
        }
    }

    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.lag.clone()))?;
        registry.register(Box::new(self.round.clone()))?;
        registry.register(Box::new(self.failures.clone()))
    }
}

impl RollupsThread {
    /// Starts it.
    pub(crate) fn start(server: &Server) -> std::io::Result<RollupsThread> {
        let (stop, stopped) = watch::channel(false);
        let metrics = RollupMetrics::new();
        let worker = Worker { server: server.clone(), session: None, metrics: metrics.clone(), stopped };
        let thread = Builder::new().name("archive-rollups".to_owned()).spawn(move || worker.run())?;
        Ok(RollupsThread { stop, thread: Some(thread), metrics })
    }
}

impl Drop for RollupsThread {
    fn drop(&mut self) {
        // Nobody listens only when the thread has ended.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            // A panic was told by the thread itself.
            let _ = thread.join();
        }
    }
}

struct Worker {
    server: Server,
    session: Option<Session>,
    metrics: RollupMetrics,
    stopped: watch::Receiver<bool>,
}

impl Worker {
    fn run(mut self) {
        while !*self.stopped.borrow() {
            let session = self.session.take();
            match self.work(session) {
                Ok(session) => self.session = Some(session),
                Err(error) => {
                    self.metrics.failures.inc();
                    warn!(%error, "roll-ups are not made; trying again");
                    self.pause_without_server();
                }
            }
        }
        debug!("roll-ups ended");
    }

    /// Makes all that is due and waits; the session when it is good for the next time.
    fn work(&mut self, session: Option<Session>) -> Result<Session, Fault> {
        let session = match session {
            Some(session) => session,
            None => {
                let session = Session::open(&self.server, Purpose::RollUp)?;
                session.run(rollups::prepare)?;
                session
            }
        };
        let (metrics, mut stopped) = (self.metrics.clone(), self.stopped.clone());
        session.run(async |link| {
            tokio::select! {
                // What is half done then is undone by the end of the connection.
                _ = stopped.wait_for(|stopped| *stopped) => Ok(()),
                made = make_due(link, &metrics) => made,
            }
        })?;
        Ok(session)
    }

    /// Waits a little for the server to come back, or for the end.
    fn pause_without_server(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                let _ = tokio::time::timeout(INTERVAL, self.stopped.wait_for(|stopped| *stopped)).await;
            }),
            Err(_) => std::thread::sleep(INTERVAL),
        }
    }
}

/// Rounds until nothing is due, then the pause.
async fn make_due(link: &Link, metrics: &RollupMetrics) -> Result<(), Fault> {
    loop {
        metrics.lag.set(rollups::lag_s(link).await?);
        let timer = metrics.round.start_timer();
        let round = rollups::round(link).await?;
        timer.observe_duration();
        if round.is_last {
            break;
        }
    }
    metrics.lag.set(rollups::lag_s(link).await?);
    tokio::time::sleep(INTERVAL).await;
    Ok(())
}
