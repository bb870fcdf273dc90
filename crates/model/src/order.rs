//! What people order.

use crate::{AlertId, OrderId, UserName, Verdict};
use serde::{Deserialize, Serialize};

/// An operator's order. Repeating one with the same id changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Idempotency key.
    pub id: OrderId,
    /// Who.
    pub by: UserName,
    /// What.
    pub kind: OrderKind,
}

/// What is ordered. The order of the variants is on disk: add at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKind {
    /// "I have seen it": stops the sound and the ladder.
    Acknowledge {
        /// Which alert.
        alert: AlertId,
    },
    /// What it turned out to be.
    Verify {
        /// Which alert.
        alert: AlertId,
        /// The finding.
        verdict: Verdict,
        /// In the operator's words.
        note: String,
    },
    /// Handed on to the fire brigade or another authority.
    Forward {
        /// Which alert.
        alert: AlertId,
        /// To whom.
        to: String,
    },
    /// Done with.
    Close {
        /// Which alert.
        alert: AlertId,
        /// In the operator's words.
        note: String,
    },
    /// Open again.
    Reopen {
        /// Which alert.
        alert: AlertId,
        /// Why.
        note: String,
    },
}

impl OrderKind {
    /// The alert it is about.
    pub fn alert(&self) -> AlertId {
        match self {
            OrderKind::Acknowledge { alert }
            | OrderKind::Verify { alert, .. }
            | OrderKind::Forward { alert, .. }
            | OrderKind::Close { alert, .. }
            | OrderKind::Reopen { alert, .. } => *alert,
        }
    }
}
