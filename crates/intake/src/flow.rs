//! How far the rules are behind the journal, and when intake must read by fair share.
//!
//! The journal says [`Flow::journaled`], the rules say [`Flow::applied`]. The rules *lag* when a new frame would wait
//! for longer than [`WAIT_MAX`] at their measured pace, when more than [`LAG_ENTRIES_MAX`] entries wait, or when they
//! have not moved for [`STALL_MAX`]. While they lag, an identity has at most one chunk of frames between its sockets
//! and the rules, so that the flood of one does not stand before the fire of another. Nothing is dropped: a link that
//! may not read leaves the bytes in the socket.

use crate::clock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use watchfire_model::Seq;

/// More entries than this between journal and rules are too many at any pace.
pub const LAG_ENTRIES_MAX: u64 = 16_384;
/// A frame should not wait longer than this for the rules. A fire must pass the whole way in 250 ms.
pub const WAIT_MAX: Duration = Duration::from_millis(50);
/// Rules that have work and have not moved for this long lag, whatever their pace was.
pub const STALL_MAX: Duration = Duration::from_secs(1);
/// Fewer entries than this are no lag unless the rules stall. A frame of the largest kind takes milliseconds, so it is few.
const LAG_ENTRIES_MIN: u64 = 16;

/// Shared by links, journal and rules; lock-free.
#[derive(Debug)]
pub struct Flow {
    journaled: AtomicU64,
    applied: AtomicU64,
    /// Nanoseconds per entry while the rules were busy, smoothed.
    pace_ns: AtomicU64,
    /// Nanoseconds since `base` when the rules last moved or got work.
    moved_ns: AtomicU64,
    waiting: AtomicUsize,
    progress: Notify,
    base: Instant,
}

impl Default for Flow {
    fn default() -> Flow {
        Flow {
            journaled: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            pace_ns: AtomicU64::new(0),
            moved_ns: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            progress: Notify::new(),
            base: clock::thread_now(),
        }
    }
}

impl Flow {
    /// The journal is durable up to `seq`. One caller.
    pub fn journaled(&self, seq: Seq) {
        self.journaled_at(seq, clock::thread_now());
    }

    /// The rules have applied up to `seq`. One caller.
    pub fn applied(&self, seq: Seq) {
        self.applied_at(seq, clock::thread_now());
    }

    /// The last entry that is durable, as far as the journal has said.
    pub(crate) fn durable(&self) -> Seq {
        Seq(self.journaled.load(Ordering::Acquire))
    }

    /// Entries that are journaled and not yet applied.
    pub fn lag(&self) -> u64 {
        self.journaled.load(Ordering::Acquire).saturating_sub(self.applied.load(Ordering::SeqCst))
    }

    /// Whether intake reads by fair share now.
    pub fn is_lagging(&self) -> bool {
        self.lag() > 0 && self.is_lagging_at(clock::thread_now())
    }

    fn journaled_at(&self, seq: Seq, now: Instant) {
        let before = self.journaled.load(Ordering::Relaxed);
        if before <= self.applied.load(Ordering::SeqCst) {
            self.moved_ns.store(self.since_base(now), Ordering::Release);
        }
        self.journaled.store(before.max(seq.0), Ordering::Release);
    }

    fn applied_at(&self, seq: Seq, now: Instant) {
        let before = self.applied.load(Ordering::Relaxed);
        let count = seq.0.saturating_sub(before);
        let moved = self.since_base(now);
        let busy = moved.saturating_sub(self.moved_ns.load(Ordering::Acquire));
        if let Some(sample) = busy.checked_div(count) {
            let pace = self.pace_ns.load(Ordering::Relaxed);
            self.pace_ns.store(pace - pace / 8 + sample / 8, Ordering::Relaxed);
        }
        self.moved_ns.store(moved, Ordering::Release);
        // In one order with a waiter's count and look: either it sees this position, or it is seen here.
        self.applied.store(before.max(seq.0), Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.progress.notify_waiters();
        }
    }

    fn is_lagging_at(&self, now: Instant) -> bool {
        let lag = self.lag();
        let wait_ns = lag.saturating_mul(self.pace_ns.load(Ordering::Relaxed));
        let still = Duration::from_nanos(self.since_base(now).saturating_sub(self.moved_ns.load(Ordering::Acquire)));
        lag > LAG_ENTRIES_MAX
            || (lag > LAG_ENTRIES_MIN && Duration::from_nanos(wait_ns) > WAIT_MAX)
            || (lag > 0 && still > STALL_MAX)
    }

    /// Waits until the rules have applied `seq`, or no longer lag.
    pub(crate) async fn reached(&self, seq: Seq) {
        self.wait_until(|| self.applied.load(Ordering::SeqCst) >= seq.0 || !self.is_lagging()).await;
    }

    /// Waits until the rules no longer lag.
    pub(crate) async fn relieved(&self) {
        self.wait_until(|| !self.is_lagging()).await;
    }

    async fn wait_until(&self, holds: impl Fn() -> bool) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _leave = Leave(&self.waiting);
        loop {
            let mut progress = std::pin::pin!(self.progress.notified());
            progress.as_mut().enable();
            if holds() {
                return;
            }
            progress.await;
        }
    }

    fn since_base(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.base).as_nanos()).unwrap_or(u64::MAX)
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn after(flow: &Flow, millis: u64) -> Instant {
        flow.base + Duration::from_millis(millis)
    }

    #[test]
    fn too_many_entries_lag_at_any_pace() {
        let flow = Flow::default();
        flow.journaled_at(Seq(LAG_ENTRIES_MAX), after(&flow, 0));
        assert!(!flow.is_lagging_at(after(&flow, 1)));
        flow.journaled_at(Seq(LAG_ENTRIES_MAX + 1), after(&flow, 1));
        assert!(flow.is_lagging_at(after(&flow, 1)));
    }

    #[test]
    fn slow_rules_lag_with_few_entries() {
        let flow = Flow::default();
        // 0.1 ms an entry: 1,000 entries are 100 ms of waiting.
        for n in 1..=100 {
            flow.journaled_at(Seq(n * 100 + 2_000), after(&flow, n * 10 - 10));
            flow.applied_at(Seq(n * 100), after(&flow, n * 10));
        }
        assert_eq!(flow.lag(), 2_000);
        assert!(flow.is_lagging_at(after(&flow, 1_000)));
        flow.applied_at(Seq(11_800), after(&flow, 1_180));
        assert!(!flow.is_lagging_at(after(&flow, 1_181)), "200 entries are not waited for");
    }

    #[test]
    fn rules_that_stand_still_lag_after_a_second() {
        let flow = Flow::default();
        flow.journaled_at(Seq(1), after(&flow, 5_000));
        assert!(!flow.is_lagging_at(after(&flow, 6_000)));
        assert!(flow.is_lagging_at(after(&flow, 6_001)));
        flow.applied_at(Seq(1), after(&flow, 7_000));
        assert!(!flow.is_lagging_at(after(&flow, 60_000)), "nothing waits");
    }

    #[test]
    fn a_waiter_hears_of_progress() {
        let flow = Flow::default();
        flow.journaled(Seq(3 * LAG_ENTRIES_MAX));
        let (mut reached, mut relieved) = (Box::pin(flow.reached(Seq(3))), Box::pin(flow.relieved()));
        assert!(reached.as_mut().now_or_never().is_none());
        flow.applied(Seq(3));
        assert!(reached.now_or_never().is_some());
        assert!(relieved.as_mut().now_or_never().is_none());
        flow.applied(Seq(3 * LAG_ENTRIES_MAX));
        assert!(relieved.now_or_never().is_some());
    }
}
