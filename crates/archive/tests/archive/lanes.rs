//! Readings that go over several connections, and batches that are cut short between them.

use crate::cluster::{Cluster, USER};
use crate::crash::{Expected, Life};
use crate::source::{Archive, SPREAD, open_with_lanes};
use std::num::NonZeroU16;
use watchfire_archive::{Batch, Server, ServerOptions, WriteError};

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
