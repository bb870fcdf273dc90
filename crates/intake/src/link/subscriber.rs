//! The part of a link that only a subscriber has: what it listens to, what is under way to it.

use crate::fanout::groups::Direct;
use crate::fanout::pump::{Forwarded, Pump};
use crate::fanout::sessions::Session;
use crate::interest::Interested;
use crate::message::Message;
use crate::packet::Version;
use crate::reply::Delivered;
use crate::topics;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// One subscription, by the filter as the client wrote it.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Our number of it.
    pub(crate) number: u32,
    pub(crate) qos: u8,
    pub(crate) no_local: bool,
    /// v5: pass on the RETAIN flag as it was published.
    pub(crate) keep_retain: bool,
    /// v5: nothing of what is retained, please.
    pub(crate) no_stored: bool,
    /// v5: the client's own number of it.
    pub(crate) identifier: Option<u32>,
    pub(crate) way: Way,
}

/// How messages for a subscription come.
#[derive(Debug)]
pub(crate) enum Way {
    /// By the link's own link to the router.
    Router(#[expect(dead_code, reason = "held: it ends when this is dropped")] Interested),
    /// By the groups' link to the router.
    Shared(#[expect(dead_code, reason = "held: it ends when this is dropped")] Interested),
    /// Only by the alert outlet.
    Alerts,
}

/// A QoS 1 delivery that is not yet acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Unacked {
    pub(crate) packet_id: u16,
    pub(crate) message: Arc<Message>,
    pub(crate) how: Delivered,
    pub(crate) since: Instant,
    pub(crate) is_alert: bool,
}

/// What comes to a subscriber.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// From the router.
    Forwarded(Forwarded),
    /// From a group or the alert outlet.
    Direct(Direct),
}

/// What a link holds from its first SUBSCRIBE on.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) subscriptions: BTreeMap<String, Kept>,
    pub(crate) next_number: u32,
    pub(crate) unacked: VecDeque<Unacked>,
    /// QoS 1 deliveries of a resumed session that are to be sent (again) before anything new.
    pub(crate) backlog: VecDeque<Unacked>,
    next_packet_id: u16,
    /// The link to the router, and its name there; from the first filter that needs it.
    pub(crate) name: Option<String>,
    pub(crate) pump: Option<Pump>,
    pub(crate) inbox: Option<mpsc::Receiver<Forwarded>>,
    pub(crate) direct_sender: mpsc::Sender<Direct>,
    direct: mpsc::Receiver<Direct>,
}

impl Subscriber {
    pub(crate) fn new(direct_max: usize) -> Subscriber {
        let (direct_sender, direct) = mpsc::channel(direct_max);
        Subscriber {
            subscriptions: BTreeMap::new(),
            next_number: 0,
            unacked: VecDeque::new(),
            backlog: VecDeque::new(),
            next_packet_id: 0,
            name: None,
            pump: None,
            inbox: None,
            direct_sender,
            direct,
        }
    }

    /// Goes on with a session. Its subscriptions are in the router already.
    pub(crate) fn resume(session: Session, direct_max: usize) -> Subscriber {
        let mut subscriber = Subscriber::new(direct_max);
        subscriber.subscriptions = session.subscriptions;
        subscriber.next_number = session.next_number;
        subscriber.next_packet_id = session.unacked.back().map_or(0, |last| last.packet_id);
        subscriber.backlog = session.unacked;
        subscriber.name = session.name;
        subscriber
    }

    /// The next message; alerts first.
    pub(crate) fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        if let Poll::Ready(Some(direct)) = self.direct.poll_recv(cx) {
            return Poll::Ready(Arrival::Direct(direct));
        }
        match self.inbox.as_mut().map(|inbox| inbox.poll_recv(cx)) {
            Some(Poll::Ready(Some(forwarded))) => Poll::Ready(Arrival::Forwarded(forwarded)),
            _ => Poll::Pending,
        }
    }

    /// Whether the pump ended although nobody asked it to: the router is gone.
    pub(crate) fn lost_router(&self) -> bool {
        self.inbox.as_ref().is_some_and(|inbox| inbox.is_closed() && inbox.is_empty())
    }

    /// How a message is delivered to this subscriber; `None` when it is not.
    pub(crate) fn delivery(&mut self, arrival: &Arrival, link: u64, version: Version) -> Option<(Arc<Message>, Plan)> {
        let (message, kept) = match arrival {
            Arrival::Forwarded(forwarded) => (Arc::new(forwarded.message.clone()), self.by_number(forwarded)),
            Arrival::Direct(direct) => (Arc::clone(&direct.message), self.by_filter(direct)),
        };
        let kept = kept?;
        if (kept.no_local && message.sender == link) || (kept.no_stored && message.stored) {
            return None;
        }
        let retain = message.stored || (message.retain && version == Version::V5 && kept.keep_retain);
        let plan = Plan { qos: message.qos.min(kept.qos), retain, subscription: kept.identifier };
        Some((message, plan))
    }

    /// The router names the subscription, except right after a session is resumed: then the best match counts.
    fn by_number(&self, forwarded: &Forwarded) -> Option<&Kept> {
        let named = self.subscriptions.values().find(|kept| kept.number == forwarded.number);
        let matching = || {
            let all = self.subscriptions.iter().filter(|(filter, _)| topics::matches(filter, &forwarded.message.topic));
            all.map(|(_, kept)| kept).max_by_key(|kept| kept.qos)
        };
        named.or_else(matching)
    }

    /// A group names the filter; an alert matches whatever filter the subscriber uses for it.
    fn by_filter(&self, direct: &Direct) -> Option<&Kept> {
        let named = self.subscriptions.get(&*direct.filter);
        let matching = || {
            let all = self.subscriptions.iter().filter(|(filter, _)| topics::matches(filter, &direct.message.topic));
            all.map(|(_, kept)| kept).max_by_key(|kept| kept.qos)
        };
        named.or_else(matching)
    }

    /// A packet id that is not in use: 1 to 65,535, then again.
    pub(crate) fn packet_id(&mut self) -> u16 {
        loop {
            self.next_packet_id = self.next_packet_id.checked_add(1).unwrap_or(1);
            let mut used = self.unacked.iter().chain(&self.backlog);
            if !used.any(|unacked| unacked.packet_id == self.next_packet_id) {
                return self.next_packet_id;
            }
        }
    }

    /// The client acknowledged; false when it was not its turn (MQTT-4.6.0-2).
    pub(crate) fn acknowledged(&mut self, packet_id: u16) -> bool {
        let in_turn = self.unacked.front().is_some_and(|unacked| unacked.packet_id == packet_id);
        if in_turn {
            self.unacked.pop_front();
        }
        in_turn
    }

    /// The filters of one of those ways.
    pub(crate) fn shared_filters(&self) -> Vec<String> {
        let shared = self.subscriptions.iter().filter(|(_, kept)| matches!(kept.way, Way::Shared(_)));
        shared.map(|(filter, _)| filter.clone()).collect()
    }
}

/// How one message is to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) subscription: Option<u32>,
}
