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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effects, Event, RuleSet, SetUp, Stamp};
    use watchfire_model::{JournalId, Metric, Reading, Seq, Sites, Source, Timestamp, Value};

    /// A frame of a device, or of none, with so many points.
    fn frame(device: Option<usize>, points: usize) -> Decoded {
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = device.map(|device| format!("d{device}").parse().unwrap());
        for point in 0..points {
            let (point, at) = (format!("p{point}").parse().unwrap(), Timestamp::from_seconds(1_772_323_200));
            let (metric, value) =
                (Metric::SmokeAlarm, Value::Bool(point == watchfire_model::PointName::new("p1").unwrap()));
            decoded.readings.push(Reading { point, metric, value, vendor_unit: None, at });
        }
        decoded
    }

    fn apply(engine: &mut Engine, seq: u64, event: &Event<'_>) -> Effects {
        let mut effects = Effects::default();
        let stamp = Stamp { seq: Seq(seq), at: Timestamp::from_seconds(1_772_323_200) };
        engine.apply(stamp, event, &mut effects);
        effects
    }

    #[test]
    fn looking_ahead_changes_nothing_whatever_is_looked_at() {
        let site: SiteId = "home".parse().unwrap();
        let mut looking = Engine::new(JournalId([1; 16]));
        let set_up = SetUp { sites: Sites::default(), rules: RuleSet::built_in() };
        apply(&mut looking, 1, &Event::Setup(&set_up));
        let mut plain = looking.clone();
        // Known devices, unknown ones, none at all, more series than are fetched, more frames than fit.
        let frames: Vec<Decoded> = (0..3 * LOOK_AHEAD_MAX)
            .map(|n| frame((n % 7 != 3).then_some(n % 20), if n % 5 == 4 { SERIES_MAX + 3 } else { n % 3 }))
            .collect();
        for (seq, decoded) in (2..).zip(frames.iter().chain(&frames)) {
            looking.look_ahead(frames.iter().map(|decoded| (&site, decoded)));
            looking.look_ahead([(&site, decoded)]);
            looking.look_ahead([]);
            let event = Event::Decoded { site: &site, decoded };
            assert_eq!(apply(&mut looking, seq, &event), apply(&mut plain, seq, &event));
        }
        assert!(looking.alerts().count() > 3, "there was something to look at");
        assert!(looking.snapshot() == plain.snapshot());
    }
}
