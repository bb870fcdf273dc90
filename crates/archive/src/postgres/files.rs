//! Days of rows to a file of readings, and such files back into rows.

use super::copy::Copy;
use super::link::Link;
use super::noted::Noted;
use super::rows::is_sound;
use super::server::Server;
use super::session::{Purpose, Session};
use super::times::{At, Day};
use super::{rollups, schema};
use crate::errors::Unfit;
use crate::fault::Fault;
use crate::files::{Bundle, Files, RestoreError, Restored, Runs, SeriesKey, Writing, text_of};
use crate::point::{Point, day_of};
use futures_util::TryStreamExt;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::pin::pin;
use tokio_postgres::Row;
use watchfire_model::Value;

/// Rows that are sent at a time.
const COPY_ROWS: usize = 60_000;

/// Gives up a day, once it is in its file. Nobody adds to it between the two.
pub(super) async fn give_up_day(link: &Link, day: i64, files: Files<'_>) -> Result<u64, Fault> {
    begin(link).await?;
    let part = link.row("SELECT day_part('readings', $1)::text", &[&Day(day)]).await?;
    let part: Option<String> = part.map_or(Ok(None), |row| row.try_get(0))?;
    let part = part.ok_or_else(|| Fault::malformed("a day", "the table of its readings is gone"))?;
    link.batch(&format!("LOCK TABLE {part} IN SHARE MODE")).await?;
    let names = "SELECT series.id, site, source, name, point, metric, unit, is_boolean
        FROM series JOIN devices ON devices.id = series.device
        WHERE EXISTS (SELECT FROM readings WHERE readings.series = series.id AND at >= $1 AND at < $2)";
    let rows = "SELECT DISTINCT ON (series, at, value) series, at, received, value FROM readings
        WHERE at >= $1 AND at < $2 ORDER BY series, at, value, received";
    let span = (At(Day(day).start()), At(Day(day + 1).start()));
    write(link, (names, rows), span, (files, Bundle::of_day(day))).await?;
    let gone = link.row("SELECT drop_day($1)", &[&Day(day)]).await?.map_or(Ok(0i64), |row| row.try_get(0))?;
    link.batch("COMMIT").await?;
    Ok(gone.unsigned_abs())
}

/// Gives up what wrong clocks gave until a time, once it is in its file.
pub(super) async fn give_up_strays(link: &Link, until: At, files: Files<'_>) -> Result<u64, Fault> {
    begin(link).await?;
    link.batch("LOCK TABLE stray_readings IN SHARE ROW EXCLUSIVE MODE").await?;
    let names = "SELECT series.id, site, source, name, point, metric, unit, is_boolean
        FROM series JOIN devices ON devices.id = series.device
        WHERE series.id IN (SELECT series FROM stray_readings WHERE at >= $1 AND at <= $2)";
    let rows = "SELECT DISTINCT ON (series, at, value) series, at, received, value FROM stray_readings
        WHERE at >= $1 AND at <= $2 ORDER BY series, at, value, received";
    let span = (At(i64::MIN), until);
    write(link, (names, rows), span, (files, Bundle::wrong_clocks())).await?;
    let gone = link.execute("DELETE FROM stray_readings WHERE at >= $1 AND at <= $2", &[&span.0, &span.1]).await?;
    link.batch("COMMIT").await?;
    Ok(gone)
}

/// A transaction that may be idle while a file is synced and read back.
async fn begin(link: &Link) -> Result<(), Fault> {
    link.batch("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0").await
}

/// Writes the readings of a span to a file of the bundle; rows that repeat another are none.
async fn write(
    link: &Link,
    (names, rows): (&'static str, &'static str),
    span: (At, At),
    (files, bundle): (Files<'_>, Bundle),
) -> Result<(), Fault> {
    let mut series = HashMap::<i32, (String, bool)>::new();
    for row in link.query(names, &[&span.0, &span.1]).await? {
        series.insert(row.try_get(0)?, (text_of(&key_of(&row)?), row.try_get(7)?));
    }
    let mut writing = Writing::begin(files, bundle)?;
    let mut stream = pin!(link.stream(rows, &[&span.0, &span.1]).await?);
    while let Some(row) = stream.try_next().await? {
        let id: i32 = row.try_get(0)?;
        let (text, is_boolean) =
            series.get(&id).ok_or_else(|| Fault::malformed("a reading", format!("there is no series {id}")))?;
        let value: f64 = row.try_get(3)?;
        let value = if *is_boolean { Value::Bool(value != 0.0) } else { Value::Number(value) };
        let point = Point { at: row.try_get::<_, At>(1)?.0, received: row.try_get::<_, At>(2)?.0, value };
        writing.push(text, &point)?;
    }
    Ok(writing.finish()?)
}

fn key_of(row: &Row) -> Result<SeriesKey, Fault> {
    Ok(SeriesKey {
        site: row.try_get(1)?,
        source: row.try_get(2)?,
        device: row.try_get(3)?,
        point: row.try_get(4)?,
        metric: row.try_get(5)?,
        unit: row.try_get(6)?,
    })
}

/// Adds the readings of files to the archive on a server, whose tables are made where there are none; a transaction each,
/// and roll-ups after it.
pub(crate) fn restore(server: &Server, files: &[PathBuf]) -> Result<Restored, RestoreError> {
    let mut session = Session::open(server, Purpose::Upkeep)?;
    schema::migrate(&mut session)?;
    session.run(async |link| {
        rollups::prepare(link).await.map_err(Unfit::from)?;
        let mut done = Restored::default();
        for file in files {
            restore_file(link, file, &mut done).await?;
            while !rollups::round(link).await?.is_last {}
            done.files += 1;
        }
        Ok(done)
    })
}

async fn restore_file(link: &Link, file: &Path, done: &mut Restored) -> Result<(), Fault> {
    for table in ["restored", "restored_strays"] {
        link.batch(&format!(
            "CREATE TEMPORARY TABLE IF NOT EXISTS {table} (at timestamptz, received timestamptz, value double precision,
             series integer) ON COMMIT DELETE ROWS"
        ))
        .await?;
    }
    begin(link).await?;
    let (mut sound, mut strays, mut days) = (Copy::default(), Copy::default(), BTreeSet::new());
    let mut runs = Runs::open(file)?;
    while let Some((key, points)) = runs.next()? {
        done.readings += u64::try_from(points.len()).unwrap_or(u64::MAX);
        for kind in points.chunk_by(|a, b| is_boolean(a) == is_boolean(b)) {
            let Some(first) = kind.first() else { continue };
            let series = series_of(link, &key, is_boolean(first), &points).await?;
            for point in kind {
                let is_sound = is_sound(point.at, point.received);
                if is_sound && days.insert(day_of(point.at)) {
                    link.execute("SELECT make_day($1)", &[&Day(day_of(point.at))]).await?;
                }
                (if is_sound { &mut sound } else { &mut strays }).push(series, *point);
            }
        }
        if sound.len() + strays.len() >= COPY_ROWS {
            send(link, &mut sound, &mut strays).await?;
        }
    }
    send(link, &mut sound, &mut strays).await?;
    done.added += add(link).await?;
    link.batch("COMMIT").await
}

fn is_boolean(point: &Point) -> bool {
    matches!(point.value, Value::Bool(_))
}

async fn send(link: &Link, sound: &mut Copy, strays: &mut Copy) -> Result<(), Fault> {
    sound.sort();
    sound.send(link, "COPY restored (at, received, value, series) FROM STDIN BINARY").await?;
    strays.send(link, "COPY restored_strays (at, received, value, series) FROM STDIN BINARY").await?;
    Noted::of(sound).write_minutes(link).await?;
    (*sound, *strays) = (Copy::default(), Copy::default());
    Ok(())
}

/// Adds what was sent and is not there yet; how many rows.
async fn add(link: &Link) -> Result<u64, Fault> {
    let sql = "WITH added AS (
            INSERT INTO readings (at, received, value, series)
            SELECT DISTINCT ON (series, at, value) at, received, value, series FROM restored
            WHERE NOT EXISTS (SELECT FROM readings AS known
                WHERE known.series = restored.series AND known.at = restored.at AND known.value = restored.value)
            ORDER BY series, at, value, received
            RETURNING at
        ), counted AS (SELECT (at AT TIME ZONE 'UTC')::date AS day, count(*) AS rows FROM added GROUP BY 1)
        UPDATE days SET readings = readings + counted.rows FROM counted WHERE days.day = counted.day
        RETURNING counted.rows";
    let mut added = 0;
    for row in link.query(sql, &[]).await? {
        added += row.try_get::<_, i64>(0)?.unsigned_abs();
    }
    let sql = "INSERT INTO stray_readings (at, received, value, series)
        SELECT DISTINCT ON (series, at, value) at, received, value, series FROM restored_strays AS one
        WHERE NOT EXISTS (SELECT FROM stray_readings AS known
            WHERE known.series = one.series AND known.at = one.at AND known.value = one.value)
        ORDER BY series, at, value, received";
    Ok(added + link.execute(sql, &[]).await?)
}

/// The number of a series. A new device or series gets its row.
async fn series_of(link: &Link, key: &SeriesKey, is_boolean: bool, points: &[Point]) -> Result<i32, Fault> {
    let heard = || points.iter().map(|point| point.received);
    let (first, last) = (At(heard().min().unwrap_or(0)), At(heard().max().unwrap_or(0)));
    let sql = "INSERT INTO devices AS known (site, source, name, first_received, last_received)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (site, source, name) DO UPDATE SET
        first_received = least(known.first_received, excluded.first_received),
        last_received = greatest(known.last_received, excluded.last_received) RETURNING id";
    let device = link.row(sql, &[&key.site, &key.source, &key.device, &first, &last]).await?;
    let device: i32 = device.map_or(Ok(0), |row| row.try_get(0))?;
    let sql = "INSERT INTO series (device, point, metric, unit, is_boolean) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (device, point, metric, unit, is_boolean) DO UPDATE SET unit = excluded.unit RETURNING id";
    // A maker's word with a NUL, from a file of an archive in a file.
    let (metric, unit) = (super::times::clean(&key.metric), super::times::clean(&key.unit));
    let series = link.row(sql, &[&device, &key.point, &&*metric, &&*unit, &is_boolean]).await?;
    Ok(series.map_or(Ok(0), |row| row.try_get(0))?)
}
