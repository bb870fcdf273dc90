//! Many alerts at once: the first is told by itself and at once, further ones of the same burst together.

use super::Desk;
use super::case::{Case, Fold, FoldKey, Folded};
use super::clockwork::Timer;
use super::limits::{UNZONED_TOLD_MAX, fold_window, is_life};
use super::send::Send;
use crate::delivery::Telling;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{AlertId, ChannelKind, ContactId, DeliveryId, Timestamp};

impl Desk {
    /// Puts an alert into the burst that it belongs to. False when it is to be told by itself.
    pub(super) fn joins_burst(
        &mut self,
        alert: AlertId,
        contact: &ContactId,
        channel: ChannelKind,
        fallbacks: &[ChannelKind],
        at: Timestamp,
    ) -> bool {
        let Some(case) = self.state.cases.get(&alert) else { return false };
        let Some(key) = key_of(case, contact, channel) else { return false };
        let told_max = if is_life(key.class) && key.zone.is_none() { UNZONED_TOLD_MAX } else { 1 };
        let cause = case.run.cause;
        let Some(fold) = self.state.folds.get_mut(&key) else {
            let closes_at = at.plus(fold_window(key.class));
            let fold = Fold { heads: BTreeSet::from([alert]), waiting: BTreeMap::new(), closes_at };
            self.state.folds.insert(key.clone(), fold);
            self.set_timer(closes_at, Timer::Burst(key));
            return false;
        };
        if fold.heads.len() < told_max {
            fold.heads.insert(alert);
        }
        if fold.heads.contains(&alert) {
            return false;
        }
        fold.waiting.insert(alert, Folded { cause, fallbacks: fallbacks.to_vec() });
        true
    }

    pub(super) fn burst_is_due(&mut self, key: &FoldKey, at: Timestamp) {
        let Some(fold) = self.state.folds.get_mut(key).filter(|fold| fold.closes_at == at) else { return };
        if fold.waiting.is_empty() {
            self.state.folds.remove(key);
            return;
        }
        // The burst goes on: what comes now is told at the end of another window.
        let closes_at = at.plus(fold_window(key.class));
        fold.closes_at = closes_at;
        self.set_timer(closes_at, Timer::Burst(key.clone()));
        self.flush(key, at);
    }

    /// An alert is not told any more. The bursts that it began end with it: who dealt with the first detector has not
    /// seen the next.
    pub(super) fn leave_bursts(&mut self, alert: AlertId, at: Timestamp) {
        let mut ended = Vec::new();
        for (key, fold) in &mut self.state.folds {
            fold.waiting.remove(&alert);
            if fold.heads.contains(&alert) {
                ended.push(key.clone());
            }
        }
        for key in ended {
            self.flush(&key, at);
            self.state.folds.remove(&key);
        }
    }

    /// Whether the alert waits to be told together with others, or is being told so.
    pub(super) fn is_told_with_others(&self, alert: AlertId) -> bool {
        let covers = |id: &DeliveryId| {
            let send = self.state.cases.get(&id.alert).and_then(|case| case.sends.get(id));
            send.is_some_and(|send| send.covers.contains(&alert))
        };
        self.state.folds.values().any(|fold| fold.waiting.contains_key(&alert)) || self.summaries.iter().any(covers)
    }

    fn flush(&mut self, key: &FoldKey, at: Timestamp) {
        let Some(fold) = self.state.folds.get_mut(key) else { return };
        let waiting = std::mem::take(&mut fold.waiting);
        let current = |(alert, folded): &(&AlertId, &Folded)| {
            self.state.cases.get(alert).is_some_and(|case| case.run.cause == folded.cause)
        };
        let alerts: Vec<AlertId> = waiting.iter().filter(current).map(|(alert, _)| *alert).collect();
        let fallbacks = waiting.values().next().map(|folded| folded.fallbacks.clone()).unwrap_or_default();
        self.tell_together(&key.contact, key.channel, alerts, &fallbacks, at);
    }

    /// Plans one message about those of the alerts that are still to be told; named after the first of them.
    pub(super) fn tell_together(
        &mut self,
        contact: &ContactId,
        channel: ChannelKind,
        alerts: Vec<AlertId>,
        fallbacks: &[ChannelKind],
        at: Timestamp,
    ) {
        let refused = (contact.clone(), channel);
        let open = |alert: &AlertId| {
            let case = self.state.cases.get(alert);
            case.is_some_and(|case| case.run.telling && !case.run.refused.contains(&refused))
        };
        let mut open: Vec<AlertId> = alerts.into_iter().filter(open).collect();
        if open.is_empty() {
            return;
        }
        let owner = open.remove(0);
        let Some(cause) = self.state.cases.get(&owner).map(|case| case.run.cause) else { return };
        let telling = if open.is_empty() { Telling::Alarm } else { Telling::Summary };
        let send = Send { covers: open, ..Send::first(telling, at, fallbacks.to_vec()) };
        self.insert_send(owner, cause, contact, channel, send);
    }
}

/// The burst that an alert belongs to. Other systems sort alerts out by themselves: they get each one.
fn key_of(case: &Case, contact: &ContactId, channel: ChannelKind) -> Option<FoldKey> {
    if channel == ChannelKind::Webhook {
        return None;
    }
    let zone = case.zone.clone().filter(|_| is_life(case.class));
    Some(FoldKey { contact: contact.clone(), channel, site: case.site.clone(), class: case.class, zone })
}
