//! The segment that is being written.

use crate::disk::{Disk, DiskFile, bytes_u64, is_full, never_full};
use crate::item::{push_mark, push_record};
use crate::layout::segment_path;
use crate::reserve::{Reserve, place_with_room};
use crate::segment::{Header, JournalId, Seed};
use std::io;
use std::ops::Range;
use std::path::Path;

/// The segment that is being written.
pub(crate) struct Active<D: Disk> {
    file: D::File,
    pub(crate) seed: Seed,
    /// The number of its first record.
    pub(crate) first: u64,
    /// Up to here it is durable.
    pub(crate) end: u64,
    /// Up to here the file was written, with zeros beyond `end`.
    zeroed: u64,
}

impl<D: Disk> Active<D> {
    /// Makes a segment that holds these records and is durable, in place of any of the same name.
    pub(crate) fn place<'a>(
        disk: &D,
        dir: &Path,
        reserve: &mut Reserve<D>,
        journal_id: JournalId,
        first: u64,
        records: impl Iterator<Item = (u64, &'a [u8])>,
    ) -> io::Result<Active<D>> {
        let header = Header::new(journal_id, first)?;
        let seed = header.seed();
        let mut bytes = header.encode();
        push_mark(&mut bytes, seed, first);
        for (seq, record) in records {
            push_record(&mut bytes, seed, seq, record);
        }
        let file = place_with_room(reserve, disk, &segment_path(dir, first), &bytes)?;
        let end = bytes_u64(bytes.len());
        Ok(Active { file, seed, first, end, zeroed: end })
    }

    /// Goes on in a segment that is there: its records from `tail` on, which may be in the page cache only, are written
    /// again where they stand, and what is behind `end` is cut off. Takes no room.
    pub(crate) fn go_on(
        file: D::File,
        seed: Seed,
        first: u64,
        bytes: &[u8],
        valid: Range<usize>,
    ) -> io::Result<Active<D>> {
        let (tail, end) = (bytes_u64(valid.start), bytes_u64(valid.end));
        // Bytes that are on the disk already are the same: however this ends, no record that was durable is less so.
        file.write_at(bytes.get(valid).unwrap_or_default(), tail)?;
        file.truncate(end)?;
        file.sync_data().map_err(never_full)?;
        Ok(Active { file, seed, first, end, zeroed: end })
    }

    /// Writes a batch behind what is durable, without making it so.
    pub(crate) fn write(&self, batch: &[u8]) -> io::Result<()> {
        self.file.write_at(batch, self.end)
    }

    /// Cuts off what a failed write left behind.
    pub(crate) fn cut_torn(&mut self) -> io::Result<()> {
        self.zeroed = self.end;
        self.file.truncate(self.end)
    }

    /// Writes zeros behind a small batch when it reached the end of the last ones. No room for them is no harm.
    pub(crate) fn write_ahead(&mut self, batch_bytes: u64, ahead_bytes: u64, segment_bytes: u64) -> io::Result<()> {
        let written = self.end + batch_bytes;
        let until = written.saturating_add(ahead_bytes).min(segment_bytes);
        if written <= self.zeroed || batch_bytes > ahead_bytes / 4 || until <= written {
            return Ok(());
        }
        let length = usize::try_from(until - written).map_err(io::Error::other)?;
        match self.file.write_at(&vec![0; length], written) {
            Ok(()) => {
                self.zeroed = until;
                Ok(())
            }
            Err(error) if is_full(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the written batch durable.
    pub(crate) fn sync(&mut self, batch_bytes: u64) -> io::Result<()> {
        self.file.sync_data()?;
        self.end += batch_bytes;
        self.zeroed = self.zeroed.max(self.end);
        Ok(())
    }
}
