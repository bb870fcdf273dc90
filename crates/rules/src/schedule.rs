//! The times of the day at which a rule judges, by the clock on the wall of the site. The table of time zones is the one
//! that is built in: a replay does not depend on the machine it runs on.
//!
//! ```toml
//! hours = ["22:00-06:00"]       # outside of them the rule is as if nothing were there; may go over midnight
//! days = ["mon", "tue"]         # the days on which the hours begin; every day unless said
//! ```

use crate::engine::Engine;
use crate::wall_clock::day_and_minute;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use watchfire_model::SiteId;
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
        let (day, minute) = day_and_minute(self.stamp.at, &self.clock(site));
        hours.include(day, minute)
    }
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
}
