//! One stored reading of one series, and the rule that makes a repeat of it one row.

use watchfire_model::Value;

/// Microseconds of a day. A day here is a UTC day of event time: the unit of partition and of retention.
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// The day of a time, counted from 1970-01-01.
pub(crate) fn day_of(at: i64) -> i64 {
    at.div_euclid(DAY_US)
}

/// A reading without its series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Event time, microseconds since the epoch.
    pub(crate) at: i64,
    /// Receive time, microseconds since the epoch.
    pub(crate) received: i64,
    pub(crate) value: Value,
}

/// Values by their bits, so that every value equals itself and nothing else.
pub(crate) fn value_bits(value: Value) -> (bool, u64) {
    match value {
        Value::Bool(value) => (false, u64::from(value)),
        Value::Number(value) => (true, value.to_bits()),
    }
}

/// Puts points in order of event time, then of receipt, and drops those that repeat time and value of another: the
/// first received stays. Returns how many went.
pub(crate) fn normalise(points: &mut Vec<Point>) -> usize {
    // The usual case: a device reports forward in time.
    if points.is_sorted_by(|a, b| a.at < b.at) {
        return 0;
    }
    let before = points.len();
    points.sort_unstable_by_key(|point| (point.at, value_bits(point.value), point.received));
    points.dedup_by(|later, first| later.at == first.at && value_bits(later.value) == value_bits(first.value));
    points.sort_unstable_by_key(|point| (point.at, point.received, value_bits(point.value)));
    before - points.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64, received: i64, value: f64) -> Point {
        Point { at, received, value: Value::Number(value) }
    }

    #[test]
    fn a_repeat_is_one_row_and_two_values_of_one_time_are_two() {
        let mut points = vec![point(2, 9, 1.0), point(1, 5, 1.0), point(1, 3, 2.0), point(1, 4, 1.0), point(2, 8, 1.0)];
        assert_eq!(normalise(&mut points), 2);
        assert_eq!(points, [point(1, 3, 2.0), point(1, 4, 1.0), point(2, 8, 1.0)]);
    }

    #[test]
    fn days_begin_at_midnight_before_1970_too() {
        assert_eq!((day_of(0), day_of(DAY_US - 1), day_of(DAY_US), day_of(-1)), (0, 0, 1, -1));
    }
}
