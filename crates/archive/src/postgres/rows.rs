//! The rows of a batch: which connection writes them, and what the first one writes inside its transaction.

use super::alert_rows;
use super::copy::Copy;
use super::delivery_rows;
use super::lanes::Lanes;
use super::link::Link;
use super::names::Named;
use super::noted::Noted;
use super::plain_rows;
use super::store::Known;
use super::times::{At, Day};
use crate::batch::{Batch, BatchFrame};
use crate::fault::Fault;
use crate::metrics::Written;
use crate::point::{DAY_US, Point, day_of};
use crate::store::Cursors;
use std::collections::BTreeMap;
use watchfire_model::{JournalId, Seq};

/// Readings of event times further back from their receipt than this are strays ...
const BACK_US: i64 = 400 * DAY_US;
/// ... and so are those further ahead.
const AHEAD_US: i64 = DAY_US;

/// Whether a reading's event time is one that a clock that is right may have given.
pub(crate) fn is_sound(at: i64, received: i64) -> bool {
    (-BACK_US..=AHEAD_US).contains(&at.saturating_sub(received))
}

/// The days that need partitions for the batch.
pub(crate) fn days_of(batch: &Batch) -> impl Iterator<Item = i64> + '_ {
    batch.frames.iter().flat_map(|frame| {
        let readings = batch.readings.get(frame.readings.clone()).unwrap_or_default().iter();
        readings.filter(|one| is_sound(one.at.0, frame.received.0)).map(|one| day_of(one.at.0))
    })
}

/// The frames of a batch that are beyond the cursors.
pub(crate) fn frames_of(batch: &Batch, cursors: Cursors) -> Vec<Named<'_>> {
    let frames = batch.frames.iter().filter(|frame| frame.seq > cursors.entries);
    frames.map(|frame| (frame, batch.readings.get(frame.readings.clone()).unwrap_or_default())).collect()
}

/// Writes everything of the batch that is beyond the cursors, but the readings of the lanes. What is to be noted of
/// readings is for the end of the transaction.
pub(crate) async fn write(
    link: &Link,
    known: &mut Known,
    mut rows: Rows,
    batch: &Batch,
    cursors: Cursors,
    journal: JournalId,
) -> Result<(Written, Noted), Fault> {
    let mut written = rows.written;
    rows.first.sort();
    known.recent.write(link).await?;
    rows.first.send_readings(link).await?;
    rows.strays.send_strays(link).await?;
    let noted = Noted::of(&rows.first);
    write_defects(link, batch, cursors).await?;
    for (_, at, outcome) in batch.outcomes.iter().filter(|(seq, ..)| *seq > cursors.entries) {
        delivery_rows::write_outcome(link, *at, outcome).await?;
        written.deliveries += 1;
    }
    for (seq, at, order) in batch.orders.iter().filter(|(seq, ..)| *seq > cursors.entries) {
        delivery_rows::write_order(link, journal, *seq, *at, order).await?;
        written.orders += 1;
    }
    for gap in batch.gaps.iter().filter(|gap| gap.to > cursors.entries) {
        let from = gap.from.0.max(cursors.entries.0 + 1).cast_signed();
        let sql = "INSERT INTO gaps (journal, from_seq, to_seq, noted_at) VALUES ($1, $2, $3, $4)";
        let (journal, to) = (journal.to_string(), gap.to.0.cast_signed());
        link.execute(sql, &[&journal, &from, &to, &At(gap.noted_at.0)]).await?;
    }
    for (position, record) in batch.records.iter().filter(|(position, _)| *position > cursors.alerts) {
        written.transitions += alert_rows::write(link, *position, record).await?;
    }
    plain_rows::write(link, batch, cursors).await?;
    Ok((written, noted))
}

/// Readings on their way to the tables, by the connection that sends them.
#[derive(Default)]
pub(crate) struct Rows {
    /// The first connection's.
    first: Copy,
    /// Each lane's; empty when the first connection sends all.
    pub(crate) lanes: Vec<Copy>,
    strays: Copy,
    written: Written,
}

impl Rows {
    /// Those of frames beyond the cursor, of which the names are known, for the lanes as well or for the first connection
    /// alone.
    pub(crate) fn of(known: &mut Known, frames: &[Named<'_>], lanes: &Lanes, is_spread: bool) -> Rows {
        let mut rows = Rows::default();
        if is_spread {
            rows.lanes.resize_with(lanes.shares() - 1, Copy::default);
        }
        let (mut series, mut points) = (Vec::new(), Vec::new());
        for &(frame, readings) in frames {
            series.clear();
            points.clear();
            let device = known.names.numbers(frame, readings, &mut series);
            let received = frame.received.0;
            for (reading, series) in readings.iter().zip(&series) {
                match series {
                    Some(series) => points.push((*series, Point { at: reading.at.0, received, value: reading.value })),
                    None => rows.written.refused += 1,
                }
            }
            if rows.is_new(known, frame, device, &points) {
                rows.push(lanes, frame.seq, device, &mut points);
            }
        }
        rows
    }

    /// Counts a frame's readings; whether it has any and repeats none of late.
    fn is_new(&mut self, known: &mut Known, frame: &BatchFrame, device: i32, points: &[(i32, Point)]) -> bool {
        let (received, count) = (frame.received.0, u64::try_from(points.len()).unwrap_or(u64::MAX));
        if let (Some(key), false) = (frame.key, points.is_empty()) {
            let print = points
                .iter()
                .fold(key, |print, (series, point)| print.reading(i64::from(*series), point.at, received, point.value));
            if known.recent.repeats(device, received, print.0) {
                self.written.repeats += count;
                return false;
            }
        }
        self.written.readings += count;
        count > 0
    }

    fn push(&mut self, lanes: &Lanes, seq: Seq, device: i32, points: &mut Vec<(i32, Point)>) {
        let lane = lanes.of_device(device);
        // What the lane has sent already, of a batch that was cut short. Strays were the first connection's.
        let is_there = lanes.has(lane, seq);
        let to = lane.checked_sub(1).and_then(|index| self.lanes.get_mut(index)).unwrap_or(&mut self.first);
        for (series, point) in points.drain(..) {
            match is_sound(point.at, point.received) {
                true if is_there => {}
                true => to.push(series, point),
                false => self.strays.push(series, point),
            }
        }
    }
}

async fn write_defects(link: &Link, batch: &Batch, cursors: Cursors) -> Result<(), Fault> {
    let mut counts = BTreeMap::<_, i64>::new();
    for defect in batch.defects.iter().filter(|defect| defect.seq > cursors.entries) {
        let key = (day_of(defect.at.0), defect.site.as_str(), defect.source.as_str(), defect.kind.as_str());
        *counts.entry(key).or_default() += 1;
    }
    for ((day, site, source, kind), count) in counts {
        let sql = "INSERT INTO defects (day, site, source, kind, count) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (day, site, source, kind) DO UPDATE SET count = defects.count + excluded.count";
        link.execute(sql, &[&Day(day), &site, &source, &kind, &count]).await?;
    }
    Ok(())
}
