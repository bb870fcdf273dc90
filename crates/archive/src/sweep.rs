//! Points of one series from several places, brought into one order of event time: what is complete goes on to the
//! answer, what may still get a neighbour waits.

use crate::downsample::{Downsampler, SeriesPoint};
use crate::point::{Point, normalise};
use crate::readings::POINTS_MAX;
use watchfire_model::Timestamp;

/// See the head of this file.
pub(crate) struct Sweep {
    /// Points that may still get others between them.
    pub(crate) pending: Vec<Point>,
    waiting: std::iter::Peekable<std::vec::IntoIter<Point>>,
    sampler: Downsampler,
}

impl Sweep {
    /// With points that are known beforehand, in order of event time.
    pub(crate) fn new(waiting: Vec<Point>, points_max: usize) -> Sweep {
        let sampler = Downsampler::new(points_max.min(POINTS_MAX));
        Sweep { pending: Vec::new(), waiting: waiting.into_iter().peekable(), sampler }
    }

    /// Takes the next point of those that come in order of event time.
    pub(crate) fn push(&mut self, point: Point) {
        if self.pending.last().is_some_and(|last| last.at < point.at) {
            self.pass(point.at);
        }
        self.pending.push(point);
    }

    /// Hands on everything before that time.
    pub(crate) fn pass(&mut self, time: i64) {
        while let Some(point) = self.waiting.next_if(|point| point.at < time) {
            self.pending.push(point);
        }
        normalise(&mut self.pending);
        let complete = self.pending.partition_point(|point| point.at < time);
        for point in self.pending.drain(..complete) {
            self.sampler.push(SeriesPoint { at: Timestamp(point.at), value: point.value });
        }
    }

    /// The points of the answer.
    pub(crate) fn finish(mut self) -> Vec<SeriesPoint> {
        self.pending.extend(self.waiting.by_ref());
        normalise(&mut self.pending);
        for point in &self.pending {
            self.sampler.push(SeriesPoint { at: Timestamp(point.at), value: point.value });
        }
        self.sampler.finish()
    }
}
