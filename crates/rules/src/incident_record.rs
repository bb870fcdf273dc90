//! Incidents as a record keeps them: a fold over the alert log, for people who look back.
//!
//! The meaning is that of `incidents.rs`, by the same parts. What the engine calls news is a raise, an escalation, a
//! return of the cause, or a person's finding that a tested danger is real; each is a transition, so that the log alone
//! gives the same incidents. Where the engine's memory was corrected by the log after a restart, it may have put an alert
//! into a later one.

use crate::casebook::{OVER_KEPT, OVER_MAX};
use crate::event::Stamp;
use crate::incidents::{IncidentId, Incidents, Membership, Theme};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{
    Alert, AlertId, AlertRecord, Class, JournalId, Premises, Severity, SiteId, Sites, Step, Timestamp, Transition,
    Verdict,
};

/// See the head of this file. Apply records in the log's order, each set-up before the records of its entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IncidentRecord {
    incidents: Incidents,
    /// Of sites that share a building.
    premises: BTreeMap<SiteId, Premises>,
    alerts: BTreeMap<AlertId, Member>,
    /// Alerts that are over, since when.
    over: BTreeSet<(Timestamp, AlertId)>,
    /// Incidents with an alert in memory.
    known: BTreeMap<IncidentId, Known>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Member {
    alert: Alert,
    membership: Membership,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    state: IncidentState,
    members: BTreeSet<AlertId>,
}

/// An incident as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentState {
    /// Its id, in the form of an alert's: the entry at which it began, and which of those it was.
    pub id: AlertId,
    /// The site of its first alert.
    pub site: SiteId,
    /// The building, where several sites are in one.
    pub building: Option<String>,
    /// The most urgent class that one of its alerts ever had.
    pub class: Class,
    /// The worst severity.
    pub severity: Severity,
    /// It belongs to a test.
    pub test: bool,
    /// When it began.
    pub opened_at: Timestamp,
    /// The last news of it.
    pub news_at: Timestamp,
    /// When the last of its alerts was over; `None` while one is not.
    pub closed_at: Option<Timestamp>,
    /// How often it was opened again after that.
    pub reopened: u32,
    /// When, the last time.
    pub reopened_at: Option<Timestamp>,
    /// How many alerts it ever had.
    pub alerts: u32,
}

/// What a record changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentChanges {
    /// Incidents as they are now, by id.
    pub incidents: Vec<IncidentState>,
    /// An alert came into an incident, or left it for another.
    pub members: Vec<IncidentMember>,
}

/// An alert of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentMember {
    /// The incident.
    pub incident: AlertId,
    /// The alert.
    pub alert: AlertId,
    /// When it joined or left.
    pub at: Timestamp,
    /// Whether it left.
    pub left: bool,
}

impl IncidentRecord {
    /// These sites are in force from here on.
    pub fn set_up(&mut self, sites: &Sites) {
        let shared = sites.sites.iter().filter(|(_, site)| site.premises.building.is_some());
        self.premises = shared.map(|(id, site)| (id.clone(), site.premises.clone())).collect();
    }

    /// Takes in one record of the alert log.
    pub fn apply(&mut self, record: &AlertRecord) -> IncidentChanges {
        let (mut touched, mut members) = (BTreeSet::new(), Vec::new());
        for transition in &record.transitions {
            self.transition(record.journal, transition, &mut touched, &mut members);
        }
        let states = touched.iter().filter_map(|id| self.known.get(id));
        let incidents = states.map(|known| known.state.clone()).collect();
        if let Some(last) = record.transitions.last() {
            self.forget(last.at);
        }
        IncidentChanges { incidents, members }
    }

    fn transition(
        &mut self,
        journal: JournalId,
        transition: &Transition,
        touched: &mut BTreeSet<IncidentId>,
        members: &mut Vec<IncidentMember>,
    ) {
        let before = self.alerts.remove(&transition.alert);
        let own = before.as_ref().map(|before| before.membership);
        let mut alert = match before {
            Some(before) => {
                self.over.remove(&(before.alert.changed_at, transition.alert));
                before.alert
            }
            None => Alert::new(transition),
        };
        alert.apply(transition);
        // Only what the incident goes by is kept.
        alert.evidence.clear();
        let theme = Theme::of(&alert.site, alert.class, alert.marks.test, self.premises.get(&alert.site));
        let Some(theme) = theme else { return };
        let stamp = Stamp { seq: transition.seq, at: transition.at };
        let membership = match own {
            Some(own) if !is_news(&transition.step) => own,
            own => self.incidents.place(theme.clone(), own, stamp),
        };
        if own.is_none_or(|own| own.incident != membership.incident) {
            if let Some(own) = own {
                self.leave(own, &alert, transition.at, members);
                touched.insert(own.incident);
            }
            self.enter(journal, membership, (&theme, &alert), transition.at, members);
        }
        touched.insert(membership.incident);
        if alert.is_over() {
            self.over.insert((alert.changed_at, alert.id));
        }
        let news = is_news(&transition.step);
        self.alerts.insert(alert.id, Member { alert, membership });
        self.settle(membership.incident, transition.at, news);
        if let Some(own) = own.filter(|own| own.incident != membership.incident) {
            self.settle(own.incident, transition.at, false);
        }
    }

    fn enter(
        &mut self,
        journal: JournalId,
        membership: Membership,
        (theme, alert): (&Theme, &Alert),
        at: Timestamp,
        members: &mut Vec<IncidentMember>,
    ) {
        let (cause, ordinal) = membership.incident;
        let begun = || Known {
            state: IncidentState {
                id: AlertId { journal, cause, ordinal },
                site: alert.site.clone(),
                building: theme.building().map(str::to_owned),
                class: alert.class,
                severity: alert.severity,
                test: alert.marks.test,
                opened_at: at,
                news_at: at,
                closed_at: None,
                reopened: 0,
                reopened_at: None,
                alerts: 0,
            },
            members: BTreeSet::new(),
        };
        let known = self.known.entry(membership.incident).or_insert_with(begun);
        known.members.insert(alert.id);
        known.state.alerts = known.state.alerts.saturating_add(1);
        members.push(IncidentMember { incident: known.state.id, alert: alert.id, at, left: false });
    }

    fn leave(&mut self, own: Membership, alert: &Alert, at: Timestamp, members: &mut Vec<IncidentMember>) {
        let Some(known) = self.known.get_mut(&own.incident) else { return };
        known.members.remove(&alert.id);
        members.push(IncidentMember { incident: known.state.id, alert: alert.id, at, left: true });
    }

    /// Whether it is open follows from its alerts.
    fn settle(&mut self, incident: IncidentId, at: Timestamp, news: bool) {
        let Some(known) = self.known.get_mut(&incident) else { return };
        let state = &mut known.state;
        let mut open = false;
        for member in known.members.iter().filter_map(|id| self.alerts.get(id)) {
            open |= !member.alert.is_over();
            state.class = state.class.min(member.alert.class);
            state.severity = state.severity.min(member.alert.severity);
        }
        if news {
            state.news_at = at;
        }
        if !open {
            state.closed_at.get_or_insert(at);
        } else if state.closed_at.take().is_some() {
            state.reopened = state.reopened.saturating_add(1);
            state.reopened_at = Some(at);
        }
    }

    /// Alerts that are over leave the memory when they leave the engine's, and an incident with the last of them.
    fn forget(&mut self, now: Timestamp) {
        while let Some((since, id)) = self.over.first().copied()
            && (now.since(since) > OVER_KEPT || self.over.len() > OVER_MAX)
        {
            self.over.remove(&(since, id));
            let Some(member) = self.alerts.remove(&id) else { continue };
            let incident = member.membership.incident;
            if let Some(known) = self.known.get_mut(&incident) {
                known.members.remove(&id);
                if known.members.is_empty() {
                    self.known.remove(&incident);
                }
            }
        }
    }
}

fn is_news(step: &Step) -> bool {
    match step {
        Step::Raised | Step::Escalated { .. } | Step::Reopened { by: None, .. } => true,
        Step::Verified { verdict, .. } => matches!(verdict, Verdict::Real | Verdict::Unreachable),
        Step::Reopened { by: Some(_), .. }
        | Step::Cleared
        | Step::Acknowledged { .. }
        | Step::Forwarded { .. }
        | Step::Closed { .. } => false,
    }
}
