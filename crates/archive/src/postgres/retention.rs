//! Giving up history: whole days at a time, as in a file.

use super::files::{give_up_day, give_up_strays};
use super::link::Link;
use super::rollups;
use super::times::{At, Day};
use crate::fault::{Fault, Trouble};
use crate::files::Files;
use crate::plain_row::{OLD_AUDIT, OLD_INCIDENTS};
use crate::point::day_of;
use crate::retention::{GivenUp, Retention};
use tracing::warn;

/// Alerts forgotten by one call, at most. The rest goes with the next.
const ALERTS_MAX: i64 = 10_000;
/// Days made ahead of the one that it is.
const DAYS_AHEAD: i64 = 2;

/// Gives up what need not be kept.
pub(crate) async fn retain(
    link: &Link,
    retention: &Retention,
    bytes_max: Option<u64>,
    files: Option<Files<'_>>,
) -> Result<GivenUp, Fault> {
    let mut given = GivenUp { alerts: forget_alerts(link, retention).await?, ..GivenUp::default() };
    given.readings_by_age = by_age(link, retention, files).await?;
    let below_limit = bytes_max.map(|limit| limit - limit / 10);
    if let Some(bytes) = [below_limit, retention.bytes_wanted].into_iter().flatten().min() {
        given.readings_by_room = by_room(link, retention, bytes, files).await?;
    }
    given.bytes_used = bytes_used(link).await?;
    Ok(given)
}

/// Makes the partitions of the days to come.
pub(crate) async fn make_days_ahead(link: &Link, now: i64) -> Result<(), Fault> {
    for day in day_of(now)..=day_of(now) + DAYS_AHEAD {
        link.execute("SELECT make_day($1)", &[&Day(day)]).await?;
    }
    Ok(())
}

/// Bytes of all our tables and indexes.
pub(crate) async fn bytes_used(link: &Link) -> Result<u64, Fault> {
    let sql = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint + chunk_bytes() FROM pg_class
               WHERE relnamespace = 'watchfire'::regnamespace AND relkind = 'r'";
    let bytes: i64 = link.row(sql, &[]).await?.map_or(Ok(0), |row| row.try_get(0))?;
    Ok(bytes.unsigned_abs())
}

/// The days that there are, oldest first.
pub(crate) async fn days(link: &Link) -> Result<Vec<i64>, Fault> {
    let rows = link.query("SELECT day FROM days ORDER BY day", &[]).await?;
    rows.iter().map(|row| Ok(row.try_get::<_, Day>(0)?.0)).collect()
}

async fn by_age(link: &Link, retention: &Retention, files: Option<Files<'_>>) -> Result<u64, Fault> {
    let first = Day(day_of(retention.readings_from.0));
    link.execute("DELETE FROM defects WHERE day < $1", &[&first]).await?;
    let mut gone = drop_strays(link, At(first.start() - 1), files).await?;
    let old: Vec<i64> = days(link).await?.into_iter().filter(|day| *day < first.0).collect();
    if !old.is_empty() {
        finish_rollups(link).await?;
    }
    for day in old {
        gone += drop_day(link, day, files).await?;
    }
    drop_rollups(link, (day_of(retention.minutes_from.0), day_of(retention.rollups_from.0))).await?;
    Ok(gone)
}

/// Makes what is due before readings are given up. Where there is no room for it they go without: they are to make it.
async fn finish_rollups(link: &Link) -> Result<(), Fault> {
    match rollups::finish(link).await {
        Err(fault) if matches!(fault.trouble(), Trouble::Full) => {
            warn!(%fault, "no room for the roll-ups that are due: old readings are given up without");
            link.batch("ROLLBACK").await
        }
        done => done,
    }
}

/// Drops roll-ups of days before these whose readings are gone: those of minutes, and all.
async fn drop_rollups(link: &Link, (minutes, all): (i64, i64)) -> Result<(), Fault> {
    for (day, has_minutes) in rolled_days(link).await? {
        if day < all {
            link.execute("SELECT drop_rollups($1)", &[&Day(day)]).await?;
        } else if day < minutes && has_minutes {
            link.execute("SELECT drop_minutes($1)", &[&Day(day)]).await?;
        }
    }
    Ok(())
}

/// The days whose readings are gone and whose roll-ups are not, oldest first, and whether they have minutes.
pub(crate) async fn rolled_days(link: &Link) -> Result<Vec<(i64, bool)>, Fault> {
    let rows = link.query("SELECT day, has_minutes FROM rolled_days ORDER BY day", &[]).await?;
    rows.iter().map(|row| Ok((row.try_get::<_, Day>(0)?.0, row.try_get(1)?))).collect()
}

async fn by_room(
    link: &Link,
    retention: &Retention,
    bytes_wanted: u64,
    files: Option<Files<'_>>,
) -> Result<u64, Fault> {
    if bytes_used(link).await? <= bytes_wanted {
        return Ok(0);
    }
    // Clocks that are wrong must not push out real history.
    let mut gone = drop_strays(link, At(i64::MAX), files).await?;
    let today = day_of(retention.now.0);
    // The oldest detail goes first: minutes whose readings are gone, readings with their minutes, and hours at last.
    for (day, _) in rolled_days(link).await?.into_iter().filter(|(_, has_minutes)| *has_minutes) {
        if bytes_used(link).await? <= bytes_wanted {
            return Ok(gone);
        }
        link.execute("SELECT drop_minutes($1)", &[&Day(day)]).await?;
    }
    finish_rollups(link).await?;
    for day in days(link).await?.into_iter().filter(|day| *day < today) {
        if bytes_used(link).await? <= bytes_wanted {
            return Ok(gone);
        }
        gone += drop_day(link, day, files).await?;
        link.execute("SELECT drop_minutes($1)", &[&Day(day)]).await?;
    }
    for (day, _) in rolled_days(link).await? {
        if bytes_used(link).await? <= bytes_wanted {
            break;
        }
        link.execute("SELECT drop_rollups($1)", &[&Day(day)]).await?;
    }
    Ok(gone)
}

async fn drop_strays(link: &Link, until: At, files: Option<Files<'_>>) -> Result<u64, Fault> {
    match files {
        Some(files) => give_up_strays(link, until, files).await,
        None => link.execute("DELETE FROM stray_readings WHERE at <= $1", &[&until]).await,
    }
}

async fn drop_day(link: &Link, day: i64, files: Option<Files<'_>>) -> Result<u64, Fault> {
    if let Some(files) = files {
        return give_up_day(link, day, files).await;
    }
    let gone: i64 = link.row("SELECT drop_day($1)", &[&Day(day)]).await?.map_or(Ok(0), |row| row.try_get(0))?;
    Ok(gone.unsigned_abs())
}

async fn forget_alerts(link: &Link, retention: &Retention) -> Result<u64, Fault> {
    let from = At(retention.alerts_from.0);
    let sql = "WITH old AS (
            DELETE FROM alerts WHERE id IN (
                SELECT id FROM alerts
                WHERE condition = 'cleared' AND handling = 'closed' AND changed_at < $1 AND raised_at < $1
                ORDER BY raised_at, id LIMIT $2)
            RETURNING id
        ), gone_transitions AS (DELETE FROM transitions WHERE alert IN (SELECT id FROM old)
        ), gone_deliveries AS (DELETE FROM deliveries WHERE alert IN (SELECT id FROM old))
        SELECT count(*) FROM old";
    let gone: i64 = link.row(sql, &[&from, &ALERTS_MAX]).await?.map_or(Ok(0), |row| row.try_get(0))?;
    for (from, statements) in [(from, OLD_INCIDENTS), (At(retention.audit_from.0), OLD_AUDIT)] {
        for sql in statements {
            link.execute(sql, &[&from]).await?;
        }
    }
    Ok(gone.unsigned_abs())
}
