//! Connections by address: how many, how fast, and how often with wrong credentials.

use crate::limits::Limits;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Refused log-ins are counted over this time.
const REFUSED_WINDOW: Duration = Duration::from_secs(60);
/// An attack is over when there was no refused log-in for this long.
const CALM: Duration = Duration::from_secs(300);

/// Why a new connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// Too many in all.
    Full,
    /// Too many from this address.
    AddressFull,
    /// Too fast from this address.
    TooFast,
}

/// Counts by address.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    connections: usize,
    by_address: HashMap<IpAddr, Address>,
}

#[derive(Debug)]
struct Address {
    connections: usize,
    /// Thousandths of a connection that it may still open at once.
    tokens_milli: u64,
    refilled: Instant,
    refused: u32,
    refused_since: Instant,
    refused_last: Instant,
    attacks: bool,
}

/// Holds one connection's place.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    /// Takes a place for a connection from `address`.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: Instant, limits: &Limits) -> Result<Place, Turned> {
        let mut book = self.lock();
        if book.connections >= limits.connections_max {
            return Err(Turned::Full);
        }
        let burst_milli = u64::from(limits.connects_per_address_burst) * 1_000;
        let entry = book.by_address.entry(address).or_insert_with(|| Address::new(burst_milli, now));
        if entry.connections >= limits.connections_per_address_max {
            return Err(Turned::AddressFull);
        }
        let passed_ms = u64::try_from(now.duration_since(entry.refilled).as_millis()).unwrap_or(u64::MAX);
        let refill = passed_ms.saturating_mul(u64::from(limits.connects_per_address_per_s));
        entry.refilled = now;
        entry.tokens_milli = entry.tokens_milli.saturating_add(refill).min(burst_milli);
        let Some(left) = entry.tokens_milli.checked_sub(1_000) else { return Err(Turned::TooFast) };
        entry.tokens_milli = left;
        entry.connections += 1;
        book.connections += 1;
        Ok(Place { addresses: Arc::clone(self), address })
    }

    /// A refused log-in; true when it makes an attack of it.
    pub(crate) fn refused(&self, address: IpAddr, now: Instant, limits: &Limits) -> bool {
        let mut book = self.lock();
        let Some(entry) = book.by_address.get_mut(&address) else { return false };
        if now.duration_since(entry.refused_since) > REFUSED_WINDOW {
            (entry.refused, entry.refused_since) = (0, now);
        }
        entry.refused = entry.refused.saturating_add(1);
        entry.refused_last = now;
        let begins = !entry.attacks && entry.refused >= limits.refused_logins_per_min;
        entry.attacks |= begins;
        begins
    }

    /// Forgets addresses that say nothing new; gives those whose attack is over.
    pub(crate) fn tidy(&self, now: Instant, limits: &Limits) -> Vec<IpAddr> {
        let full_after = limits.connects_per_address_burst / limits.connects_per_address_per_s.max(1) + 1;
        let full_after = Duration::from_secs(u64::from(full_after));
        let mut over = Vec::new();
        let mut book = self.lock();
        book.by_address.retain(|address, entry| {
            if entry.attacks && now.duration_since(entry.refused_last) > CALM {
                entry.attacks = false;
                over.push(*address);
            }
            let quiet = now.duration_since(entry.refilled) > full_after;
            entry.connections > 0 || entry.attacks || !quiet
        });
        over
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Address {
    fn new(tokens_milli: u64, now: Instant) -> Address {
        Address {
            connections: 0,
            tokens_milli,
            refilled: now,
            refused: 0,
            refused_since: now,
            refused_last: now,
            attacks: false,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.addresses.lock();
        book.connections = book.connections.saturating_sub(1);
        if let Some(entry) = book.by_address.get_mut(&self.address) {
            entry.connections = entry.connections.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    #[tokio::test]
    async fn places_and_rates() {
        let limits = Limits {
            connections_max: 3,
            connections_per_address_max: 2,
            connects_per_address_per_s: 1,
            connects_per_address_burst: 3,
            ..Limits::default()
        };
        let (addresses, now) = (Arc::new(Addresses::default()), clock::now());
        let first = addresses.enter(HERE, now, &limits).unwrap();
        let _second = addresses.enter(HERE, now, &limits).unwrap();
        assert_eq!(addresses.enter(HERE, now, &limits).unwrap_err(), Turned::AddressFull);
        let _third = addresses.enter(THERE, now, &limits).unwrap();
        assert_eq!(addresses.enter(THERE, now, &limits).unwrap_err(), Turned::Full);
        drop(first);
        drop(addresses.enter(HERE, now, &limits).unwrap());
        assert_eq!(addresses.enter(HERE, now, &limits).unwrap_err(), Turned::TooFast);
        assert!(addresses.enter(HERE, now + Duration::from_secs(1), &limits).is_ok());
        assert_eq!(addresses.lock().connections, 2);
    }

    #[tokio::test]
    async fn an_attack_is_told_once_and_ends() {
        let limits = Limits { refused_logins_per_min: 3, ..Limits::default() };
        let (addresses, now) = (Arc::new(Addresses::default()), clock::now());
        let place = addresses.enter(HERE, now, &limits).unwrap();
        let told: Vec<bool> = (0..5).map(|_| addresses.refused(HERE, now, &limits)).collect();
        assert_eq!(told, [false, false, true, false, false]);
        drop(place);
        assert!(addresses.tidy(now + Duration::from_secs(299), &limits).is_empty());
        assert_eq!(addresses.tidy(now + Duration::from_secs(301), &limits), [HERE]);
        assert!(addresses.lock().by_address.is_empty());
    }
}
