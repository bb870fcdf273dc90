//! The times of the day at which a rule judges, by the clock on the wall of the site. The table of time zones is the one
//! that is built in: a replay does not depend on the machine it runs on.
//!
//! ```toml
//! hours = ["22:00-06:00"]       # outside of them the rule is as if nothing were there; may go over midnight
//! days = ["mon", "tue"]         # the days on which the hours begin; every day unless said
//! ```

use crate::engine::Engine;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use watchfire_model::{SiteId, Sites, Timestamp};
use watchfire_settings::Section;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MIN: u16 = 1_440;

/// Hours of the day on some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// From and until, in minutes after midnight; what ends before it begins goes over midnight.
    pub spans: Vec<(u16, u16)>,
    /// The days on which they begin, 0 being Monday; empty: every day.
    pub days: BTreeSet<u8>,
}

impl Hours {
    /// Whether they include that minute of that day.
    fn include(&self, day: u8, minute: u16) -> bool {
        let on = |day: u8| self.days.is_empty() || self.days.contains(&day);
        let before = (day + 6) % 7;
        self.spans.iter().any(|(from, until)| {
            if from < until {
                on(day) && (*from..*until).contains(&minute)
            } else {
                (on(day) && minute >= *from) || (on(before) && minute < *until)
            }
        })
    }
}

impl Engine {
    /// Whether a rule judges at that site now.
    pub(crate) fn in_hours(&self, hours: Option<&Hours>, site: &SiteId) -> bool {
        let Some(hours) = hours else { return true };
        let zone = self.clocks.get(site).cloned().unwrap_or_else(china);
        let (day, minute) = local(self.stamp.at, &zone);
        hours.include(day, minute)
    }
}

/// The clocks of the sites. China's time where a zone is not known.
pub(crate) fn clocks(sites: &Sites) -> std::collections::BTreeMap<SiteId, TimeZone> {
    let table = TimeZoneDatabase::bundled();
    let zone = |name: &str| table.get(name).unwrap_or_else(|_| china());
    sites.sites.iter().map(|(id, site)| (id.clone(), zone(&site.time_zone))).collect()
}

fn china() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

/// The day of the week, 0 being Monday, and the minute of the day.
fn local(at: Timestamp, zone: &TimeZone) -> (u8, u16) {
    let Ok(at) = jiff::Timestamp::from_microsecond(at.0) else { return (0, 0) };
    let local = zone.to_datetime(at);
    let day = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
    let number = |part: i8| u16::try_from(part).unwrap_or(0);
    (day, number(local.hour()) * 60 + number(local.minute()))
}

/// The keys; `None`: always.
pub(crate) fn read_hours(section: &mut Section<'_>) -> Option<Hours> {
    let spans = section.list("hours", span);
    let days = section.list("days", |word| {
        let day = DAYS.iter().zip(0u8..).find(|(day, _)| **day == word);
        day.map(|(_, number)| number).ok_or_else(|| format!("`{word}` is not a day; use one of: {}", DAYS.join(", ")))
    });
    if spans.is_empty() && days.is_empty() {
        return None;
    }
    let spans = if spans.is_empty() { vec![(0, DAY_MIN)] } else { spans };
    Some(Hours { spans, days: days.into_iter().collect() })
}

fn span(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("`{text}` is not a span of the day such as \"22:00-06:00\"");
    let (from, until) = text.split_once('-').ok_or_else(wrong)?;
    let (from, until) = (minute(from).ok_or_else(wrong)?, minute(until).ok_or_else(wrong)?);
    if from == until {
        Err(format!("`{text}` is empty; leave `hours` out for the whole day"))
    } else {
        Ok((from, until))
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60 && hours * 60 + minutes <= DAY_MIN).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_belong_to_the_day_on_which_they_begin() {
        let night = Hours { spans: vec![(22 * 60, 6 * 60)], days: BTreeSet::from([4]) };
        for (day, minute, inside) in [(4, 21 * 60, false), (4, 23 * 60, true), (5, 5 * 60, true), (5, 23 * 60, false)] {
            assert_eq!(night.include(day, minute), inside, "day {day}, minute {minute}");
        }
    }

    #[test]
    fn summer_time_counts() {
        let berlin = TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
        let at = |text: &str| local(text.parse().unwrap(), &berlin);
        assert_eq!(at("2026-01-01T21:30:00Z"), (3, 22 * 60 + 30));
        assert_eq!(at("2026-07-01T20:30:00Z"), (2, 22 * 60 + 30));
    }
}
