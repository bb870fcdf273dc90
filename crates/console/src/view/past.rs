//! What the archive keeps besides alerts and readings: incidents with their closed loop, rounds of questions, duty checks
//! by device, the audit.

use super::{AlertDevice, AlertSite, AlertView, DutyOfDeviceView, When};
use crate::names::Names;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_archive::{AlertLife, AuditRow, IncidentLife, InspectionRow};

/// Incidents of the past, and those that are open.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PastIncidentPage {
    /// Newest first.
    pub incidents: Vec<PastIncidentView>,
    /// What to give as `before` for the next page; `null` after the last.
    pub next: Option<String>,
}

/// An incident, and when people first got so far with one of its alerts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PastIncidentView {
    /// Its id.
    pub id: String,
    /// The site of its first alert.
    pub site: AlertSite,
    /// The building, where several sites are in one.
    pub building: Option<String>,
    /// The most urgent class that one of its alerts ever had.
    pub class: &'static str,
    /// The worst severity.
    pub severity: &'static str,
    /// It belonged to a test.
    pub test: bool,
    /// How many alerts it ever had.
    pub alerts_total: u32,
    /// When it began.
    pub opened_at: When,
    /// When the first of its alerts was acknowledged.
    pub acknowledged_at: Option<When>,
    /// When the first finding was made.
    pub verified_at: Option<When>,
    /// When it was first handed on.
    pub forwarded_at: Option<When>,
    /// When the last of its alerts was over; `null` while one is not.
    pub closed_at: Option<When>,
    /// How often it was opened again.
    pub reopened: u32,
    /// When, the last time.
    pub reopened_at: Option<When>,
}

/// One incident with every alert that it ever had.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PastIncidentDetail {
    /// The incident.
    pub incident: PastIncidentView,
    /// Its alerts, oldest first; at most 5000.
    pub alerts: Vec<AlertLifeView>,
}

/// An alert, and when people first got so far with it; the first acknowledgement stands in the alert.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertLifeView {
    /// As it is now.
    pub alert: AlertView,
    /// The first finding.
    pub verified_at: Option<When>,
    /// The first time that it was handed on.
    pub forwarded_at: Option<When>,
    /// The first time that it was closed.
    pub closed_at: Option<When>,
}

/// Rounds of questions to transmission devices that are over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InspectionPage {
    /// Newest first.
    pub inspections: Vec<InspectionView>,
    /// There are more in the span: the oldest are left out.
    pub more: bool,
}

/// A round of questions to a transmission device (巡检, setting of the clock, initialisation).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InspectionView {
    /// Its site.
    pub site: AlertSite,
    /// Which device.
    pub device: AlertDevice,
    /// `inspection`, `clock` or `initialisation`.
    pub kind: String,
    /// Who ordered it; `null` by schedule.
    pub by: Option<String>,
    /// When it began.
    pub asked_at: When,
    /// When it ended.
    pub ended_at: When,
    /// Questions that were answered in time.
    pub answered: u32,
    /// Questions that were denied.
    pub denied: u32,
    /// `answered`, `late`, `denied`, `unanswered`, `unreachable` or `interrupted`.
    pub outcome: String,
}

/// A month's duty checks by transmission device.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DutyDevicePage {
    /// The month by the sites' clocks, e.g. `2026-03`.
    pub month: String,
    /// The devices that were asked, by site and name.
    pub devices: Vec<DutyOfDeviceView>,
}

/// Lines of the audit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// Newest first.
    pub lines: Vec<AuditLineView>,
    /// What to give as `before` for the next page; `null` after the last.
    pub next: Option<String>,
}

/// Who did what and when.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditLineView {
    /// Its journal entry.
    pub seq: u64,
    /// When.
    pub at: When,
    /// Who; `null`: the station itself, or nobody known.
    pub by: Option<String>,
    /// What: an order's name, or what the station did.
    pub action: String,
    /// The alert, the test or the devices that it was about.
    pub subject: String,
    /// The rest in words.
    pub detail: String,
}

impl PastIncidentView {
    pub(crate) fn new(life: &IncidentLife, names: &Names) -> PastIncidentView {
        let of = &life.incident;
        PastIncidentView {
            id: of.id.to_string(),
            site: names.alert_site(&of.site),
            building: of.building.clone(),
            class: of.class.as_str(),
            severity: of.severity.as_str(),
            test: of.test,
            alerts_total: of.alerts,
            opened_at: When(of.opened_at),
            acknowledged_at: life.acknowledged_at.map(When),
            verified_at: life.verified_at.map(When),
            forwarded_at: life.forwarded_at.map(When),
            closed_at: of.closed_at.map(When),
            reopened: of.reopened,
            reopened_at: of.reopened_at.map(When),
        }
    }
}

impl AlertLifeView {
    pub(crate) fn new(life: &AlertLife, names: &Names) -> AlertLifeView {
        AlertLifeView {
            alert: AlertView::new(&life.alert, names),
            verified_at: life.verified_at.map(When),
            forwarded_at: life.forwarded_at.map(When),
            closed_at: life.closed_at.map(When),
        }
    }
}

impl InspectionView {
    pub(crate) fn new(row: &InspectionRow, names: &Names) -> InspectionView {
        let InspectionRow { device, kind, by, asked_at, ended_at, answered, denied, outcome } = row;
        InspectionView {
            site: names.alert_site(&device.site),
            device: AlertDevice::new(device, names),
            kind: kind.clone(),
            by: by.clone(),
            asked_at: When(*asked_at),
            ended_at: When(*ended_at),
            answered: *answered,
            denied: *denied,
            outcome: outcome.clone(),
        }
    }
}

impl From<&AuditRow> for AuditLineView {
    fn from(row: &AuditRow) -> AuditLineView {
        let AuditRow { seq, at, by, action, subject, detail } = row;
        AuditLineView {
            seq: seq.0,
            at: When(*at),
            by: by.clone(),
            action: action.clone(),
            subject: subject.clone(),
            detail: detail.clone(),
        }
    }
}
