//! What the gateway counts, besides the troubles.

use crate::gbt26875::settings::{GatewayLimits, Transport};
use prometheus::{GaugeVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry};

/// What became of a frame; the label `outcome`.
const OUTCOMES: [&str; 7] = [
    outcome::JOURNALED,
    outcome::REPEATED,
    outcome::REPEATED_EARLY,
    outcome::DAMAGED,
    outcome::MISFRAMED,
    outcome::REFUSED,
    outcome::OVERRUN,
];
const ANSWERS: [&str; 2] = ["confirm", "deny"];
const COMMANDS: [&str; 4] = ["sent", "not_connected", "busy", "too_long"];

/// What became of a frame.
pub(crate) mod outcome {
    pub(crate) const JOURNALED: &str = "journaled";
    pub(crate) const REPEATED: &str = "repeated";
    pub(crate) const REPEATED_EARLY: &str = "repeated_early";
    pub(crate) const DAMAGED: &str = "damaged";
    pub(crate) const MISFRAMED: &str = "misframed";
    pub(crate) const REFUSED: &str = "refused";
    /// A datagram that found no room.
    pub(crate) const OVERRUN: &str = "overrun";
}

/// The metrics, all registered and at zero.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connections: IntGaugeVec,
    pub(crate) frames: IntCounterVec,
    pub(crate) answers: IntCounterVec,
    pub(crate) commands: IntCounterVec,
    pub(crate) bytes: IntCounter,
    pub(crate) fair_share_waits: IntCounter,
    pub(crate) notices_dropped: IntCounter,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry, limits: &GatewayLimits) -> Result<Metrics, prometheus::Error> {
        let vec = |name: &str, help: &str, label: &str, values: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            for value in values {
                counters.with_label_values(&[value]);
            }
            Ok::<IntCounterVec, prometheus::Error>(counters)
        };
        let connections = Opts::new("watchfire_gbt26875_connections", "Connections of transmission devices.");
        let metrics = Metrics {
            connections: IntGaugeVec::new(connections, &["transport"])?,
            frames: vec("watchfire_gbt26875_frames_total", "Frames received, by outcome.", "outcome", &OUTCOMES)?,
            answers: vec("watchfire_gbt26875_answers_total", "Frames answered.", "answer", &ANSWERS)?,
            commands: vec("watchfire_gbt26875_commands_total", "Commands to devices.", "result", &COMMANDS)?,
            bytes: IntCounter::new("watchfire_gbt26875_received_bytes_total", "Bytes read from sockets.")?,
            fair_share_waits: IntCounter::new(
                "watchfire_gbt26875_waits_total",
                "Chunks that waited for their share, or for room in the queue.",
            )?,
            notices_dropped: IntCounter::new(
                "watchfire_gbt26875_notices_dropped_total",
                "Notices that found no room.",
            )?,
        };
        for transport in [Transport::Tcp, Transport::Udp] {
            metrics.connections.with_label_values(&[transport.as_str()]);
        }
        registry.register(Box::new(metrics.connections.clone()))?;
        for counters in [&metrics.frames, &metrics.answers, &metrics.commands] {
            registry.register(Box::new(counters.clone()))?;
        }
        for counter in [&metrics.bytes, &metrics.fair_share_waits, &metrics.notices_dropped] {
            registry.register(Box::new(counter.clone()))?;
        }
        let options = Opts::new("watchfire_gbt26875_limit", "Limits of the gateway, by name.");
        let gauges = GaugeVec::new(options, &["limit"])?;
        let connections_max = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
        gauges.with_label_values(&["connections"]).set(f64::from(connections_max));
        registry.register(Box::new(gauges))?;
        Ok(metrics)
    }

    pub(crate) fn frame(&self, outcome: &str) {
        self.frames.with_label_values(&[outcome]).inc();
    }
}
