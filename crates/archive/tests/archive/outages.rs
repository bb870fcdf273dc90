//! What goes wrong with a server: each trouble has its own error, and afterwards everything is there once.

use crate::cluster::{Cluster, await_that};
use crate::crash::{Expected, Life};
use crate::source::{ALERT_JOURNAL, Archive, JOURNAL, Logs, a_fire, ask, open_on, show, show_readings, temperatures};
use std::sync::atomic::{AtomicBool, Ordering};
use watchfire_archive::{
    Batch, History, OpenError, QueryError, Server, ServerOptions, Store, StoreOptions, WriteError,
};
use watchfire_model::{JournalId, Seq};

/// What a file without any trouble answers.
fn calm(logs: &Logs) -> String {
    let mut calm = Archive::new(StoreOptions::default());
    logs.deliver(&mut calm.store);
    show(&calm.history)
}

fn unavailable_or_busy(error: &WriteError) -> bool {
    matches!(error, WriteError::Unavailable(_) | WriteError::Busy(_))
}

#[test]
fn a_server_that_is_stopped_and_started_loses_and_doubles_nothing() {
    let Some(mut cluster) = Cluster::start() else { return };
    let mut archive = Archive::on_server(cluster.database());
    let logs = a_fire();
    let mut batch = Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), 4);
    archive.store.write(&mut batch).unwrap();
    let written = archive.store.cursors();
    for crash in [false, true] {
        if crash {
            cluster.crash()
        } else {
            cluster.stop()
        }
        logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
        for _ in 0..3 {
            let error = archive.store.write(&mut batch).unwrap_err();
            assert!(unavailable_or_busy(&error), "{error}");
        }
        let error = archive.history.counts().unwrap_err();
        assert!(matches!(error, QueryError::Unavailable(_)), "{error}");
        assert!(matches!(
            Store::on_server(archive.server.as_ref().unwrap(), JOURNAL, ALERT_JOURNAL, ServerOptions::default()).err(),
            Some(OpenError::Unavailable(_))
        ));
        assert_eq!(archive.store.cursors(), written, "nothing is written");
        batch.clear();
        cluster.begin();
        assert_eq!(archive.history.counts().unwrap().readings, 1, "an old history finds the new server");
    }
    logs.deliver(&mut archive.store);
    assert_eq!(show(&archive.history), calm(&logs));
}

#[test]
fn connections_that_are_ended_at_any_moment_lose_and_double_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    for seed in 1..=3 {
        println!("seed {seed}");
        let mut life = Life::new(seed);
        let mut archive = Archive::on_server(cluster.database());
        let mut errors = 0;
        std::thread::scope(|scope| {
            let (end_now, told) = std::sync::mpsc::channel();
            let cluster = &cluster;
            scope.spawn(move || {
                let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'watchfire'";
                for () in told {
                    cluster.sql("postgres", end);
                }
            });
            for _ in 0..60 {
                (0..40).for_each(|_| life.grow());
                // Now and then some of it is delivered again.
                let mut from = archive.store.cursors();
                from.entries.0 = from.entries.0.saturating_sub(life.below(30));
                let mut batch = Batch::default();
                life.logs.fill(&mut batch, from, usize::MAX);
                // Comes at some moment of one of the next batches.
                end_now.send(()).unwrap();
                while let Err(error) = archive.store.write(&mut batch) {
                    assert!(unavailable_or_busy(&error), "{error}");
                    errors += 1;
                }
            }
        });
        assert!(errors > 0, "no connection was ended while it was used");
        // The last one may have been ended after its last batch.
        let _ = archive.store.sync();
        life.logs.deliver(&mut archive.store);
        Expected::of(&life.logs).check(&archive.history);
    }
}

#[test]
fn a_server_that_crashes_at_any_moment_loses_and_doubles_nothing() {
    let Some(mut cluster) = Cluster::start() else { return };
    let mut life = Life::new(11);
    let mut archive = Archive::on_server(cluster.database());
    for _ in 0..3 {
        let crashed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (go, told) = std::sync::mpsc::channel();
            let (cluster, crashed) = (&mut cluster, &crashed);
            scope.spawn(move || {
                told.recv().unwrap();
                cluster.crash();
                crashed.store(true, Ordering::Release);
            });
            let mut batches = 3 + life.below(9);
            while !crashed.load(Ordering::Acquire) {
                (0..10).for_each(|_| life.grow());
                let mut batch = Batch::default();
                life.logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
                if let Err(error) = archive.store.write(&mut batch) {
                    assert!(unavailable_or_busy(&error), "{error}");
                }
                batches = batches.saturating_sub(1);
                if batches == 0 {
                    // Nobody listens any more when the crash is under way.
                    let _ = go.send(());
                }
            }
        });
        cluster.begin();
    }
    life.logs.deliver(&mut archive.store);
    Expected::of(&life.logs).check(&archive.history);
}

#[test]
fn a_server_that_may_only_be_read_is_read_and_written_when_it_may_be() {
    let Some(cluster) = Cluster::start() else { return };
    let name = cluster.make_database();
    let mut archive = Archive::on_server(Server::new(&cluster.url(&name), None, None).unwrap());
    let logs = a_fire();
    let mut batch = Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), 4);
    archive.store.write(&mut batch).unwrap();
    cluster.sql("postgres", &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    // As when a stand-by takes over: the connections end, and the new ones may only read.
    cluster.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'watchfire'");
    logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
    let mut errors = (0..3).map(|_| archive.store.write(&mut batch).unwrap_err());
    assert!(errors.any(|error| matches!(error, WriteError::ReadOnly(_))));
    drop(errors);
    assert_eq!(archive.history.counts().unwrap().readings, 1);
    cluster.sql("postgres", &format!("ALTER DATABASE {name} RESET default_transaction_read_only"));
    archive.store.write(&mut batch).unwrap();
    assert_eq!(show(&archive.history), calm(&logs));
}

#[test]
fn a_lock_of_another_is_busy_and_waited_out() {
    let Some(cluster) = Cluster::start() else { return };
    let name = cluster.make_database();
    let mut archive = Archive::on_server(Server::new(&cluster.url(&name), None, None).unwrap());
    let logs = a_fire();
    std::thread::scope(|scope| {
        let hold = "BEGIN; LOCK TABLE watchfire.cursors; SELECT pg_sleep(12); COMMIT";
        scope.spawn(|| cluster.sql(&name, hold));
        let locked = "SELECT count(*) FROM pg_locks WHERE relation = 'watchfire.cursors'::regclass
                      AND mode = 'AccessExclusiveLock' AND granted";
        while cluster.sql(&name, locked) != "1" {}
        let mut batch = Batch::default();
        logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
        let error = archive.store.write(&mut batch).unwrap_err();
        assert!(matches!(error, WriteError::Busy(_)), "{error}");
    });
    logs.deliver(&mut archive.store);
    assert_eq!(show(&archive.history), calm(&logs));
}

#[test]
fn a_server_that_went_back_is_noticed_and_filled_again() {
    let Some(cluster) = Cluster::start() else { return };
    let (name, early) = (cluster.make_database(), cluster.make_database());
    let url = cluster.url(&name);
    let mut archive = Archive::on_server(Server::new(&url, None, None).unwrap());
    let logs = a_fire();
    let mut batch = Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), 3);
    archive.store.write(&mut batch).unwrap();
    let then = archive.store.cursors();
    // A copy of that state takes its place, as when a stand-by that had not heard of the rest becomes the server.
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let copy = || {
        cluster.sql("postgres", &end);
        cluster.sql("postgres", &format!("DROP DATABASE {early}; "));
        cluster.sql("postgres", &format!("CREATE DATABASE {early} OWNER watchfire TEMPLATE {name}"));
    };
    // The roll-ups may connect again in between.
    while std::panic::catch_unwind(std::panic::AssertUnwindSafe(copy)).is_err() {}
    while let Err(error) = {
        logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
        archive.store.write(&mut batch)
    } {
        assert!(unavailable_or_busy(&error), "{error}");
        batch.clear();
    }
    cluster.sql("postgres", &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    cluster.sql("postgres", &end);
    cluster.sql("postgres", &format!("ALTER DATABASE {name} RENAME TO later"));
    cluster.sql("postgres", &format!("ALTER DATABASE {early} RENAME TO {name}"));

    batch.entry(Seq(logs.entries.len() as u64 + 1));
    let error = loop {
        match archive.store.write(&mut batch).unwrap_err() {
            error if unavailable_or_busy(&error) => {}
            error => break error,
        }
    };
    assert!(matches!(error, WriteError::Moved(cursors) if cursors == then), "{error}");
    assert_eq!(archive.store.cursors(), then);
    logs.deliver(&mut archive.store);
    assert_eq!(show(&archive.history), calm(&logs));
}

#[test]
fn another_writer_of_the_same_logs_doubles_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let mut archive = Archive::on_server(cluster.database());
    let logs = a_fire();
    let mut other = archive.again();
    logs.deliver(&mut other);
    // This one does not know of it.
    assert_eq!(archive.store.cursors().entries, Seq(0));
    logs.deliver(&mut archive.store);
    assert_eq!(archive.store.cursors(), other.cursors());
    assert_eq!(show(&archive.history), calm(&logs));
}

#[test]
fn a_full_disk_takes_no_half_batch_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(192) else {
        println!("SKIPPED: a small disk cannot be mounted here");
        return;
    };
    let place = tempfile::TempDir::new_in(&disk.0).unwrap();
    let Some(cluster) = Cluster::start_in(place, &["max_wal_size=32MB", "min_wal_size=32MB", "shared_buffers=16MB"])
    else {
        return;
    };
    let mut archive = Archive::on_server(cluster.database());
    let filler = disk.0.join("filler");
    std::fs::write(&filler, vec![1; 24 << 20]).unwrap();
    let mut logs = Logs::default();
    let mut batch = Batch::default();
    let error = loop {
        many(&mut logs, 200);
        logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
        match archive.store.write(&mut batch) {
            Ok(()) => assert!(logs.entries.len() < 100_000, "the disk must get full"),
            Err(error) => break error,
        }
    };
    // A server that cannot write its log ends all connections, and tells the next what it is about.
    assert!(matches!(error, WriteError::Full(_)) || unavailable_or_busy(&error), "{error}");
    std::fs::remove_file(&filler).unwrap();
    await_that("it is written", || archive.store.write(&mut batch).is_ok());
    assert_eq!(archive.history.counts().unwrap().readings, logs.entries.len() as u64 * 50);
}

/// Frames of 50 readings.
fn many(logs: &mut Logs, frames: i64) {
    let from = i64::try_from(logs.entries.len()).unwrap();
    for n in from..from + frames {
        let values: Vec<_> = (0..50).map(|k| (n * 50 + k, (n * 7_919 + k * 104_729) as f64 / 7.0)).collect();
        logs.push(n * 50, temperatures("t-1", None, &values));
    }
}

/// A file system of few MiB, for as long as it lives.
struct SmallDisk(std::path::PathBuf, #[expect(dead_code, reason = "removed with it")] tempfile::TempDir);

impl SmallDisk {
    fn mount(mebibytes: u32) -> Option<SmallDisk> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m,mode=0755"), "tmpfs"]).arg(&path);
        let mounted = mount.output().is_ok_and(|done| done.status.success());
        mounted.then(|| SmallDisk(path, directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn other_logs_other_programs_and_newer_builds_are_refused() {
    let Some(cluster) = Cluster::start() else { return };
    let name = cluster.make_database();
    let server = Server::new(&cluster.url(&name), None, None).unwrap();
    let open =
        |journal, alert_journal| Store::on_server(&server, journal, alert_journal, ServerOptions::default()).err();
    a_fire().deliver(&mut open_on(&server));
    let other = JournalId([9; 16]);
    for (journal, alert_journal, log) in [(other, ALERT_JOURNAL, "entries"), (JOURNAL, other, "alerts")] {
        match open(journal, alert_journal) {
            Some(OpenError::OtherJournal { log: found, expected, .. }) => assert_eq!((found, expected), (log, other)),
            error => panic!("{error:?}"),
        }
    }
    cluster.sql(&name, "INSERT INTO watchfire.schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '0')");
    assert!(matches!(open(JOURNAL, ALERT_JOURNAL), Some(OpenError::Newer { .. })));
    assert!(matches!(History::on_server(&server).counts(), Err(QueryError::Damaged(_))));
    cluster.sql(
        &name,
        "DELETE FROM watchfire.schema_history WHERE version = 99; UPDATE watchfire.schema_history SET checksum = '0'",
    );
    assert!(matches!(open(JOURNAL, ALERT_JOURNAL), Some(OpenError::Damaged(_))), "a step that was changed");

    let foreign = cluster.make_database();
    cluster.sql(&foreign, "CREATE SCHEMA watchfire AUTHORIZATION watchfire; CREATE TABLE watchfire.cows (name text)");
    let foreign = Server::new(&cluster.url(&foreign), None, None).unwrap();
    let error = Store::on_server(&foreign, JOURNAL, ALERT_JOURNAL, ServerOptions::default()).err();
    assert!(matches!(error, Some(OpenError::NotAnArchive)), "{error:?}");
}

#[test]
fn what_cannot_be_said_in_a_column_does_not_stop_the_archive() {
    let Some(cluster) = Cluster::start() else { return };
    let mut archive = Archive::on_server(cluster.database());
    let mut logs = Logs::default();
    let mut item = temperatures("t-1", None, &[(0, 20.0), (1, 21.0)]);
    if let crate::source::Item::Frame(_, decoded) = &mut item {
        decoded.readings[0].at = watchfire_model::Timestamp(i64::MIN + 1);
        decoded.readings[1].metric = watchfire_model::Metric::from_name("vendor.a\0b").unwrap();
        decoded.readings[1].vendor_unit = Some("\0".into());
    }
    logs.push(0, item);
    logs.push(1, temperatures("t-2", None, &[(1, 1.0)]));
    logs.deliver(&mut archive.store);
    logs.push(2, temperatures("t-1", None, &[(2, 22.0)]));
    logs.deliver(&mut archive.store);
    assert!(
        show_readings(&archive.history, &ask("t-1", 9)).ends_with("2=22\nmain vendor.a\u{fffd}b [\u{fffd}]: 1=21\n")
    );
    assert_eq!(archive.history.counts().unwrap().readings, 4);
}
