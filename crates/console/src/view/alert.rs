//! An alert as a person reads it: with the names of the set-up in force instead of bare ids.

use super::{DeliveryView, Label, Text, TransitionView, ValueView, VerdictView, When};
use crate::names::Names;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_model::{Alert, Condition, DeviceKey, Evidence};

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertView {
    /// `<journal>-<cause>-<ordinal>`.
    pub id: String,
    /// `fire`, `gas`, `co`, `early_warning`, `water`, `electrical`, `supervisory`, `fault`, `offline`, `security`, `information`.
    pub class: &'static str,
    /// `critical`, `major`, `minor`, `info`.
    pub severity: &'static str,
    /// `active` or `cleared`.
    pub condition: &'static str,
    /// `open`, `acknowledged`, `verified`, `forwarded`, `closed`.
    pub handling: &'static str,
    /// The finding, once there is one.
    pub verdict: Option<VerdictView>,
    /// Where.
    pub site: AlertSite,
    /// In which part of the site, when known.
    pub zone: Option<AlertZone>,
    /// Which device is at the root of it, when one is.
    pub device: Option<AlertDevice>,
    /// Which point of the device.
    pub point: Option<String>,
    /// `name@version` of the rule that raised it.
    pub rule: String,
    /// One sentence with the figures that decided.
    pub reason: Text,
    /// The readings that decided.
    pub evidence: Vec<EvidenceView>,
    /// The deciding reading came much later than it was measured.
    pub late: bool,
    /// The incident: alerts of one building and time have the same; `null` for alerts in none and for those long over.
    pub incident: Option<String>,
    /// It belongs to a test: nobody is woken by it.
    pub test: bool,
    /// When it began.
    pub raised_at: When,
    /// When it last changed.
    pub changed_at: When,
    /// When it was first acknowledged.
    pub acknowledged_at: Option<When>,
    /// Who acknowledged it first.
    pub acknowledged_by: Option<String>,
}

/// A page of alerts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertPage {
    /// The alerts, sorted as the scope says.
    pub alerts: Vec<AlertView>,
    /// What to give as `before` for the next page; `null` after the last.
    pub next: Option<String>,
}

/// One alert with its whole life.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertDetail {
    /// The alert.
    pub alert: AlertView,
    /// Every change, oldest first.
    pub transitions: Vec<TransitionView>,
    /// Every attempt to tell somebody.
    pub deliveries: Vec<DeliveryView>,
    /// False when the archive could not be asked: then older transitions and deliveries may be missing.
    pub complete: bool,
}

/// The site of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertSite {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// IANA time zone.
    pub time_zone: Label,
}

/// The zone of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertZone {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
}

/// The device of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertDevice {
    /// Whose naming `name` follows.
    pub source: &'static str,
    /// Its name in its protocol.
    pub name: String,
    /// What people call it.
    pub label: Text,
    /// Whether the set-up lists it.
    pub claimed: bool,
}

/// A reading that decided.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EvidenceView {
    /// Whose naming `device` follows.
    pub source: &'static str,
    /// The device's name.
    pub device: String,
    /// The point.
    pub point: String,
    /// The metric.
    pub metric: String,
    /// The unit, when the metric has one.
    pub unit: Option<&'static str>,
    /// The value.
    pub value: ValueView,
    /// Event time.
    pub at: When,
}

impl AlertView {
    /// The alert with the names of that set-up.
    pub(crate) fn new(alert: &Alert, names: &Names) -> AlertView {
        AlertView {
            id: alert.id.to_string(),
            class: alert.class.as_str(),
            severity: alert.severity.as_str(),
            condition: match alert.condition {
                Condition::Active => "active",
                Condition::Cleared => "cleared",
            },
            handling: alert.handling.as_str(),
            verdict: alert.verdict.map(VerdictView::from),
            site: names.alert_site(&alert.site),
            zone: alert.zone.as_ref().map(|zone| names.alert_zone(&alert.site, zone)),
            device: alert.device.as_ref().map(|device| AlertDevice::new(device, names)),
            point: alert.point.as_ref().map(ToString::to_string),
            rule: alert.rule.to_string(),
            reason: Text::from(&alert.reason),
            evidence: alert.evidence.iter().map(EvidenceView::from).collect(),
            late: alert.marks.late,
            incident: None,
            test: alert.marks.test,
            raised_at: When(alert.raised_at),
            changed_at: When(alert.changed_at),
            acknowledged_at: alert.acknowledged_at.map(When),
            acknowledged_by: alert.acknowledged_by.as_ref().map(ToString::to_string),
        }
    }
}

impl AlertDevice {
    pub(crate) fn new(device: &DeviceKey, names: &Names) -> AlertDevice {
        let known = names.device(device);
        AlertDevice {
            source: device.source.as_str(),
            name: device.name.to_string(),
            label: known.map_or_else(|| Text::same(device.name.as_str()), |known| known.label.clone()),
            claimed: known.is_some(),
        }
    }
}

impl From<&Evidence> for EvidenceView {
    fn from(evidence: &Evidence) -> EvidenceView {
        EvidenceView {
            source: evidence.device.source.as_str(),
            device: evidence.device.name.to_string(),
            point: evidence.point.to_string(),
            metric: evidence.metric.to_string(),
            unit: evidence.metric.unit().map(watchfire_model::Unit::code),
            value: ValueView::from(evidence.value),
            at: When(evidence.at),
        }
    }
}
