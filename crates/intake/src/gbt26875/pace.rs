//! How fast one connection may send: so many frames at once, then so many a second. Who is faster is read more slowly.

use crate::gbt26875::settings::GatewayLimits;
use std::time::Duration;
use tokio::time::Instant;

/// A bucket of frames, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    tokens_milli: u64,
    burst_milli: u64,
    per_s: u64,
    filled: Instant,
}

impl Pace {
    pub(crate) fn new(limits: &GatewayLimits, now: Instant) -> Pace {
        let burst_milli = u64::from(limits.frames_burst) * 1_000;
        Pace { tokens_milli: burst_milli, burst_milli, per_s: u64::from(limits.frames_per_s), filled: now }
    }

    /// Takes a frame; may be called when [`Pace::wait`] gives none.
    pub(crate) fn take(&mut self, now: Instant) {
        self.tokens_milli = self.tokens(now).saturating_sub(1_000);
        self.filled = now;
    }

    /// When the next frame may be taken; `None`: now.
    pub(crate) fn wait(&self, now: Instant) -> Option<Instant> {
        let missing = 1_000_u64.saturating_sub(self.tokens(now));
        (missing > 0).then(|| now + Duration::from_millis(missing.div_ceil(self.per_s.max(1)).max(1)))
    }

    fn tokens(&self, now: Instant) -> u64 {
        let passed_ms = u64::try_from(now.saturating_duration_since(self.filled).as_millis()).unwrap_or(u64::MAX);
        self.tokens_milli.saturating_add(passed_ms.saturating_mul(self.per_s)).min(self.burst_milli)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[tokio::test]
    async fn a_burst_and_then_the_rate() {
        let limits = GatewayLimits { frames_per_s: 100, frames_burst: 3, ..GatewayLimits::default() };
        let now = clock::now();
        let mut pace = Pace::new(&limits, now);
        for _ in 0..3 {
            assert_eq!(pace.wait(now), None);
            pace.take(now);
        }
        let next = now + Duration::from_millis(10);
        assert_eq!(pace.wait(now), Some(next));
        assert_eq!(pace.wait(next), None);
        pace.take(next);
        assert!(pace.wait(next + Duration::from_millis(9)).is_some());
        assert_eq!(pace.wait(next + Duration::from_secs(3_600)), None);
    }
}
