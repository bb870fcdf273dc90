//! The calendar at a site: months, and hours of the day.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, civil};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use watchfire_model::Timestamp;

/// A month at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Month {
    year: i16,
    month: i8,
}

/// The text is not a month such as `2026-03`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a month such as 2026-03")]
pub struct NotAMonth(pub String);

impl Month {
    /// The month in which that time lies, by the clocks of the site.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Month {
        let date = zoned(at, zone).date();
        Month { year: date.year(), month: date.month() }
    }

    /// How many months later than `earlier`.
    pub(crate) fn since(self, earlier: Month) -> i32 {
        self.number() - earlier.number()
    }

    fn number(self) -> i32 {
        i32::from(self.year) * 12 + i32::from(self.month)
    }
}

/// `2026-03`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Month, NotAMonth> {
        let parsed = text.split_once('-').and_then(|(year, month)| {
            let (year, month): (i16, i8) = (year.parse().ok()?, month.parse().ok()?);
            ((1970..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Month { year, month })
        });
        parsed.ok_or_else(|| NotAMonth(text.to_owned()))
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = NotAMonth;

    fn try_from(text: String) -> Result<Month, NotAMonth> {
        text.parse()
    }
}

/// The site's zone; China's when it is not known.
pub(crate) fn zone(name: &str) -> TimeZone {
    let china = || TimeZone::fixed(jiff::tz::offset(8));
    TimeZone::get(name).unwrap_or_else(|_| china())
}

/// The next time after `now` at which the hours from `from_min` to `until_min`, in minutes of the day, begin, and when
/// they end.
pub(crate) fn next_hours(now: Timestamp, from_min: u16, until_min: u16, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let today = zoned(now, zone).date();
    let over_midnight = until_min <= from_min;
    let hours = |date: civil::Date| {
        let last = if over_midnight { date.tomorrow().unwrap_or(date) } else { date };
        (moment(date, from_min, zone), moment(last, until_min, zone))
    };
    let first = hours(today);
    if first.0 > now { first } else { hours(today.tomorrow().unwrap_or(today)) }
}

/// Date and time of day at the site, to the minute.
pub(crate) fn local_text(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%d %H:%M").to_string()
}

fn moment(date: civil::Date, minute: u16, zone: &TimeZone) -> Timestamp {
    let midnight = date.at(0, 0, 0, 0);
    let time = midnight.checked_add(SignedDuration::from_mins(i64::from(minute))).unwrap_or(midnight);
    // A time that summer time leaves out is the one as much later, as clocks show it.
    let zoned = time.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    Timestamp(zoned.unwrap_or(jiff::Timestamp::MAX).as_microsecond())
}

fn zoned(at: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX).to_zoned(zone.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_begin_at_the_sites_midnight() {
        let shanghai = zone("Asia/Shanghai");
        assert_eq!(Month::of(at("2026-02-28T15:59:59Z"), &shanghai).to_string(), "2026-02");
        assert_eq!(Month::of(at("2026-02-28T16:00:00Z"), &shanghai).to_string(), "2026-03");
        assert_eq!(Month::of(at("2026-02-28T16:00:00Z"), &zone("Europe/London")).to_string(), "2026-02");
        assert_eq!("2026-03".parse::<Month>().unwrap().since("2025-12".parse().unwrap()), 3);
        for bad in ["2026", "2026-13", "x-1", "2026-0"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }

    #[test]
    fn hours_may_go_over_midnight_and_follow_summer_time() {
        let shanghai = zone("Asia/Shanghai");
        let night = |now: &str| {
            let (from, until) = next_hours(at(now), 22 * 60, 6 * 60, &shanghai);
            format!("{from} to {until}")
        };
        assert_eq!(night("2026-03-01T12:00:00Z"), "2026-03-01T14:00:00Z to 2026-03-01T22:00:00Z");
        assert_eq!(night("2026-03-01T14:00:00Z"), "2026-03-02T14:00:00Z to 2026-03-02T22:00:00Z");
        let london = next_hours(at("2026-03-28T23:00:00Z"), 60, 5 * 60, &zone("Europe/London"));
        assert_eq!(format!("{} to {}", london.0, london.1), "2026-03-29T01:00:00Z to 2026-03-29T04:00:00Z");
        assert_eq!(zone("Nowhere/Else"), TimeZone::fixed(jiff::tz::offset(8)));
    }
}
