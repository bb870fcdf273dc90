//! The journal thread: the only writer of the journal. Takes what is queued, stamps it, writes it, syncs once, and then
//! lets every link acknowledge.

use crate::clock;
use crate::parts::inputs::OwnInput;
use crate::parts::metrics::StationMetrics;
use crate::parts::progress::Progress;
use crate::stamp_clock::{Anchor, StampClock};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use watchfire_intake::{Flow, Submission};
use watchfire_journal::{AppendError, RealDisk, ReserveState, SyncError, Writer};
use watchfire_model::{EncodedInput, Input, Seq, Timestamp};

/// Entries written with one fdatasync at the most.
const BATCH_ENTRIES_MAX: usize = 8_192;
/// How often a full disk is tried again.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// The journal cannot go on; the process must end, and recovery decides what is durable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalStop {
    /// A write or an fsync failed. Never tried again.
    #[error("failed to make entries durable: {0}")]
    Sync(#[source] SyncError),
    /// An entry could not be appended.
    #[error("failed to append an entry: {0}")]
    Append(#[source] AppendError),
}

/// Everything that the thread owns.
pub(crate) struct JournalPart {
    pub(crate) writer: Writer<RealDisk>,
    pub(crate) stamps: StampClock,
    pub(crate) boot_id: [u8; 16],
    pub(crate) frames: mpsc::Receiver<Submission>,
    pub(crate) own: mpsc::Receiver<OwnInput>,
    pub(crate) durable: Progress,
    pub(crate) flow: Arc<Flow>,
    /// The clock as it stands, for the next start.
    pub(crate) anchor: watch::Sender<Anchor>,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) stop: CancellationToken,
}

impl JournalPart {
    /// Runs until it is told to stop and what was queued by then is durable.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), JournalStop> {
        let mut frames: Vec<Submission> = Vec::with_capacity(BATCH_ENTRIES_MAX);
        let mut own: Vec<OwnInput> = Vec::new();
        while runtime.block_on(self.take(&mut frames, &mut own)) {
            let begun = clock::instant();
            let at = self.stamps.stamp(&clock::read(self.boot_id));
            let first = self.append_all(&mut own, &mut frames, at)?;
            let durable = self.sync()?;
            self.flow.journaled(Seq(durable));
            self.durable.advance(durable);
            self.anchor.send_replace(self.stamps.anchor(self.boot_id));
            self.metrics.journaled(own.len() + frames.len(), begun.elapsed());
            let mut seqs = (first..).map(Seq);
            for (seq, own) in seqs.by_ref().zip(own.drain(..)) {
                // Whoever gave up waiting needs no answer.
                let _ = own.durable.send(seq);
            }
            for (seq, frame) in seqs.zip(frames.drain(..)) {
                frame.ticket.durable(seq);
            }
        }
        info!("journal closed");
        Ok(())
    }

    /// Waits for inputs and drains what is there; false when both queues are closed and empty.
    async fn take(&mut self, frames: &mut Vec<Submission>, own: &mut Vec<OwnInput>) -> bool {
        let (mut own_open, mut frames_open) = (true, true);
        let mut stopping = false;
        while own.is_empty() && frames.is_empty() && (own_open || frames_open) {
            tokio::select! {
                biased;
                () = self.stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.own.close();
                    self.frames.close();
                }
                taken = self.own.recv_many(own, BATCH_ENTRIES_MAX), if own_open => own_open = taken > 0,
                taken = self.frames.recv_many(frames, BATCH_ENTRIES_MAX), if frames_open => frames_open = taken > 0,
            }
        }
        drain(&mut self.own, own);
        drain(&mut self.frames, frames);
        !own.is_empty() || !frames.is_empty()
    }

    /// Appends the batch, own inputs first, and a clock step behind it when there was one; the number of its first.
    fn append_all(
        &mut self,
        own: &mut [OwnInput],
        frames: &mut [Submission],
        at: Timestamp,
    ) -> Result<u64, JournalStop> {
        let first = self.writer.next();
        for own in own {
            self.append(&mut own.input, at)?;
        }
        for frame in frames {
            self.append(&mut frame.input, at)?;
        }
        if let Some(step) = self.stamps.take_step() {
            warn!(ahead_s = step.ahead_us / 1_000_000, "the wall clock stepped");
            self.append(&mut EncodedInput::new(&Input::ClockStep(step)), at)?;
        }
        Ok(first)
    }

    fn append(&mut self, input: &mut EncodedInput, at: Timestamp) -> Result<(), JournalStop> {
        match self.writer.append(input.stamp(at)) {
            Err(AppendError::BatchFull) => {
                self.sync()?;
                self.writer.append(input.stamp(at)).map(drop).map_err(JournalStop::Append)
            }
            appended => appended.map(drop).map_err(JournalStop::Append),
        }
    }

    fn sync(&mut self) -> Result<u64, JournalStop> {
        loop {
            match self.writer.sync() {
                Ok(durable) => {
                    self.metrics.journal_full.set(0);
                    self.show_reserve();
                    return Ok(durable);
                }
                Err(SyncError::DiskFull) => {
                    self.show_reserve();
                    // Nothing is acknowledged meanwhile: the queue fills up and the sockets are not read.
                    if self.metrics.journal_full.get() == 0 {
                        error!("the disk is full and the reserve is used up: acknowledging has stopped; free space");
                        self.metrics.journal_full.set(1);
                    }
                    std::thread::sleep(FULL_RETRY);
                }
                Err(error) => return Err(JournalStop::Sync(error)),
            }
        }
    }

    fn show_reserve(&self) {
        let is_held = self.writer.reserve_state() == ReserveState::Held;
        self.metrics.journal_reserve_held.set(i64::from(is_held));
    }
}

/// Takes what is queued, without waiting, up to a full batch.
fn drain<T>(queue: &mut mpsc::Receiver<T>, batch: &mut Vec<T>) {
    while batch.len() < BATCH_ENTRIES_MAX
        && let Ok(input) = queue.try_recv()
    {
        batch.push(input);
    }
}
