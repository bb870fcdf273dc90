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

/// Places are made, and given back, so many at a time.
const PLACES_STEP: usize = 4;
/// So many more than are used are kept.
const PLACES_SPARE_MAX: usize = 8;

/// The keys that a device used lately: a ring, the oldest first. A million devices have one each, so that a key takes 14
/// bytes. A frame is compared with the marks, which lie together; the rest is looked at only where one is equal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Option<Saved>", into = "Option<Saved>")]
pub(crate) struct RecentKeys {
    /// The marks of all places, the upper 16 bits of the keys' hashes. Behind them, place by place, the lower half of
    /// the hash, the content's, and when it came, in three 32-bit words of two halves each.
    halves: Box<[u16]>,
    /// When the newest came: all the others came at most [`KEYS_KEPT`] before.
    newest: Timestamp,
    /// The place of the oldest.
    first: u8,
    /// So many are remembered.
    count: u8,
    /// One key came with two contents.
    meaningless: bool,
}

/// Halves of a place behind its mark.
const REST: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    mark: u16,
    /// The lower half of its hash.
    key: u32,
    content: u32,
    /// The lower half of its microseconds: those within 71 min are told apart.
    at: u32,
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

impl From<RecentKeys> for Option<Saved> {
    fn from(recent: RecentKeys) -> Option<Saved> {
        let saved = |key: Key| SavedKey {
            key: u64::from(key.mark) << 48 | u64::from(key.key),
            content: key.content.into(),
            at: recent.newest.minus(span(key.at, low(recent.newest))),
        };
        let keys: Vec<SavedKey> = (0..recent.len()).map(|number| saved(recent.get(recent.place(number)))).collect();
        (recent.meaningless || !keys.is_empty()).then_some(Saved { keys, meaningless: recent.meaningless })
    }
}

impl From<Option<Saved>> for RecentKeys {
    fn from(saved: Option<Saved>) -> RecentKeys {
        let Some(mut saved) = saved else { return RecentKeys::default() };
        // Builds before this one kept older ones too.
        saved.keys.sort_by_key(|key| key.at);
        let mut recent = RecentKeys { meaningless: saved.meaningless, ..RecentKeys::default() };
        for key in &saved.keys {
            recent.forget_old(key.at);
            recent.remember(Key::new(key.key, key.content, key.at), key.at);
        }
        recent
    }
}

impl Key {
    fn new(hash: u64, content: u64, at: Timestamp) -> Key {
        let mark = u16::try_from(hash >> 48).expect("sixteen bits are left");
        Key { mark, key: lower(hash), content: lower(content), at: low(at) }
    }
}

impl RecentKeys {
    /// Whether this frame came before; remembers it. `now` never goes back.
    pub(crate) fn is_repeat(&mut self, key: &str, decoded: &Decoded, now: Timestamp) -> bool {
        if self.meaningless {
            return false;
        }
        self.forget_old(now);
        let mut hash = Fnv::default();
        hash.add(key.as_bytes());
        let new = Key::new(hash.0, content_hash(decoded, now), now);
        match self.find(new) {
            Some(seen) if seen.content == new.content => true,
            Some(_) => {
                *self = RecentKeys { meaningless: true, ..RecentKeys::default() };
                false
            }
            None => {
                self.remember(new, now);
                false
            }
        }
    }

    /// What a frame will look at and write.
    pub(crate) fn touch(&self) -> u16 {
        let next = self.place(self.len());
        let rest = self.halves.get(self.places() + next * REST).or(self.halves.last());
        let marks = self.halves.first().into_iter().chain(self.halves.get(32)).chain(rest);
        marks.fold(0, |sum, half| sum ^ half)
    }

    fn places(&self) -> usize {
        self.halves.len() / (1 + REST)
    }

    fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Where the key of that number lies, the oldest being 0.
    fn place(&self, number: usize) -> usize {
        let place = usize::from(self.first) + number;
        if place < self.places() { place } else { place - self.places() }
    }

    fn find(&self, key: Key) -> Option<Key> {
        let marks = self.halves.get(..self.places())?;
        // Every mark, without a way out at the first: so many at a time are compared.
        if !marks.iter().fold(false, |any, seen| any | (*seen == key.mark)) {
            return None;
        }
        (0..self.len())
            .map(|number| self.get(self.place(number)))
            .find(|seen| (seen.mark, seen.key) == (key.mark, key.key))
    }

    fn get(&self, place: usize) -> Key {
        let half = |place: usize| self.halves.get(place).copied().unwrap_or_default();
        let rest = self.places() + place * REST;
        let word = |number: usize| u32::from(half(rest + 2 * number)) | u32::from(half(rest + 2 * number + 1)) << 16;
        Key { mark: half(place), key: word(0), content: word(1), at: word(2) }
    }

    fn put(&mut self, place: usize, key: Key) {
        let rest = self.places() + place * REST;
        if let Some(mark) = self.halves.get_mut(place) {
            *mark = key.mark;
        }
        if let Some(rest) = self.halves.get_mut(rest..rest + REST) {
            let halves = [key.key, key.content, key.at].map(|word| [low_half(word), low_half(word >> 16)]);
            rest.copy_from_slice(halves.as_flattened());
        }
    }

    fn forget_old(&mut self, now: Timestamp) {
        if now.since(self.newest) > KEYS_KEPT {
            self.count = 0;
        }
        while self.count > 0 && span(self.get(usize::from(self.first)).at, low(now)) > KEYS_KEPT {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        self.first = u8::try_from(self.place(1)).expect("there are fewer places");
        self.count -= 1;
    }

    fn remember(&mut self, key: Key, now: Timestamp) {
        if self.len() >= KEYS_MAX {
            self.forget_oldest();
        }
        if self.len() >= self.places() || self.len() + PLACES_SPARE_MAX < self.places() {
            self.make_places((self.len() / PLACES_STEP + 1) * PLACES_STEP);
        }
        self.put(self.place(self.len()), key);
        self.count += 1;
        self.newest = now;
    }

    /// As many places, which are enough.
    fn make_places(&mut self, places: usize) {
        let halves = vec![0; places * (1 + REST)].into_boxed_slice();
        let mut other = RecentKeys { halves, first: 0, ..*self };
        for number in 0..self.len() {
            other.put(number, self.get(self.place(number)));
        }
        *self = other;
    }
}

fn low_half(word: u32) -> u16 {
    u16::try_from(word & u32::from(u16::MAX)).expect("sixteen bits are left")
}

fn lower(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).expect("thirty-two bits are left")
}

fn low(at: Timestamp) -> u32 {
    lower(at.as_micros().cast_unsigned())
}

/// From one to the other, less than 71 min later.
fn span(earlier: u32, later: u32) -> Duration {
    Duration::from_micros(later.wrapping_sub(earlier).into())
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
    fn places_of_old_keys_are_given_back() {
        let mut recent = RecentKeys::default();
        for n in 0..200 {
            recent.is_repeat(&n.to_string(), &frame(true, at(1)), at(1));
        }
        assert_eq!(recent.places(), KEYS_MAX);
        recent.is_repeat("later", &frame(true, at(3_600)), at(3_600));
        assert_eq!(recent.places(), PLACES_STEP);
        for n in 0..200 {
            recent.is_repeat(&n.to_string(), &frame(true, at(0)), at(3_600 + n * 60));
        }
        assert_eq!((recent.len(), recent.places()), (11, 12), "of ten minutes, both ends included");
        assert!(recent.is_repeat("189", &frame(true, at(0)), at(3_600 + 199 * 60)));
        assert!(!recent.is_repeat("188", &frame(true, at(0)), at(3_600 + 199 * 60)));
    }

    #[test]
    fn a_key_that_never_changes_is_not_trusted() {
        let mut recent = RecentKeys::default();
        assert!(!recent.is_repeat("1", &frame(true, at(1)), at(1)));
        assert!(!recent.is_repeat("1", &frame(false, at(2)), at(2)));
        assert!(!recent.is_repeat("1", &frame(true, at(3)), at(3)), "the second fire is not hidden");
    }
}
