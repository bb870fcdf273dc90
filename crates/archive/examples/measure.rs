//! Measures the archive: rows a second into an empty and into a full one, a chart of a device-month, bytes a reading;
//! and beside it one plain row a reading, without and with the index that a chart needs.
//!
//! `cargo run --release -p watchfire-archive --example measure -- DIRECTORY [READINGS]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a measuring tool: it stops at the first trouble, reads the clock and prints its table"
)]

use std::path::Path;
use std::time::Instant;
use watchfire_archive::{Batch, History, ReadingsQuery, Store};
use watchfire_model::{
    Decoded, DeviceName, JournalId, Metric, PointName, Reading, Seq, SiteId, Source, Timestamp, Value,
};

const DEVICES: u64 = 1_000;
const START_US: i64 = 20_500 * 86_400_000_000;
const MONTH_US: u64 = 30 * 86_400_000_000;

/// The frame of that number: a device in turn, two readings, evenly over a month.
fn frame(number: u64, frames: u64, names: &[DeviceName]) -> (Timestamp, Decoded) {
    let device = usize::try_from(number % DEVICES).unwrap();
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let offset = u64::try_from(u128::from(number) * u128::from(MONTH_US) / u128::from(frames)).unwrap();
    let received = Timestamp(START_US + i64::try_from(offset + noise % 5_000).unwrap());
    let tenth = |base: u64, swing: u64| Value::Number((base + noise % swing) as f64 / 10.0);
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(names[device].clone());
    decoded.key = Some(number.to_string().into());
    for (point, metric, value) in
        [("air", Metric::Temperature, tenth(215, 12)), ("air", Metric::Humidity, tenth(480, 60))]
    {
        let point = PointName::new(point).unwrap();
        decoded.readings.push(Reading { point, metric, value, vendor_unit: None, at: received });
    }
    (received, decoded)
}

fn fill(store: &mut Store, from: u64, to: u64, frames: u64) -> f64 {
    let site = SiteId::new("care").unwrap();
    let names: Vec<_> = (0..DEVICES).map(|n| DeviceName::new(&format!("sensor-{n}")).unwrap()).collect();
    let (mut batch, mut spent) = (Batch::default(), 0.0);
    let mut number = from;
    while number < to {
        let input: Vec<_> = (number..to.min(number + 10_000)).map(|n| (n, frame(n, frames, &names))).collect();
        number += u64::try_from(input.len()).unwrap();
        let started = Instant::now();
        for (n, (received, decoded)) in &input {
            batch.decoded(Seq(n + 1), *received, &site, decoded);
        }
        store.write(&mut batch).unwrap();
        spent += started.elapsed().as_secs_f64();
    }
    ((to - from) * 2) as f64 / spent
}

fn chart(path: &Path) {
    let history = History::open(path);
    let mut times = Vec::new();
    let mut points = 0;
    for n in 0..400 {
        let device = DeviceName::new(&format!("sensor-{}", n * 7 % DEVICES)).unwrap();
        let to = Timestamp(START_US + i64::try_from(MONTH_US).unwrap());
        let site = SiteId::new("care").unwrap();
        let query =
            ReadingsQuery { site, source: Source::Watchfire, device, from: Timestamp(START_US), to, points_max: 2_000 };
        let started = Instant::now();
        let series = history.readings(&query).unwrap();
        times.push(started.elapsed().as_secs_f64() * 1e3);
        points += series.iter().map(|series| series.points.len()).sum::<usize>();
    }
    times.sort_by(f64::total_cmp);
    println!(
        "chart of a device-month: p50 {:.2} ms, p99 {:.2} ms, {} points each",
        times[200],
        times[395],
        points / 400
    );
    let counts = history.counts().unwrap();
    let each = counts.bytes as f64 / counts.readings as f64;
    println!("{} readings in {} bytes: {each:.2} bytes a reading", counts.readings, counts.bytes);
}

fn plain_rows(path: &Path, readings: u64, index: bool) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;
             CREATE TABLE readings (series INTEGER, at INTEGER, received INTEGER, value REAL);",
        )
        .unwrap();
    if index {
        connection.execute_batch("CREATE INDEX readings_by_series ON readings (series, at, value)").unwrap();
    }
    let started = Instant::now();
    for batch in 0..readings / 20_000 {
        let step = connection.transaction().unwrap();
        let mut insert = step.prepare_cached("INSERT INTO readings VALUES (?1, ?2, ?3, ?4)").unwrap();
        for n in batch * 20_000..(batch + 1) * 20_000 {
            let at = START_US + i64::try_from(n * MONTH_US / 20_000_000).unwrap();
            insert.execute(((n % (2 * DEVICES)).cast_signed(), at, at, (215 + n * 7 % 12) as f64 / 10.0)).unwrap();
        }
        drop(insert);
        step.commit().unwrap();
    }
    let rate = readings as f64 / started.elapsed().as_secs_f64();
    drop(connection);
    let bytes = std::fs::metadata(path).unwrap().len() as f64 / readings as f64;
    println!("one row a reading{}: {rate:.0} rows/s, {bytes:.1} bytes a reading", if index { ", indexed" } else { "" });
}

fn main() {
    let mut args = std::env::args().skip(1);
    let directory = args.next().unwrap();
    let readings: u64 = args.next().map_or(20_000_000, |text| text.parse().unwrap());
    let directory = Path::new(&directory);
    plain_rows(&directory.join("rows.sqlite"), readings.min(4_000_000), false);
    plain_rows(&directory.join("indexed.sqlite"), readings.min(1_000_000), true);
    let path = directory.join("archive.sqlite");
    let (one, other) = (JournalId([1; 16]), JournalId([2; 16]));
    let mut store = Store::open(&path, one, other).unwrap();
    let frames = readings / 2;
    let step = frames / 10;
    for part in 0..10 {
        let rate = fill(&mut store, part * step, (part + 1) * step, frames);
        println!("{:>9} readings there: {rate:.0} readings/s", part * step * 2);
    }
    chart(&path);
    store.fold().unwrap();
    store.sync().unwrap();
    chart(&path);
}
