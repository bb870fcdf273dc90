//! The rim where this crate reads clocks. Every decision takes the time as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;
use watchfire_model::Timestamp;

/// Monotonic time; stands still under tokio's paused clock.
#[expect(clippy::disallowed_methods, reason = "the rim: links, timers and the flow measure from here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Monotonic time for threads outside the runtime.
#[expect(clippy::disallowed_methods, reason = "the rim: journal and rules threads are measured from here")]
pub(crate) fn thread_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Wall time, for what a person reads.
#[expect(clippy::disallowed_methods, reason = "the rim: troubles carry the time a person knows")]
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::EPOCH.plus(since)
}
