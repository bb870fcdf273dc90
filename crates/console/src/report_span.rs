//! The spans of reports: days, weeks from Monday on, and months, as the calendar of a time zone has them.

use crate::local_clock::{date, midnight, zone};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchfire_model::Timestamp;

/// How long the span of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

/// The span of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSpan {
    /// How long.
    pub period: Period,
    /// Its first day, as `2026-03-01`; the order of such texts is that of time.
    pub first: String,
    /// Its last day.
    pub last: String,
    /// From here on, itself included.
    pub from: Timestamp,
    /// Up to here, itself left out.
    pub to: Timestamp,
}

impl Period {
    /// The name in addresses, files and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        }
    }

    /// The span of that kind that holds a day `2026-03-01`; `None` when it is no day, or the calendar ends.
    pub fn around(self, day: &str, time_zone: &str) -> Option<ReportSpan> {
        self.holding(day.parse().ok()?, time_zone)
    }

    /// The last span of that kind that is over for `hours` of the clock.
    pub fn last_over(self, now: Timestamp, hours: u8, time_zone: &str) -> Option<ReportSpan> {
        let today = date(now, &zone(time_zone))?;
        let before = self.holding(self.first_day(today)?.yesterday().ok()?, time_zone)?;
        if before.is_over_for(hours, now, time_zone) {
            return Some(before);
        }
        self.before(&before.first, time_zone)
    }

    /// The span before the one with that first day.
    pub fn before(self, first: &str, time_zone: &str) -> Option<ReportSpan> {
        self.holding(first.parse::<Date>().ok()?.yesterday().ok()?, time_zone)
    }

    fn holding(self, day: Date, time_zone: &str) -> Option<ReportSpan> {
        let first = self.first_day(day)?;
        let next = self.next(first)?;
        let zone = zone(time_zone);
        Some(ReportSpan {
            period: self,
            first: first.to_string(),
            last: next.yesterday().ok()?.to_string(),
            from: midnight(first, &zone)?,
            to: midnight(next, &zone)?,
        })
    }

    fn first_day(self, day: Date) -> Option<Date> {
        match self {
            Period::Day => Some(day),
            Period::Week => day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok(),
            Period::Month => Some(day.first_of_month()),
        }
    }

    fn next(self, first: Date) -> Option<Date> {
        match self {
            Period::Day => first.tomorrow().ok(),
            Period::Week => first.checked_add(7.days()).ok(),
            Period::Month => first.checked_add(1.month()).ok(),
        }
    }
}

impl ReportSpan {
    /// Whether, on the day after its last, the clock shows that hour or later: the hour of the clock, also where the
    /// clock was moved that night.
    pub fn is_over_for(&self, hours: u8, now: Timestamp, time_zone: &str) -> bool {
        let due = || {
            let day: Date = self.last.parse::<Date>().ok()?.tomorrow().ok()?;
            let at = day.at(i8::try_from(hours).ok()?, 0, 0, 0).to_zoned(zone(time_zone)).ok()?;
            Some(Timestamp(at.timestamp().as_microsecond()))
        };
        due().is_some_and(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHANGHAI: &str = "Asia/Shanghai";

    fn days(span: Option<ReportSpan>) -> String {
        span.map_or("none".to_owned(), |span| format!("{} to {}", span.first, span.last))
    }

    #[test]
    fn days_weeks_and_months_by_the_calendar() {
        for (period, day, expected) in [
            (Period::Day, "2026-03-01", "2026-03-01 to 2026-03-01"),
            (Period::Week, "2026-03-01", "2026-02-23 to 2026-03-01"),
            (Period::Week, "2026-03-02", "2026-03-02 to 2026-03-08"),
            (Period::Month, "2024-02-29", "2024-02-01 to 2024-02-29"),
            (Period::Month, "2026-12-31", "2026-12-01 to 2026-12-31"),
            (Period::Month, "2026-13-01", "none"),
            (Period::Day, "yesterday", "none"),
        ] {
            assert_eq!(days(period.around(day, SHANGHAI)), expected, "{day}");
        }
        let span = Period::Month.around("2026-03-15", SHANGHAI).unwrap();
        assert_eq!(
            (span.from.to_string(), span.to.to_string()),
            ("2026-02-28T16:00:00Z".into(), "2026-03-31T16:00:00Z".into())
        );
        // A day of 23 hours.
        let short = Period::Day.around("2026-03-29", "Europe/Berlin").unwrap();
        assert_eq!(short.to.since(short.from).as_secs(), 23 * 3_600);
        assert_eq!(days(Period::Week.before("2026-03-02", SHANGHAI)), "2026-02-23 to 2026-03-01");
        assert_eq!(days(Period::Month.before("2026-03-01", SHANGHAI)), "2026-02-01 to 2026-02-28");
    }

    #[test]
    fn a_span_is_over_at_the_hour_of_the_site() {
        for (now, period, expected) in [
            ("2026-03-01T22:59:59Z", Period::Day, "2026-02-28 to 2026-02-28"),
            ("2026-03-01T23:00:00Z", Period::Day, "2026-03-01 to 2026-03-01"),
            ("2026-03-01T22:59:59Z", Period::Week, "2026-02-16 to 2026-02-22"),
            ("2026-03-01T23:00:00Z", Period::Week, "2026-02-23 to 2026-03-01"),
            ("2026-02-28T22:59:59Z", Period::Month, "2026-01-01 to 2026-01-31"),
            ("2026-02-28T23:00:00Z", Period::Month, "2026-02-01 to 2026-02-28"),
        ] {
            assert_eq!(days(period.last_over(now.parse().unwrap(), 7, SHANGHAI)), expected, "{now}");
        }
        // The clock goes from two to three: two comes at three.
        let span = Period::Day.around("2026-03-28", "Europe/Berlin").unwrap();
        assert!(!span.is_over_for(2, "2026-03-29T00:59:59Z".parse().unwrap(), "Europe/Berlin"));
        assert!(span.is_over_for(2, "2026-03-29T01:00:00Z".parse().unwrap(), "Europe/Berlin"));
    }
}
