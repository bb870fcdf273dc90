//! Numbers that look random and are the same in every replay.

use watchfire_model::{DeviceKey, JournalId, Seq};

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    /// Differs from journal to journal, entry to entry and device to device: nobody foresees it, a replay repeats it.
    pub(crate) fn new(journal: JournalId, seq: Seq, device: &DeviceKey) -> Dice {
        let numbered = fold(fold(FNV_OFFSET, &journal.0), &seq.0.to_le_bytes());
        Dice(fold(fold(numbered, device.site.as_str().as_bytes()), device.name.as_str().as_bytes()))
    }

    /// From 0 to `bound` - 1; 0 when there is nothing to choose from.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0).checked_rem(bound).unwrap_or(0)
    }
}

/// A device's place in every period: always the same, and spread evenly over many devices.
pub(crate) fn place(device: &DeviceKey) -> u64 {
    mix(fold(fold(FNV_OFFSET, device.site.as_str().as_bytes()), device.name.as_str().as_bytes()))
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a, with the length at the end so that two texts in a row are not one.
fn fold(hash: u64, bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    (hash ^ u64::try_from(bytes.len()).unwrap_or(u64::MAX)).wrapping_mul(FNV_PRIME)
}

fn mix(number: u64) -> u64 {
    let mut z = number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
