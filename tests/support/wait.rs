//! The one place that sleeps.

use std::time::{Duration, Instant};

/// How long a thing may take that takes milliseconds on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks again and again until there is something; panics when there is nothing for as long as `limit`.
#[expect(clippy::disallowed_methods, reason = "a deadline of a test is a real one")]
pub(crate) fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// As [`within`], for what takes milliseconds.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// Lets a moment pass that is itself the thing under test, such as the time until a kill.
pub(crate) fn pass(moment: Duration) {
    std::thread::sleep(moment);
}
