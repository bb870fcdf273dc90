//! One identity's share of the intake, over all its links.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Bounds what one identity has under way, so that its flood can neither fill the queue to the journal nor, when the
/// rules lag, put more than one chunk between another identity's fire and the rules.
#[derive(Debug)]
pub(crate) struct Share {
    /// Frames handed on that are not yet durable.
    outstanding: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
    /// While the rules lag: who holds it may have one chunk under way.
    turn: Arc<Semaphore>,
}

impl Default for Share {
    fn default() -> Share {
        Share {
            outstanding: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Share {
    /// Takes room for `count` frames if no more than `max` are then under way; a chunk always fits into an empty share.
    pub(crate) fn try_take(self: &Arc<Self>, count: usize, max: usize) -> Option<Room> {
        let fits = |now: usize| (now == 0 || now + count <= max).then_some(now + count);
        let taken = self.outstanding.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok();
        taken.then(|| Room { share: Arc::clone(self), count })
    }

    /// Waits for room for `count` frames.
    pub(crate) async fn take(self: &Arc<Self>, count: usize, max: usize) -> Room {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let _leave = Leave(&self.waiting);
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if let Some(room) = self.try_take(count, max) {
                return room;
            }
            freed.await;
        }
    }

    /// Gives back the room of so many frames.
    pub(crate) fn give(&self, count: usize) {
        self.outstanding.fetch_sub(count, Ordering::AcqRel);
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_waiters();
        }
    }

    /// The identity's turn while the rules lag; first come, first served among its links.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turn).acquire_owned().await.ok()
    }
}

/// Room that is taken. It goes back when this is dropped, unless tickets carry it on.
#[derive(Debug)]
pub(crate) struct Room {
    share: Arc<Share>,
    count: usize,
}

impl Room {
    /// As many tickets as there is room now give it back, each its part.
    pub(crate) fn into_tickets(mut self) {
        self.count = 0;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.count > 0 {
            self.share.give(self.count);
        }
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn room_is_bounded_and_given_back() {
        let share = Arc::new(Share::default());
        let all = share.try_take(300, 256).unwrap();
        assert!(share.try_take(1, 256).is_none());
        assert!(share.take(1, 256).now_or_never().is_none());
        all.into_tickets();
        assert!(share.try_take(1, 256).is_none());
        share.give(100);
        let rest = share.take(56, 256).now_or_never().unwrap();
        assert!(share.try_take(1, 256).is_none());
        drop(rest);
        assert!(share.try_take(56, 256).is_some());
    }
}
