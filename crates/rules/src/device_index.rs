//! From who a device is to its number. A million names would fill the processor's cache by themselves: here a device takes
//! eight bytes, its name stands in its own record, and one line of memory says which record to look at.
//!
//! Open addressing with linear probing. Nothing is ever taken out, so that a search ends at the first free place. The
//! hash is keyed at random, because names come from outside; no order depends on it. Whoever guesses it all the same can
//! make as many names meet as his site may have unclaimed devices.

use hashbrown::DefaultHashBuilder;
use std::hash::BuildHasher;
use watchfire_model::{DeviceName, SiteId, Source};

const FREE: u32 = u32::MAX;
const PLACES_MIN: usize = 16;

/// See the head of this file.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceIndex {
    /// A power of two of them, or none; at most three of four are taken.
    places: Vec<Place>,
    taken: usize,
    keys: DefaultHashBuilder,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    number: u32,
}

impl DeviceIndex {
    pub(crate) fn hash(&self, site: &SiteId, source: Source, name: &DeviceName) -> u32 {
        let hash = self.keys.hash_one((site.as_str(), source as u8, name.as_str()));
        u32::try_from(hash >> 32).expect("thirty-two bits are left")
    }

    /// The devices of that hash: hardly ever more than one.
    pub(crate) fn candidates(&self, hash: u32) -> impl Iterator<Item = u32> {
        let begin = self.begin(hash);
        let (before, from) = self.places.split_at_checked(begin).unwrap_or_default();
        let run = from.iter().chain(before).take_while(|place| place.number != FREE);
        run.filter(move |place| place.hash == hash).map(|place| place.number)
    }

    /// Takes in a device that is not there.
    pub(crate) fn insert(&mut self, hash: u32, number: u32) {
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            let more = vec![Place { hash: 0, number: FREE }; (self.places.len() * 2).max(PLACES_MIN)];
            for place in std::mem::replace(&mut self.places, more).into_iter().filter(|place| place.number != FREE) {
                self.put(place);
            }
        }
        self.put(Place { hash, number });
        self.taken += 1;
    }

    fn put(&mut self, place: Place) {
        let begin = self.begin(place.hash);
        let free = |place: &Place| place.number == FREE;
        let from = self.places.iter().skip(begin).position(free).map(|further| begin + further);
        let free = from.or_else(|| self.places.iter().position(free)).and_then(|free| self.places.get_mut(free));
        *free.expect("one of four places is free") = place;
    }

    /// Where the search for a hash begins: its upper bits, so that a larger table needs no other hashes.
    fn begin(&self, hash: u32) -> usize {
        let begin = (u64::from(hash) * self.places.len() as u64) >> 32;
        usize::try_from(begin).expect("it is less than the number of places")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_is_found_and_nobody_else() {
        let mut index = DeviceIndex::default();
        assert_eq!(index.candidates(7).next(), None);
        // Some share their hash, and some run over the end of the table.
        let hashes = |number: u32| if number.is_multiple_of(10) { u32::MAX } else { number.wrapping_mul(0x9e37_79b9) };
        for number in 0..1_000 {
            index.insert(hashes(number), number);
        }
        for number in 0..1_000 {
            assert_eq!(index.candidates(hashes(number)).filter(|found| *found == number).count(), 1);
            assert!(index.candidates(hashes(number)).all(|found| hashes(found) == hashes(number)));
        }
        assert_eq!(index.candidates(5).next(), None);
    }
}
