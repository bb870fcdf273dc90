//! What the desk knows of one alert: what it is, how far its ladder got, who was told.

use super::send::Send;
use crate::delivery::News;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use watchfire_model::{
    AlertId, Bilingual, ChannelKind, Class, ContactId, DeliveryId, DeviceKey, RuleRef, Rung, Seq, Severity, SiteId,
    Step, Timestamp, Transition, ZoneId,
};

/// One alert that somebody is to be told of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) class: Class,
    pub(super) severity: Severity,
    pub(super) site: SiteId,
    pub(super) zone: Option<ZoneId>,
    pub(super) device: Option<DeviceKey>,
    pub(super) rule: RuleRef,
    pub(super) reason: Bilingual,
    pub(super) late: bool,
    pub(super) raised_at: Timestamp,
    pub(super) cleared_at: Option<Timestamp>,
    pub(super) closed: bool,
    pub(super) run: Run,
    /// When its ladder was last begun.
    pub(super) begun_at: Timestamp,
    /// Who got a message about this alert, by which way.
    pub(super) told: BTreeSet<(ContactId, ChannelKind)>,
    /// The news that those were told last; told also to whoever is reached late.
    pub(super) news: Option<(Seq, Timestamp, News)>,
    /// The last attempt's number, per thing told. A number is never used twice.
    pub(super) attempts: BTreeMap<(Seq, ContactId, ChannelKind), u32>,
    /// What is to go out or on its way.
    pub(super) sends: BTreeMap<DeliveryId, Send>,
}

/// One way up the ladder. An escalation or a reopening begins another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    /// The entry whose transition is told.
    pub(super) cause: Seq,
    pub(super) start: Start,
    pub(super) at: Timestamp,
    /// The rungs that are for this class, as they were when the run began.
    pub(super) rungs: Vec<Rung>,
    pub(super) next: usize,
    pub(super) next_at: Option<Timestamp>,
    /// Which time through the ladder this is, from 0.
    pub(super) round: u32,
    /// False once somebody took the alert on, or it is over.
    pub(super) telling: bool,
    /// There is nobody on the ladder that could be told.
    pub(super) nobody: bool,
    /// How it goes with the people of the rung begun last.
    pub(super) current: BTreeMap<ContactId, Reach>,
    /// Ways that refused: not tried again in this run.
    pub(super) refused: BTreeSet<(ContactId, ChannelKind)>,
}

/// The transition that began a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Start {
    Raised,
    Escalated,
    Reopened,
}

/// How it goes with one person of a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reach {
    /// An attempt is on its way that has not failed yet.
    Trying,
    /// A message was taken.
    Reached,
    /// Every way failed at least once; retries go on.
    Failing,
    /// Every way refused.
    Lost,
}

impl Start {
    pub(super) fn of(step: &Step) -> Option<Start> {
        match step {
            Step::Raised => Some(Start::Raised),
            Step::Escalated { .. } => Some(Start::Escalated),
            Step::Reopened { .. } => Some(Start::Reopened),
            Step::Cleared
            | Step::Acknowledged { .. }
            | Step::Verified { .. }
            | Step::Forwarded { .. }
            | Step::Closed { .. } => None,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Start::Raised => "raised",
            Start::Escalated => "escalated",
            Start::Reopened => "reopened",
        }
    }
}

impl Run {
    pub(super) fn new(transition: &Transition, start: Start, rungs: Vec<Rung>) -> Run {
        Run {
            cause: transition.seq,
            start,
            at: transition.at,
            rungs,
            next: 0,
            next_at: None,
            round: 0,
            telling: true,
            nobody: false,
            current: BTreeMap::new(),
            refused: BTreeSet::new(),
        }
    }
}

impl Case {
    pub(super) fn new(transition: &Transition, run: Run) -> Case {
        Case {
            class: transition.class,
            severity: transition.severity,
            site: transition.site.clone(),
            zone: transition.zone.clone(),
            device: transition.device.clone(),
            rule: transition.rule.clone(),
            reason: transition.reason.clone(),
            late: transition.marks.late,
            raised_at: transition.at,
            cleared_at: None,
            closed: false,
            begun_at: run.at,
            run,
            told: BTreeSet::new(),
            news: None,
            attempts: BTreeMap::new(),
            sends: BTreeMap::new(),
        }
    }

    /// Begins another run: what the transition says replaces what was known.
    pub(super) fn begin(&mut self, transition: &Transition, run: Run) {
        let fresh = Case::new(transition, run);
        self.class = fresh.class;
        self.severity = fresh.severity;
        self.zone = fresh.zone;
        self.device = fresh.device;
        self.rule = fresh.rule;
        self.late = fresh.late;
        self.cleared_at = None;
        self.closed = false;
        self.run = fresh.run;
        self.news = None;
        if !fresh.reason.english().is_empty() {
            self.reason = fresh.reason;
        }
    }

    /// Until when a return of the cause waits: an alert that comes and goes is told at most once a minute, unless life is
    /// in danger.
    pub(super) fn rests_until(&self) -> Option<Timestamp> {
        let rests = !super::limits::is_life(self.class) && !self.closed;
        rests.then(|| self.begun_at.plus(Duration::from_secs(super::limits::REST_S)))
    }

    /// Whether the run waits for that.
    pub(super) fn is_resting(&self) -> bool {
        let run = &self.run;
        run.start == Start::Reopened && run.next == 0 && run.round == 0 && run.next_at.is_some()
    }

    /// The number of the next attempt to tell that by that way.
    pub(super) fn next_attempt(&mut self, cause: Seq, contact: &ContactId, channel: ChannelKind) -> u32 {
        let last = self.attempts.entry((cause, contact.clone(), channel)).or_insert(0);
        *last = last.saturating_add(1);
        *last
    }

    /// Nothing can happen to it any more that a person would be told.
    pub(super) fn is_over(&self) -> bool {
        self.closed || (self.cleared_at.is_some() && !super::limits::is_life(self.class))
    }
}

/// Which burst an alert belongs to, for one person and way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct FoldKey {
    pub(super) contact: ContactId,
    pub(super) channel: ChannelKind,
    pub(super) site: SiteId,
    pub(super) class: Class,
    /// `None` for the less urgent classes, and where the zone is not known.
    pub(super) zone: Option<ZoneId>,
}

/// Alerts of one burst for one person and way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Fold {
    /// Told one by one.
    pub(super) heads: BTreeSet<AlertId>,
    /// To be told together when the window closes.
    pub(super) waiting: BTreeMap<AlertId, Folded>,
    pub(super) closes_at: Timestamp,
}

/// One alert that waits to be told together with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Folded {
    pub(super) cause: Seq,
    pub(super) fallbacks: Vec<ChannelKind>,
}
