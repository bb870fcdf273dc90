//! What leaves the journal, and what becomes of it.

use super::support::{SMALL, dir, get, journal_of, put, segment};
use std::path::Path;
use watchfire_journal::evidence::{self, EvidenceError, Item, KeepError};
use watchfire_journal::retention::{AgedSegment, Cursor, Gap, Hold, Plan, Policy, Room, plan};
use watchfire_journal::sim_disk::SimDisk;
use watchfire_journal::{Disk, Limits, ReadError, Reader, SegmentInfo, segments};

/// Four sealed segments of ten records and 100 bytes each, and the active one; the newest records at 10, 20, 30, 40 ms.
fn aged() -> Vec<AgedSegment> {
    (0..5u8)
        .map(|index| {
            let first = u64::from(index) * 10 + 1;
            let end = (index < 4).then_some(first + 10);
            AgedSegment { segment: SegmentInfo { first, end, bytes: 100 }, newest_ms: i64::from(index) * 10 + 10 }
        })
        .collect()
}

/// `keep_ms`, `bytes_max`, what the disk is short of, the positions of rules and archive → what leaves, and the gaps.
fn check(
    keep_ms: i64,
    bytes_max: u64,
    short: u64,
    (rules, archive): (u64, u64),
    leave: &[u64],
    gaps: &[(&str, u64, u64)],
) {
    let cursors = [
        Cursor { name: "rules", position: rules, hold: Hold::Always },
        Cursor { name: "archive", position: archive, hold: Hold::UntilDiskLimit },
    ];
    let room = if short == 0 { Room::Enough } else { Room::Short(short) };
    let Plan { leave: planned, gaps: lost } = plan(&aged(), &cursors, &Policy { keep_ms, bytes_max }, room, 100);
    assert_eq!(planned.iter().map(|segment| segment.first).collect::<Vec<_>>(), leave);
    let expected: Vec<Gap> =
        gaps.iter().map(|&(cursor, from, to)| Gap { cursor: cursor.to_owned(), from, to }).collect();
    assert_eq!(lost, expected);
}

#[test]
fn segments_leave_by_age_size_and_room() {
    check(1_000, 10_000, 0, (50, 50), &[], &[]);
    check(75, 10_000, 0, (50, 50), &[1, 11], &[]);
    check(0, 10_000, 0, (50, 50), &[1, 11, 21, 31], &[]);
    check(1_000, 350, 0, (50, 50), &[1, 11], &[]);
    // A cursor holds its segment until it is past the last record in it.
    check(0, 10_000, 0, (50, 19), &[1], &[]);
    check(0, 10_000, 0, (50, 20), &[1, 11], &[]);
    check(0, 10_000, 0, (9, 50), &[], &[]);
    // Without room those behind all leave first, then the archive is overrun, the rules never.
    check(1_000, 10_000, 100, (50, 50), &[1], &[]);
    check(1_000, 10_000, 150, (50, 15), &[1, 11], &[("archive", 16, 20)]);
    check(1_000, 10_000, 10_000, (25, 5), &[1, 11], &[("archive", 6, 20)]);
    check(1_000, 10_000, 10_000, (50, 0), &[1, 11, 21, 31], &[("archive", 1, 40)]);
    assert_eq!(plan(&[], &[], &Policy { keep_ms: 0, bytes_max: 0 }, Room::Enough, 0), Plan::default());
}

const BATCHES: [&[&[u8]]; 3] = [&[b"smoke", b"heat"], &[b"co", b"gas", b"water"], &[b"tamper"]];

fn with_evidence() -> (SimDisk, Vec<Item>) {
    let disk = journal_of(&BATCHES, Limits { segment_bytes: 100, ..SMALL });
    let sealed: Vec<SegmentInfo> = segments(&disk, &dir()).unwrap();
    for (segment, newest_ms) in sealed[..2].iter().zip([100, 200]) {
        evidence::keep(&disk, &dir(), segment, newest_ms).unwrap();
    }
    let items = evidence::list(&disk, &dir()).unwrap();
    (disk, items)
}

fn file(item: &Item) -> std::path::PathBuf {
    dir().join(format!("evidence/ev-{}-{:020}-{:020}.wfe", item.journal_id, item.first, item.last))
}

#[test]
fn what_left_is_read_back_and_readers_are_told() {
    let (disk, items) = with_evidence();
    assert_eq!(
        items.iter().map(|item| (item.first, item.last, item.newest_ms)).collect::<Vec<_>>(),
        [(1, 2, 100), (3, 5, 200)]
    );
    let unpacked = evidence::read(&disk, &dir(), &items[1]).unwrap();
    let found: Vec<_> = unpacked.records().map(|record| (record.seq, record.bytes)).collect();
    assert_eq!(found, [(3, &b"co"[..]), (4, b"gas"), (5, b"water")]);
    assert!(matches!(Reader::open(&disk, &dir(), 5), Err(ReadError::Gone { first: 6 })));
    assert_eq!(Reader::open(&disk, &dir(), 6).unwrap().next(6).unwrap().unwrap().bytes, b"tamper");
}

#[test]
fn a_reader_inside_a_segment_that_leaves_reads_it_to_its_end() {
    let disk = journal_of(&BATCHES, Limits { segment_bytes: 100, ..SMALL });
    let mut reader = Reader::open(&disk, &dir(), 1).unwrap();
    reader.next(6).unwrap();
    for segment in &segments(&disk, &dir()).unwrap()[..2] {
        evidence::discard(&disk, &dir(), segment).unwrap();
    }
    assert_eq!(reader.next(6).unwrap().unwrap().bytes, b"heat");
    assert!(matches!(reader.next(6), Err(ReadError::Gone { first: 6 })));
}

#[test]
fn damaged_evidence_is_told_and_a_damaged_manifest_is_made_again() {
    let (disk, items) = with_evidence();
    let manifest = dir().join("evidence/MANIFEST");
    let text = String::from_utf8(get(&disk, &manifest)).unwrap();
    assert!(text.starts_with("watchfire evidence 1\n") && text.lines().count() == 4, "{text}");
    for byte in 0..text.len() {
        let mut damaged = text.clone().into_bytes();
        damaged[byte] ^= 1;
        put(&disk, &manifest, &damaged);
        assert_eq!(evidence::list(&disk, &dir()).unwrap(), items);
    }
    disk.remove(&manifest).unwrap();
    assert_eq!(evidence::list(&disk, &dir()).unwrap(), items);

    let whole = get(&disk, &file(&items[0]));
    for byte in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[byte] ^= 0x80;
        put(&disk, &file(&items[0]), &damaged);
        assert!(matches!(evidence::read(&disk, &dir(), &items[0]), Err(EvidenceError::Damaged { .. })));
    }
}

#[test]
fn a_damaged_segment_does_not_leave() {
    let disk = journal_of(&BATCHES, Limits { segment_bytes: 100, ..SMALL });
    let mut bytes = get(&disk, &segment(1));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    put(&disk, &segment(1), &bytes);
    let info = segments(&disk, &dir()).unwrap()[0];
    assert!(matches!(evidence::keep(&disk, &dir(), &info, 0), Err(KeepError::Damaged { .. })));
    assert_eq!(segments(&disk, &dir()).unwrap().len(), 3);
}

#[test]
fn evidence_is_removed_by_age_and_for_room() {
    let (disk, items) = with_evidence();
    assert_eq!(evidence::expired(&items, 1_000, 300, 0), []);
    assert_eq!(evidence::expired(&items, 150, 300, 0), items[..1]);
    assert_eq!(evidence::expired(&items, 1_000, 300, 1), items[..1]);
    assert_eq!(evidence::expired(&items, 1_000, 300, u64::MAX), items);
    evidence::remove(&disk, &dir(), &items[..1]).unwrap();
    evidence::remove(&disk, &dir(), &items[..1]).unwrap();
    assert_eq!(evidence::list(&disk, &dir()).unwrap(), items[1..]);
    assert!(disk.open(&file(&items[0])).is_err());
    assert_eq!(evidence::list(&disk, Path::new("/elsewhere")).unwrap(), []);
}
