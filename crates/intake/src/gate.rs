//! Between a link and the journal: what is handed over, and how the link hears that it is durable.

use crate::close::Close;
use crate::share::{Load, Share, Stock};
use futures_util::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::Waker;
use tokio::sync::Notify;
use watchfire_model::{EncodedInput, Seq};

/// What a link hands to the journal.
#[derive(Debug)]
pub struct Submission {
    /// The frame, encoded but not yet stamped.
    pub input: EncodedInput,
    /// To be completed when the input is durable.
    pub ticket: Ticket,
}

/// The promise that a link waits for. Dropped without [`Ticket::durable`] (the journal is gone), it closes the link
/// without an acknowledgement.
#[derive(Debug)]
pub struct Ticket {
    gate: Arc<Gate>,
    number: u64,
    /// The last of its chunk: the link is woken by this one, and writes the chunk's PUBACKs at once.
    last: bool,
    kept: bool,
    /// The room that it gives back.
    load: Load,
}

impl Ticket {
    /// The ticket of a link's `number`th submission, one after the other. Carries the room of its frame of so many bytes.
    pub(crate) fn new(gate: &Arc<Gate>, number: u64, bytes: usize, last: bool) -> Ticket {
        gate.issued.store(number, Ordering::Release);
        Ticket { gate: Arc::clone(gate), number, last, kept: false, load: Load::frame(bytes) }
    }

    /// The input is on disk as entry `seq`. Called by the journal after its fdatasync, in the order of submission;
    /// costs a few atomics, and one wake per link and chunk, however many inputs it had.
    pub fn durable(mut self, seq: Seq) {
        self.kept = true;
        self.gate.seq.store(seq.0, Ordering::Relaxed);
        self.gate.durable.store(self.number, Ordering::Release);
        if self.last {
            self.gate.wake();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.gate.share.under_way.give(self.load);
        self.gate.queued.give(self.load);
        if !self.kept {
            self.gate.lost.store(true, Ordering::Release);
            self.gate.wake();
        }
    }
}

/// What other tasks and threads may tell a link.
#[derive(Debug)]
pub(crate) struct Gate {
    /// How many of the link's submissions are durable.
    durable: AtomicU64,
    /// How many tickets there were.
    issued: AtomicU64,
    /// The entry of the last durable one.
    seq: AtomicU64,
    lost: AtomicBool,
    kicked: AtomicU8,
    woken: AtomicBool,
    waker: AtomicWaker,
    ended: AtomicBool,
    end: Notify,
    share: Arc<Share>,
    /// What all links have in the queue to the journal.
    queued: Arc<Stock>,
}

impl Gate {
    pub(crate) fn new(share: Arc<Share>, queued: Arc<Stock>) -> Arc<Gate> {
        Arc::new(Gate {
            durable: AtomicU64::new(0),
            issued: AtomicU64::new(0),
            seq: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            kicked: AtomicU8::new(0),
            woken: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            ended: AtomicBool::new(false),
            end: Notify::new(),
            share,
            queued,
        })
    }

    /// Lets the link's task hear of news from here on; what is read after this is not missed.
    pub(crate) fn listen(&self, waker: &Waker) {
        self.waker.register(waker);
        self.woken.store(false, Ordering::SeqCst);
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.waker.wake();
        }
    }

    /// How many submissions are durable.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// How many submissions were handed on.
    pub(crate) fn issued(&self) -> u64 {
        self.issued.load(Ordering::Acquire)
    }

    /// The entry of the last durable submission.
    pub(crate) fn seq(&self) -> Seq {
        Seq(self.seq.load(Ordering::Relaxed))
    }

    /// Whether a ticket was dropped.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Asks the link to close; the first reason wins.
    pub(crate) fn kick(&self, reason: Close) {
        let _ = self.kicked.compare_exchange(0, reason.number(), Ordering::AcqRel, Ordering::Acquire);
        self.wake();
    }

    /// Why it was asked to close.
    pub(crate) fn kicked(&self) -> Option<Close> {
        Close::from_number(self.kicked.load(Ordering::Acquire))
    }

    /// The link is gone: its frames are durable, its will is handed over, its name is free.
    pub(crate) fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
        self.end.notify_waiters();
    }

    /// Waits for the end of the link.
    pub(crate) async fn ended(&self) {
        loop {
            let mut end = std::pin::pin!(self.end.notified());
            end.as_mut().enable();
            if self.ended.load(Ordering::Acquire) {
                return;
            }
            end.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_move_the_gate_and_a_dropped_one_shows() {
        let gate = Gate::new(Arc::default(), Arc::default());
        let (load, max) = (Load { frames: 3, bytes: 60 }, Load { frames: 10, bytes: 100 });
        gate.share.under_way.try_take(load, max).unwrap().into_tickets();
        gate.queued.try_take(load, max).unwrap().into_tickets();
        Ticket::new(&gate, 1, 10, true).durable(Seq(70));
        Ticket::new(&gate, 2, 20, true).durable(Seq(72));
        assert_eq!((gate.durable(), gate.seq(), gate.is_lost()), (2, Seq(72), false));
        drop(Ticket::new(&gate, 3, 30, true));
        assert!(gate.is_lost());
        assert_eq!(gate.issued(), 3);
        let left = (gate.share.under_way.taken(), gate.queued.taken());
        assert_eq!(left, (Load::default(), Load::default()), "every ticket gives its room back");
    }

    #[test]
    fn the_first_kick_wins() {
        let gate = Gate::new(Arc::default(), Arc::default());
        gate.kick(Close::TakenOver);
        gate.kick(Close::Stopping);
        assert_eq!(gate.kicked(), Some(Close::TakenOver));
    }
}
