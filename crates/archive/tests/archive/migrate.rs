//! From a file to a server: the same answers from both, before and after; and what is cut short begins anew.

use crate::cluster::Cluster;
use crate::crash::{Expected, Life};
use crate::source::{
    ALERT_JOURNAL, Archive, Item, JOURNAL, START, a_fire, open_on, open_with_lanes, options_of, reading, show, site,
    temperatures,
};
use crate::timescale::on_each_server;
use watchfire_archive::{
    Batch, History, MigrateError, OpenError, Server, ServerOptions, Store, StoreOptions, WriteError, migrate,
};
use watchfire_model::{Decoded, DeviceName, Metric, Source, Value};

#[test]
fn what_a_file_answers_a_server_answers_after_it() {
    on_each_server(|peer| {
        let mut archive = Archive::new(StoreOptions::default());
        let mut logs = a_fire();
        // One series with numbers and booleans, one of a clock that is wrong, and a day that is in blocks and in the tail.
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some(DeviceName::new("odd").unwrap());
        let lux = Metric::from_name("vendor.lux").unwrap();
        for value in [Value::Number(1.5), Value::Bool(true)] {
            decoded.readings.push(reading(lux.clone(), value, START));
        }
        logs.push(4_000, Item::Frame(site("care"), decoded));
        logs.push(4_001, temperatures("t-9", None, &[(4_000, 1.0), (-40 * 365 * 86_400, 2.0)]));
        logs.deliver(&mut archive.store);
        archive.store.fold().unwrap();
        logs.push(4_100, temperatures("t-9", Some("key"), &[(4_050, 3.0)]));
        logs.deliver(&mut archive.store);

        let name = peer.make_database();
        let server = Server::new(&peer.url(&name), None, None).unwrap();
        let mut days = Vec::new();
        let done = migrate(&archive.path, &server, |so_far| days.push(so_far.days_done)).unwrap();
        assert_eq!((days.len(), days.last()), (done.days, Some(&done.days)));
        let history = History::on_server(&server);
        assert_eq!(show(&history), show(&archive.history));
        assert_eq!(history.check().unwrap().problems, Vec::<String>::new());
        let counts = |history: &History| {
            let counts = history.counts().unwrap();
            (counts.readings, counts.alerts, counts.transitions, counts.deliveries, counts.orders, counts.devices)
        };
        assert_eq!(counts(&history), counts(&archive.history));
        let rolled = "SELECT sum(count) FROM watchfire.readings_1d";
        assert_eq!(peer.sql(&name, rolled), (done.readings - 1).to_string(), "all but the stray one");

        // It goes on as the file would have: a resend is still one, new series get numbers of their own.
        let mut store = open_with_lanes(&server, options_of(peer));
        assert_eq!(store.cursors(), archive.store.cursors());
        logs.push(4_200, temperatures("t-9", Some("key"), &[(4_050, 3.0)]));
        logs.push(4_201, temperatures("t-new", None, &[(4_201, 4.0)]));
        for store in [&mut store, &mut archive.store] {
            logs.deliver(store);
        }
        assert_eq!(show(&history), show(&archive.history));
        assert_eq!(counts(&history), counts(&archive.history));
    });
}

#[test]
fn any_life_is_the_same_on_the_server() {
    on_each_server(|peer| {
        let mut life = Life::new(21);
        let mut archive = Archive::new(StoreOptions { tail_readings_max: 500, ..StoreOptions::default() });
        for _ in 0..40 {
            (0..40).for_each(|_| life.grow());
            life.logs.deliver(&mut archive.store);
        }
        let server = Server::new(&peer.url(&peer.make_database()), None, None).unwrap();
        migrate(&archive.path, &server, |_| {}).unwrap();
        Expected::of(&life.logs).check(&History::on_server(&server));
        let mut store = open_with_lanes(&server, options_of(peer));
        (0..400).for_each(|_| life.grow());
        life.logs.deliver(&mut store);
        Expected::of(&life.logs).check(&History::on_server(&server));
    });
}

#[test]
fn a_station_that_has_it_open_writes_nothing_beside_what_fills_it() {
    let Some(cluster) = Cluster::start() else { return };
    let mut archive = Archive::new(StoreOptions::default());
    let logs = a_fire();
    logs.deliver(&mut archive.store);
    let name = cluster.make_database();
    let server = Server::new(&cluster.url(&name), None, None).unwrap();
    let mut store = open_on(&server);
    // As it is while one is under way.
    cluster.sql(&name, "INSERT INTO watchfire.filling VALUES (now()); TRUNCATE watchfire.cursors, watchfire.lanes");
    let mut batch = Batch::default();
    logs.fill(&mut batch, store.cursors(), usize::MAX);
    let error = store.write(&mut batch).unwrap_err();
    assert!(matches!(error, WriteError::Busy(_)), "{error}");
    assert_eq!(cluster.sql(&name, "SELECT count(*) FROM watchfire.cursors"), "0");
    migrate(&archive.path, &server, |_| {}).unwrap();
    store.write(&mut batch).unwrap();
    assert_eq!(show(&History::on_server(&server)), show(&archive.history));
}

#[test]
fn one_that_was_cut_short_lets_nobody_write_and_is_begun_anew() {
    on_each_server(|peer| {
        let mut archive = Archive::new(StoreOptions::default());
        let logs = a_fire();
        logs.deliver(&mut archive.store);
        let name = peer.make_database();
        let server = Server::new(&peer.url(&name), None, None).unwrap();
        // As it is left by one that was killed: days and rows, but no cursors.
        migrate(&archive.path, &server, |_| {}).unwrap();
        peer.sql(&name, "INSERT INTO watchfire.filling VALUES (now()); DELETE FROM watchfire.cursors");
        let refused = Store::on_server(&server, JOURNAL, ALERT_JOURNAL, ServerOptions::default()).err();
        assert!(matches!(refused, Some(OpenError::Busy(_))), "{refused:?}");
        migrate(&archive.path, &server, |_| {}).unwrap();
        assert_eq!(show(&History::on_server(&server)), show(&archive.history));
        // And one that is in use is not touched.
        let again = migrate(&archive.path, &server, |_| {});
        assert!(matches!(again, Err(MigrateError::NotEmpty)), "{again:?}");
        assert_eq!(show(&History::on_server(&server)), show(&archive.history));
    });
}
