//! Readings in the server's binary COPY format:
//! <https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4>.
//!
//! ```text
//! head   "PGCOPY\n\xff\r\n\0", flags (4 bytes), length of an extension (4 bytes)
//! row    number of columns (2 bytes), then for each its length (4 bytes) and its bytes, high byte first
//! end    -1 (2 bytes)
//! ```

use super::link::Link;
use super::times::At;
use crate::fault::Fault;
use crate::point::Point;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use std::pin::Pin;
use tokio_postgres::CopyInSink;
use watchfire_model::Value;

const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: i16 = -1;
/// Sent at a time: enough that the server and we do not wait for each other, little enough to be in the cache.
const CHUNK_BYTES: usize = 128 * 1024;
/// Four columns with their lengths: 8, 8, 8 and 4 bytes.
const ROW_BYTES: usize = 2 + 4 * 4 + 28;

/// Readings of a table.
#[derive(Default)]
pub(crate) struct Copy {
    rows: Vec<(i32, Point)>,
}

impl Copy {
    /// Adds one of that series.
    pub(crate) fn push(&mut self, series: i32, point: Point) {
        self.rows.push((series, point));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Puts them in the order of their index. Rows that come as devices send them would each go to another page of it,
    /// which costs five times as much as all the rest; sorted, those of a series go to one page together, and lie
    /// together for those who read them.
    pub(crate) fn sort(&mut self) {
        self.rows.sort_unstable_by_key(|(series, point)| (*series, point.at));
    }

    /// The series and event times, in the order in which they are.
    pub(crate) fn times(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        self.rows.iter().map(|(series, point)| (*series, point.at))
    }

    /// Sends them to the table of readings.
    pub(crate) async fn send_readings(&self, link: &Link) -> Result<(), Fault> {
        self.send(link, "COPY readings (at, received, value, series) FROM STDIN BINARY").await
    }

    /// Sends them to the table of strays.
    pub(crate) async fn send_strays(&self, link: &Link) -> Result<(), Fault> {
        self.send(link, "COPY stray_readings (at, received, value, series) FROM STDIN BINARY").await
    }

    /// Sends them by that statement, which names the columns `at, received, value, series`.
    pub(crate) async fn send(&self, link: &Link, sql: &'static str) -> Result<(), Fault> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut sink = Sink::begin(link, sql).await?;
        for (series, point) in &self.rows {
            put_row(&mut sink.chunk, *series, point);
            sink.send_full().await?;
        }
        let taken = sink.finish().await?;
        assert_eq!(taken, self.rows.len() as u64, "the server takes every row or none");
        Ok(())
    }
}

/// A copy under way.
pub(crate) struct Sink {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    chunk: BytesMut,
}

impl Sink {
    async fn begin(link: &Link, sql: &'static str) -> Result<Sink, Fault> {
        Ok(Sink::over(link.copy_in(sql).await?))
    }

    /// By a statement that is not needed again.
    pub(crate) async fn begin_once(link: &Link, sql: &str) -> Result<Sink, Fault> {
        Ok(Sink::over(link.copy_in_once(sql).await?))
    }

    fn over(sink: CopyInSink<Bytes>) -> Sink {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES + ROW_BYTES);
        chunk.put_slice(HEAD);
        Sink { sink: Box::pin(sink), chunk }
    }

    /// Sends whole rows.
    pub(crate) async fn put(&mut self, rows: &[u8]) -> Result<(), Fault> {
        for part in rows.chunks(CHUNK_BYTES) {
            self.chunk.put_slice(part);
            self.send_full().await?;
        }
        Ok(())
    }

    async fn send_full(&mut self) -> Result<(), Fault> {
        if self.chunk.len() >= CHUNK_BYTES {
            let full: Bytes = self.chunk.split().freeze();
            self.sink.send(full).await?;
            self.chunk.reserve(CHUNK_BYTES + ROW_BYTES);
        }
        Ok(())
    }

    /// Ends it; how many rows the server took.
    pub(crate) async fn finish(mut self) -> Result<u64, Fault> {
        self.chunk.put_i16(END);
        self.sink.send(self.chunk.freeze()).await?;
        Ok(self.sink.as_mut().finish().await?)
    }
}

fn put_row(out: &mut BytesMut, series: i32, point: &Point) {
    let value = match point.value {
        Value::Bool(value) => f64::from(u8::from(value)),
        Value::Number(value) => value,
    };
    out.put_i16(4);
    out.put_i32(8);
    out.put_i64(At(point.at).raw());
    out.put_i32(8);
    out.put_i64(At(point.received).raw());
    out.put_i32(8);
    out.put_f64(value);
    out.put_i32(4);
    out.put_i32(series);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_size_that_is_reserved() {
        let mut out = BytesMut::new();
        put_row(&mut out, 7, &Point { at: 1, received: 2, value: Value::Bool(true) });
        assert_eq!(out.len(), ROW_BYTES);
        assert_eq!(HEAD.len(), 19);
    }
}
