//! The tables, migration by migration, and how a connection to them is opened.

use crate::errors::Unfit;
use crate::fault::Fault;
use crate::migrations::{HISTORY, last, settled, unfit_of};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Marks the file as ours ("wfar"), so that a wrong path does not write into somebody else's database.
const APPLICATION_ID: i64 = 0x7766_6172;
/// Four blocks fit a page, and a block never needs a page of its own.
const PAGE_BYTES: i64 = 8192;
/// The log is copied into the file each time it has grown by this many pages: 16 MB.
const CHECKPOINT_PAGES: i64 = 2000;
/// A log that a slow reader let grow is cut to this afterwards.
const LOG_BYTES_KEPT: i64 = 64 * 1024 * 1024;
const WRITER_CACHE_KIB: i64 = 64 * 1024;
const READER_CACHE_KIB: i64 = 8 * 1024;

mod steps {
    refinery::embed_migrations!("src/sqlite/schema");
}

/// Opens the file for writing; makes it when it is not there; brings its tables up to date.
pub(crate) fn open_writer(path: &Path, busy: Duration, bytes_max: Option<u64>) -> Result<Connection, Unfit> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy)?;
    connection.set_prepared_statement_cache_capacity(64);
    if is_empty(&connection)? {
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    check_owner(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    limit_bytes(&connection, bytes_max)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens the file for reading only. It must be there and up to date.
pub(crate) fn open_reader(path: &Path, busy: Duration) -> Result<Connection, Unfit> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    check_owner(&connection)?;
    let (found, known) = (taken(&connection)?, last(&steps::migrations::runner()));
    if found > known {
        return Err(Unfit::Newer { found, known });
    }
    Ok(connection)
}

/// Sets or lifts the limit beyond which SQLite answers "full".
pub(crate) fn limit_bytes(connection: &Connection, bytes_max: Option<u64>) -> Result<(), Fault> {
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = match bytes_max {
        Some(bytes) => i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1),
        // SQLite's own end, 2^32 - 2 pages.
        None => 4_294_967_294,
    };
    connection.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))?;
    Ok(())
}

/// Bytes of the file that hold something, and bytes of the file.
pub(crate) fn file_bytes(connection: &Connection) -> Result<(u64, u64), Fault> {
    let read = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    let (page, pages, free) = (read("page_size")?, read("page_count")?, read("freelist_count")?);
    let bytes = u64::from(page) * u64::from(pages);
    Ok((bytes - u64::from(page) * u64::from(free), bytes))
}

fn is_empty(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn check_owner(connection: &Connection) -> Result<(), Unfit> {
    let owner: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if owner != APPLICATION_ID {
        return Err(Unfit::Foreign);
    }
    Ok(())
}

/// The last migration that the file has taken; 0 when none.
fn taken(connection: &Connection) -> Result<i64, Unfit> {
    debug_assert_eq!(HISTORY, "schema_history", "as the statements say");
    let sql = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'schema_history'";
    if !connection.query_row(sql, [], |row| row.get(0))? {
        return Ok(0);
    }
    Ok(connection.query_row("SELECT coalesce(max(version), 0) FROM schema_history", [], |row| row.get(0))?)
}

fn migrate(connection: &mut Connection) -> Result<(), Unfit> {
    let runner = settled(steps::migrations::runner());
    runner.run(connection).map_err(|error| unfit_of(error, &runner))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::steps::migrations::runner;
    use crate::migrations::sums;

    #[test]
    fn a_migration_never_changes() {
        let released = [
            ("first", 15_658_649_586_598_504_636),
            ("tests", 3_531_587_042_361_852_035),
            ("records", 12_716_649_126_158_743_288),
            ("points", 6_994_871_228_711_929_925),
            ("rollups", 12_204_306_912_505_330_587),
        ];
        assert_eq!(sums(&runner()), released.map(|(name, sum)| (name.to_owned(), sum)), "add another instead");
    }
}
