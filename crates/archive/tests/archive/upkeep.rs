//! A copy of a file while it is written, a look at all of an archive, and one whose logs were restored.

use crate::cluster::Cluster;
use crate::source::{ALERT_JOURNAL, Archive, JOURNAL, a_fire, open, show, temperatures};
use watchfire_archive::{Adoption, Cursors, History, OpenError, Server, Store, StoreOptions};
use watchfire_model::{JournalId, Seq};

const NOW: (JournalId, JournalId) = (JournalId([8; 16]), JournalId([9; 16]));

fn adoption(ends: Cursors) -> Adoption {
    Adoption { before: (JOURNAL, ALERT_JOURNAL), now: NOW, ends }
}

#[test]
fn a_copy_holds_what_was_committed_and_is_an_archive() {
    let mut archive = Archive::new(StoreOptions::default());
    let mut logs = a_fire();
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let before = show(&archive.history);
    let copy = archive.path.with_extension("copy");
    Store::copy_file(&archive.path, &copy).unwrap();
    logs.push(5_000, temperatures("t-1", None, &[(5_000, 1.0)]));
    logs.deliver(&mut archive.store);
    assert_eq!(show(&History::open(&copy)), before);
    assert!(matches!(Store::copy_file(&archive.path, &copy), Err(OpenError::Unavailable(_) | OpenError::Damaged(_))));
    logs.deliver(&mut open(&copy, StoreOptions::default()));
    assert_eq!(show(&History::open(&copy)), show(&archive.history));
}

#[test]
fn a_look_finds_what_is_wrong() {
    let mut archive = Archive::new(StoreOptions::default());
    a_fire().deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let checked = archive.history.check().unwrap();
    let cursors = archive.store.cursors();
    assert_eq!(checked.problems, Vec::<String>::new());
    assert_eq!(checked.readings, archive.history.counts().unwrap().readings);
    assert_eq!(checked.entries, Some((JOURNAL.to_string(), cursors.entries.0)));
    assert_eq!(checked.alerts, Some((ALERT_JOURNAL.to_string(), cursors.alerts)));
    let file = rusqlite::Connection::open(&archive.path).unwrap();
    file.execute("UPDATE blocks SET points = x'0700'", []).unwrap();
    let problems = archive.history.check().unwrap().problems;
    assert!(problems.iter().any(|problem| problem.contains("cannot be read")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("are noted")), "{problems:?}");
}

#[test]
fn a_look_finds_rows_that_are_gone_from_a_server() {
    let Some(cluster) = Cluster::start() else { return };
    let name = cluster.make_database();
    let mut archive = Archive::on_server(Server::new(&cluster.url(&name), None, None).unwrap());
    a_fire().deliver(&mut archive.store);
    let checked = archive.history.check().unwrap();
    assert_eq!((checked.problems.len(), checked.readings), (0, archive.history.counts().unwrap().readings));
    cluster.sql(&name, "DELETE FROM watchfire.readings");
    assert_eq!(archive.history.check().unwrap().problems.len(), 1);
}

#[test]
fn an_archive_goes_on_with_the_restored_logs_and_with_no_others() {
    let Some(cluster) = Cluster::start() else { return };
    for on_server in [false, true] {
        let mut archive =
            if on_server { Archive::on_server(cluster.database()) } else { Archive::new(StoreOptions::default()) };
        let mut logs = a_fire();
        logs.deliver(&mut archive.store);
        let (full, before) = (archive.store.cursors(), show(&archive.history));
        // The backup ends three entries and a record earlier than what is archived.
        let ends = Cursors { entries: Seq(full.entries.0 - 3), alerts: full.alerts - 1 };
        let adopt = |adoption: Adoption| match &archive.server {
            Some(server) => adoption.on_server(server),
            None => adoption.of_file(&archive.path),
        };
        let foreign = Adoption { before: NOW, now: (JournalId([7; 16]), JournalId([7; 16])), ends };
        assert!(matches!(adopt(foreign), Err(OpenError::OtherJournal { .. })));
        for _ in 0..2 {
            adopt(adoption(ends)).unwrap();
        }
        let open = || match &archive.server {
            Some(server) => Store::on_server(server, NOW.0, NOW.1, Default::default()),
            None => Store::open(&archive.path, NOW.0, NOW.1),
        };
        let mut store = open().unwrap();
        assert_eq!(store.cursors(), ends);
        assert_eq!(show(&archive.history), before, "what is known beyond the backup stays");
        logs.entries.truncate(usize::try_from(ends.entries.0).unwrap());
        logs.records.truncate(usize::try_from(ends.alerts).unwrap());
        logs.push(9_000, temperatures("after", None, &[(9_000, 5.0)]));
        logs.deliver(&mut store);
        assert_eq!(archive.history.counts().unwrap().readings, 2);
    }
}

#[test]
fn an_archive_that_was_dumped_and_restored_goes_on() {
    let Some(cluster) = Cluster::start() else { return };
    let (name, restored) = (cluster.make_database(), cluster.make_database());
    let mut archive = Archive::on_server(Server::new(&cluster.url(&name), None, None).unwrap());
    let mut logs = a_fire();
    logs.deliver(&mut archive.store);
    cluster.dump_into(&name, &restored);
    logs.push(9_000, temperatures("after", None, &[(9_000, 5.0)]));
    let mut copy = Archive::on_server(Server::new(&cluster.url(&restored), None, None).unwrap());
    for archive in [&mut archive, &mut copy] {
        logs.deliver(&mut archive.store);
        archive.store.fold().unwrap();
    }
    assert_eq!(show(&copy.history), show(&archive.history));
    assert_eq!(copy.history.check().unwrap().problems, Vec::<String>::new());
}
