//! Clocks of devices that were set back by minutes or hours. The first reading after that looks like one that was
//! overtaken on its way, and so do all that follow until the new time has passed the old. What was truly overtaken comes
//! in a burst and catches up; a clock that was set back stays as far behind as it is. So readings that keep one distance
//! for [`SURE_AFTER`] are in their turn, whatever their stamps say.

use crate::engine::Engine;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchfire_model::Timestamp;

/// Readings that stay so long at one distance behind are in their turn.
pub const SURE_AFTER: Duration = Duration::from_secs(10);
/// Distances that differ by no more are one: frames are under way for a while, now more, now less.
const JITTER: Duration = Duration::from_secs(2);

/// How far behind a device's stamps are, since they went back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SetBack {
    behind: Duration,
    /// Since when, by the journal's time.
    since: Timestamp,
}

impl Engine {
    /// Whether a reading is in its turn by how far its stamp is behind; `older`: than the newest of its series.
    pub(crate) fn in_its_turn(&mut self, device: u32, said: Timestamp, older: bool) -> bool {
        if self.set_back.is_empty() && !older {
            return true;
        }
        let now = self.stamp.at;
        let behind = now.since(said);
        match self.set_back.get_mut(&device) {
            Some(known) if known.behind.abs_diff(behind) <= JITTER => {
                known.behind = behind;
                !older || now.since(known.since) >= SURE_AFTER
            }
            _ if older => {
                self.set_back.insert(device, SetBack { behind, since: now });
                false
            }
            _ => {
                self.set_back.remove(&device);
                true
            }
        }
    }
}
