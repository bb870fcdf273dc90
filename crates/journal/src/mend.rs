//! Mends a segment that is damaged, so that nothing that needs it stands still for ever. The segment is written again with
//! every record that its checksums vouch for; in the place of each that is lost stands a filler of the caller's, so that
//! all numbers stay what they are. The damaged file is kept aside as `<segment>.damaged` and counts for nothing.
//!
//! Records behind a damaged one are found again by its length, or at the next mark, which says the number of the record that follows it and
//! cannot be forged. A header that cannot be read is guessed from the file's name and the other segments, and a guess is
//! believed when the first mark agrees with it; without it the whole segment is lost.

use crate::atomic_file;
use crate::disk::{Disk, bytes_u64, is_full, read_whole};
use crate::item::{
    Item, MARK, MARK_BYTES, RECORD_BYTES_LIMIT, RECORD_FRAME_BYTES, mark, parse, push_mark, push_record,
};
use crate::layout::{LOCK, firsts, parse_segment_name, segment_path};
use crate::limits::SEGMENT_FILE_BYTES_LIMIT;
use crate::scan::Records;
use crate::segment::{Damage, FORMAT_VERSION, HEADER_BYTES, Header, JournalId, Seed, array};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The lock of those who mend.
const MEND_LOCK: &str = "mend.lock";
/// What is appended to the name of a damaged segment that is kept aside.
const ASIDE: &str = ".damaged";

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The damaged segment as it was.
    pub aside: PathBuf,
    /// First and last number of each stretch of records that are lost.
    pub lost: Vec<(u64, u64)>,
}

impl Mended {
    /// How many records are lost.
    pub fn records_lost(&self) -> u64 {
        self.lost.iter().map(|(from, to)| to - from + 1).sum()
    }
}

/// Why a segment was not mended. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    /// Somebody writes or mends it: later.
    #[error("the journal in {dir} is in use, try again")]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// No room for the mended segment and the damaged one: free some and try again.
    #[error("no room to mend {}, free some space", file.display())]
    DiskFull {
        /// The segment.
        file: PathBuf,
    },
    /// Nothing tells which journal it belongs to, or it would grow beyond all limits: a person must restore it.
    #[error("{} cannot be mended, restore it from a backup: {why}", file.display())]
    Hopeless {
        /// The segment.
        file: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// The system refused.
    #[error("failed to mend {}, check the disk and the permissions: {source}", file.display())]
    Io {
        /// The segment.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Mends a segment. `filler` makes the record that stands for a lost one, given the nearest record that can be read.
/// `used` is the highest number that is known to have been given: the last segment reaches so far at least.
/// A segment that is whole stays untouched. The last segment is mended only while nobody writes the journal.
///
/// # Errors
/// See [`MendError`].
pub fn mend<D: Disk>(
    disk: &D,
    file: &Path,
    used: u64,
    filler: impl Fn(Option<&[u8]>) -> Vec<u8>,
) -> Result<Option<Mended>, MendError> {
    let dir = file.parent().unwrap_or(Path::new("."));
    let outage = |source: io::Error| match source.kind() {
        io::ErrorKind::WouldBlock => MendError::InUse { dir: dir.to_owned() },
        _ if is_full(&source) => MendError::DiskFull { file: file.to_owned() },
        _ => MendError::Io { file: file.to_owned(), source },
    };
    let hopeless = |why| MendError::Hopeless { file: file.to_owned(), why };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let first = parse_segment_name(&name).ok_or_else(|| hopeless("it has not the name of a segment"))?;

    let _one_at_a_time = disk.lock(&dir.join(MEND_LOCK)).map_err(outage)?;
    let all = firsts(disk, dir).map_err(outage)?;
    let end = all.iter().copied().find(|&other| other > first);
    let _no_writer = match end {
        Some(_) => None,
        None => Some(disk.lock(&dir.join(LOCK)).map_err(outage)?),
    };
    let bytes = disk.open(file).and_then(|open| read_whole(&open, SEGMENT_FILE_BYTES_LIMIT)).map_err(outage)?;
    if let Err(Damage::Version(_)) = Header::decode(&bytes) {
        return Err(hopeless("a newer build has written it, use that one"));
    }
    let journal_id = match others_id(disk, dir, &all, first).map_err(outage)? {
        Some(id) => id,
        None => JournalId(array(&bytes, 12).ok_or_else(|| hopeless("nothing tells of which journal it is"))?),
    };
    let found = found(&bytes, journal_id, first, end);
    let next = end.unwrap_or_else(|| found.next.max(used.saturating_add(1)).max(first));
    let lost = gaps(&found.records, first, next);
    if lost.is_empty() && found.is_whole {
        return Ok(None);
    }
    let mended = written(journal_id, first, next, &found.records, filler).map_err(outage)?;
    if bytes_u64(mended.len()) > SEGMENT_FILE_BYTES_LIMIT {
        return Err(hopeless("too much is missing"));
    }
    // In this order: at every moment one of the two is there under its name, and to do it again does no harm.
    let aside = file.with_file_name(format!("{name}{ASIDE}"));
    atomic_file::place(disk, &aside, &bytes).map_err(outage)?;
    atomic_file::place(disk, file, &mended).map_err(outage)?;
    Ok(Some(Mended { aside, lost }))
}

/// What of a segment can be believed.
struct Found<'a> {
    records: BTreeMap<u64, &'a [u8]>,
    /// The number after the last record that there seems to have been.
    next: u64,
    /// Nothing was passed over.
    is_whole: bool,
}

fn found(bytes: &[u8], journal_id: JournalId, first: u64, end: Option<u64>) -> Found<'_> {
    let header = Header::decode(bytes).and_then(|header| header.check(first, Some(journal_id)));
    let Some(seed) = header.as_ref().map(Header::seed).ok().or_else(|| guessed_seed(bytes, journal_id, first)) else {
        return Found { records: BTreeMap::new(), next: counted(bytes, first), is_whole: false };
    };
    let within = |seq: u64| end.is_none_or(|end| seq < end);
    let mut records = BTreeMap::new();
    let mut is_whole = header.is_ok();
    let mut part = Records::new(seed, first, bytes);
    loop {
        records.extend(part.by_ref().filter(|(seq, _)| within(*seq)));
        let (due, at) = (part.due(), part.offset());
        let behind = right_behind(seed, due, bytes, at).or_else(|| next_mark(seed, due, bytes, at));
        let Some((seq, offset)) = behind.filter(|(seq, _)| within(*seq)) else { break };
        is_whole = false;
        part = Records::starting_at(seed, seq, bytes, offset);
    }
    let next = records.last_key_value().map_or(first, |(last, _)| last + 1);
    Found { records, next, is_whole }
}

/// What stands behind a single damaged mark or record, when its length can be believed.
fn right_behind(seed: Seed, due: u64, bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let length = usize::try_from(array(bytes, at).map(u32::from_le_bytes)?).ok()?;
    let behind_record = at.checked_add(RECORD_FRAME_BYTES)?.checked_add(length)?;
    let is_sound = |(seq, offset): &(u64, usize)| {
        bytes.get(*offset..).is_some_and(|rest| matches!(parse(seed, *seq, rest), Item::Record(_) | Item::Mark))
    };
    [(due, at + MARK_BYTES), (due + 1, behind_record)].into_iter().find(is_sound)
}

/// The next mark behind a place, of a record not before the one that is due there, and where it stands.
fn next_mark(seed: Seed, due: u64, bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let behind = bytes.get(at + 1..)?;
    behind.windows(MARK_BYTES).enumerate().find_map(|(offset, window)| {
        let is_mark = window.starts_with(&MARK.to_le_bytes());
        let seq = if is_mark { mark(seed, window)? } else { return None };
        (seq >= due).then_some((seq, at + 1 + offset))
    })
}

/// The seed of a segment whose header cannot be believed, when the first mark agrees with it.
fn guessed_seed(bytes: &[u8], journal_id: JournalId, first: u64) -> Option<Seed> {
    let salt = array(bytes, 28)?;
    let as_it_should_be = Header { journal_id, salt, first }.seed();
    let mark_bytes = bytes.get(HEADER_BYTES..)?;
    (mark(as_it_should_be, mark_bytes) == Some(first)).then_some(as_it_should_be)
}

/// Counts records by their lengths alone: nothing vouches for them, but no number may be given twice.
fn counted(bytes: &[u8], first: u64) -> u64 {
    let (mut next, mut at) = (first, HEADER_BYTES);
    while let Some(word) = array(bytes, at).map(u32::from_le_bytes).filter(|word| *word != 0) {
        let length = usize::try_from(word).unwrap_or(usize::MAX);
        if word == MARK {
            at += MARK_BYTES;
        } else if length <= RECORD_BYTES_LIMIT {
            next += 1;
            at += RECORD_FRAME_BYTES + length;
        } else {
            break;
        }
    }
    next
}

/// The stretches of numbers from `first` to before `next` that have no record.
fn gaps(records: &BTreeMap<u64, &[u8]>, first: u64, next: u64) -> Vec<(u64, u64)> {
    let mut gaps = Vec::new();
    let mut due = first;
    for &seq in records.keys().chain([&next]) {
        if seq > due {
            gaps.push((due, seq - 1));
        }
        due = seq + 1;
    }
    gaps
}

/// A whole segment of those records, with fillers between them.
fn written(
    journal_id: JournalId,
    first: u64,
    next: u64,
    records: &BTreeMap<u64, &[u8]>,
    filler: impl Fn(Option<&[u8]>) -> Vec<u8>,
) -> io::Result<Vec<u8>> {
    let header = Header::new(journal_id, first)?;
    let seed = header.seed();
    let mut bytes = header.encode();
    push_mark(&mut bytes, seed, first);
    let mut nearest = records.first_key_value().map(|(_, record)| *record);
    for seq in first..next {
        if let Some(record) = records.get(&seq) {
            nearest = Some(record);
            push_record(&mut bytes, seed, seq, record);
        } else {
            push_record(&mut bytes, seed, seq, &filler(nearest));
        }
        if bytes_u64(bytes.len()) > SEGMENT_FILE_BYTES_LIMIT {
            break;
        }
    }
    Ok(bytes)
}

/// The journal to which the other segments belong.
fn others_id<D: Disk>(disk: &D, dir: &Path, all: &[u64], but: u64) -> io::Result<Option<JournalId>> {
    for &first in all.iter().rev().filter(|&&first| first != but) {
        if let Ok(header) = Header::read(&disk.open(&segment_path(dir, first))?, first, None)? {
            return Ok(Some(header.journal_id));
        }
    }
    Ok(None)
}

// The guess writes the header with the version of today.
const _: () = assert!(FORMAT_VERSION == 1, "a header of another version is guessed differently");
