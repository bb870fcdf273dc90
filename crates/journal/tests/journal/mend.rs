//! A damaged segment costs the batch that is damaged and nothing else; no number changes.

use super::support::{SMALL, dir, get, journal_of, put, records, segment};
use watchfire_journal::sim_disk::{Fault, SimDisk};
use watchfire_journal::{Disk, Limits, Mended, OpenError, Writer, mend, segments};

const BATCHES: [&[&[u8]]; 4] = [&[b"smoke", b"heat"], &[b"co", b"gas", b"water"], &[b"tamper"], &[b"fault", b"test"]];
const RECORDS: [&[u8]; 8] = [b"smoke", b"heat", b"co", b"gas", b"water", b"tamper", b"fault", b"test"];
/// Every batch in a segment of its own.
const SPREAD: Limits = Limits { segment_bytes: 1, ..SMALL };
const FILLER: &[u8] = b"lost";

fn mended(disk: &SimDisk, first: u64, used: u64) -> Option<Mended> {
    mend(disk, &segment(first), used, |_| FILLER.to_vec()).unwrap()
}

fn flipped(whole: &[u8], byte: usize) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    bytes[byte] ^= 0x10;
    bytes
}

/// How many of the first `last` records are fillers; the others must be what they were.
fn lost(disk: &SimDisk, last: u64) -> usize {
    let found = records(disk, &dir(), 1, last);
    assert_eq!(found.len(), usize::try_from(last).unwrap());
    let wrong = found.iter().zip(RECORDS).filter(|(found, expected)| found.as_slice() != *expected);
    wrong.inspect(|(found, _)| assert_eq!(found.as_slice(), FILLER)).count()
}

#[test]
fn a_last_segment_damaged_at_any_byte_is_taken_up_again() {
    let whole = get(&journal_of(&BATCHES, SMALL), &segment(1));
    for byte in 0..whole.len() {
        let disk = SimDisk::new(1);
        let damaged = flipped(&whole, byte);
        put(&disk, &segment(1), &damaged);
        let file = match Writer::open(&disk, &dir(), SMALL) {
            Err(OpenError::Damaged { file, .. }) => file,
            Err(OpenError::Newer { .. }) => continue,
            other => {
                // The last batch: nothing proves that it was ever durable.
                assert!(other.unwrap().1.last >= 6, "{byte}");
                continue;
            }
        };
        assert_eq!(file, segment(1));
        let done = mended(&disk, 1, 0).unwrap();
        let (mut writer, recovered) = Writer::open(&disk, &dir(), SMALL).unwrap();
        assert!(recovered.last >= 6 && recovered.damaged.is_empty(), "{byte}: {recovered:?}");
        let lost = lost(&disk, recovered.last);
        // The journal's own id, and the header's salt, are nowhere else.
        let in_header = byte < 56;
        assert!(lost <= 3 || in_header, "{byte}: {lost}");
        assert_eq!(done.records_lost(), u64::try_from(lost).unwrap(), "{byte}");
        assert_eq!(get(&disk, &done.aside), damaged, "it is kept as it was");
        writer.append(b"next").unwrap();
        assert_eq!(writer.sync().unwrap(), recovered.last + 1);
    }
}

#[test]
fn a_sealed_segment_damaged_at_any_byte_keeps_its_numbers_and_its_neighbours() {
    let length = get(&journal_of(&BATCHES, SPREAD), &segment(3)).len();
    for byte in 0..length {
        let disk = journal_of(&BATCHES, SPREAD);
        let whole = get(&disk, &segment(3));
        put(&disk, &segment(3), &flipped(&whole, byte));
        let Some(done) = mend(&disk, &segment(3), 0, |_| FILLER.to_vec()).unwrap_or(None) else {
            assert!((8..12).contains(&byte), "{byte}: not mended");
            continue;
        };
        // The header's salt is nowhere else; of the rest at most what is damaged is lost, and a record whose length is
        // damaged takes those behind it in its batch along.
        let at_most = if (28..44).contains(&byte) || byte >= 88 { 3 } else { 0 };
        assert!(done.records_lost() <= at_most, "{byte}: {done:?}");
        assert!(byte < length - 1 || done.records_lost() == 1);
        assert_eq!(lost(&disk, 8), usize::try_from(done.records_lost()).unwrap());
        assert_eq!(mended(&disk, 3, 0), None, "once is enough");
    }
}

#[test]
fn a_segment_that_is_gone_is_filled_from_the_one_before() {
    let disk = journal_of(&BATCHES, SPREAD);
    disk.remove(&segment(3)).unwrap();
    assert_eq!(mended(&disk, 1, 0).unwrap().lost, [(3, 5)]);
    assert_eq!(lost(&disk, 8), 3);
}

#[test]
fn a_last_segment_of_which_nothing_is_left_gives_no_number_twice() {
    let disk = journal_of(&BATCHES, SPREAD);
    put(&disk, &segment(7), &[0; 300]);
    assert_eq!(mended(&disk, 7, 8).unwrap().lost, [(7, 8)]);
    assert_eq!(Writer::open(&disk, &dir(), SPREAD).unwrap().1.last, 8);
    assert_eq!(lost(&disk, 8), 2);
}

#[test]
fn a_segment_that_is_whole_is_left_alone_and_one_in_use_too() {
    let disk = journal_of(&BATCHES, SPREAD);
    for first in [1, 3, 6, 7] {
        assert_eq!(mended(&disk, first, 0), None);
    }
    let _writer = Writer::open(&disk, &dir(), SPREAD).unwrap();
    let last = segments(&disk, &dir()).unwrap().last().unwrap().first;
    assert!(mend(&disk, &segment(last), 0, |_| FILLER.to_vec()).is_err());
}

#[test]
fn an_interrupted_mending_is_done_again() {
    for fault in [Fault::PowerLoss, Fault::Kill] {
        for calls in 0..40 {
            let disk = journal_of(&BATCHES, SPREAD);
            let whole = get(&disk, &segment(3));
            put(&disk, &segment(3), &flipped(&whole, whole.len() - 1));
            disk.fail_after(calls, fault);
            let _ = mend(&disk, &segment(3), 0, |_| FILLER.to_vec());
            disk.clear_fault();
            disk.power_loss();
            disk.restart();
            drop(Writer::open(&disk, &dir(), SPREAD).unwrap());
            let _ = mended(&disk, 3, 0);
            assert_eq!(lost(&disk, 8), 1, "{fault:?} after {calls} calls");
        }
    }
}
