//! The one writer of a journal.

use crate::active::Active;
use crate::disk::{Disk, bytes_u64, is_full};
use crate::item::{MARK_BYTES, RECORD_FRAME_BYTES, push_mark, push_record};
use crate::layout::{self, SegmentInfo};
use crate::limits::{Limits, SEGMENT_FILE_BYTES_LIMIT};
use crate::recovery::{self, OpenError, Opened, Recovered};
use crate::reserve::{Reserve, ReserveState, with_room};
use crate::scan::Records;
use crate::segment::{JournalId, Seed};
use std::io;
use std::path::{Path, PathBuf};

/// Why a record was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A record has at least one byte.
    #[error("the record is empty, a record has at least one byte")]
    Empty,
    /// Longer than a record may be.
    #[error("the record has {bytes} bytes, more than the {bytes_max} that it may have")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// [`Limits::record_bytes_max`].
        bytes_max: usize,
    },
    /// The batch is full: sync, then append again.
    #[error("the batch is full, sync it first")]
    BatchFull,
    /// A sync failed for ever: end the process.
    #[error("the journal failed before, end the process")]
    Failed,
}

/// Why the batch is not durable.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No room, the reserve is used up: the batch is kept with its numbers; wait for space and sync again.
    #[error("the journal's disk is full and its reserve used up, free some space")]
    DiskFull,
    /// The disk failed and nothing is known about the batch: end the process, opening finds out.
    #[error("failed to {doing}, end the process and check the disk: {source}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// The one writer of a journal. Dropping it syncs nothing.
pub struct Writer<D: Disk> {
    disk: D,
    dir: PathBuf,
    limits: Limits,
    journal_id: JournalId,
    reserve: Reserve<D>,
    active: Active<D>,
    /// The batch as it will be written; empty or beginning with its mark.
    pending: Vec<u8>,
    /// The number of the next record.
    next: u64,
    durable: u64,
    failed: bool,
    _lock: D::Lock,
}

impl<D: Disk> Writer<D> {
    /// Opens a journal, or begins one where there is none. Everything up to [`Recovered::last`] is durable.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(disk: &D, dir: &Path, limits: Limits) -> Result<(Writer<D>, Recovered), OpenError> {
        let Opened { lock, reserve, active, recovered } = recovery::open(disk, dir, &limits)?;
        let writer = Writer {
            disk: disk.clone(),
            dir: dir.to_owned(),
            limits,
            journal_id: recovered.journal_id,
            reserve,
            active,
            pending: Vec::new(),
            next: recovered.last + 1,
            durable: recovered.last,
            failed: false,
            _lock: lock,
        };
        Ok((writer, recovered))
    }

    /// Takes a record into the batch and gives it its number. It is durable after [`Writer::sync`].
    ///
    /// # Errors
    /// See [`AppendError`]. The record then has no number.
    pub fn append(&mut self, record: &[u8]) -> Result<u64, AppendError> {
        let bytes_max = self.limits.record_bytes_max;
        if self.failed {
            return Err(AppendError::Failed);
        }
        if record.is_empty() {
            return Err(AppendError::Empty);
        }
        if record.len() > bytes_max {
            return Err(AppendError::TooLarge { bytes: record.len(), bytes_max });
        }
        let with_frame = self.pending.len().max(MARK_BYTES) + RECORD_FRAME_BYTES + record.len();
        if with_frame > self.limits.pending_bytes_max {
            return Err(AppendError::BatchFull);
        }
        let seq = self.next;
        if self.pending.is_empty() {
            push_mark(&mut self.pending, self.active.seed, seq);
        }
        push_record(&mut self.pending, self.active.seed, seq, record);
        self.next += 1;
        Ok(seq)
    }

    /// Makes everything appended durable with one write and one `fdatasync`; says the last durable number.
    ///
    /// # Errors
    /// See [`SyncError`]. Nothing that was appended since the last success is durable then.
    pub fn sync(&mut self) -> Result<u64, SyncError> {
        if self.failed {
            let source = io::Error::other("it failed before");
            return Err(SyncError::Failed { doing: "use the journal", source });
        }
        if !self.pending.is_empty() {
            let committed = self.commit();
            self.failed = matches!(committed, Err(SyncError::Failed { .. }));
            committed?;
        }
        Ok(self.durable)
    }

    /// The last durable number; 0 when there is none.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// The number that the next record gets.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Which journal.
    pub fn journal_id(&self) -> JournalId {
        self.journal_id
    }

    /// Bytes appended and not yet synced.
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Whether the reserve is there.
    pub fn reserve_state(&self) -> ReserveState {
        self.reserve.state()
    }

    /// The segments, oldest first.
    ///
    /// # Errors
    /// The system's.
    pub fn segments(&self) -> io::Result<Vec<SegmentInfo>> {
        layout::segments(&self.disk, &self.dir)
    }

    fn commit(&mut self) -> Result<(), SyncError> {
        self.rotate_if_due()?;
        self.write_batch()?;
        let batch_bytes = bytes_u64(self.pending.len());
        if self.reserve.state() == ReserveState::Held {
            self.active
                .write_ahead(batch_bytes, self.limits.ahead_bytes, self.limits.segment_bytes)
                .map_err(failed("write zeros ahead in the journal"))?;
        }
        // Not tried again: after a failure the system may call the pages clean and report success the next time.
        self.active.sync(batch_bytes).map_err(failed("sync the journal"))?;
        self.durable = self.next - 1;
        self.pending.clear();
        self.reserve.restore();
        Ok(())
    }

    /// Begins a new segment when this one is full. If there is no room for that, this one grows on.
    fn rotate_if_due(&mut self) -> Result<(), SyncError> {
        let is_empty = self.durable < self.active.first;
        if is_empty || self.active.end < self.limits.segment_bytes {
            return Ok(());
        }
        let first = self.durable + 1;
        let records = std::iter::empty();
        match Active::place(&self.disk, &self.dir, &mut self.reserve, self.journal_id, first, records) {
            Ok(active) => {
                let old = std::mem::replace(&mut self.active, active);
                self.reseal_pending(old.seed);
                Ok(())
            }
            Err(error) if is_full(&error) => {
                let grown = self.active.end.saturating_add(bytes_u64(self.pending.len()));
                if grown <= SEGMENT_FILE_BYTES_LIMIT { Ok(()) } else { Err(SyncError::DiskFull) }
            }
            Err(error) => Err(failed("begin a segment of the journal")(error)),
        }
    }

    /// The checksums of the batch are those of the segment it goes to.
    fn reseal_pending(&mut self, old: Seed) {
        let first = self.durable + 1;
        let mut batch = Vec::with_capacity(self.pending.len());
        push_mark(&mut batch, self.active.seed, first);
        let mut records = Records::starting_at(old, first, &self.pending, 0);
        for (seq, record) in records.by_ref() {
            push_record(&mut batch, self.active.seed, seq, record);
        }
        assert_eq!(records.due(), self.next, "the batch holds every record that was appended");
        self.pending = batch;
    }

    fn write_batch(&mut self) -> Result<(), SyncError> {
        let doing = "write to the journal";
        match with_room(&mut self.reserve, || self.active.write(&self.pending)) {
            Ok(()) => Ok(()),
            Err(error) if is_full(&error) => {
                self.active.cut_torn().map_err(failed("cut off a torn write in the journal"))?;
                Err(SyncError::DiskFull)
            }
            Err(error) => Err(failed(doing)(error)),
        }
    }
}

fn failed(doing: &'static str) -> impl Fn(io::Error) -> SyncError {
    move |source| SyncError::Failed { doing, source }
}
