//! From tail to blocks: sorts what came by day and series and merges it into each series' last block of the day.
//! One transaction of its own, so that a crash leaves every reading either in the tail or in a block.

use super::block::{self, BLOCK_POINTS_MAX};
use super::names::Names;
use super::tail;
use crate::fault::Fault;
use crate::point::{Point, day_of, normalise};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::collections::BTreeMap;

struct Sorted {
    day: i64,
    series: i64,
    point: Point,
}

/// Moves the whole tail into blocks. Returns how many repeats were dropped.
pub(crate) fn fold(connection: &mut Connection, names: &mut Names) -> Result<usize, Fault> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sorted = take_tail(&step)?;
    let mut days = BTreeMap::<i64, i64>::new();
    let mut repeats = 0;
    let mut merge = Merge::default();
    for run in sorted.chunk_by(|a, b| (a.day, a.series) == (b.day, b.series)) {
        let Some(first) = run.first() else { continue };
        let added = merge.run(&step, first.day, first.series, run)?;
        repeats += run.len().saturating_sub(usize::try_from(added).unwrap_or(0));
        *days.entry(first.day).or_default() += added;
    }
    for (day, added) in days {
        count_day(&step, day, added)?;
    }
    names.store_states(&step)?;
    step.commit()?;
    Ok(repeats)
}

/// Counts what was added to a day.
pub(super) fn count_day(connection: &Connection, day: i64, added: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO days (day, readings) VALUES (?1, ?2)
             ON CONFLICT (day) DO UPDATE SET readings = readings + excluded.readings",
        )?
        .execute((day, added))?;
    Ok(())
}

/// Writes points of a series and a day, which are in order, as blocks; `block` is room for them.
pub(super) fn put_blocks(
    connection: &Connection,
    day: i64,
    series: i64,
    points: &[Point],
    block: &mut Vec<u8>,
) -> Result<(), Fault> {
    for points in points.chunks(BLOCK_POINTS_MAX) {
        block.clear();
        block::encode(day, points, block);
        insert_block(connection, day, series, points, block)?;
    }
    Ok(())
}

fn take_tail(connection: &Connection) -> Result<Vec<Sorted>, Fault> {
    let mut sorted = Vec::new();
    tail::for_each_frame(connection, (i64::MIN, i64::MAX), |frame| {
        let points = frame.points.iter();
        sorted.extend(points.map(|(series, point)| Sorted { day: day_of(point.at), series: *series, point: *point }));
        Ok(())
    })?;
    connection.execute("DELETE FROM tail", [])?;
    // Stable, so that the order of arrival decides among equals only within `normalise`, which has its own rule.
    sorted.sort_unstable_by_key(|one| (one.day, one.series, one.point.at, one.point.received));
    Ok(sorted)
}

/// Room that is used again from run to run.
#[derive(Default)]
struct Merge {
    points: Vec<Point>,
    block: Vec<u8>,
}

impl Merge {
    /// Merges a run into the series' blocks of that day. Returns by how many points they grew.
    fn run(&mut self, connection: &Connection, day: i64, series: i64, run: &[Sorted]) -> Result<i64, Fault> {
        self.points.clear();
        let last = self.read_last(connection, day, series)?;
        // A full block stays as it is; a reader merges what overlaps.
        let last = last.filter(|_| self.points.len() < BLOCK_POINTS_MAX);
        if last.is_none() {
            self.points.clear();
        }
        let before = self.points.len();
        self.points.extend(run.iter().map(|one| one.point));
        normalise(&mut self.points);
        if let Some((first_at, part)) = last {
            connection
                .prepare_cached("DELETE FROM blocks WHERE day = ?1 AND series = ?2 AND first_at = ?3 AND part = ?4")?
                .execute((day, series, first_at, part))?;
        }
        put_blocks(connection, day, series, &self.points, &mut self.block)?;
        let grown = i64::try_from(self.points.len()).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(0);
        Ok(grown)
    }

    /// Reads the block that begins last into `points`; its key.
    fn read_last(&mut self, connection: &Connection, day: i64, series: i64) -> Result<Option<(i64, i64)>, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT first_at, part, points FROM blocks WHERE day = ?1 AND series = ?2
             ORDER BY first_at DESC, part DESC LIMIT 1",
        )?;
        let mut rows = statement.query((day, series))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let blob = row.get_ref(2)?.as_blob().map_err(|error| Fault::malformed("a block", error))?;
        block::decode(day, blob, &mut self.points)
            .map_err(|_| Fault::malformed("a block", format!("series {series}")))?;
        Ok(Some((row.get(0)?, row.get(1)?)))
    }
}

fn insert_block(connection: &Connection, day: i64, series: i64, points: &[Point], block: &[u8]) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    // Several blocks begin at one time only when more than a block of different values share it.
    let part: Option<i64> = connection
        .prepare_cached("SELECT max(part) FROM blocks WHERE day = ?1 AND series = ?2 AND first_at = ?3")?
        .query_row((day, series, first.at), |row| row.get(0))
        .optional()?
        .flatten();
    connection
        .prepare_cached(
            "INSERT INTO blocks (day, series, first_at, part, last_at, points) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((day, series, first.at, part.map_or(0, |part| part + 1), last.at, block))?;
    Ok(())
}
