//! The items of a segment, records and marks, to and from bytes. Pure.

use crate::segment::{Seed, array};

/// No record is longer, in any journal.
pub const RECORD_BYTES_LIMIT: usize = 16 * 1024 * 1024;

/// Length and checksum before a record's bytes.
pub(crate) const RECORD_FRAME_BYTES: usize = 8;
/// The length of a mark.
pub(crate) const MARK_BYTES: usize = 16;
/// What a mark has in the place of a length.
pub(crate) const MARK: u32 = u32::MAX;

/// What stands at a place where record `seq` is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// The record; the item takes its frame and these bytes.
    Record(&'a [u8]),
    /// A mark; the record comes after it.
    Mark,
    /// Nothing was written here.
    End,
    /// The item needs that many bytes in all, more than there are.
    Short(usize),
    /// Something else than what is due.
    Damaged,
}

/// Appends a record. The caller has checked its length.
pub(crate) fn push_record(out: &mut Vec<u8>, seed: Seed, seq: u64, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("record lengths are checked and far below 2^32");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(seed, length, seq, bytes).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a mark before record `seq`.
pub(crate) fn push_mark(out: &mut Vec<u8>, seed: Seed, seq: u64) {
    out.extend_from_slice(&MARK.to_le_bytes());
    out.extend_from_slice(&checksum(seed, MARK, seq, &[]).to_le_bytes());
    out.extend_from_slice(&seq.to_le_bytes());
}

/// Judges the bytes at a place where record `seq` is due.
pub(crate) fn parse(seed: Seed, seq: u64, bytes: &[u8]) -> Item<'_> {
    let Some(word) = array(bytes, 0).map(u32::from_le_bytes) else { return Item::Short(RECORD_FRAME_BYTES) };
    if word == 0 {
        return Item::End;
    }
    if word == MARK {
        return match mark(seed, bytes) {
            _ if bytes.len() < MARK_BYTES => Item::Short(MARK_BYTES),
            Some(found) if found == seq => Item::Mark,
            _ => Item::Damaged,
        };
    }
    let length = usize::try_from(word).unwrap_or(usize::MAX);
    if length > RECORD_BYTES_LIMIT {
        return Item::Damaged;
    }
    let end = RECORD_FRAME_BYTES + length;
    let (Some(stored), Some(record)) = (array(bytes, 4).map(u32::from_le_bytes), bytes.get(RECORD_FRAME_BYTES..end))
    else {
        return Item::Short(end);
    };
    if stored == checksum(seed, word, seq, record) { Item::Record(record) } else { Item::Damaged }
}

/// The number in the mark at the beginning of these bytes, if that is one.
pub(crate) fn mark(seed: Seed, bytes: &[u8]) -> Option<u64> {
    if array(bytes, 0).map(u32::from_le_bytes) != Some(MARK) {
        return None;
    }
    let seq = array(bytes, 8).map(u64::from_le_bytes)?;
    (array(bytes, 4).map(u32::from_le_bytes)? == checksum(seed, MARK, seq, &[])).then_some(seq)
}

fn checksum(seed: Seed, word: u32, seq: u64, bytes: &[u8]) -> u32 {
    let [a, b, c, d] = word.to_le_bytes();
    let [e, f, g, h, i, j, k, l] = seq.to_le_bytes();
    let with_place = crc32c::crc32c_append(seed.0, &[a, b, c, d, e, f, g, h, i, j, k, l]);
    crc32c::crc32c_append(with_place, bytes)
}
