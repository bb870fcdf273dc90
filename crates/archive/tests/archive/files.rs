//! Readings in files: what retention gives up is there first, whole and sound, and comes back as it was.

use crate::cluster::Cluster;
use crate::source::{Archive, Item, Logs, START, a_fire, ask, reading, show_readings, site, temperatures};
use crate::timescale::Timescale;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use watchfire_archive::{
    FilesError, History, RestoreError, RestoreInto, Retention, Store, StoreOptions, WriteError, restore_files,
    verify_files,
};
use watchfire_model::{Decoded, DeviceName, Metric, Source, Timestamp, Value};

const DAY_S: i64 = 86_400;
/// Of [`some_readings`], that are given up.
const READINGS: u64 = 3_006;
const DEVICES: [&str; 3] = ["t-1", "odd, \"三楼\"", "late"];

/// Everything until ten days after the start is given up.
fn retention(files: &Path) -> Retention {
    let later = START.plus(Duration::from_secs(10 * 86_400));
    let files = Some(files.to_owned());
    Retention {
        readings_from: later,
        minutes_from: later,
        rollups_from: later,
        alerts_from: later,
        audit_from: later,
        bytes_wanted: None,
        files,
        now: later,
    }
}

/// Readings of two months, of a clock that is wrong, of both kinds, with names that need quotes; some are kept.
fn some_readings() -> Logs {
    let mut logs = a_fire();
    for n in 0..1_500 {
        let second = 3_601 + n * 137;
        logs.push(second, temperatures("t-1", None, &[(second, 20.0 + n as f64 / 7.0), (second - 9 * DAY_S, -0.0)]));
    }
    let mut odd = Decoded::new(Source::Watchfire);
    odd.device = Some(DeviceName::new(DEVICES[1]).unwrap());
    let lux = Metric::from_name("vendor.lux").unwrap();
    for value in [Value::Bool(true), Value::Number(1e150), Value::Number(5e-324)] {
        odd.readings.push(reading(lux.clone(), value, START));
        odd.readings.last_mut().unwrap().vendor_unit = Some("l,\n\"x\"".into());
    }
    logs.push(210_000, Item::Frame(site("care"), odd));
    logs.push(210_001, temperatures("late", None, &[(-40 * 365 * DAY_S, 1.5), (20 * DAY_S, 3.0), (0, 2.0), (0, 2.0)]));
    logs.push(20 * DAY_S, temperatures("late", None, &[(20 * DAY_S, 3.5)]));
    logs
}

fn charts(history: &History, until: Timestamp) -> String {
    let of = |device| show_readings(history, &watchfire_archive::ReadingsQuery { to: until, ..ask(device, 20_000) });
    DEVICES.map(of).join("")
}

/// In a file, and on servers where there is PostgreSQL, without TimescaleDB and with it.
fn with_each(check: impl Fn(&mut Archive)) {
    check(&mut Archive::new(StoreOptions::default()));
    if let Some(cluster) = Cluster::start() {
        check(&mut Archive::on_server(cluster.database()));
    }
    if let Some(server) = Timescale::lend() {
        check(&mut server.archive());
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

fn refused(archive: &mut Archive, folder: &Path) -> String {
    let before = archive.history.counts().unwrap().readings;
    let error = archive.store.retain(&retention(folder)).unwrap_err();
    assert!(matches!(error, WriteError::Files(_)), "{error}");
    assert_eq!(archive.history.counts().unwrap().readings, before, "nothing is dropped");
    error.to_string()
}

#[test]
fn what_was_given_up_comes_back_as_it_was() {
    let cluster = Cluster::start();
    with_each(|archive| {
        some_readings().deliver(&mut archive.store);
        archive.store.fold().unwrap();
        let until = START.plus(Duration::from_secs(9 * 86_400));
        let (before, folder) = (charts(&archive.history, until), tempfile::tempdir().unwrap());
        let given = archive.store.retain(&retention(folder.path())).unwrap();
        // A server counts a row that repeats another.
        assert!((READINGS..=READINGS + 1).contains(&given.readings_by_age), "{given:?}");
        assert_eq!(given.alerts, 1, "what else is too old goes as ever");
        assert_eq!(charts(&archive.history, until), "");
        assert_eq!(show_readings(&archive.history, &ask("late", 9)), "main temperature [Cel]: 1728000=3 1728000=3.5\n");

        let months = names(folder.path());
        assert_eq!(months, ["2026-02", "2026-03", "wrong-clocks"]);
        assert_eq!(names(&folder.path().join("2026-02")).last().unwrap(), "manifest.json");
        let checked = verify_files(folder.path()).unwrap();
        assert_eq!((checked.problems.len(), checked.months), (0, 3));
        assert_eq!(checked.readings, READINGS);

        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("restored.sqlite");
        let server = cluster.as_ref().map(Cluster::database);
        let mut into = vec![(RestoreInto::File(&file), History::open(&file))];
        into.extend(server.as_ref().map(|server| (RestoreInto::Server(server), History::on_server(server))));
        for (into, history) in into {
            let mut readings = 0;
            for month in &months {
                let done = restore_files(folder.path(), month, into).unwrap();
                readings += done.readings;
                assert!(done.added > 0);
                assert_eq!(restore_files(folder.path(), month, into).unwrap().added, 0, "once is enough");
            }
            assert_eq!(readings, READINGS);
            assert_eq!(charts(&history, until), before);
            assert_eq!(history.check().unwrap().problems, Vec::<String>::new());
        }
        // Back into where they were, beside what was kept.
        let path = archive.path.clone();
        let into = archive.server.as_ref().map_or(RestoreInto::File(&path), RestoreInto::Server);
        for month in &months {
            restore_files(folder.path(), month, into).unwrap();
        }
        assert_eq!(charts(&archive.history, until), before);
        let files = verify_files(folder.path()).unwrap().files;
        archive.store.retain(&retention(folder.path())).unwrap();
        assert_eq!(charts(&archive.history, until), "");
        assert_eq!(verify_files(folder.path()).unwrap().files, files, "the same is not kept twice");
    });
}

#[test]
fn a_damaged_file_is_refused_and_nothing_dropped_for_it() {
    with_each(|archive| {
        let folder = tempfile::tempdir().unwrap();
        let month = folder.path().join("2026-03");
        let mut logs = Logs::default();
        logs.push(0, temperatures("late", None, &[(0, 20.0), (1, 21.0)]));
        logs.deliver(&mut archive.store);
        archive.store.fold().unwrap();
        archive.store.retain(&retention(folder.path())).unwrap();
        assert_eq!(names(&month), ["2026-03-01.csv.zst", "manifest.json"]);
        // A late one of that day makes a second file, but beside a sound one only.
        logs.push(100, temperatures("late", None, &[(2, 22.0)]));
        logs.deliver(&mut archive.store);
        archive.store.fold().unwrap();
        let file = month.join("2026-03-01.csv.zst");
        let sound = fs::read(&file).unwrap();
        for wrong in [
            sound[..sound.len() - 5].to_vec(),
            sound.iter().enumerate().map(|(n, byte)| if n == sound.len() / 2 { byte ^ 1 } else { *byte }).collect(),
            zstd::encode_all(&b"at,received,site,source,device,point,metric,unit,value\n"[..], 1).unwrap(),
            Vec::new(),
        ] {
            fs::write(&file, &wrong).unwrap();
            let said = refused(archive, folder.path());
            assert!(said.contains("2026-03-01.csv.zst is damaged: "), "{said}");
            assert_eq!(verify_files(folder.path()).unwrap().problems.len(), 1);
            let place = tempfile::tempdir().unwrap();
            let into = place.path().join("restored.sqlite");
            let error = restore_files(folder.path(), "2026-03", RestoreInto::File(&into)).unwrap_err();
            assert!(matches!(error, RestoreError::Files(FilesError::Damaged { .. })), "{error}");
            assert!(!into.exists());
        }
        fs::write(&file, &sound).unwrap();
        let manifest = fs::read(month.join("manifest.json")).unwrap();
        fs::write(month.join("manifest.json"), &manifest[1..]).unwrap();
        let said = refused(archive, folder.path());
        assert!(said.contains("manifest.json is damaged: "), "{said}");
        fs::write(month.join("manifest.json"), &manifest).unwrap();
        archive.store.retain(&retention(folder.path())).unwrap();
        assert_eq!(names(&month), ["2026-03-01.2.csv.zst", "2026-03-01.csv.zst", "manifest.json"]);
        assert_eq!(verify_files(folder.path()).unwrap().readings, 3);
    });
}

#[test]
fn a_full_disk_drops_nothing() {
    with_each(|archive| {
        let folder = tempfile::tempdir().unwrap();
        let month = folder.path().join("2026-03");
        some_readings().deliver(&mut archive.store);
        archive.store.fold().unwrap();
        fs::create_dir(&month).unwrap();
        let february = folder.path().join("2026-02");
        fs::create_dir(&february).unwrap();
        // Every write to it answers that there is no room.
        for day in 20..=28 {
            symlink("/dev/full", february.join(format!("2026-02-{day}.csv.zst.tmp"))).unwrap();
        }
        fs::create_dir(folder.path().join("wrong-clocks")).unwrap();
        symlink("/dev/full", folder.path().join("wrong-clocks/wrong-clocks.csv.zst.tmp")).unwrap();
        let said = refused(archive, folder.path());
        assert!(said.contains("No space left on device"), "{said}");
        assert_eq!(names(&month), Vec::<String>::new());
        for name in names(&february).into_iter().filter(|name| name.ends_with(".tmp")) {
            fs::remove_file(february.join(name)).unwrap();
        }
        archive.store.retain(&retention(folder.path())).unwrap();
        assert_eq!(verify_files(folder.path()).unwrap().problems, Vec::<String>::new());
        // A folder that cannot be made is told, too.
        let file = folder.path().join("a-file");
        fs::write(&file, "").unwrap();
        let mut logs = some_readings();
        logs.push(300_000, temperatures("t-1", None, &[(300_000, 1.0)]));
        logs.deliver(&mut archive.store);
        archive.store.fold().unwrap();
        assert!(refused(archive, &file).contains("failed to make"));
    });
}

#[test]
fn a_crash_between_file_and_dropping_writes_nothing_twice() {
    let mut archive = Archive::new(StoreOptions::default());
    let folder = tempfile::tempdir().unwrap();
    let month = folder.path().join("2026-03");
    let mut logs = Logs::default();
    logs.push(0, temperatures("t-1", None, &[(0, 20.0), (1, 21.0)]));
    logs.deliver(&mut archive.store);
    archive.store.fold().unwrap();
    let copies: Vec<_> = (0..3).map(|n| archive.path.with_extension(n.to_string())).collect();
    copies.iter().for_each(|copy| Store::copy_file(&archive.path, copy).unwrap());
    archive.store.retain(&retention(folder.path())).unwrap();
    let listed = fs::read_to_string(month.join("manifest.json")).unwrap();
    // Killed before the readings were dropped; before the file was listed; while it was written.
    let crashes: [&dyn Fn(); 3] = [&|| (), &|| fs::remove_file(month.join("manifest.json")).unwrap(), &|| {
        fs::remove_file(month.join("manifest.json")).unwrap();
        fs::rename(month.join("2026-03-01.csv.zst"), month.join("2026-03-01.csv.zst.tmp")).unwrap();
    }];
    for (crash, copy) in crashes.iter().zip(&copies) {
        crash();
        let mut store = crate::source::open(copy, StoreOptions::default());
        assert_eq!(store.retain(&retention(folder.path())).unwrap().readings_by_age, 2);
        assert_eq!(names(&month), ["2026-03-01.csv.zst", "manifest.json"]);
        assert_eq!(fs::read_to_string(month.join("manifest.json")).unwrap(), listed);
    }
}

#[test]
fn a_month_comes_back_while_the_archive_is_written() {
    with_each(|archive| {
        let (mut elsewhere, folder) = (Archive::new(StoreOptions::default()), tempfile::tempdir().unwrap());
        let mut logs = Logs::default();
        for n in 0..200 {
            let values: Vec<_> = (0..100).map(|k| (n * 100 + k, k as f64)).collect();
            logs.push(n * 100 + 99, temperatures(&format!("t-{}", n % 20), None, &values));
        }
        logs.deliver(&mut elsewhere.store);
        elsewhere.store.fold().unwrap();
        elsewhere.store.retain(&retention(folder.path())).unwrap();

        // The writer knows one of its devices, without that series; the others not at all.
        let mut own = Logs::default();
        let mut other = Decoded::new(Source::Watchfire);
        other.device = Some(DeviceName::new("t-0").unwrap());
        other.readings.push(reading(Metric::Humidity, Value::Number(40.0), START));
        own.push(0, Item::Frame(site("care"), other));
        own.deliver(&mut archive.store);
        let path = archive.path.clone();
        let into = archive.server.as_ref().map_or(RestoreInto::File(&path), RestoreInto::Server);
        std::thread::scope(|scope| {
            let restoring = scope.spawn(|| restore_files(folder.path(), "2026-03", into).unwrap());
            for n in 0..60 {
                own.push(100 + n, temperatures(&format!("t-{}", n % 20), None, &[(30_000 + n, 1.0)]));
                own.deliver(&mut archive.store);
            }
            assert_eq!(restoring.join().unwrap().added, 20_000);
        });
        own.push(400, temperatures("t-19", None, &[(40_000, 1.0)]));
        own.deliver(&mut archive.store);
        archive.store.fold().unwrap();
        assert_eq!(archive.history.counts().unwrap().readings, 20_000 + 62, "every reading once");
        let shown = show_readings(&archive.history, &ask("t-19", 20_000));
        assert_eq!(shown.split(' ').filter(|part| part.contains('=')).count(), 1_000 + 3 + 1);
        assert_eq!(archive.history.check().unwrap().problems, Vec::<String>::new());
    });
}
