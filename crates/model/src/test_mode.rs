//! Test and maintenance mode: for a while, what is raised in a scope is kept and marked and wakes nobody.

use crate::{DeviceKey, SiteId, ZoneId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Names a test: the journal entry of the order that began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TestId(pub u64);

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestScope {
    /// A whole site.
    Site(SiteId),
    /// Parts of a site.
    Parts {
        /// Of which.
        site: SiteId,
        /// These zones. A fire panel hangs in a zone, its points do not: it is tested only where it is named itself.
        zones: BTreeSet<ZoneId>,
        /// These devices.
        devices: BTreeSet<DeviceKey>,
    },
}

impl TestScope {
    /// The site.
    pub fn site(&self) -> &SiteId {
        match self {
            TestScope::Site(site) | TestScope::Parts { site, .. } => site,
        }
    }
}
