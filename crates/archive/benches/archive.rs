//! Readings a second from a journal into PostgreSQL, beside the bare binary COPY of the same rows into the same tables
//! and into one without an index, in the same run; the same journal into SQLite; a chart of a device-month; bytes a
//! reading.
//!
//! `cargo bench -p watchfire-archive --bench archive -- [READINGS [DEVICES [CHART_READINGS [SUSTAINED_S]]]]`
//!
//! The devices report two values every five seconds. The server is one of the bench's own with fsync on, on the disk of
//! the temporary directory; the journal's reader, the decoder and the writer share the machine with it. Roll-ups are on.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a measuring tool: it stops at the first trouble, reads the clock and prints its table"
)]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/archive/cluster.rs"]
mod cluster;

use cluster::Cluster;
use std::num::NonZeroU16;
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::time::Instant;
use watchfire_archive::{
    CONNECTIONS, History, ReadingsQuery, Retention, Server, ServerOptions, Store, StoreOptions, WriteError,
    verify_files,
};
use watchfire_journal::{Limits, Reader, RealDisk, Writer};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{
    Bilingual, Device, DeviceName, EncodedInput, Frame, Input, JournalId, Link, Seq, Site, SiteId, SiteKind, Sites,
    Source, Timestamp,
};
use watchfire_wire::{Profiles, Sessions, decode};

const IDS: (JournalId, JournalId) = (JournalId([1; 16]), JournalId([2; 16]));
/// 2026-03-01T00:00:00Z.
const START: Timestamp = Timestamp::from_seconds(1_772_323_200);
const INTERVAL_US: u64 = 5_000_000;
const COLUMNS: &str = "at, received, value, series";
const ROLL_UPS_LAG: &str =
    "SELECT round(coalesce(date_part('epoch', clock_timestamp() - min(noted_at)), 0)) FROM watchfire.rollups_due";

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let readings = numbers.next().unwrap_or(2_000_000);
    let devices = numbers.next().unwrap_or(1_000);
    let chart_readings = numbers.next().unwrap_or(0);
    let sustained_s = numbers.next().unwrap_or(0);
    let settings = ["max_wal_size=4GB", "shared_buffers=1GB", "checkpoint_timeout=15min"];
    let Some(cluster) = Cluster::start_in(tempfile::tempdir().unwrap(), &settings) else { return };
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let (mut writer, _) = Writer::open(&RealDisk, &journal, Limits::default()).unwrap();
    write_journal(&mut writer, 0..readings / 2, devices);
    println!("{readings} readings of {devices} devices\n");
    println!("| way | readings/s | of bare COPY |\n|---|---|---|");

    let over = |connections: NonZeroU16| {
        let database = cluster.make_database();
        let server = Server::new(&cluster.url(&database), None, None).unwrap();
        let options = ServerOptions { connections, ..ServerOptions::default() };
        let mut store = Store::on_server(&server, IDS.0, IDS.1, options).unwrap();
        let rate = archive(&journal, &mut store, 1..=readings / 2);
        (database, store, rate)
    };
    let (database, store, over_one) = over(NonZeroU16::MIN);
    drop(store);
    cluster.sql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"));
    let (database, mut store, ours) = over(CONNECTIONS);
    let lag_s = cluster.sql(&database, ROLL_UPS_LAG);
    let started = Instant::now();
    store.fold().unwrap();
    let rest_s = started.elapsed().as_secs_f64();
    let each = cluster.sql(
        &database,
        &format!(
            "SELECT round(sum(pg_total_relation_size(oid)) / {readings}.0, 1)
        FROM pg_class WHERE relnamespace = 'watchfire'::regnamespace AND relname ~ '^readings_20' AND relkind = 'r'"
        ),
    );
    let rollup_bytes = cluster.sql(
        &database,
        &format!(
            "SELECT round(sum(pg_total_relation_size(oid)) / {readings}.0, 1)
        FROM pg_class WHERE relnamespace = 'watchfire'::regnamespace AND relname ~ '^readings_1' AND relkind = 'r'"
        ),
    );
    drop(store);

    // The same rows, as they lie in the table: in the order in which the archive writes them.
    let file = format!("{}/rows", cluster.directory());
    cluster.sql(&database, &format!("COPY (SELECT {COLUMNS} FROM watchfire.readings) TO '{file}' BINARY"));
    let same = copy(&cluster, &[&file], readings, true);
    let without = copy(&cluster, &[&file], readings, false);
    let halves = [format!("{file}-0"), format!("{file}-1")];
    for (rest, half) in halves.iter().enumerate() {
        let rows = format!("SELECT {COLUMNS} FROM watchfire.readings WHERE series % 2 = {rest}");
        cluster.sql(&database, &format!("COPY ({rows}) TO '{half}' BINARY"));
    }
    let by_two = copy(&cluster, &halves.each_ref().map(String::as_str), readings, true);
    let arrival = format!("COPY (SELECT {COLUMNS} FROM watchfire.readings ORDER BY received) TO '{file}' BINARY");
    cluster.sql(&database, &arrival);
    let unsorted = copy(&cluster, &[&file], readings, true);

    let path = folder.path().join("archive.sqlite");
    let mut store = Store::open_with(&path, IDS.0, IDS.1, StoreOptions::default()).unwrap();
    let sqlite = archive(&journal, &mut store, 1..=readings / 2);
    store.fold().unwrap();
    store.sync().unwrap();
    let sqlite_bytes = std::fs::metadata(&path).unwrap().len() as f64 / readings as f64;
    let gzip = gzip_csv(&cluster, &database, readings);
    let server = Server::new(&cluster.url(&database), None, None).unwrap();
    let mut on_server = Store::on_server(&server, IDS.0, IDS.1, ServerOptions::default()).unwrap();
    let (from_server, server_bytes) = give_up(&mut on_server, readings, &folder.path().join("of-server"));
    let (from_file, file_bytes) = give_up(&mut store, readings, &folder.path().join("of-file"));
    for (way, rate) in [
        ("journal → PostgreSQL, roll-ups on", ours),
        ("the same over one connection", over_one),
        ("bare COPY, same rows, same tables", same),
        ("bare COPY over two connections, half of the series each", by_two),
        ("bare COPY, same tables, rows as they arrive", unsorted),
        ("bare COPY, same rows, no index, no partitions", without),
        ("journal → SQLite", sqlite),
        ("PostgreSQL → monthly files, read back, dropped, roll-ups kept", from_server),
        ("SQLite → the same", from_file),
        ("peer: COPY of the same columns as CSV to gzip", gzip.0),
    ] {
        println!("| {way} | {rate:.0} | {:.2} |", rate / same);
    }
    println!("\nroll-ups were {lag_s} s behind at the end, and made {rest_s:.1} s later");
    println!("bytes a reading: PostgreSQL {each} and {rollup_bytes} of roll-ups, SQLite {sqlite_bytes:.1}");
    println!(
        "bytes a reading in files: {server_bytes:.2} of PostgreSQL, {file_bytes:.2} of SQLite, gzip {:.2} ({:.2} x)",
        gzip.1,
        server_bytes / gzip.1
    );
    set_up(&cluster, folder.path());
    if chart_readings > 0 {
        chart(&cluster, chart_readings);
    }
    if sustained_s > 0 {
        let rate = sustained(&cluster, &journal, &mut writer, (readings / 2, devices), sustained_s);
        println!("that is {:.2} of the bare COPY above", rate / same);
    }
}

fn write_journal(writer: &mut Writer<RealDisk>, frames: Range<u64>, devices: u64) {
    for number in frames {
        let device = number % devices;
        let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
        let topic = format!("wf/v1/care/sensor-{device}/readings");
        let payload = format!(
            r#"{{"id":"{number}","readings":[{{"metric":"temperature","value":{}.{},"unit":"Cel"}},{{"metric":"humidity","value":4{}.5,"unit":"%RH"}}]}}"#,
            20 + noise % 3,
            noise % 10,
            noise % 7
        );
        let frame = Frame {
            site: "care",
            identity: "gw",
            device: "",
            link: Link::Mqtt { qos: 1, retain: false },
            topic: &topic,
            payload: payload.as_bytes(),
        };
        let at = Timestamp(START.0 + (number * INTERVAL_US / devices).cast_signed());
        writer.append(EncodedInput::new(&Input::Frame(frame)).stamp(at)).unwrap();
        if number % 1_000 == 999 {
            writer.sync().unwrap();
        }
    }
    writer.sync().unwrap();
}

/// Gives all readings up to files; readings a second, and bytes of the files a reading.
fn give_up(store: &mut Store, readings: u64, folder: &Path) -> (f64, f64) {
    let later = Timestamp(START.0 + 60 * 86_400_000_000);
    let retention = Retention {
        readings_from: later,
        minutes_from: later,
        rollups_from: START,
        alerts_from: START,
        audit_from: START,
        bytes_wanted: None,
        files: Some(folder.to_owned()),
        now: later,
    };
    let started = Instant::now();
    let given = store.retain(&retention).unwrap();
    let rate = readings as f64 / started.elapsed().as_secs_f64();
    assert_eq!(given.readings_by_age, readings, "all of them");
    let checked = verify_files(folder).unwrap();
    assert_eq!(checked.problems, Vec::<String>::new());
    (rate, checked.bytes as f64 / readings as f64)
}

/// The server's own way to such a file; readings a second, and bytes a reading.
fn gzip_csv(cluster: &Cluster, database: &str, readings: u64) -> (f64, f64) {
    let file = format!("{}/readings.csv.gz", cluster.directory());
    let sql = format!(
        "COPY (SELECT (extract(epoch FROM at) * 1000000)::bigint, (extract(epoch FROM received) * 1000000)::bigint, site,
            source, name, point, metric, unit, value
         FROM watchfire.readings JOIN watchfire.series ON series.id = readings.series
         JOIN watchfire.devices ON devices.id = series.device ORDER BY series, at)
         TO PROGRAM 'gzip > {file}' CSV"
    );
    let started = Instant::now();
    cluster.sql(database, &sql);
    let rate = readings as f64 / started.elapsed().as_secs_f64();
    (rate, std::fs::metadata(&file).unwrap().len() as f64 / readings as f64)
}

/// A set-up of 100,000 devices into the registry, and another that changes each of them; beside it one statement a row.
fn set_up(cluster: &Cluster, folder: &Path) {
    const DEVICES: u32 = 100_000;
    let database = cluster.make_database();
    let server = Server::new(&cluster.url(&database), None, None).unwrap();
    let mut on_server = Store::on_server(&server, IDS.0, IDS.1, ServerOptions::default()).unwrap();
    let mut in_file = Store::open(&folder.join("registry.sqlite"), IDS.0, IDS.1).unwrap();
    let mut spent = Vec::new();
    for store in [&mut on_server, &mut in_file] {
        for seq in [1, 2] {
            let sites = many_devices(DEVICES, seq);
            let started = Instant::now();
            let mut batch = store.batch();
            batch.entry(Seq(seq));
            batch.set_up(Seq(seq), START, &sites, []);
            store.write(&mut batch).unwrap();
            spent.push(started.elapsed().as_secs_f64());
        }
    }
    let rows: u32 = cluster.sql(&database, "SELECT count(*) FROM watchfire.registry_devices").parse().unwrap();
    assert_eq!(rows, DEVICES, "every device once");
    let one_by_one = "SET search_path = watchfire; PREPARE one AS INSERT INTO registry_devices
        VALUES ('row', 'watchfire', $1, 'a', 'b', NULL, false, 1, NULL) ON CONFLICT (site, source, device)
        DO UPDATE SET set_up = excluded.set_up; BEGIN;\n";
    let rows: String = (0..DEVICES).map(|n| format!("EXECUTE one('d{n}');\n")).collect();
    let script = folder.join("rows.sql");
    std::fs::write(&script, format!("{one_by_one}{rows}COMMIT;\n")).unwrap();
    let started = Instant::now();
    cluster.sql(&database, &format!("\\i {}", script.display()));
    let by_row = started.elapsed().as_secs_f64();
    println!(
        "a set-up of {DEVICES} devices: PostgreSQL {:.1} s, each of them changed {:.1} s (a statement a row {by_row:.1} s), SQLite {:.1} s and {:.1} s",
        spent[0], spent[1], spent[2], spent[3]
    );
}

fn many_devices(count: u32, version: u64) -> Sites {
    let device = |n: u32| Device {
        source: Source::Watchfire,
        name: DeviceName::new(&format!("detector-{n}")).unwrap(),
        label: Bilingual::new(format!("detector {n}, {version}"), format!("探测器 {n}，{version}")),
        zone: None,
        silent_after_s: Some(180),
        tags: Default::default(),
    };
    let site = |first: u32| Site {
        name: Bilingual::new("Tower", "塔楼"),
        kind: SiteKind::Building,
        address: Bilingual::new("1 Huanghai Road", "黄海路 1 号"),
        time_zone: "Asia/Shanghai".to_owned(),
        zones: Default::default(),
        devices: (first..first + 100).map(device).collect(),
        identities: Default::default(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    let id = |first: u32| SiteId::new(&format!("site-{first}")).unwrap();
    let sites = (0..count).step_by(100).map(|first| (id(first), site(first))).collect();
    Sites { sites, ..Sites::default() }
}

/// Reads the journal into the store as the station does; readings a second.
fn archive(journal: &Path, store: &mut Store, frames: RangeInclusive<u64>) -> f64 {
    let mut reader = Reader::open(&RealDisk, journal, *frames.start()).unwrap();
    let (mut sessions, profiles) = (Sessions::default(), Profiles::default());
    let mut batch = store.batch();
    let started = Instant::now();
    let mut readings = 0;
    loop {
        while !batch.is_full()
            && let Some(record) = reader.next(*frames.end()).unwrap()
        {
            let entry = decode_entry(Seq(record.seq), record.bytes).unwrap();
            let Input::Frame(frame) = &entry.input else { unreachable!("there is nothing else") };
            let site = SiteId::new(frame.site).unwrap();
            let decoded = decode(frame, entry.at, &profiles, &mut sessions);
            readings += decoded.readings.len();
            batch.decoded(entry.seq, entry.at, &site, &decoded);
        }
        if batch.is_empty() {
            return readings as f64 / started.elapsed().as_secs_f64();
        }
        store.write(&mut batch).unwrap();
    }
}

/// Journals and archives pieces in turn for so long; readings a second. The time of journaling counts too.
fn sustained(
    cluster: &Cluster,
    journal: &Path,
    writer: &mut Writer<RealDisk>,
    (piece, devices): (u64, u64),
    seconds: u64,
) -> f64 {
    let database = cluster.make_database();
    let server = Server::new(&cluster.url(&database), None, None).unwrap();
    let mut store = Store::on_server(&server, IDS.0, IDS.1, ServerOptions::default()).unwrap();
    let (mut pieces, mut behind_s) = (0, 0.0f64);
    let started = Instant::now();
    while pieces == 0 || started.elapsed().as_secs() < seconds {
        if pieces > 0 {
            write_journal(writer, pieces * piece..(pieces + 1) * piece, devices);
        }
        archive(journal, &mut store, pieces * piece + 1..=(pieces + 1) * piece);
        behind_s = behind_s.max(cluster.sql(&database, ROLL_UPS_LAG).parse().unwrap());
        pieces += 1;
    }
    let spent_s = started.elapsed().as_secs_f64();
    let rows: u64 = cluster.sql(&database, "SELECT count(*) FROM watchfire.readings").parse().unwrap();
    assert_eq!(rows, 2 * pieces * piece, "every row once");
    let rate = rows as f64 / spent_s;
    println!(
        "{rows} readings in {spent_s:.0} s, journaling and roll-ups included: {rate:.0} readings/s, roll-ups at most {behind_s} s behind"
    );
    rate
}

/// Copies files of rows, each over its own connection at the same time, into the tables of a new archive, or into one
/// that is plain; readings a second.
fn copy(cluster: &Cluster, files: &[&str], readings: u64, indexed: bool) -> f64 {
    let database = cluster.make_database();
    let server = Server::new(&cluster.url(&database), None, None).unwrap();
    drop(Store::on_server(&server, IDS.0, IDS.1, ServerOptions::default()).unwrap());
    for day in 0..=(readings / 2 * INTERVAL_US / 86_400_000_000 / 100) {
        cluster.sql(&database, &format!("SET search_path = watchfire; SELECT make_day(date '2026-03-01' + {day})"));
    }
    cluster.sql(&database, "CREATE TABLE watchfire.plain AS SELECT * FROM watchfire.readings");
    let table = if indexed { "readings" } else { "plain" };
    let started = Instant::now();
    std::thread::scope(|scope| {
        for file in files {
            let (database, copy) = (&database, format!("\\copy watchfire.{table} ({COLUMNS}) FROM '{file}' BINARY"));
            scope.spawn(move || cluster.sql(database, &copy));
        }
    });
    let rate = readings as f64 / started.elapsed().as_secs_f64();
    cluster.sql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"));
    rate
}

/// Makes the roll-ups that are due. A round of those that are made beside it may take longer than one waits for a lock.
fn roll_up(store: &mut Store) {
    while let Err(error) = store.fold() {
        assert!(matches!(error, WriteError::Busy(_)), "{error}");
    }
}

/// A month of 1,000 devices, each with two values at a time.
fn chart(cluster: &Cluster, readings: u64) {
    const DEVICES: u64 = 1_000;
    let database = cluster.make_database();
    let server = Server::new(&cluster.url(&database), None, None).unwrap();
    let mut store = Store::on_server(&server, IDS.0, IDS.1, ServerOptions::default()).unwrap();
    let step_us = 30 * 86_400_000_000 / (readings / 2);
    let mut rates = Vec::new();
    let parts = 10;
    let mut batch = store.batch();
    let names: Vec<_> = (0..DEVICES).map(|n| DeviceName::new(&format!("sensor-{n}")).unwrap()).collect();
    for part in 0..parts {
        let (from, to) = (part * readings / 2 / parts, (part + 1) * readings / 2 / parts);
        let started = Instant::now();
        let mut number = from;
        while number < to {
            while number < to && !batch.is_full() {
                let received = Timestamp(START.0 + (number * step_us).cast_signed());
                let decoded = month_frame(number, received, &names[usize::try_from(number % DEVICES).unwrap()]);
                number += 1;
                batch.decoded(Seq(number), received, &SiteId::new("care").unwrap(), &decoded);
            }
            store.write(&mut batch).unwrap();
        }
        // The cost of a reading has that of its roll-ups in it, which are made beside the writer.
        roll_up(&mut store);
        rates.push(2.0 * (to - from) as f64 / started.elapsed().as_secs_f64());
    }
    let (first, last) = (rates[0], rates[rates.len() - 1]);
    println!(
        "{readings} readings over a month, with their roll-ups: {first:.0} readings/s into the empty tables, {last:.0} at the end ({:.2} x the cost)",
        first / last
    );
    println!("in tenths: {}", rates.iter().map(|rate| format!("{rate:.0}")).collect::<Vec<_>>().join(", "));
    let now = Timestamp(START.0 + 30 * 86_400_000_000);
    let keep = Retention {
        readings_from: START,
        minutes_from: START,
        rollups_from: START,
        alerts_from: START,
        audit_from: START,
        bytes_wanted: None,
        files: None,
        now,
    };
    store.retain(&keep).unwrap();
    cluster.sql(&database, "VACUUM ANALYZE");
    let history = History::on_server(&server);
    let mut times = Vec::new();
    let mut points = 0;
    for n in 0..400u64 {
        let query = ReadingsQuery {
            site: SiteId::new("care").unwrap(),
            source: Source::Watchfire,
            device: names[usize::try_from(n * 7 % DEVICES).unwrap()].clone(),
            from: START,
            to: now,
            points_max: 2_000,
        };
        let started = Instant::now();
        let series = history.readings(&query).unwrap();
        // The first round warms the caches.
        if n >= 200 {
            times.push(started.elapsed().as_secs_f64() * 1e3);
            points += series.iter().map(|series| series.points.len()).sum::<usize>();
        }
    }
    times.sort_by(f64::total_cmp);
    let (middle, slow) = (times[100], times[197]);
    println!("chart of a device-month: p50 {middle:.1} ms, p99 {slow:.1} ms, {} points each", points / 200);
}

fn month_frame(number: u64, received: Timestamp, name: &DeviceName) -> watchfire_model::Decoded {
    use watchfire_model::{Decoded, Metric, PointName, Reading, Value};
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(name.clone());
    for (metric, base, swing) in [(Metric::Temperature, 215, 12), (Metric::Humidity, 480, 60)] {
        let value = Value::Number((base + noise % swing) as f64 / 10.0);
        let point = PointName::new("air").unwrap();
        decoded.readings.push(Reading { point, metric, value, vendor_unit: None, at: received });
    }
    decoded
}
