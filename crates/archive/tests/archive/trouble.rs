//! What goes wrong with files: each trouble has its own error, and afterwards writing goes on from the cursor.

use crate::source::{
    ALERT_JOURNAL, Archive, Item, JOURNAL, Logs, START, a_fire, ask, open, show, show_readings, site, temperatures,
};
use rusqlite::Connection;
use std::time::Duration;
use watchfire_archive::{
    Batch, History, OpenError, QueryError, Retention, SERIES_PER_SITE_MAX, Store, StoreOptions, WriteError,
};
use watchfire_model::{JournalId, Seq, Timestamp};

const IMPATIENT: StoreOptions =
    StoreOptions { bytes_max: None, tail_readings_max: 1_000, busy_wait: Duration::from_millis(5) };

/// Many frames of one device, a minute apart, of different values.
fn many(logs: &mut Logs, frames: i64, days: i64) {
    let from = i64::try_from(logs.entries.len()).unwrap();
    for n in from..from + frames {
        let second = n * days * 86_400 / frames;
        let values: Vec<_> = (0..20).map(|k| (second + k, (n * 7_919 + k * 104_729) as f64 / 7.0)).collect();
        logs.push(second, temperatures("t-1", None, &values));
    }
}

#[test]
fn a_lock_of_another_process_is_waited_out() {
    let mut archive = Archive::new(IMPATIENT);
    let logs = a_fire();
    let mut batch = Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), 5);
    let other = Connection::open(&archive.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..3 {
        let error = archive.store.write(&mut batch).unwrap_err();
        assert!(matches!(error, WriteError::Busy(_)), "{error}");
    }
    assert!(!batch.is_empty(), "what was not written stays in the batch");
    other.execute_batch("ROLLBACK").unwrap();
    archive.store.write(&mut batch).unwrap();
    logs.deliver(&mut archive.store);
    same_as_without_trouble(&logs, &archive.history);
}

fn same_as_without_trouble(logs: &Logs, history: &History) {
    let mut calm = Archive::new(StoreOptions::default());
    logs.deliver(&mut calm.store);
    assert_eq!(show(history), show(&calm.history));
}

#[test]
fn a_full_file_takes_no_half_batch_and_goes_on_when_there_is_room() {
    let options = StoreOptions { bytes_max: Some(1_000_000), ..IMPATIENT };
    let mut archive = Archive::new(options);
    let mut logs = Logs::default();
    let mut batch = Batch::default();
    let error = loop {
        many(&mut logs, 200, 1);
        logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
        if let Err(error) = archive.store.write(&mut batch) {
            break error;
        }
        assert!(logs.entries.len() < 200_000, "the limit must come");
    };
    assert!(matches!(error, WriteError::Full(_)), "{error}");
    let written = archive.store.cursors();
    assert!(written.entries < Seq(logs.entries.len() as u64));
    assert!(matches!(archive.store.write(&mut batch), Err(WriteError::Full(_))));
    assert_eq!(archive.store.cursors(), written);
    let readings = archive.history.counts().unwrap().readings;
    assert_eq!(readings, written.entries.0 * 20, "nothing of the failed batch");

    // The limit is raised: the same batch goes in.
    drop(archive.store);
    archive.store = open(&archive.path, IMPATIENT);
    archive.store.write(&mut batch).unwrap();
    assert_eq!(archive.history.counts().unwrap().readings, logs.entries.len() as u64 * 20);
}

#[test]
fn near_its_limit_the_oldest_days_go_first_and_days_of_wrong_clocks_before_them() {
    let options = StoreOptions { bytes_max: Some(2_000_000), ..IMPATIENT };
    let mut archive = Archive::new(options);
    let mut logs = Logs::default();
    logs.push(0, temperatures("t-2", None, &[(400 * 86_400, 1.0)]));
    let now = START.plus(Duration::from_secs(30 * 86_400));
    let retention = Retention {
        readings_from: START.minus(Duration::from_secs(86_400)),
        minutes_from: START,
        rollups_from: START,
        alerts_from: START,
        audit_from: START,
        bytes_wanted: None,
        files: None,
        now,
    };
    let mut given_up = 0;
    for day in 0..30 {
        for n in 0..100 {
            let second = day * 86_400 + n * 800;
            let values: Vec<_> = (0..40).map(|k| (second + k, (n * 7_919 + k * 104_729 + day) as f64 / 7.0)).collect();
            logs.push(second, temperatures("t-1", None, &values));
        }
        let mut batch = Batch::default();
        logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
        while let Err(error) = archive.store.write(&mut batch) {
            assert!(matches!(error, WriteError::Full(_)), "{error}");
            let given = archive.store.retain(&retention).unwrap();
            assert!(given.readings_by_room > 0 && given.bytes_used <= 2_000_000, "{given:?}");
            given_up += given.readings_by_room;
        }
    }
    assert!(given_up > 0, "the limit came");
    assert_eq!(show_readings(&archive.history, &ask("t-2", 9)), "", "400 days ahead goes first");
    let left = archive.history.readings(&ask("t-1", 20_000)).unwrap().remove(0);
    assert_eq!(left.points.last().unwrap().at, START.plus(Duration::from_secs(29 * 86_400 + 99 * 800 + 39)));
    let counts = archive.history.counts().unwrap();
    assert_eq!(counts.readings + given_up, 30 * 100 * 40 + 1, "given up or there");
    assert!(counts.bytes <= 2_000_000);

    // The disk is needed for other things: more goes, and the file gets smaller.
    let given = archive.store.retain(&Retention { bytes_wanted: Some(500_000), ..retention }).unwrap();
    assert!(given.readings_by_room > 0 && given.bytes_used <= 500_000, "{given:?}");
    assert!(std::fs::metadata(&archive.path).unwrap().len() <= 600_000);
}

#[test]
fn a_site_with_too_many_series_gets_no_more_and_no_other_site_suffers() {
    let registry = prometheus::Registry::new();
    let mut archive = Archive::new(IMPATIENT);
    archive.store.register(&registry).unwrap();
    let connection = Connection::open(&archive.path).unwrap();
    let fill = format!(
        "INSERT INTO devices (id, site, source, name, first_received, last_received, recent_keys)
         VALUES (1, 'flood', 'generic', 'x', 0, 0, x'00');
         WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {SERIES_PER_SITE_MAX})
         INSERT INTO series (device, point, metric, unit) SELECT 1, 'p' || k, 'count', '1' FROM n"
    );
    connection.execute_batch(&fill).unwrap();
    let mut logs = Logs::default();
    let Item::Frame(_, decoded) = temperatures("t-1", None, &[(0, 20.0)]) else { unreachable!("it is a frame") };
    logs.push(0, Item::Frame(site("flood"), decoded.clone()));
    logs.push(0, Item::Frame(site("care"), decoded));
    logs.deliver(&mut archive.store);
    assert_eq!(archive.history.counts().unwrap().readings, 1);
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    assert!(text.contains("watchfire_archive_refused_readings_total 1\n"), "{text}");
}

#[test]
fn other_logs_other_programs_and_newer_builds_are_refused() {
    let mut archive = Archive::new(IMPATIENT);
    a_fire().deliver(&mut archive.store);
    let path = &archive.path;
    let other = JournalId([9; 16]);
    for (journal, alert_journal, log) in [(other, ALERT_JOURNAL, "entries"), (JOURNAL, other, "alerts")] {
        match Store::open(path, journal, alert_journal).err() {
            Some(OpenError::OtherJournal { log: found, expected, .. }) => assert_eq!((found, expected), (log, other)),
            error => panic!("{error:?}"),
        }
    }
    let connection = Connection::open(path).unwrap();
    let later = "INSERT INTO schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '0')";
    connection.execute(later, []).unwrap();
    assert!(matches!(Store::open(path, JOURNAL, ALERT_JOURNAL).err(), Some(OpenError::Newer { found: 99, .. })));
    connection.pragma_update(None, "application_id", 7).unwrap();
    assert!(matches!(Store::open(path, JOURNAL, ALERT_JOURNAL).err(), Some(OpenError::NotAnArchive)));

    let foreign = path.with_file_name("foreign.sqlite");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE cows (name TEXT)").unwrap();
    assert!(matches!(Store::open(&foreign, JOURNAL, ALERT_JOURNAL).err(), Some(OpenError::NotAnArchive)));
}

#[test]
fn a_missing_directory_is_not_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("later").join("archive.sqlite");
    let error = Store::open(&path, JOURNAL, ALERT_JOURNAL).err().unwrap();
    assert!(matches!(error, OpenError::Unavailable(_)), "{error}");
    let history = History::open(&path);
    assert!(matches!(history.counts(), Err(QueryError::Unavailable(_))));
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let mut store = open(&path, IMPATIENT);
    a_fire().deliver(&mut store);
    assert_eq!(history.counts().unwrap().alerts, 1, "the same history answers when the file is there");
}

#[test]
fn a_file_that_may_only_be_read_is_unavailable_until_it_may_be_written() {
    let mut archive = Archive::new(IMPATIENT);
    a_fire().deliver(&mut archive.store);
    let path = archive.path.clone();
    drop(archive.store);
    let writable = std::fs::metadata(&path).unwrap().permissions();
    let mut only_read = writable.clone();
    only_read.set_readonly(true);
    std::fs::set_permissions(&path, only_read).unwrap();
    let root = std::fs::OpenOptions::new().write(true).open(&path).is_ok();
    if root {
        println!("permissions do not bind this user; nothing to see");
        return;
    }
    let error = Store::open(&path, JOURNAL, ALERT_JOURNAL).err().unwrap();
    assert!(matches!(error, OpenError::Unavailable(_)), "{error}");
    std::fs::set_permissions(&path, writable).unwrap();
    assert_eq!(open(&path, IMPATIENT).cursors().alerts, 6);
}

#[test]
fn damage_is_said_and_not_written_over() {
    let mut archive = Archive::new(IMPATIENT);
    let mut logs = Logs::default();
    many(&mut logs, 300, 2);
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    drop(archive.store);
    let sound = std::fs::read(&archive.path).unwrap();

    // Not a database at all.
    std::fs::write(&archive.path, vec![0x55; sound.len()]).unwrap();
    assert!(matches!(Store::open(&archive.path, JOURNAL, ALERT_JOURNAL).err(), Some(OpenError::Damaged(_))));
    assert!(matches!(History::open(&archive.path).counts(), Err(QueryError::Damaged(_))));

    // Pages in the middle overwritten: the blocks are gone, the rest still answers or says so.
    let mut holed = sound.clone();
    let middle = 30 * 8_192;
    for byte in &mut holed[middle..] {
        *byte = 0x55;
    }
    std::fs::write(&archive.path, &holed).unwrap();
    let answer = History::open(&archive.path).readings(&ask("t-1", 100));
    assert!(matches!(answer, Err(QueryError::Damaged(_))), "{:?}", answer.map(|series| series.len()));

    // The sound file is put back, and it goes on where it was.
    std::fs::write(&archive.path, &sound).unwrap();
    let mut store = open(&archive.path, IMPATIENT);
    many(&mut logs, 10, 2);
    logs.deliver(&mut store);
    assert_eq!(History::open(&archive.path).counts().unwrap().readings, 310 * 20);
}

#[test]
fn a_file_that_went_back_is_noticed_and_filled_again() {
    let mut archive = Archive::new(IMPATIENT);
    let logs = a_fire();
    let mut batch = Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), 3);
    archive.store.write(&mut batch).unwrap();
    let early = archive.store.cursors();
    logs.deliver(&mut archive.store);

    // Somebody restores an older state under the running station.
    let connection = Connection::open(&archive.path).unwrap();
    connection.execute_batch("BEGIN; DELETE FROM orders; DELETE FROM deliveries; DELETE FROM transitions; DELETE FROM alerts; DELETE FROM tail; DELETE FROM defects; UPDATE cursors SET position = 0; COMMIT").unwrap();
    drop(connection);
    batch.entry(Seq(logs.entries.len() as u64 + 1));
    match archive.store.write(&mut batch).unwrap_err() {
        WriteError::Moved(cursors) => assert_eq!((cursors.entries, cursors.alerts), (Seq(0), 0)),
        error => panic!("{error}"),
    }
    assert!(archive.store.cursors().entries < early.entries);
    logs.deliver(&mut archive.store);
    same_as_without_trouble(&logs, &archive.history);
}

#[test]
fn metrics_are_there_from_the_start_and_count() {
    let registry = prometheus::Registry::new();
    let mut archive = Archive::new(StoreOptions { bytes_max: Some(1 << 30), ..IMPATIENT });
    archive.store.register(&registry).unwrap();
    let text = || prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    for line in ["rows_total{table=\"orders\"} 0", "write_errors_total{error=\"full\"} 0", "bytes_max 1073741824"] {
        assert!(text().contains(&format!("watchfire_archive_{line}\n")), "{line} in\n{}", text());
    }
    a_fire().deliver(&mut archive.store);
    let lines =
        ["rows_total{table=\"orders\"} 4", "rows_total{table=\"transitions\"} 6", "batches_total 1", "tail_readings 1"];
    for line in lines {
        assert!(text().contains(&format!("watchfire_archive_{line}\n")), "{line} in\n{}", text());
    }
}

#[test]
fn a_batch_that_leaves_out_what_is_due_is_refused() {
    let mut archive = Archive::new(IMPATIENT);
    let logs = a_fire();
    let mut batch = Batch::default();
    logs.fill(&mut batch, archive.store.cursors(), 3);
    // It was not written, and what comes after it was read.
    batch.clear();
    let after = watchfire_archive::Cursors { entries: Seq(3), alerts: 0 };
    logs.fill(&mut batch, after, 1);
    let error = archive.store.write(&mut batch).unwrap_err();
    assert!(matches!(error, WriteError::Hole { expected: Seq(1), found: Seq(4) }), "{error}");
    assert_eq!(archive.store.cursors().entries, Seq(0), "the cursor does not say that it is there");
    batch.clear();
    batch.gap(watchfire_archive::Gap { from: Seq(1), to: Seq(3), noted_at: START });
    logs.fill(&mut batch, after, 1);
    archive.store.write(&mut batch).unwrap();
    assert_eq!(archive.store.cursors().entries, Seq(4), "a gap is written down");
}

#[test]
fn roll_ups_never_keep_the_readings_that_are_to_make_room_for_them() {
    let options = StoreOptions { bytes_max: Some(12_000_000), ..IMPATIENT };
    let mut archive = Archive::new(options);
    let (mut logs, mut day, mut fulls, mut given_up) = (Logs::default(), 0, 0, 0);
    while fulls < 3 {
        // Sensors that tell of each hour: an hour's roll-up takes more than its reading.
        for device in 0..2_000 {
            let values: Vec<_> = (0..24).map(|hour| (day * 86_400 + hour * 3_600, 20.0 + hour as f64 / 7.0)).collect();
            logs.push(day * 86_400, temperatures(&format!("t-{device}"), None, &values));
        }
        let mut batch = Batch::default();
        logs.fill(&mut batch, archive.store.cursors(), usize::MAX);
        while let Err(error) = archive.store.write(&mut batch) {
            assert!(matches!(error, WriteError::Full(_)), "{error}");
            let given = archive.store.retain(&Retention {
                readings_from: START.minus(Duration::from_secs(86_400)),
                minutes_from: Timestamp::EPOCH,
                rollups_from: Timestamp::EPOCH,
                alerts_from: Timestamp::EPOCH,
                audit_from: Timestamp::EPOCH,
                bytes_wanted: None,
                files: None,
                now: START.plus(Duration::from_secs(day.unsigned_abs() * 86_400)),
            });
            let given = given.unwrap();
            assert!(given.bytes_used <= 12_000_000, "{given:?}");
            given_up += given.readings_by_room;
            fulls += 1;
        }
        day += 1;
        assert!(day < 60, "the limit must come");
    }
    assert_eq!(archive.history.counts().unwrap().readings + given_up, day.unsigned_abs() * 48_000);
}
