//! By which time the age of what is kept is measured. Pure.
//!
//! Ages are those of stamps, so they are measured by the station's own clock, which no step of the wall clock moves. It
//! has its own way to be wrong: started on a machine without a clock it stands in 1970. So nothing is removed for its
//! age while the two are far apart; a person is told of the difference by the notice of the clock's step.

use std::time::Duration;
use watchfire_model::Timestamp;

/// The station's clock and the wall clock may be so far apart; beyond, nothing is removed for its age.
pub(crate) const APART_MAX: Duration = Duration::from_secs(86_400);

/// The time by which ages count; `None`: nothing may be removed for its age now.
pub(crate) fn time_for_ages(stamp: Timestamp, wall: Timestamp) -> Option<Timestamp> {
    (stamp.since(wall).max(wall.since(stamp)) <= APART_MAX).then_some(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_of_the_wall_clock_makes_anything_old() {
        const DAY: i64 = 86_400;
        let stamp = Timestamp::from_seconds(1_000_000_000);
        let by = |ahead_s: i64| time_for_ages(stamp, Timestamp::from_seconds(1_000_000_000 + ahead_s));
        assert_eq!(by(0), Some(stamp));
        assert_eq!(by(DAY), Some(stamp), "a day is believed, and the stamp counts");
        assert_eq!(by(-DAY), Some(stamp));
        assert_eq!(by(DAY + 1), None);
        assert_eq!(by(3_650 * DAY), None);
        assert_eq!(by(-1_000_000_000), None, "a machine without a clock");
    }
}
