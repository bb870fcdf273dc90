//! Readings that go over several connections, and batches that are cut short between them.

use crate::cluster::{Cluster, USER};
use crate::crash::{Expected, Life};
use crate::source::{ALERT_JOURNAL, Archive, JOURNAL, Logs, SPREAD, START, a_fire, open_with_lanes, temperatures};
use std::num::NonZeroU16;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use watchfire_archive::{Adoption, Batch, Cursors, OpenError, Retention, Server, ServerOptions, Store, WriteError};
use watchfire_model::{JournalId, Seq, Timestamp};

/// Lets every write end with an error once it touches that table.
fn refuse(cluster: &Cluster, database: &str, table: &str) {
    cluster.sql(
        database,
        &format!(
            "SET search_path = watchfire;
             CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = 'insufficient_resources'; END $$;
             GRANT EXECUTE ON FUNCTION refuse() TO {USER};
             CREATE TRIGGER refuse BEFORE UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        ),
    );
}

fn allow(cluster: &Cluster, database: &str, table: &str) {
    cluster.sql(database, &format!("DROP TRIGGER refuse ON watchfire.{table}"));
}

fn connections(count: u16) -> ServerOptions {
    ServerOptions { connections: NonZeroU16::new(count).unwrap(), ..SPREAD }
}

#[test]
fn a_batch_that_is_cut_short_between_the_connections_is_completed_and_nothing_is_twice() {
    let Some(cluster) = Cluster::start() else { return };
    // `cursors`: the lanes have committed and the first connection has not. `lanes`: none has.
    for (seed, table, is_ahead) in [(1, "cursors", true), (2, "cursors", true), (3, "lanes", false)] {
        // Afterwards with as many connections, with fewer, with more.
        for after in [3, 1, 5] {
            let database = cluster.make_database();
            let server = Server::new(&cluster.url(&database), None, None).unwrap();
            let (mut archive, mut life) = (Archive::on_server(server.clone()), Life::new(seed));
            (0..60).for_each(|_| life.grow());
            life.logs.deliver(&mut archive.store);
            (0..200).for_each(|_| life.grow());
            refuse(&cluster, &database, table);
            let (mut batch, cursors) = (Batch::default(), archive.store.cursors());
            life.logs.fill(&mut batch, cursors, usize::MAX);
            let error = archive.store.write(&mut batch).unwrap_err();
            assert!(matches!(error, WriteError::Unavailable(_)), "{error}");
            let ahead = "SELECT count(*) FROM watchfire.lanes, watchfire.cursors
                         WHERE log = 'entries' AND lanes.position > cursors.position";
            assert_eq!(cluster.sql(&database, ahead) == "2", is_ahead);
            assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new(), "it is under way");
            allow(&cluster, &database, table);

            // Delivered again in other batches, and with more than there was.
            archive.store = open_with_lanes(&server, connections(after));
            assert_eq!(archive.store.cursors(), cursors);
            for count in [1, 7, 50] {
                let mut batch = Batch::default();
                life.logs.fill(&mut batch, archive.store.cursors(), count);
                archive.store.write(&mut batch).unwrap();
            }
            (0..60).for_each(|_| life.grow());
            life.logs.deliver(&mut archive.store);
            archive.store.fold().unwrap();
            Expected::of(&life.logs).check(&archive.history);
            assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
            let rolled_up = "SELECT (SELECT count(DISTINCT (series, at, value)) FROM watchfire.readings)
                                  = (SELECT sum(count) FROM watchfire.readings_1m)";
            assert_eq!(cluster.sql(&database, rolled_up), "t");

            archive.store = open_with_lanes(&server, connections(after));
            let lanes = format!("{}|{}", after - 1, if after > 1 { after.to_string() } else { String::new() });
            assert_eq!(cluster.sql(&database, "SELECT count(*), max(shares) FROM watchfire.lanes"), lanes);
        }
    }
}

#[test]
fn every_row_is_there_once_over_as_many_connections_as_may_be() {
    let Some(cluster) = Cluster::start() else { return };
    let raw =
        "SELECT count(*) FROM (SELECT FROM watchfire.readings UNION ALL SELECT FROM watchfire.stray_readings) AS one";
    let rows = |options: ServerOptions| {
        let database = cluster.make_database();
        let mut store = open_with_lanes(&Server::new(&cluster.url(&database), None, None).unwrap(), options);
        let mut life = Life::new(5);
        for _ in 0..20 {
            (0..50).for_each(|_| life.grow());
            life.logs.deliver(&mut store);
        }
        cluster.sql(&database, raw)
    };
    let expected = rows(connections(1));
    assert_ne!(expected, "0");
    for count in [2, 3, 16] {
        assert_eq!(rows(connections(count)), expected, "{count} connections");
    }
    assert_eq!(rows(ServerOptions { spread_readings_min: 60, ..SPREAD }), expected, "large batches alone");
}

const RESTORED: (JournalId, JournalId) = (JournalId([8; 16]), JournalId([9; 16]));

/// Readings and what is noted of them agree, and no reading is there twice.
fn sound(cluster: &Cluster, database: &str) -> (String, String) {
    let once = "SELECT count(*) = count(DISTINCT (series, at, value)) FROM watchfire.readings";
    let rolled_up = "SELECT (SELECT count(*) FROM watchfire.readings) = (SELECT sum(count) FROM watchfire.readings_1m)";
    (cluster.sql(database, once), cluster.sql(database, rolled_up))
}

/// Forty frames of ten devices, of which the archive has ten whole and, in its lanes, the others.
fn cut_short(cluster: &Cluster, database: &str) -> (Archive, Logs) {
    let mut archive = Archive::on_server(Server::new(&cluster.url(database), None, None).unwrap());
    let mut logs = Logs::default();
    for n in 0..40 {
        logs.push(n, temperatures(&format!("t-{}", n % 10), None, &[(n, 20.0), (n - 90_000, 21.0)]));
    }
    let mut batch = Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), 10);
    archive.store.write(&mut batch).unwrap();
    logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
    refuse(cluster, database, "cursors");
    archive.store.write(&mut batch).unwrap_err();
    allow(cluster, database, "cursors");
    archive.store = archive.again();
    (archive, logs)
}

#[test]
fn logs_that_were_restored_after_a_batch_was_cut_short_double_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    // The backup ends within the batch, before it, at its end.
    for end in [25, 8, 40] {
        let database = cluster.make_database();
        let (archive, mut logs) = cut_short(&cluster, &database);
        assert_eq!(archive.store.cursors().entries, Seq(10));
        assert_eq!(archive.store.reach(), Seq(40), "a journal that ends earlier is another");
        let ends = Cursors { entries: Seq(end), alerts: 0 };
        let server = archive.server.as_ref().unwrap();
        Adoption { before: (JOURNAL, ALERT_JOURNAL), now: RESTORED, ends }.on_server(server).unwrap();
        let mut store = Store::on_server(server, RESTORED.0, RESTORED.1, SPREAD).unwrap();
        assert_eq!((store.cursors().entries, store.reach()), (Seq(end.min(10)), Seq(end)));
        logs.entries.truncate(usize::try_from(end).unwrap());
        for n in 50..60 {
            logs.push(n, temperatures(&format!("t-{}", n % 10), None, &[(n, 22.0)]));
        }
        logs.deliver(&mut store);
        store.fold().unwrap();
        assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
        assert_eq!(sound(&cluster, &database), ("t".into(), "t".into()));
        let after = "SELECT count(*) FROM watchfire.readings WHERE value = 22";
        assert_eq!(cluster.sql(&database, after), "10", "no new entry is taken for one that was there");
    }
}

#[test]
fn days_that_go_while_a_batch_is_cut_short_leave_right_counts() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.make_database();
    let (mut archive, logs) = cut_short(&cluster, &database);
    let days = "SELECT string_agg(readings::text, ' ' ORDER BY day) FROM watchfire.days WHERE readings > 0";
    let before = cluster.sql(&database, days);
    let retention = Retention {
        readings_from: Timestamp(START.0 - 3_600_000_000),
        minutes_from: Timestamp::EPOCH,
        rollups_from: Timestamp::EPOCH,
        alerts_from: Timestamp::EPOCH,
        audit_from: Timestamp::EPOCH,
        bytes_wanted: None,
        files: None,
        now: START,
    };
    let given = archive.store.retain(&retention).unwrap();
    assert_eq!(before, format!("{0} {0}", given.readings_by_age), "what lanes had of the day is told as gone");
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
}

/// A place that leads the first connection to one server and the others to another, while it is told so.
fn parting(place: &Path, servers: [PathBuf; 2], is_parting: Arc<AtomicBool>) {
    let listener = UnixListener::bind(place.join(".s.PGSQL.5432")).unwrap();
    let leading = move || {
        for (number, asked) in listener.incoming().flatten().enumerate() {
            let server = &servers[usize::from(number > 0 && is_parting.load(Ordering::Acquire))];
            let there = UnixStream::connect(server.join(".s.PGSQL.5432")).unwrap();
            for (mut from, mut to) in [(asked.try_clone().unwrap(), there.try_clone().unwrap()), (there, asked)] {
                let passing = move || {
                    // Either end may be gone.
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                };
                Builder::new().spawn(passing).unwrap();
            }
        }
    };
    Builder::new().spawn(leading).unwrap();
}

#[test]
fn a_lane_goes_to_the_server_of_the_first_connection_or_nowhere() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.make_database();
    let direct = Server::new(&cluster.url(&database), None, None).unwrap();
    a_fire().deliver(&mut open_with_lanes(&direct, connections(3)));
    let other = cluster.stand_by();
    other.promote();
    let place = tempfile::tempdir().unwrap();
    let is_parting = Arc::new(AtomicBool::new(true));
    let servers = [&cluster, &other].map(|one| PathBuf::from(one.directory().to_string()));
    parting(place.path(), servers, Arc::clone(&is_parting));
    let url = format!("postgresql:///{database}?host={}&user={USER}", place.path().display());
    let server = Server::new(&url, None, None).unwrap();
    let error = Store::on_server(&server, JOURNAL, ALERT_JOURNAL, connections(3)).err().unwrap();
    assert!(matches!(error, OpenError::Busy(_)), "{error}");
    is_parting.store(false, Ordering::Release);
    a_fire().deliver(&mut open_with_lanes(&server, connections(3)));
}
