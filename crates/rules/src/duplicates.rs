//! Frames that came twice. A device's last 64 idempotency keys of 10 minutes are remembered, as hashes.
//!
//! A key alone does not make a duplicate: a device whose firmware sends one key for ever would fall silent, and its fire
//! with it. Only the same key with the same content is one; a key that comes back with other content shows that the
//! device's keys mean nothing, and they are not looked at again. And as keys may name a state (`on`, `off`), a repeat
//! counts for nothing only where nothing else was heard in between, and never where it is an alarm: `frames.rs`.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::{Decoded, Timestamp, Value};

/// So many keys are remembered per device.
pub const KEYS_MAX: usize = 64;
/// For so long.
pub const KEYS_KEPT: Duration = Duration::from_secs(600);

/// The keys a device used lately: a ring, in which the oldest is overwritten. A frame is compared with the marks, which lie
/// together in two lines of the processor's cache; the rest is looked at only where one is equal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct RecentKeys {
    /// The upper 16 bits of the keys' hashes.
    marks: Vec<u16>,
    keys: Vec<Key>,
    /// Where the next one goes once the ring is full: the oldest.
    oldest: usize,
    /// One key came with two contents.
    meaningless: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    /// The lower half of its hash.
    key: u32,
    content: u32,
    at: Timestamp,
}

/// The form in snapshots: the oldest first.
#[derive(Serialize, Deserialize)]
struct Saved {
    keys: Vec<SavedKey>,
    meaningless: bool,
}

#[derive(Serialize, Deserialize)]
struct SavedKey {
    key: u64,
    content: u64,
    at: Timestamp,
}

impl From<RecentKeys> for Saved {
    fn from(recent: RecentKeys) -> Saved {
        let both = recent.marks.iter().zip(&recent.keys);
        let saved = |(mark, key): (&u16, &Key)| SavedKey {
            key: u64::from(*mark) << 48 | u64::from(key.key),
            content: key.content.into(),
            at: key.at,
        };
        let mut keys: Vec<SavedKey> = both.map(saved).collect();
        let oldest = recent.oldest.min(keys.len());
        keys.rotate_left(oldest);
        Saved { keys, meaningless: recent.meaningless }
    }
}

impl From<Saved> for RecentKeys {
    fn from(mut saved: Saved) -> RecentKeys {
        saved.keys.truncate(KEYS_MAX);
        let key = |saved: &SavedKey| Key { key: lower(saved.key), content: lower(saved.content), at: saved.at };
        RecentKeys {
            marks: saved.keys.iter().map(|saved| mark(saved.key)).collect(),
            keys: saved.keys.iter().map(key).collect(),
            oldest: 0,
            meaningless: saved.meaningless,
        }
    }
}

impl RecentKeys {
    /// Whether this frame came before; remembers it.
    pub(crate) fn is_repeat(&mut self, key: &str, decoded: &Decoded, now: Timestamp) -> bool {
        if self.meaningless {
            return false;
        }
        let mut hash = Fnv::default();
        hash.add(key.as_bytes());
        let new = Key { key: lower(hash.0), content: lower(content_hash(decoded, now)), at: now };
        let mark = mark(hash.0);
        match self.find(mark, new.key) {
            // Long past: as if it were new, but it keeps its place in the ring.
            Some(seen) if now.since(seen.at) > KEYS_KEPT => {
                *seen = new;
                false
            }
            Some(seen) if seen.content == new.content => true,
            Some(_) => {
                *self = RecentKeys { meaningless: true, ..RecentKeys::default() };
                false
            }
            None => {
                self.remember(mark, new);
                false
            }
        }
    }

    fn find(&mut self, mark: u16, key: u32) -> Option<&mut Key> {
        // Every mark, without a way out at the first: so many at a time are compared.
        if !self.marks.iter().fold(false, |any, seen| any | (*seen == mark)) {
            return None;
        }
        let both = self.marks.iter().zip(&mut self.keys);
        both.filter(|(seen, _)| **seen == mark).map(|(_, seen)| seen).find(|seen| seen.key == key)
    }

    fn remember(&mut self, mark: u16, key: Key) {
        if self.marks.len() < KEYS_MAX {
            self.marks.push(mark);
            self.keys.push(key);
            return;
        }
        if let (Some(old_mark), Some(old_key)) = (self.marks.get_mut(self.oldest), self.keys.get_mut(self.oldest)) {
            (*old_mark, *old_key) = (mark, key);
        }
        self.oldest = (self.oldest + 1) % KEYS_MAX;
    }
}

fn mark(hash: u64) -> u16 {
    u16::try_from(hash >> 48).expect("sixteen bits are left")
}

fn lower(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).expect("thirty-two bits are left")
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
pub(crate) struct Fnv(pub(crate) u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
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
    fn a_ring_that_has_gone_round_survives_a_snapshot() {
        let mut recent = RecentKeys::default();
        for n in 0..100 {
            recent.is_repeat(&n.to_string(), &frame(true, at(0)), at(1));
        }
        let bytes = postcard::to_stdvec(&recent).unwrap();
        let mut restored: RecentKeys = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(postcard::to_stdvec(&restored).unwrap(), bytes);
        for n in 36..100 {
            assert!(restored.is_repeat(&n.to_string(), &frame(true, at(0)), at(2)), "{n}");
        }
        // The next one takes the place of the oldest in both.
        for recent in [&mut recent, &mut restored] {
            assert!(!recent.is_repeat("new", &frame(true, at(0)), at(2)));
            assert!(!recent.is_repeat("36", &frame(true, at(0)), at(2)));
        }
    }

    #[test]
    fn a_key_that_never_changes_is_not_trusted() {
        let mut recent = RecentKeys::default();
        assert!(!recent.is_repeat("1", &frame(true, at(1)), at(1)));
        assert!(!recent.is_repeat("1", &frame(false, at(2)), at(2)));
        assert!(!recent.is_repeat("1", &frame(true, at(3)), at(3)), "the second fire is not hidden");
    }
}
