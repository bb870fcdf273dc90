//! The journal thread: the only writer of the journal. Takes what is queued, stamps it, writes it, syncs once per batch,
//! and then lets every link in the batch acknowledge.

use crate::clock;
use crate::parts::disk_state;
use crate::parts::inputs::OwnInput;
use crate::parts::metrics::StationMetrics;
use crate::parts::progress::Progress;
use crate::stamp_clock::{Anchor, StampClock};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use watchfire_intake::{Flow, Submission, Ticket};
use watchfire_journal::{AppendError, RealDisk, ReserveState, SyncError, Writer};
use watchfire_model::{EncodedInput, Input, Seq, Timestamp};

/// Entries written with one fdatasync at the most.
const BATCH_ENTRIES_MAX: usize = 8_192;
/// And bytes: so much is on its way to a slow disk for a few tens of milliseconds. The journal takes several times that.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
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

/// Entries that are written and not yet durable, and who waits for them.
struct Batch {
    begun: Instant,
    at: Timestamp,
    own: Vec<(Seq, oneshot::Sender<Seq>)>,
    frames: Vec<(Seq, Ticket)>,
}

impl JournalPart {
    /// Runs until it is told to stop and what was queued by then is durable.
    pub(crate) fn run(mut self, runtime: &Handle) -> Result<(), JournalStop> {
        let mut frames: Vec<Submission> = Vec::with_capacity(BATCH_ENTRIES_MAX);
        let mut own: Vec<OwnInput> = Vec::new();
        while runtime.block_on(self.take(&mut frames, &mut own)) {
            let mut batch = self.begin()?;
            for OwnInput { mut input, durable } in own.drain(..) {
                batch = self.with_room(batch, &input)?;
                let seq = self.append(&mut input, batch.at)?;
                batch.own.push((seq, durable));
            }
            for Submission { mut input, ticket } in frames.drain(..) {
                batch = self.with_room(batch, &input)?;
                let seq = self.append(&mut input, batch.at)?;
                batch.frames.push((seq, ticket));
            }
            if let Some(step) = self.stamps.take_step() {
                warn!(ahead_s = step.ahead_us / 1_000_000, "the wall clock stepped");
                self.append(&mut EncodedInput::new(&Input::ClockStep(step)), batch.at)?;
            }
            self.finish(batch)?;
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

    /// Stamps a new batch.
    fn begin(&mut self) -> Result<Batch, JournalStop> {
        let begun = clock::instant();
        let now = clock::read(self.boot_id);
        let at = self.stamps.stamp(&now);
        if let Some(gap) = self.stamps.take_leap() {
            // Before all that bears the new time, or everybody would seem to have been silent for so long.
            self.append(&mut EncodedInput::new(&Input::Started(disk_state::started(&now, gap))), at)?;
        }
        Ok(Batch { begun, at, own: Vec::new(), frames: Vec::new() })
    }

    /// The batch, or a new one when that input is too much for it: the first of many large frames is not acknowledged
    /// with the last.
    fn with_room(&mut self, batch: Batch, input: &EncodedInput) -> Result<Batch, JournalStop> {
        let pending = self.writer.pending_bytes();
        if pending == 0 || pending + input.record_bytes() <= BATCH_BYTES_MAX {
            return Ok(batch);
        }
        self.finish(batch)?;
        self.begin()
    }

    /// Makes a batch durable, says so, and lets everybody in it know.
    fn finish(&mut self, batch: Batch) -> Result<(), JournalStop> {
        let durable = self.sync()?;
        self.flow.journaled(Seq(durable));
        self.durable.advance(durable);
        self.anchor.send_replace(self.stamps.anchor(self.boot_id));
        self.metrics.journaled(batch.own.len() + batch.frames.len(), batch.begun.elapsed());
        for (seq, own) in batch.own {
            // Whoever gave up waiting needs no answer.
            let _ = own.send(seq);
        }
        for (seq, ticket) in batch.frames {
            ticket.durable(seq);
        }
        Ok(())
    }

    fn append(&mut self, input: &mut EncodedInput, at: Timestamp) -> Result<Seq, JournalStop> {
        self.writer.append(input.stamp(at)).map(Seq).map_err(JournalStop::Append)
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

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::Registry;
    use watchfire_journal::Limits;
    use watchfire_model::{Bilingual, Notice, NoticeKind};

    /// Of the size of a large frame.
    fn large() -> Input<'static> {
        let detail = Bilingual::same("x".repeat(700_000 / 2));
        Input::Notice(Notice { kind: NoticeKind::Flood, subject: String::new(), detail, active: true })
    }

    #[test]
    fn large_entries_are_acknowledged_batch_by_batch() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { reserve_bytes: 0, ..Limits::default() };
        let (writer, _) = Writer::open(&RealDisk, folder.path(), limits).unwrap();
        let (stamps, _) = StampClock::start(None, &clock::read([1; 16]));
        let registry = Registry::new();
        let (own, queue) = mpsc::channel(20);
        let (_frames, frames) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let part = JournalPart {
            writer,
            anchor: watch::Sender::new(stamps.anchor([1; 16])),
            stamps,
            boot_id: [1; 16],
            frames,
            own: queue,
            durable: Progress::at(0),
            flow: Arc::default(),
            metrics: Arc::new(StationMetrics::new(&registry).unwrap()),
            stop: stop.clone(),
        };
        // All are queued before the thread takes the first of them: it takes them in one go.
        let queued = |_| {
            let (durable, answer) = oneshot::channel();
            own.try_send(OwnInput { input: EncodedInput::new(&large()), durable }).map(|()| answer).ok().unwrap()
        };
        let answers: Vec<_> = (0..20).map(queued).collect();
        stop.cancel();
        part.run(runtime.handle()).unwrap();
        let seqs: Vec<u64> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().0).collect();
        assert_eq!(seqs, (1..=20).collect::<Vec<u64>>());
        let families = registry.gather();
        let batches = families.iter().find(|family| family.name() == "watchfire_journal_batch_seconds").unwrap();
        assert_eq!(batches.get_metric()[0].get_histogram().get_sample_count(), 4, "14 MB, 5 entries at a time");
    }
}
