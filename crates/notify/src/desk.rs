//! Who is told, when, again, and instead: a fold of transitions, outcomes and time. Asks no clock, sends nothing.
//!
//! # Rules
//! - An alert is *raised*, *escalated* or *reopened*: its ladder begins. The rungs for its class follow one another,
//!   each `wait_s` after the one before; everybody on a rung is told at once.
//! - It is *acknowledged*, *verified*, *forwarded* or *closed*: nothing further is told, nothing is retried. Who was
//!   told hears of it. The same when anything *clears*; if nobody was reached by then, those whose turn it was are still
//!   told, and no further rung begins. But a ladder about fire, gas or carbon monoxide goes on until somebody answers.
//! - A way that fails gives way to the contact's next one at once and is retried with growing pauses. One that asks
//!   for patience gets it. One that refuses is not used again in this run, and a notice asks a person to look.
//! - When nobody of a rung can be reached, or somebody has no way left, the next rung begins at once.
//! - An alert that is no danger to life and comes and goes begins its ladder at most once in [`limits::REST_S`] seconds.
//! - A ladder about danger to life that nobody answers begins again, [`limits::QUICK_ROUNDS`] times in quick succession,
//!   then every [`limits::LATE_ROUND_PAUSE_S`] seconds with the station's own people on it too.
//! - Bursts: the first alert of a site, zone and class is told at once, always. Further ones for the same person and
//!   way within the window are told together at its end. Another zone or class is told at once. Systems that are told
//!   by webhook get every alert by itself.
//! - What belongs to a test is told to nobody. When it leaves the test, its ladder begins.
//! - A silent device that something else explains (class `offline`, severity `info`) is told to nobody until it escalates.
//! - A site without anybody to tell falls back to the station's own ladder; without that it is said so in a notice.
//!
//! # Once, and again after a crash
//! `due` hands out a delivery once. `Outcome::Attempt`, applied before the send, puts it on its way; the outcome ends
//! it. After a restore, [`Desk::resume`] makes due again whatever has no outcome, under the same id. Every event is to
//! be applied exactly once, in the journal's order; the snapshot goes with the position of the last one applied.

mod burst;
mod case;
mod clockwork;
mod facts;
mod ladder;
pub mod limits;
mod notices;
mod outcomes;
mod send;
mod snapshot;

pub use snapshot::RestoreError;

use crate::delivery::Telling;
use crate::{Delivery, message};
use case::{Case, Fold, FoldKey};
use clockwork::Timer;
use notices::Health;
use send::SendState;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{AlertId, DeliveryId, Failure, Notice, Outcome, Rung, Sites, Timestamp, Transition};

/// What the desk is told by configuration rather than by the journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeskOptions {
    /// Where people find the console, e.g. `https://fire.example.org`; messages then link to the alert.
    pub console_url: Option<String>,
    /// Who is told of a site that has no ladder for a danger to life.
    pub ladder: Vec<Rung>,
}

/// One thing that happened, in the journal's order.
#[derive(Clone, Copy, Debug)]
pub enum DeskEvent<'a> {
    /// Sites and contacts in force from here on.
    Setup(&'a Sites),
    /// An alert changed.
    Transition(&'a Transition),
    /// A send was attempted, delivered or failed.
    Outcome {
        /// The entry's time.
        at: Timestamp,
        /// What became of it.
        outcome: &'a Outcome,
    },
    /// The station said something of itself; the desk looks for its own notices among these.
    Notice(&'a Notice),
    /// It is now that late.
    Time(Timestamp),
}

/// The desk. Clone it, snapshot it, replay it: the same events give the same desk.
#[derive(Clone, Debug)]
pub struct Desk {
    options: DeskOptions,
    state: State,
    /// Derived from the state; entries may be stale and are checked when their time comes.
    timers: BTreeSet<(Timestamp, Timer)>,
    /// Due and not handed out.
    ready: BTreeSet<DeliveryId>,
    /// Handed out and not yet attempted, as far as the journal knows.
    handed: BTreeSet<DeliveryId>,
    /// Derived from the state: the sends that tell of other alerts, too.
    summaries: BTreeSet<DeliveryId>,
    /// Notices handed out, with whether they begin or end.
    noticed: BTreeSet<(String, bool)>,
}

/// What a snapshot holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    now: Timestamp,
    sites: Sites,
    cases: BTreeMap<AlertId, Case>,
    folds: BTreeMap<FoldKey, Fold>,
    health: Health,
}

impl Desk {
    /// A desk that knows of nothing.
    pub fn new(options: DeskOptions) -> Desk {
        Desk::with_state(options, State::default())
    }

    fn with_state(options: DeskOptions, state: State) -> Desk {
        let timers = clockwork::timers_of(&state);
        let sends = state.cases.values().flat_map(|case| &case.sends);
        let summaries = sends.filter(|(_, send)| !send.covers.is_empty()).map(|(id, _)| id.clone()).collect();
        let (ready, handed, noticed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Desk { options, state, timers, ready, handed, summaries, noticed }
    }

    /// Takes in one event.
    pub fn apply(&mut self, event: &DeskEvent<'_>) {
        match event {
            DeskEvent::Setup(sites) => self.set_up(sites),
            DeskEvent::Transition(transition) => {
                self.advance(transition.at);
                self.transition(transition);
            }
            DeskEvent::Outcome { at, outcome } => {
                self.advance(*at);
                self.outcome(*at, outcome);
            }
            DeskEvent::Notice(notice) => {
                self.noticed.remove(&(notice.subject.clone(), notice.active));
                self.state.health.journaled(notice);
            }
            DeskEvent::Time(at) => self.advance(*at),
        }
    }

    /// What is to be sent now, most urgent first. Each is handed out once; journal an attempt before sending it.
    pub fn due(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.advance(now);
        let mut due = Vec::new();
        while let Some(id) = self.ready.pop_first() {
            match self.delivery(&id, now) {
                Some(delivery) => {
                    self.handed.insert(id);
                    due.push(delivery);
                }
                // The contact or its address left the set-up while the message waited.
                None => {
                    self.failed(now, &id, Failure::Refused, "the contact has no such address any more");
                    self.advance(now);
                }
            }
        }
        due.sort_by_key(|delivery| {
            (delivery.facts.class, matches!(delivery.telling, Telling::Update(_)), delivery.facts.seq)
        });
        due
    }

    /// When `due` should be asked again at the latest; `None` when only an event can change anything.
    pub fn wake_at(&self) -> Option<Timestamp> {
        if self.ready.is_empty() { self.timers.first().map(|(at, _)| *at) } else { Some(self.state.now) }
    }

    /// After a restart, once every journaled event is applied: whatever was handed out or on its way and has no
    /// outcome is due again, under the same id.
    pub fn resume(&mut self) {
        self.handed.clear();
        self.noticed.clear();
        let now = self.state.now;
        for case in self.state.cases.values() {
            for (id, send) in &case.sends {
                match send.state {
                    SendState::InFlight => self.ready.insert(id.clone()),
                    SendState::Waiting { at } if at <= now => self.ready.insert(id.clone()),
                    SendState::Waiting { .. } => false,
                };
            }
        }
    }

    /// Whether that delivery is still wanted; not when the alert was acknowledged after it was handed out. What waits
    /// for its turn at a slow gateway is dropped by this answer.
    pub fn wants(&self, id: &DeliveryId) -> bool {
        self.state.cases.get(&id.alert).is_some_and(|case| case.sends.contains_key(id))
    }

    /// When the run began that this delivery tells of; `None` when it tells of news, such as an acknowledgement, or is
    /// not wanted.
    pub fn run_began_at(&self, id: &DeliveryId) -> Option<Timestamp> {
        let case = self.state.cases.get(&id.alert)?;
        (case.sends.contains_key(id) && case.run.cause == id.cause).then_some(case.run.at)
    }

    /// Notices that are to be journaled: a way to people is down or works again, a site has nobody to tell. Each is
    /// handed out once, and again after a restart until it comes back as an event.
    pub fn notices(&mut self) -> Vec<Notice> {
        let pending = self.state.health.pending();
        pending.into_iter().filter(|notice| self.noticed.insert((notice.subject.clone(), notice.active))).collect()
    }

    /// Open alerts that nobody could be told of, because no ladder names a person who can be reached.
    pub fn untold(&self) -> impl Iterator<Item = AlertId> + '_ {
        self.state.cases.iter().filter(|(_, case)| case.run.nobody).map(|(alert, _)| *alert)
    }

    fn set_up(&mut self, sites: &Sites) {
        self.state.health.addresses_changed(&self.state.sites, sites);
        self.state.sites = sites.clone();
        let untold: Vec<AlertId> = self.untold().collect();
        for alert in untold {
            self.begin_again(alert);
        }
    }

    fn delivery(&self, id: &DeliveryId, now: Timestamp) -> Option<Delivery> {
        let case = self.state.cases.get(&id.alert)?;
        let send = case.sends.get(id)?;
        let contact = self.state.sites.contacts.get(&id.contact)?;
        let address = contact.channels.get(&id.channel)?.clone();
        let facts = self.facts(id.alert, case, &send.telling);
        let open =
            |alert: &AlertId| self.state.cases.get(alert).filter(|case| case.run.telling).map(|case| (*alert, case));
        let covered: Vec<_> =
            (send.covers.iter().filter_map(open)).map(|(alert, case)| self.facts(alert, case, &send.telling)).collect();
        let link =
            self.options.console_url.as_deref().map(|url| format!("{}/alerts/{}", url.trim_end_matches('/'), id.alert));
        let text = message::render(&facts, &covered, &send.telling, contact.language, link.as_deref());
        Some(Delivery {
            key: DeliveryId { attempt: send.first_attempt, ..id.clone() },
            id: id.clone(),
            address,
            language: contact.language,
            telling: send.telling.clone(),
            facts,
            covers: covered.iter().map(|facts| facts.id).collect(),
            subject: text.subject,
            body: text.body,
            html: text.html,
            short: text.short,
            link,
            at: now,
        })
    }
}
