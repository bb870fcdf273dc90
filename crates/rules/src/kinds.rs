//! What is measured where on a device, numbered: a million devices share a few kinds, and a reading finds its series by
//! number without touching the series of its neighbours.

use hashbrown::DefaultHashBuilder;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use watchfire_model::{Metric, PointName};

/// The kinds that were met, numbered in that order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(Metric, PointName)>", into = "Vec<(Metric, PointName)>")]
pub(crate) struct Kinds {
    list: Vec<(Metric, PointName)>,
    /// Only looked up, never walked.
    numbers: BTreeMap<Metric, HashMap<PointName, u32, DefaultHashBuilder>>,
}

impl Kinds {
    pub(crate) fn find(&self, metric: &Metric, point: &PointName) -> Option<u32> {
        self.numbers.get(metric)?.get(point).copied()
    }

    /// The number of that kind, given now when it is new.
    pub(crate) fn number(&mut self, metric: &Metric, point: &PointName) -> u32 {
        let next =
            u32::try_from(self.list.len()).expect("there are no more kinds than series, which are fewer than 2^32");
        let number = *self.numbers.entry(metric.clone()).or_default().entry(point.clone()).or_insert(next);
        if number == next {
            self.list.push((metric.clone(), point.clone()));
        }
        number
    }

    pub(crate) fn metric(&self, number: u32) -> &Metric {
        &self.get(number).0
    }

    pub(crate) fn point(&self, number: u32) -> &PointName {
        &self.get(number).1
    }

    pub(crate) fn holds(&self, number: u32) -> bool {
        (number as usize) < self.list.len()
    }

    fn get(&self, number: u32) -> &(Metric, PointName) {
        self.list.get(number as usize).expect("numbers come from this table")
    }
}

impl From<Vec<(Metric, PointName)>> for Kinds {
    fn from(list: Vec<(Metric, PointName)>) -> Kinds {
        let mut kinds = Kinds::default();
        for (metric, point) in &list {
            kinds.number(metric, point);
        }
        kinds
    }
}

impl From<Kinds> for Vec<(Metric, PointName)> {
    fn from(kinds: Kinds) -> Vec<(Metric, PointName)> {
        kinds.list
    }
}
