//! A packed segment: the specification of the files in the evidence, and nothing else.
//!
//! The file `ev-<journal id>-<first, 20 digits>-<last, 20 digits>.wfe`; integers are little-endian:
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `WFEVID\r\n` |
//! | 8 | 4 | version of this layout, 1 |
//! | 12 | 16 | journal id |
//! | 28 | 8 | first record |
//! | 36 | 8 | last record |
//! | 44 | 8 | stamp of the newest record, Unix milliseconds, signed |
//! | 52 | 8 | length of the segment, up to where its last record ends |
//! | 60 | 4 | CRC32C of that |
//! | 64 | 4 | CRC32C of bytes 0 to 63 and of what follows |
//! | 68 | | the segment as one zstd frame; the file ends with it |
//!
//! The segment's own checksums are inside and are verified too when it is read.

use super::Item;
use crate::Record;
use crate::disk::{Disk, bytes_u64, read_whole};
use crate::limits::SEGMENT_FILE_BYTES_LIMIT;
use crate::scan::Records;
use crate::segment::{Damage, Header, JournalId, array};
use std::io;
use std::path::Path;

const MAGIC: &[u8; 8] = b"WFEVID\r\n";
const LAYOUT_VERSION: u32 = 1;
const SIGNED_BYTES: usize = 64;
const HEADER_BYTES: usize = 68;
/// Small enough to run beside the alarm path on one core: about 300 MB/s.
const ZSTD_LEVEL: i32 = 3;

/// A packed segment, ready to be written.
pub(super) struct Packed {
    pub(super) item: Item,
    pub(super) bytes: Vec<u8>,
}

/// A segment read back from the evidence; all of it has been verified.
#[derive(Clone, Debug)]
pub struct Unpacked {
    header: Header,
    bytes: Vec<u8>,
}

impl Unpacked {
    /// Its records, in order.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let records = Records::new(self.header.seed(), self.header.first, &self.bytes);
        records.map(|(seq, bytes)| Record { seq, bytes })
    }
}

/// Verifies a segment that ends before record `end` and packs it.
pub(super) fn pack(segment: &[u8], first: u64, end: u64, newest_ms: i64) -> io::Result<Result<Packed, Damage>> {
    let (header, length) = match verify(segment, first, end) {
        Ok(verified) => verified,
        Err(damage) => return Ok(Err(damage)),
    };
    let segment = segment.get(..length).expect("the records were read from there");
    let last = end.saturating_sub(1);
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&LAYOUT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&header.journal_id.0);
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&last.to_le_bytes());
    bytes.extend_from_slice(&newest_ms.to_le_bytes());
    bytes.extend_from_slice(&bytes_u64(segment.len()).to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(segment).to_le_bytes());
    let packed = zstd::bulk::compress(segment, ZSTD_LEVEL)?;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes), &packed);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(&packed);
    let item = Item { journal_id: header.journal_id, first, last, newest_ms, bytes: bytes_u64(bytes.len()), checksum };
    Ok(Ok(Packed { item, bytes }))
}

/// Unpacks a file that should hold this item.
pub(super) fn unpack(file: &[u8], item: &Item) -> Result<Unpacked, &'static str> {
    let (found, length) = parse(file).ok_or("its checksum does not match")?;
    if found != *item {
        return Err("it is not what the manifest says");
    }
    let capacity = usize::try_from(length).map_err(|_| "it is too long for this machine")?;
    let packed = file.get(HEADER_BYTES..).ok_or("it ends too early")?;
    let bytes = zstd::bulk::decompress(packed, capacity).map_err(|_| "it cannot be unpacked")?;
    if Some(crc32c::crc32c(&bytes)) != array(file, 60).map(u32::from_le_bytes) {
        return Err("the segment's checksum does not match");
    }
    let (header, _) =
        verify(&bytes, item.first, item.last.saturating_add(1)).map_err(|_| "a record's checksum does not match")?;
    Ok(Unpacked { header, bytes })
}

/// Every sound file of the directory, oldest first.
pub(super) fn find_all<D: Disk>(disk: &D, dir: &Path) -> io::Result<Vec<Item>> {
    let mut items = Vec::new();
    for name in disk.list(dir)?.iter().filter(|name| name.ends_with(".wfe")) {
        let bytes = read_whole(&disk.open(&dir.join(name))?, 2 * SEGMENT_FILE_BYTES_LIMIT)?;
        items.extend(parse(&bytes).map(|(item, _)| item).filter(|item| file_name(item) == *name));
    }
    items.sort_by_key(|item| (item.newest_ms, item.first));
    Ok(items)
}

/// The name of an item's file.
pub(super) fn file_name(item: &Item) -> String {
    format!("ev-{}-{:020}-{:020}.wfe", item.journal_id, item.first, item.last)
}

/// Where the records end, if they are all there.
fn verify(segment: &[u8], first: u64, end: u64) -> Result<(Header, usize), Damage> {
    let header = Header::decode(segment)?.check(first, None)?;
    let mut records = Records::new(header.seed(), first, segment);
    while records.due() < end && records.next().is_some() {}
    if records.due() < end {
        return Err(Damage::Record { seq: records.due(), offset: bytes_u64(records.offset()) });
    }
    Ok((header, records.offset()))
}

/// An item and the unpacked length, from a file whose checksum matches.
fn parse(file: &[u8]) -> Option<(Item, u64)> {
    let checksum = array(file, 64).map(u32::from_le_bytes)?;
    let computed = crc32c::crc32c_append(crc32c::crc32c(file.get(..SIGNED_BYTES)?), file.get(HEADER_BYTES..)?);
    let is_ours = file.starts_with(MAGIC) && array(file, 8).map(u32::from_le_bytes) == Some(LAYOUT_VERSION);
    let length = array(file, 52).map(u64::from_le_bytes)?;
    if checksum != computed || !is_ours || length > SEGMENT_FILE_BYTES_LIMIT {
        return None;
    }
    let item = Item {
        journal_id: JournalId(array(file, 12)?),
        first: array(file, 28).map(u64::from_le_bytes)?,
        last: array(file, 36).map(u64::from_le_bytes)?,
        newest_ms: array(file, 44).map(i64::from_le_bytes)?,
        bytes: bytes_u64(file.len()),
        checksum,
    };
    Some((item, length))
}
