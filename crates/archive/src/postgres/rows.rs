//! The rows of a batch, written inside its transaction.

use super::alert_rows;
use super::copy::Copy;
use super::delivery_rows;
use super::link::Link;
use super::names::Named;
use super::plain_rows;
use super::store::Known;
use super::times::{At, Day};
use crate::batch::Batch;
use crate::fault::Fault;
use crate::metrics::Written;
use crate::point::{DAY_US, Point, day_of};
use crate::store::Cursors;
use std::collections::BTreeMap;
use watchfire_model::JournalId;

/// Readings of event times further back from their receipt than this are strays ...
const BACK_US: i64 = 400 * DAY_US;
/// ... and so are those further ahead.
const AHEAD_US: i64 = DAY_US;
const MINUTE_US: i64 = 60_000_000;

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

/// Writes everything of the batch that is beyond the cursors.
pub(crate) async fn write(
    link: &Link,
    known: &mut Known,
    batch: &Batch,
    cursors: Cursors,
    journal: JournalId,
) -> Result<Written, Fault> {
    let mut written = Written::default();
    write_readings(link, known, batch, cursors, &mut written).await?;
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
    Ok(written)
}

async fn write_readings(
    link: &Link,
    known: &mut Known,
    batch: &Batch,
    cursors: Cursors,
    written: &mut Written,
) -> Result<(), Fault> {
    let frames: Vec<Named<'_>> = batch
        .frames
        .iter()
        .filter(|frame| frame.seq > cursors.entries)
        .map(|frame| (frame, batch.readings.get(frame.readings.clone()).unwrap_or_default()))
        .collect();
    known.names.learn(link, &frames).await?;
    let mut rows = Rows::default();
    for frame in frames {
        rows.push(known, frame, written);
    }
    rows.sound.sort();
    known.recent.write(link).await?;
    send(link, &rows.sound, &rows.strays).await
}

/// Sends sorted rows and strays to their tables, counts the days and notes the minutes.
pub(crate) async fn send(link: &Link, sorted: &Copy, strays: &Copy) -> Result<(), Fault> {
    sorted.send(link, "COPY readings (at, received, value, series) FROM STDIN BINARY").await?;
    strays.send(link, "COPY stray_readings (at, received, value, series) FROM STDIN BINARY").await?;
    count_days(link, sorted).await?;
    note_minutes(link, sorted).await
}

async fn count_days(link: &Link, rows: &Copy) -> Result<(), Fault> {
    let mut days = BTreeMap::<i64, i64>::new();
    for (_, at) in rows.times() {
        *days.entry(day_of(at)).or_default() += 1;
    }
    for (day, count) in days {
        link.execute("UPDATE days SET readings = readings + $2 WHERE day = $1", &[&Day(day), &count]).await?;
    }
    Ok(())
}

/// Notes the minutes of sorted rows that are to be rolled up.
pub(crate) async fn note_minutes(link: &Link, sorted: &Copy) -> Result<(), Fault> {
    let (mut series, mut minutes) = (Vec::new(), Vec::new());
    let mut last = None;
    for (one, at) in sorted.times() {
        let minute = i32::try_from(at.div_euclid(MINUTE_US)).unwrap_or(i32::MAX);
        if last != Some((one, minute)) {
            last = Some((one, minute));
            series.push(one);
            minutes.push(minute);
        }
    }
    if !series.is_empty() {
        link.execute("INSERT INTO rollups_due (series, minutes) VALUES ($1, $2)", &[&series, &minutes]).await?;
    }
    Ok(())
}

/// Readings on their way to the tables.
#[derive(Default)]
struct Rows {
    sound: Copy,
    strays: Copy,
    series: Vec<Option<i32>>,
    points: Vec<(i32, Point)>,
}

impl Rows {
    fn push(&mut self, known: &mut Known, (frame, readings): Named<'_>, written: &mut Written) {
        self.series.clear();
        self.points.clear();
        let received = frame.received.0;
        let device = known.names.numbers(frame, readings, &mut self.series);
        for (reading, series) in readings.iter().zip(&self.series) {
            match series {
                Some(series) => self.points.push((*series, Point { at: reading.at.0, received, value: reading.value })),
                None => written.refused += 1,
            }
        }
        if self.points.is_empty() {
            return;
        }
        let count = u64::try_from(self.points.len()).unwrap_or(u64::MAX);
        if let Some(key) = frame.key {
            let points = self.points.iter();
            let print = points
                .fold(key, |print, (series, point)| print.reading(i64::from(*series), point.at, received, point.value));
            if known.recent.repeats(device, received, print.0) {
                written.repeats += count;
                return;
            }
        }
        written.readings += count;
        for (series, point) in self.points.drain(..) {
            let table = if is_sound(point.at, received) { &mut self.sound } else { &mut self.strays };
            table.push(series, point);
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
