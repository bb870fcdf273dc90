//! Alerts, outcomes and orders in the words of the tables, the same for every store.
//!
//! `alerts.state` is derived from the transitions: byte 1, then the postcard of `model::Alert`. When `Alert` changes its
//! form, a schema step folds the transitions again; the test `state_bytes_are_on_disk` fails until there is one.

use crate::alerts::DeliveryState;
use crate::fault::Fault;
use std::borrow::Cow;
use watchfire_model::{Alert, Condition, Failure, FalseCause, Order, OrderKind, Outcome, Step, UserName, Verdict};

const STATE_VERSION: u8 = 1;

/// An alert from its `state` column.
pub(crate) fn decode_state(state: &[u8]) -> Result<Alert, Fault> {
    match state.split_first() {
        Some((&STATE_VERSION, body)) => {
            postcard::from_bytes(body).map_err(|error| Fault::malformed("an alert's state", error))
        }
        _ => Err(Fault::malformed("an alert's state", "version")),
    }
}

/// The `state` column.
pub(crate) fn encode_state(alert: &Alert) -> Vec<u8> {
    postcard::to_extend(alert, vec![STATE_VERSION]).expect("our own types always encode")
}

/// A verdict in the words of the tables: what it was, and why if it was false.
pub fn verdict_words(verdict: Verdict) -> (Option<&'static str>, Option<&'static str>) {
    match verdict {
        Verdict::Real => (Some("real"), None),
        Verdict::False(cause) => (Some("false"), Some(cause_word(cause))),
        Verdict::Test => (Some("test"), None),
        Verdict::Unreachable => (Some("unreachable"), None),
    }
}

/// Why it was false, in the word of the tables.
pub(crate) fn cause_word(cause: FalseCause) -> &'static str {
    match cause {
        FalseCause::Cooking => "cooking",
        FalseCause::Steam => "steam",
        FalseCause::Dust => "dust",
        FalseCause::Insects => "insects",
        FalseCause::Construction => "construction",
        FalseCause::Fault => "fault",
        FalseCause::Malicious => "malicious",
        FalseCause::Unknown => "unknown",
    }
}

/// Who made a step, and in which words.
pub(crate) fn person_and_note(step: &Step) -> (Option<&UserName>, Option<&str>) {
    match step {
        Step::Raised | Step::Escalated { .. } | Step::Cleared => (None, None),
        Step::Acknowledged { by } => (Some(by), None),
        Step::Verified { by, note, .. } | Step::Closed { by, note } => (Some(by), Some(note)),
        Step::Forwarded { by, to } => (Some(by), Some(to)),
        Step::Reopened { by, note } => (by.as_ref(), Some(note)),
    }
}

/// Whether the cause still holds.
pub(crate) fn condition_word(condition: Condition) -> &'static str {
    match condition {
        Condition::Active => "active",
        Condition::Cleared => "cleared",
    }
}

/// What became of a send.
pub(crate) struct OutcomeWords<'a> {
    pub(crate) state: &'static str,
    pub(crate) failure: Option<&'static str>,
    pub(crate) wait_s: Option<u32>,
    /// 1 when this is one more send.
    pub(crate) sends: i32,
    pub(crate) detail: &'a str,
}

/// An outcome in words.
pub(crate) fn outcome_words(outcome: &Outcome) -> OutcomeWords<'_> {
    let (state, failure, wait_s, sends, detail) = match outcome {
        Outcome::Attempt { .. } => ("sending", None, None, 1, ""),
        Outcome::Delivered { receipt, .. } => ("delivered", None, None, 0, receipt.as_str()),
        Outcome::Failed { failure, detail, .. } => {
            let (word, wait_s) = failure_words(*failure);
            ("failed", Some(word), wait_s, 0, detail.as_str())
        }
    };
    OutcomeWords { state, failure, wait_s, sends, detail }
}

fn failure_words(failure: Failure) -> (&'static str, Option<u32>) {
    match failure {
        Failure::Throttled { wait_s } => ("throttled", Some(wait_s)),
        Failure::Unreachable => ("unreachable", None),
        Failure::Refused => ("refused", None),
    }
}

/// What became of a send, from its words.
pub(crate) fn delivery_state(state: &str, failure: Option<&str>, wait_s: Option<u32>) -> Result<DeliveryState, Fault> {
    match (state, failure, wait_s) {
        ("sending", ..) => Ok(DeliveryState::Sending),
        ("delivered", ..) => Ok(DeliveryState::Delivered),
        ("failed", Some("throttled"), Some(wait_s)) => Ok(DeliveryState::Failed(Failure::Throttled { wait_s })),
        ("failed", Some("unreachable"), _) => Ok(DeliveryState::Failed(Failure::Unreachable)),
        ("failed", Some("refused"), _) => Ok(DeliveryState::Failed(Failure::Refused)),
        _ => Err(Fault::malformed("a delivery's state", format!("{state} {failure:?}"))),
    }
}

/// An order in words.
pub(crate) struct OrderWords<'a> {
    pub(crate) kind: &'static str,
    /// Empty when it was not about one.
    pub(crate) alert: String,
    pub(crate) verdict: Option<&'static str>,
    pub(crate) cause: Option<&'static str>,
    pub(crate) note: Option<Cow<'a, str>>,
    pub(crate) forward: Option<&'a str>,
}

/// An order in words.
pub(crate) fn order_words(order: &Order) -> OrderWords<'_> {
    let (verdict, note, forward) = match &order.kind {
        OrderKind::Acknowledge { .. } => (None, None, None),
        OrderKind::Verify { verdict, note, .. } => (Some(*verdict), Some(Cow::Borrowed(note.as_str())), None),
        OrderKind::Forward { to, .. } => (None, None, Some(to.as_str())),
        OrderKind::Close { note, .. } | OrderKind::Reopen { note, .. } => {
            (None, Some(Cow::Borrowed(note.as_str())), None)
        }
        // What was ordered of which transmission devices, and what was to be tested, stands in the note, whole.
        OrderKind::DutyCheck { .. }
        | OrderKind::Inspect { .. }
        | OrderKind::SetInspection { .. }
        | OrderKind::SyncClock { .. }
        | OrderKind::Initialise { .. }
        | OrderKind::StartTest { .. }
        | OrderKind::ApproveTest { .. }
        | OrderKind::EndTest { .. } => (None, serde_json::to_string(&order.kind).ok().map(Cow::Owned), None),
    };
    let (verdict, cause) = verdict.map_or((None, None), verdict_words);
    let alert = order.kind.alert().map(|alert| alert.to_string()).unwrap_or_default();
    OrderWords { kind: order.kind.as_str(), alert, verdict, cause, note, forward }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::{
        AlertId, Bilingual, Class, JournalId, RuleRef, Seq, Severity, SiteId, Timestamp, Transition,
    };

    #[test]
    fn state_bytes_are_on_disk() {
        let raised = Transition {
            alert: AlertId { journal: JournalId([1; 16]), cause: Seq(2), ordinal: 3 },
            seq: Seq(2),
            at: Timestamp(4),
            step: Step::Raised,
            class: Class::Fire,
            severity: Severity::Critical,
            site: SiteId::new("home").unwrap(),
            zone: None,
            device: None,
            point: None,
            rule: RuleRef { name: "r".into(), version: 5 },
            reason: Bilingual::new("e", "中"),
            evidence: Vec::new(),
            marks: Default::default(),
        };
        let alert = Alert::new(&raised);
        let hex: String = encode_state(&alert).iter().map(|byte| format!("{byte:02x}")).collect();
        let golden =
            "0101010101010101010101010101010101020300 0004686f6d65000000017205016503e4b8ad0000000000080802 0000";
        assert_eq!(hex, golden.replace(' ', ""), "the form of `Alert` changed: add a schema step that folds again");
        assert_eq!(decode_state(&encode_state(&alert)).unwrap(), alert);
    }
}
