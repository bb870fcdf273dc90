//! A lock for one owner of what it guards, the station, and many who look at it in portions.
//!
//! The standard mutex is unfair: a reader that lets go of it and takes it again at once mostly gets it before a thread
//! that slept for it is awake. A few readers that go through 10,000 devices so can keep the rules out for as long as they
//! read. Here the station says that it waits, and no reader begins a portion until it has been served.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A reader looks so often whether the station still waits; then it takes its turn all the same. The station is served
/// within one or two looks unless the machine is in trouble.
const LOOKS_MAX: usize = 10_000;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Turns<T> {
    guarded: Mutex<T>,
    /// Threads of the station that wait.
    waiting: AtomicUsize,
}

impl<T> Turns<T> {
    /// For the station: waits for the portions that have begun, and for no other.
    pub(crate) fn first(&self) -> MutexGuard<'_, T> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let guard = self.take();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        guard
    }

    /// For readers: one portion, after the station. To be held for microseconds.
    pub(crate) fn portion(&self) -> MutexGuard<'_, T> {
        for _ in 0..LOOKS_MAX {
            if self.waiting.load(Ordering::SeqCst) == 0 {
                break;
            }
            std::thread::yield_now();
        }
        self.take()
    }

    fn take(&self) -> MutexGuard<'_, T> {
        // A panic elsewhere must not take the board away: what is guarded is valid after every statement.
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU64};

    const READERS: u64 = 4;
    const TIMES: usize = 500;

    /// Portions that readers began while the station waited, for each time that it did, in order.
    fn passed_by(first: impl Fn(&Turns<u64>) -> u64, portion: impl Fn(&Turns<u64>) + Sync) -> Vec<u64> {
        let (turns, begun, over) = (Turns::default(), AtomicU64::new(0), AtomicBool::new(false));
        let mut passed = Vec::new();
        std::thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        portion(&turns);
                        begun.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            while passed.len() < TIMES {
                let before = begun.load(Ordering::SeqCst);
                passed.push(first(&turns).saturating_sub(before));
                std::thread::yield_now();
            }
            over.store(true, Ordering::Relaxed);
        });
        passed.sort_unstable();
        passed
    }

    fn work(guarded: &mut u64) {
        *guarded += 1;
        // About as long as 64 devices take.
        for n in 0..10_000_u64 {
            std::hint::black_box(n);
        }
    }

    /// A thread of this test that is not run for a while says nothing: the best of a few tries counts. Without turns it
    /// was 63 portions.
    #[test]
    fn readers_do_not_pass_by_the_station() {
        let tried = (0..5).map(|_| {
            let passed = passed_by(|turns| *turns.first(), |turns| work(&mut turns.portion()));
            passed[TIMES * 99 / 100]
        });
        let best = tried.min().unwrap();
        assert!(best <= 3 * READERS, "{best} portions passed by");
    }
}
