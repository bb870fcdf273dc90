//! The rows of a batch, written inside its transaction.

use super::names::Names;
use super::tail::TailBlob;
use super::{alert_rows, delivery_rows, plain_rows};
use crate::batch::{Batch, BatchFrame};
use crate::fault::Fault;
use crate::metrics::Written;
use crate::point::{Point, day_of};
use crate::store::Cursors;
use rusqlite::Connection;
use std::collections::BTreeMap;
use watchfire_model::{JournalId, Reading};

/// Writes everything of the batch that is beyond the cursors.
pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    batch: &Batch,
    cursors: Cursors,
    journal: JournalId,
) -> Result<Written, Fault> {
    let mut written = Written::default();
    let mut tail = TailWriter { connection, names, blob: TailBlob::new(), series: Vec::new(), points: Vec::new() };
    for frame in batch.frames.iter().filter(|frame| frame.seq > cursors.entries) {
        tail.push(frame, batch.readings.get(frame.readings.clone()).unwrap_or_default(), &mut written)?;
    }
    tail.blob.insert(connection)?;
    write_defects(connection, batch, cursors)?;
    for (_, at, outcome) in batch.outcomes.iter().filter(|(seq, ..)| *seq > cursors.entries) {
        delivery_rows::write_outcome(connection, *at, outcome)?;
        written.deliveries += 1;
    }
    for (seq, at, order) in batch.orders.iter().filter(|(seq, ..)| *seq > cursors.entries) {
        delivery_rows::write_order(connection, journal, *seq, *at, order)?;
        written.orders += 1;
    }
    for gap in batch.gaps.iter().filter(|gap| gap.to > cursors.entries) {
        let from = gap.from.0.max(cursors.entries.0 + 1);
        let sql = "INSERT INTO gaps (journal, from_seq, to_seq, noted_at) VALUES (?1, ?2, ?3, ?4)";
        connection.execute(sql, (journal.to_string(), from.cast_signed(), gap.to.0.cast_signed(), gap.noted_at.0))?;
    }
    for (position, record) in batch.records.iter().filter(|(position, _)| *position > cursors.alerts) {
        written.transitions += alert_rows::write(connection, *position, record)?;
    }
    plain_rows::write(connection, batch, cursors)?;
    Ok(written)
}

struct TailWriter<'a> {
    connection: &'a Connection,
    names: &'a mut Names,
    blob: TailBlob,
    series: Vec<Option<i64>>,
    points: Vec<(i64, Point)>,
}

impl TailWriter<'_> {
    fn push(&mut self, frame: &BatchFrame, readings: &[Reading], written: &mut Written) -> Result<(), Fault> {
        self.series.clear();
        let received = frame.received.0;
        let named = (&frame.site, frame.source, &frame.device, received);
        let device = self.names.resolve(self.connection, named, readings, &mut self.series)?;

        self.points.clear();
        for (reading, series) in readings.iter().zip(&self.series) {
            match series {
                Some(series) => self.points.push((*series, Point { at: reading.at.0, received, value: reading.value })),
                None => written.refused += 1,
            }
        }
        let Some(device) = device.filter(|_| !self.points.is_empty()) else { return Ok(()) };
        let fingerprint = frame.key.map(|key| {
            let points = self.points.iter();
            points.fold(key, |print, (series, point)| print.reading(*series, point.at, received, point.value)).0
        });
        let count = u64::try_from(self.points.len()).unwrap_or(u64::MAX);
        if self.names.repeats(self.connection, device, received, fingerprint)? {
            written.repeats += count;
        } else {
            self.blob.push(device, received, fingerprint, &self.points);
            written.readings += count;
        }
        Ok(())
    }
}

fn write_defects(connection: &Connection, batch: &Batch, cursors: Cursors) -> Result<(), Fault> {
    let mut counts = BTreeMap::<_, i64>::new();
    for defect in batch.defects.iter().filter(|defect| defect.seq > cursors.entries) {
        let key = (day_of(defect.at.0), defect.site.as_str(), defect.source.as_str(), defect.kind.as_str());
        *counts.entry(key).or_default() += 1;
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO defects (day, site, source, kind, count) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (day, site, source, kind) DO UPDATE SET count = count + excluded.count",
    )?;
    for ((day, site, source, kind), count) in counts {
        statement.execute((day, site, source, kind, count))?;
    }
    Ok(())
}
