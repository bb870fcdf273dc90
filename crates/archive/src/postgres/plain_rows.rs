//! Rows of plain tables, written and read. The same statements as in a file.

use super::link::Link;
use super::times::{At, clean};
use crate::batch::Batch;
use crate::fault::Fault;
use crate::plain_row::{Cell, PlainRow, PlainSet};
use crate::store::Cursors;
use bytes::BytesMut;
use std::error::Error;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use watchfire_model::Timestamp;

impl ToSql for Cell {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Text(text) => (&*clean(text)).to_sql(kind, out),
            Cell::Integer(value) => value.to_sql(kind, out),
            Cell::Bool(value) => value.to_sql(kind, out),
            Cell::Time(at) => At(at.0).to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::TEXT | Type::INT8 | Type::BOOL | Type::TIMESTAMPTZ)
    }

    to_sql_checked!();
}

/// Writes those of the batch that are beyond the cursors.
pub(crate) async fn write(link: &Link, batch: &Batch, cursors: Cursors) -> Result<(), Fault> {
    for PlainRow { sql, cells, .. } in batch.plain_beyond(cursors) {
        link.execute(sql, &params(cells)).await?;
    }
    for listing in batch.listings_beyond(cursors) {
        for set in listing.sets() {
            write_set(link, &set).await?;
        }
        for PlainRow { sql, cells, .. } in listing.leave() {
            link.execute(sql, &params(&cells)).await?;
        }
    }
    Ok(())
}

/// Writes all rows of a set by one statement, a column an array.
async fn write_set(link: &Link, set: &PlainSet) -> Result<(), Fault> {
    let kinds = link.kinds_of(set.sql).await?;
    let columns: Vec<Column<'_>> = (0..kinds.len()).map(|place| Column { rows: &set.rows, place }).collect();
    let columns: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
    link.execute_once(&of_arrays(set.sql, &kinds), &columns).await?;
    Ok(())
}

/// The same statement, with arrays in the place of values.
fn of_arrays(sql: &str, kinds: &[Type]) -> String {
    let (head, rest) = sql.split_once("VALUES (").expect("a set's statement has one row of values");
    let (values, tail) = rest.split_once(')').expect("it ends");
    let arrays: Vec<String> = (1..).zip(kinds).map(|(number, kind)| format!("${number}::{}[]", kind.name())).collect();
    let names: Vec<String> = (1..=kinds.len()).map(|number| format!("v{number}")).collect();
    let (values, arrays, names) = (values.replace('$', "v"), arrays.join(", "), names.join(", "));
    format!("{head}SELECT {values} FROM unnest({arrays}) AS listed ({names}){tail}")
}

/// A column of the rows of a set, as an array.
#[derive(Debug)]
struct Column<'a> {
    rows: &'a [Vec<Cell>],
    place: usize,
}

impl ToSql for Column<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let cells = self.rows.iter().map(|row| row.get(self.place).unwrap_or(&Cell::Null));
        cells.collect::<Vec<&Cell>>().to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <Vec<&Cell> as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

/// All rows of an answer.
pub(crate) async fn read(link: &Link, sql: &'static str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, Fault> {
    link.query(sql, &params(cells)).await?.iter().map(cells_of).collect()
}

fn params(cells: &[Cell]) -> Vec<&(dyn ToSql + Sync)> {
    cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect()
}

fn cells_of(row: &Row) -> Result<Vec<Cell>, Fault> {
    let cell = |(place, column): (usize, &tokio_postgres::Column)| {
        Ok(match *column.type_() {
            Type::TEXT => row.try_get::<_, Option<String>>(place)?.into(),
            Type::INT8 => row.try_get::<_, Option<i64>>(place)?.into(),
            Type::BOOL => row.try_get::<_, Option<bool>>(place)?.into(),
            Type::TIMESTAMPTZ => row.try_get::<_, Option<At>>(place)?.map(|at| Timestamp(at.0)).into(),
            ref other => return Err(Fault::malformed("a row", format!("a column of type {other}"))),
        })
    };
    row.columns().iter().enumerate().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_of_a_row_becomes_one_of_arrays() {
        let sql = "INSERT INTO t (a, b, c) VALUES ($1, $2, NULL) ON CONFLICT (a) DO UPDATE SET b = excluded.b";
        assert_eq!(
            of_arrays(sql, &[Type::TEXT, Type::INT8]),
            "INSERT INTO t (a, b, c) SELECT v1, v2, NULL FROM unnest($1::text[], $2::int8[]) AS listed (v1, v2) \
             ON CONFLICT (a) DO UPDATE SET b = excluded.b"
        );
    }
}
