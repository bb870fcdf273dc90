//! The tail: readings as they came, one blob a batch, until there are enough of them to be folded into blocks.
//!
//! # Format, version 1
//! ```text
//! byte   version = 1
//! then frame after frame:
//! varint device id
//! signed varint  receive time in µs, difference to the frame before
//! byte   1 when an idempotency key came with it, then 8 bytes of fingerprint; else 0
//! varint number of readings, each:
//!   varint series id · signed varint `at - received` in µs · value (byte 0 false, 1 true, 2 and 8 bytes)
//! ```

use super::block::{put_value, read_value};
use crate::fault::Fault;
use crate::point::Point;
use crate::varint::{Bytes, put, put_signed};
use rusqlite::Connection;

const VERSION: u8 = 1;

/// A frame of the tail.
pub(crate) struct TailFrame {
    pub(crate) device: i64,
    pub(crate) received: i64,
    pub(crate) fingerprint: Option<u64>,
    /// Series and point.
    pub(crate) points: Vec<(i64, Point)>,
}

/// The blob of one batch in the making.
pub(crate) struct TailBlob {
    frames: Vec<u8>,
    last_received: i64,
    pub(crate) readings: usize,
    first_at: i64,
    last_at: i64,
}

impl TailBlob {
    pub(crate) fn new() -> TailBlob {
        TailBlob { frames: vec![VERSION], last_received: 0, readings: 0, first_at: i64::MAX, last_at: i64::MIN }
    }

    /// Appends a frame.
    pub(crate) fn push(&mut self, device: i64, received: i64, fingerprint: Option<u64>, points: &[(i64, Point)]) {
        let out = &mut self.frames;
        put(out, device.cast_unsigned());
        put_signed(out, received.wrapping_sub(self.last_received));
        self.last_received = received;
        out.push(u8::from(fingerprint.is_some()));
        if let Some(fingerprint) = fingerprint {
            out.extend_from_slice(&fingerprint.to_le_bytes());
        }
        put(out, points.len().try_into().unwrap_or(u64::MAX));
        for (series, point) in points {
            put(out, series.cast_unsigned());
            put_signed(out, point.at.wrapping_sub(received));
            put_value(point.value, out);
            self.first_at = self.first_at.min(point.at);
            self.last_at = self.last_at.max(point.at);
        }
        self.readings += points.len();
    }

    /// Writes the row, if there is anything in it.
    pub(crate) fn insert(&self, connection: &Connection) -> Result<(), Fault> {
        if self.readings == 0 {
            return Ok(());
        }
        let readings = i64::try_from(self.readings).unwrap_or(i64::MAX);
        connection
            .prepare_cached("INSERT INTO tail (readings, first_at, last_at, frames) VALUES (?1, ?2, ?3, ?4)")?
            .execute((readings, self.first_at, self.last_at, &self.frames))?;
        Ok(())
    }
}

/// Readings in the tail.
pub(crate) fn readings(connection: &Connection) -> Result<u64, Fault> {
    let sum: i64 = connection.query_row("SELECT coalesce(sum(readings), 0) FROM tail", [], |row| row.get(0))?;
    u64::try_from(sum).map_err(|error| Fault::malformed("the tail's size", error))
}

/// Calls `each` with every frame of the tail that may hold readings of that span, in the order of arrival.
pub(crate) fn for_each_frame(
    connection: &Connection,
    (from, to): (i64, i64),
    mut each: impl FnMut(&TailFrame) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut statement =
        connection.prepare_cached("SELECT frames FROM tail WHERE last_at >= ?1 AND first_at <= ?2 ORDER BY id")?;
    let mut rows = statement.query((from, to))?;
    let mut frame = TailFrame { device: 0, received: 0, fingerprint: None, points: Vec::new() };
    while let Some(row) = rows.next()? {
        let blob = row.get_ref(0)?.as_blob().map_err(|error| Fault::malformed("the tail", error))?;
        let mut bytes = Bytes(blob);
        if bytes.byte() != Some(VERSION) {
            return Err(Fault::malformed("the tail", "version"));
        }
        frame.received = 0;
        while !bytes.is_empty() {
            read(&mut bytes, &mut frame).ok_or_else(|| Fault::malformed("the tail", "frame"))?;
            each(&frame)?;
        }
    }
    Ok(())
}

/// Reads the next frame over the one before, whose receive time it counts from.
fn read(bytes: &mut Bytes<'_>, frame: &mut TailFrame) -> Option<()> {
    frame.device = bytes.unsigned()?.cast_signed();
    frame.received = frame.received.wrapping_add(bytes.signed()?);
    frame.fingerprint = match bytes.byte()? {
        0 => None,
        1 => Some(bytes.fixed()?),
        _ => return None,
    };
    frame.points.clear();
    for _ in 0..bytes.unsigned()? {
        let series = bytes.unsigned()?.cast_signed();
        let at = frame.received.wrapping_add(bytes.signed()?);
        let value = read_value(bytes)?;
        frame.points.push((series, Point { at, received: frame.received, value }));
    }
    Some(())
}
