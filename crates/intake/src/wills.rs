//! Wills that wait for their delay, and the clients whose return stops them.

use crate::clients::ClientKey;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// The waiting wills.
#[derive(Debug, Default)]
pub(crate) struct Wills {
    waiting: Mutex<BTreeMap<ClientKey, oneshot::Sender<bool>>>,
}

impl Wills {
    /// Tells when the client is back: true when it began a new session, which ends the old one, so that its will is
    /// due at once (MQTT-3.1.3.2.2).
    pub(crate) fn wait_for(&self, key: ClientKey) -> oneshot::Receiver<bool> {
        let (back, wait) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(key, back);
        wait
    }

    /// A client has connected.
    pub(crate) fn client_is_back(&self, key: &ClientKey, clean: bool) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(waiting) = waiting {
            // Nobody listens when the will was published a moment ago.
            let _ = waiting.send(clean);
        }
    }
}
