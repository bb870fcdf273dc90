//! Finds out how much of a segment is valid. Pure: the whole segment is in memory.

use crate::disk::bytes_u64;
use crate::item::{Item, MARK, MARK_BYTES, RECORD_FRAME_BYTES, mark, parse};
use crate::segment::{Damage, HEADER_BYTES, Seed};

/// The valid part of a last segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The number after the last valid record.
    pub(crate) next: u64,
    /// Where the valid items end.
    pub(crate) end: usize,
    /// Where the last mark begins: what follows may be in the page cache only.
    pub(crate) tail: usize,
    /// The number of the first record after that mark.
    pub(crate) tail_first: u64,
}

/// The records of a segment, in order, up to the first item that is not due.
pub(crate) struct Records<'a> {
    seed: Seed,
    bytes: &'a [u8],
    next: u64,
    at: usize,
    tail: usize,
    tail_first: u64,
}

impl<'a> Records<'a> {
    /// Over a whole segment's bytes that begin with record `first`.
    pub(crate) fn new(seed: Seed, first: u64, bytes: &'a [u8]) -> Records<'a> {
        Records { seed, bytes, next: first, at: HEADER_BYTES, tail: HEADER_BYTES, tail_first: first }
    }

    /// Over part of a segment: from an offset at which record `due` or its mark stands.
    pub(crate) fn starting_at(seed: Seed, due: u64, bytes: &'a [u8], at: usize) -> Records<'a> {
        Records { seed, bytes, next: due, at, tail: at, tail_first: due }
    }

    /// The number of the record that is due.
    pub(crate) fn due(&self) -> u64 {
        self.next
    }

    /// Where it is due.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<(u64, &'a [u8])> {
        loop {
            match parse(self.seed, self.next, self.bytes.get(self.at..)?) {
                Item::Record(bytes) => {
                    let seq = self.next;
                    self.next = seq.checked_add(1)?;
                    self.at += RECORD_FRAME_BYTES + bytes.len();
                    return Some((seq, bytes));
                }
                Item::Mark => {
                    self.tail = self.at;
                    self.tail_first = self.next;
                    self.at += MARK_BYTES;
                }
                Item::End | Item::Short(_) | Item::Damaged => return None,
            }
        }
    }
}

/// Scans a last segment.
///
/// # Errors
/// Damage, when what follows the valid part proves that more had been durable.
pub(crate) fn scan(seed: Seed, first: u64, bytes: &[u8]) -> Result<Scan, Damage> {
    let mut records = Records::new(seed, first, bytes);
    records.by_ref().for_each(drop);
    if later_mark(seed, records.next, bytes.get(records.at..).unwrap_or_default()) {
        return Err(Damage::Record { seq: records.next, offset: bytes_u64(records.at) });
    }
    Ok(Scan { next: records.next, end: records.at, tail: records.tail, tail_first: records.tail_first })
}

/// Whether a mark stands anywhere in these bytes that was written after record `due` was durable.
fn later_mark(seed: Seed, due: u64, bytes: &[u8]) -> bool {
    bytes
        .windows(MARK_BYTES)
        .filter(|window| window.starts_with(&MARK.to_le_bytes()))
        .any(|window| mark(seed, window).is_some_and(|seq| seq > due))
}
