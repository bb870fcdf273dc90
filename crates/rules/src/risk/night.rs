//! What the clock on the wall of a site says. The offset stands in the settings: a table of time zones would make a
//! replay depend on the machine it runs on. China has one zone and no summer time; where there is summer time, the edges
//! of the night are an hour off in summer.

use super::settings::Night;
use super::windows::{DAY_S, seconds_of};
use watchfire_model::Timestamp;

/// Whether it is night, and when that changes.
pub(crate) fn night(hours: Night, offset_s: i32, now: Timestamp) -> (bool, Timestamp) {
    let local = seconds_of(now) + i64::from(offset_s);
    let (midnight, second) = (local.div_euclid(DAY_S) * DAY_S, local.rem_euclid(DAY_S));
    let (from, until) = (i64::from(hours.from_min) * 60, i64::from(hours.until_min) * 60);
    let (is_night, change) = if second < until {
        (true, midnight + until)
    } else if second < from {
        (false, midnight + from)
    } else {
        (true, midnight + DAY_S + until)
    };
    (is_night, Timestamp::from_seconds(change - i64::from(offset_s)))
}

/// The year of UTC (proleptic Gregorian), and when the next begins.
pub(crate) fn year(now: Timestamp) -> (i64, Timestamp) {
    let day = seconds_of(now).div_euclid(DAY_S);
    let mut year = 1970 + day * 400 / 146_097;
    while first_day(year) > day {
        year -= 1;
    }
    while first_day(year + 1) <= day {
        year += 1;
    }
    (year, Timestamp::from_seconds(first_day(year + 1) * DAY_S))
}

/// The first of January, in days since the epoch.
fn first_day(year: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    365 * (year - 1970) + leap_days - 477
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_go_over_midnight() {
        let hours = Night { from_min: 22 * 60, until_min: 6 * 60 };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, is_night, change) in [
            ("2026-03-01T12:00:00Z", false, "2026-03-01T14:00:00Z"),
            ("2026-03-01T14:00:00Z", true, "2026-03-01T22:00:00Z"),
            ("2026-03-01T17:00:00Z", true, "2026-03-01T22:00:00Z"),
            ("2026-03-01T22:00:00Z", false, "2026-03-02T14:00:00Z"),
        ] {
            assert_eq!(night(hours, 8 * 3_600, at(now)), (is_night, at(change)), "{now}");
        }
    }

    #[test]
    fn years_are_those_of_the_calendar() {
        for (now, expected) in [
            ("1970-01-01T00:00:00Z", 1970),
            ("1999-12-31T23:59:59Z", 1999),
            ("2000-01-01T00:00:00Z", 2000),
            ("2024-12-31T23:00:00Z", 2024),
            ("2026-11-23T09:00:00Z", 2026),
            ("1969-12-31T23:59:59Z", 1969),
        ] {
            let (found, next) = year(now.parse().unwrap());
            assert_eq!(found, expected, "{now}");
            assert_eq!(next, format!("{}-01-01T00:00:00Z", expected + 1).parse().unwrap());
        }
    }
}
