//! What is drawn by chance for a story.

use crate::chance::Chance;

impl Chance {
    /// A row of numbers of its own for each name and seed.
    pub(crate) fn of(name: &str, seed: u64) -> Chance {
        let named = name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte));
        let mut chance = Chance(named);
        chance.next();
        chance
    }

    /// Between two figures.
    pub(crate) fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.next()
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let drawn = self.next() * f64::from(u32::try_from(all.len()).unwrap());
        let mut places = (1u32..).zip(all);
        places.find(|(place, _)| drawn <= f64::from(*place)).map(|(_, one)| *one).unwrap()
    }
}
