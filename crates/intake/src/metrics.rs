//! What the MQTT listener counts, besides the troubles.

use crate::limits::Limits;
use prometheus::{Gauge, GaugeVec, IntCounter, IntGauge, Opts, Registry};

/// The metrics, all registered and at zero.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connections: IntGauge,
    pub(crate) subscribers: IntGauge,
    pub(crate) frames: IntCounter,
    pub(crate) bytes: IntCounter,
    pub(crate) queued: IntGauge,
    pub(crate) queued_bytes: IntGauge,
    pub(crate) unfinished_bytes: IntGauge,
    pub(crate) fair_share_waits: IntCounter,
    pub(crate) rules_lag: Gauge,
    pub(crate) router_dropped: IntCounter,
    pub(crate) alerts_sent: IntCounter,
    pub(crate) alerts_undelivered: IntCounter,
    pub(crate) notices_dropped: IntCounter,
    pub(crate) retained_refused: IntCounter,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry, limits: &Limits, queue_len: usize) -> Result<Metrics, prometheus::Error> {
        let metrics = Metrics {
            connections: IntGauge::new("watchfire_mqtt_connections", "Clients that are connected.")?,
            subscribers: IntGauge::new("watchfire_mqtt_subscribers", "Clients with a link to the router.")?,
            frames: IntCounter::new("watchfire_mqtt_frames_total", "Frames and wills handed to the journal.")?,
            bytes: IntCounter::new("watchfire_mqtt_received_bytes_total", "Bytes read from MQTT sockets.")?,
            queued: IntGauge::new("watchfire_mqtt_queue_frames", "Frames waiting for the journal.")?,
            queued_bytes: IntGauge::new("watchfire_mqtt_queue_bytes", "Bytes of frames that are not yet durable.")?,
            unfinished_bytes: IntGauge::new(
                "watchfire_mqtt_unfinished_bytes",
                "Bytes of large packets that are not yet handed to the journal.",
            )?,
            fair_share_waits: IntCounter::new(
                "watchfire_mqtt_waits_total",
                "Chunks that waited for their share, or for room in the queue.",
            )?,
            rules_lag: Gauge::new("watchfire_mqtt_rules_lag_frames", "Entries journaled and not yet applied.")?,
            router_dropped: IntCounter::new("watchfire_mqtt_router_dropped_total", "Messages not republished.")?,
            alerts_sent: IntCounter::new("watchfire_mqtt_alerts_sent_total", "Alerts handed to subscribers' links.")?,
            alerts_undelivered: IntCounter::new(
                "watchfire_mqtt_alerts_undelivered_total",
                "Alerts that a subscriber did not take or acknowledge; he was disconnected.",
            )?,
            notices_dropped: IntCounter::new("watchfire_mqtt_notices_dropped_total", "Notices that found no room.")?,
            retained_refused: IntCounter::new(
                "watchfire_mqtt_retained_refused_total",
                "Retained messages and wills that found no room to be kept for a restart.",
            )?,
        };
        for gauge in [
            &metrics.connections,
            &metrics.subscribers,
            &metrics.queued,
            &metrics.queued_bytes,
            &metrics.unfinished_bytes,
        ] {
            registry.register(Box::new(gauge.clone()))?;
        }
        registry.register(Box::new(metrics.rules_lag.clone()))?;
        for counter in [
            &metrics.frames,
            &metrics.bytes,
            &metrics.fair_share_waits,
            &metrics.router_dropped,
            &metrics.alerts_sent,
            &metrics.alerts_undelivered,
            &metrics.notices_dropped,
            &metrics.retained_refused,
        ] {
            registry.register(Box::new(counter.clone()))?;
        }
        register_limits(registry, limits, queue_len)?;
        Ok(metrics)
    }
}

/// What the gauges above are to be held against.
fn register_limits(registry: &Registry, limits: &Limits, queue_len: usize) -> Result<(), prometheus::Error> {
    let options = Opts::new("watchfire_mqtt_limit", "Limits of the MQTT listener, by name.");
    let gauges = GaugeVec::new(options, &["limit"])?;
    for (name, value) in [
        ("connections", limits.connections_max),
        ("subscribers", limits.subscribers_max),
        ("queue_frames", queue_len),
        ("queue_bytes", limits.queue_bytes_max),
        ("unfinished_bytes", limits.unfinished_bytes_max),
        ("rules_lag_frames", usize::try_from(crate::flow::LAG_ENTRIES_MAX).unwrap_or(usize::MAX)),
    ] {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        gauges.with_label_values(&[name]).set(f64::from(value));
    }
    registry.register(Box::new(gauges))
}
