//! Sends to people, as the journal knows them.

use crate::{AlertId, ContactId, Seq};
use serde::{Deserialize, Serialize};
use std::fmt;

/// By which way a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// E-mail.
    Email,
    /// Text message.
    Sms,
    /// HTTP call to another system.
    Webhook,
}

impl ChannelKind {
    /// Every channel.
    pub const ALL: &'static [ChannelKind] = &[ChannelKind::Email, ChannelKind::Sms, ChannelKind::Webhook];

    /// The name in configuration, metrics and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelKind::Email => "email",
            ChannelKind::Sms => "sms",
            ChannelKind::Webhook => "webhook",
        }
    }
}

/// One attempt to tell one person one thing by one way. Derived, so that a repeat after a crash has the same
/// Message-ID or idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId {
    /// About which alert.
    pub alert: AlertId,
    /// The entry whose transition is told.
    pub cause: Seq,
    /// To whom.
    pub contact: ContactId,
    /// How.
    pub channel: ChannelKind,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// `<alert>/<cause>/<contact>/<channel>/<attempt>`: unique, and fit for a Message-ID after escaping.
impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}/{}", self.alert, self.cause, self.contact, self.channel.as_str(), self.attempt)
    }
}

/// What became of a send. The order of the variants is on disk: add at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Journaled before the send.
    Attempt {
        /// Which.
        delivery: DeliveryId,
    },
    /// The far side took it.
    Delivered {
        /// Which.
        delivery: DeliveryId,
        /// What the far side answered, e.g. an SMTP queue id.
        receipt: String,
    },
    /// It did not.
    Failed {
        /// Which.
        delivery: DeliveryId,
        /// The next step.
        failure: Failure,
        /// What the far side or the network said.
        detail: String,
    },
}

impl Outcome {
    /// The delivery it is about.
    pub fn delivery(&self) -> &DeliveryId {
        match self {
            Outcome::Attempt { delivery } | Outcome::Delivered { delivery, .. } | Outcome::Failed { delivery, .. } => {
                delivery
            }
        }
    }
}

/// Why a send failed, as the next step to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Later: the far side asked to wait that many seconds.
    Throttled {
        /// Seconds.
        wait_s: u32,
    },
    /// Back off, and try the next channel.
    Unreachable,
    /// Never again: tell a person.
    Refused,
}
