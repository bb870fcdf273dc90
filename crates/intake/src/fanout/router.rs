//! The one thread that talks to rumqttd's router. It owns the sending half of every link; everybody else sends it
//! [`Command`]s through a bounded queue: publishes are tried and counted when there is no room, the rest waits.

use crate::interest::Interest;
use crate::limits::Limits;
use crate::message::Message;
use compact_str::CompactString;
use futures_util::FutureExt;
use prometheus::IntCounter;
use rumqttd::local::{LinkBuilder, LinkRx, LinkTx};
use rumqttd::protocol::{
    Disconnect, DisconnectReasonCode, Filter, Packet, PingReq, QoS, RetainForwardRule, Subscribe, SubscribeProperties,
    Unsubscribe,
};
use rumqttd::{Router as Rumqttd, RouterConfig};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Bytes of one segment of a filter's log in the router; there is one log per filter.
const SEGMENT_BYTES: usize = 128 * 1024;
/// Segments of a filter's log.
const SEGMENTS: usize = 4;
/// Messages that the router reads from a log at once; also how many retained ones a new subscriber gets.
const READ_MESSAGES_MAX: u64 = 2_000;
/// Commands taken at once.
const BATCH: usize = 256;
/// Other commands than publishes give up after this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// The router is dead, or does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the router does not answer: end the process, so that it is started afresh")]
pub struct RouterGone;

/// No more of that can be given to the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsubscribable {
    /// As many different filters as it may hold.
    TooManyFilters,
    /// It does not answer.
    Gone,
}

enum Command {
    Publish { site: CompactString, message: Box<Message> },
    Attach { slot: u64, client: String, clean: bool, reply: oneshot::Sender<Option<LinkRx>> },
    Subscribe { slot: u64, filter: String, number: usize, again: bool },
    Unsubscribe { slot: u64, filter: String },
    Detach { slot: u64 },
    Ping { slot: u64 },
}

/// The way to the router.
#[derive(Debug)]
pub(crate) struct Router {
    commands: mpsc::Sender<Command>,
    dead: Arc<AtomicBool>,
    slots: AtomicU64,
    names: Mutex<Names>,
    known: Mutex<HashSet<String>>,
    filters_max: usize,
    dropped: IntCounter,
    pub(crate) interest: Arc<Interest>,
    pub(crate) pongs: watch::Sender<u64>,
}

/// Client ids for the router: it keeps an entry of every one it has ever seen, so they are used again.
#[derive(Debug, Default)]
struct Names {
    free: Vec<String>,
    made: usize,
}

impl Router {
    /// Starts rumqttd's router and the thread that talks to it.
    pub(crate) fn start(limits: &Limits, dropped: IntCounter) -> std::io::Result<Router> {
        let config = RouterConfig {
            max_connections: limits.subscribers_max + limits.sessions_max + 16,
            max_outgoing_packet_count: READ_MESSAGES_MAX,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS,
            ..RouterConfig::default()
        };
        let (commands, inbox) = mpsc::channel(limits.router_queue_len);
        let dead = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&dead);
        let (topics_max, counter) = (limits.router_topics_max, dropped.clone());
        std::thread::Builder::new().name("mqtt-fanout".into()).spawn(move || {
            let sender = Rumqttd::new(0, config).spawn();
            // The type of its events is private, so what needs the sender is a closure here.
            let connect = |client: &str, clean: bool| {
                let link = LinkBuilder::new(client, sender.clone()).clean_session(clean).build();
                link.map(|(tx, rx, _ack)| (tx, rx)).map_err(|_| RouterGone)
            };
            let served = Thread { links: HashMap::new(), topics: HashSet::new(), topics_max, dropped: counter };
            if served.run(inbox, connect).is_err() {
                tracing::error!("the MQTT router is dead");
            }
            mark.store(true, Ordering::Release);
        })?;
        Ok(Router {
            commands,
            dead,
            slots: AtomicU64::new(0),
            names: Mutex::default(),
            known: Mutex::default(),
            filters_max: limits.router_filters_max,
            dropped,
            interest: Arc::default(),
            pongs: watch::Sender::new(0),
        })
    }

    /// Hands a message on if there is room; never waits.
    pub(crate) fn try_publish(&self, site: &CompactString, message: Box<Message>) {
        let sent = self.commands.try_send(Command::Publish { site: site.clone(), message });
        if sent.is_err() {
            self.dropped.inc();
        }
    }

    /// Hands a message on, waiting for room: for what is rebuilt at the start.
    pub(crate) async fn publish(&self, site: &CompactString, message: Box<Message>) -> Result<(), RouterGone> {
        self.send(Command::Publish { site: site.clone(), message }).await
    }

    /// A new link to the router, under a name that [`Router::name`] gave.
    pub(crate) async fn attach(&self, client: &str, clean: bool) -> Result<(u64, LinkRx), RouterGone> {
        let slot = self.slots.fetch_add(1, Ordering::Relaxed) + 1;
        let (reply, answer) = oneshot::channel();
        self.send(Command::Attach { slot, client: client.to_owned(), clean, reply }).await?;
        let rx = tokio::time::timeout(PATIENCE, answer).await.ok().and_then(Result::ok).flatten();
        rx.map(|rx| (slot, rx)).ok_or(RouterGone)
    }

    /// Subscribes a link; `number` comes back with every message. `again` renews a subscription, so that what is
    /// retained is sent once more.
    pub(crate) async fn subscribe(
        &self,
        slot: u64,
        filter: String,
        number: u32,
        again: bool,
    ) -> Result<(), Unsubscribable> {
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if !known.contains(&filter) {
                if known.len() >= self.filters_max {
                    return Err(Unsubscribable::TooManyFilters);
                }
                known.insert(filter.clone());
            }
        }
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let sent = self.send(Command::Subscribe { slot, filter, number, again }).await;
        sent.map_err(|RouterGone| Unsubscribable::Gone)
    }

    /// Ends a subscription of a link.
    pub(crate) async fn unsubscribe(&self, slot: u64, filter: String) -> Result<(), RouterGone> {
        self.send(Command::Unsubscribe { slot, filter }).await
    }

    /// Ends a link. To be called after its last wake.
    pub(crate) async fn detach(&self, slot: u64) -> Result<(), RouterGone> {
        self.send(Command::Detach { slot }).await
    }

    /// Asks for an answer on that link.
    pub(crate) async fn ping(&self, slot: u64) -> Result<(), RouterGone> {
        self.send(Command::Ping { slot }).await
    }

    /// A name for a link, free until [`Router::free`].
    pub(crate) fn name(&self) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = names.free.pop() {
            return name;
        }
        names.made += 1;
        format!("link-{}", names.made)
    }

    /// The link of that name is gone, and no session of it is left.
    pub(crate) fn free(&self, name: String) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).free.push(name);
    }

    /// Whether its thread has ended.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    /// For a pump that is dropped instead of ended: better one entry too many in the router than a wake too late.
    pub(crate) fn try_detach(&self, slot: u64) {
        if self.commands.try_send(Command::Detach { slot }).is_err() {
            tracing::warn!(slot, "a link to the router was left behind");
        }
    }

    async fn send(&self, command: Command) -> Result<(), RouterGone> {
        let sent = tokio::time::timeout(PATIENCE, self.commands.send(command)).await;
        sent.ok().and_then(Result::ok).ok_or(RouterGone)
    }
}

/// What the thread holds.
struct Thread {
    links: HashMap<u64, LinkTx>,
    /// Topics given to the router so far: it keeps an entry of each.
    topics: HashSet<Box<[u8]>>,
    topics_max: usize,
    dropped: IntCounter,
}

type Connected = Result<(LinkTx, LinkRx), RouterGone>;

impl Thread {
    fn run(
        mut self,
        mut inbox: mpsc::Receiver<Command>,
        connect: impl Fn(&str, bool) -> Connected,
    ) -> Result<(), RouterGone> {
        let (mut publisher, _rx) = connect("publisher", true)?;
        let mut batch = Vec::with_capacity(BATCH);
        while inbox.blocking_recv_many(&mut batch, BATCH) > 0 {
            for command in batch.drain(..) {
                self.apply(command, &mut publisher, &connect)?;
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        command: Command,
        publisher: &mut LinkTx,
        connect: impl Fn(&str, bool) -> Connected,
    ) -> Result<(), RouterGone> {
        match command {
            Command::Publish { site, message } => self.publish(message.to_router(&site), publisher),
            Command::Attach { slot, client, clean, reply } => {
                let (tx, rx) = connect(&client, clean)?;
                self.links.insert(slot, tx);
                // A link that was not waited for stays in the map until its slot is detached; nobody knows the slot.
                if reply.send(Some(rx)).is_err() {
                    self.detach(slot)?;
                }
                Ok(())
            }
            Command::Subscribe { slot, filter, number, again } => {
                if again {
                    self.send(slot, Packet::Unsubscribe(Unsubscribe { pkid: 0, filters: vec![filter.clone()] }, None))?;
                }
                let properties = SubscribeProperties { id: Some(number), user_properties: Vec::new() };
                self.send(slot, Packet::Subscribe(subscription(filter), Some(properties)))
            }
            Command::Unsubscribe { slot, filter } => {
                self.send(slot, Packet::Unsubscribe(Unsubscribe { pkid: 0, filters: vec![filter] }, None))
            }
            Command::Detach { slot } => self.detach(slot),
            Command::Ping { slot } => self.send(slot, Packet::PingReq(PingReq)),
        }
    }

    fn publish(&mut self, packet: Packet, publisher: &mut LinkTx) -> Result<(), RouterGone> {
        let Packet::Publish(publish, _) = &packet else { return Ok(()) };
        if !self.topics.contains(publish.topic.as_ref()) {
            if self.topics.len() >= self.topics_max {
                self.dropped.inc();
                return Ok(());
            }
            self.topics.insert(publish.topic.as_ref().into());
        }
        deliver(publisher, packet)
    }

    fn send(&mut self, slot: u64, packet: Packet) -> Result<(), RouterGone> {
        self.links.get_mut(&slot).map_or(Ok(()), |link| deliver(link, packet))
    }

    fn detach(&mut self, slot: u64) -> Result<(), RouterGone> {
        let Some(mut link) = self.links.remove(&slot) else { return Ok(()) };
        let reason_code = DisconnectReasonCode::NormalDisconnection;
        deliver(&mut link, Packet::Disconnect(Disconnect { reason_code }, None))
    }
}

/// rumqttd's send is async in name only: it blocks while the router's channel is full. This thread may.
fn deliver(link: &mut LinkTx, packet: Packet) -> Result<(), RouterGone> {
    link.send(packet).now_or_never().and_then(Result::ok).map(|_| ()).ok_or(RouterGone)
}

fn subscription(path: String) -> Subscribe {
    let filter = Filter {
        path,
        qos: QoS::AtMostOnce,
        nolocal: false,
        preserve_retain: false,
        retain_forward_rule: RetainForwardRule::OnEverySubscribe,
    };
    Subscribe { pkid: 0, filters: vec![filter] }
}
