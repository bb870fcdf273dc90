//! Readings and their minutes in hypertables of TimescaleDB. Whether they are is settled when the tables are made (`schema/V5__hypertable.sql`);
//! the functions made there hide it from everything else.

use super::link::Link;
use super::times::Day;
use crate::fault::Fault;
use crate::point::day_of;
use tracing::{info, warn};

/// Days that stay uncompressed behind the one that it is: late readings mostly belong to these.
const OPEN_DAYS: i64 = 3;

/// Says how readings are kept, where that may not be what somebody expects.
pub(crate) async fn tell(link: &Link) -> Result<(), Fault> {
    let sql = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb'), can_compress(),
               (SELECT relkind = 'p' FROM pg_class WHERE oid = 'readings'::regclass)";
    let Some(row) = link.row(sql, &[]).await? else { return Ok(()) };
    let (is_installed, can_compress, is_partitioned) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    match (is_installed, can_compress, is_partitioned) {
        (false, ..) => {}
        (true, _, true) => info!(
            "TimescaleDB is installed, but readings are in native partitions and stay there: their tables were made \
             before it was, or without the right to use its schema (deploy/postgresql/README.md)"
        ),
        (true, true, false) => {
            info!(open_days = OPEN_DAYS, "readings are in a hypertable; days that are over are compressed")
        }
        (true, false, false) => {
            warn!("readings are in a hypertable; days are not compressed: timescaledb.license does not allow it");
        }
    }
    Ok(())
}

/// Whether there is anything that can be compressed.
pub(crate) async fn can_compress(link: &Link) -> Result<bool, Fault> {
    Ok(link.row("SELECT can_compress()", &[]).await?.map_or(Ok(false), |row| row.try_get(0))?)
}

/// Compresses the days that are over at `now`, in µs since 1970; a table of a day is a transaction.
pub(crate) async fn compress(link: &Link, now: i64) -> Result<(), Fault> {
    while compress_oldest(link, Day(day_of(now) - OPEN_DAYS)).await? {}
    Ok(())
}

async fn compress_oldest(link: &Link, before: Day) -> Result<bool, Fault> {
    Ok(link.row("SELECT compress_oldest($1)", &[&before]).await?.map_or(Ok(false), |row| row.try_get(0))?)
}
