//! The life of an alert: a *condition* and a *handling*, independent of each other, changed only by transitions.

use crate::{
    AlertId, Bilingual, DeviceKey, Metric, PointName, RuleRef, Seq, SiteId, Timestamp, UserName, Value, ZoneId,
};
use serde::{Deserialize, Serialize};

/// What kind of trouble. Ordered by what a person must look at first. The order of the variants is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A fire.
    Fire,
    /// Combustible gas.
    Gas,
    /// Carbon monoxide.
    Co,
    /// A pre-alarm: shown to operator and site, never forwarded to the fire brigade.
    EarlyWarning,
    /// Water where none should be, or none where it should be.
    Water,
    /// Electrical danger.
    Electrical,
    /// A protection is not in its normal state.
    Supervisory,
    /// Something is broken.
    Fault,
    /// A device is silent.
    Offline,
    /// Somebody tries what he may not.
    Security,
    /// Good to know.
    Information,
}

impl Class {
    /// Every class, most urgent first.
    pub const ALL: &'static [Class] = &[
        Class::Fire,
        Class::Gas,
        Class::Co,
        Class::EarlyWarning,
        Class::Water,
        Class::Electrical,
        Class::Supervisory,
        Class::Fault,
        Class::Offline,
        Class::Security,
        Class::Information,
    ];

    /// The name in JSON, tables, metrics and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Fire => "fire",
            Class::Gas => "gas",
            Class::Co => "co",
            Class::EarlyWarning => "early_warning",
            Class::Water => "water",
            Class::Electrical => "electrical",
            Class::Supervisory => "supervisory",
            Class::Fault => "fault",
            Class::Offline => "offline",
            Class::Security => "security",
            Class::Information => "information",
        }
    }

    /// The severity unless a rule says otherwise.
    pub fn severity(self) -> Severity {
        match self {
            Class::Fire | Class::Gas | Class::Co => Severity::Critical,
            Class::EarlyWarning | Class::Water | Class::Electrical | Class::Security => Severity::Major,
            Class::Supervisory | Class::Fault | Class::Offline => Severity::Minor,
            Class::Information => Severity::Info,
        }
    }
}

/// How bad. Ordered worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Life is in danger.
    Critical,
    /// Act now.
    Major,
    /// Act today.
    Minor,
    /// Know.
    Info,
}

impl Severity {
    /// The name in JSON, tables and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Major => "major",
            Severity::Minor => "minor",
            Severity::Info => "info",
        }
    }
}

/// Whether the cause still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It holds, or is latched.
    Active,
    /// It is over.
    Cleared,
}

/// How far people got with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// Nobody has looked.
    Open,
    /// Somebody has.
    Acknowledged,
    /// It is known what it was.
    Verified,
    /// Handed on.
    Forwarded,
    /// Done with.
    Closed,
}

impl Handling {
    /// The name in JSON, tables and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Handling::Open => "open",
            Handling::Acknowledged => "acknowledged",
            Handling::Verified => "verified",
            Handling::Forwarded => "forwarded",
            Handling::Closed => "closed",
        }
    }
}

/// What it turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A real event.
    Real,
    /// A false alarm, of that cause.
    False(FalseCause),
    /// A test or a drill.
    Test,
    /// Nobody could be reached; treated as real.
    Unreachable,
}

/// Why an alarm was false (`requirements.md` §7, outcome codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FalseCause {
    /// Cooking.
    Cooking,
    /// Steam.
    Steam,
    /// Dust.
    Dust,
    /// Insects.
    Insects,
    /// Building work.
    Construction,
    /// A fault of the device.
    Fault,
    /// Malice.
    Malicious,
    /// Not known.
    Unknown,
}

/// A reading that decided, kept with the alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Of which device.
    pub device: DeviceKey,
    /// At which point.
    pub point: PointName,
    /// What.
    pub metric: Metric,
    /// How much.
    pub value: Value,
    /// Event time.
    pub at: Timestamp,
}

/// A change in the life of an alert. Complete in itself: whoever reads one needs nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Which alert.
    pub alert: AlertId,
    /// The entry that caused this transition.
    pub seq: Seq,
    /// That entry's time.
    pub at: Timestamp,
    /// The change.
    pub step: Step,
    /// The alert's class after the change.
    pub class: Class,
    /// Its severity after the change.
    pub severity: Severity,
    /// The site.
    pub site: SiteId,
    /// The zone, when known.
    pub zone: Option<ZoneId>,
    /// The device, when one is at the root of it.
    pub device: Option<DeviceKey>,
    /// The point, when one is at the root of it.
    pub point: Option<PointName>,
    /// The rule that decided; for handling steps the rule that raised it.
    pub rule: RuleRef,
    /// One sentence with the figures that decided.
    pub reason: Bilingual,
    /// The readings that decided.
    pub evidence: Vec<Evidence>,
    /// What else is to be known of it.
    pub marks: Marks,
}

/// What is to be known of an alert beside what it is about. On disk one byte: bit 0 `late`, bit 1 `test`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
pub struct Marks {
    /// The deciding reading's event time was much older than its receive time.
    pub late: bool,
    /// It belongs to a test ([`crate::test_mode`]): kept and shown, and nobody is woken by it.
    pub test: bool,
}

impl Marks {
    const LATE: u8 = 1;
    const TEST: u8 = 2;
}

impl From<u8> for Marks {
    fn from(bits: u8) -> Marks {
        Marks { late: bits & Marks::LATE != 0, test: bits & Marks::TEST != 0 }
    }
}

impl From<Marks> for u8 {
    fn from(marks: Marks) -> u8 {
        u8::from(marks.late) * Marks::LATE + u8::from(marks.test) * Marks::TEST
    }
}

/// The transitions. The order of the variants is on disk: add at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It began.
    Raised,
    /// It became more urgent.
    Escalated {
        /// The class before.
        from: Class,
    },
    /// The cause is over.
    Cleared,
    /// Seen by a person.
    Acknowledged {
        /// Who.
        by: UserName,
    },
    /// Found out.
    Verified {
        /// Who.
        by: UserName,
        /// What.
        verdict: Verdict,
        /// In the operator's words.
        note: String,
    },
    /// Handed on.
    Forwarded {
        /// Who.
        by: UserName,
        /// To whom.
        to: String,
    },
    /// Done with.
    Closed {
        /// Who.
        by: UserName,
        /// In the operator's words.
        note: String,
    },
    /// Open again: a person said so, or the cause came back.
    Reopened {
        /// Who; `None` when the cause came back.
        by: Option<UserName>,
        /// Why.
        note: String,
    },
}

impl Step {
    /// The name in JSON, tables and on screens.
    pub fn as_str(&self) -> &'static str {
        match self {
            Step::Raised => "raised",
            Step::Escalated { .. } => "escalated",
            Step::Cleared => "cleared",
            Step::Acknowledged { .. } => "acknowledged",
            Step::Verified { .. } => "verified",
            Step::Forwarded { .. } => "forwarded",
            Step::Closed { .. } => "closed",
            Step::Reopened { .. } => "reopened",
        }
    }
}

/// The state of an alert: a fold of its transitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Which.
    pub id: AlertId,
    /// Its class now.
    pub class: Class,
    /// Its severity now.
    pub severity: Severity,
    /// The site.
    pub site: SiteId,
    /// The zone, when known.
    pub zone: Option<ZoneId>,
    /// The device at the root of it.
    pub device: Option<DeviceKey>,
    /// The point at the root of it.
    pub point: Option<PointName>,
    /// The rule that raised it.
    pub rule: RuleRef,
    /// Why, as of the last raise, escalation or return of the cause.
    pub reason: Bilingual,
    /// The readings of that.
    pub evidence: Vec<Evidence>,
    /// What else is to be known of it.
    pub marks: Marks,
    /// Whether the cause still holds.
    pub condition: Condition,
    /// How far people got.
    pub handling: Handling,
    /// The finding, once there is one.
    pub verdict: Option<Verdict>,
    /// When it began.
    pub raised_at: Timestamp,
    /// The last transition's time.
    pub changed_at: Timestamp,
    /// The last transition's entry.
    pub changed_seq: Seq,
    /// When it was first acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// Who acknowledged it first.
    pub acknowledged_by: Option<UserName>,
}

impl Alert {
    /// The alert as its first transition makes it.
    pub fn new(first: &Transition) -> Alert {
        let mut alert = Alert {
            id: first.alert,
            class: first.class,
            severity: first.severity,
            site: first.site.clone(),
            zone: first.zone.clone(),
            device: first.device.clone(),
            point: first.point.clone(),
            rule: first.rule.clone(),
            reason: first.reason.clone(),
            evidence: first.evidence.clone(),
            marks: first.marks,
            condition: Condition::Active,
            handling: Handling::Open,
            verdict: None,
            raised_at: first.at,
            changed_at: first.at,
            changed_seq: first.seq,
            acknowledged_at: None,
            acknowledged_by: None,
        };
        alert.apply(first);
        alert
    }

    /// Applies one more transition.
    pub fn apply(&mut self, transition: &Transition) {
        self.class = transition.class;
        self.severity = transition.severity;
        self.changed_at = transition.at;
        self.changed_seq = transition.seq;
        self.marks.test = transition.marks.test;
        match &transition.step {
            Step::Raised | Step::Escalated { .. } => {
                self.condition = Condition::Active;
                self.reason = transition.reason.clone();
                self.evidence = transition.evidence.clone();
                self.marks.late = transition.marks.late;
            }
            Step::Cleared => self.condition = Condition::Cleared,
            Step::Acknowledged { by } => {
                self.handling = Handling::Acknowledged;
                self.acknowledged_at.get_or_insert(transition.at);
                self.acknowledged_by.get_or_insert_with(|| by.clone());
            }
            Step::Verified { verdict, .. } => {
                self.handling = Handling::Verified;
                self.verdict = Some(*verdict);
            }
            Step::Forwarded { .. } => self.handling = Handling::Forwarded,
            Step::Closed { .. } => self.handling = Handling::Closed,
            Step::Reopened { by, .. } => {
                self.handling = Handling::Open;
                self.verdict = None;
                if by.is_none() {
                    self.condition = Condition::Active;
                    self.reason = transition.reason.clone();
                    self.evidence = transition.evidence.clone();
                    self.marks.late = transition.marks.late;
                }
            }
        }
    }

    /// A closed alert whose cause is over needs nobody any more.
    pub fn is_over(&self) -> bool {
        self.handling == Handling::Closed && self.condition == Condition::Cleared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_a_byte_and_the_bool_that_they_were() {
        for (marks, byte) in
            [(Marks::default(), 0), (Marks { late: true, test: false }, 1), (Marks { late: false, test: true }, 2)]
        {
            assert_eq!(postcard::to_stdvec(&marks).unwrap(), [byte]);
            assert_eq!(postcard::from_bytes::<Marks>(&[byte]).unwrap(), marks);
        }
        assert_eq!(postcard::to_stdvec(&true).unwrap(), [1], "of an alert that is only late nothing changes on disk");
    }
}
