//! The newest readings that the score looks at, of one site: found with one search, bounded, and still while a value
//! only wanders.

use super::settings::{Origin, WHOLE};
use super::watch::Use;
use crate::event_time::OVERTAKEN_WITHIN;
use serde::{Deserialize, Serialize};
use watchfire_model::{DeviceName, Metric, PointName, Reading, Source, Timestamp, Value, ZoneId};

/// So many readings of one site are held; further series are not counted.
pub const HELD_PER_SITE_MAX: usize = 256;
/// A score follows a reading when that moves its share of a factor's points by this much, in thousandths: noise moves
/// nothing.
const MOVES: u32 = WHOLE / 40;

/// The newest reading of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) source: Source,
    pub(crate) device: DeviceName,
    pub(crate) metric: Metric,
    pub(crate) point: PointName,
    pub(crate) from: Origin,
    /// Where the device hangs; for a figure of the site the zone that its point names.
    pub(crate) zone: Option<ZoneId>,
    /// The newest value, in thousandths.
    pub(crate) value: i64,
    /// The value that the score counts, in thousandths.
    pub(crate) judged: i64,
    /// Event time of the newest.
    pub(crate) said_at: Timestamp,
    /// When it was received.
    pub(crate) received_at: Timestamp,
}

/// What a reading was to the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Older than what is known, or one series too many.
    Refused,
    /// New, and the score stays.
    Still,
    /// New, and the score must be looked at.
    Moved,
}

/// The readings of one site, in the order of their series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Readings(Vec<Held>);

impl Readings {
    /// Takes a reading of a series that may be new; `zone` is asked only then.
    pub(crate) fn take(
        &mut self,
        series: (Source, &DeviceName, Origin),
        reading: &Reading,
        at: (Timestamp, Timestamp),
        uses: &[Use],
        zone: impl FnOnce() -> Option<ZoneId>,
    ) -> Taken {
        let (source, device, from) = series;
        let (said_at, received_at) = at;
        let value = thousandths(reading.value);
        let key = (source, device, &reading.metric, &reading.point);
        match self.0.binary_search_by(|held| (held.source, &held.device, &held.metric, &held.point).cmp(&key)) {
            Ok(place) => {
                let Some(held) = self.0.get_mut(place).filter(|held| held.is_before(said_at, received_at)) else {
                    return Taken::Refused;
                };
                let was_fresh = uses.iter().all(|used| held.fresh(received_at, used.stale_after_h));
                (held.value, held.said_at, held.received_at) = (value, said_at, received_at);
                if was_fresh && !held.moves(uses) {
                    return Taken::Still;
                }
                held.judged = value;
                Taken::Moved
            }
            Err(_) if self.0.len() >= room_for(from) => Taken::Refused,
            Err(place) => {
                let (device, metric, point) = (device.clone(), reading.metric.clone(), reading.point.clone());
                let (zone, judged) = (zone(), value);
                let held = Held { source, device, metric, point, from, zone, value, judged, said_at, received_at };
                self.0.insert(place, held);
                Taken::Moved
            }
        }
    }

    /// Those that a factor looks at.
    pub(crate) fn of(&self, metric: &Metric, from: Origin) -> impl Iterator<Item = &Held> {
        self.0.iter().filter(move |held| held.from == from && held.metric == *metric)
    }

    pub(crate) fn all(&self) -> &[Held] {
        &self.0
    }

    /// Follows a change of the set-up.
    pub(crate) fn place_anew(&mut self, zone: impl Fn(&Held) -> Option<ZoneId>) {
        for held in &mut self.0 {
            held.zone = zone(held);
        }
    }
}

impl Held {
    /// Whether a reading of that time is newer: by its own stamp, or because the device's clock was set back.
    fn is_before(&self, said_at: Timestamp, received_at: Timestamp) -> bool {
        said_at > self.said_at || received_at.since(self.received_at) > OVERTAKEN_WITHIN
    }

    /// Whether some factor's points move by the newest value.
    fn moves(&self, uses: &[Use]) -> bool {
        self.value != self.judged
            && uses.iter().any(|used| {
                let Some(scale) = used.scale else { return true };
                let (old, new) = (scale.level(self.judged), scale.level(self.value));
                old.abs_diff(new) >= MOVES || (new == 0) != (old == 0)
            })
    }

    /// Whether it is still believed.
    pub(crate) fn fresh(&self, now: Timestamp, stale_after_h: Option<u32>) -> bool {
        self.stale_at(stale_after_h).is_none_or(|at| now < at)
    }

    /// From when on it is not.
    pub(crate) fn stale_at(&self, stale_after_h: Option<u32>) -> Option<Timestamp> {
        let hours = stale_after_h?;
        Some(self.received_at.plus(std::time::Duration::from_secs(u64::from(hours) * 3_600)))
    }
}

/// The last places are for the site's own figures and the weather: a wall of meters must not push them out.
fn room_for(from: Origin) -> usize {
    match from {
        Origin::Device => HELD_PER_SITE_MAX * 3 / 4,
        Origin::Site | Origin::Weather => HELD_PER_SITE_MAX,
    }
}

/// A value in thousandths; true is one.
#[expect(clippy::cast_possible_truncation, reason = "clamped far inside the range of i64 before")]
fn thousandths(value: Value) -> i64 {
    const BOUND: f64 = 1e15;
    match value {
        Value::Bool(value) => i64::from(value) * 1_000,
        Value::Number(number) => (number * 1_000.0).clamp(-BOUND, BOUND).round() as i64,
    }
}
