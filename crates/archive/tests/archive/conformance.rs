//! What every backend must answer alike. Each check is a function of an archive, so that another backend can be run
//! through all of them; the tests below run them on SQLite, with a tail that is folded all the time and
//! one that never is, on PostgreSQL, over several connections and over one, and on PostgreSQL with TimescaleDB.

use crate::cluster::Cluster;
use crate::records::{
    audit_over_a_restore, incidents_closed_loop, records_as_they_were, records_by_age, records_come_again,
    records_in_parts,
};
use crate::source::{
    Archive, Item, Logs, SPREAD, START, a_fire, alert_id, ask, key, open_with_lanes, reading, show, show_readings,
    site, temperatures,
};
use crate::timescale::Timescale;
use std::num::NonZeroU16;
use watchfire_archive::{AlertsCursor, AlertsQuery, Batch, Gap, Retention, ServerOptions, StoreOptions};
use watchfire_model::{Class, Condition, Decoded, DeviceName, Metric, Seq, Source, Step, Timestamp, Value};

const DAY_S: i64 = 86_400;

type Check = fn(&mut Archive);

const CHECKS: &[(&str, Check)] = &[
    ("a fire from alarm to end", fire_from_alarm_to_end),
    ("entries that come again change nothing", again_changes_nothing),
    ("late readings land in their place", late_readings_land),
    ("repeats make one row", repeats_make_one_row),
    ("series keep their units and kinds", series_keep_units),
    ("a span takes both its ends", span_takes_both_ends),
    ("peaks and steps survive", peaks_survive),
    ("alerts in pages", alerts_in_pages),
    ("alerts by class, site and time", alerts_by_filter),
    ("devices in pages", devices_in_pages),
    ("gaps are written down", gaps_are_written_down),
    ("retention by age", retention_by_age),
    ("both cursors move together", cursors_move),
    ("figures of a span", crate::figures::figures_of_a_span),
    ("availability of devices and sites", crate::figures::availability_of_devices_and_sites),
    ("how things stood at a time", crate::figures::how_things_stood),
    ("lives in pages", crate::figures::lives_in_pages),
    ("records as they were", records_as_they_were),
    ("records that come again change nothing", records_come_again),
    ("records by time, site and person", records_in_parts),
    ("incidents from alarm to end", incidents_closed_loop),
    ("the audit over a restore", audit_over_a_restore),
    ("records by age", records_by_age),
];

#[test]
fn sqlite_folding_with_every_batch() {
    run(StoreOptions { tail_readings_max: 0, ..StoreOptions::default() });
}

#[test]
fn sqlite_never_folding() {
    run(StoreOptions::default());
}

#[test]
fn postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    for (name, check) in CHECKS {
        println!("{name}");
        check(&mut Archive::on_server(cluster.database()));
    }
}

#[test]
fn timescaledb() {
    let Some(server) = Timescale::lend() else { return };
    for (name, check) in CHECKS {
        println!("{name}");
        check(&mut server.archive());
    }
}

#[test]
fn postgresql_over_one_connection() {
    let Some(cluster) = Cluster::start() else { return };
    for (name, check) in CHECKS {
        println!("{name}");
        let mut archive = Archive::on_server(cluster.database());
        archive.store =
            open_with_lanes(archive.server.as_ref().unwrap(), ServerOptions { connections: NonZeroU16::MIN, ..SPREAD });
        check(&mut archive);
    }
}

fn run(options: StoreOptions) {
    for (name, check) in CHECKS {
        println!("{name}");
        check(&mut Archive::new(options));
    }
}

/// Compares with a file under `tests/data`; `GOLDEN=write` writes it.
pub(crate) fn golden(name: &str, found: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap(), "{name}");
}

fn fire_from_alarm_to_end(archive: &mut Archive) {
    a_fire().deliver(&mut archive.store);
    golden("fire.txt", &show(&archive.history));
}

fn again_changes_nothing(archive: &mut Archive) {
    let logs = a_fire();
    logs.deliver(&mut archive.store);
    let (before, counts) = (show(&archive.history), archive.history.counts().unwrap());
    for count in [1, 5, usize::MAX] {
        let mut batch = Batch::default();
        logs.fill(&mut batch, watchfire_archive::Cursors::default(), count);
        archive.store.write(&mut batch).unwrap();
        assert!(batch.is_empty(), "a written batch is empty");
        assert_eq!(show(&archive.history), before);
    }
    let after = archive.history.counts().unwrap();
    assert_eq!((counts.readings, counts.orders, counts.transitions), (after.readings, after.orders, after.transitions));
}

fn late_readings_land(archive: &mut Archive) {
    let mut logs = Logs::default();
    logs.push(0, temperatures("t-1", None, &[(0, 20.0), (60, 21.0)]));
    logs.deliver(&mut archive.store);
    logs.push(200, temperatures("t-1", None, &[(200, 24.0)]));
    logs.deliver(&mut archive.store);
    // Out of a buffer: between what is there, before it, of the day before, and years off.
    logs.push(201, temperatures("t-1", None, &[(120, 22.0), (-5, 19.0), (-DAY_S, 18.0), (-40 * 365 * DAY_S, 1.5)]));
    logs.deliver(&mut archive.store);
    logs.push(202, temperatures("t-1", None, &[(202, 25.0)]));
    logs.deliver(&mut archive.store);
    assert_eq!(
        show_readings(&archive.history, &ask("t-1", 100)),
        "main temperature [Cel]: -1261440000=1.5 -86400=18 -5=19 0=20 60=21 120=22 200=24 202=25\n"
    );
}

fn repeats_make_one_row(archive: &mut Archive) {
    let mut logs = Logs::default();
    // Without a key: same time and value is one row, another value of that time is another row.
    for second in [1, 2, 900] {
        logs.push(second, temperatures("t-1", None, &[(0, 20.0)]));
        logs.deliver(&mut archive.store);
    }
    logs.push(901, temperatures("t-1", None, &[(0, 20.5)]));
    logs.deliver(&mut archive.store);
    // With a key: the frame again, received later, is the same frame, for ten minutes.
    for second in [1_000, 1_001, 1_500, 1_601] {
        logs.push(second, temperatures("t-2", Some("a"), &[(second, 30.0)]));
        logs.deliver(&mut archive.store);
        archive.store = archive.again();
    }
    // The key again with other readings is a device that uses one key for everything: nothing is lost.
    logs.push(1_602, temperatures("t-2", Some("a"), &[(1_602, 31.0)]));
    logs.deliver(&mut archive.store);
    assert_eq!(show_readings(&archive.history, &ask("t-1", 100)), "main temperature [Cel]: 0=20 0=20.5\n");
    assert_eq!(show_readings(&archive.history, &ask("t-2", 100)), "main temperature [Cel]: 1000=30 1601=30 1602=31\n");
}

fn series_keep_units(archive: &mut Archive) {
    let mut logs = Logs::default();
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(DeviceName::new("三楼 / 1").unwrap());
    let lux = Metric::from_name("vendor.lux").unwrap();
    decoded.readings.push(reading(Metric::SmokeAlarm, Value::Bool(false), START));
    decoded.readings.push(reading(Metric::Humidity, Value::Number(45.123_456_789), START));
    decoded.readings.push(reading(lux.clone(), Value::Number(-0.1), START));
    decoded.readings.push(reading(lux.clone(), Value::Bool(true), START));
    decoded.readings.push(reading(lux, Value::Number(300.0), START));
    decoded.readings.last_mut().unwrap().vendor_unit = Some("lx".into());
    logs.push(0, Item::Frame(site("care"), decoded));
    logs.deliver(&mut archive.store);
    assert_eq!(
        show_readings(&archive.history, &ask("三楼 / 1", 100)),
        "main humidity [%RH]: 0=45.123456789\nmain smoke_alarm []: 0=false\nmain vendor.lux []: 0=true 0=-0.1\n\
         main vendor.lux [lx]: 0=300\n"
    );
}

fn span_takes_both_ends(archive: &mut Archive) {
    let mut logs = Logs::default();
    let values: Vec<(i64, f64)> = (0..10).map(|n| (n * 40_000, n as f64)).collect();
    logs.push(0, temperatures("t-1", None, &values));
    logs.deliver(&mut archive.store);
    logs.push(1, Item::Tick);
    logs.deliver(&mut archive.store);
    let mut query = ask("t-1", 100);
    (query.from, query.to) =
        (START.plus(std::time::Duration::from_secs(40_000)), START.plus(std::time::Duration::from_secs(120_000)));
    assert_eq!(show_readings(&archive.history, &query), "main temperature [Cel]: 40000=1 80000=2 120000=3\n");
    (query.from, query.to) = (query.to, query.from);
    assert_eq!(show_readings(&archive.history, &query), "", "a span that ends before it begins is empty");
    assert_eq!(show_readings(&archive.history, &ask("nobody", 100)), "");
}

fn peaks_survive(archive: &mut Archive) {
    let mut logs = Logs::default();
    for n in 0..5_000 {
        let value = if n == 3_333 { 93.5 } else { 20.0 + (n % 7) as f64 / 10.0 };
        logs.push(n * 60, temperatures("t-1", None, &[(n * 60, value)]));
        if n % 500 == 0 {
            logs.deliver(&mut archive.store);
        }
    }
    logs.deliver(&mut archive.store);
    let series = archive.history.readings(&ask("t-1", 60)).unwrap().remove(0);
    assert!(series.points.len() <= 60, "{} points", series.points.len());
    let peak = series.points.iter().find(|point| point.value == Value::Number(93.5)).unwrap();
    assert_eq!(peak.at, START.plus(std::time::Duration::from_secs(3_333 * 60)));
    assert_eq!(series.points.last().unwrap().at, START.plus(std::time::Duration::from_secs(4_999 * 60)));
    let whole = archive.history.readings(&ask("t-1", 20_000)).unwrap().remove(0);
    assert_eq!(whole.points.len(), 5_000);
}

/// Alerts at seconds 0, 0, 10, 20 … of classes in turn.
fn many_alerts(count: u64) -> Logs {
    let mut logs = Logs::default();
    for n in 0..count {
        let second = i64::try_from(n.saturating_sub(1) * 10).unwrap();
        let seq = logs.push(second, Item::Tick);
        let class = Class::ALL[usize::try_from(n).unwrap() % 3];
        logs.transition(alert_id(seq), second, class, Step::Raised);
    }
    logs
}

fn alerts_in_pages(archive: &mut Archive) {
    many_alerts(25).deliver(&mut archive.store);
    let (mut seen, mut query) = (Vec::new(), AlertsQuery { limit: 4, ..AlertsQuery::default() });
    loop {
        let page = archive.history.alerts(&query).unwrap();
        assert!(page.alerts.len() <= 4);
        seen.extend(page.alerts.iter().map(|alert| (alert.raised_at, alert.id)));
        let Some(next) = page.next else { break };
        assert_eq!(next.to_string().parse::<AlertsCursor>().unwrap(), next);
        query.before = Some(next);
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| (a.0, a.1.to_string()) > (b.0, b.1.to_string())), "newest first, each once");
    assert!("yesterday".parse::<AlertsCursor>().is_err());
    assert_eq!(archive.history.alert(alert_id(Seq(99))).unwrap(), None);
}

fn alerts_by_filter(archive: &mut Archive) {
    many_alerts(25).deliver(&mut archive.store);
    let count = |query: AlertsQuery| archive.history.alerts(&AlertsQuery { limit: 100, ..query }).unwrap().alerts.len();
    assert_eq!(count(AlertsQuery { class: Some(Class::Gas), ..AlertsQuery::default() }), 8);
    assert_eq!(count(AlertsQuery { class: Some(Class::Water), ..AlertsQuery::default() }), 0);
    assert_eq!(count(AlertsQuery { site: Some(site("care")), ..AlertsQuery::default() }), 25);
    assert_eq!(count(AlertsQuery { site: Some(site("home")), ..AlertsQuery::default() }), 0);
    let from = Some(START.plus(std::time::Duration::from_secs(200)));
    assert_eq!(count(AlertsQuery { from, site: Some(site("care")), ..AlertsQuery::default() }), 4);
}

fn devices_in_pages(archive: &mut Archive) {
    let mut logs = Logs::default();
    for n in 0..1_005 {
        logs.push(n, temperatures(&format!("t-{n:04}"), None, &[(n, 1.0)]));
    }
    logs.deliver(&mut archive.store);
    let first = archive.history.devices(&site("care"), None).unwrap();
    let rest = archive.history.devices(&site("care"), Some(&first.last().unwrap().key)).unwrap();
    assert_eq!((first.len(), rest.len()), (1_000, 5));
    assert_eq!(rest[4].key, key("t-1004"));
    assert_eq!(archive.history.devices(&site("home"), None).unwrap(), []);
}

fn gaps_are_written_down(archive: &mut Archive) {
    let mut batch = Batch::default();
    (1..=3).for_each(|seq| batch.entry(Seq(seq)));
    batch.gap(Gap { from: Seq(4), to: Seq(10), noted_at: START });
    archive.store.write(&mut batch).unwrap();
    batch.gap(Gap { from: Seq(8), to: Seq(12), noted_at: START });
    archive.store.write(&mut batch).unwrap();
    assert_eq!(archive.store.cursors().entries, Seq(12));
    assert_eq!(archive.history.counts().unwrap().entries_given_up, 9);
}

fn retention_by_age(archive: &mut Archive) {
    let mut logs = a_fire();
    let still_open = logs.push(3_700, Item::Tick);
    logs.transition(alert_id(still_open), 3_700, Class::Gas, Step::Raised);
    for day in 0..5 {
        logs.push(4_000 + day * DAY_S, temperatures("t-1", None, &[(4_000 + day * DAY_S, 20.0)]));
    }
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let later = START.plus(std::time::Duration::from_secs(3 * 86_400));
    let retention = Retention {
        readings_from: later,
        minutes_from: later,
        rollups_from: later,
        alerts_from: later,
        audit_from: later,
        bytes_wanted: None,
        files: None,
        now: later,
    };
    let given =
        archive.store.retain(&Retention { alerts_from: START, audit_from: START, ..retention.clone() }).unwrap();
    assert_eq!((given.readings_by_age, given.readings_by_room, given.alerts), (4, 0, 0), "alerts are kept longer");
    let given = archive.store.retain(&retention).unwrap();
    assert_eq!((given.readings_by_age, given.readings_by_room, given.alerts), (0, 0, 1));
    let left = archive.history.alerts(&AlertsQuery { limit: 9, ..AlertsQuery::default() }).unwrap().alerts;
    assert_eq!(left.len(), 1, "the fire is over, the gas is not");
    assert_eq!((left[0].class, left[0].condition), (Class::Gas, Condition::Active));
    assert_eq!(show_readings(&archive.history, &ask("t-1", 9)), "main temperature [Cel]: 263200=20 349600=20\n");
    assert_eq!(archive.store.retain(&retention).unwrap().readings_by_age, 0);
    let counts = archive.history.counts().unwrap();
    assert_eq!((counts.readings, counts.transitions, counts.deliveries, counts.orders), (2, 1, 0, 0));
}

fn cursors_move(archive: &mut Archive) {
    let logs = a_fire();
    logs.deliver(&mut archive.store);
    let cursors = archive.store.cursors();
    assert_eq!(cursors.entries, Seq(logs.entries.len() as u64));
    assert_eq!(cursors.alerts, logs.records.len() as u64);
    assert_eq!(archive.store.sync().unwrap(), cursors, "nobody reads, so all of it is durable");
    assert_eq!(archive.store.durable(), cursors);
    assert_eq!(archive.again().cursors(), cursors);
    assert_eq!(Timestamp(0), Timestamp::EPOCH);
}
