//! Shared subscriptions: one link to the router for all of them, and a round robin over each group's members.
//!
//! A message goes to the next member that has room; when none has, it is dropped and counted, as the router would.

use crate::fanout::pump::{Forwarded, Pump};
use crate::fanout::router::{Router, RouterGone, Unsubscribable};
use crate::message::Message;
use crate::topics;
use prometheus::IntCounter;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Messages from the router that wait for the round robin.
const INBOX_LEN: usize = 1_024;

/// One message for a link that did not come from its own link to the router.
#[derive(Clone, Debug)]
pub(crate) struct Direct {
    pub(crate) message: Arc<Message>,
    /// The subscription, as the client named it.
    pub(crate) filter: Arc<str>,
}

/// The groups of all sites.
#[derive(Debug)]
pub(crate) struct Groups {
    router: Arc<Router>,
    slot: u64,
    book: Arc<Mutex<Book>>,
    _tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug, Default)]
struct Book {
    /// By router form of the filter.
    filters: BTreeMap<String, Filter>,
    numbers: BTreeMap<u32, String>,
    next: u32,
}

#[derive(Debug)]
struct Filter {
    number: u32,
    groups: BTreeMap<String, Group>,
}

#[derive(Debug, Default)]
struct Group {
    members: Vec<Member>,
    next: usize,
}

#[derive(Debug)]
struct Member {
    link: u64,
    filter: Arc<str>,
    into: mpsc::Sender<Direct>,
}

impl Groups {
    /// Takes a link to the router for all groups.
    pub(crate) async fn start(router: Arc<Router>, dropped: IntCounter) -> Result<Groups, RouterGone> {
        let (slot, rx) = router.attach("groups", true).await?;
        let (into, inbox) = mpsc::channel(INBOX_LEN);
        let pump = Pump::start(Arc::clone(&router), slot, rx, into);
        let book = Arc::new(Mutex::new(Book::default()));
        let mut tasks = JoinSet::new();
        tasks.spawn(deal(pump, inbox, Arc::clone(&book), dropped));
        Ok(Groups { router, slot, book, _tasks: Mutex::new(tasks) })
    }

    /// Makes a link a member of a group. `asked` is the whole `$share/<group>/<filter>`.
    pub(crate) async fn join(
        &self,
        site: &str,
        asked: &str,
        link: u64,
        into: mpsc::Sender<Direct>,
    ) -> Result<(), Unsubscribable> {
        let Some((group, filter)) = topics::shared(asked) else { return Ok(()) };
        let form = topics::to_router(site, filter);
        let member = Member { link, filter: asked.into(), into };
        let new = self.lock().join(&form, group, member);
        match new {
            Some(number) => self.router.subscribe(self.slot, form, number, false).await,
            None => Ok(()),
        }
    }

    /// Ends a link's membership.
    pub(crate) async fn leave(&self, site: &str, asked: &str, link: u64) {
        let Some((group, filter)) = topics::shared(asked) else { return };
        let form = topics::to_router(site, filter);
        let empty = self.lock().leave(&form, group, link);
        if empty {
            // A dead router is noticed by whoever asks it; there is nothing left to unsubscribe from.
            let _ = self.router.unsubscribe(self.slot, form).await;
        }
    }

    /// Whether the router answers within `patience`; an error when it is dead.
    pub(crate) async fn router_answers(&self, patience: Duration) -> Result<bool, RouterGone> {
        let mut pongs = self.router.pongs.subscribe();
        let asked = async {
            pongs.mark_unchanged();
            self.router.ping(self.slot).await?;
            pongs.changed().await.map_err(|_| RouterGone)
        };
        let answered = !self.router.is_dead() && matches!(tokio::time::timeout(patience, asked).await, Ok(Ok(())));
        if self.router.is_dead() { Err(RouterGone) } else { Ok(answered) }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// The number to subscribe with, when the filter is new.
    fn join(&mut self, form: &str, group: &str, member: Member) -> Option<u32> {
        let mut new = None;
        if !self.filters.contains_key(form) {
            self.next += 1;
            self.numbers.insert(self.next, form.to_owned());
            self.filters.insert(form.to_owned(), Filter { number: self.next, groups: BTreeMap::new() });
            new = Some(self.next);
        }
        if let Some(filter) = self.filters.get_mut(form) {
            let members = &mut filter.groups.entry(group.to_owned()).or_default().members;
            members.retain(|other| other.link != member.link);
            members.push(member);
        }
        new
    }

    /// Whether nobody is left on the filter.
    fn leave(&mut self, form: &str, group: &str, link: u64) -> bool {
        let Some(filter) = self.filters.get_mut(form) else { return false };
        if let Some(found) = filter.groups.get_mut(group) {
            found.members.retain(|member| member.link != link);
            if found.members.is_empty() {
                filter.groups.remove(group);
            }
        }
        let (empty, number) = (filter.groups.is_empty(), filter.number);
        if empty {
            self.filters.remove(form);
            self.numbers.remove(&number);
        }
        empty
    }

    /// Gives a message to one member of every group on the filter; how many groups had nobody with room.
    fn deal(&mut self, number: u32, message: &Arc<Message>) -> u64 {
        let form = self.numbers.get(&number);
        let Some(filter) = form.and_then(|form| self.filters.get_mut(form)) else { return 0 };
        filter.groups.values_mut().map(|group| u64::from(!group.deal(message))).sum()
    }
}

impl Group {
    fn deal(&mut self, message: &Arc<Message>) -> bool {
        // A link that panicked did not leave by itself.
        self.members.retain(|member| !member.into.is_closed());
        let count = self.members.len();
        for step in 0..count {
            let at = (self.next + step) % count.max(1);
            let Some(member) = self.members.get(at) else { continue };
            let direct = Direct { message: Arc::clone(message), filter: Arc::clone(&member.filter) };
            // Half of the room is the alerts'.
            let has_room = member.into.capacity() > member.into.max_capacity() / 2;
            if has_room && member.into.try_send(direct).is_ok() {
                self.next = (at + 1) % count.max(1);
                return true;
            }
        }
        false
    }
}

async fn deal(pump: Pump, mut inbox: mpsc::Receiver<Forwarded>, book: Arc<Mutex<Book>>, dropped: IntCounter) {
    while let Some(forwarded) = inbox.recv().await {
        let message = Arc::new(forwarded.message);
        let missed = book.lock().unwrap_or_else(PoisonError::into_inner).deal(forwarded.number, &message);
        dropped.inc_by(missed);
    }
    drop(pump);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn members_take_turns_and_a_full_one_is_passed_over() {
        let message = Arc::new(Message {
            topic: "t".into(),
            payload: Bytes::new(),
            properties: Bytes::new(),
            expiry_s: None,
            qos: 1,
            retain: false,
            stored: false,
            sender: 0,
        });
        let mut book = Book::default();
        let (a, mut from_a) = mpsc::channel(8);
        let (b, mut from_b) = mpsc::channel(8);
        let number = book.join("s/t", "g", Member { link: 1, filter: "$share/g/t".into(), into: a }).unwrap();
        assert_eq!(book.join("s/t", "g", Member { link: 2, filter: "$share/g/t".into(), into: b }), None);
        for _ in 0..6 {
            assert_eq!(book.deal(number, &message), 0);
        }
        assert_eq!((from_a.len(), from_b.len()), (3, 3));
        while from_b.try_recv().is_ok() {}
        // A has one place of its half left, B four.
        let missed: u64 = (0..6).map(|_| book.deal(number, &message)).sum();
        assert_eq!((from_a.len(), from_b.len(), missed), (4, 4, 1));
        while from_a.try_recv().is_ok() {}
        assert!(!book.leave("s/t", "g", 2));
        assert!(book.leave("s/t", "g", 1));
        assert_eq!(book.deal(number, &message), 0);
    }
}
