//! What may be under way to the journal: of one identity over all its links, and of all identities together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};

/// So many frames, and the bytes of their records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

/// Bits of a packed load that are its bytes; the others are its frames.
const BYTES_BITS: u32 = 40;
/// More than this of either is not told apart from it.
const BYTES_TOP: u64 = (1 << BYTES_BITS) - 1;
const FRAMES_TOP: u64 = (1 << (64 - BYTES_BITS)) - 1;

impl Load {
    /// The load of one frame.
    pub(crate) fn frame(bytes: usize) -> Load {
        Load { frames: 1, bytes }
    }

    /// Both in one number, so that one atomic operation takes or gives both.
    fn packed(self) -> u64 {
        let frames = u64::try_from(self.frames).map_or(FRAMES_TOP, |frames| frames.min(FRAMES_TOP));
        let bytes = u64::try_from(self.bytes).map_or(BYTES_TOP, |bytes| bytes.min(BYTES_TOP));
        frames << BYTES_BITS | bytes
    }

    fn unpacked(packed: u64) -> Load {
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Load { frames: size(packed >> BYTES_BITS), bytes: size(packed & BYTES_TOP) }
    }

    fn with(self, more: Load) -> Load {
        Load { frames: self.frames.saturating_add(more.frames), bytes: self.bytes.saturating_add(more.bytes) }
    }

    fn fits(self, max: Load) -> bool {
        self.frames <= max.frames && self.bytes <= max.bytes
    }
}

/// A bounded stock of room. Who waits for it is served in turn, and nobody passes by.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// What is taken, packed.
    taken: AtomicU64,
    waiting: AtomicUsize,
    line: Mutex<()>,
    freed: Notify,
}

impl Stock {
    /// Takes room if nobody waits and no more than `max` is then taken; whatever it is, it fits into an empty stock.
    pub(crate) fn try_take(self: &Arc<Self>, load: Load, max: Load) -> Option<Room> {
        if self.waiting.load(Ordering::SeqCst) > 0 { None } else { self.take_now(load, max) }
    }

    fn take_now(self: &Arc<Self>, load: Load, max: Load) -> Option<Room> {
        let taken = self.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| {
            let all = Load::unpacked(now).with(load);
            (now == 0 || all.fits(max)).then_some(all.packed())
        });
        taken.ok().map(|_| Room { stock: Arc::clone(self), load })
    }

    /// Waits for room.
    pub(crate) async fn take(self: &Arc<Self>, load: Load, max: Load) -> Room {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _leave = Leave(&self.waiting);
        let _first = self.line.lock().await;
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if let Some(room) = self.take_now(load, max) {
                return room;
            }
            freed.await;
        }
    }

    /// Gives room back.
    pub(crate) fn give(&self, load: Load) {
        self.taken.fetch_sub(load.packed(), Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_waiters();
        }
    }

    /// What is taken now.
    pub(crate) fn taken(&self) -> Load {
        Load::unpacked(self.taken.load(Ordering::SeqCst))
    }
}

/// Room that is taken. It goes back when this is dropped, unless tickets carry it on.
#[derive(Debug)]
pub(crate) struct Room {
    stock: Arc<Stock>,
    load: Load,
}

impl Room {
    /// The tickets of the frames that it was taken for now give it back, each its part.
    pub(crate) fn into_tickets(mut self) {
        self.load = Load::default();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.load != Load::default() {
            self.stock.give(self.load);
        }
    }
}

/// One identity's share, over all its links. Bounds what it has under way, so that its flood can neither fill the
/// memory and the queue to the journal nor, when the rules lag, put more than one chunk between another identity's fire
/// and the rules.
#[derive(Debug)]
pub(crate) struct Share {
    /// Handed on and not yet durable.
    pub(crate) under_way: Arc<Stock>,
    /// Bytes of its large packets that are not yet handed on.
    pub(crate) unfinished: AtomicUsize,
    /// While the rules lag: who holds it may have one chunk under way.
    turn: Arc<Semaphore>,
}

impl Default for Share {
    fn default() -> Share {
        Share { under_way: Arc::default(), unfinished: AtomicUsize::new(0), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Share {
    /// The identity's turn while the rules lag; first come, first served among its links.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turn).acquire_owned().await.ok()
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const MAX: Load = Load { frames: 256, bytes: 1_000 };

    fn load(frames: usize, bytes: usize) -> Load {
        Load { frames, bytes }
    }

    #[test]
    fn room_is_bounded_by_frames_and_given_back() {
        let stock = Arc::new(Stock::default());
        let all = stock.try_take(load(300, 0), MAX).unwrap();
        assert!(stock.try_take(load(1, 0), MAX).is_none());
        assert!(stock.take(load(1, 0), MAX).now_or_never().is_none());
        all.into_tickets();
        assert!(stock.try_take(load(1, 0), MAX).is_none());
        stock.give(load(100, 0));
        let rest = stock.take(load(56, 0), MAX).now_or_never().unwrap();
        assert!(stock.try_take(load(1, 0), MAX).is_none());
        drop(rest);
        assert!(stock.try_take(load(56, 0), MAX).is_some());
    }

    #[test]
    fn room_is_bounded_by_bytes_too() {
        let stock = Arc::new(Stock::default());
        let first = stock.try_take(load(1, 5_000), MAX).expect("one always fits");
        assert!(stock.try_take(load(1, 1), MAX).is_none());
        drop(first);
        let some = stock.try_take(load(2, 900), MAX).unwrap();
        assert!(stock.try_take(load(1, 101), MAX).is_none());
        let rest = stock.try_take(load(1, 100), MAX).unwrap();
        assert_eq!(stock.taken(), load(3, 1_000));
        drop((some, rest));
        assert_eq!(stock.taken(), load(0, 0));
    }

    #[test]
    fn nobody_passes_by_who_waits() {
        let stock = Arc::new(Stock::default());
        let all = stock.try_take(load(1, 900), MAX).unwrap();
        let mut large = Box::pin(stock.take(load(1, 950), MAX));
        assert!(large.as_mut().now_or_never().is_none());
        assert!(stock.try_take(load(1, 10), MAX).is_none(), "small ones would keep the large one out for ever");
        let mut small = Box::pin(stock.take(load(1, 60), MAX));
        assert!(small.as_mut().now_or_never().is_none());
        drop(all);
        assert!(small.as_mut().now_or_never().is_none(), "the large one is first");
        let large = large.now_or_never().unwrap();
        assert!(small.as_mut().now_or_never().is_none());
        drop(large);
        assert!(small.now_or_never().is_some());
        assert_eq!(stock.taken(), load(0, 0));
    }
}
