//! Incidents: what happens in one building at one time is one thing to a person, however many detectors tell of it.
//!
//! - An alert joins the incident of its building and family when the last news of that is at most [`INCIDENT_WINDOW`]
//!   old; else it begins one. News is a raise, an escalation or a return of the cause.
//! - *Building*: the site, or all sites of a district that name the same building (`premises.building`).
//! - *Family*: fire, early warning, gas and carbon monoxide together; every other class by itself, so that five hundred
//!   silent devices are one incident and hide no fault. What belongs to a test has families of its own.
//! - An incident is as urgent as its most urgent alert, and open while one of its alerts is: a new detector or a higher
//!   class opens it again, because that alert is open.
//! - An alert stays in its incident, unless it leaves a test or becomes a danger: then it joins or begins another.
//! - Alerts about the station itself are in no incident: they have nothing in common.
//!
//! An incident orders what people see. It delays, folds and hides nothing: each alert is told as ever.

use crate::casebook::CaseKey;
use crate::engine::Engine;
use crate::event::Stamp;
use crate::standing::STATION_SITE;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use watchfire_model::{Alert, AlertId, Class, DistrictPath, Premises, Seq, SiteId, Timestamp};

/// What comes so long after the last news of an incident begins another.
pub const INCIDENT_WINDOW: Duration = Duration::from_secs(1_800);

/// Where and what: an incident's alerts have it in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Theme {
    building: Building,
    family: Family,
    test: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Building {
    Site(SiteId),
    OfSites(Option<DistrictPath>, CompactString),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Family {
    Danger,
    Other(Class),
}

/// The incident that an alert is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) incident: IncidentId,
    family: Family,
    test: bool,
}

/// The entry at which it began, and which of those it was.
pub(crate) type IncidentId = (Seq, u32);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Current {
    incident: IncidentId,
    news_at: Timestamp,
}

/// The incidents to which news may still belong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incidents {
    current: BTreeMap<Theme, Current>,
    /// The last that began.
    last: IncidentId,
    /// When those that are too old were last let go.
    cleaned_at: Timestamp,
}

impl Incidents {
    /// Where an alert of that theme that has news belongs: in its own incident when it has one, or in another.
    pub(crate) fn place(&mut self, theme: Theme, own: Option<Membership>, stamp: Stamp) -> Membership {
        if let Some(own) = own.filter(|own| own.is_of(&theme)) {
            self.renew(&theme, own.incident, stamp.at);
            return own;
        }
        let (family, test) = (theme.family, theme.test);
        Membership { incident: self.join(theme, stamp), family, test }
    }

    /// The incident of that theme that goes on now, or a new one.
    fn join(&mut self, theme: Theme, stamp: Stamp) -> IncidentId {
        self.clean(stamp.at);
        let recent = self.current.get_mut(&theme).filter(|current| stamp.at.since(current.news_at) <= INCIDENT_WINDOW);
        if let Some(current) = recent {
            current.news_at = stamp.at;
            return current.incident;
        }
        let (seq, ordinal) = self.last;
        self.last = if seq == stamp.seq { (seq, ordinal + 1) } else { (stamp.seq, 0) };
        self.current.insert(theme, Current { incident: self.last, news_at: stamp.at });
        self.last
    }

    /// An incident has news; one that is no longer current has it to itself.
    fn renew(&mut self, theme: &Theme, incident: IncidentId, now: Timestamp) {
        if let Some(current) = self.current.get_mut(theme).filter(|current| current.incident == incident) {
            current.news_at = now;
        }
    }

    fn clean(&mut self, now: Timestamp) {
        if now.since(self.cleaned_at) > INCIDENT_WINDOW {
            self.cleaned_at = now;
            self.current.retain(|_, current| now.since(current.news_at) <= INCIDENT_WINDOW);
        }
    }
}

impl Family {
    fn of(class: Class) -> Family {
        match class {
            Class::Fire | Class::Gas | Class::Co | Class::EarlyWarning => Family::Danger,
            Class::Water
            | Class::Electrical
            | Class::Supervisory
            | Class::Fault
            | Class::Offline
            | Class::Security
            | Class::Information => Family::Other(class),
        }
    }
}

impl Engine {
    /// The incident that an alert belongs to; `None` for alerts that are not in memory and for those about the station.
    /// Its id has the form of an alert's: the entry at which it began, and which of those it was.
    pub fn incident_of(&self, alert: AlertId) -> Option<AlertId> {
        let (cause, ordinal) = self.book.get((alert.cause, alert.ordinal))?.incident?.incident;
        Some(AlertId { journal: self.journal, cause, ordinal })
    }

    /// An alert was raised, became more urgent, came back or left a test.
    pub(crate) fn news_of(&mut self, key: CaseKey) {
        let Some(case) = self.book.get(key) else { return };
        let (own, Some(theme)) = (case.incident, self.theme(&case.alert)) else { return };
        let incident = self.incidents.place(theme, own, self.stamp);
        if let Some(case) = self.book.get_mut(key) {
            case.incident = Some(incident);
        }
    }

    fn theme(&self, alert: &Alert) -> Option<Theme> {
        let premises = self.sites.sites.get(&alert.site).map(|site| &site.premises);
        Theme::of(&alert.site, alert.class, alert.marks.test, premises)
    }
}

impl Theme {
    /// What an alert is about; `None` when it is about the station itself.
    pub(crate) fn of(site: &SiteId, class: Class, test: bool, premises: Option<&Premises>) -> Option<Theme> {
        if site.as_str() == STATION_SITE {
            return None;
        }
        let building = match premises.and_then(|premises| Some((premises.district.clone(), premises.building.clone()?)))
        {
            Some((district, building)) => Building::OfSites(district, building),
            None => Building::Site(site.clone()),
        };
        Some(Theme { building, family: Family::of(class), test })
    }

    /// The name of the building that several sites are in.
    pub(crate) fn building(&self) -> Option<&str> {
        match &self.building {
            Building::Site(_) => None,
            Building::OfSites(_, building) => Some(building),
        }
    }
}

impl Membership {
    /// What its incident is of.
    pub(crate) fn is_of(&self, theme: &Theme) -> bool {
        (self.family, self.test) == (theme.family, theme.test)
    }
}
