//! The alerts in memory: every one that is not over, and those that are over for [`OVER_KEPT`] more, so that a person
//! can reopen them.

use crate::event::{Effects, Stamp};
use crate::fusion::Room;
use crate::incidents::Membership;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use watchfire_model::{
    Alert, AlertId, Bilingual, Class, Condition, DeviceKey, Evidence, Handling, JournalId, Marks, PointName, RuleRef,
    Seq, Severity, SiteId, Step, Timestamp, Transition, ZoneId,
};

/// An alert that is over stays reopenable for so long.
pub const OVER_KEPT: Duration = Duration::from_secs(86_400);
/// At most so many alerts that are over are kept; the oldest go first.
pub const OVER_MAX: usize = 10_000;

/// An alert's id without the journal: entry and ordinal.
pub(crate) type CaseKey = (Seq, u32);

/// An alert with what keeps it going.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) alert: Alert,
    pub(crate) causes: Vec<Cause>,
    /// Stays active until a person closes it, even when no cause holds. A fire always does.
    pub(crate) latched: bool,
    /// Apart in snapshots.
    #[serde(skip)]
    pub(crate) incident: Option<Membership>,
}

/// What can keep an alert going.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// A rule met by a series.
    Series { series: u32, rule: u16 },
    /// A fusion rule met by what the devices of a room say together.
    Group { room: Room, rule: u16 },
    /// A silent device.
    Silence { device: u32 },
    /// Something that is neither: see `standing.rs`.
    Standing(StandingKey),
}

/// Names a standing cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct StandingKey {
    pub(crate) site: SiteId,
    pub(crate) rule: compact_str::CompactString,
    pub(crate) subject: String,
}

/// Everything that a raise, an escalation or a return says.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) class: Class,
    pub(crate) severity: Severity,
    pub(crate) rule: RuleRef,
    pub(crate) site: SiteId,
    pub(crate) zone: Option<ZoneId>,
    pub(crate) device: Option<DeviceKey>,
    pub(crate) point: Option<PointName>,
    pub(crate) reason: Bilingual,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) late: bool,
}

/// The alerts in memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Casebook {
    cases: BTreeMap<CaseKey, Case>,
    /// Those that are over, in the order in which they ended; an entry whose case was reopened since is skipped.
    over: VecDeque<CaseKey>,
}

impl Case {
    /// Whether it stays active without a cause.
    pub(crate) fn is_latched(&self) -> bool {
        self.latched || self.alert.class == Class::Fire
    }
}

impl Casebook {
    pub(crate) fn get(&self, key: CaseKey) -> Option<&Case> {
        self.cases.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: CaseKey) -> Option<&mut Case> {
        self.cases.get_mut(&key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (CaseKey, &Case)> {
        self.cases.iter().map(|(key, case)| (*key, case))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Case> {
        self.cases.values_mut()
    }

    /// A new alert; `test`: it belongs to one.
    pub(crate) fn raise(
        &mut self,
        journal: JournalId,
        ordinal: u32,
        stamp: Stamp,
        (ground, test): (Ground, bool),
        out: &mut Effects,
    ) -> CaseKey {
        let key = (stamp.seq, ordinal);
        let transition = Transition {
            alert: AlertId { journal, cause: stamp.seq, ordinal },
            seq: stamp.seq,
            at: stamp.at,
            step: Step::Raised,
            class: ground.class,
            severity: ground.severity,
            site: ground.site,
            zone: ground.zone,
            device: ground.device,
            point: ground.point,
            rule: ground.rule,
            reason: ground.reason,
            evidence: ground.evidence,
            marks: Marks { late: ground.late, test },
        };
        let case = Case { alert: Alert::new(&transition), causes: Vec::new(), latched: false, incident: None };
        self.cases.insert(key, case);
        out.transitions.push(transition);
        key
    }

    /// A step that new readings brought about: escalated, reopened or cleared. An escalation takes over class and
    /// severity, a return of what was over its severity; what the alert is about stays.
    pub(crate) fn step_by_ground(&mut self, key: CaseKey, step: Step, stamp: Stamp, ground: Ground, out: &mut Effects) {
        let Some(case) = self.cases.get_mut(&key) else { return };
        let mut transition = plain_step(&case.alert, step, stamp, ground.reason);
        if matches!(transition.step, Step::Escalated { .. }) {
            transition.class = ground.class;
            transition.severity = ground.severity.min(case.alert.severity);
        }
        // What was over and comes back is as bad as it is now: a silence may be explained this time, or no longer.
        if matches!(transition.step, Step::Reopened { .. })
            && !is_active(&case.alert)
            && ground.class == case.alert.class
        {
            transition.severity = ground.severity;
        }
        transition.rule = ground.rule;
        transition.evidence = ground.evidence;
        transition.marks.late = ground.late;
        case.alert.apply(&transition);
        out.transitions.push(transition);
    }

    /// It is none of a test any more.
    pub(crate) fn unmark(&mut self, key: CaseKey) {
        if let Some(case) = self.cases.get_mut(&key) {
            case.alert.marks.test = false;
        }
    }

    /// A step that a person took.
    pub(crate) fn step_by_person(
        &mut self,
        key: CaseKey,
        step: Step,
        stamp: Stamp,
        reason: Bilingual,
        out: &mut Effects,
    ) {
        let Some(case) = self.cases.get_mut(&key) else { return };
        let transition = plain_step(&case.alert, step, stamp, reason);
        case.alert.apply(&transition);
        out.transitions.push(transition);
    }

    /// Puts in an alert as it is.
    pub(crate) fn insert(&mut self, key: CaseKey, case: Case) {
        self.cases.insert(key, case);
    }

    /// Takes out an alert, whatever its state.
    pub(crate) fn remove(&mut self, key: CaseKey) -> Option<Case> {
        self.note_reopened(key);
        self.cases.remove(&key)
    }

    /// Notes that an alert is over. Returns those that must leave the memory now because there are too many.
    pub(crate) fn note_over(&mut self, key: CaseKey) -> Vec<CaseKey> {
        self.over.push_back(key);
        let mut leaving = Vec::new();
        while self.over.len() > OVER_MAX {
            leaving.extend(self.over.pop_front());
        }
        leaving
    }

    /// Takes an alert out of those that are over: a person reopened it.
    pub(crate) fn note_reopened(&mut self, key: CaseKey) {
        self.over.retain(|over| *over != key);
    }

    /// Forgets an alert that is over since that time or longer: it may have been reopened and closed again since.
    pub(crate) fn forget_over_before(&mut self, key: CaseKey, before: Timestamp) {
        if self.cases.get(&key).is_some_and(|case| case.alert.changed_at <= before) {
            self.forget(key);
        }
    }

    /// Forgets an alert that is over.
    pub(crate) fn forget(&mut self, key: CaseKey) {
        if self.cases.get(&key).is_some_and(|case| case.alert.is_over()) {
            self.cases.remove(&key);
            self.note_reopened(key);
        }
    }

    /// The alerts that are over, with the time at which each leaves the memory.
    pub(crate) fn over(&self) -> impl Iterator<Item = (CaseKey, Timestamp)> {
        self.over.iter().filter_map(|key| self.get(*key).map(|case| (*key, case.alert.changed_at.plus(OVER_KEPT))))
    }
}

/// A step that changes nothing but itself.
fn plain_step(alert: &Alert, step: Step, stamp: Stamp, reason: Bilingual) -> Transition {
    Transition {
        alert: alert.id,
        seq: stamp.seq,
        at: stamp.at,
        step,
        class: alert.class,
        severity: alert.severity,
        site: alert.site.clone(),
        zone: alert.zone.clone(),
        device: alert.device.clone(),
        point: alert.point.clone(),
        rule: alert.rule.clone(),
        reason,
        evidence: Vec::new(),
        marks: alert.marks,
    }
}

/// Whether nobody has handled it since it last became active.
pub(crate) fn is_untouched(alert: &Alert) -> bool {
    alert.handling == Handling::Open
}

/// Whether it goes on.
pub(crate) fn is_active(alert: &Alert) -> bool {
    alert.condition == Condition::Active
}
