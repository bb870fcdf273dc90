//! When a snapshot of the rules is due, and the thread that saves it.

use crate::parts::fold::{Fold, SNAPSHOT_VERSION};
use crate::parts::recovery::SNAPSHOT_NAME;
use crate::parts::rules::RulesPart;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;
use tracing::warn;
use watchfire_journal::{RealDisk, snapshot};
use watchfire_model::Timestamp;

/// A snapshot is due after so many entries, but no sooner than `PAUSE` after the one before ...
const ENTRIES: u64 = 500_000;
const PAUSE: Duration = Duration::from_secs(20);
/// ... or, when there were any, after so long.
const INTERVAL: Duration = Duration::from_secs(300);

/// When the next snapshot is due: counted from the one before, or from the start.
pub(crate) struct SnapshotDue {
    position: u64,
    at: Option<Timestamp>,
    /// One was made in this run.
    saved: bool,
}

impl SnapshotDue {
    /// Counted from the last snapshot on disk, so that a station that dies often makes one all the same.
    pub(crate) fn after(position: u64) -> SnapshotDue {
        SnapshotDue { position, at: None, saved: false }
    }

    /// Whether one is due now.
    pub(crate) fn at(&mut self, position: u64, at: Timestamp) -> bool {
        let since = at.since(*self.at.get_or_insert(at));
        let rested = !self.saved || since >= PAUSE;
        let enough = position.saturating_sub(self.position) >= ENTRIES && rested;
        enough || since >= INTERVAL
    }

    /// One is on its way: the next is counted from here.
    pub(crate) fn saved(&mut self, position: u64, at: Timestamp) {
        *self = SnapshotDue { position, at: Some(at), saved: true };
    }
}

/// Saves snapshots beside the rules thread, so that no alarm waits for the disk they go to.
pub(crate) struct SnapshotWriter {
    bodies: SyncSender<(u64, Vec<u8>)>,
    done: Receiver<()>,
    is_free: Arc<AtomicBool>,
}

impl SnapshotWriter {
    /// Starts its thread.
    pub(crate) fn start(part: &RulesPart) -> SnapshotWriter {
        let folder = part.paths.snapshots();
        let journal = part.journal;
        let saved = part.tell.snapshot.handle();
        let metrics = Arc::clone(&part.tell.metrics);
        SnapshotWriter::with(move |position, body| {
            match snapshot::save(&RealDisk, &folder, SNAPSHOT_NAME, SNAPSHOT_VERSION, journal, position, body) {
                Ok(()) => {
                    metrics.snapshots.inc();
                    saved.advance(position);
                }
                Err(error) => warn!(%error, "snapshot not saved; the older one stays"),
            }
        })
    }

    fn with(save: impl Fn(u64, &[u8]) + Send + 'static) -> SnapshotWriter {
        let (bodies, queue) = sync_channel::<(u64, Vec<u8>)>(1);
        let (ended, done): (Sender<()>, Receiver<()>) = channel();
        let is_free = Arc::new(AtomicBool::new(true));
        let free = Arc::clone(&is_free);
        let work = move || {
            let _ended = ended;
            for (position, body) in queue {
                save(position, &body);
                free.store(true, Ordering::Release);
            }
        };
        if let Err(error) = std::thread::Builder::new().name("snapshots".into()).spawn(work) {
            warn!(%error, "no thread for snapshots: restarts will take longer");
        }
        SnapshotWriter { bodies, done, is_free }
    }

    /// Has a snapshot saved. While the one before it is still being written nothing is done, not even made: false.
    pub(crate) fn save(&self, position: u64, body: impl FnOnce() -> Vec<u8>) -> bool {
        if !self.is_free.swap(false, Ordering::AcqRel) {
            return false;
        }
        if self.bodies.try_send((position, body())).is_err() {
            warn!("snapshots are not written any more");
        }
        true
    }

    /// Saves a last one and waits for it.
    pub(crate) fn finish(self, position: u64, fold: &Fold) {
        if self.bodies.send((position, fold.snapshot())).is_ok() {
            drop(self.bodies);
            let _ = self.done.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_while_the_writer_is_busy() {
        let (go, wait) = channel::<()>();
        let (saved, saves) = channel();
        let writer = SnapshotWriter::with(move |position, _| {
            wait.recv().unwrap();
            saved.send(position).unwrap();
        });
        assert!(writer.save(1, || vec![1]));
        assert!(!writer.save(2, || panic!("made for nothing")));
        go.send(()).unwrap();
        assert_eq!(saves.recv().unwrap(), 1);
        while !writer.save(3, || vec![3]) {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        assert_eq!(saves.recv().unwrap(), 3);
    }

    #[test]
    fn a_snapshot_that_was_left_out_stays_due() {
        let mut due = SnapshotDue::after(0);
        let at = Timestamp::from_seconds;
        assert!(!due.at(1, at(1_000)));
        assert!(due.at(ENTRIES, at(1_001)), "the last one on disk is far behind: the first of a run waits for nothing");
        assert!(due.at(ENTRIES + 1, at(1_021)));
        due.saved(ENTRIES + 1, at(1_021));
        assert!(!due.at(2 * ENTRIES + 1, at(1_030)), "too soon");
        assert!(due.at(2 * ENTRIES + 1, at(1_041)));
        assert!(!due.at(ENTRIES + 2, at(1_300)));
        assert!(due.at(ENTRIES + 2, at(1_321)));
    }
}
