//! A reading as a line of CSV (RFC 4180 with line feeds): `at,received,site,source,device,point,metric,unit,value`.

use crate::point::Point;
use std::fmt::Write as _;
use watchfire_model::{DeviceName, Metric, PointName, SiteId, Source, Value};

/// The first line of a file.
pub(super) const HEAD: &str = "at,received,site,source,device,point,metric,unit,value\n";

/// What the columns mean, for the manifest.
pub(super) const COLUMNS: [(&str, &str); 9] = [
    ("at", "event time, microseconds since 1970-01-01T00:00:00Z"),
    ("received", "receive time, microseconds since 1970-01-01T00:00:00Z"),
    ("site", "id of the site"),
    ("source", "in whose naming the device is called so"),
    ("device", "name of the device"),
    ("point", "measuring point of the device"),
    ("metric", "what was measured"),
    ("unit", "canonical unit (UCUM) or the maker's own; empty for booleans and where there is none"),
    ("value", "true, false or a number, every bit of it"),
];

/// What identifies a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeriesKey {
    pub(crate) site: String,
    pub(crate) source: String,
    pub(crate) device: String,
    pub(crate) point: String,
    pub(crate) metric: String,
    pub(crate) unit: String,
}

/// The middle of the lines of a series.
pub(crate) fn text_of(series: &SeriesKey) -> String {
    let SeriesKey { site, source, device, point, metric, unit } = series;
    let fields = [site, source, device, point, metric, unit];
    fields.map(|field| quoted(field)).join(",")
}

fn quoted(field: &str) -> String {
    let is_plain = !field.contains([',', '"', '\n', '\r']);
    if is_plain { field.to_owned() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}

/// Puts a line in the place of what is in `line`.
pub(super) fn put(line: &mut String, series: &str, point: &Point) {
    line.clear();
    let Point { at, received, value } = point;
    // Writing to a string does not fail.
    let _ = match value {
        Value::Bool(value) => writeln!(line, "{at},{received},{series},{value}"),
        Value::Number(value) => writeln!(line, "{at},{received},{series},{value:?}"),
    };
}

/// Reads a line back; `None` when it is none of ours.
pub(super) fn take(line: &str) -> Option<(SeriesKey, Point)> {
    let [at, received, site, source, device, point, metric, unit, value] = fields(line)?.try_into().ok()?;
    let value = match value.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        number => Value::Number(number.parse().ok()?),
    };
    let reading = Point { at: at.parse().ok()?, received: received.parse().ok()?, value };
    let is_named = SiteId::new(&site).is_ok()
        && source.parse::<Source>().is_ok()
        && DeviceName::new(&device).is_ok()
        && PointName::new(&point).is_ok()
        && Metric::from_name(&metric).is_some();
    is_named.then_some((SeriesKey { site, source, device, point, metric, unit }, reading))
}

fn fields(line: &str) -> Option<Vec<String>> {
    let mut rest = line.strip_suffix('\n')?;
    let mut fields = Vec::with_capacity(COLUMNS.len());
    loop {
        let field;
        (field, rest) = if let Some(inside) = rest.strip_prefix('"') { unquoted(inside)? } else { plain(rest) };
        fields.push(field);
        if rest.is_empty() {
            return Some(fields);
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn plain(text: &str) -> (String, &str) {
    let (field, rest) = text.split_at(text.find(',').unwrap_or(text.len()));
    (field.to_owned(), rest)
}

fn unquoted(mut text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    loop {
        let (before, after) = text.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                text = more;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(device: &str, unit: &str) -> SeriesKey {
        let [site, source, point, metric] = ["care", "watchfire", "main", "vendor.lux"].map(str::to_owned);
        SeriesKey { site, source, device: device.to_owned(), point, metric, unit: unit.to_owned() }
    }

    #[test]
    fn a_line_is_as_it_stands_in_the_manifest() {
        let mut line = String::new();
        let point = Point { at: -1, received: 2, value: Value::Number(20.5) };
        put(&mut line, &text_of(&key("三楼, \"1\"", "")), &point);
        assert_eq!(line, "-1,2,care,watchfire,\"三楼, \"\"1\"\"\",main,vendor.lux,,20.5\n");
        assert_eq!(HEAD.trim_end(), COLUMNS.map(|(name, _)| name).join(","));
        for wrong in
            ["", "1,2,3\n", "x,2,care,watchfire,d,main,vendor.lux,,1\n", "1,2,care,nobody,d,main,vendor.lux,,1\n"]
        {
            assert_eq!(take(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_reading_comes_back(at: i64, received: i64, bits: u64, flag: Option<bool>, unit in "(?s).{0,8}",
            device in "[a-z ,\"三]{1,9}") {
            let number = f64::from_bits(bits);
            prop_assume!(!number.is_nan());
            let value = flag.map_or(Value::Number(number), Value::Bool);
            let (series, point) = (key(&device, &unit), Point { at, received, value });
            let mut line = String::new();
            put(&mut line, &text_of(&series), &point);
            let (series_read, read) = take(&line).unwrap();
            prop_assert_eq!(series_read, series);
            prop_assert_eq!((read.at, read.received), (at, received));
            prop_assert_eq!(crate::point::value_bits(read.value), crate::point::value_bits(value));
        }

        #[test]
        fn no_line_harms(line in "(?s).{0,80}") {
            let _ = take(&line);
        }
    }
}
