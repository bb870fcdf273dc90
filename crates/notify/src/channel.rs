//! A way to a person, and what can come of using it.

use crate::Delivery;
use futures_util::future::BoxFuture;
use std::time::Duration;
use watchfire_model::{ChannelKind, Failure};

/// The longest receipt or failure detail that is journaled, in bytes.
pub const DETAIL_BYTES_MAX: usize = 300;

/// A way to a person. Configuration picks which there are.
pub trait Channel: Send + Sync {
    /// Hands the message to the far side. Ready when the far side has taken responsibility for it, or has not.
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, DeliveryError>>;

    /// Which way this is.
    fn kind(&self) -> ChannelKind;
}

/// The far side took the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What it answered, e.g. an SMTP queue id.
    pub text: String,
}

/// The far side did not take the message. A variant is the desk's next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It asked to be left alone for a while.
    #[error("asked to wait {} s: {detail}", wait.as_secs())]
    Throttled {
        /// How long.
        wait: Duration,
        /// What was said.
        detail: String,
    },
    /// It could not be reached, or could not do its work just now.
    #[error("unreachable: {detail}")]
    Unreachable {
        /// What was said, or what the network did.
        detail: String,
    },
    /// It will not take this message, however often it is offered.
    #[error("refused by {by}: {detail}")]
    Refused {
        /// Who has to change something.
        by: Refuser,
        /// What was said.
        detail: String,
    },
}

/// Who has to change something before a refused message would be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuser {
    /// The contact's address is wrong, or its owner does not want us.
    Recipient,
    /// The account, the credentials or the configuration of the server is wrong.
    Server,
}

impl std::fmt::Display for Refuser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refuser::Recipient => "the recipient",
            Refuser::Server => "the server",
        })
    }
}

impl DeliveryError {
    /// The error as the journal keeps it.
    pub fn failure(&self) -> Failure {
        match self {
            DeliveryError::Throttled { wait, .. } => {
                Failure::Throttled { wait_s: u32::try_from(wait.as_secs()).unwrap_or(u32::MAX) }
            }
            DeliveryError::Unreachable { .. } => Failure::Unreachable,
            DeliveryError::Refused { .. } => Failure::Refused,
        }
    }
}

/// What the far side said, fit for the journal: one line, bounded.
pub(crate) fn detail(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.retain(|c| !c.is_control());
    let end = line.floor_char_boundary(DETAIL_BYTES_MAX);
    line.truncate(end);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_one_bounded_line() {
        assert_eq!(detail("550 no such\r\n  user\u{7}"), "550 no such user");
        assert!(detail(&"火".repeat(500)).len() <= DETAIL_BYTES_MAX);
    }
}
