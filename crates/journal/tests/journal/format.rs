//! The bytes on the disk are those of the specification at the head of `lib.rs`.

use super::support::{SMALL, dir, get, journal_of, put, records, segment};
use crc32c::{crc32c, crc32c_append};
use watchfire_journal::sim_disk::SimDisk;
use watchfire_journal::{FORMAT_VERSION, HEADER_BYTES, OpenError, Writer, survey};

/// Two batches, written by the first build that had this format.
const GOLDEN: &[u8] = include_bytes!("../data/seg-00000000000000000001.wfj");

fn item(header: &[u8], word: u32, seq: u64, rest: &[u8]) -> Vec<u8> {
    let covered = [&word.to_le_bytes()[..], &seq.to_le_bytes()].concat();
    let mut checksum = crc32c_append(crc32c(&header[..52]), &covered);
    if word != u32::MAX {
        checksum = crc32c_append(checksum, rest);
    }
    [&word.to_le_bytes()[..], &checksum.to_le_bytes(), rest].concat()
}

fn mark(header: &[u8], seq: u64) -> Vec<u8> {
    item(header, u32::MAX, seq, &seq.to_le_bytes())
}

fn check_bytes(bytes: &[u8]) {
    let header = &bytes[..HEADER_BYTES];
    assert_eq!(&header[..8], b"WFJRNL\r\n");
    assert_eq!(header[8..12], FORMAT_VERSION.to_le_bytes());
    assert_eq!(header[44..52], 1u64.to_le_bytes());
    assert_eq!(header[52..], crc32c(&header[..52]).to_le_bytes());
    let expected = [
        header.to_vec(),
        mark(header, 1),
        mark(header, 1),
        item(header, 5, 1, b"smoke"),
        item(header, 4, 2, b"heat"),
        mark(header, 3),
        item(header, 2, 3, b"co"),
    ];
    assert_eq!(bytes, expected.concat());
}

#[test]
fn a_segment_has_the_specified_bytes() {
    let disk = journal_of(&[&[b"smoke", b"heat"], &[b"co"]], SMALL);
    check_bytes(&get(&disk, &segment(1)));
}

#[test]
fn the_golden_segment_is_read() {
    check_bytes(GOLDEN);
    let disk = SimDisk::new(1);
    put(&disk, &segment(1), GOLDEN);
    let found = survey(&disk, &dir()).unwrap();
    assert_eq!((found.first, found.last), (1, 3));
    assert_eq!(records(&disk, &dir(), 1, 3), [b"smoke".to_vec(), b"heat".to_vec(), b"co".to_vec()]);
    let (writer, recovered) = Writer::open(&disk, &dir(), SMALL).unwrap();
    assert_eq!((recovered.last, recovered.torn_bytes, writer.journal_id()), (3, 0, found.journal_id));
    assert_eq!(found.journal_id.to_string().len(), 32);
}

#[test]
fn a_newer_version_is_refused_with_its_number() {
    let mut bytes = GOLDEN.to_vec();
    bytes[8] = 2;
    let checksum = crc32c(&bytes[..52]).to_le_bytes();
    bytes[52..56].copy_from_slice(&checksum);
    let disk = SimDisk::new(1);
    put(&disk, &segment(1), &bytes);
    assert!(matches!(Writer::open(&disk, &dir(), SMALL), Err(OpenError::Newer { version: 2, .. })));
}

#[test]
fn names_that_are_not_segments_are_left_alone() {
    let disk = journal_of(&[&[b"smoke"]], SMALL);
    for name in ["seg-1.wfj", "seg-00000000000000000000.wfj", "seg-+0000000000000000005.wfj", "notes.txt"] {
        put(&disk, &dir().join(name), b"something");
    }
    disk.kill();
    disk.restart();
    let (_, recovered) = Writer::open(&disk, &dir(), SMALL).unwrap();
    assert_eq!((recovered.first, recovered.last), (1, 1));
}
