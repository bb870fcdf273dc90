//! Everything of one committed state of a file, for another place: readings a day at a time in the order of their series,
//! what waits in the tail among them; rows of the plain tables.

use super::upkeep::read_cursors;
use super::{block, schema, tail};
use crate::errors::OpenError;
use crate::fault::Fault;
use crate::point::{DAY_US, Point, day_of, normalise};
use crate::recent_keys::RecentKeys;
use crate::rollup::RollUp;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

const BUSY_WAIT: Duration = Duration::from_secs(10);

/// A state that stays what it is while the writer goes on.
pub(crate) struct Export {
    connection: Connection,
    /// Log, journal and position of the cursors.
    pub(crate) cursors: Vec<(String, String, i64)>,
    waiting: BTreeMap<i64, BTreeMap<i64, Vec<Point>>>,
    /// Device, receive time and fingerprint of the frames that wait in the tail.
    waiting_frames: Vec<(i64, i64, u64)>,
}

/// A series as the table has it.
pub(crate) struct SeriesRow {
    pub(crate) device: i64,
    pub(crate) point: String,
    pub(crate) metric: String,
    pub(crate) unit: String,
}

impl Export {
    /// Of the file as it is now.
    pub(crate) fn open(path: &Path) -> Result<Export, OpenError> {
        let connection = schema::open_reader(path, BUSY_WAIT)?;
        // The first question fixes the state for all that follow.
        connection.execute_batch("BEGIN").map_err(Fault::from)?;
        let cursors = read_cursors(&connection)?;
        let mut export = Export { connection, cursors, waiting: BTreeMap::new(), waiting_frames: Vec::new() };
        let (waiting, frames) = (&mut export.waiting, &mut export.waiting_frames);
        tail::for_each_frame(&export.connection, (i64::MIN, i64::MAX), |frame| {
            frames.extend(frame.fingerprint.map(|print| (frame.device, frame.received, print)));
            for (series, point) in &frame.points {
                waiting.entry(day_of(point.at)).or_default().entry(*series).or_default().push(*point);
            }
            Ok(())
        })?;
        Ok(export)
    }

    /// The days that have readings.
    pub(crate) fn days(&self) -> Result<BTreeSet<i64>, Fault> {
        let mut statement = self.connection.prepare("SELECT day FROM days")?;
        let mut days = statement.query_map([], |row| row.get(0))?.collect::<Result<BTreeSet<i64>, _>>()?;
        days.extend(self.waiting.keys());
        Ok(days)
    }

    /// The readings of a series on a day, in order and each once, as answers have them.
    pub(crate) fn points(&self, day: i64, series: i64, points: &mut Vec<Point>) -> Result<(), Fault> {
        points.clear();
        let sql = "SELECT points FROM blocks WHERE day = ?1 AND series = ?2 ORDER BY first_at, part";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((day, series))?;
        while let Some(row) = rows.next()? {
            let blob = row.get_ref(0)?.as_blob().map_err(|error| Fault::malformed("a block", error))?;
            block::decode(day, blob, points)
                .map_err(|_| Fault::malformed("a block", format!("day {day}, series {series}")))?;
        }
        let waiting = self.waiting.get(&day).and_then(|of_day| of_day.get(&series));
        points.extend(waiting.into_iter().flatten());
        normalise(points);
        Ok(())
    }

    /// The days that have roll-ups and no more readings but late ones.
    pub(crate) fn rolled_days(&self) -> Result<Vec<i64>, Fault> {
        let mut statement = self.connection.prepare("SELECT day FROM rolled_days ORDER BY day")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The roll-ups of a day: series, whether it is of booleans, and the hour.
    pub(crate) fn hours(&self, day: i64) -> Result<Vec<(i64, bool, RollUp)>, Fault> {
        let sql = "SELECT series, is_boolean, at, first_at, last_at, min, max, mean, last, true_s, count
                   FROM readings_1h WHERE at >= ?1 AND at < ?2 ORDER BY series, at";
        let mut statement = self.connection.prepare_cached(sql)?;
        let hours = statement.query_map([day * DAY_US, (day + 1) * DAY_US], |row| {
            let one = RollUp {
                at: row.get(2)?,
                first_at: row.get(3)?,
                last_at: row.get(4)?,
                min: row.get(5)?,
                max: row.get(6)?,
                mean: row.get(7)?,
                last: row.get(8)?,
                true_s: row.get(9)?,
                count: row.get(10)?,
            };
            Ok((row.get(0)?, row.get(1)?, one))
        })?;
        Ok(hours.collect::<Result<_, _>>()?)
    }

    /// The series that have readings on a day, in order.
    pub(crate) fn series_of(&self, day: i64) -> Result<BTreeSet<i64>, Fault> {
        let mut statement = self.connection.prepare_cached("SELECT DISTINCT series FROM blocks WHERE day = ?1")?;
        let mut series = statement.query_map([day], |row| row.get(0))?.collect::<Result<BTreeSet<i64>, _>>()?;
        series.extend(self.waiting.get(&day).into_iter().flat_map(BTreeMap::keys));
        Ok(series)
    }

    /// What identifies a series.
    pub(crate) fn series(&self, id: i64) -> Result<SeriesRow, Fault> {
        let sql = "SELECT device, point, metric, unit FROM series WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([id], |row| {
            Ok(SeriesRow { device: row.get(0)?, point: row.get(1)?, metric: row.get(2)?, unit: row.get(3)? })
        })?)
    }

    /// The highest number that a series has.
    pub(crate) fn last_series(&self) -> Result<i64, Fault> {
        Ok(self.connection.query_row("SELECT coalesce(max(id), 0) FROM series", [], |row| row.get(0))?)
    }

    /// Idempotency keys of late: device, receive time and fingerprint, by receive time.
    pub(crate) fn recent_frames(&self) -> Result<Vec<(i64, i64, u64)>, Fault> {
        let mut all = Vec::new();
        let mut statement = self.connection.prepare("SELECT id, recent_keys FROM devices")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let column = row.get_ref(1)?.as_blob().map_err(|error| Fault::malformed("recent keys", error))?;
            let keys = RecentKeys::decode(column).ok_or_else(|| Fault::malformed("recent keys", "form"))?;
            let device: i64 = row.get(0)?;
            all.extend(keys.iter().map(|(received, print)| (device, received, print)));
        }
        all.extend(&self.waiting_frames);
        all.sort_unstable_by_key(|(_, received, _)| *received);
        Ok(all)
    }

    /// Calls `each` with the columns of every row of a plain table.
    pub(crate) fn rows(
        &self,
        table: &str,
        columns: &[String],
        mut each: impl FnMut(&[ValueRef<'_>]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut statement = self.connection.prepare(&format!("SELECT {} FROM {table}", columns.join(", ")))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values: Result<Vec<_>, _> = (0..columns.len()).map(|column| row.get_ref(column)).collect();
            each(&values?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_file_has_its_way_to_a_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.sqlite");
        drop(schema::open_writer(&path, BUSY_WAIT, None).unwrap());
        let export = Export::open(&path).unwrap();
        let mut found = BTreeSet::new();
        let kind = "sqlite_schema WHERE type = 'table'";
        let mut note = |row: &[ValueRef<'_>]| {
            found.extend(row.iter().filter_map(|value| value.as_str().ok()).map(str::to_owned));
            Ok(())
        };
        export.rows(kind, &["name".to_owned()], &mut note).unwrap();
        let own = ["cursors", "days", "series", "tail", "blocks", "readings_1h", "rolled_days", "schema_history"]
            .map(str::to_owned);
        let by_rows = crate::postgres::TABLES_BY_ROWS.iter().map(|table| (*table).to_owned());
        assert_eq!(found, by_rows.chain(own).collect());
    }
}
