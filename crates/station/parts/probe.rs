//! The station's own device: connects to the real port every few seconds, publishes a frame, gets its acknowledgement,
//! and sees that the rules have applied it. Feeds readiness and the outward ping; the service manager's watchdog has a
//! rhythm of its own.
//!
//! At the start nobody is ready before the first entries are journaled and the rules have applied what was journaled
//! before; the first probe goes out at that moment. Until one has come through none counts as failed, and the next is
//! tried at once.

use crate::clock;
use crate::config::station::WatchConfig;
use crate::parts::listener::Listener;
use crate::parts::metrics::StationMetrics;
use crate::parts::progress::Follower;
use crate::parts::vital::{RouterMisses, Signs};
use crate::parts::watchdog::Watchdog;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use watchfire_console::{Health, ProbePass};
use watchfire_model::Bilingual;

/// The last probe may be this many intervals old, and the limit on top, before the station is not ready.
const AGE_INTERVALS: u32 = 3;
/// The pause between probes before the first that comes through.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// While the rules catch up, the watchdog is fed so often at least.
const CATCH_UP_MAX: Duration = Duration::from_secs(5);
/// So long a connection may take, and so long the router may be silent, however long the probe itself may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ROUTER_PATIENCE: Duration = Duration::from_secs(10);
/// The outward ping.
const PING_INTERVAL: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// See the head of this file.
pub(crate) struct ProbePart {
    pub(crate) config: WatchConfig,
    pub(crate) target: SocketAddr,
    /// The first entries are durable.
    pub(crate) begun: watch::Receiver<bool>,
    pub(crate) listener: Listener,
    pub(crate) durable: Follower,
    pub(crate) applied: Follower,
    pub(crate) metrics: Arc<StationMetrics>,
    /// Told what each probe sees.
    pub(crate) watchdog: Watchdog,
}

impl ProbePart {
    fn interval(&self) -> Duration {
        Duration::from_secs(self.config.probe_interval_s)
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.config.probe_limit_ms)
    }

    /// Health before the first probe.
    pub(crate) fn starting(&self) -> Health {
        Health::starting(self.limit(), self.interval() * AGE_INTERVALS + self.limit())
    }

    /// Probes until it is told to stop. An error: the router is dead, and the process must end.
    pub(crate) async fn run(self, health: watch::Sender<Health>, stop: CancellationToken) -> Result<(), String> {
        let (seen, look) = watch::channel(None);
        let watchdog = self.watchdog.clone();
        tokio::select! {
            ended = self.keep_probing(health, seen, stop) => ended,
            never = watchdog.run(look) => match never {},
        }
    }

    async fn keep_probing(
        mut self,
        health: watch::Sender<Health>,
        seen: watch::Sender<Option<Signs>>,
        stop: CancellationToken,
    ) -> Result<(), String> {
        let mut pings = Pings::new(self.config.ping_url.clone());
        let (mut ready, mut misses) = (false, RouterMisses::default());
        loop {
            let begun = clock::instant();
            let probed = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                probed = self.probe_when_caught_up() => probed,
            };
            self.tell(&health, probed.as_ref().map(|()| begun.elapsed()).map_err(String::as_str), ready);
            if probed.is_ok() {
                if !ready {
                    ready = true;
                    info!("ready");
                }
                pings.send_if_due();
            }
            let signs = self.signs(probed.is_ok()).await;
            seen.send_replace(Some(signs));
            let pause = if ready && signs.listener_accepts { self.interval() } else { FIRST_PAUSE };
            let rest =
                async { tokio::join!(self.listener.router_answers(ROUTER_PATIENCE), tokio::time::sleep(pause)).0 };
            let answered = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                answered = rest => answered?,
            };
            if !answered {
                warn!("the MQTT router is slow");
            }
            if misses.hangs(answered) {
                return Err("the MQTT router hangs".to_owned());
            }
        }
    }

    /// What else is to be seen of the station's life after a probe.
    async fn signs(&self, probe_passed: bool) -> Signs {
        let accepts = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(self.target));
        // Before the first entries nobody takes connections, and none is refused.
        let listener_accepts =
            probe_passed || !*self.begun.borrow() || accepts.await.is_ok_and(|connected| connected.is_ok());
        Signs {
            listener_accepts,
            probe_passed,
            waits_for_room: self.metrics.waits_for_room(),
            applied: self.applied.now(),
        }
    }

    /// One probe, as soon as it can come through.
    async fn probe_when_caught_up(&mut self) -> Result<(), String> {
        let goal = self.applied.goal();
        let caught_up = async {
            let begun = self.begun.wait_for(|begun| *begun).await.is_ok();
            begun && (goal == 0 || self.applied.past(goal - 1).await.is_some())
        };
        match tokio::time::timeout(CATCH_UP_MAX, caught_up).await {
            Ok(true) => self.probe().await,
            Ok(false) => Err("the rules have ended".to_owned()),
            Err(_) if !*self.begun.borrow() => Err("the start is not journaled yet; is the disk full?".to_owned()),
            Err(_) => {
                Err(format!("the rules are at entry {} of {goal} that were journaled before", self.applied.now()))
            }
        }
    }

    /// One probe: through the port into the journal, and out of the rules.
    async fn probe(&mut self) -> Result<(), String> {
        let limit = self.limit();
        let (listener, durable, applied) = (&self.listener, &self.durable, &mut self.applied);
        let whole = async {
            listener.probe_once(self.target, limit).await?;
            // The probe's entry is at most the last durable one.
            let entry = durable.now();
            let applied = applied.past(entry.saturating_sub(1)).await;
            applied.map(drop).ok_or_else(|| "the rules have ended".to_owned())
        };
        let limited = tokio::time::timeout(limit, whole).await;
        limited.unwrap_or_else(|_| Err(format!("the probe did not come through within {limit:?}")))
    }

    fn tell(&self, health: &watch::Sender<Health>, probed: Result<Duration, &str>, was_ready: bool) {
        self.metrics.probe_ok.set(i64::from(probed.is_ok()));
        health.send_modify(|health| match probed {
            Ok(took) => {
                health.passed = Some(ProbePass { at: clock::wall(), took });
                health.failing = None;
            }
            Err(why) => {
                if was_ready {
                    warn!(why, "the probe failed");
                    self.metrics.probe_failures.inc();
                } else {
                    info!(why, "not ready yet");
                }
                health.failing = Some(Bilingual::new(
                    format!("the probe failed: {why}"),
                    format!("探测帧未能通过端口、日志和规则：{why}"),
                ));
            }
        });
    }
}

/// The outward ping: tells somebody outside once a minute that all is well. It stops when the probe fails.
struct Pings {
    call: Option<(String, reqwest::Client)>,
    last: Option<Instant>,
    on_their_way: JoinSet<()>,
}

impl Pings {
    fn new(url: Option<String>) -> Pings {
        let client = || reqwest::Client::builder().timeout(PING_TIMEOUT).build().unwrap_or_default();
        Pings { call: url.map(|url| (url, client())), last: None, on_their_way: JoinSet::new() }
    }

    fn send_if_due(&mut self) {
        while self.on_their_way.try_join_next().is_some() {}
        let Some((url, client)) = &self.call else { return };
        if self.last.is_some_and(|last| last.elapsed() < PING_INTERVAL) {
            return;
        }
        self.last = Some(clock::instant());
        let request = client.get(url);
        self.on_their_way.spawn(async move {
            if let Err(error) = request.send().await.and_then(reqwest::Response::error_for_status) {
                warn!(error = %error.without_url(), "the outward ping failed");
            }
        });
    }
}
