//! What the desk does by itself when time passes.

use super::case::FoldKey;
use super::send::SendState;
use super::{Desk, State};
use std::collections::BTreeSet;
use watchfire_model::{AlertId, DeliveryId, Timestamp};

/// Something that happens at its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The next rung of a ladder begins.
    Rung(AlertId),
    /// A burst is told.
    Burst(FoldKey),
    /// A message is to go out.
    Send(DeliveryId),
}

/// The timers that a state stands for.
pub(super) fn timers_of(state: &State) -> BTreeSet<(Timestamp, Timer)> {
    let mut timers = BTreeSet::new();
    for (alert, case) in &state.cases {
        let rests = case.rests_until().filter(|until| case.is_over() && *until > state.now);
        timers.extend(case.run.next_at.or(rests).map(|at| (at, Timer::Rung(*alert))));
        timers.extend(case.sends.iter().filter_map(|(id, send)| match send.state {
            SendState::Waiting { at } => Some((at, Timer::Send(id.clone()))),
            SendState::InFlight => None,
        }));
    }
    timers.extend(state.folds.iter().map(|(key, fold)| (fold.closes_at, Timer::Burst(key.clone()))));
    timers
}

impl Desk {
    /// Lets time pass: whatever was to happen until `to` happens, in order, at its own time. Time never goes back.
    pub(super) fn advance(&mut self, to: Timestamp) {
        let to = to.max(self.state.now);
        while let Some((at, _)) = self.timers.first()
            && *at <= to
        {
            let Some((at, timer)) = self.timers.pop_first() else { break };
            self.state.now = self.state.now.max(at);
            match timer {
                Timer::Rung(alert) => self.rung_is_due(alert, at),
                Timer::Burst(key) => self.burst_is_due(&key, at),
                Timer::Send(id) => self.send_is_due(id, at),
            }
        }
        self.state.now = to;
    }

    pub(super) fn set_timer(&mut self, at: Timestamp, timer: Timer) {
        self.timers.insert((at, timer));
    }

    fn send_is_due(&mut self, id: DeliveryId, at: Timestamp) {
        let case = self.state.cases.get(&id.alert);
        let waits =
            case.and_then(|case| case.sends.get(&id)).is_some_and(|send| send.state == SendState::Waiting { at });
        if waits && !self.handed.contains(&id) {
            self.ready.insert(id);
        }
    }
}
