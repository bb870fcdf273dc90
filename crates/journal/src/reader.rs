//! Reads a journal in order, beside its writer or without one.

use crate::disk::{Disk, bytes_u64, read_full};
use crate::item::{Item, MARK_BYTES, RECORD_FRAME_BYTES, parse};
use crate::layout::{firsts, segment_path};
use crate::segment::{Damage, HEADER_BYTES, Header, JournalId, Seed};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One read while there is much to catch up with.
const READ_BYTES_MAX: usize = 512 * 1024;
/// One read at the live end, where only a little is new.
const READ_BYTES_MIN: usize = 8 * 1024;

/// How often a directory is looked at again when the segment in question has just left it.
const LOOKS_MAX: usize = 16;

/// A record of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number.
    pub seq: u64,
    /// What was appended.
    pub bytes: &'a [u8],
}

/// Why the next record was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no journal: look at the path.
    #[error("there is no journal in {dir}, check the path")]
    NoJournal {
        /// The directory.
        dir: PathBuf,
    },
    /// Retention has removed it: begin at `first`, and write the gap down; older records are in the evidence.
    #[error("the record has left the journal, which now begins at record {first}")]
    Gone {
        /// The oldest record that is still there.
        first: u64,
    },
    /// A record that is durable cannot be read: a person must decide what to restore.
    #[error("{} is damaged, restore it from a backup: {damage}", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The system refused.
    #[error("failed to read the journal in {dir}, check the disk and the permissions: {source}")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads a journal in order. It sees what the caller says is durable and nothing beyond.
pub struct Reader<D: Disk> {
    disk: D,
    dir: PathBuf,
    journal_id: JournalId,
    /// The number of the record at `at`.
    due: u64,
    /// Records before this one are passed over.
    from: u64,
    open: OpenSegment<D>,
    /// Room to read into; what was read is `..filled`.
    buffer: Vec<u8>,
    filled: usize,
    /// Where the buffer's first byte stands in the file.
    buffer_offset: u64,
    /// The place in the buffer.
    at: usize,
    /// The last read reached the end of the file as it was.
    at_file_end: bool,
    read_bytes: usize,
}

struct OpenSegment<D: Disk> {
    file: D::File,
    first: u64,
    seed: Seed,
    /// Where the next segment begins, if there was one when this was opened.
    end: Option<u64>,
}

impl<D: Disk> Reader<D> {
    /// Opens a journal at a record, which need not be there yet.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn open(disk: &D, dir: &Path, from: u64) -> Result<Reader<D>, ReadError> {
        let from = from.max(1);
        let (open, journal_id) = open_segment(disk, dir, from, None)?;
        Ok(Reader {
            disk: disk.clone(),
            dir: dir.to_owned(),
            journal_id,
            due: open.first,
            from,
            open,
            buffer: Vec::new(),
            filled: 0,
            buffer_offset: bytes_u64(HEADER_BYTES),
            at: 0,
            at_file_end: false,
            read_bytes: READ_BYTES_MAX,
        })
    }

    /// The next record up to and including number `up_to`, which must be durable: the writer's
    /// [`Writer::durable`](crate::Writer::durable), or [`Survey::last`](crate::Survey::last). `None`: no more up to there.
    ///
    /// # Errors
    /// See [`ReadError`]. The reader stays where it is, the call may be made again.
    pub fn next(&mut self, up_to: u64) -> Result<Option<Record<'_>>, ReadError> {
        loop {
            if self.due > up_to {
                return Ok(None);
            }
            if self.open.end == Some(self.due) {
                self.follow()?;
            }
            let (seq, range) = self.step()?;
            if seq >= self.from {
                let bytes = self.buffer.get(range).expect("the step found the record in the buffer");
                return Ok(Some(Record { seq, bytes }));
            }
        }
    }

    /// The number of the record that [`Reader::next`] gives next.
    pub fn position(&self) -> u64 {
        self.due.max(self.from)
    }

    /// Which journal.
    pub fn journal_id(&self) -> JournalId {
        self.journal_id
    }

    /// Moves over the record that is due; says which and where in the buffer its bytes are.
    fn step(&mut self) -> Result<(u64, Range<usize>), ReadError> {
        // What the buffer holds behind the last durable position is out of date: read it again before judging it.
        let mut is_fresh = false;
        loop {
            let rest = self.rest();
            let need = match parse(self.open.seed, self.due, rest) {
                Item::Record(bytes) => {
                    let begin = self.at + RECORD_FRAME_BYTES;
                    let seq = self.due;
                    self.at = begin + bytes.len();
                    self.due += 1;
                    return Ok((seq, begin..self.at));
                }
                Item::Mark => {
                    self.at += MARK_BYTES;
                    continue;
                }
                Item::Short(need) => need,
                Item::End | Item::Damaged => 0,
            };
            let could_be_longer = need > rest.len() && !self.at_file_end;
            if !is_fresh || could_be_longer {
                self.refill(need)?;
                is_fresh = true;
            } else {
                self.follow()?;
                is_fresh = false;
            }
        }
    }

    /// Reads from the place on. While whole buffers are used up the reads grow, at the live end they are small.
    fn refill(&mut self, need: usize) -> Result<(), ReadError> {
        let is_behind = self.filled == 0 || (need > 0 && !self.at_file_end);
        self.read_bytes = if is_behind { (self.read_bytes * 2).min(READ_BYTES_MAX) } else { READ_BYTES_MIN };
        self.buffer_offset += bytes_u64(self.at);
        self.at = 0;
        self.filled = 0;
        let wanted = self.read_bytes.max(need);
        if self.buffer.len() < wanted {
            self.buffer = vec![0; wanted];
        }
        let room = self.buffer.get_mut(..wanted).expect("it was made that long");
        self.filled = read_full(&self.open.file, room, self.buffer_offset)
            .map_err(|source| ReadError::Io { dir: self.dir.clone(), source })?;
        self.at_file_end = self.filled < wanted;
        Ok(())
    }

    /// Goes on to the segment that begins with the record that is due.
    fn follow(&mut self) -> Result<(), ReadError> {
        let (open, _) = open_segment(&self.disk, &self.dir, self.due, Some(self.journal_id))?;
        if open.first == self.open.first {
            // The record should be in the segment that we have just read.
            let offset = self.buffer_offset + bytes_u64(self.at);
            let damage = match open.end {
                Some(end) if self.at_end_of_records() => Damage::Missing { from: self.due, to: end - 1 },
                _ => Damage::Record { seq: self.due, offset },
            };
            return Err(ReadError::Damaged { file: segment_path(&self.dir, self.open.first), damage });
        }
        // The first part of a batch may have been read from where it was written before the disk was full and the batch
        // went to a new segment: pass over what has been given already.
        self.from = self.from.max(self.due);
        self.due = open.first;
        self.open = open;
        self.filled = 0;
        self.buffer_offset = bytes_u64(HEADER_BYTES);
        self.at = 0;
        self.at_file_end = false;
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..self.filled).unwrap_or_default()
    }

    fn at_end_of_records(&self) -> bool {
        let rest = self.rest();
        rest.is_empty() || parse(self.open.seed, self.due, rest) == Item::End
    }
}

/// Opens the segment that holds a record, or would.
fn open_segment<D: Disk>(
    disk: &D,
    dir: &Path,
    seq: u64,
    of: Option<JournalId>,
) -> Result<(OpenSegment<D>, JournalId), ReadError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ReadError::NoJournal { dir: dir.to_owned() },
        _ => ReadError::Io { dir: dir.to_owned(), source },
    };
    for _ in 0..LOOKS_MAX {
        let firsts = firsts(disk, dir).map_err(io)?;
        let Some(&oldest) = firsts.first() else { return Err(ReadError::NoJournal { dir: dir.to_owned() }) };
        let Some(&first) = firsts.iter().rev().find(|&&first| first <= seq) else {
            return Err(ReadError::Gone { first: oldest });
        };
        let end = firsts.iter().copied().find(|&other| other > first);
        let path = segment_path(dir, first);
        let file = match disk.open(&path) {
            // It left for the evidence while we looked: look again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(io)?,
        };
        let header =
            Header::read(&file, first, of).map_err(io)?.map_err(|damage| ReadError::Damaged { file: path, damage })?;
        return Ok((OpenSegment { file, first, seed: header.seed(), end }, header.journal_id));
    }
    Err(ReadError::Io { dir: dir.to_owned(), source: io::Error::other("a segment is listed but cannot be opened") })
}
