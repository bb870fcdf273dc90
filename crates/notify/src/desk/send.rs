//! A message that is to go out, or is on its way.

use crate::delivery::Telling;
use serde::{Deserialize, Serialize};
use watchfire_model::{AlertId, ChannelKind, Timestamp};

/// One attempt, keyed by its delivery id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Send {
    pub(super) telling: Telling,
    /// The number of the first attempt at this message: a retry goes out under its key. 0 until it is on the desk.
    pub(super) first_attempt: u32,
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
        let (first_attempt, failures, covers) = (0, 0, Vec::new());
        Send { telling, first_attempt, state: SendState::Waiting { at }, failures, first_at: at, fallbacks, covers }
    }

    pub(super) fn is_alarm(&self) -> bool {
        match self.telling {
            Telling::Alarm | Telling::Summary => true,
            Telling::Update(_) => false,
        }
    }
}
