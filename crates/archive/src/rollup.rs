//! What is left of readings that were given up: of each series and hour the first and last time, the lowest, highest,
//! mean and last value, and how many there were. A server has them of minutes and days, too.

use crate::point::Point;
use watchfire_model::Value;

/// Microseconds of an hour.
pub(crate) const HOUR_US: i64 = 3_600_000_000;
/// Values beyond this are taken as it in a mean, and those nearer to 0 than its inverse as 0: as on a server.
const MEAN_MAX: f64 = 1e100;

/// A roll-up of one series. Booleans are 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RollUp {
    /// Its beginning, microseconds since the epoch.
    pub(crate) at: i64,
    /// Event times of the first and the last reading.
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) mean: f64,
    /// Of several values at one time the largest.
    pub(crate) last: f64,
    /// Of booleans: seconds between the first and the last reading in which it was true.
    pub(crate) true_s: Option<f64>,
    pub(crate) count: i64,
}

/// The hours of points that are in order of event time and each once, those of booleans and of numbers apart.
pub(crate) fn hours(points: &[Point]) -> Vec<(bool, RollUp)> {
    let mut hours = Vec::new();
    for is_boolean in [true, false] {
        let kind: Vec<Point> = points.iter().filter(|point| is_bool(point) == is_boolean).copied().collect();
        let parts = kind.chunk_by(|a, b| hour_of(a.at) == hour_of(b.at));
        hours.extend(parts.filter_map(|part| Some((is_boolean, RollUp::of(part)?))));
    }
    hours
}

/// Whether it is a boolean.
pub(crate) fn is_bool(point: &Point) -> bool {
    matches!(point.value, Value::Bool(_))
}

/// The beginning of a time's hour.
pub(crate) fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_US).saturating_mul(HOUR_US)
}

impl RollUp {
    fn of(points: &[Point]) -> Option<RollUp> {
        let (first, last) = (points.first()?, points.last()?);
        let values = || points.iter().map(number);
        let count = i64::try_from(points.len()).unwrap_or(i64::MAX);
        let latest = points.iter().rev().take_while(|point| point.at == last.at).map(number);
        #[expect(clippy::cast_precision_loss, reason = "an hour has no 2^53 readings, and no second needs their bits")]
        let (mean, true_s) = {
            let changes = points.iter().zip(points.iter().skip(1)).filter(|(before, _)| number(before) != 0.0);
            let true_us: i64 = changes.map(|(before, after)| after.at.saturating_sub(before.at)).sum();
            (values().map(tamed).sum::<f64>() / count as f64, true_us as f64 / 1e6)
        };
        Some(RollUp {
            at: hour_of(first.at),
            first_at: first.at,
            last_at: last.at,
            min: values().fold(f64::INFINITY, f64::min),
            max: values().fold(f64::NEG_INFINITY, f64::max),
            mean,
            last: latest.fold(f64::NEG_INFINITY, f64::max),
            true_s: is_bool(first).then_some(true_s),
            count,
        })
    }

    /// Points that show the same on a chart: it begins low, has its peak, ends with its last value. When within it the
    /// peak was is not known.
    pub(crate) fn points(&self, is_boolean: bool) -> impl Iterator<Item = Point> {
        let RollUp { first_at, last_at, min, max, last, .. } = *self;
        let middle = first_at + last_at.saturating_sub(first_at) / 2;
        let all = [(first_at, min), (middle, max), (last_at, last)];
        let is_single = first_at == last_at && min == max;
        let is_level = min == max;
        let wanted = all.into_iter().enumerate().filter(move |(n, _)| match n {
            0 => true,
            1 => !is_level,
            _ => !is_single,
        });
        wanted.map(move |(_, (at, value))| {
            let value = if is_boolean { Value::Bool(value != 0.0) } else { Value::Number(value) };
            Point { at, received: at, value }
        })
    }
}

fn number(point: &Point) -> f64 {
    match point.value {
        Value::Bool(value) => f64::from(u8::from(value)),
        Value::Number(value) => value,
    }
}

fn tamed(value: f64) -> f64 {
    if value.abs() < MEAN_MAX.recip() { 0.0 } else { value.clamp(-MEAN_MAX, MEAN_MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(second: i64, value: Value) -> Point {
        Point { at: second * 1_000_000, received: 0, value }
    }

    #[test]
    fn an_hour_is_what_its_readings_come_to() {
        let numbers = [(0, 20.0), (1_800, 26.0), (3_599, 22.0), (3_599, 23.0), (3_600, 1e300), (3_601, 1e300)];
        let points: Vec<Point> = numbers.iter().map(|(second, value)| point(*second, Value::Number(*value))).collect();
        let all = hours(&points);
        let [(false, first), (false, second)] = all[..] else { panic!("{all:?}") };
        assert_eq!((first.at, first.first_at, first.last_at, first.count), (0, 0, 3_599_000_000, 4));
        assert_eq!((first.min, first.max, first.mean, first.last, first.true_s), (20.0, 26.0, 22.75, 23.0, None));
        assert_eq!((second.at, second.mean, second.max), (HOUR_US, 1e100, 1e300));
    }

    #[test]
    fn booleans_know_how_long_they_were_true() {
        let changes = [(10, false), (20, true), (50, false), (60, true), (70, true)];
        let mut points: Vec<Point> = changes.iter().map(|(second, on)| point(*second, Value::Bool(*on))).collect();
        points.push(point(80, Value::Number(7.0)));
        let all = hours(&points);
        let [(true, on), (false, other)] = all[..] else { panic!("{all:?}") };
        assert_eq!((on.true_s, on.last, on.mean, on.count), (Some(40.0), 1.0, 0.6, 5));
        assert_eq!((other.count, other.true_s), (1, None));
        let shown = |of: &RollUp, is_boolean| {
            of.points(is_boolean).map(|point| (point.at / 1_000_000, point.value)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&on, true), [(10, Value::Bool(false)), (40, Value::Bool(true)), (70, Value::Bool(true))]);
        assert_eq!(shown(&other, false), [(80, Value::Number(7.0))]);
    }
}
