//! What a load run found.

use serde::Serialize;
use std::time::Duration;

/// Counts and latencies of a load run; printed as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Connections that were accepted.
    pub connected: u32,
    /// Connections that the far side closed or refused.
    pub lost: u32,
    /// Publishes handed to the socket.
    pub sent: u64,
    /// Publishes acknowledged (QoS 1).
    pub acknowledged: u64,
    /// From the first publish to the last acknowledgement, in seconds.
    pub seconds: f64,
    /// Acknowledged (QoS 1) or sent (QoS 0) per second.
    pub per_second: f64,
    /// Publish to acknowledgement.
    pub latency_ms: Latency,
}

/// Percentiles in milliseconds; zero when nothing was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half were faster.
    pub p50: f64,
    /// 99 % were faster.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

impl Latency {
    /// The percentiles of `samples`, in microseconds.
    pub fn of(mut samples: Vec<u32>) -> Latency {
        samples.sort_unstable();
        let at = |percent: usize| {
            let index = (samples.len().saturating_sub(1)) * percent / 100;
            samples.get(index).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
        };
        Latency { p50: at(50), p99: at(99), max: at(100) }
    }
}

/// Whole microseconds, saturating.
pub(crate) fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_hundred() {
        let latency = Latency::of((1..=100).rev().map(|n| n * 1_000).collect());
        assert_eq!((latency.p50, latency.p99, latency.max), (50.0, 99.0, 100.0));
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }
}
