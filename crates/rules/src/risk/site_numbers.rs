//! The numbers of sites by their ids: only looked up, never walked, so that the order of a hash table is not to be seen.

use std::collections::HashMap;
use watchfire_model::SiteId;

/// Which site has which number.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteNumbers(HashMap<SiteId, u32>);

impl SiteNumbers {
    pub(crate) fn find(&self, site: &str) -> Option<u32> {
        self.0.get(site).copied()
    }

    pub(crate) fn give(&mut self, site: SiteId, number: u32) {
        self.0.insert(site, number);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
