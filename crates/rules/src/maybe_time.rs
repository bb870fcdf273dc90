//! A time that may be none, in eight bytes.

use serde::{Deserialize, Serialize};
use watchfire_model::Timestamp;

/// See the head of this file. In snapshots an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<Timestamp>", into = "Option<Timestamp>")]
pub(crate) struct MaybeTime(Timestamp);

const NONE: Timestamp = Timestamp(i64::MIN);

impl MaybeTime {
    pub(crate) fn get(self) -> Option<Timestamp> {
        Some(self.0).filter(|at| *at != NONE)
    }
}

impl Default for MaybeTime {
    fn default() -> MaybeTime {
        MaybeTime(NONE)
    }
}

impl From<Option<Timestamp>> for MaybeTime {
    fn from(at: Option<Timestamp>) -> MaybeTime {
        MaybeTime(at.unwrap_or(NONE))
    }
}

impl From<MaybeTime> for Option<Timestamp> {
    fn from(at: MaybeTime) -> Option<Timestamp> {
        at.get()
    }
}
