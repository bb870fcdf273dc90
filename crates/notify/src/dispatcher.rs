//! Sends what is due: per channel a bounded number at once, the most urgent first, each with a time limit. A channel
//! that hangs holds up nothing but itself.

use crate::Delivery;
use crate::channel::{Channel, DeliveryError, detail};
use futures_util::FutureExt;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use watchfire_model::{ChannelKind, Class, DeliveryId, Failure, Outcome};

/// Limits of the dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DispatcherOptions {
    /// At most so many sends at once per channel.
    pub at_once_max: usize,
    /// A send that takes longer has failed.
    pub timeout: Duration,
}

impl Default for DispatcherOptions {
    fn default() -> DispatcherOptions {
        DispatcherOptions { at_once_max: 8, timeout: Duration::from_secs(30) }
    }
}

/// Owns the channels and the sends on their way.
pub struct Dispatcher {
    options: DispatcherOptions,
    lanes: BTreeMap<ChannelKind, Lane>,
    sends: JoinSet<Outcome>,
    accepted: u64,
    metrics: Metrics,
}

/// One channel with what waits for it.
struct Lane {
    /// `None`: the station has no such channel.
    channel: Option<Arc<dyn Channel>>,
    running: usize,
    /// Most urgent first, then in the order they came.
    waiting: BTreeMap<(Class, u64), Delivery>,
}

#[derive(Clone)]
struct Metrics {
    deliveries: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGaugeVec,
    waiting: IntGaugeVec,
}

impl Dispatcher {
    /// A dispatcher for those channels; its metrics are registered.
    ///
    /// # Errors
    /// When the registry has metrics of those names already.
    pub fn new(
        channels: Vec<Arc<dyn Channel>>,
        options: DispatcherOptions,
        registry: &Registry,
    ) -> Result<Dispatcher, prometheus::Error> {
        let metrics = Metrics::register(registry)?;
        let empty = |kind: &ChannelKind| (*kind, Lane { channel: None, running: 0, waiting: BTreeMap::new() });
        let mut lanes: BTreeMap<ChannelKind, Lane> = ChannelKind::ALL.iter().map(empty).collect();
        for channel in channels {
            if let Some(lane) = lanes.get_mut(&channel.kind()) {
                lane.channel = Some(channel);
            }
        }
        Ok(Dispatcher { options, lanes, sends: JoinSet::new(), accepted: 0, metrics })
    }

    /// Sends it, now or when its channel has room. Its attempt must be durable in the journal.
    pub fn send(&mut self, delivery: Delivery) {
        let kind = delivery.id.channel;
        self.accepted = self.accepted.saturating_add(1);
        let turn = (delivery.facts.class, self.accepted);
        if let Some(lane) = self.lanes.get_mut(&kind) {
            lane.waiting.insert(turn, delivery);
        }
        self.fill(kind);
    }

    /// Drops what waits for its turn and is not wanted any more ([`crate::Desk::wants`]).
    pub fn retain(&mut self, wanted: impl Fn(&DeliveryId) -> bool) {
        for (kind, lane) in &mut self.lanes {
            lane.waiting.retain(|_, delivery| wanted(&delivery.id));
            self.metrics.show(*kind, lane);
        }
    }

    /// The next outcome, to be journaled; `None` when nothing is on its way. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Outcome> {
        let joined = self.sends.join_next().await?;
        // A panic is caught inside the task and nobody aborts tasks but the drop of the whole set.
        let outcome = joined.expect("a send ends with an outcome");
        let kind = outcome.delivery().channel;
        if let Some(lane) = self.lanes.get_mut(&kind) {
            lane.running = lane.running.saturating_sub(1);
        }
        self.fill(kind);
        Some(outcome)
    }

    /// How many sends are on their way or wait for their turn.
    pub fn pending(&self) -> usize {
        self.lanes.values().map(|lane| lane.running.saturating_add(lane.waiting.len())).sum()
    }

    fn fill(&mut self, kind: ChannelKind) {
        let Some(lane) = self.lanes.get_mut(&kind) else { return };
        while lane.running < self.options.at_once_max.max(1) {
            let Some((_, delivery)) = lane.waiting.pop_first() else { break };
            lane.running = lane.running.saturating_add(1);
            let (channel, metrics, limit) = (lane.channel.clone(), self.metrics.clone(), self.options.timeout);
            self.sends.spawn(async move { deliver(channel, &delivery, limit, &metrics).await });
        }
        self.metrics.show(kind, lane);
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("pending", &self.pending()).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the rim measures how long a send takes")]
async fn deliver(
    channel: Option<Arc<dyn Channel>>,
    delivery: &Delivery,
    limit: Duration,
    metrics: &Metrics,
) -> Outcome {
    let started = std::time::Instant::now();
    let outcome = match channel {
        Some(channel) => attempt(channel.as_ref(), delivery, limit).await,
        None => {
            let detail = format!("this station has no {} channel: configure one", delivery.id.channel.as_str());
            Outcome::Failed { delivery: delivery.id.clone(), failure: Failure::Refused, detail }
        }
    };
    metrics.count(&outcome, started.elapsed());
    outcome
}

async fn attempt(channel: &dyn Channel, delivery: &Delivery, limit: Duration) -> Outcome {
    let sent = AssertUnwindSafe(channel.deliver(delivery)).catch_unwind();
    let result = match tokio::time::timeout(limit, sent).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(DeliveryError::Unreachable { detail: "the channel panicked: a bug of ours".to_owned() }),
        Err(_) => {
            let detail = format!("no answer within {} s", limit.as_secs_f32());
            Err(DeliveryError::Unreachable { detail })
        }
    };
    let delivery = delivery.id.clone();
    match result {
        Ok(receipt) => {
            tracing::info!(%delivery, receipt = receipt.text, "delivered");
            Outcome::Delivered { delivery, receipt: detail(&receipt.text) }
        }
        Err(error) => {
            tracing::warn!(%delivery, %error, "not delivered");
            Outcome::Failed { delivery, failure: error.failure(), detail: detail(&error.to_string()) }
        }
    }
}

impl Metrics {
    fn register(registry: &Registry) -> Result<Metrics, prometheus::Error> {
        let metrics = Metrics {
            deliveries: IntCounterVec::new(
                Opts::new("watchfire_deliveries_total", "Sends to people, by channel and result."),
                &["channel", "result"],
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::new("watchfire_delivery_seconds", "How long a send took, whatever came of it.")
                    .buckets(vec![0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]),
                &["channel"],
            )?,
            in_flight: IntGaugeVec::new(
                Opts::new("watchfire_deliveries_in_flight", "Sends on their way."),
                &["channel"],
            )?,
            waiting: IntGaugeVec::new(
                Opts::new("watchfire_deliveries_waiting", "Sends that wait for room in their channel."),
                &["channel"],
            )?,
        };
        registry.register(Box::new(metrics.deliveries.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        registry.register(Box::new(metrics.waiting.clone()))?;
        for kind in ChannelKind::ALL {
            for result in ["delivered", "throttled", "unreachable", "refused"] {
                metrics.deliveries.with_label_values(&[kind.as_str(), result]).inc_by(0);
            }
            metrics.seconds.with_label_values(&[kind.as_str()]);
            metrics.in_flight.with_label_values(&[kind.as_str()]).set(0);
            metrics.waiting.with_label_values(&[kind.as_str()]).set(0);
        }
        Ok(metrics)
    }

    fn count(&self, outcome: &Outcome, took: Duration) {
        let result = match outcome {
            // The journal's word for what begins a send; a send never ends with it.
            Outcome::Attempt { .. } => return,
            Outcome::Delivered { .. } => "delivered",
            Outcome::Failed { failure: Failure::Throttled { .. }, .. } => "throttled",
            Outcome::Failed { failure: Failure::Unreachable, .. } => "unreachable",
            Outcome::Failed { failure: Failure::Refused, .. } => "refused",
        };
        let channel = outcome.delivery().channel.as_str();
        self.deliveries.with_label_values(&[channel, result]).inc();
        self.seconds.with_label_values(&[channel]).observe(took.as_secs_f64());
    }

    fn show(&self, kind: ChannelKind, lane: &Lane) {
        let shown = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.in_flight.with_label_values(&[kind.as_str()]).set(shown(lane.running));
        self.waiting.with_label_values(&[kind.as_str()]).set(shown(lane.waiting.len()));
    }
}
