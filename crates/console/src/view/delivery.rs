//! An attempt to tell somebody.

use super::{Text, When};
use crate::names::Names;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_archive::{DeliveryRow, DeliveryState};
use watchfire_model::{ContactId, Failure, Outcome, Seq, Timestamp};

/// One attempt to tell one person by one way.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Who.
    pub contact: ContactView,
    /// `email`, `sms` or `webhook`.
    pub channel: &'static str,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// `sending`, `delivered` or `failed`.
    pub state: &'static str,
    /// When that became known.
    pub at: When,
    /// The receipt, or what went wrong.
    pub detail: String,
    /// The entry whose transition is told.
    #[serde(skip)]
    pub(crate) cause: Seq,
}

/// A person or desk that is told.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ContactView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
}

impl DeliveryView {
    /// What the outcome says, with the names of that set-up.
    pub(crate) fn new(at: Timestamp, outcome: &Outcome, names: &Names) -> DeliveryView {
        let (state, detail) = match outcome {
            Outcome::Attempt { .. } => ("sending", String::new()),
            Outcome::Delivered { receipt, .. } => ("delivered", receipt.clone()),
            Outcome::Failed { failure, detail, .. } => ("failed", failure_detail(*failure, detail)),
        };
        let delivery = outcome.delivery();
        DeliveryView {
            contact: contact(&delivery.contact, names),
            channel: delivery.channel.as_str(),
            attempt: delivery.attempt,
            state,
            at: When(at),
            detail,
            cause: delivery.cause,
        }
    }

    /// What the archive says.
    pub(crate) fn past(row: &DeliveryRow, names: &Names) -> DeliveryView {
        DeliveryView {
            contact: contact(&row.contact, names),
            channel: row.channel.as_str(),
            attempt: row.attempt,
            state: row.state.as_str(),
            at: When(row.changed_at),
            detail: match row.state {
                DeliveryState::Failed(failure) => failure_detail(failure, &row.detail),
                DeliveryState::Sending | DeliveryState::Delivered => row.detail.clone(),
            },
            cause: row.cause,
        }
    }

    /// Whether the other one is later or earlier news of the same attempt.
    pub(crate) fn is_same_attempt(&self, other: &DeliveryView) -> bool {
        self.cause == other.cause
            && self.attempt == other.attempt
            && self.channel == other.channel
            && self.contact.id == other.contact.id
    }
}

fn contact(id: &ContactId, names: &Names) -> ContactView {
    ContactView { id: id.to_string(), name: names.contact(id) }
}

fn failure_detail(failure: Failure, detail: &str) -> String {
    match failure {
        Failure::Throttled { wait_s } => format!("throttled for {wait_s} s: {detail}"),
        Failure::Unreachable => format!("unreachable: {detail}"),
        Failure::Refused => format!("refused: {detail}"),
    }
}
