//! Readings of a device as a table, one a row.

use crate::table::{Cell, Column, column};
use crate::words::{Said, w};
use watchfire_archive::Series;
use watchfire_model::Value;

pub(crate) const TITLE: Said = w("读数", "Readings");

pub(crate) const COLUMNS: &[Column] = &[
    column("at", w("时间", "Time")),
    column("point", w("测点", "Point")),
    column("metric", w("指标", "Metric")),
    column("value", w("数值", "Value")),
    column("unit", w("单位", "Unit")),
];

/// The cells of each point of a series.
pub(crate) fn rows<'a>(series: &'a Series, time_zone: &'a str) -> impl Iterator<Item = [Cell; 5]> + 'a {
    let metric = series.metric.to_string();
    series.points.iter().map(move |point| {
        [
            Cell::Time(point.at, time_zone.to_owned()),
            Cell::text(series.point.as_str()),
            Cell::text(metric.as_str()),
            match point.value {
                Value::Bool(value) => Cell::flag(value),
                Value::Number(value) => Cell::Number(value),
            },
            Cell::text(series.unit.as_deref().unwrap_or("")),
        ]
    })
}
