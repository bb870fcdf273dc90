//! A message that is to go out, or is on its way.

use crate::delivery::Telling;
use serde::{Deserialize, Serialize};
use watchfire_model::{AlertId, ChannelKind, Timestamp};

/// One attempt, keyed by its delivery id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Send {
    pub(super) telling: Telling,
    pub(super) state: SendState,
    /// Attempts that failed before this one.
    pub(super) failures: u32,
    /// When the first attempt was due.
    pub(super) first_at: Timestamp,
    /// The contact's further ways, tried when this one fails.
    pub(super) fallbacks: Vec<ChannelKind>,
    /// The other alerts told by this message.
    pub(super) covers: Vec<AlertId>,
}

/// How far it got, as far as the journal knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SendState {
    /// To be sent at that time.
    Waiting { at: Timestamp },
    /// Its attempt is journaled, its outcome is not.
    InFlight,
}

impl Send {
    pub(super) fn first(telling: Telling, at: Timestamp, fallbacks: Vec<ChannelKind>) -> Send {
        Send { telling, state: SendState::Waiting { at }, failures: 0, first_at: at, fallbacks, covers: Vec::new() }
    }

    pub(super) fn is_alarm(&self) -> bool {
        match self.telling {
            Telling::Alarm | Telling::Summary => true,
            Telling::Update(_) => false,
        }
    }
}
