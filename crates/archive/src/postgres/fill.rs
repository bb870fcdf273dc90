//! Fills the archive of a server with everything that one in a file holds. While that goes on, `filling` has a row, and no
//! writer begins; what was cut short is begun anew. The cursors come last.

use super::copy::{Copy, Sink};
use super::link::Link;
use super::noted::Noted;
use super::recent_frames::RecentFrames;
use super::server::Server;
use super::session::{Purpose, Session};
use super::times::{At, Day, clean};
use super::{retention, rollups, rows, schema};
use crate::errors::OpenError;
use crate::fault::Fault;
use crate::migrate::{MigrateError, Migrated};
use crate::rollup::RollUp;
use crate::sqlite::Export;
use bytes::{BufMut, BytesMut};
use rusqlite::types::ValueRef;
use std::collections::HashMap;
use watchfire_model::Value;

/// Tables whose rows are those of the file, column by column.
pub(crate) const TABLES_BY_ROWS: &[&str] = &[
    "devices",
    "gaps",
    "alerts",
    "transitions",
    "deliveries",
    "orders",
    "defects",
    "duty_checks",
    "inspections",
    "incidents",
    "incident_alerts",
    "audit",
    "registry_sites",
    "registry_zones",
    "registry_devices",
    "registry_points",
];
/// Readings of one COPY.
const COPY_ROWS: usize = 60_000;

/// Copies all of it; `told` hears of each day that is done.
pub(crate) fn fill(server: &Server, from: &Export, mut told: impl FnMut(&Migrated)) -> Result<Migrated, MigrateError> {
    let mut session = Session::open(server, Purpose::Upkeep).map_err(OpenError::from)?;
    schema::migrate(&mut session).map_err(OpenError::from)?;
    session.run(async |link| {
        begin(link).await?;
        let mut filling = Filling { link, from, series: HashMap::new(), next_series: 0, done: Migrated::default() };
        filling.all(&mut told).await?;
        Ok(filling.done)
    })
}

/// Takes hold of an archive that is empty, or was being filled.
async fn begin(link: &Link) -> Result<(), MigrateError> {
    link.batch("BEGIN; LOCK TABLE cursors IN ACCESS EXCLUSIVE MODE").await?;
    let sql = "SELECT EXISTS (SELECT FROM filling), EXISTS (SELECT FROM cursors WHERE position > 0)";
    let row = link.row(sql, &[]).await?.ok_or_else(|| Fault::malformed("the archive", "no answer"))?;
    let (is_filling, is_in_use): (bool, bool) =
        (row.try_get(0).map_err(Fault::from)?, row.try_get(1).map_err(Fault::from)?);
    if is_in_use && !is_filling {
        return Err(MigrateError::NotEmpty);
    }
    link.batch("INSERT INTO filling SELECT now() WHERE NOT EXISTS (SELECT FROM filling)").await?;
    link.batch("COMMIT").await?;
    for day in retention::days(link).await? {
        link.execute("SELECT drop_day($1)", &[&Day(day)]).await?;
    }
    for (day, _) in retention::rolled_days(link).await? {
        link.execute("SELECT drop_rollups($1)", &[&Day(day)]).await?;
    }
    let tables = TABLES_BY_ROWS.join(", ");
    link.batch(&format!(
        "TRUNCATE cursors, lanes, series, stray_readings, readings_1d, rollups_due, recent_frames, {tables} RESTART IDENTITY"
    ))
    .await?;
    Ok(())
}

struct Filling<'a> {
    link: &'a Link,
    from: &'a Export,
    /// The number of a series here, by its number there and whether its values are booleans.
    series: HashMap<(i64, bool), i32>,
    next_series: i64,
    done: Migrated,
}

/// Roll-ups of hours, a column an array.
#[derive(Default)]
struct Hours {
    series: Vec<i32>,
    at: Vec<At>,
    first_at: Vec<At>,
    last_at: Vec<At>,
    min: Vec<f64>,
    max: Vec<f64>,
    mean: Vec<f64>,
    last: Vec<f64>,
    true_s: Vec<Option<f64>>,
    count: Vec<i64>,
}

impl Hours {
    fn push(&mut self, series: i32, one: &RollUp) {
        self.series.push(series);
        self.at.push(At(one.at));
        self.first_at.push(At(one.first_at));
        self.last_at.push(At(one.last_at));
        self.min.push(one.min);
        self.max.push(one.max);
        self.mean.push(one.mean);
        self.last.push(one.last);
        self.true_s.push(one.true_s);
        self.count.push(one.count);
    }
}

impl Filling<'_> {
    async fn all(&mut self, told: &mut impl FnMut(&Migrated)) -> Result<(), MigrateError> {
        rollups::prepare(self.link).await?;
        for table in TABLES_BY_ROWS {
            let rows = self.table(table).await?;
            self.done.rows.push((table, rows));
        }
        self.next_series = self.from.last_series()? + 1;
        for day in self.from.rolled_days()? {
            self.rolled_day(day).await?;
        }
        let days = self.from.days()?;
        self.done.days = days.len();
        for day in days {
            self.day(day).await?;
            while !rollups::round(self.link).await?.is_last {}
            self.done.days_done += 1;
            told(&self.done);
        }
        self.recent_frames().await?;
        self.finish().await
    }

    /// The hours of a day whose readings are gone, and the day of them.
    async fn rolled_day(&mut self, day: i64) -> Result<(), Fault> {
        let mut columns = Hours::default();
        for (series, is_boolean, one) in self.from.hours(day)? {
            let number = self.number(series, is_boolean).await?;
            columns.push(number, &one);
        }
        self.link.execute("SELECT make_rollup_parts($1)", &[&Day(day)]).await?;
        self.link.execute("INSERT INTO rolled_days VALUES ($1, true)", &[&Day(day)]).await?;
        self.link.execute("SELECT drop_minutes($1)", &[&Day(day)]).await?;
        let sql = "INSERT INTO readings_1h (series, at, first_at, last_at, min, max, mean, last, true_s, count)
            SELECT * FROM unnest($1::int4[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::float8[],
                $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::int8[])";
        let Hours { series, at, first_at, last_at, min, max, mean, last, true_s, count } = &columns;
        self.link.execute(sql, &[series, at, first_at, last_at, min, max, mean, last, true_s, count]).await?;
        rollups::days_of_hours(self.link, (At(Day(day).start()), At(Day(day + 1).start() - 1))).await
    }

    /// The readings of a day, in a transaction.
    async fn day(&mut self, day: i64) -> Result<(), Fault> {
        self.link.batch("BEGIN").await?;
        let (mut sound, mut strays, mut points) = (Copy::default(), Copy::default(), Vec::new());
        let mut is_made = false;
        for series in self.from.series_of(day)? {
            self.from.points(day, series, &mut points)?;
            for point in &points {
                let number = self.number(series, matches!(point.value, Value::Bool(_))).await?;
                let is_sound = rows::is_sound(point.at, point.received);
                if is_sound && !is_made {
                    self.link.execute("SELECT make_day($1)", &[&Day(day)]).await?;
                    is_made = true;
                }
                (if is_sound { &mut sound } else { &mut strays }).push(number, *point);
                if sound.len() + strays.len() >= COPY_ROWS {
                    self.send(&mut sound, &mut strays).await?;
                }
            }
            self.done.readings += u64::try_from(points.len()).unwrap_or(u64::MAX);
        }
        self.send(&mut sound, &mut strays).await?;
        self.link.batch("COMMIT").await
    }

    async fn send(&self, sound: &mut Copy, strays: &mut Copy) -> Result<(), Fault> {
        sound.sort();
        sound.send_readings(self.link).await?;
        strays.send_strays(self.link).await?;
        Noted::of(sound).write(self.link).await?;
        (*sound, *strays) = (Copy::default(), Copy::default());
        Ok(())
    }

    /// The number of a series here: the same as there, but of one with values of both kinds for one kind only.
    async fn number(&mut self, series: i64, is_boolean: bool) -> Result<i32, Fault> {
        if let Some(number) = self.series.get(&(series, is_boolean)) {
            return Ok(*number);
        }
        let mut id = series;
        if self.series.contains_key(&(series, !is_boolean)) {
            id = self.next_series;
            self.next_series += 1;
        }
        let row = self.from.series(series)?;
        let sql = "INSERT INTO series (id, device, point, metric, unit, is_boolean) OVERRIDING SYSTEM VALUE
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let (id, device) = (narrow(id)?, narrow(row.device)?);
        let (point, metric, unit) = (clean(&row.point), clean(&row.metric), clean(&row.unit));
        self.link.execute(sql, &[&id, &device, &&*point, &&*metric, &&*unit, &is_boolean]).await?;
        self.series.insert((series, is_boolean), id);
        Ok(id)
    }

    async fn recent_frames(&self) -> Result<(), Fault> {
        let mut recent = RecentFrames::default();
        for (device, received, fingerprint) in self.from.recent_frames()? {
            recent.repeats(narrow(device)?, received, fingerprint);
        }
        recent.write(self.link).await
    }

    /// Copies the rows of a table; how many.
    async fn table(&self, table: &str) -> Result<u64, Fault> {
        let sql = "SELECT column_name::text, udt_name::text FROM information_schema.columns
                   WHERE table_schema = 'watchfire' AND table_name = $1 ORDER BY ordinal_position";
        let (mut names, mut kinds) = (Vec::new(), Vec::new());
        for row in self.link.query(sql, &[&table]).await? {
            names.push(row.try_get::<_, String>(0)?);
            kinds.push(row.try_get::<_, String>(1)?);
        }
        // A file's rows are small; a year of alerts is some megabytes.
        let mut encoded = BytesMut::new();
        let columns = i16::try_from(names.len()).unwrap_or(i16::MAX);
        self.from.rows(table, &names, |values| {
            encoded.put_i16(columns);
            values.iter().zip(&kinds).try_for_each(|(value, kind)| put_value(&mut encoded, kind, *value))
        })?;
        let sql = format!("COPY {table} ({}) FROM STDIN BINARY", names.join(", "));
        let mut sink = Sink::begin_once(self.link, &sql).await?;
        sink.put(&encoded).await?;
        sink.finish().await
    }

    async fn finish(&self) -> Result<(), MigrateError> {
        for table in ["devices", "series", "transitions"] {
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('watchfire.{table}', 'id'),
                 (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
            );
            self.link.batch(&sql).await?;
        }
        self.link.batch("ANALYZE readings, series, devices, alerts, transitions").await?;
        self.link.batch("BEGIN").await?;
        for (log, journal, position) in &self.from.cursors {
            let sql = "INSERT INTO cursors (log, journal, position) VALUES ($1, $2, $3)";
            self.link.execute(sql, &[log, journal, position]).await?;
        }
        self.link.batch("DELETE FROM filling; COMMIT").await?;
        Ok(())
    }
}

fn narrow(id: i64) -> Result<i32, Fault> {
    i32::try_from(id).map_err(|error| Fault::malformed("a number of a device or series", error))
}

/// A value of a file as the column of that type takes it.
fn put_value(out: &mut BytesMut, kind: &str, value: ValueRef<'_>) -> Result<(), Fault> {
    let wrong = || Fault::malformed("a row", format!("a value is no {kind}"));
    match (kind, value) {
        (_, ValueRef::Null) => out.put_i32(-1),
        ("text", ValueRef::Text(bytes)) => {
            let text = clean(std::str::from_utf8(bytes).map_err(|_| wrong())?);
            put_bytes(out, text.as_bytes())?;
        }
        ("bytea", ValueRef::Blob(bytes)) => put_bytes(out, bytes)?,
        ("timestamptz", ValueRef::Integer(value)) => {
            out.put_i32(8);
            out.put_i64(At(value).raw());
        }
        ("int8", ValueRef::Integer(value)) => {
            out.put_i32(8);
            out.put_i64(value);
        }
        ("int4", ValueRef::Integer(value)) => {
            out.put_i32(4);
            out.put_i32(i32::try_from(value).map_err(|_| wrong())?);
        }
        ("date", ValueRef::Integer(value)) => {
            out.put_i32(4);
            out.put_i32(Day(value).raw().map_err(|_| wrong())?);
        }
        ("bool", ValueRef::Integer(value)) => {
            out.put_i32(1);
            out.put_u8(u8::from(value != 0));
        }
        ("float8", ValueRef::Real(value)) => {
            out.put_i32(8);
            out.put_f64(value);
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

fn put_bytes(out: &mut BytesMut, bytes: &[u8]) -> Result<(), Fault> {
    out.put_i32(i32::try_from(bytes.len()).map_err(|error| Fault::malformed("a row", error))?);
    out.put_slice(bytes);
    Ok(())
}
