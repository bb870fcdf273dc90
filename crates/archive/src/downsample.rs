//! Fewer points of a series that show the same: of each stretch of time the first, the lowest, the highest, the last,
//! and the two sides of the largest jump. A peak of one reading survives any reduction, and so does the place of a step:
//! without the two sides a switch would be drawn as a slope.
//!
//! The points come in order of time and are not kept: when there are too many stretches, neighbours are joined and
//! the stretch doubles, so that the whole of a year takes the memory of one answer.

use watchfire_model::{Timestamp, Value};

/// One point of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesPoint {
    /// Event time.
    pub at: Timestamp,
    /// The value.
    pub value: Value,
}

/// Fewest points that show a curve at all: those of one stretch.
pub(crate) const POINTS_MIN: usize = 6;

/// Takes points in order of time and gives back at most `points_max` of them.
pub(crate) struct Downsampler {
    points_max: usize,
    /// All points, as long as they are few enough.
    whole: Vec<SeriesPoint>,
    stretches: Vec<Stretch>,
    origin: i64,
    width: i64,
    taken: u64,
}

#[derive(Clone, Copy)]
struct Stretch {
    index: i64,
    first: Numbered,
    lowest: Numbered,
    highest: Numbered,
    last: Numbered,
    /// The neighbours that are furthest apart; the first such.
    jump: Option<(Numbered, Numbered)>,
}

/// A point and its place in the order, which tells two equal points apart.
type Numbered = (u64, SeriesPoint);

impl Downsampler {
    pub(crate) fn new(points_max: usize) -> Downsampler {
        let points_max = points_max.max(POINTS_MIN);
        Downsampler { points_max, whole: Vec::new(), stretches: Vec::new(), origin: 0, width: 0, taken: 0 }
    }

    /// Takes the next point.
    pub(crate) fn push(&mut self, point: SeriesPoint) {
        if self.width == 0 {
            self.whole.push(point);
            if self.whole.len() > self.points_max {
                self.begin_stretches();
            }
        } else {
            self.add(point);
        }
    }

    /// The points that stay, in order of time.
    pub(crate) fn finish(self) -> Vec<SeriesPoint> {
        if self.width == 0 {
            return self.whole;
        }
        let mut points = Vec::with_capacity(self.stretches.len() * POINTS_MIN);
        for stretch in &self.stretches {
            let (before, after) = stretch.jump.unwrap_or((stretch.first, stretch.last));
            let mut six = [stretch.first, stretch.lowest, stretch.highest, before, after, stretch.last];
            six.sort_unstable_by_key(|(number, _)| *number);
            let mut last = None;
            for (number, point) in six {
                if last != Some(number) {
                    points.push(point);
                }
                last = Some(number);
            }
        }
        points
    }

    fn begin_stretches(&mut self) {
        let whole = std::mem::take(&mut self.whole);
        let (Some(first), Some(last)) = (whole.first(), whole.last()) else { return };
        self.origin = first.at.0;
        let count = i64::try_from(self.stretches_max()).unwrap_or(i64::MAX);
        self.width = (last.at.0.saturating_sub(first.at.0) / count).saturating_add(1);
        for point in whole {
            self.add(point);
        }
    }

    fn stretches_max(&self) -> usize {
        self.points_max / POINTS_MIN
    }

    fn add(&mut self, point: SeriesPoint) {
        let numbered = (self.taken, point);
        self.taken += 1;
        let index = point.at.0.saturating_sub(self.origin) / self.width;
        let new = Stretch { index, first: numbered, lowest: numbered, highest: numbered, last: numbered, jump: None };
        match self.stretches.last_mut().filter(|last| last.index == index) {
            Some(last) => last.join(&new),
            None => self.stretches.push(new),
        }
        while self.stretches.len() > self.stretches_max() {
            self.double();
        }
    }

    fn double(&mut self) {
        self.width = self.width.saturating_mul(2);
        for stretch in &mut self.stretches {
            stretch.index /= 2;
        }
        self.stretches.dedup_by(|later, earlier| {
            let same = later.index == earlier.index;
            if same {
                earlier.join(later);
            }
            same
        });
    }
}

impl Stretch {
    fn join(&mut self, later: &Stretch) {
        for jump in [Some((self.last, later.first)), later.jump].into_iter().flatten() {
            if self.jump.is_none_or(|known| height_of(jump) > height_of(known)) {
                self.jump = Some(jump);
            }
        }
        self.last = later.last;
        if number_of(later.lowest) < number_of(self.lowest) {
            self.lowest = later.lowest;
        }
        if number_of(later.highest) > number_of(self.highest) {
            self.highest = later.highest;
        }
    }
}

fn number_of((_, point): Numbered) -> f64 {
    match point.value {
        Value::Bool(value) => f64::from(u8::from(value)),
        Value::Number(value) => value,
    }
}

fn height_of((before, after): (Numbered, Numbered)) -> f64 {
    (number_of(after) - number_of(before)).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(points_max: usize, points: &[(i64, f64)]) -> Vec<(i64, f64)> {
        let mut sampler = Downsampler::new(points_max);
        for (at, value) in points {
            sampler.push(SeriesPoint { at: Timestamp(*at), value: Value::Number(*value) });
        }
        sampler.finish().iter().map(|point| (point.at.0, point.value.as_number().unwrap())).collect()
    }

    fn series() -> impl Strategy<Value = Vec<(i64, f64)>> {
        prop::collection::vec((0i64..1_000_000, -50i32..500), 1..600).prop_map(|steps| {
            let mut at = -40_000_000;
            steps
                .into_iter()
                .map(|(step, value)| {
                    // Now and then a long silence.
                    at += if step % 97 == 0 { step * 1_000 } else { step };
                    (at, f64::from(value))
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn ends_and_extremes_survive(points in series(), points_max in 0usize..300) {
            let out = sample(points_max, &points);
            prop_assert!(out.len() <= points_max.max(POINTS_MIN));
            prop_assert!(out.iter().all(|point| points.contains(point)), "nothing is invented");
            prop_assert!(out.is_sorted_by_key(|(at, _)| *at));
            prop_assert_eq!(out.first(), points.first());
            prop_assert_eq!(out.last(), points.last());
            let extreme = |points: &[(i64, f64)]| {
                points.iter().fold((f64::MAX, f64::MIN), |(low, high), (_, value)| (low.min(*value), high.max(*value)))
            };
            prop_assert_eq!(extreme(&out), extreme(&points));
            if points.len() <= points_max {
                prop_assert_eq!(out, points);
            }
        }

        #[test]
        fn a_step_stays_where_it_is(before in 1usize..400, after in 1usize..400, points_max in 8usize..64) {
            let points: Vec<(i64, f64)> =
                (0..before + after).map(|n| (i64::try_from(n).unwrap() * 1_000, if n < before { 0.0 } else { 1.0 })).collect();
            let out = sample(points_max, &points);
            prop_assert!(out.contains(&points[before - 1]), "the last reading before the step");
            prop_assert!(out.contains(&points[before]), "the first reading after the step");
        }
    }

    #[test]
    fn a_long_series_uses_at_least_half_of_what_it_may() {
        let points: Vec<(i64, f64)> =
            (0..100_000).map(|n| (n * 1_000_000, f64::from(u8::try_from(n % 251).unwrap()))).collect();
        let out = sample(2_000, &points);
        assert!((900..=2_000).contains(&out.len()), "{} points", out.len());
    }
}
