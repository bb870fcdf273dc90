//! The frames of one device that were taken lately, so that a repetition is confirmed again and not journaled again.
//!
//! A repetition has the serial number and the application unit of the frame that it repeats. A device whose counter
//! stands still is not mistaken for one: with one serial number, only a frame that equals the **last** one of that number
//! is a repetition, so that fire, normal, fire is three frames; and after a reset everything is new, whatever was said
//! before it. The window begins with the first copy and is not extended. The memory is the device's, not the
//! connection's: a device that lost its link repeats on the next.

use crate::gate::Gate;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// So many frames of a device are remembered; of more, the oldest repeat themselves into the journal again.
const KEPT_MAX: usize = 256;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not seen lately.
    New,
    /// Seen, and durable, or on its way there before anything that this connection confirms later.
    Again,
    /// Seen on another connection, and not yet durable: there is nothing to say now, the device will ask again.
    UnderWay,
}

/// One way to the journal: its gate, and whether anybody still hands on what is not issued yet.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) gate: Arc<Gate>,
    pub(crate) alive: Weak<()>,
}

#[derive(Debug)]
struct Seen {
    serial: u16,
    digest: [u8; 16],
    at: Instant,
    lane: Lane,
    number: u64,
}

/// The memory of one device.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    frames: VecDeque<Seen>,
}

impl Recent {
    /// What this frame is, coming by `lane`.
    pub(crate) fn judge(&mut self, serial: u16, unit: &[u8], lane: &Lane, now: Instant, window: Duration) -> Verdict {
        while self.frames.front().is_some_and(|oldest| now.saturating_duration_since(oldest.at) > window) {
            self.frames.pop_front();
        }
        let Some(place) = self.frames.iter().rposition(|seen| seen.serial == serial) else { return Verdict::New };
        let verdict = match self.frames.get(place) {
            Some(seen) if seen.digest == digest(unit) => seen.verdict(lane),
            _ => Verdict::New,
        };
        if verdict == Verdict::New {
            self.frames.remove(place);
        }
        verdict
    }

    /// What comes from now on is new, also when it was said before.
    pub(crate) fn forget(&mut self) {
        self.frames.clear();
    }

    /// A new frame is handed on as the lane's submission of that number.
    pub(crate) fn note(&mut self, serial: u16, unit: &[u8], lane: &Lane, number: u64, now: Instant) {
        if self.frames.len() >= KEPT_MAX {
            self.frames.pop_front();
        }
        self.frames.push_back(Seen { serial, digest: digest(unit), at: now, lane: lane.clone(), number });
    }
}

impl Seen {
    fn verdict(&self, lane: &Lane) -> Verdict {
        let (gate, number) = (&self.lane.gate, self.number);
        if gate.durable() >= number {
            Verdict::Again
        } else if gate.is_lost() {
            Verdict::New
        } else if Arc::ptr_eq(gate, &lane.gate) {
            Verdict::Again
        } else if gate.issued() >= number || self.lane.alive.strong_count() > 0 {
            Verdict::UnderWay
        } else {
            // Its connection ended before it was handed on.
            Verdict::New
        }
    }
}

fn digest(unit: &[u8]) -> [u8; 16] {
    let whole: [u8; 32] = Sha256::digest(unit).into();
    whole.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::gate::Ticket;
    use watchfire_model::Seq;

    const WINDOW: Duration = Duration::from_secs(60);

    fn lane() -> (Lane, Arc<()>) {
        let alive = Arc::new(());
        (Lane { gate: Gate::new(Arc::default(), Arc::default()), alive: Arc::downgrade(&alive) }, alive)
    }

    #[tokio::test]
    async fn fire_normal_fire_with_one_serial_number_is_three_frames() {
        let (mut recent, now, (lane, _alive)) = (Recent::default(), clock::now(), lane());
        for (number, unit) in (1..).zip([b"fire", b"calm", b"fire"]) {
            assert_eq!(recent.judge(0, unit, &lane, now, WINDOW), Verdict::New);
            recent.note(0, unit, &lane, number, now);
        }
        assert_eq!(recent.judge(0, b"fire", &lane, now + WINDOW, WINDOW), Verdict::Again);
        assert_eq!(recent.judge(1, b"fire", &lane, now, WINDOW), Verdict::New);
        let later = now + WINDOW + Duration::from_millis(1);
        assert_eq!(recent.judge(0, b"fire", &lane, later, WINDOW), Verdict::New, "the window is not extended");
    }

    #[tokio::test]
    async fn on_another_connection_only_what_is_durable_is_confirmed_again() {
        let (mut recent, now) = (Recent::default(), clock::now());
        let ((old, alive), (new, _new_alive)) = (lane(), lane());
        recent.note(5, b"fire", &old, 1, now);
        assert_eq!(recent.judge(5, b"fire", &new, now, WINDOW), Verdict::UnderWay);
        let ticket = Ticket::new(&old.gate, 1, 0, true);
        drop(alive);
        assert_eq!(recent.judge(5, b"fire", &new, now, WINDOW), Verdict::UnderWay, "handed on: it will be durable");
        ticket.durable(Seq(9));
        assert_eq!(recent.judge(5, b"fire", &new, now, WINDOW), Verdict::Again);
    }

    #[tokio::test]
    async fn what_was_never_handed_on_is_new_again() {
        let (mut recent, now) = (Recent::default(), clock::now());
        let ((old, alive), (new, _new_alive)) = (lane(), lane());
        recent.note(5, b"fire", &old, 1, now);
        drop(alive);
        assert_eq!(recent.judge(5, b"fire", &new, now, WINDOW), Verdict::New);
        recent.note(5, b"fire", &new, 1, now);
        drop(Ticket::new(&new.gate, 1, 0, true));
        assert_eq!(recent.judge(5, b"fire", &old, now, WINDOW), Verdict::New, "the journal dropped it");
    }
}
