//! How often the password of one identity may be tried from one address: 30 times at once, then once in two seconds. A
//! refused try costs no hash and says nothing about the password.
//!
//! An address from which the identity has logged in is not limited: nobody who shares it, behind a proxy or a mobile
//! network, may keep a device out. What is left to him is the length of the secret. Nor does a guess at one identity
//! count against another at the same address.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Wrong passwords that may come at once.
const BURST: u32 = 30;
/// Time until one more is allowed.
const EVERY: Duration = Duration::from_secs(2);
/// Addresses remembered for one identity, of each kind.
const ADDRESSES_MAX: usize = 16;

/// The tries of one identity. An address is that of [`crate::addresses::network`].
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// Where it has logged in, the latest last.
    known: Vec<IpAddr>,
    /// Where its password was wrong, and when the bucket is empty again.
    wrong: Vec<(IpAddr, Instant)>,
}

impl Guesses {
    /// Whether a password from there is looked at.
    pub(crate) fn may_try(&self, from: IpAddr, now: Instant) -> bool {
        let book = self.book();
        let tried = book.wrong.iter().find(|(address, _)| *address == from);
        book.known.contains(&from)
            || tried.is_none_or(|(_, empty_at)| empty_at.saturating_duration_since(now) + EVERY <= EVERY * BURST)
    }

    /// It was wrong.
    pub(crate) fn wrong(&self, from: IpAddr, now: Instant) {
        let mut book = self.book();
        if let Some((_, empty_at)) = book.wrong.iter_mut().find(|(address, _)| *address == from) {
            *empty_at = (*empty_at).max(now) + EVERY;
            return;
        }
        if book.wrong.len() >= ADDRESSES_MAX {
            let soonest = book.wrong.iter().enumerate().min_by_key(|(_, (_, empty_at))| *empty_at);
            if let Some(soonest) = soonest.map(|(place, _)| place) {
                book.wrong.swap_remove(soonest);
            }
        }
        book.wrong.push((from, now + EVERY));
    }

    /// It was right.
    pub(crate) fn right(&self, from: IpAddr) {
        let mut book = self.book();
        book.wrong.retain(|(address, _)| *address != from);
        if book.known.last() == Some(&from) {
            return;
        }
        book.known.retain(|address| *address != from);
        if book.known.len() >= ADDRESSES_MAX {
            book.known.remove(0);
        }
        book.known.push(from);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// How many of `tries` wrong ones at once are looked at.
    fn looked_at(guesses: &Guesses, from: IpAddr, now: Instant, tries: u32) -> u32 {
        let mut looked_at = 0;
        for _ in 0..tries {
            if guesses.may_try(from, now) {
                guesses.wrong(from, now);
                looked_at += 1;
            }
        }
        looked_at
    }

    #[tokio::test]
    async fn thirty_at_once_then_one_in_two_seconds() {
        let (guesses, now) = (Guesses::default(), clock::now());
        assert_eq!(looked_at(&guesses, address(1), now, 1_000), 30);
        assert_eq!(looked_at(&guesses, address(1), now + Duration::from_millis(1_999), 10), 0);
        assert_eq!(looked_at(&guesses, address(1), now + Duration::from_secs(4), 10), 2);
        assert_eq!(looked_at(&guesses, address(2), now, 1_000), 30, "another address");
    }

    #[tokio::test]
    async fn where_it_has_logged_in_it_is_never_kept_out() {
        let (guesses, now) = (Guesses::default(), clock::now());
        guesses.right(address(1));
        assert_eq!(looked_at(&guesses, address(1), now, 1_000), 1_000);
        (2..=17).for_each(|last| guesses.right(address(last)));
        assert_eq!(looked_at(&guesses, address(1), now + BURST * 1_000 * EVERY, 1_000), 30, "forgotten");
    }
}
