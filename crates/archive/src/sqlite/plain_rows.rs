//! Rows of plain tables, written and read.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::plain_row::{Cell, PlainRow, PlainSet};
use crate::store::Cursors;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Cell::Integer(value) => ToSqlOutput::from(*value),
            Cell::Bool(value) => ToSqlOutput::from(*value),
            Cell::Time(at) => ToSqlOutput::from(at.0),
        })
    }
}

/// Writes those of the batch that are beyond the cursors.
pub(crate) fn write(connection: &Connection, batch: &Batch, cursors: Cursors) -> Result<(), Fault> {
    for PlainRow { sql, cells, .. } in batch.plain_beyond(cursors) {
        connection.prepare_cached(&numbered(sql))?.execute(params_from_iter(cells))?;
    }
    for listing in batch.listings_beyond(cursors) {
        for PlainSet { sql, rows, .. } in listing.sets() {
            let mut statement = connection.prepare_cached(&numbered(sql))?;
            for cells in &rows {
                statement.execute(params_from_iter(cells))?;
            }
        }
        for PlainRow { sql, cells, .. } in listing.leave() {
            connection.prepare_cached(&numbered(sql))?.execute(params_from_iter(cells))?;
        }
    }
    Ok(())
}

/// SQLite takes `$2` for a name and numbers it by where it stands; `?2` is the second value.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

/// All rows of an answer.
pub(crate) fn read(connection: &Connection, sql: &str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, Fault> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(cells))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|column| match row.get_ref(column)? {
            ValueRef::Null => Ok(Cell::Null),
            ValueRef::Integer(value) => Ok(Cell::Integer(value)),
            ValueRef::Text(bytes) => Ok(Cell::Text(String::from_utf8_lossy(bytes).into_owned())),
            ValueRef::Real(_) | ValueRef::Blob(_) => Err(Fault::malformed("a row", "a value of another kind")),
        });
        found.push(cells.collect::<Result<_, Fault>>()?);
    }
    Ok(found)
}
