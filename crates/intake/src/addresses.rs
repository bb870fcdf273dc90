//! Connections by address: how many, how fast, how many that have not logged in, and how often with wrong credentials. An
//! IPv6 address stands for its /64: whoever has one address of it has all. The station's own probe has a place always.

use crate::limits::Limits;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
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
    /// Too many in all that have not logged in.
    StrangersFull,
    /// Too many of them from this address.
    AddressStrangersFull,
}

/// Counts by address.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    connections: usize,
    strangers: usize,
    /// From where the probe comes next.
    probe: Option<SocketAddr>,
    by_address: HashMap<IpAddr, Address>,
}

#[derive(Debug)]
struct Address {
    connections: usize,
    strangers: usize,
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
    /// `None`: the probe's, which is not counted.
    address: Option<IpAddr>,
    stranger: bool,
}

/// Whom an address stands for: itself, or its /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

impl Addresses {
    /// Takes a place for a connection from `address`.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: Instant, limits: &Limits) -> Result<Place, Turned> {
        let address = network(address);
        let mut book = self.lock();
        if book.connections >= limits.connections_max {
            return Err(Turned::Full);
        }
        if book.strangers >= limits.unauthenticated_max {
            return Err(Turned::StrangersFull);
        }
        let burst_milli = u64::from(limits.connects_per_address_burst) * 1_000;
        let entry = book.by_address.entry(address).or_insert_with(|| Address::new(burst_milli, now));
        if entry.connections >= limits.connections_per_address_max {
            return Err(Turned::AddressFull);
        }
        if entry.strangers >= limits.unauthenticated_per_address_max {
            return Err(Turned::AddressStrangersFull);
        }
        let passed_ms = u64::try_from(now.duration_since(entry.refilled).as_millis()).unwrap_or(u64::MAX);
        let refill = passed_ms.saturating_mul(u64::from(limits.connects_per_address_per_s));
        entry.refilled = now;
        entry.tokens_milli = entry.tokens_milli.saturating_add(refill).min(burst_milli);
        let Some(left) = entry.tokens_milli.checked_sub(1_000) else { return Err(Turned::TooFast) };
        entry.tokens_milli = left;
        entry.connections += 1;
        entry.strangers += 1;
        book.connections += 1;
        book.strangers += 1;
        Ok(Place { addresses: Arc::clone(self), address: Some(address), stranger: true })
    }

    /// The probe is about to connect from there.
    pub(crate) fn expect_probe(&self, from: SocketAddr) {
        self.lock().probe = Some(from);
    }

    /// The probe's place, if it is he.
    pub(crate) fn enter_probe(self: &Arc<Self>, peer: SocketAddr) -> Option<Place> {
        let is_probe =
            |from: SocketAddr| (from.ip().to_canonical(), from.port()) == (peer.ip().to_canonical(), peer.port());
        self.lock().probe.take_if(|from| is_probe(*from))?;
        Some(Place { addresses: Arc::clone(self), address: None, stranger: false })
    }

    /// A refused log-in; true when it makes an attack of it.
    pub(crate) fn refused(&self, address: IpAddr, now: Instant, limits: &Limits) -> bool {
        let address = network(address);
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
            strangers: 0,
            tokens_milli,
            refilled: now,
            refused: 0,
            refused_since: now,
            refused_last: now,
            attacks: false,
        }
    }
}

impl Place {
    /// It has logged in.
    pub(crate) fn logged_in(&mut self) {
        let Some(address) = self.address.filter(|_| std::mem::take(&mut self.stranger)) else { return };
        let mut book = self.addresses.lock();
        book.strangers = book.strangers.saturating_sub(1);
        if let Some(entry) = book.by_address.get_mut(&address) {
            entry.strangers = entry.strangers.saturating_sub(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.logged_in();
        let Some(address) = self.address else { return };
        let mut book = self.addresses.lock();
        book.connections = book.connections.saturating_sub(1);
        if let Some(entry) = book.by_address.get_mut(&address) {
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
    async fn who_has_not_logged_in_takes_only_his_part() {
        let limits = Limits { unauthenticated_max: 3, unauthenticated_per_address_max: 2, ..Limits::default() };
        let (addresses, now) = (Arc::new(Addresses::default()), clock::now());
        let mut first = addresses.enter(HERE, now, &limits).unwrap();
        let second = addresses.enter(HERE, now, &limits).unwrap();
        assert_eq!(addresses.enter(HERE, now, &limits).unwrap_err(), Turned::AddressStrangersFull);
        let _other = addresses.enter(THERE, now, &limits).unwrap();
        assert_eq!(addresses.enter(THERE, now, &limits).unwrap_err(), Turned::StrangersFull);
        let probe = SocketAddr::new(HERE, 4_000);
        assert!(addresses.enter_probe(probe).is_none());
        addresses.expect_probe(probe);
        assert!(addresses.enter_probe(SocketAddr::new(HERE, 4_001)).is_none());
        drop(addresses.enter_probe(probe).unwrap());
        assert!(addresses.enter_probe(probe).is_none(), "once");
        first.logged_in();
        first.logged_in();
        let third = addresses.enter(HERE, now, &limits).unwrap();
        drop((first, second, third));
        let book = addresses.lock();
        assert_eq!((book.connections, book.strangers), (1, 1));
    }

    #[tokio::test]
    async fn an_ipv6_network_is_one_address() {
        let limits = Limits { connections_per_address_max: 1, ..Limits::default() };
        let (addresses, now) = (Arc::new(Addresses::default()), clock::now());
        let of = |network, host| IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, host]);
        let _one = addresses.enter(of(1, 1), now, &limits).unwrap();
        assert_eq!(addresses.enter(of(1, 2), now, &limits).unwrap_err(), Turned::AddressFull);
        assert!(addresses.enter(of(2, 1), now, &limits).is_ok());
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
