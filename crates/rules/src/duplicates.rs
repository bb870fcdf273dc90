//! Frames that came twice. A device's last 64 idempotency keys of 10 minutes are remembered, as hashes.
//!
//! A key alone does not make a duplicate: a device whose firmware sends one key for ever would fall silent, and its fire
//! with it. Only the same key with the same content is one; a key that comes back with other content shows that the
//! device's keys mean nothing, and they are not looked at again.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;
use watchfire_model::{Decoded, Timestamp, Value};

/// So many keys are remembered per device.
pub const KEYS_MAX: usize = 64;
/// For so long.
pub const KEYS_KEPT: Duration = Duration::from_secs(600);

/// The keys a device used lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecentKeys {
    keys: VecDeque<Key>,
    /// One key came with two contents.
    meaningless: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Key {
    key: u64,
    content: u64,
    at: Timestamp,
}

impl RecentKeys {
    /// Whether this frame came before; remembers it.
    pub(crate) fn is_repeat(&mut self, key: &str, decoded: &Decoded, now: Timestamp) -> bool {
        if self.meaningless {
            return false;
        }
        while self.keys.front().is_some_and(|oldest| now.since(oldest.at) > KEYS_KEPT) {
            self.keys.pop_front();
        }
        let mut hash = Fnv::default();
        hash.add(key.as_bytes());
        let (key, content) = (hash.0, content_hash(decoded, now));
        match self.keys.iter().find(|seen| seen.key == key) {
            Some(seen) if seen.content == content => true,
            Some(_) => {
                self.meaningless = true;
                self.keys = VecDeque::new();
                false
            }
            None => {
                if self.keys.len() == KEYS_MAX {
                    self.keys.pop_front();
                }
                self.keys.push_back(Key { key, content, at: now });
                false
            }
        }
    }
}

/// A hash of what was said. A reading without a stamp of its own has the receive time, which a second delivery changes:
/// that time is left out.
fn content_hash(decoded: &Decoded, now: Timestamp) -> u64 {
    let mut hash = Fnv::default();
    for reading in &decoded.readings {
        hash.add(reading.point.as_str().as_bytes());
        if reading.at != now {
            hash.add(&reading.at.as_micros().to_le_bytes());
        }
        match reading.value {
            Value::Bool(value) => hash.add(&[u8::from(value)]),
            Value::Number(value) => hash.add(&value.to_bits().to_le_bytes()),
        }
    }
    hash.add(&[decoded.presence.map_or(0, |presence| presence as u8 + 1)]);
    hash.0
}

/// FNV-1a, 64 bits: the same on every machine and in every build, because the hashes are in the snapshot.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        // The separator keeps "ab" + "c" apart from "a" + "bc".
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::{Metric, PointName, Reading, Source};

    fn frame(value: bool, at: Timestamp) -> Decoded {
        let mut decoded = Decoded::new(Source::Watchfire);
        let point = PointName::new("smoke").unwrap();
        let metric = Metric::SmokeAlarm;
        decoded.readings.push(Reading { point, metric, value: Value::Bool(value), vendor_unit: None, at });
        decoded
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_same_key_and_content_within_ten_minutes_is_a_repeat() {
        let mut recent = RecentKeys::default();
        assert!(!recent.is_repeat("a", &frame(true, at(1)), at(1)));
        assert!(recent.is_repeat("a", &frame(true, at(600)), at(600)), "a second delivery, without a stamp");
        assert!(!recent.is_repeat("b", &frame(true, at(600)), at(600)));
        assert!(!recent.is_repeat("a", &frame(true, at(700)), at(700)), "after ten minutes it is a new one");
    }

    #[test]
    fn only_the_last_64_are_remembered() {
        let mut recent = RecentKeys::default();
        for n in 0..=KEYS_MAX {
            assert!(!recent.is_repeat(&n.to_string(), &frame(true, at(1)), at(1)));
        }
        assert!(recent.is_repeat("1", &frame(true, at(1)), at(1)));
        assert!(!recent.is_repeat("0", &frame(true, at(1)), at(1)));
    }

    #[test]
    fn a_key_that_never_changes_is_not_trusted() {
        let mut recent = RecentKeys::default();
        assert!(!recent.is_repeat("1", &frame(true, at(1)), at(1)));
        assert!(!recent.is_repeat("1", &frame(false, at(2)), at(2)));
        assert!(!recent.is_repeat("1", &frame(true, at(3)), at(3)), "the second fire is not hidden");
    }
}
