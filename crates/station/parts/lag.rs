//! How far, in time, a follower is behind whoever it follows. Pure: time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

/// Samples kept: a day at one a second.
const SAMPLES_MAX: usize = 86_400;

/// Remembers when each position was reached by the leader.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    /// The leader's positions that the follower has not reached, with the time they were first seen.
    ahead: VecDeque<(u64, Duration)>,
}

impl Lag {
    /// The follower's age behind the leader, at `now` (since any fixed beginning).
    pub(crate) fn behind(&mut self, leader: u64, follower: u64, now: Duration) -> Duration {
        if self.ahead.back().is_none_or(|(position, _)| *position < leader) {
            self.ahead.push_back((leader, now));
        }
        while self.ahead.front().is_some_and(|(position, _)| *position <= follower) {
            self.ahead.pop_front();
        }
        if self.ahead.len() > SAMPLES_MAX {
            // The oldest sample says how far behind; those just after it are the ones that can be spared.
            self.ahead.remove(1);
        }
        self.ahead.front().map_or(Duration::ZERO, |(_, seen)| now.saturating_sub(*seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_that_of_the_oldest_position_not_reached() {
        let mut lag = Lag::default();
        let mut at = |second, leader, follower| lag.behind(leader, follower, Duration::from_secs(second)).as_secs();
        assert_eq!(at(0, 10, 10), 0);
        assert_eq!(at(1, 20, 10), 0, "only now seen");
        assert_eq!(at(2, 30, 10), 1);
        assert_eq!(at(9, 30, 10), 8, "a leader that stands still does not help");
        assert_eq!(at(10, 40, 20), 8);
        assert_eq!(at(11, 40, 40), 0);
    }
}
