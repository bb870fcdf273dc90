//! The draft of rules that runs in the shadow of those in force.

use super::{AlertSite, AlertZone, Text, When};
use crate::names::Names;
use crate::shadow_board::{ShadowCall, ShadowDifference, ShadowFacts};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a draft runs, and what it would have told.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ShadowPage {
    /// `null`: there is no draft (`shadow_rules` in `watchfire.toml`).
    pub draft: Option<ShadowView>,
}

/// A draft of rules. Nobody is told of what it raises.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ShadowView {
    /// Its rules, as `name@version`.
    pub rules: Vec<String>,
    /// Since when it is compared: since the start of the station or the last change of the draft.
    pub since: Option<When>,
    /// Entries that it has still to read; alarms do not wait for it.
    pub behind: u64,
    /// Calls at the same time as the rules in force.
    pub same: u64,
    /// Calls that only the draft would have made.
    pub new: u64,
    /// Calls that only the rules in force have made.
    pub missing: u64,
    /// Calls of both, the draft's first.
    pub earlier: u64,
    /// Calls of both, the draft's later.
    pub later: u64,
    /// Calls of one that the other may still make, within an hour.
    pub waiting: usize,
    /// What the draft would have told, newest first, at most 200.
    pub calls: Vec<ShadowCallView>,
    /// The differences, newest first, at most 200.
    pub differences: Vec<ShadowDifferenceView>,
}

/// A call: an alert that began, became more urgent, or came back.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ShadowCallView {
    /// When.
    pub at: When,
    /// `raised`, `escalated` or `reopened`.
    pub step: &'static str,
    /// The class.
    pub class: &'static str,
    /// Where.
    pub site: AlertSite,
    /// In which zone.
    pub zone: Option<AlertZone>,
    /// What people call the device.
    pub device: Option<Text>,
    /// The point.
    pub point: Option<String>,
    /// `name@version`.
    pub rule: String,
    /// One sentence with the figures that decided.
    pub reason: Text,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ShadowDifferenceView {
    /// `new`, `missing`, `earlier` or `later`.
    pub change: &'static str,
    /// The draft's call; for `missing` that of the rules in force.
    pub call: ShadowCallView,
    /// When people were told; `null` for `new`.
    pub was_at: Option<When>,
}

impl ShadowView {
    pub(crate) fn new(facts: &ShadowFacts, names: &Names) -> ShadowView {
        let difference = |difference: &ShadowDifference| ShadowDifferenceView {
            change: difference.change,
            call: ShadowCallView::new(&difference.call, names),
            was_at: difference.was_at.map(When),
        };
        let summary = &facts.summary;
        ShadowView {
            rules: facts.rules.clone(),
            since: facts.since.map(When),
            behind: facts.behind,
            same: summary.same,
            new: summary.new,
            missing: summary.missing,
            earlier: summary.earlier,
            later: summary.later,
            waiting: summary.waiting,
            calls: facts.calls.iter().map(|call| ShadowCallView::new(call, names)).collect(),
            differences: facts.differences.iter().map(difference).collect(),
        }
    }
}

impl ShadowCallView {
    fn new(call: &ShadowCall, names: &Names) -> ShadowCallView {
        let label = |device: &watchfire_model::DeviceKey| {
            names.device(device).map_or_else(|| Text::same(device.name.as_str()), |known| known.label.clone())
        };
        ShadowCallView {
            at: When(call.at),
            step: call.step,
            class: call.class.as_str(),
            site: names.alert_site(&call.site),
            zone: call.zone.as_ref().map(|zone| names.alert_zone(&call.site, zone)),
            device: call.device.as_ref().map(label),
            point: call.point.as_ref().map(ToString::to_string),
            rule: call.rule.clone(),
            reason: Text::from(&call.reason),
        }
    }
}
