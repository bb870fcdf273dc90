//! Torn tails are cut, damage is never: at every byte and every bit of a small journal.

use super::support::{SMALL, dir, get, journal_of, put, records, segment};
use watchfire_journal::sim_disk::SimDisk;
use watchfire_journal::{Damage, Limits, OpenError, ReadError, Reader, Writer, survey};

const BATCHES: [&[&[u8]]; 3] = [&[b"smoke", b"heat"], &[b"co", b"gas", b"water"], &[b"tamper", b"fault"]];
const RECORDS: [&[u8]; 7] = [b"smoke", b"heat", b"co", b"gas", b"water", b"tamper", b"fault"];
/// Records before the last batch: the mark at its head proves that they were durable.
const PROVEN: u64 = 5;

fn open_with(bytes: &[u8]) -> (SimDisk, Result<u64, OpenError>) {
    let disk = SimDisk::new(1);
    put(&disk, &segment(1), bytes);
    let last = Writer::open(&disk, &dir(), SMALL).map(|(_, recovered)| recovered.last);
    (disk, last)
}

fn check_prefix(disk: &SimDisk, last: u64) {
    let count = usize::try_from(last).unwrap();
    assert_eq!(records(disk, &dir(), 1, last), RECORDS[..count]);
}

#[test]
fn a_tail_torn_at_any_byte_is_cut() {
    let whole = get(&journal_of(&BATCHES, SMALL), &segment(1));
    let mut previous = 0;
    for length in 56..=whole.len() {
        for rest in [vec![], vec![0; 40], vec![0xFF; 40], b"\x05\0\0\0garbage".to_vec()] {
            let (disk, last) = open_with(&[&whole[..length], &rest].concat());
            let last = last.unwrap();
            assert!(last >= previous);
            check_prefix(&disk, last);
            previous = last;
        }
    }
    assert_eq!(previous, 7);
}

#[test]
fn a_tail_that_arrived_out_of_order_is_cut() {
    let whole = get(&journal_of(&BATCHES, SMALL), &segment(1));
    let last_batch = whole.len() - (16 + 8 + 6 + 8 + 5);
    for hole in last_batch..whole.len() {
        let mut bytes = whole.clone();
        bytes[last_batch..hole].fill(0);
        let (disk, last) = open_with(&bytes);
        let last = last.unwrap();
        assert!(last == PROVEN || last == 7);
        check_prefix(&disk, last);
    }
}

#[test]
fn a_flipped_bit_is_damage_or_in_the_last_batch() {
    let whole = get(&journal_of(&BATCHES, SMALL), &segment(1));
    let last_batch = whole.len() - (16 + 8 + 6 + 8 + 5);
    for byte in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[byte] ^= 1 << bit;
            let (disk, last) = open_with(&bytes);
            match last {
                Ok(last) => {
                    assert!(byte >= last_batch && (PROVEN..7).contains(&last), "flip at {byte}: {last}");
                    check_prefix(&disk, last);
                }
                Err(OpenError::Damaged { damage, .. }) => {
                    assert!(byte < last_batch, "flip at {byte}: {damage}");
                    assert!(survey(&disk, &dir()).is_err());
                }
                Err(error) => panic!("flip at {byte}: {error}"),
            }
        }
    }
}

#[test]
fn damage_in_a_sealed_segment_is_told_by_the_reader_and_nothing_is_cut() {
    let tiny = Limits { segment_bytes: 100, ..SMALL };
    let disk = journal_of(&BATCHES, tiny);
    let (path, whole) = (segment(1), get(&disk, &segment(1)));
    for byte in 72..whole.len() {
        let mut bytes = whole.clone();
        bytes[byte] ^= 0x10;
        put(&disk, &path, &bytes);
        let mut reader = Reader::open(&disk, &dir(), 1).unwrap();
        let error = loop {
            match reader.next(7) {
                Ok(Some(record)) => assert_eq!(record.bytes, RECORDS[usize::try_from(record.seq).unwrap() - 1]),
                Ok(None) => panic!("flip at {byte} was not seen"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReadError::Damaged { damage: Damage::Record { .. }, .. }), "{error}");
        let (_, recovered) = Writer::open(&disk, &dir(), tiny).unwrap();
        assert_eq!(recovered.last, 7);
    }
}

#[test]
fn a_segment_that_is_cut_short_or_missing_is_told() {
    let tiny = Limits { segment_bytes: 100, ..SMALL };
    let disk = journal_of(&BATCHES, tiny);
    let whole = get(&disk, &segment(3));
    put(&disk, &segment(3), &whole[..whole.len() - 13]);
    let mut reader = Reader::open(&disk, &dir(), 4).unwrap();
    assert_eq!(reader.next(7).unwrap().unwrap().bytes, b"gas");
    let ReadError::Damaged { damage, .. } = reader.next(7).unwrap_err() else { panic!("not damage") };
    assert_eq!(damage, Damage::Missing { from: 5, to: 5 });
}

#[test]
fn a_damaged_old_segment_is_told_and_the_journal_goes_on() {
    let tiny = Limits { segment_bytes: 100, ..SMALL };
    let (ours, theirs) = (journal_of(&BATCHES, tiny), journal_of(&BATCHES, tiny));
    put(&ours, &segment(3), &get(&theirs, &segment(3)));
    put(&ours, &segment(1), b"nothing");
    let (mut writer, recovered) = Writer::open(&ours, &dir(), tiny).unwrap();
    assert_eq!((recovered.first, recovered.last), (1, 7));
    assert_eq!(recovered.damaged[0], (segment(1), Damage::Header));
    assert!(matches!(recovered.damaged[1], (_, Damage::Journal { .. })));
    assert_eq!(writer.append(b"fire").unwrap(), 8);
    assert_eq!(writer.sync().unwrap(), 8);
    assert!(matches!(Reader::open(&ours, &dir(), 1), Err(ReadError::Damaged { .. })));
}

#[test]
fn a_last_segment_under_another_name_is_refused() {
    let disk = journal_of(&BATCHES, SMALL);
    put(&disk, &segment(4), &get(&disk, &segment(1)));
    let damage = match Writer::open(&disk, &dir(), SMALL) {
        Err(OpenError::Damaged { damage, .. }) => damage,
        other => panic!("{:?}", other.map(|(_, recovered)| recovered)),
    };
    assert_eq!(damage, Damage::Name(1));
}

#[test]
fn a_record_is_not_valid_at_another_place() {
    let disk = journal_of(&[&[b"smoke"], &[b"alarm"]], SMALL);
    let mut bytes = get(&disk, &segment(1));
    let (first, second) = (88..101, 117..130);
    let copy = bytes[first].to_vec();
    bytes[second].copy_from_slice(&copy);
    assert_eq!(open_with(&bytes).1.unwrap(), 1);
}

#[test]
fn what_a_device_sends_cannot_pass_for_a_record_or_a_mark() {
    // The device knows the format and an old segment of the same journal, but not this segment's salt.
    let tiny = Limits { segment_bytes: 100, ..SMALL };
    let disk = journal_of(&BATCHES, tiny);
    let old = get(&disk, &segment(3));
    let forged = old[72..].to_vec();
    let (mut writer, _) = Writer::open(&disk, &dir(), tiny).unwrap();
    let seq = writer.append(&forged).unwrap();
    writer.sync().unwrap();
    drop(writer);
    let path = segment(*firsts(&disk).last().unwrap());
    let whole = get(&disk, &path);
    // The record's own frame is torn away: only the forged bytes in it are left.
    let frame = whole.len() - forged.len() - 8;
    let mut torn = whole.clone();
    torn[frame..frame + 8].fill(0x11);
    put(&disk, &path, &torn);
    let (_, recovered) = Writer::open(&disk, &dir(), tiny).unwrap();
    assert_eq!(recovered.last, seq - 1);
}

fn firsts(disk: &SimDisk) -> Vec<u64> {
    watchfire_journal::segments(disk, &dir()).unwrap().iter().map(|segment| segment.first).collect()
}
