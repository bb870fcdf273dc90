//! Readings of one device over a span of time, for a chart. They come in order, a series at a time, and are made fewer
//! on our side by the same rule as those of a file, so that both answer alike.

use super::link::Link;
use super::rollups_query;
use super::times::At;
use crate::downsample::SeriesPoint;
use crate::fault::Fault;
use crate::point::{Point, normalise};
use crate::readings::{POINTS_READ_MAX, ReadingsQuery, SERIES_MAX, Series};
use crate::sweep::Sweep;
use futures_util::TryStreamExt;
use std::collections::HashMap;
use std::pin::pin;
use tokio_postgres::Row;
use watchfire_model::{Metric, PointName, Value};

/// A series of the answer and the numbers under which its booleans and its numbers are kept.
struct Wanted {
    series: Series,
    ids: Vec<(i32, bool)>,
}

/// The readings of a device, each series by itself, in order of point and metric; with `rolled_up`, what roll-ups show in
/// the place of those that were given up.
pub(crate) async fn readings(link: &Link, query: &ReadingsQuery, rolled_up: bool) -> Result<Vec<Series>, Fault> {
    let mut answer = Vec::new();
    let mut budget = POINTS_READ_MAX;
    let all = list_series(link, query).await?;
    let booleans: HashMap<i32, bool> = all.iter().flat_map(|wanted| wanted.ids.iter().copied()).collect();
    let mut beside = read_strays(link, query, &booleans).await?;
    if rolled_up {
        for (id, points) in rollups_query::read(link, query, &booleans).await? {
            beside.entry(id).or_default().extend(points);
        }
    }
    for mut wanted in all {
        let mut waiting = Vec::new();
        for (id, _) in &wanted.ids {
            waiting.extend(beside.remove(id).unwrap_or_default());
        }
        wanted.series.points = read_series(link, query, &wanted.ids, waiting, &mut budget).await?;
        if !wanted.series.points.is_empty() {
            answer.push(wanted.series);
        }
    }
    Ok(answer)
}

async fn list_series(link: &Link, query: &ReadingsQuery) -> Result<Vec<Wanted>, Fault> {
    let sql = "SELECT series.id, point, metric, unit, is_boolean FROM series JOIN devices ON devices.id = series.device
        WHERE site = $1 AND source = $2 AND name = $3 ORDER BY point, metric, unit, is_boolean LIMIT $4";
    let limit = i64::try_from(SERIES_MAX * 2).unwrap_or(i64::MAX);
    let (site, source, device) = (query.site.as_str(), query.source.as_str(), query.device.as_str());
    let mut all = Vec::<Wanted>::new();
    for row in link.query(sql, &[&site, &source, &device, &limit]).await? {
        let (point, metric, unit): (&str, &str, &str) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let point = PointName::new(point).map_err(|error| Fault::malformed("a point's name", error))?;
        let metric = Metric::from_name(metric).ok_or_else(|| Fault::malformed("a metric", metric))?;
        let unit = Some(unit.to_owned()).filter(|unit| !unit.is_empty());
        let id = (row.try_get(0)?, row.try_get(4)?);
        let series = Series { point, metric, unit, points: Vec::new() };
        match all.last_mut().filter(|last| last.series == series) {
            Some(last) => last.ids.push(id),
            None => all.push(Wanted { series, ids: vec![id] }),
        }
    }
    all.truncate(SERIES_MAX);
    Ok(all)
}

/// What wrong clocks gave, by series; mostly nothing.
async fn read_strays(
    link: &Link,
    query: &ReadingsQuery,
    booleans: &HashMap<i32, bool>,
) -> Result<HashMap<i32, Vec<Point>>, Fault> {
    let ids: Vec<i32> = booleans.keys().copied().collect();
    let sql = "SELECT at, received, value, series FROM stray_readings
        WHERE series = ANY($1) AND at >= $2 AND at <= $3";
    let mut found = HashMap::<i32, Vec<Point>>::new();
    for row in link.query(sql, &[&ids, &At(query.from.0), &At(query.to.0)]).await? {
        let id: i32 = row.try_get(3)?;
        let is_boolean = booleans.get(&id).copied().unwrap_or(false);
        found.entry(id).or_default().push(point_of(&row, is_boolean)?);
    }
    Ok(found)
}

async fn read_series(
    link: &Link,
    query: &ReadingsQuery,
    ids: &[(i32, bool)],
    mut waiting: Vec<Point>,
    budget: &mut usize,
) -> Result<Vec<SeriesPoint>, Fault> {
    let Some((first, others)) = ids.split_first() else { return Ok(Vec::new()) };
    // A vendor's word for both a switch and a number is rare: the second kind is read whole.
    for other in others {
        let mut rows = pin!(stream(link, query, other.0).await?);
        while let Some(row) = rows.try_next().await? {
            spend(budget)?;
            waiting.push(point_of(&row, other.1)?);
        }
    }
    normalise(&mut waiting);
    let mut sweep = Sweep::new(waiting, query.points_max);
    let mut rows = pin!(stream(link, query, first.0).await?);
    while let Some(row) = rows.try_next().await? {
        spend(budget)?;
        sweep.push(point_of(&row, first.1)?);
    }
    Ok(sweep.finish())
}

async fn stream(link: &Link, query: &ReadingsQuery, series: i32) -> Result<tokio_postgres::RowStream, Fault> {
    let sql = "SELECT at, received, value FROM readings WHERE series = $1 AND at >= $2 AND at <= $3 ORDER BY at";
    link.stream(sql, &[&series, &At(query.from.0), &At(query.to.0)]).await
}

fn spend(budget: &mut usize) -> Result<(), Fault> {
    *budget = budget.checked_sub(1).ok_or(Fault::Limit("the span holds too many readings"))?;
    Ok(())
}

fn point_of(row: &Row, is_boolean: bool) -> Result<Point, Fault> {
    let value: f64 = row.try_get(2)?;
    let value = if is_boolean { Value::Bool(value != 0.0) } else { Value::Number(value) };
    Ok(Point { at: row.try_get::<_, At>(0)?.0, received: row.try_get::<_, At>(1)?.0, value })
}
