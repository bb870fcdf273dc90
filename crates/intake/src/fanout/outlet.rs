//! Alerts out: `wf/v1/{site}/alerts`, over our own links and never through the router, which may drop.
//!
//! A subscriber whose link has no room for an alert, or who does not acknowledge one in time, is disconnected and
//! counted: he comes back and asks the API, rather than believe that there is nothing.

use crate::close::Close;
use crate::fanout::groups::Direct;
use crate::gate::Gate;
use crate::message::Message;
use bytes::Bytes;
use compact_str::{CompactString, format_compact};
use prometheus::IntCounter;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Delivers alerts to the subscribers allowed to their site.
#[derive(Debug)]
pub struct AlertOutlet {
    listeners: Mutex<HashMap<CompactString, Vec<Listener>>>,
    sent: IntCounter,
    undelivered: IntCounter,
}

#[derive(Debug)]
struct Listener {
    link: u64,
    gate: Arc<Gate>,
    into: mpsc::Sender<Direct>,
}

impl AlertOutlet {
    pub(crate) fn new(sent: IntCounter, undelivered: IntCounter) -> AlertOutlet {
        AlertOutlet { listeners: Mutex::default(), sent, undelivered }
    }

    /// Sends `payload` to everybody who listens to the alerts of `site`, at QoS 1 (QoS 0 to who asked for that); gives
    /// to how many links. Never waits.
    pub fn publish(&self, site: &str, payload: &[u8]) -> usize {
        let mut all = self.lock();
        let Some(listeners) = all.get_mut(site) else { return 0 };
        let topic = format_compact!("wf/v1/{site}/alerts");
        let message = Arc::new(Message {
            topic: topic.to_string(),
            payload: Bytes::copy_from_slice(payload),
            properties: Bytes::new(),
            expiry_s: None,
            qos: 1,
            retain: false,
            stored: false,
            sender: 0,
        });
        let filter: Arc<str> = topic.as_str().into();
        let before = listeners.len();
        listeners.retain(|listener| {
            let direct = Direct { message: Arc::clone(&message), filter: Arc::clone(&filter) };
            let taken = listener.into.try_send(direct).is_ok();
            if !taken {
                listener.gate.kick(Close::NoAck);
            }
            taken
        });
        let taken = listeners.len();
        self.sent.inc_by(u64::try_from(taken).unwrap_or(0));
        self.undelivered.inc_by(u64::try_from(before - taken).unwrap_or(0));
        taken
    }

    /// A link that is closed because an alert was not acknowledged.
    pub(crate) fn count_unacknowledged(&self, count: usize) {
        self.undelivered.inc_by(u64::try_from(count).unwrap_or(0));
    }

    pub(crate) fn listen(&self, site: &CompactString, link: u64, gate: &Arc<Gate>, into: &mpsc::Sender<Direct>) {
        let mut all = self.lock();
        let listeners = all.entry(site.clone()).or_default();
        if !listeners.iter().any(|listener| listener.link == link) {
            listeners.push(Listener { link, gate: Arc::clone(gate), into: into.clone() });
        }
    }

    pub(crate) fn forget(&self, site: &CompactString, link: u64) {
        let mut all = self.lock();
        if let Some(listeners) = all.get_mut(site) {
            listeners.retain(|listener| listener.link != link);
            if listeners.is_empty() {
                all.remove(site);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CompactString, Vec<Listener>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
