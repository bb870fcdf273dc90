//! How often a password may be tried: a bucket of tries for each address, for each user at an address, and for each
//! user at all addresses that never logged him in. A right password gives the try back.
//!
//! The third bucket stops guessing from many addresses; that it does not count for an address where the user has
//! logged in before keeps an attacker from locking an operator out of his own desk; the desks of sessions that outlived a
//! restart count too. An IPv6 address stands for its /64: whoever has one address of it has all.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use watchfire_model::Timestamp;

/// Buckets and known desks that are kept; past this the ones that matter least are forgotten.
const BUCKETS_MAX: usize = 10_000;

const BY_ADDRESS: Rate = Rate { burst: 30, every: Duration::from_secs(2) };
const BY_USER_AT_ADDRESS: Rate = Rate { burst: 8, every: Duration::from_secs(15) };
const BY_USER: Rate = Rate { burst: 20, every: Duration::from_secs(5) };

#[derive(Clone, Copy)]
struct Rate {
    /// Tries that may come at once.
    burst: u32,
    /// Time until one more is allowed.
    every: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Address(IpAddr),
    UserAtAddress(String, IpAddr),
    User(String),
}

/// Tries so far. Each bucket is kept as the time at which it will be empty again.
#[derive(Debug, Default)]
pub(crate) struct LoginLimit {
    empty_at: BTreeMap<Key, Timestamp>,
    desks: BTreeSet<(String, IpAddr)>,
}

impl LoginLimit {
    /// With the desks at which somebody is logged in.
    pub(crate) fn with_desks(desks: impl Iterator<Item = (String, IpAddr)>) -> LoginLimit {
        let desks = desks.take(BUCKETS_MAX).map(|(user, address)| (user, network(address)));
        LoginLimit { empty_at: BTreeMap::new(), desks: desks.collect() }
    }

    /// Counts a try; or says how long to wait.
    pub(crate) fn admit(&mut self, now: Timestamp, address: IpAddr, user: &str) -> Result<(), Duration> {
        let keys = self.keys(address, user);
        let waits = keys.iter().map(|(key, rate)| self.wait(now, key, *rate));
        if let Some(wait) = waits.max().filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        self.make_room(now);
        for (key, rate) in keys {
            let empty_at = self.empty_at.entry(key).or_insert(now);
            *empty_at = (*empty_at).max(now).plus(rate.every);
        }
        Ok(())
    }

    /// The password was right.
    pub(crate) fn right(&mut self, address: IpAddr, user: &str) {
        for (key, rate) in self.keys(address, user) {
            if let Some(empty_at) = self.empty_at.get_mut(&key) {
                *empty_at = empty_at.minus(rate.every);
            }
        }
        if self.desks.len() >= BUCKETS_MAX {
            self.desks.pop_first();
        }
        self.desks.insert((user.to_owned(), network(address)));
    }

    fn keys(&self, address: IpAddr, user: &str) -> Vec<(Key, Rate)> {
        let address = network(address);
        let mut keys = vec![
            (Key::Address(address), BY_ADDRESS),
            (Key::UserAtAddress(user.to_owned(), address), BY_USER_AT_ADDRESS),
        ];
        if !self.desks.contains(&(user.to_owned(), address)) {
            keys.push((Key::User(user.to_owned()), BY_USER));
        }
        keys
    }

    fn wait(&self, now: Timestamp, key: &Key, rate: Rate) -> Duration {
        let full = rate.every * rate.burst;
        let filled = self.empty_at.get(key).map_or(Duration::ZERO, |empty_at| empty_at.since(now));
        (filled + rate.every).saturating_sub(full)
    }

    /// Empty buckets mean nothing. If all are in use, those that are empty soonest go.
    fn make_room(&mut self, now: Timestamp) {
        if self.empty_at.len() < BUCKETS_MAX {
            return;
        }
        self.empty_at.retain(|_, empty_at| *empty_at > now);
        while self.empty_at.len() >= BUCKETS_MAX {
            let soonest = self.empty_at.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            let Some(soonest) = soonest else { return };
            self.empty_at.remove(&soonest);
        }
    }
}

/// Whom an address stands for: itself, or its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// How many of `tries` at one second each are admitted.
    fn admitted(limit: &mut LoginLimit, from: impl Fn(u8) -> IpAddr, user: &str, tries: u8) -> u32 {
        let now = Timestamp::from_seconds(1_000);
        (0..tries).map(|turn| u32::from(limit.admit(now, from(turn), user).is_ok())).sum()
    }

    #[test]
    fn guessing_one_user_from_one_desk_is_stopped_first() {
        let mut limit = LoginLimit::default();
        assert_eq!(admitted(&mut limit, |_| address(1), "li", 50), 8);
        let wait = limit.admit(Timestamp::from_seconds(1_000), address(1), "li").unwrap_err();
        assert_eq!(wait, Duration::from_secs(15));
        assert!(limit.admit(Timestamp::from_seconds(1_015), address(1), "li").is_ok());
    }

    #[test]
    fn guessing_many_users_from_one_address_is_stopped() {
        let mut limit = LoginLimit::default();
        let now = Timestamp::from_seconds(1_000);
        let admitted = (0..100).filter(|n| limit.admit(now, address(1), &format!("user{n}")).is_ok()).count();
        assert_eq!(admitted, 30);
    }

    #[test]
    fn guessing_from_many_addresses_is_stopped_but_does_not_lock_out_the_known_desk() {
        let mut limit = LoginLimit::default();
        let desk = address(250);
        limit.admit(Timestamp::from_seconds(999), desk, "li").unwrap();
        limit.right(desk, "li");
        assert_eq!(admitted(&mut limit, address, "li", 100), 20);
        assert!(limit.admit(Timestamp::from_seconds(1_000), desk, "li").is_ok());
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let mut limit = LoginLimit::default();
        let of = |turn: u8| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(turn)]);
        assert_eq!(admitted(&mut limit, of, "li", 50), 8);
    }

    #[test]
    fn a_desk_with_a_session_from_before_a_restart_is_not_locked_out() {
        let desk = address(250);
        let mut limit = LoginLimit::with_desks([("li".to_owned(), desk)].into_iter());
        assert_eq!(admitted(&mut limit, address, "li", 100), 20);
        assert!(limit.admit(Timestamp::from_seconds(1_000), desk, "li").is_ok());
    }
}
