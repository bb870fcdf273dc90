//! Event time and receive time. Timers and silence go by receive time (the journal's stamp) only; event time orders the
//! readings of one series and stands in the figures. A device's clock can be wrong by years: then its stamp is set
//! aside and the receive time stands in, so that no wrong stamp can block what comes after it. Nothing is measured after
//! it was received: a stamp ahead of the receive time counts as the receive time. A clock that was set back by minutes is
//! recognised by readings that keep the same distance (`set_back.rs`).

use std::time::Duration;
use watchfire_model::Timestamp;

/// An event time so much before the receive time makes the reading late.
pub const LATE_AFTER: Duration = Duration::from_secs(60);
/// An event time further ahead than this is not believed, and the alert says so.
pub const AHEAD_MAX: Duration = Duration::from_secs(300);
/// An event time further back than this is not believed: no gateway stores for so long.
pub const BEHIND_MAX: Duration = Duration::from_secs(30 * 86_400);
/// When nothing newer came for so long, an older event time means that the device's clock was set back, not that the
/// reading was overtaken.
pub const OVERTAKEN_WITHIN: Duration = Duration::from_secs(600);

/// A reading's times, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventTime {
    /// The time that counts: the device's, or the receive time when that is not believed or still to come.
    pub(crate) at: Timestamp,
    /// What the device said, when it is not believed.
    pub(crate) disbelieved: Option<Timestamp>,
    /// The reading is late.
    pub(crate) late: bool,
}

impl EventTime {
    pub(crate) fn judge(said: Timestamp, received: Timestamp) -> EventTime {
        let late = received.since(said) > LATE_AFTER;
        if said.since(received) > AHEAD_MAX || received.since(said) > BEHIND_MAX {
            EventTime { at: received, disbelieved: Some(said), late }
        } else {
            EventTime { at: said.min(received), disbelieved: None, late }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_years_off_are_set_aside() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let believed = |said| EventTime::judge(said, now);
        assert_eq!(believed(now), EventTime { at: now, disbelieved: None, late: false });
        let hour_ago = now.minus(Duration::from_secs(3_600));
        assert_eq!(believed(hour_ago), EventTime { at: hour_ago, disbelieved: None, late: true });
        let soon = now.plus(AHEAD_MAX);
        assert_eq!(
            believed(soon),
            EventTime { at: now, disbelieved: None, late: false },
            "nothing after it blocks what follows"
        );
        for far in [Timestamp::EPOCH, Timestamp(i64::MIN)] {
            assert_eq!(believed(far), EventTime { at: now, disbelieved: Some(far), late: true });
        }
        for far in [soon.plus(Duration::from_secs(1)), Timestamp(i64::MAX)] {
            assert_eq!(believed(far), EventTime { at: now, disbelieved: Some(far), late: false });
        }
    }
}
