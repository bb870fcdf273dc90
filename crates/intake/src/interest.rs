//! What is subscribed to, so that a frame nobody hears is never copied for the router.

use arc_swap::ArcSwap;
use compact_str::CompactString;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::topics;

/// More filters of one site than this are not looked through: everything is then of interest.
const FILTERS_LOOKED_THROUGH: usize = 64;

type Filters = HashMap<CompactString, Vec<String>>;

/// The filters in force, by site.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    count: AtomicUsize,
    filters: ArcSwap<Filters>,
    counted: Mutex<BTreeMap<(CompactString, String), usize>>,
}

/// Holds one subscription's interest.
#[derive(Debug)]
pub(crate) struct Interested {
    interest: Arc<Interest>,
    key: (CompactString, String),
}

impl Interest {
    /// From here on, `filter` of `site` is heard.
    pub(crate) fn add(self: &Arc<Self>, site: &str, filter: &str) -> Interested {
        let key = (CompactString::from(site), filter.to_owned());
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.entry(key.clone()).or_insert(0) += 1;
        self.publish(&counted);
        Interested { interest: Arc::clone(self), key }
    }

    /// Whether somebody may hear a message to `topic` of `site`.
    pub(crate) fn hears(&self, site: &str, topic: &str) -> bool {
        if self.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let filters = self.filters.load();
        let Some(filters) = filters.get(site) else { return false };
        filters.len() > FILTERS_LOOKED_THROUGH || filters.iter().any(|filter| topics::matches(filter, topic))
    }

    fn publish(&self, counted: &BTreeMap<(CompactString, String), usize>) {
        let mut filters = Filters::new();
        for (site, filter) in counted.keys() {
            filters.entry(site.clone()).or_default().push(filter.clone());
        }
        self.filters.store(Arc::new(filters));
        self.count.store(counted.len(), Ordering::Release);
    }
}

impl Drop for Interested {
    fn drop(&mut self) {
        let mut counted = self.interest.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counted.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counted.remove(&self.key);
                self.interest.publish(&counted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_is_by_site_and_ends() {
        let interest = Arc::new(Interest::default());
        assert!(!interest.hears("a", "x/y"));
        let (one, two) = (interest.add("a", "x/#"), interest.add("a", "x/#"));
        assert!(interest.hears("a", "x/y") && !interest.hears("b", "x/y") && !interest.hears("a", "z"));
        drop(one);
        assert!(interest.hears("a", "x/y"));
        drop(two);
        assert!(!interest.hears("a", "x/y"));
    }
}
