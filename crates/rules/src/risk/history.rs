//! How a score went: hours and days in which it changed, each with its peak and its last value; what has no point is as
//! the point before it. The full history is the stream of [`super::Change`]s, which the caller may keep.

use super::windows::{day_of, hour_of};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use watchfire_model::Timestamp;

/// So many hours with a change are kept: three days in which each hour has one.
pub const HOURS_MAX: usize = 72;
/// So many days with a change are kept: a year in which each day has one.
pub const DAYS_MAX: usize = 366;

/// The history of one score.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    hours: VecDeque<Span>,
    days: VecDeque<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    /// Counted from the epoch.
    number: i32,
    peak: u8,
    last: u8,
}

/// An hour or a day in which a score changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPoint {
    /// When it begins.
    pub at: Timestamp,
    /// The highest score in it, the one it began with included.
    pub peak: u8,
    /// The score it ended with, up to now.
    pub last: u8,
}

impl History {
    pub(crate) fn note(&mut self, at: Timestamp, score: u8) {
        note(&mut self.hours, hour_of(at), score, HOURS_MAX);
        note(&mut self.days, day_of(at), score, DAYS_MAX);
    }

    /// The hours in which the score changed, oldest first.
    pub fn hours(&self) -> impl Iterator<Item = HistoryPoint> {
        points(&self.hours, 3_600)
    }

    /// The days in which the score changed, oldest first.
    pub fn days(&self) -> impl Iterator<Item = HistoryPoint> {
        points(&self.days, 86_400)
    }
}

fn note(spans: &mut VecDeque<Span>, number: i64, score: u8, most: usize) {
    // Until the year 2200 far inside the range.
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let before = spans.back().map_or(score, |span| span.last);
    match spans.back_mut() {
        Some(span) if span.number >= number => {
            span.peak = span.peak.max(score);
            span.last = score;
        }
        _ => {
            if spans.len() >= most {
                spans.pop_front();
            }
            spans.push_back(Span { number, peak: before.max(score), last: score });
        }
    }
}

fn points(spans: &VecDeque<Span>, seconds: i64) -> impl Iterator<Item = HistoryPoint> {
    spans.iter().map(move |span| HistoryPoint {
        at: Timestamp::from_seconds(i64::from(span.number).saturating_mul(seconds)),
        peak: span.peak,
        last: span.last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_keep_their_peak_and_are_bounded() {
        let mut history = History::default();
        for (hour, score) in [(1, 20), (1, 60), (1, 30), (4, 10)] {
            history.note(Timestamp::from_seconds(hour * 3_600), score);
        }
        let found: Vec<_> = history.hours().map(|point| (point.at.0 / 3_600_000_000, point.peak, point.last)).collect();
        assert_eq!(found, [(1, 60, 30), (4, 30, 10)]);
        for hour in 0..20_000 {
            history.note(Timestamp::from_seconds(hour * 3_600), 1);
        }
        assert_eq!((history.hours.len(), history.days.len()), (HOURS_MAX, DAYS_MAX));
    }
}
