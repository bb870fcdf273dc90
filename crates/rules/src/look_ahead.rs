//! Frames that are applied next are looked at together, before the first of them is. With many devices nearly every record
//! lies in main memory; one waits a tenth of a microsecond for each, and a frame needs several, one behind the other. Of
//! several frames one can wait for all first records at once, then for all second ones. Changes nothing but what the
//! processor's cache holds (group prefetching; Chen, Ailamaki, Gibbons and Mowry, "Improving hash join performance
//! through prefetching", ICDE 2004).

use crate::engine::Engine;
use std::hint::black_box;
use watchfire_model::{Decoded, SiteId};

/// So many frames are looked at together.
pub const LOOK_AHEAD_MAX: usize = 16;
/// A device with more series is a fire panel's, whose frames are about few of them.
const SERIES_MAX: usize = 8;

impl Engine {
    /// Fetches what frames concern that are to be applied next, [`LOOK_AHEAD_MAX`] at most. Changes nothing.
    pub fn look_ahead<'a>(&self, frames: impl IntoIterator<Item = (&'a SiteId, &'a Decoded)>) {
        let mut hashes = [0; LOOK_AHEAD_MAX];
        let mut named = 0;
        for (site, decoded) in frames {
            if let (Some(name), Some(place)) = (&decoded.device, hashes.get_mut(named)) {
                *place = self.fleet.hash(site, decoded.source, name);
                named += 1;
            }
        }
        let mut devices = [0; LOOK_AHEAD_MAX];
        let mut known = 0;
        for hash in hashes.iter().take(named) {
            if let (Some(device), Some(place)) = (self.fleet.candidate(*hash), devices.get_mut(known)) {
                *place = device;
                known += 1;
            }
        }
        let devices = || devices.iter().take(known).map(|device| self.fleet.device(*device));
        let lists = || devices().map(|device| &device.series).filter(|list| list.len() <= SERIES_MAX);
        let series = || lists().flatten().map(|(_, series)| self.fleet.series(*series));
        black_box(devices().fold(0, |sum, device| sum ^ device.touch()));
        black_box(devices().fold(0, |sum, device| sum ^ device.recent_keys.touch()));
        black_box(series().fold(0, |sum, series| sum ^ series.plan));
        black_box(series().fold(0, |sum, series| sum ^ series.touch()));
    }
}
