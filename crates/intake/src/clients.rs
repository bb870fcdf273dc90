//! Who is connected: one link per client id of an identity. A client id belongs to its identity, so that nobody can
//! push another identity's device off by using its name.

use crate::close::Close;
use crate::gate::Gate;
use crate::identity::{Identities, Principal};
use compact_str::CompactString;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A client id of an identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientKey {
    pub(crate) user: CompactString,
    pub(crate) client_id: CompactString,
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    by_key: HashMap<ClientKey, Entry>,
    by_user: HashMap<CompactString, usize>,
}

#[derive(Debug)]
struct Entry {
    gate: Arc<Gate>,
    principal: Arc<Principal>,
}

/// A link's place among the clients. Dropped last of all, it frees the client id.
#[derive(Debug)]
pub(crate) struct Seat {
    clients: Arc<Clients>,
    pub(crate) key: ClientKey,
    gate: Arc<Gate>,
}

/// What a link finds when it sits down.
#[derive(Debug)]
pub(crate) struct Seated {
    pub(crate) seat: Seat,
    /// Another link had the client id and was closed.
    pub(crate) took_over: bool,
    /// Other links of the same identity.
    pub(crate) others: usize,
}

impl Clients {
    /// Takes the client id; whoever has it is closed first, and waited for.
    pub(crate) async fn sit(self: &Arc<Self>, key: ClientKey, gate: &Arc<Gate>, principal: &Arc<Principal>) -> Seated {
        let mut took_over = false;
        loop {
            let holder = match self.try_sit(&key, gate, principal) {
                Ok(others) => {
                    let seat = Seat { clients: Arc::clone(self), key, gate: Arc::clone(gate) };
                    return Seated { seat, took_over, others };
                }
                Err(holder) => holder,
            };
            took_over = true;
            holder.kick(Close::TakenOver);
            holder.ended().await;
        }
    }

    fn try_sit(&self, key: &ClientKey, gate: &Arc<Gate>, principal: &Arc<Principal>) -> Result<usize, Arc<Gate>> {
        let mut book = self.lock();
        if let Some(entry) = book.by_key.get(key) {
            return Err(Arc::clone(&entry.gate));
        }
        book.by_key.insert(key.clone(), Entry { gate: Arc::clone(gate), principal: Arc::clone(principal) });
        let count = book.by_user.entry(key.user.clone()).or_insert(0);
        *count += 1;
        Ok(count.saturating_sub(1))
    }

    /// Closes the links whose identity is gone or is not what it was; gives how many.
    pub(crate) fn revoke(&self, now: &Identities) -> usize {
        let book = self.lock();
        let gone = book.by_key.values().filter(|entry| {
            let current = now.get(&entry.principal.user);
            !current.is_some_and(|current| entry.principal.is_same(current))
        });
        gone.map(|entry| entry.gate.kick(Close::Revoked)).count()
    }

    /// Closes every link.
    pub(crate) fn kick_all(&self, reason: Close) {
        self.lock().by_key.values().for_each(|entry| entry.gate.kick(reason));
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut book = self.clients.lock();
        book.by_key.remove(&self.key);
        if let Some(count) = book.by_user.get_mut(&self.key.user) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                book.by_user.remove(&self.key.user);
            }
        }
        drop(book);
        self.gate.set_ended();
    }
}
