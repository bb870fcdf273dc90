//! What follows from a send that was attempted, delivered or failed.

use super::Desk;
use super::case::Reach;
use super::limits::{THROTTLE_MAX_S, THROTTLE_PATIENCE_S, backoff, retry_span, wants_an_answer};
use super::send::{Send, SendState};
use crate::delivery::Telling;
use std::time::Duration;
use watchfire_model::{AlertId, ChannelKind, ContactId, DeliveryId, Failure, Outcome, Timestamp};

impl Desk {
    pub(super) fn outcome(&mut self, at: Timestamp, outcome: &Outcome) {
        match outcome {
            Outcome::Attempt { delivery } => self.attempted(delivery),
            Outcome::Delivered { delivery, receipt: _ } => self.delivered(at, delivery),
            Outcome::Failed { delivery, failure, detail } => self.failed(at, delivery, *failure, detail),
        }
    }

    fn attempted(&mut self, id: &DeliveryId) {
        self.adopt(id);
        let Some(case) = self.state.cases.get_mut(&id.alert) else { return };
        if let Some(send) = case.sends.get_mut(id) {
            send.state = SendState::InFlight;
        }
        self.ready.remove(id);
        self.handed.remove(id);
    }

    /// The journal is right: an attempt under another number than planned takes the planned one's place. So it can be
    /// when another build, or other options, planned it.
    fn adopt(&mut self, id: &DeliveryId) {
        let planned = self.pending(id.alert, id.cause, &id.contact, id.channel);
        let Some(case) = self.state.cases.get_mut(&id.alert) else { return };
        if case.sends.contains_key(id) {
            return;
        }
        let last = case.attempts.entry((id.cause, id.contact.clone(), id.channel)).or_insert(0);
        *last = id.attempt.max(*last);
        if let Some(planned) = planned
            && let Some(send) = case.sends.remove(&planned)
        {
            if self.summaries.remove(&planned) {
                self.summaries.insert(id.clone());
            }
            case.sends.insert(id.clone(), send);
            self.ready.remove(&planned);
            self.handed.remove(&planned);
        }
    }

    fn delivered(&mut self, at: Timestamp, id: &DeliveryId) {
        self.state.health.delivered(&id.contact, id.channel);
        let send = self.take_send(id);
        let covers = send.as_ref().map(|send| send.covers.clone()).unwrap_or_default();
        for alert in std::iter::once(id.alert).chain(covers) {
            let Some(case) = self.state.cases.get_mut(&alert) else { continue };
            case.told.insert((id.contact.clone(), id.channel));
            if let Some(reach) = case.run.current.get_mut(&id.contact) {
                *reach = Reach::Reached;
            }
            // Somebody knows, and it is over: nobody else need be told.
            let over = case.cleared_at.is_some() && !wants_an_answer(case.class) && case.run.telling;
            if send.is_none() {
                self.tell_late(alert, id, at);
            }
            if over {
                self.stop(alert, at);
            }
            self.settle(alert);
        }
    }

    /// Somebody was reached by a message that had been called back meanwhile: he hears the news too.
    fn tell_late(&mut self, alert: AlertId, id: &DeliveryId, at: Timestamp) {
        let Some(case) = self.state.cases.get(&alert) else { return };
        let Some((seq, _, news)) = case.news.clone() else { return };
        if id.cause != seq && !case.attempts.contains_key(&(seq, id.contact.clone(), id.channel)) {
            let send = Send::first(Telling::Update(news), at, Vec::new());
            self.insert_send(alert, seq, &id.contact, id.channel, send);
        }
    }

    pub(super) fn failed(&mut self, at: Timestamp, id: &DeliveryId, failure: Failure, detail: &str) {
        self.state.health.failed(&id.contact, id.channel, failure, detail);
        // What was called back meanwhile is not tried again.
        let Some(send) = self.take_send(id) else { return };
        let alerts: Vec<AlertId> = std::iter::once(id.alert).chain(send.covers.iter().copied()).collect();
        let gives_way = match failure {
            Failure::Throttled { wait_s } => {
                let wait = Duration::from_secs(wait_s.clamp(1, THROTTLE_MAX_S).into());
                // A short wait keeps to the way: the contact's other ones stay in reserve.
                let patient = wait_s <= THROTTLE_PATIENCE_S;
                let reserve = if patient { send.fallbacks.clone() } else { Vec::new() };
                self.retry(id, &send, at.plus(wait), reserve);
                !patient
            }
            Failure::Unreachable => {
                self.retry(id, &send, at.plus(backoff(send.failures.saturating_add(1))), Vec::new());
                true
            }
            Failure::Refused => {
                self.refuse(&alerts, &id.contact, id.channel);
                true
            }
        };
        if gives_way && send.is_alarm() {
            self.try_instead(at, id, send);
            for alert in &alerts {
                self.judge_rung(*alert, &id.contact, at);
            }
        }
        for alert in alerts {
            self.settle(alert);
        }
    }

    /// The send leaves the desk: it has its outcome.
    fn take_send(&mut self, id: &DeliveryId) -> Option<Send> {
        self.ready.remove(id);
        self.handed.remove(id);
        self.summaries.remove(id);
        self.state.cases.get_mut(&id.alert)?.sends.remove(id)
    }

    fn retry(&mut self, id: &DeliveryId, send: &Send, next: Timestamp, fallbacks: Vec<ChannelKind>) {
        let Some(case) = self.state.cases.get(&id.alert) else { return };
        if next.since(send.first_at) > retry_span(case.severity) {
            return;
        }
        let again = Send {
            state: SendState::Waiting { at: next },
            failures: send.failures.saturating_add(1),
            fallbacks,
            ..send.clone()
        };
        self.insert_send(id.alert, id.cause, &id.contact, id.channel, again);
    }

    fn refuse(&mut self, alerts: &[AlertId], contact: &ContactId, channel: ChannelKind) {
        for alert in alerts {
            if let Some(case) = self.state.cases.get_mut(alert) {
                case.run.refused.insert((contact.clone(), channel));
            }
        }
    }

    /// Goes over to the contact's next way.
    fn try_instead(&mut self, at: Timestamp, id: &DeliveryId, send: Send) {
        let Some(case) = self.state.cases.get(&id.alert) else { return };
        let refused = |channel: &ChannelKind| case.run.refused.contains(&(id.contact.clone(), *channel));
        let Some(position) = send.fallbacks.iter().position(|channel| !refused(channel)) else { return };
        let (next, rest) = match send.fallbacks.get(position..).and_then(<[_]>::split_first) {
            Some((next, rest)) => (*next, rest.to_vec()),
            None => return,
        };
        if send.covers.is_empty() {
            self.plan_alarm(id.alert, &id.contact, next, rest, at);
        } else {
            let alerts = std::iter::once(id.alert).chain(send.covers).collect();
            self.tell_together(&id.contact, next, alerts, &rest, at);
        }
    }

    /// Begins the next rung at once when waiting on this one is in vain.
    fn judge_rung(&mut self, alert: AlertId, contact: &ContactId, at: Timestamp) {
        let Some(case) = self.state.cases.get(&alert) else { return };
        let of_contact = |(id, send): &(&DeliveryId, &Send)| id.contact == *contact && send.is_alarm();
        let sends: Vec<&Send> = case.sends.iter().filter(of_contact).map(|(_, send)| send).collect();
        let fresh = sends.iter().any(|send| send.failures == 0);
        let tried = matches!(case.run.current.get(contact), Some(Reach::Trying | Reach::Failing));
        if !case.run.telling || !tried || fresh || self.is_told_with_others(alert) {
            return;
        }
        let reach = if sends.is_empty() { Reach::Lost } else { Reach::Failing };
        let Some(case) = self.state.cases.get_mut(&alert) else { return };
        case.run.current.insert(contact.clone(), reach);
        let in_vain = case.run.current.values().all(|reach| matches!(reach, Reach::Failing | Reach::Lost));
        if (in_vain || reach == Reach::Lost) && case.run.next < case.run.rungs.len() {
            self.begin_rung(alert, at);
        } else {
            self.mind_nobody(alert);
        }
    }
}
