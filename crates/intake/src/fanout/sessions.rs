//! Sessions without a connection: their subscriptions stay in the router, what was not acknowledged stays here.
//! In memory: a restart of the station ends them, and a client is told by `session present = 0`.

use crate::clients::ClientKey;
use crate::fanout::router::{Router, RouterGone};
use crate::link::subscriber::{Kept, Unacked};
use crate::packet::Version;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// What outlives a connection.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its link's name in the router; `None` while it never had one.
    pub(crate) name: Option<String>,
    pub(crate) subscriptions: BTreeMap<String, Kept>,
    pub(crate) unacked: VecDeque<Unacked>,
    pub(crate) next_number: u32,
    pub(crate) version: Version,
    pub(crate) until: Instant,
}

/// The sessions that wait for their client.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    waiting: Mutex<BTreeMap<ClientKey, Session>>,
}

impl Sessions {
    /// Keeps a session; gives it back when there are too many.
    pub(crate) fn park(&self, key: ClientKey, session: Session, max: usize) -> Option<Session> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= max {
            return Some(session);
        }
        waiting.insert(key, session)
    }

    /// Takes the session of a client that is back.
    pub(crate) fn take(&self, key: &ClientKey) -> Option<Session> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(key)
    }

    /// Takes the sessions whose time is over.
    pub(crate) fn expired(&self, now: Instant) -> Vec<Session> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extract_if(.., |_, session| session.until <= now).map(|(_, session)| session).collect()
    }
}

/// Makes the router forget a session, and frees its name.
pub(crate) async fn end(session: Session, router: &Router) -> Result<(), RouterGone> {
    let Some(name) = session.name else { return Ok(()) };
    let (slot, rx) = router.attach(&name, true).await?;
    drop(rx);
    router.detach(slot).await?;
    router.free(name);
    Ok(())
}
