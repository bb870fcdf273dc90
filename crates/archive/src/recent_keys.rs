//! The idempotency keys that a device used lately: a frame that repeats one is a resend, whatever its receive time.
//!
//! A key counts together with the readings that came under it. A resend is the same frame again; a device that uses
//! one key for everything is wrong, but its readings are not lost for that.

use crate::point::value_bits;
use crate::varint::{Bytes, put, put_signed};
use std::collections::VecDeque;
use watchfire_model::Value;

/// How many keys are kept for a device.
pub(crate) const KEYS_MAX: usize = 64;
/// How long, in microseconds.
pub(crate) const KEEP_US: i64 = 600_000_000;

/// Fingerprints of the last keys, oldest first, each with its receive time.
#[derive(Debug, Default)]
pub(crate) struct RecentKeys(VecDeque<(i64, u64)>);

impl RecentKeys {
    /// Whether the fingerprint is among those kept; if not, it is from now on. A repeat does not renew it.
    pub(crate) fn repeats(&mut self, received: i64, fingerprint: u64) -> bool {
        self.forget_before(received.saturating_sub(KEEP_US));
        if self.0.iter().any(|(_, kept)| *kept == fingerprint) {
            return true;
        }
        if self.0.len() >= KEYS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((received, fingerprint));
        false
    }

    /// Drops what was received before that time.
    pub(crate) fn forget_before(&mut self, time: i64) {
        while self.0.front().is_some_and(|(received, _)| *received < time) {
            self.0.pop_front();
        }
    }

    /// Receive time and fingerprint of those kept, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.0.iter().copied()
    }

    /// Whether none is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For the `recent_keys` column: pairs of receive time (signed varint, differences) and fingerprint (8 bytes).
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() * 12 + 1);
        put(&mut out, self.0.len().try_into().unwrap_or(0));
        let mut last = 0i64;
        for (received, fingerprint) in &self.0 {
            put_signed(&mut out, received.wrapping_sub(last));
            out.extend_from_slice(&fingerprint.to_le_bytes());
            last = *received;
        }
        out
    }

    /// From the column. `None` when it is malformed.
    pub(crate) fn decode(column: &[u8]) -> Option<RecentKeys> {
        let mut bytes = Bytes(column);
        let mut keys = RecentKeys::default();
        let mut last = 0i64;
        for _ in 0..bytes.unsigned()? {
            last = last.wrapping_add(bytes.signed()?);
            keys.0.push_back((last, bytes.fixed()?));
        }
        bytes.is_empty().then_some(keys)
    }
}

/// 64-bit FNV-1a: stable across builds, which the standard library's hasher does not promise. It is on disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fingerprint(pub(crate) u64);

impl Fingerprint {
    /// Begins with the key.
    pub(crate) fn of_key(key: &str) -> Fingerprint {
        Fingerprint(0xcbf2_9ce4_8422_2325).bytes(key.as_bytes())
    }

    /// Adds a reading. A time that is only the receive time is not part of the frame and changes on a resend.
    #[must_use]
    pub(crate) fn reading(self, series: i64, at: i64, received: i64, value: Value) -> Fingerprint {
        let own_time = if at == received { 0 } else { at };
        let (number, bits) = value_bits(value);
        let added = self.bytes(&series.to_le_bytes()).bytes(&own_time.to_le_bytes()).bytes(&bits.to_le_bytes());
        added.bytes(&[u8::from(number)])
    }

    fn bytes(self, bytes: &[u8]) -> Fingerprint {
        Fingerprint(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_for_ten_minutes_and_among_sixty_four() {
        let mut keys = RecentKeys::default();
        assert!(!keys.repeats(0, 7));
        assert!(keys.repeats(KEEP_US, 7));
        assert!(!keys.repeats(KEEP_US + 1, 7));
        for other in 100..164 {
            assert!(!keys.repeats(KEEP_US + 2, other));
        }
        assert!(!keys.repeats(KEEP_US + 3, 7), "64 others came since");
    }

    #[test]
    fn keys_read_back() {
        let mut keys = RecentKeys::default();
        for n in 0..70 {
            keys.repeats(n * 1_000, u64::MAX - n.cast_unsigned());
        }
        let column = keys.encode();
        assert_eq!(RecentKeys::decode(&column).unwrap().0, keys.0);
        assert!(RecentKeys::decode(&column[..column.len() - 1]).is_none());
    }

    #[test]
    fn fingerprints_are_on_disk() {
        assert_eq!(Fingerprint::of_key("a").0, 0xaf63_dc4c_8601_ec8c);
    }
}
