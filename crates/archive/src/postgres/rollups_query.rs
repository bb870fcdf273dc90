//! What roll-ups show of days whose readings were given up.

use super::link::Link;
use super::times::{At, Day};
use crate::fault::Fault;
use crate::point::{Point, day_of};
use crate::readings::ReadingsQuery;
use crate::rollup::RollUp;
use std::collections::HashMap;

/// Longer spans are shown by hours, also where there are minutes.
const MINUTES_SPAN_US: i64 = 8 * 86_400_000_000;

macro_rules! shown {
    ($table:literal, $step:literal, $minutes:literal) => {
        concat!(
            "
    SELECT r.series, r.at, r.first_at, r.last_at, r.min, r.max, r.mean, r.last, r.true_s, r.count
    FROM ",
            $table,
            " AS r JOIN rolled_days ON rolled_days.day = (r.at AT TIME ZONE 'UTC')::date
    WHERE r.series = ANY($1) AND r.at > $2::timestamptz - interval '1 hour' AND r.at <= $3
      AND (rolled_days.has_minutes AND $4) = ",
            $minutes,
            "
      -- One of which as many readings are there (restored, or all of them late) is left out: they say more.
      AND r.count > (SELECT count(*) FROM (
          SELECT DISTINCT at, value FROM readings
          WHERE readings.series = r.series AND readings.at >= r.at AND readings.at < r.at + interval '",
            $step,
            "'
            AND readings.at > $2::timestamptz - interval '1 hour'
            AND readings.at < $3::timestamptz + interval '1 hour') AS there)"
        )
    };
}

const MINUTES: &str = shown!("readings_1m", "1 minute", "true");
const HOURS: &str = shown!("readings_1h", "1 hour", "false");

/// Points of the span by series; `booleans` says of each series whether it is one of booleans.
pub(super) async fn read(
    link: &Link,
    query: &ReadingsQuery,
    booleans: &HashMap<i32, bool>,
) -> Result<HashMap<i32, Vec<Point>>, Fault> {
    let mut found = HashMap::<i32, Vec<Point>>::new();
    let (from, to) = (query.from.0, query.to.0);
    let sql = "SELECT EXISTS (SELECT FROM rolled_days WHERE day BETWEEN $1 AND $2)";
    let days = (Day(day_of(from).max(DAY_MIN)), Day(day_of(to).min(DAY_MAX)));
    if !link.row(sql, &[&days.0, &days.1]).await?.map_or(Ok(false), |row| row.try_get(0))? {
        return Ok(found);
    }
    let ids: Vec<i32> = booleans.keys().copied().collect();
    let by_minutes = to.saturating_sub(from) <= MINUTES_SPAN_US;
    for sql in [MINUTES, HOURS].into_iter().skip(usize::from(!by_minutes)) {
        for row in link.query(sql, &[&ids, &At(from), &At(to), &by_minutes]).await? {
            let series: i32 = row.try_get(0)?;
            let time = |column: usize| row.try_get::<_, At>(column).map(|at| at.0);
            let one = RollUp {
                at: time(1)?,
                first_at: time(2)?,
                last_at: time(3)?,
                min: row.try_get(4)?,
                max: row.try_get(5)?,
                mean: row.try_get(6)?,
                last: row.try_get(7)?,
                true_s: row.try_get(8)?,
                count: row.try_get(9)?,
            };
            let is_boolean = booleans.get(&series).copied().unwrap_or(false);
            let points = one.points(is_boolean).filter(|point| (from..=to).contains(&point.at));
            found.entry(series).or_default().extend(points);
        }
    }
    Ok(found)
}

/// Days that a `date` holds for certain.
const DAY_MIN: i64 = -100_000;
const DAY_MAX: i64 = 1_000_000;
