//! A change in the life of an alert, and what people found out.

use super::{Text, When};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchfire_model::{FalseCause, Step, Transition, Verdict};

/// A change in the life of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TransitionView {
    /// `raised`, `escalated`, `cleared`, `acknowledged`, `verified`, `forwarded`, `closed`, `reopened`.
    pub step: &'static str,
    /// When.
    pub at: When,
    /// The journal entry that caused it.
    pub seq: u64,
    /// The class after it.
    pub class: &'static str,
    /// The severity after it.
    pub severity: &'static str,
    /// Who did it, when a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// In the operator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictView>,
    /// To whom it was handed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// One sentence with the figures that decided.
    pub reason: Text,
}

/// What an alert turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictView {
    /// What it was.
    pub kind: VerdictKind,
    /// Why it was false; only with `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// What it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// A real event.
    Real,
    /// A false alarm.
    False,
    /// A test or a drill.
    Test,
    /// Nobody could be reached.
    Unreachable,
}

/// Why an alarm was false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
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

impl From<&Transition> for TransitionView {
    fn from(transition: &Transition) -> TransitionView {
        let mut view = TransitionView {
            step: transition.step.as_str(),
            at: When(transition.at),
            seq: transition.seq.0,
            class: transition.class.as_str(),
            severity: transition.severity.as_str(),
            by: None,
            note: None,
            verdict: None,
            to: None,
            reason: Text::from(&transition.reason),
        };
        match &transition.step {
            Step::Raised | Step::Escalated { .. } | Step::Cleared => {}
            Step::Acknowledged { by } => view.by = Some(by.to_string()),
            Step::Verified { by, verdict, note } => {
                view.by = Some(by.to_string());
                view.verdict = Some(VerdictView::from(*verdict));
                view.note = Some(note.clone());
            }
            Step::Forwarded { by, to } => {
                view.by = Some(by.to_string());
                view.to = Some(to.clone());
            }
            Step::Closed { by, note } => {
                view.by = Some(by.to_string());
                view.note = Some(note.clone());
            }
            Step::Reopened { by, note } => {
                view.by = by.as_ref().map(ToString::to_string);
                view.note = Some(note.clone());
            }
        }
        view
    }
}

impl From<Verdict> for VerdictView {
    fn from(verdict: Verdict) -> VerdictView {
        match verdict {
            Verdict::Real => VerdictView { kind: VerdictKind::Real, cause: None },
            Verdict::False(cause) => VerdictView { kind: VerdictKind::False, cause: Some(Cause::from(cause)) },
            Verdict::Test => VerdictView { kind: VerdictKind::Test, cause: None },
            Verdict::Unreachable => VerdictView { kind: VerdictKind::Unreachable, cause: None },
        }
    }
}

impl From<VerdictView> for Verdict {
    fn from(view: VerdictView) -> Verdict {
        match view.kind {
            VerdictKind::Real => Verdict::Real,
            VerdictKind::False => Verdict::False(view.cause.unwrap_or(Cause::Unknown).into()),
            VerdictKind::Test => Verdict::Test,
            VerdictKind::Unreachable => Verdict::Unreachable,
        }
    }
}

impl From<FalseCause> for Cause {
    fn from(cause: FalseCause) -> Cause {
        match cause {
            FalseCause::Cooking => Cause::Cooking,
            FalseCause::Steam => Cause::Steam,
            FalseCause::Dust => Cause::Dust,
            FalseCause::Insects => Cause::Insects,
            FalseCause::Construction => Cause::Construction,
            FalseCause::Fault => Cause::Fault,
            FalseCause::Malicious => Cause::Malicious,
            FalseCause::Unknown => Cause::Unknown,
        }
    }
}

impl From<Cause> for FalseCause {
    fn from(cause: Cause) -> FalseCause {
        match cause {
            Cause::Cooking => FalseCause::Cooking,
            Cause::Steam => FalseCause::Steam,
            Cause::Dust => FalseCause::Dust,
            Cause::Insects => FalseCause::Insects,
            Cause::Construction => FalseCause::Construction,
            Cause::Fault => FalseCause::Fault,
            Cause::Malicious => FalseCause::Malicious,
            Cause::Unknown => FalseCause::Unknown,
        }
    }
}
