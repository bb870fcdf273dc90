//! Rows of plain tables, written and read. The same statements as in a file.

use super::link::Link;
use super::times::{At, clean};
use crate::batch::Batch;
use crate::fault::Fault;
use crate::plain::{Cell, PlainRow};
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
    Ok(())
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
