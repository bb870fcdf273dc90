//! Readings of one device over a span of time, for a chart.

use super::{block, rollups, tail};
use crate::downsample::SeriesPoint;
use crate::fault::Fault;
use crate::point::{Point, day_of, normalise};
use crate::readings::{POINTS_READ_MAX, ReadingsQuery, SERIES_MAX, Series};
use crate::sweep::Sweep;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use watchfire_model::{Metric, PointName};

/// The readings of a device, each series by itself, in order of point and metric; with `rolled_up`, what roll-ups show in
/// the place of those that were given up.
pub(crate) fn readings(connection: &Connection, query: &ReadingsQuery, rolled_up: bool) -> Result<Vec<Series>, Fault> {
    let mut answer = Vec::new();
    let Some(device) = find_device(connection, query)? else { return Ok(answer) };
    let all = list_series(connection, device)?;
    let mut waiting = read_tail(connection, query, device)?;
    let days = list_days(connection, query)?;
    let mut budget = POINTS_READ_MAX;
    for (id, mut series) in all {
        let mut waiting = waiting.remove(&id).unwrap_or_default();
        if rolled_up {
            waiting.extend(rollups::read(connection, query, id)?);
        }
        normalise(&mut waiting);
        series.points = read_series(connection, query, id, &days, waiting, &mut budget)?;
        if !series.points.is_empty() {
            answer.push(series);
        }
    }
    Ok(answer)
}

fn find_device(connection: &Connection, query: &ReadingsQuery) -> Result<Option<i64>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM devices WHERE site = ?1 AND source = ?2 AND name = ?3")?;
    let key = (query.site.as_str(), query.source.as_str(), query.device.as_str());
    Ok(statement.query_row(key, |row| row.get(0)).optional()?)
}

fn list_series(connection: &Connection, device: i64) -> Result<Vec<(i64, Series)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, point, metric, unit FROM series WHERE device = ?1 ORDER BY point, metric, unit LIMIT ?2",
    )?;
    let limit = i64::try_from(SERIES_MAX).unwrap_or(i64::MAX);
    let mut rows = statement.query((device, limit))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (point, metric, unit): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let point = PointName::new(&point).map_err(|error| Fault::malformed("a point's name", error))?;
        let metric = Metric::from_name(&metric).ok_or_else(|| Fault::malformed("a metric", &metric))?;
        let unit = Some(unit).filter(|unit| !unit.is_empty());
        all.push((row.get(0)?, Series { point, metric, unit, points: Vec::new() }));
    }
    Ok(all)
}

/// What waits in the tail of that device and span, by series.
fn read_tail(connection: &Connection, query: &ReadingsQuery, device: i64) -> Result<HashMap<i64, Vec<Point>>, Fault> {
    let span = (query.from.0, query.to.0);
    let mut waiting = HashMap::<i64, Vec<Point>>::new();
    tail::for_each_frame(connection, span, |frame| {
        if frame.device == device {
            for (series, point) in frame.points.iter().filter(|(_, point)| (span.0..=span.1).contains(&point.at)) {
                waiting.entry(*series).or_default().push(*point);
            }
        }
        Ok(())
    })?;
    Ok(waiting)
}

fn list_days(connection: &Connection, query: &ReadingsQuery) -> Result<Vec<i64>, Fault> {
    let mut statement = connection.prepare_cached("SELECT day FROM days WHERE day BETWEEN ?1 AND ?2 ORDER BY day")?;
    let days = statement.query_map((day_of(query.from.0), day_of(query.to.0)), |row| row.get(0))?;
    Ok(days.collect::<Result<_, _>>()?)
}

/// Sweeps over the blocks of a series in the order in which they begin. Before a block is read, every point before its
/// beginning is complete and goes on; so late readings, overlapping blocks and repeats need the memory of the overlap
/// only.
fn read_series(
    connection: &Connection,
    query: &ReadingsQuery,
    series: i64,
    days: &[i64],
    waiting: Vec<Point>,
    budget: &mut usize,
) -> Result<Vec<SeriesPoint>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT first_at, points FROM blocks
         WHERE day = ?1 AND series = ?2 AND first_at <= ?4 AND last_at >= ?3 ORDER BY first_at, part",
    )?;
    let mut sweep = Sweep::new(waiting, query.points_max);
    for day in days {
        let mut rows = statement.query((*day, series, query.from.0, query.to.0))?;
        while let Some(row) = rows.next()? {
            sweep.pass(row.get(0)?);
            let blob = row.get_ref(1)?.as_blob().map_err(|error| Fault::malformed("a block", error))?;
            let before = sweep.pending.len();
            block::decode(*day, blob, &mut sweep.pending)
                .map_err(|_| Fault::malformed("a block", format!("day {day}, series {series}")))?;
            let read = sweep.pending.len() - before;
            *budget = budget.checked_sub(read).ok_or(Fault::Limit("the span holds too many readings"))?;
            if sweep.pending.iter().skip(before).any(|point| !(query.from.0..=query.to.0).contains(&point.at)) {
                sweep.pending.retain(|point| (query.from.0..=query.to.0).contains(&point.at));
            }
        }
    }
    Ok(sweep.finish())
}
