//! Wills whose link is gone: those that wait for their delay, and those of clients that were connected when the station
//! before this one ended. A client that comes back stops its own.
//!
//! After a restart nobody knows yet which clients live. Each has as long as its own keep-alive rule gives it, 1.5 times
//! the keep-alive, within [`Limits::will_grace_min`] and [`Limits::will_grace_max`], and its will's delay on top of that;
//! who is not back by then is gone, and his will is published.
//!
//! [`Limits::will_grace_min`]: crate::Limits::will_grace_min
//! [`Limits::will_grace_max`]: crate::Limits::will_grace_max

use crate::clients::ClientKey;
use crate::clock;
use crate::fanout::kept_wills::KeptWill;
use crate::limits::Limits;
use crate::parting::Parting;
use crate::shared::MqttShared;
use futures_util::StreamExt;
use futures_util::stream;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How often it is looked for wills that are due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Wills on their way to the journal at once.
const AT_ONCE: usize = 256;

/// The waiting wills.
#[derive(Debug, Default)]
pub(crate) struct Wills {
    waiting: Mutex<BTreeMap<ClientKey, (u64, oneshot::Sender<bool>)>>,
    before: Mutex<Before>,
}

/// What is known of the wills of clients of the station before this one.
#[derive(Debug)]
enum Before {
    /// Nothing yet: the journal is being read. These clients are here since.
    Unread(BTreeSet<ClientKey>),
    /// These wait, and of those it is to be journaled that they are over.
    Read { waiting: BTreeMap<ClientKey, Orphan>, over: Vec<(ClientKey, u64)> },
}

impl Default for Before {
    fn default() -> Before {
        Before::Unread(BTreeSet::new())
    }
}

/// The will of a client that was connected when the station before this one ended.
#[derive(Debug)]
struct Orphan {
    kept: KeptWill,
    due: Instant,
}

impl Wills {
    /// Tells when the client is back: true when it began a new session, which ends the old one, so that its will is
    /// due at once (MQTT-3.1.3.2.2).
    pub(crate) fn wait_for(&self, key: ClientKey, number: u64) -> oneshot::Receiver<bool> {
        let (back, wait) = oneshot::channel();
        lock(&self.waiting).insert(key, (number, back));
        wait
    }

    /// A client has connected. Gives the link whose will is over by that, if it has left one: who goes on has to journal
    /// it.
    pub(crate) fn client_is_back(&self, key: &ClientKey, clean: bool) -> Option<u64> {
        let waiting = lock(&self.waiting).remove(key);
        let ended = waiting.and_then(|(number, waiting)| {
            // Nobody listens when the will was published a moment ago.
            let stopped = waiting.send(clean).is_ok() && !clean;
            stopped.then_some(number)
        });
        let orphaned = match &mut *lock(&self.before) {
            Before::Unread(back) => {
                back.insert(key.clone());
                None
            }
            Before::Read { waiting, .. } => waiting.remove(key).map(|orphan| orphan.kept.number),
        };
        ended.or(orphaned)
    }

    /// Takes what the station before this one left; once.
    pub(crate) fn take_up<'a>(
        &self,
        kept: impl Iterator<Item = (&'a ClientKey, &'a KeptWill)>,
        now: Instant,
        limits: &Limits,
    ) {
        let mut before = lock(&self.before);
        let Before::Unread(back) = &*before else { return };
        let (mut waiting, mut over) = (BTreeMap::new(), Vec::new());
        for (key, kept) in kept {
            if back.contains(key) {
                over.push((key.clone(), kept.number));
            } else {
                let due = now + grace(kept, limits);
                waiting.insert(key.clone(), Orphan { kept: kept.clone(), due });
            }
        }
        *before = Before::Read { waiting, over };
    }

    fn due(&self, now: Instant) -> Vec<(ClientKey, KeptWill)> {
        let Before::Read { waiting, .. } = &mut *lock(&self.before) else { return Vec::new() };
        let due = waiting.extract_if(.., |_, orphan| orphan.due <= now);
        due.map(|(key, orphan)| (key, orphan.kept)).collect()
    }

    fn over(&self) -> Vec<(ClientKey, u64)> {
        match &mut *lock(&self.before) {
            Before::Unread(_) => Vec::new(),
            Before::Read { over, .. } => std::mem::take(over),
        }
    }
}

/// How long a client may stay away after a restart.
fn grace(kept: &KeptWill, limits: &Limits) -> Duration {
    let (min, max) = (limits.will_grace_min, limits.will_grace_max);
    let silence = if kept.keep_alive.is_zero() { max } else { kept.keep_alive * 3 / 2 };
    silence.clamp(min, max.max(min)) + kept.will.delay
}

/// Publishes the wills of clients that did not come back after a restart. Runs for ever.
pub(crate) async fn publish_due(shared: Arc<MqttShared>) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        every.tick().await;
        let due = shared.wills.due(clock::now());
        if !due.is_empty() {
            tracing::info!(wills = due.len(), "clients did not come back after the restart: their wills are published");
        }
        let publishing = due.into_iter().map(|(key, kept)| {
            let parting = Parting::of_client(&shared, key, kept.number);
            async move { parting.publish(&kept.will).await }
        });
        stream::iter(publishing).for_each_concurrent(AT_ONCE, |published| published).await;
        let ending = shared.wills.over().into_iter().map(|(key, number)| {
            let parting = Parting::of_client(&shared, key, number);
            async move { parting.take_back().await }
        });
        stream::iter(ending).for_each_concurrent(AT_ONCE, |ended| ended).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::greeting::Will;
    use bytes::Bytes;

    fn kept(keep_alive_s: u64, delay_s: u64) -> KeptWill {
        let will = Will {
            topic: "t".into(),
            payload: Bytes::new(),
            qos: 0,
            retain: false,
            delay: Duration::from_secs(delay_s),
            properties: Bytes::new(),
            expiry_s: None,
        };
        KeptWill { number: 5, keep_alive: Duration::from_secs(keep_alive_s), will }
    }

    fn key(client: &str) -> ClientKey {
        ClientKey { user: "care/gw".into(), client_id: client.into() }
    }

    #[test]
    fn the_grace_is_the_clients_own_and_bounded() {
        let limits = Limits::default();
        let seconds = |keep_alive, delay| grace(&kept(keep_alive, delay), &limits).as_secs();
        assert_eq!(
            [seconds(1, 0), seconds(60, 0), seconds(60, 30), seconds(3_600, 0), seconds(0, 0)],
            [10, 90, 120, 180, 180]
        );
    }

    #[test]
    fn who_is_back_before_or_after_the_journal_was_read_stops_his_will() {
        let (wills, limits, now) = (Wills::default(), Limits::default(), clock::now());
        let all: Vec<(ClientKey, KeptWill)> = ["early", "late", "never"].map(|id| (key(id), kept(60, 0))).into();
        assert_eq!(wills.client_is_back(&key("early"), true), None);
        wills.take_up(all.iter().map(|(key, kept)| (key, kept)), now, &limits);
        assert_eq!(wills.over(), [(key("early"), 5)]);
        assert_eq!(wills.client_is_back(&key("late"), true), Some(5));
        assert_eq!(wills.client_is_back(&key("late"), true), None);
        assert!(wills.due(now + Duration::from_secs(89)).is_empty());
        let due: Vec<ClientKey> = wills.due(now + Duration::from_secs(90)).into_iter().map(|(key, _)| key).collect();
        assert_eq!(due, [key("never")]);
        assert_eq!(wills.client_is_back(&key("never"), true), None, "published once");
    }
}
