//! Copies of a journal: what they hold, of one that is written meanwhile, of one that is damaged.

use super::support::{DIR, SMALL, dir, get, journal_of, put, records, segment};
use std::path::Path;
use watchfire_journal::{
    CopyError, JournalId, Limits, Reader, RealDisk, Writer, check, copy, evidence, new_id, segments, snapshot,
};

const TO: &str = "/data/copy";

#[test]
fn a_copy_is_the_same_journal_and_can_be_gone_on_with() {
    let disk = journal_of(&[&[b"one", b"two"], &[b"three"]], Limits { segment_bytes: 1, ..SMALL });
    for (own, to) in [(None, "/data/same"), (Some(JournalId([7; 16])), "/data/other")] {
        let to = Path::new(to);
        let copied = copy(&disk, &dir(), to, own).unwrap();
        let id = check(&disk, &dir()).unwrap().journal_id;
        assert_eq!(copied.journal_id, own.unwrap_or(id));
        assert_eq!((copied.first, copied.last, copied.damaged.len()), (1, 3, 0));
        assert_eq!(records(&disk, to, 1, 3), records(&disk, &dir(), 1, 3));
        let (mut writer, recovered) = Writer::open(&disk, to, SMALL).unwrap();
        assert_eq!((recovered.journal_id, recovered.last), (copied.journal_id, 3));
        writer.append(b"four").unwrap();
        assert_eq!(writer.sync().unwrap(), 4);
        assert!(matches!(copy(&disk, &dir(), to, None), Err(CopyError::Taken { .. })));
    }
    assert!(matches!(copy(&disk, Path::new("/data/none"), Path::new(TO), None), Err(CopyError::NoJournal { .. })));
    assert_ne!(new_id().unwrap(), new_id().unwrap());
}

#[test]
fn a_damaged_segment_is_told_and_left_out() {
    let disk = journal_of(&[&[b"one"], &[b"two"], &[b"three"]], Limits { segment_bytes: 1, ..SMALL });
    let mut bytes = get(&disk, &segment(2));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    put(&disk, &segment(2), &bytes);
    let copied = copy(&disk, &dir(), Path::new(TO), None).unwrap();
    assert_eq!((copied.first, copied.last), (1, 3));
    assert_eq!(copied.damaged.iter().map(|(file, _)| file.clone()).collect::<Vec<_>>(), [segment(2)]);
    assert_eq!(check(&disk, &dir()).unwrap(), copied);
    assert_eq!(records(&disk, Path::new(TO), 3, 3), records(&disk, Path::new(DIR), 3, 3));
}

#[test]
fn a_journal_is_copied_while_it_is_written_and_its_oldest_segments_leave() {
    let root = tempfile::tempdir().unwrap();
    let from = root.path().join("journal");
    let (mut writer, _) = Writer::open(&RealDisk, &from, Limits { segment_bytes: 4096, ..SMALL }).unwrap();
    let mut write = move |records: u32| {
        for _ in 0..records {
            let number = writer.durable() + 1;
            writer.append(format!("record {number} {}", "x".repeat(300)).as_bytes()).unwrap();
            writer.sync().unwrap();
        }
        writer.durable()
    };
    write(50);
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || write(3_000));
        let leaving = scope.spawn(|| {
            for _ in 0..40 {
                let all = segments(&RealDisk, &from).unwrap();
                if let Some(sealed) = all.iter().find(|segment| segment.end.is_some()) {
                    evidence::keep(&RealDisk, &from, sealed, 0).unwrap();
                }
                std::thread::yield_now();
            }
        });
        for number in 0.. {
            let to = root.path().join(format!("copy-{number}"));
            let copied = copy(&RealDisk, &from, &to, None).unwrap();
            assert!(copied.damaged.is_empty(), "{copied:?}");
            let mut reader = Reader::open(&RealDisk, &to, copied.first).unwrap();
            let mut due = copied.first;
            while let Some(record) = reader.next(copied.last).unwrap() {
                assert_eq!(record.seq, due);
                assert!(record.bytes.starts_with(format!("record {due} ").as_bytes()));
                due += 1;
            }
            assert_eq!(due, copied.last + 1);
            std::fs::remove_dir_all(to).unwrap();
            if number >= 3 && writing.is_finished() {
                break;
            }
        }
        leaving.join().unwrap();
    });
}

#[test]
fn sound_snapshots_of_the_journal_get_its_new_id() {
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (root.path().join("from"), root.path().join("to"));
    let (old, new) = (JournalId([1; 16]), JournalId([2; 16]));
    snapshot::save(&RealDisk, &from, "rules", 3, old, 10, b"state").unwrap();
    snapshot::save(&RealDisk, &from, "rules", 3, old, 90, b"ahead").unwrap();
    snapshot::save(&RealDisk, &from, "desk", 1, JournalId([9; 16]), 5, b"another's").unwrap();
    std::fs::write(from.join("desk-00000000000000000004.wfs"), b"torn").unwrap();
    assert_eq!(snapshot::copy_as(&RealDisk, &from, &to, (old, 20), new).unwrap(), 1);
    let fit = snapshot::Fit { journal_id: new, last: 20, versions: &[3] };
    let loaded = snapshot::load(&RealDisk, &to, "rules", &fit).unwrap();
    assert_eq!(loaded.snapshot.map(|found| (found.position, found.body)), Some((10, b"state".to_vec())));
}
