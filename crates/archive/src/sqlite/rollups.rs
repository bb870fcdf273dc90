//! Roll-ups of an hour, made of a day's readings when these are given up. From then on they are final: what comes late of
//! that day is answered as long as it is there, and changes no roll-up.

use super::files::read_blocks;
use crate::fault::Fault;
use crate::point::{DAY_US, Point, day_of, normalise};
use crate::readings::ReadingsQuery;
use crate::rollup::{self, HOUR_US, RollUp, hour_of, is_bool};
use rusqlite::{Connection, OptionalExtension};

/// A roll-up with its series and whether that is one of booleans.
pub(super) type OfSeries = (i64, bool, RollUp);

/// What a day's readings come to.
pub(super) fn of_day(connection: &Connection, day: i64) -> Result<Vec<OfSeries>, Fault> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT series FROM blocks WHERE day = ?1 ORDER BY 1")?;
    let all = statement.query_map([day], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let (mut points, mut made) = (Vec::new(), Vec::new());
    for series in all {
        points.clear();
        read_blocks(connection, day, series, &mut points)?;
        normalise(&mut points);
        made.extend(rollup::hours(&points).into_iter().map(|(is_boolean, one)| (series, is_boolean, one)));
    }
    Ok(made)
}

/// Writes those of a day, unless it has them.
pub(super) fn write(connection: &Connection, day: i64, made: Vec<OfSeries>) -> Result<(), Fault> {
    let is_new =
        connection.prepare_cached("INSERT INTO rolled_days VALUES (?1) ON CONFLICT DO NOTHING")?.execute([day])?;
    if is_new == 0 {
        return Ok(());
    }
    let sql = "INSERT INTO readings_1h (series, is_boolean, at, first_at, last_at, min, max, mean, last, true_s, count)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let mut insert = connection.prepare_cached(sql)?;
    for (series, is_boolean, one) in made {
        let RollUp { at, first_at, last_at, min, max, mean, last, true_s, count } = one;
        insert.execute((series, is_boolean, at, first_at, last_at, min, max, mean, last, true_s, count))?;
    }
    Ok(())
}

/// Forgets those of days before one.
pub(super) fn forget_before(connection: &Connection, day: i64) -> Result<(), Fault> {
    connection.execute("DELETE FROM readings_1h WHERE at < ?1", [day.saturating_mul(DAY_US)])?;
    connection.execute("DELETE FROM rolled_days WHERE day < ?1", [day])?;
    Ok(())
}

/// The oldest day that has any.
pub(super) fn oldest(connection: &Connection) -> Result<Option<i64>, Fault> {
    Ok(connection.query_row("SELECT min(day) FROM rolled_days", [], |row| row.get(0))?)
}

/// What those of a series show in a span. An hour of which as many readings are there (restored, or all of them late) is
/// left out: they say more.
pub(super) fn read(connection: &Connection, query: &ReadingsQuery, series: i64) -> Result<Vec<Point>, Fault> {
    let sql = "SELECT is_boolean, at, first_at, last_at, min, max, mean, last, true_s, count FROM readings_1h
               WHERE series = ?1 AND at > ?2 AND at <= ?3 ORDER BY at, is_boolean";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((series, query.from.0.saturating_sub(HOUR_US), query.to.0))?;
    let (mut found, mut there) = (Vec::new(), There::default());
    while let Some(row) = rows.next()? {
        let is_boolean: bool = row.get(0)?;
        let one = RollUp {
            at: row.get(1)?,
            first_at: row.get(2)?,
            last_at: row.get(3)?,
            min: row.get(4)?,
            max: row.get(5)?,
            mean: row.get(6)?,
            last: row.get(7)?,
            true_s: row.get(8)?,
            count: row.get(9)?,
        };
        if there.count(connection, series, (one.at, is_boolean))? < one.count {
            found.extend(one.points(is_boolean).filter(|point| (query.from.0..=query.to.0).contains(&point.at)));
        }
    }
    Ok(found)
}

/// The readings of a day that has roll-ups, and that are there all the same; mostly none.
#[derive(Default)]
struct There {
    day: Option<i64>,
    points: Vec<Point>,
}

impl There {
    /// How many there are of an hour and kind.
    fn count(&mut self, connection: &Connection, series: i64, (hour, is_boolean): (i64, bool)) -> Result<i64, Fault> {
        let day = day_of(hour);
        if self.day != Some(day) {
            (self.day, self.points) = (Some(day), Vec::new());
            let mut is_there = connection.prepare_cached("SELECT 1 FROM days WHERE day = ?1")?;
            if is_there.query_row([day], |_| Ok(())).optional()?.is_some() {
                read_blocks(connection, day, series, &mut self.points)?;
                normalise(&mut self.points);
            }
        }
        let same = |point: &&Point| hour_of(point.at) == hour && is_bool(point) == is_boolean;
        Ok(i64::try_from(self.points.iter().filter(same).count()).unwrap_or(i64::MAX))
    }
}
