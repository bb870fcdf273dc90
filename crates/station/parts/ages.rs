//! By which time the age of what is kept is measured. Pure.
//!
//! Ages are those of stamps, so they are measured by the station's own clock, which no step of the wall clock moves. It
//! has its own ways to be wrong: started on a machine without a clock it stands in 1970, and after a boot it has believed
//! the wall clock. So nothing is removed for its age while the two are far apart, or while a new clock is in doubt; a
//! person is told of the difference by the notice of the clock's step.

use crate::stamp_clock::Anchor;
use std::time::Duration;
use watchfire_model::Timestamp;

/// The station's clock and the wall clock may be so far apart; beyond, nothing is removed for its age.
pub(crate) const APART_MAX: Duration = Duration::from_secs(86_400);

/// The time by which ages count; `None`: nothing may be removed for its age now.
pub(crate) fn time_for_ages(clock: &Anchor, wall: Timestamp) -> Option<Timestamp> {
    let stamp = clock.at;
    if stamp < clock.doubted_until {
        return None;
    }
    (stamp.since(wall).max(wall.since(stamp)) <= APART_MAX).then_some(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_of_the_wall_clock_makes_anything_old() {
        const DAY: i64 = 86_400;
        let stamp = Timestamp::from_seconds(1_000_000_000);
        let doubted_until = Timestamp::EPOCH;
        let clock = Anchor { at: stamp, since_boot_us: 0, boot_id: [0; 16], doubted_until };
        let by = |ahead_s: i64| time_for_ages(&clock, Timestamp::from_seconds(1_000_000_000 + ahead_s));
        assert_eq!(by(0), Some(stamp));
        assert_eq!(by(DAY), Some(stamp), "a day is believed, and the stamp counts");
        assert_eq!(by(-DAY), Some(stamp));
        assert_eq!(by(DAY + 1), None);
        assert_eq!(by(3_650 * DAY), None);
        assert_eq!(by(-1_000_000_000), None, "a machine without a clock");
        let doubted = Anchor { doubted_until: Timestamp::from_seconds(1_000_000_001), ..clock };
        assert_eq!(time_for_ages(&doubted, stamp), None, "a clock that came back from afar");
    }
}
