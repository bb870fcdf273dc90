//! The beginning of a link: one CONNECT within its deadline, in the link's own task, so that a silent socket holds up
//! nobody.

use crate::addresses;
use crate::clients::{ClientKey, Seat};
use crate::clock;
use crate::close::Close;
use crate::fanout::kept_wills::{self, KeptWill};
use crate::fanout::sessions;
use crate::gate::Gate;
use crate::greeting::{self, Hello, Refusal, Welcome, Will};
use crate::identity::Principal;
use crate::link::Link;
use crate::link::asking;
use crate::link::subscriber::Subscriber;
use crate::packet::{self, Front};
use crate::shared::MqttShared;
use crate::troubles::TroubleKind;
use compact_str::format_compact;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use watchfire_model::{Bilingual, EncodedInput, Input, Notice, NoticeKind};

/// How long a refusal may take to write.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// A takeover waits this long for the old link.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(15);

/// Greets a client; `None` when it was refused, or said nothing in time.
pub(crate) async fn greet<S>(
    shared: &Arc<MqttShared>,
    mut socket: S,
    address: IpAddr,
    place: &mut addresses::Place,
) -> Option<Box<Link<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let read = tokio::time::timeout(shared.limits.connect_timeout, read_connect(shared, &mut socket)).await;
    let peer = address.to_string();
    let (hello, rest) = match read {
        Ok(Some(Ok(read))) => read,
        Ok(Some(Err(refusal))) => {
            shared.trouble(&peer, refusal_kind(refusal), "CONNECT");
            say(&mut socket, &greeting::refuse(refusal)).await;
            return None;
        }
        Ok(None) => return None,
        Err(_elapsed) => {
            shared.trouble(&peer, TroubleKind::NoConnect, "");
            return None;
        }
    };
    match admit(shared, &hello, address) {
        Ok(principal) => {
            place.logged_in();
            seat(shared, socket, hello, rest, principal).await
        }
        Err(refusal) => {
            say(&mut socket, &greeting::refuse(refusal)).await;
            None
        }
    }
}

type Read = Result<(Hello, Vec<u8>), Refusal>;

/// Reads the first packet; `None` when the socket ends before.
async fn read_connect<S: AsyncRead + Unpin>(shared: &MqttShared, socket: &mut S) -> Option<Read> {
    let mut bytes = Vec::with_capacity(256);
    loop {
        match packet::whole(&bytes, shared.limits.connect_bytes_max) {
            // What is not a CONNECT is not waited for.
            _ if bytes.first().is_some_and(|first| *first != 0x10) => {
                return Some(Err(Refusal::Silent(Close::Malformed)));
            }
            Ok(Front::Whole(whole)) => {
                let (packet, rest) = bytes.split_at_checked(whole.bytes)?;
                let hello = greeting::read(packet, &shared.limits);
                return Some(hello.map(|hello| (hello, rest.to_vec())));
            }
            Ok(Front::Partial(_)) => {}
            Err(close) => return Some(Err(Refusal::Silent(close))),
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn refusal_kind(refusal: Refusal) -> TroubleKind {
    match refusal {
        Refusal::Silent(close) => close.trouble().unwrap_or(TroubleKind::Malformed),
        Refusal::Level => TroubleKind::OldProtocol,
        Refusal::Said(_, _, 0x85) => TroubleKind::BadClientId,
        Refusal::Said(_, _, 0x9B) => TroubleKind::QosTwo,
        Refusal::Said(_, _, 0x90) => TroubleKind::BadTopic,
        Refusal::Said(_, _, 0x82 | 0x8C) => TroubleKind::Protocol,
        Refusal::Said(_, _, _) => TroubleKind::Malformed,
    }
}

/// Who it is, and whether he may leave that will.
fn admit(shared: &MqttShared, hello: &Hello, address: IpAddr) -> Result<Arc<Principal>, Refusal> {
    let Some(principal) = log_in(shared, hello, address) else {
        return Err(Refusal::Said(hello.version, 4, 0x86));
    };
    if let Some(will) = hello.will.as_ref().filter(|will| !principal.may_publish(&will.topic)) {
        shared.trouble(&principal.user, TroubleKind::ForeignTopic, &will.topic);
        return Err(Refusal::Said(hello.version, 5, 0x87));
    }
    Ok(principal)
}

/// The identity, if the password is its own and was not guessed at too often.
fn log_in(shared: &MqttShared, hello: &Hello, address: IpAddr) -> Option<Arc<Principal>> {
    let (network, now) = (addresses::network(address), clock::now());
    let identities = shared.identities.load();
    let guesses = identities.get(&hello.user).map(|principal| &principal.guesses);
    let may_try = guesses.is_none_or(|guesses| guesses.may_try(network, now));
    if may_try {
        if let Some(principal) = identities.check(&hello.user, &hello.password) {
            principal.guesses.right(network);
            return Some(principal);
        }
        if let Some(guesses) = guesses {
            guesses.wrong(network, now);
        }
    }
    let why = if may_try { "" } else { ", tried too often: the password was not looked at" };
    let detail = format!("user {:?} from {address}{why}", hello.user);
    shared.trouble(&address.to_string(), TroubleKind::BadCredentials, &detail);
    if shared.addresses.refused(network, now, &shared.limits) {
        let count = shared.limits.refused_logins_per_min;
        shared.notice(Notice {
            kind: NoticeKind::LoginAttack,
            subject: network.to_string(),
            detail: Bilingual::new(
                format!("{count} refused MQTT log-ins from {network} within a minute"),
                format!("{network} 一分钟内有 {count} 次 MQTT 登录被拒绝"),
            ),
            active: true,
        });
    }
    None
}

async fn seat<S>(
    shared: &Arc<MqttShared>,
    mut socket: S,
    hello: Hello,
    rest: Vec<u8>,
    principal: Arc<Principal>,
) -> Option<Box<Link<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let number = shared.next_link();
    let client_id = if hello.client_id.is_empty() { format_compact!("wf-{number}") } else { hello.client_id.clone() };
    let key = ClientKey { user: principal.user.clone(), client_id };
    let gate = Gate::new(Arc::clone(&principal.share), Arc::clone(&shared.queued));
    let sitting = shared.clients.sit(key, &gate, &principal);
    let Ok(seated) = tokio::time::timeout(TAKEOVER_TIMEOUT, sitting).await else {
        say(&mut socket, &greeting::refuse(Refusal::Said(hello.version, 3, 0x88))).await;
        return None;
    };
    // A reload between the check and the seat would have missed this link.
    let current = shared.identities.load().get(&principal.user).is_some_and(|now| principal.is_same(now));
    if !current {
        say(&mut socket, &greeting::refuse(Refusal::Said(hello.version, 5, 0x87))).await;
        return None;
    }
    note_double(shared, &principal, seated.took_over, seated.others);
    let over = shared.wills.client_is_back(&seated.seat.key, hello.clean);
    let subscriber = resume(shared, &seated.seat.key, &hello).await?;
    let welcome = Welcome {
        session_present: subscriber.is_some(),
        assigned: hello.client_id.is_empty().then_some(seated.seat.key.client_id.as_str()),
        session_expiry: hello.session_expiry,
    };
    let written = greeting::welcome(&hello, &welcome, &shared.limits);
    let place = Place { principal, gate, seat: seated.seat, number };
    let mut link = Box::new(place.link(shared, socket, hello, rest));
    link.written = written;
    link.journal_will(over).ok()?;
    if let Some(subscriber) = subscriber {
        link.take_up(subscriber);
    }
    Some(link)
}

/// Who a link is, and where it sits.
struct Place {
    principal: Arc<Principal>,
    gate: Arc<Gate>,
    seat: Seat,
    number: u64,
}

impl Place {
    /// The link of a client that said `hello`; `received` came together with it.
    fn link<S>(self, shared: &Arc<MqttShared>, socket: S, hello: Hello, received: Vec<u8>) -> Link<S> {
        let now = clock::now();
        shared.metrics.connections.inc();
        Link {
            shared: Arc::clone(shared),
            socket,
            version: hello.version,
            principal: self.principal,
            gate: self.gate,
            seat: self.seat,
            number: self.number,
            keep_alive: hello.keep_alive,
            session_expiry: hello.session_expiry,
            receive_max: hello.receive_max,
            packet_bytes_max: hello.packet_bytes_max,
            will: hello.will.map(Box::new),
            aliases: BTreeMap::new(),
            received,
            needed: 2,
            reserved: None,
            held: None,
            unfinished_since: None,
            heard: now,
            deaf: false,
            chunk: Vec::new(),
            chunk_bytes: 0,
            submitted: 0,
            settled: 0,
            pending: VecDeque::new(),
            unacked: 0,
            work: None,
            written: Vec::new(),
            write_since: Some(now),
            mute: false,
            subscriber: None,
            timer: Box::pin(tokio::time::sleep_until(now + Duration::from_secs(1))),
        }
    }
}

/// One device on two connections, or a client id that changes hands again and again: somebody may have copied it.
fn note_double(shared: &MqttShared, principal: &Principal, took_over: bool, others: usize) {
    if !principal.is_device() || (!took_over && others == 0) {
        return;
    }
    if others > 0 {
        shared.trouble(&principal.user, TroubleKind::DoubleIdentity, "a second connection");
    }
    if shared.doubles.note(&principal.user, clock::now()) {
        shared.notice(Notice {
            kind: NoticeKind::DoubleIdentity,
            subject: principal.user.to_string(),
            detail: Bilingual::new(
                format!("{} was on two connections three times within ten minutes", principal.user),
                format!("{} 十分钟内三次同时出现在两个连接上", principal.user),
            ),
            active: true,
        });
    }
}

/// The session of a client that is back; the outer `None` when the router is gone.
async fn resume(shared: &Arc<MqttShared>, key: &ClientKey, hello: &Hello) -> Option<Option<Box<Subscriber>>> {
    let Some(session) = shared.sessions.take(key) else { return Some(None) };
    let lasts = session.until > clock::now() && session.version == hello.version;
    if hello.clean || !lasts {
        sessions::end(session, &shared.router).await.ok()?;
        return Some(None);
    }
    let name = session.name.clone();
    let mut subscriber = Box::new(Subscriber::resume(session, shared.limits.deliveries_per_client_max));
    if let Some(name) = name {
        let attached = asking::attach(shared, Some(name), false).await.ok()?;
        subscriber.pump = Some(attached.pump);
        subscriber.inbox = Some(attached.inbox);
    }
    Some(Some(subscriber))
}

impl<S> Link<S> {
    /// Journals the will, so that a kill does not lose it; without one, that the will of the link before is over. CONNACK
    /// does not wait for that: it promises nothing of the will.
    fn journal_will(&mut self, over: Option<u64>) -> Result<(), Close> {
        let key = self.seat.key.clone();
        let input = match (&self.will, over) {
            (Some(will), _) => {
                let delay = will.delay.min(self.session_expiry);
                let will = Will { delay, ..will.as_ref().clone() };
                let kept = KeptWill { number: self.number, keep_alive: self.keep_alive, will };
                EncodedInput::new(&Input::Will(kept.record(&key)))
            }
            (None, Some(number)) => EncodedInput::new(&Input::WillOver(kept_wills::over(&key, number))),
            (None, None) => return Ok(()),
        };
        self.take_in(input);
        self.submit()
    }

    fn ask_to_stop(&self) {
        self.gate.kick(Close::Stopping);
    }

    /// Goes on with a session: its groups and its alerts come to this link again.
    fn take_up(&mut self, subscriber: Box<Subscriber>) {
        self.shared.metrics.subscribers.inc();
        let alerts = self.principal.alerts_topic();
        if subscriber.subscriptions.keys().any(|filter| crate::topics::matches(filter, alerts)) {
            let outlet = &self.shared.outlet;
            outlet.listen(&self.principal.site, self.number, &self.gate, &subscriber.direct_sender);
        }
        let (groups, direct) = (subscriber.shared_filters(), subscriber.direct_sender.clone());
        self.subscriber = Some(subscriber);
        if groups.is_empty() {
            return;
        }
        let (shared, site, number) = (Arc::clone(&self.shared), self.principal.site.clone(), self.number);
        let before = self.work.take();
        self.work = Some(Box::pin(async move {
            if let Some(before) = before {
                before.await?;
            }
            for filter in groups {
                let joined = shared.groups.join(&site, &filter, number, direct.clone()).await;
                joined.map_err(|_| Close::RouterGone)?;
            }
            Ok(asking::Answer::None)
        }));
    }
}

async fn say<S: AsyncWrite + Unpin>(socket: &mut S, bytes: &[u8]) {
    // The peer is refused; whether he hears why is up to him.
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, async {
        socket.write_all(bytes).await?;
        socket.shutdown().await
    })
    .await;
}

/// Tells a v5 client nothing and everybody that there are too many: the socket closes before CONNECT is read.
pub(crate) fn turned_away(shared: &MqttShared, address: IpAddr, why: addresses::Turned) {
    shared.trouble(&address.to_string(), TroubleKind::Limit, &format!("{why:?}"));
}

/// Serves one socket from CONNECT to the end.
pub(crate) async fn serve<S>(shared: Arc<MqttShared>, socket: S, address: IpAddr, mut place: addresses::Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    // Boxed, so that a link that only waits is as small as its state.
    let greeted = shared.stop.run_until_cancelled(Box::pin(greet(&shared, socket, address, &mut place))).await;
    if let Some(Some(link)) = greeted {
        // Seated after the others were asked to end.
        if shared.stop.is_cancelled() {
            link.ask_to_stop();
        }
        link.run().await;
    }
    drop(place);
}
