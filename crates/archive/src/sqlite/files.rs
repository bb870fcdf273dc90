//! Days of blocks to a file of readings, and such files back into blocks.

use super::{block, fold, schema};
use crate::fault::Fault;
use crate::files::{Bundle, Files, RestoreError, Restored, Runs, SeriesKey, Writing, text_of};
use crate::point::{Point, day_of, normalise};
use crate::recent_keys::RecentKeys;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::time::Duration;

const BUSY_WAIT: Duration = Duration::from_secs(60);

/// Writes everything that the blocks of these days hold, which are of one bundle, to a file. What still waits in the tail is
/// not given up with them, and not written.
pub(super) fn write_days(connection: &Connection, days: &[i64], files: Files<'_>) -> Result<(), Fault> {
    let Some(first) = days.first() else { return Ok(()) };
    let mut writing = Writing::begin(files, Bundle::of_day(*first))?;
    let mut points = Vec::new();
    for day in days {
        let mut statement =
            connection.prepare_cached("SELECT DISTINCT series FROM blocks WHERE day = ?1 ORDER BY 1")?;
        let all = statement.query_map([day], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        for series in all {
            points.clear();
            read_blocks(connection, *day, series, &mut points)?;
            normalise(&mut points);
            let text = text_of(&key_of(connection, series)?);
            points.iter().try_for_each(|point| writing.push(&text, point))?;
        }
    }
    Ok(writing.finish()?)
}

/// Appends the points of a series' blocks of a day.
pub(super) fn read_blocks(
    connection: &Connection,
    day: i64,
    series: i64,
    points: &mut Vec<Point>,
) -> Result<(), Fault> {
    let sql = "SELECT points FROM blocks WHERE day = ?1 AND series = ?2 ORDER BY first_at, part";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((day, series))?;
    while let Some(row) = rows.next()? {
        let blob = row.get_ref(0)?.as_blob().map_err(|error| Fault::malformed("a block", error))?;
        block::decode(day, blob, points)
            .map_err(|_| Fault::malformed("a block", format!("day {day}, series {series}")))?;
    }
    Ok(())
}

fn key_of(connection: &Connection, series: i64) -> Result<SeriesKey, Fault> {
    let sql = "SELECT site, source, name, point, metric, unit
               FROM series JOIN devices ON devices.id = series.device WHERE series.id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([series], |row| {
        Ok(SeriesKey {
            site: row.get(0)?,
            source: row.get(1)?,
            device: row.get(2)?,
            point: row.get(3)?,
            metric: row.get(4)?,
            unit: row.get(5)?,
        })
    })?)
}

/// Adds the readings of files to the archive in a file, which is made where there is none; a transaction each.
pub(crate) fn restore(path: &Path, files: &[PathBuf]) -> Result<Restored, RestoreError> {
    let mut connection = schema::open_writer(path, BUSY_WAIT, None)?;
    let mut done = Restored::default();
    for file in files {
        restore_file(&mut connection, file, &mut done)?;
        done.files += 1;
    }
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(Fault::from)?;
    Ok(done)
}

fn restore_file(connection: &mut Connection, file: &Path, done: &mut Restored) -> Result<(), Fault> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut runs = Runs::open(file)?;
    while let Some((key, points)) = runs.next()? {
        let series = series_of(&step, &key, &points)?;
        for of_day in points.chunk_by(|a, b| day_of(a.at) == day_of(b.at)) {
            let Some(first) = of_day.first() else { continue };
            done.added += add(&step, day_of(first.at), series, of_day)?;
        }
        done.readings += u64::try_from(points.len()).unwrap_or(u64::MAX);
    }
    Ok(step.commit()?)
}

/// The number of a series. A new device or series gets its row.
fn series_of(connection: &Connection, key: &SeriesKey, points: &[Point]) -> Result<i64, Fault> {
    let heard = || points.iter().map(|point| point.received);
    let (first, last) = (heard().min().unwrap_or(0), heard().max().unwrap_or(0));
    let sql = "INSERT INTO devices (site, source, name, first_received, last_received, recent_keys)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (site, source, name) DO UPDATE SET
               first_received = min(first_received, excluded.first_received),
               last_received = max(last_received, excluded.last_received) RETURNING id";
    let device: i64 = connection
        .prepare_cached(sql)?
        .query_row((&key.site, &key.source, &key.device, first, last, RecentKeys::default().encode()), |row| {
            row.get(0)
        })?;
    let sql = "INSERT INTO series (device, point, metric, unit) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (device, point, metric, unit) DO UPDATE SET unit = unit RETURNING id";
    let values = (device, &key.point, &key.metric, &key.unit);
    Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}

/// Merges points of a series into its blocks of that day, written anew; by how many they grew.
fn add(connection: &Connection, day: i64, series: i64, added: &[Point]) -> Result<u64, Fault> {
    let mut points = Vec::new();
    read_blocks(connection, day, series, &mut points)?;
    let before = points.len();
    points.extend_from_slice(added);
    normalise(&mut points);
    connection.prepare_cached("DELETE FROM blocks WHERE day = ?1 AND series = ?2")?.execute((day, series))?;
    fold::put_blocks(connection, day, series, &points, &mut Vec::new())?;
    let (before, after) = (i64::try_from(before).unwrap_or(0), i64::try_from(points.len()).unwrap_or(0));
    fold::count_day(connection, day, after - before)?;
    Ok(u64::try_from(after - before).unwrap_or(0))
}
