//! How the server is talked to: by TLS that is checked, by few connections, and no question lasts for ever.

use crate::cluster::{Cluster, USER, await_that};
use crate::source::{ALERT_JOURNAL, Archive, JOURNAL, Logs, SPREAD, a_fire, open_on, show, temperatures};
use std::path::Path;
use std::process::Command;
use watchfire_archive::{History, OpenError, QueryError, READERS_MAX, Server, ServerOptions, Store};

/// Runs openssl in a directory.
fn openssl(directory: &Path, arguments: &str) {
    let done = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output().unwrap();
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// An authority and a certificate for `localhost` signed by it.
fn make_certificates(directory: &Path) {
    openssl(
        directory,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Ours",
    );
    openssl(
        directory,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
    );
    std::fs::write(directory.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        directory,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
    );
}

#[test]
fn a_server_is_believed_by_its_certificate_and_we_by_our_password() {
    if !Command::new("openssl").arg("version").output().is_ok_and(|done| done.status.success()) {
        assert!(std::env::var_os("WATCHFIRE_REQUIRE_PEERS").is_none(), "install openssl");
        println!("SKIPPED: openssl is not installed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_owned();
    make_certificates(&place);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(mut cluster) = Cluster::start_in(directory, &[]) else { return };
    let database = cluster.make_database();
    cluster.sql("postgres", &format!("SET password_encryption = 'scram-sha-256'; ALTER ROLE {USER} PASSWORD 'hush'"));
    cluster.stop();
    cluster.own("server.key");
    let inside = |name: &str| place.join(name).display().to_string();
    cluster.set(&format!("ssl_cert_file={}", inside("server.pem")));
    cluster.set(&format!("ssl_key_file={}", inside("server.key")));
    for setting in ["ssl=on", "listen_addresses=127.0.0.1", &format!("port={port}")] {
        cluster.set(setting);
    }
    let rules = "local all postgres trust\nhostssl all watchfire 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(place.join("data/pg_hba.conf"), rules).unwrap();
    cluster.begin();

    let url = |host: &str| format!("postgresql://{USER}@{host}:{port}/{database}?sslmode=require");
    let ca = place.join("ca.pem");
    let open = |server: &Server| Store::on_server(server, JOURNAL, ALERT_JOURNAL, ServerOptions::default());
    let ours = Server::new(&url("localhost"), Some("hush"), Some(&ca)).unwrap();
    a_fire().deliver(&mut open(&ours).unwrap());
    assert_eq!(History::on_server(&ours).counts().unwrap().alerts, 1);
    for (host, password, ca) in [
        // Signed for another name, by nobody whom the system trusts, a wrong password, none.
        ("127.0.0.1", Some("hush"), Some(ca.as_path())),
        ("localhost", Some("hush"), None),
        ("localhost", Some("guess"), Some(ca.as_path())),
        ("localhost", None, Some(ca.as_path())),
    ] {
        let server = Server::new(&url(host), password, ca).unwrap();
        match open(&server).err() {
            Some(error @ OpenError::Unavailable(_)) => assert!(!error.to_string().contains("hush"), "{error}"),
            other => panic!("{host} {password:?}: {other:?}"),
        }
    }
    let plain =
        Server::new(&format!("postgresql://{USER}@localhost:{port}/{database}?sslmode=disable"), Some("hush"), None);
    assert!(open(&plain.unwrap()).is_err(), "this server speaks TLS only");
}

#[test]
fn many_who_ask_share_few_connections() {
    let Some(cluster) = Cluster::start() else { return };
    let name = cluster.make_database();
    let mut archive = Archive::on_server(Server::new(&cluster.url(&name), None, None).unwrap());
    a_fire().deliver(&mut archive.store);
    let expected = show(&archive.history);
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND usename = '{USER}'");
    std::thread::scope(|scope| {
        for _ in 0..4 * READERS_MAX {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(show(&archive.history), expected);
                }
            });
        }
        let writing = usize::from(SPREAD.connections.get());
        for _ in 0..10 {
            // The writer's, the roll-ups' and the readers'.
            assert!(cluster.sql("postgres", &count).parse::<usize>().unwrap() <= READERS_MAX + writing + 1);
        }
    });
}

#[test]
fn readers_see_whole_frames() {
    let Some(cluster) = Cluster::start() else { return };
    let mut archive = Archive::on_server(cluster.database());
    let history = archive.history.clone();
    std::thread::scope(|scope| {
        let (done, over) = std::sync::mpsc::channel::<()>();
        let reader = scope.spawn(move || {
            let mut last = 0;
            loop {
                let ended = over.try_recv().is_ok();
                let readings = history.counts().unwrap().readings;
                assert!(readings.is_multiple_of(2) && readings >= last, "a frame is there as a whole or not at all");
                last = readings;
                if ended {
                    return last;
                }
            }
        });
        let mut logs = Logs::default();
        for n in 0..100 {
            logs.push(n, temperatures("a", None, &[(2 * n, n as f64), (2 * n + 1, n as f64)]));
            logs.push(n, temperatures("b", None, &[(2 * n, n as f64), (2 * n + 1, n as f64)]));
            logs.deliver(&mut archive.store);
        }
        done.send(()).unwrap();
        assert_eq!(reader.join().unwrap(), 400);
    });
}

#[test]
fn a_question_that_lasts_too_long_is_ended() {
    let Some(cluster) = Cluster::start() else { return };
    let name = cluster.make_database();
    let server = Server::new(&cluster.url(&name), None, None).unwrap();
    a_fire().deliver(&mut open_on(&server));
    let history = History::on_server(&server);
    std::thread::scope(|scope| {
        let hold = "BEGIN; LOCK TABLE watchfire.gaps; SELECT pg_sleep(12); COMMIT";
        scope.spawn(|| cluster.sql(&name, hold));
        let locked = "SELECT count(*) FROM pg_locks WHERE relation = 'watchfire.gaps'::regclass
                      AND mode = 'AccessExclusiveLock' AND granted";
        await_that("the table is locked", || cluster.sql(&name, locked) == "1");
        let error = history.counts().unwrap_err();
        assert!(matches!(error, QueryError::Busy(_)), "{error}");
    });
    assert_eq!(history.counts().unwrap().alerts, 1, "and the next is answered");
}

#[test]
fn what_a_broken_sensor_says_stops_no_roll_up() {
    let Some(cluster) = Cluster::start() else { return };
    let name = cluster.make_database();
    let mut store = open_on(&Server::new(&cluster.url(&name), None, None).unwrap());
    a_fire().deliver(&mut store);
    cluster.sql(
        &name,
        "INSERT INTO watchfire.readings (at, received, value, series)
         SELECT timestamptz '2026-03-01 00:10Z' + n * interval '1 s', now(), value, (SELECT min(id) FROM watchfire.series)
         FROM unnest(ARRAY[1e300, 1.7e308, -1.7e308, 5e-324, 1e-320]) WITH ORDINALITY AS one (value, n)",
    );
    cluster.sql(
        &name,
        "INSERT INTO watchfire.rollups_due (series, minutes)
         SELECT ARRAY[min(id)], ARRAY[(date_part('epoch', timestamptz '2026-03-01 00:10Z') / 60)::integer]
         FROM watchfire.series",
    );
    store.fold().unwrap();
    let made = "SELECT count, max, mean FROM watchfire.readings_1m WHERE at = timestamptz '2026-03-01 00:10Z'";
    assert_eq!(cluster.sql(&name, made), "5|1.7e+308|2e+99");
}

#[test]
fn the_shipped_roles_are_enough_and_no_more() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.sql("postgres", &format!("DROP ROLE {USER}"));
    cluster.sql("postgres", "CREATE DATABASE centre");
    for statement in include_str!("../../../../deploy/postgresql/roles.sql").split_inclusive(";\n\n") {
        cluster.sql("centre", statement);
    }
    let server = Server::new(&cluster.url("centre"), None, None).unwrap();
    let mut store = open_on(&server);
    let logs = a_fire();
    logs.deliver(&mut store);
    store.fold().unwrap();
    let mut calm = Archive::new(watchfire_archive::StoreOptions::default());
    logs.deliver(&mut calm.store);
    assert_eq!(show(&History::on_server(&server)), show(&calm.history));

    cluster.sql("postgres", "CREATE ROLE clerk LOGIN; GRANT watchfire_reader TO clerk");
    let may = |sql: &str| cluster.sql("centre", &format!("SELECT has_{sql}"));
    for table in ["readings", "readings_20260301", "readings_1h", "alerts", "orders"] {
        assert_eq!(may(&format!("table_privilege('clerk', 'watchfire.{table}', 'SELECT')")), "t", "{table}");
        assert_eq!(
            may(&format!("table_privilege('clerk', 'watchfire.{table}', 'INSERT, UPDATE, DELETE, TRUNCATE')")),
            "f"
        );
    }
    assert_eq!(may("function_privilege('clerk', 'watchfire.drop_day(date)', 'EXECUTE')"), "f");
    assert_eq!(may(&format!("schema_privilege('{USER}', 'public', 'CREATE')")), "f");
    assert_eq!(may(&format!("database_privilege('{USER}', 'centre', 'CREATE')")), "f");
}
