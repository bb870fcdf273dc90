//! Giving up history: by age, and when there is no room.
//!
//! Readings go by whole days, and leave roll-ups behind that go by an age of their own. When the file nears its limit the oldest days go first, whatever their age, but days
//! beyond tomorrow before them: a device whose clock runs ahead must not push out real history. Alerts, deliveries and
//! orders go by age only, and an alert only when it is over.

use super::files::write_days;
use super::rollups;
use super::schema;
use super::store::{FileStore, Live};
use crate::errors::WriteError;
use crate::fault::{Fault, Trouble};
use crate::files::{Bundle, Files};
use crate::plain_row::{OLD_AUDIT, OLD_INCIDENTS};
use crate::point::day_of;
use crate::retention::{GivenUp, Retention};
use rusqlite::{Connection, TransactionBehavior};
use tracing::warn;

/// Room that deleting itself may take beyond the limit, in bytes.
const SLACK_BYTES: u64 = 4 * 1024 * 1024;
/// Pages given back to the disk by one call, at most: 400 MB.
const RETURN_PAGES_MAX: u32 = 50_000;
/// Alerts forgotten by one call, at most. The rest goes with the next.
const ALERTS_MAX: u32 = 10_000;

impl FileStore {
    /// Bytes of the file that hold something now: what [`Retention::bytes_wanted`] is to be measured by.
    pub(crate) fn bytes_used(&mut self) -> Result<u64, WriteError> {
        self.run(|_, live| Ok(schema::file_bytes(&live.connection)?.0))
    }

    /// Gives up what need not be kept, and the oldest readings until the file uses at most 9/10 of `bytes_max` and
    /// `bytes_wanted`. To be called each hour, and after [`WriteError::Full`].
    pub(crate) fn retain(&mut self, retention: &Retention) -> Result<GivenUp, WriteError> {
        let limit = self.options.bytes_max;
        self.run(|store, live| {
            let slack = limit.map(|limit| limit.saturating_add(SLACK_BYTES));
            schema::limit_bytes(&live.connection, slack)?;
            let alerts = forget_alerts(&mut live.connection, retention)?;
            let files = retention.files.as_deref().map(|folder| Files { folder, journal: store.journal });
            let mut given = GivenUp { alerts, ..GivenUp::default() };
            given.readings_by_age = by_age(live, retention, files)?;
            rollups::forget_before(&live.connection, day_of(retention.rollups_from.0))?;
            let below_limit = limit.map(|limit| limit - limit / 10);
            if let Some(bytes) = [below_limit, retention.bytes_wanted].into_iter().flatten().min() {
                given.readings_by_room = by_room(live, retention, bytes, files)?;
            }
            return_pages(&live.connection)?;
            schema::limit_bytes(&live.connection, limit)?;
            // The file shrinks when the log is copied into it; a reader in the way only puts that off.
            live.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            let (used, file) = schema::file_bytes(&live.connection)?;
            given.bytes_used = used;
            store.metrics.bytes.set(file.cast_signed());
            Ok(given)
        })
    }
}

/// Gives unused pages back to the disk. The pragma frees one with each row it is asked for.
fn return_pages(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({RETURN_PAGES_MAX})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn by_age(live: &mut Live, retention: &Retention, files: Option<Files<'_>>) -> Result<u64, Fault> {
    let first = day_of(retention.readings_from.0);
    live.connection.execute("DELETE FROM defects WHERE day < ?1", [first])?;
    let old: Vec<i64> = days(&live.connection)?.into_iter().filter(|day| *day < first).collect();
    let mut gone = 0;
    for days in bundles(&old, files) {
        gone += give_up(live, days, (retention, files))?;
    }
    Ok(gone)
}

/// Days that go together: those of one file.
fn bundles<'a>(days: &'a [i64], files: Option<Files<'_>>) -> impl Iterator<Item = &'a [i64]> {
    let has_files = files.is_some();
    days.chunk_by(move |a, b| has_files && Bundle::of_day(*a) == Bundle::of_day(*b))
}

/// Gives up the days of a bundle, once they are in their file.
fn give_up(live: &mut Live, days: &[i64], (retention, files): (&Retention, Option<Files<'_>>)) -> Result<u64, Fault> {
    if let Some(files) = files {
        write_days(&live.connection, days, files)?;
    }
    let mut gone = 0;
    for day in days {
        gone += forget_day(&mut live.connection, *day, retention)?;
    }
    Ok(gone)
}

fn by_room(live: &mut Live, retention: &Retention, bytes_wanted: u64, files: Option<Files<'_>>) -> Result<u64, Fault> {
    let tomorrow = day_of(retention.now.0) + 1;
    let days = days(&live.connection)?;
    let (sound, ahead): (Vec<i64>, Vec<i64>) = days.into_iter().partition(|day| *day <= tomorrow);
    let mut gone = 0;
    let ahead: Vec<i64> = ahead.into_iter().rev().collect();
    for days in bundles(&ahead, files).chain(bundles(&sound, files)) {
        if schema::file_bytes(&live.connection)?.0 <= bytes_wanted {
            break;
        }
        gone += give_up(live, days, (retention, files))?;
    }
    while schema::file_bytes(&live.connection)?.0 > bytes_wanted
        && let Some(oldest) = rollups::oldest(&live.connection)?
    {
        rollups::forget_before(&live.connection, oldest + 1)?;
    }
    Ok(gone)
}

fn days(connection: &Connection) -> Result<Vec<i64>, Fault> {
    let mut statement = connection.prepare_cached("SELECT day FROM days ORDER BY day")?;
    let days = statement.query_map([], |row| row.get(0))?;
    Ok(days.collect::<Result<_, _>>()?)
}

/// Forgets the readings of a day; its roll-ups are made of them before, unless there is no room for these: they must not
/// keep what is to make room.
fn forget_day(connection: &mut Connection, day: i64, retention: &Retention) -> Result<u64, Fault> {
    let is_rolled_up = (day_of(retention.rollups_from.0)..=day_of(retention.now.0) + 1).contains(&day);
    match replace_day(connection, day, is_rolled_up) {
        Err(fault) if is_rolled_up && matches!(fault.trouble(), Trouble::Full) => {
            warn!(day, "no room for roll-ups: readings of a day (since 1970) are given up without");
            replace_day(connection, day, false)
        }
        done => done,
    }
}

fn replace_day(connection: &mut Connection, day: i64, is_rolled_up: bool) -> Result<u64, Fault> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let made = if is_rolled_up { Some(rollups::of_day(&step, day)?) } else { None };
    step.execute("DELETE FROM blocks WHERE day = ?1", [day])?;
    let readings: i64 =
        step.query_row("DELETE FROM days WHERE day = ?1 RETURNING readings", [day], |row| row.get(0))?;
    // They go where the readings were.
    made.map_or(Ok(()), |made| rollups::write(&step, day, made))?;
    step.commit()?;
    Ok(readings.cast_unsigned())
}

fn forget_alerts(connection: &mut Connection, retention: &Retention) -> Result<u64, Fault> {
    let from = retention.alerts_from.0;
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let old = format!(
        "SELECT id FROM alerts WHERE condition = 'cleared' AND handling = 'closed' AND changed_at < {from} AND raised_at < {from}
         ORDER BY raised_at, id LIMIT {ALERTS_MAX}"
    );
    step.execute(&format!("DELETE FROM transitions WHERE alert IN ({old})"), [])?;
    step.execute(&format!("DELETE FROM deliveries WHERE alert IN ({old})"), [])?;
    let gone = step.execute(&format!("DELETE FROM alerts WHERE id IN ({old})"), [])?;
    for (from, statements) in [(from, OLD_INCIDENTS), (retention.audit_from.0, OLD_AUDIT)] {
        for sql in statements {
            step.execute(&sql.replace('$', "?"), [from])?;
        }
    }
    step.commit()?;
    Ok(gone.try_into().unwrap_or(u64::MAX))
}
