//! The list of what is in the evidence, for people and for planning. The specification of the file `MANIFEST`:
//! text, a line each, ended by a line feed: `watchfire evidence 1`; then for each item, oldest first, its journal id,
//! first record, last record, newest stamp in Unix milliseconds, length in bytes and checksum (8 hex digits), parted by
//! single spaces; last `crc32c` and the CRC32C (8 hex digits) of all lines before it. It is written whole.

use super::Item;
use crate::atomic_file::{self, WriteError};
use crate::disk::{Disk, read_whole};
use crate::segment::JournalId;
use std::fmt::Write;
use std::io;
use std::path::Path;

const NAME: &str = "MANIFEST";
const TITLE: &str = "watchfire evidence 1";
/// At about 150 bytes a line, seven million segments.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Reads the manifest; `None` when it is missing or damaged.
pub(super) fn load<D: Disk>(disk: &D, dir: &Path) -> io::Result<Option<Vec<Item>>> {
    let file = match disk.open(&dir.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let bytes = read_whole(&file, BYTES_MAX)?;
    Ok(String::from_utf8(bytes).ok().and_then(|text| parse(&text)))
}

/// Writes the manifest.
pub(super) fn save<D: Disk>(disk: &D, dir: &Path, items: &[Item]) -> Result<(), WriteError> {
    atomic_file::write(disk, &dir.join(NAME), print(items).as_bytes())
}

/// The same, in a directory that is there.
pub(super) fn place<D: Disk>(disk: &D, dir: &Path, items: &[Item]) -> io::Result<()> {
    atomic_file::place(disk, &dir.join(NAME), print(items).as_bytes()).map(drop)
}

fn print(items: &[Item]) -> String {
    let mut text = format!("{TITLE}\n");
    for Item { journal_id, first, last, newest_ms, bytes, checksum } in items {
        writeln!(text, "{journal_id} {first} {last} {newest_ms} {bytes} {checksum:08x}")
            .expect("a string can always be written to");
    }
    let checksum = crc32c::crc32c(text.as_bytes());
    writeln!(text, "crc32c {checksum:08x}").expect("a string can always be written to");
    text
}

fn parse(text: &str) -> Option<Vec<Item>> {
    let last_line = text.trim_end().rfind('\n')? + 1;
    let (lines, last) = text.split_at_checked(last_line)?;
    let checksum = u32::from_str_radix(last.trim_end().strip_prefix("crc32c ")?, 16).ok()?;
    if checksum != crc32c::crc32c(lines.as_bytes()) {
        return None;
    }
    let mut lines = lines.lines();
    if lines.next() != Some(TITLE) {
        return None;
    }
    lines.map(parse_item).collect()
}

fn parse_item(line: &str) -> Option<Item> {
    let mut fields = line.split(' ');
    let item = Item {
        journal_id: JournalId(u128::from_str_radix(fields.next()?, 16).ok()?.to_be_bytes()),
        first: fields.next()?.parse().ok()?,
        last: fields.next()?.parse().ok()?,
        newest_ms: fields.next()?.parse().ok()?,
        bytes: fields.next()?.parse().ok()?,
        checksum: u32::from_str_radix(fields.next()?, 16).ok()?,
    };
    fields.next().is_none().then_some(item)
}
