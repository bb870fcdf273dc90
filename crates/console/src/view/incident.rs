//! Incidents: what happens in one building at one time, with every alert that tells of it.

use super::{AlertView, When};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Alerts that are listed of one incident; the rest is counted.
const LISTED_MAX: usize = 500;

/// The open incidents.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IncidentPage {
    /// Most urgent first.
    pub incidents: Vec<IncidentView>,
}

/// An incident with at least one alert that is not over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IncidentView {
    /// Its id.
    pub id: String,
    /// The most urgent class.
    pub class: &'static str,
    /// The worst severity.
    pub severity: &'static str,
    /// When its oldest open alert began.
    pub raised_at: When,
    /// When one of its open alerts last changed.
    pub changed_at: When,
    /// How many open alerts it has.
    pub alerts_total: usize,
    /// At how many of them nobody has looked. Not 0: the incident is open.
    pub unacknowledged: usize,
    /// They belong to a test.
    pub test: bool,
    /// Its open alerts, most urgent first, at most 500.
    pub alerts: Vec<AlertView>,
}

impl IncidentPage {
    /// Of the open alerts, most urgent first. An alert that is in no incident is one by itself, under its own id.
    pub(crate) fn of(open: &[Arc<AlertView>]) -> IncidentPage {
        let (mut places, mut incidents) = (BTreeMap::new(), Vec::<IncidentView>::new());
        for alert in open {
            let id = alert.incident.as_ref().unwrap_or(&alert.id);
            match places.get(id).and_then(|place: &usize| incidents.get_mut(*place)) {
                Some(incident) => incident.add(alert),
                None => {
                    places.insert(id.clone(), incidents.len());
                    incidents.push(IncidentView::begun(id.clone(), alert));
                }
            }
        }
        IncidentPage { incidents }
    }
}

impl IncidentView {
    fn begun(id: String, alert: &AlertView) -> IncidentView {
        IncidentView {
            id,
            class: alert.class,
            severity: alert.severity,
            raised_at: alert.raised_at,
            changed_at: alert.changed_at,
            alerts_total: 1,
            unacknowledged: usize::from(alert.handling == "open"),
            test: alert.test,
            alerts: vec![alert.clone()],
        }
    }

    /// Alerts come most urgent first, so class and severity are those of the first.
    fn add(&mut self, alert: &AlertView) {
        self.raised_at = self.raised_at.min(alert.raised_at);
        self.changed_at = self.changed_at.max(alert.changed_at);
        self.alerts_total += 1;
        self.unacknowledged += usize::from(alert.handling == "open");
        if self.alerts.len() < LISTED_MAX {
            self.alerts.push(alert.clone());
        }
    }
}
