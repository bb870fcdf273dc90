//! Roll-ups that outlive their readings: old charts are drawn of them, and what comes late changes none.

use crate::cluster::Cluster;
use crate::source::{Archive, Item, Logs, START, ask, reading, show_readings, site, temperatures};
use crate::timescale::on_each_server;
use std::path::Path;
use std::time::Duration;
use watchfire_archive::{
    History, ReadingsQuery, RestoreInto, Retention, Server, Store, StoreOptions, migrate, restore_files,
};
use watchfire_model::{Decoded, DeviceKey, DeviceName, Metric, Source, Timestamp, Value};

const DAY_S: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp(START.0 + second * 1_000_000)
}

/// In a file, and on servers where there is PostgreSQL.
fn with_both(check: impl Fn(&mut Archive)) {
    check(&mut Archive::new(StoreOptions::default()));
    on_each_server(|server| check(&mut Archive::on_peer(server, &server.make_database())));
}

/// Readings of the first two days are given up; roll-ups from `from` on are kept.
fn retention(rollups_from: Timestamp) -> Retention {
    Retention {
        readings_from: at(2 * DAY_S),
        minutes_from: at(2 * DAY_S),
        rollups_from,
        alerts_from: START,
        audit_from: START,
        bytes_wanted: None,
        files: None,
        now: at(3 * DAY_S),
    }
}

fn keep() -> Retention {
    retention(at(-30 * DAY_S))
}

fn switch(changes: &[(i64, bool)]) -> Item {
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(DeviceName::new("t-1").unwrap());
    for (second, value) in changes {
        decoded.readings.push(reading(Metric::PumpRunning, Value::Bool(*value), at(*second)));
    }
    Item::Frame(site("care"), decoded)
}

fn some_readings(archive: &mut Archive) -> Logs {
    let mut logs = Logs::default();
    logs.push(200, temperatures("t-1", None, &[(10, 22.0), (40, 30.0), (130, 21.0)]));
    logs.push(4_000, temperatures("t-1", None, &[(4_000, 18.0)]));
    logs.push(4_001, switch(&[(4_000, true), (4_001, false)]));
    logs.push(3 * DAY_S, temperatures("t-1", None, &[(3 * DAY_S, 23.0)]));
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    logs
}

/// All of it, whole.
fn chart(history: &History) -> String {
    show_readings(history, &ReadingsQuery { from: at(-DAY_S), to: at(20 * DAY_S), ..ask("t-1", 20_000) })
}

const WHOLE: &str = "main pump_running []: 4000=true 4001=false\n\
                     main temperature [Cel]: 10=22 40=30 130=21 4000=18 259200=23\n";
const ROLLED_UP: &str = "main pump_running []: 4000=false 4000.5=true 4001=false\n\
                         main temperature [Cel]: 10=21 70=30 130=21 4000=18 259200=23\n";
const GONE: &str = "main temperature [Cel]: 259200=23\n";

#[test]
fn old_charts_are_drawn_of_roll_ups_and_late_readings_change_none() {
    with_both(|archive| {
        let mut logs = some_readings(archive);
        assert_eq!(chart(&archive.history), WHOLE);
        assert_eq!(archive.store.retain(&keep()).unwrap().readings_by_age, 6);
        assert_eq!(chart(&archive.history), ROLLED_UP);
        let key = DeviceKey { site: site("care"), source: Source::Watchfire, name: DeviceName::new("t-1").unwrap() };
        let values = archive.history.values_at(&key, at(DAY_S)).unwrap();
        assert_eq!(values, [], "no value of a roll-up is taken for one that was read");

        // One of an hour that is rolled up, one of an hour of the same day that had none.
        let late = [(50, 99.0), (8_000, 7.0)];
        logs.push(3 * DAY_S + 1, temperatures("t-1", None, &late));
        logs.deliver(&mut archive.store);
        archive.store.fold().unwrap();
        let with_late = ROLLED_UP.replace("70=30 130=21 4000=18", "50=99 70=30 130=21 4000=18 8000=7");
        assert_eq!(chart(&archive.history), with_late, "they are answered beside it");
        assert_eq!(archive.store.retain(&keep()).unwrap().readings_by_age, 2);
        assert_eq!(chart(&archive.history), ROLLED_UP, "and the roll-up is of what came in time");

        archive.store.retain(&retention(at(2 * DAY_S))).unwrap();
        assert_eq!(chart(&archive.history), GONE);
        assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
    });
}

#[test]
fn readings_that_come_back_from_files_are_shown_instead_of_their_roll_ups() {
    with_both(|archive| {
        some_readings(archive);
        let folder = tempfile::tempdir().unwrap();
        let keep = Retention { files: Some(folder.path().to_owned()), ..keep() };
        archive.store.retain(&keep).unwrap();
        assert_eq!(chart(&archive.history), ROLLED_UP);
        let path = archive.path.clone();
        let into = archive.server.as_ref().map_or(RestoreInto::File(&path), RestoreInto::Server);
        assert_eq!(restore_files(folder.path(), "2026-03", into).unwrap().added, 6);
        assert_eq!(chart(&archive.history), WHOLE);
        archive.store.retain(&keep).unwrap();
        assert_eq!(chart(&archive.history), ROLLED_UP);
    });
}

#[test]
fn roll_ups_go_from_a_file_to_a_server() {
    let Some(cluster) = Cluster::start() else { return };
    let mut archive = Archive::new(StoreOptions::default());
    some_readings(&mut archive);
    archive.store.retain(&keep()).unwrap();
    let (database, path) = (cluster.make_database(), archive.path.clone());
    let server = Server::new(&cluster.url(&database), None, None).unwrap();
    migrate(&path, &server, |_| ()).unwrap();
    assert_eq!(chart(&History::on_server(&server)), ROLLED_UP);
    let days = "SELECT metric, min, max, last, true_s, count FROM watchfire.readings_1d AS r
        JOIN watchfire.series ON series.id = r.series ORDER BY metric, at";
    assert_eq!(
        cluster.sql(&database, days),
        "pump_running|0|1|0|1|2\ntemperature|18|30|18||4\ntemperature|23|23|23||1"
    );
}

#[test]
fn when_there_is_no_room_readings_go_before_their_hours() {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("archive.sqlite");
    let mut store = crate::source::open(path, StoreOptions::default());
    let mut logs = Logs::default();
    for day in 0..20 {
        let values: Vec<_> = (0..2_000).map(|n| (day * DAY_S + n * 30, (n * 7_919 % 1_000) as f64 / 7.0)).collect();
        logs.push(day * DAY_S + 60_000, temperatures("t-1", None, &values));
    }
    logs.deliver(&mut store);
    store.fold().unwrap();
    let all = Retention {
        readings_from: START,
        minutes_from: START,
        rollups_from: at(-DAY_S),
        now: at(21 * DAY_S),
        ..keep()
    };
    let used = store.bytes_used().unwrap();
    let given = store.retain(&Retention { bytes_wanted: Some(used / 2), ..all.clone() }).unwrap();
    assert!((4_000..40_000).contains(&given.readings_by_room) && given.bytes_used <= used / 2, "{given:?}");
    let history = History::open(path);
    let first = history.readings(&ask("t-1", 20_000)).unwrap().remove(0).points.remove(0);
    assert_eq!(first.at, START, "the first day is there by its hours");
    store.retain(&Retention { bytes_wanted: Some(1), ..all }).unwrap();
    assert_eq!(history.readings(&ask("t-1", 20_000)).unwrap(), []);
    drop::<Store>(store);
}

#[test]
fn minutes_are_kept_for_an_age_of_their_own() {
    on_each_server(|server| minutes_first(&mut Archive::on_peer(server, &server.make_database())));
}

fn minutes_first(archive: &mut Archive) {
    some_readings(archive);
    let minutes = Retention { minutes_from: START.minus(Duration::from_secs(86_400)), ..keep() };
    archive.store.retain(&minutes).unwrap();
    let short = |history: &History| {
        show_readings(history, &ReadingsQuery { from: at(-100), to: at(DAY_S), ..ask("t-1", 20_000) })
    };
    let temperatures = |shown: String| shown.lines().last().unwrap().to_owned();
    assert_eq!(
        temperatures(short(&archive.history)),
        "main temperature [Cel]: 10=22 25=30 40=30 130=21 4000=18",
        "a minute is its lowest, highest and last value"
    );
    assert_eq!(chart(&archive.history), ROLLED_UP, "long spans go by hours");
    archive.store.retain(&keep()).unwrap();
    assert_eq!(temperatures(short(&archive.history)), "main temperature [Cel]: 10=21 70=30 130=21 4000=18");
}
