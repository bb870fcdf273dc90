//! How long, how often, how many: every number of the desk, with its unit.

use std::time::Duration;
use watchfire_model::{Class, Severity};

/// The first retry of a channel that could not be reached comes after this many seconds; each later one after twice
/// the time of the one before.
pub const RETRY_FIRST_S: u64 = 10;
/// Retries are never further apart than this many seconds.
pub const RETRY_MAX_S: u64 = 300;
/// A message about danger to life is retried for this many seconds after its first attempt.
pub const RETRY_SPAN_CRITICAL_S: u64 = 24 * 3600;
/// Any other message is retried for this many seconds.
pub const RETRY_SPAN_S: u64 = 3600;
/// A far side may ask for at most this many seconds of patience.
pub const THROTTLE_MAX_S: u32 = 900;
/// When a far side asks for more than this many seconds, the contact's next channel is tried at once.
pub const THROTTLE_PATIENCE_S: u32 = 15;
/// A ladder about danger to life that nobody answers is gone through this many times in quick succession.
pub const QUICK_ROUNDS: u32 = 3;
/// Between the last rung and the next of these rounds lie at least this many seconds.
pub const ROUND_PAUSE_MIN_S: u32 = 60;
/// After them it goes on with at least this many seconds between rounds, until somebody answers.
pub const LATE_ROUND_PAUSE_S: u32 = 900;
/// The ladder of an alert that is no danger to life begins again at most once in so many seconds when its cause returns.
pub const REST_S: u64 = 60;
/// Further detectors of a zone already told are told together after this many seconds.
pub const FOLD_LIFE_S: u64 = 60;
/// Further alerts of the less urgent classes are told together after this many seconds.
pub const FOLD_OTHER_S: u64 = 300;
/// So many alerts without a known zone are told one by one before they are told together: they may be anywhere.
pub const UNZONED_TOLD_MAX: usize = 5;
/// After this many failures in a row a channel is reported as down.
pub const CHANNEL_DOWN_FAILURES: u32 = 3;

/// Whether a person may be in danger: told at once, never folded across zones.
pub(super) fn is_life(class: Class) -> bool {
    matches!(class, Class::Fire | Class::Gas | Class::Co | Class::EarlyWarning)
}

/// Whether the ladder goes on until somebody answers, even when the cause is over: the detector may have burnt, and whom
/// gas or carbon monoxide has reached does not get up when the air is good again.
pub(super) fn wants_an_answer(class: Class) -> bool {
    matches!(class, Class::Fire | Class::Gas | Class::Co)
}

/// How long after the first attempt a message is still retried.
pub(super) fn retry_span(severity: Severity) -> Duration {
    Duration::from_secs(if severity == Severity::Critical { RETRY_SPAN_CRITICAL_S } else { RETRY_SPAN_S })
}

/// The pause after the given number of failures, from 1.
pub(super) fn backoff(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    Duration::from_secs((RETRY_FIRST_S << doublings).min(RETRY_MAX_S))
}

/// How long a burst of alerts is collected before it is told in one message.
pub(super) fn fold_window(class: Class) -> Duration {
    Duration::from_secs(if is_life(class) { FOLD_LIFE_S } else { FOLD_OTHER_S })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        let pauses: Vec<u64> = (1..=8).map(|n| backoff(n).as_secs()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(backoff(u32::MAX).as_secs(), RETRY_MAX_S);
    }
}
