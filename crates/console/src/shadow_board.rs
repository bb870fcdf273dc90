//! What a draft of rules would have told, as the station tells it.

use watchfire_model::{Bilingual, Class, DeviceKey, PointName, SiteId, Timestamp, ZoneId};

/// A draft of rules that runs beside those in force and tells nobody.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowFacts {
    /// Its rules, as `name@version`.
    pub rules: Vec<String>,
    /// Since when it is compared; `None`: it has not begun.
    pub since: Option<Timestamp>,
    /// So many entries it has still to read.
    pub behind: u64,
    /// How it compares.
    pub summary: ShadowSummary,
    /// Its last calls, newest first.
    pub calls: Vec<ShadowCall>,
    /// The last differences, newest first.
    pub differences: Vec<ShadowDifference>,
}

/// How often a draft and those in force called, and how far they agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShadowSummary {
    /// At the same time.
    pub same: u64,
    /// Only the draft.
    pub new: u64,
    /// Only the rules in force.
    pub missing: u64,
    /// Both, the draft first.
    pub earlier: u64,
    /// Both, the draft later.
    pub later: u64,
    /// Calls of one that the other may still make, within an hour.
    pub waiting: usize,
}

/// A call that the draft would have made, or one that it misses.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowCall {
    /// When.
    pub at: Timestamp,
    /// `raised`, `escalated` or `reopened`.
    pub step: &'static str,
    /// The class.
    pub class: Class,
    /// Where.
    pub site: SiteId,
    /// In which zone.
    pub zone: Option<ZoneId>,
    /// At which device.
    pub device: Option<DeviceKey>,
    /// At which point.
    pub point: Option<PointName>,
    /// `name@version`.
    pub rule: String,
    /// Why.
    pub reason: Bilingual,
}

/// A difference between the draft and what was told.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowDifference {
    /// `new`, `missing`, `earlier` or `later`.
    pub change: &'static str,
    /// The draft's call; for `missing` that of the rules in force.
    pub call: ShadowCall,
    /// When people were told.
    pub was_at: Option<Timestamp>,
}
