//! What all links share, and how it is put together.

use crate::addresses::Addresses;
use crate::clients::Clients;
use crate::clock;
use crate::close::Close;
use crate::doubles::Doubles;
use crate::fanout::groups::Groups;
use crate::fanout::outlet::AlertOutlet;
use crate::fanout::retained::Retained;
use crate::fanout::router::{Router, RouterGone};
use crate::fanout::sessions::{self, Sessions};
use crate::flow::Flow;
use crate::gate::Submission;
use crate::identity::{Credentials, Identities, Principal};
use crate::limits::Limits;
use crate::message::Message;
use crate::metrics::Metrics;
use crate::share::{Share, Stock};
use crate::troubles::{TroubleKind, Troubles};
use crate::wills::Wills;
use arc_swap::ArcSwap;
use bytes::Bytes;
use compact_str::CompactString;
use prometheus::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use watchfire_model::{Bilingual, DeviceName, Identity, IdentityRole, Notice, NoticeKind};

/// Links that there may be for each entry of the journal: 2 to the power of this.
const LINKS_PER_ENTRY_BITS: u32 = 20;

/// What the station gives to the MQTT side.
#[derive(Debug)]
pub struct MqttParts<'a> {
    /// The limits.
    pub limits: Limits,
    /// Who may log in.
    pub identities: Identities,
    /// The password of the built-in identity `station/probe`: random, new at each start.
    pub probe_password: String,
    /// To the journal. Must hold at least one chunk.
    pub queue: mpsc::Sender<Submission>,
    /// Shared with journal and rules.
    pub flow: Arc<Flow>,
    /// What the station is to journal about attacks and doubles.
    pub notices: mpsc::Sender<Notice>,
    /// What the router is to retain, rebuilt from the journal.
    pub retained: &'a Retained,
    /// Where the metrics go.
    pub registry: &'a Registry,
}

/// The MQTT side cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A metric of that name exists already.
    #[error("failed to register the MQTT metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// A thread could not be started.
    #[error("failed to start the MQTT router: {0}")]
    Thread(#[from] std::io::Error),
    /// The router did not answer.
    #[error(transparent)]
    Router(#[from] RouterGone),
    /// The queue to the journal is shorter than one chunk.
    #[error("the queue to the journal holds {0} frames: it must hold at least {1}")]
    QueueTooShort(usize, usize),
}

/// What all links share.
#[derive(Debug)]
pub struct MqttShared {
    pub(crate) limits: Limits,
    pub(crate) identities: ArcSwap<Identities>,
    probe: Arc<Principal>,
    probe_password: String,
    pub(crate) queue: mpsc::Sender<Submission>,
    /// What is in the queue, or taken from it and not yet durable.
    pub(crate) queued: Arc<Stock>,
    pub(crate) flow: Arc<Flow>,
    notices: mpsc::Sender<Notice>,
    pub(crate) metrics: Metrics,
    pub(crate) troubles: Troubles,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) router: Arc<Router>,
    pub(crate) groups: Groups,
    pub(crate) outlet: AlertOutlet,
    pub(crate) sessions: Sessions,
    pub(crate) wills: Wills,
    pub(crate) doubles: Doubles,
    /// Bytes reserved for large packets of all links that are not yet handed on.
    pub(crate) unfinished: AtomicUsize,
    /// Links are asked to end.
    pub(crate) stop: CancellationToken,
    links: AtomicU64,
    /// What was counted of the refused messages and wills.
    retained_refused: AtomicU64,
}

impl MqttShared {
    /// Starts the router and fills it with what is retained. To be called within the runtime.
    ///
    /// # Errors
    /// When a metric is taken, a thread cannot start, or the queue is too short.
    pub async fn start(parts: MqttParts<'_>) -> Result<Arc<MqttShared>, StartError> {
        let MqttParts { limits, identities, probe_password, queue, flow, notices, retained, registry } = parts;
        if queue.max_capacity() < limits.chunk_frames {
            return Err(StartError::QueueTooShort(queue.max_capacity(), limits.chunk_frames));
        }
        // A number is never given again, nor by a station that goes on with this journal: each second has its entry.
        let first_link = flow.durable().0 << LINKS_PER_ENTRY_BITS;
        let metrics = Metrics::new(registry, &limits, queue.max_capacity())?;
        let troubles = Troubles::new(registry)?;
        let router = Arc::new(Router::start(&limits, metrics.router_dropped.clone())?);
        let groups = Groups::start(Arc::clone(&router), metrics.router_dropped.clone()).await?;
        fill(&router, retained).await?;
        let probe = Arc::new(probe_principal(&probe_password));
        let outlet = AlertOutlet::new(metrics.alerts_sent.clone(), metrics.alerts_undelivered.clone());
        Ok(Arc::new(MqttShared {
            identities: ArcSwap::from_pointee(identities.with(Arc::clone(&probe))),
            limits,
            probe,
            probe_password,
            queue,
            queued: Arc::default(),
            flow,
            notices,
            metrics,
            troubles,
            addresses: Arc::default(),
            clients: Arc::default(),
            router,
            groups,
            outlet,
            sessions: Sessions::default(),
            wills: Wills::default(),
            doubles: Doubles::default(),
            unfinished: AtomicUsize::new(0),
            stop: CancellationToken::new(),
            links: AtomicU64::new(first_link),
            retained_refused: AtomicU64::new(0),
        }))
    }

    /// Puts a new snapshot in force; closes the links of identities that are gone or changed, and gives how many.
    pub fn reload(&self, identities: Identities) -> usize {
        let before = self.identities.load_full();
        let now = Arc::new(identities.continuing(&before).with(Arc::clone(&self.probe)));
        self.identities.store(Arc::clone(&now));
        self.clients.revoke(&now)
    }

    /// Takes up the wills of clients that were connected when the station before this one ended; `before` holds exactly what
    /// that one has journaled. Those of clients that stay away are published. To be called once, when the journal is read.
    pub fn take_up_wills(&self, before: &Retained) {
        self.wills.take_up(before.wills().iter(), clock::now(), &self.limits);
    }

    /// Counts the messages and wills that found no room. One caller.
    pub fn note_refused(&self, retained: &Retained) {
        let refused = retained.refused();
        let before = self.retained_refused.swap(refused, Ordering::Relaxed);
        self.metrics.retained_refused.inc_by(refused.saturating_sub(before));
    }

    /// What went wrong with whom.
    pub fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// The way out for alerts.
    pub fn outlet(&self) -> &AlertOutlet {
        &self.outlet
    }

    /// Clients that are connected.
    pub fn connections(&self) -> i64 {
        self.metrics.connections.get()
    }

    /// With what the probe logs in; see [`crate::probe::once`].
    pub fn probe_credentials(&self) -> Credentials {
        Credentials {
            user: self.probe.user.to_string(),
            password: self.probe_password.clone(),
            addresses: Arc::clone(&self.addresses),
        }
    }

    /// Whether the router answers within `patience`. Cheap; every few seconds is enough.
    ///
    /// # Errors
    /// When it is dead: the process should end.
    pub async fn router_answers(&self, patience: Duration) -> Result<bool, RouterGone> {
        self.groups.router_answers(patience).await
    }

    pub(crate) fn next_link(&self) -> u64 {
        self.links.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn trouble(&self, who: &str, kind: TroubleKind, detail: &str) {
        self.troubles.note(clock::wall(), who, kind, detail);
    }

    pub(crate) fn notice(&self, notice: Notice) {
        if self.notices.try_send(notice).is_err() {
            self.metrics.notices_dropped.inc();
        }
    }

    /// Once a second: what is over is forgotten and said, gauges are set.
    pub(crate) async fn tidy(&self) {
        let now = clock::now();
        for address in self.addresses.tidy(now, &self.limits) {
            let detail = Bilingual::new(
                format!("no refused log-in from {address} for five minutes"),
                format!("{address} 五分钟内没有登录被拒绝"),
            );
            self.notice(Notice { kind: NoticeKind::LoginAttack, subject: address.to_string(), detail, active: false });
        }
        for user in self.doubles.tidy(now) {
            let detail = Bilingual::new(
                format!("{user} is no longer on two connections"),
                format!("{user} 不再同时出现在两个连接上"),
            );
            self.notice(Notice { kind: NoticeKind::DoubleIdentity, subject: user.into(), detail, active: false });
        }
        let queued = self.queue.max_capacity() - self.queue.capacity();
        let gauge = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        self.metrics.queued.set(gauge(queued));
        self.metrics.queued_bytes.set(gauge(self.queued.taken().bytes));
        self.metrics.unfinished_bytes.set(gauge(self.unfinished.load(Ordering::Relaxed)));
        self.metrics.rules_lag.set(f64::from(u32::try_from(self.flow.lag()).unwrap_or(u32::MAX)));
        for session in self.sessions.expired(now) {
            if sessions::end(session, &self.router).await.is_err() {
                // The probe and `router_answers` tell the station.
                return;
            }
        }
    }

    /// Asks every link to end.
    pub(crate) fn stop_links(&self) {
        self.stop.cancel();
        self.clients.kick_all(Close::Stopping);
    }
}

/// Memory for a large packet, from its announcement until its frame is handed on; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    shared: Arc<MqttShared>,
    share: Arc<Share>,
    bytes: usize,
}

impl Reserved {
    /// `None` when the identity, or all together, would hold too much.
    pub(crate) fn take(shared: &Arc<MqttShared>, share: &Arc<Share>, bytes: usize) -> Option<Reserved> {
        let own = share.unfinished.fetch_add(bytes, Ordering::AcqRel) + bytes;
        let all = shared.unfinished.fetch_add(bytes, Ordering::AcqRel) + bytes;
        let reserved = Reserved { shared: Arc::clone(shared), share: Arc::clone(share), bytes };
        let fits = own <= shared.limits.identity_unfinished_bytes_max && all <= shared.limits.unfinished_bytes_max;
        fits.then_some(reserved)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.share.unfinished.fetch_sub(self.bytes, Ordering::AcqRel);
        self.shared.unfinished.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Hands the router what it is to retain.
async fn fill(router: &Router, retained: &Retained) -> Result<(), RouterGone> {
    for (site, topic, payload) in retained.iter() {
        let message = Message {
            topic: topic.to_owned(),
            payload: Bytes::copy_from_slice(payload),
            properties: Bytes::new(),
            expiry_s: None,
            qos: 1,
            retain: true,
            stored: false,
            sender: 0,
        };
        router.publish(&CompactString::from(site), Box::new(message)).await?;
    }
    Ok(())
}

/// `station/probe`: a device of a site that cannot be configured.
fn probe_principal(password: &str) -> Principal {
    let name = DeviceName::new(crate::probe::DEVICE).expect("a short word is a name");
    let identity = Identity {
        role: IdentityRole::Device { name },
        secret: String::new(),
        publish: Vec::new(),
        subscribe: Vec::new(),
    };
    Principal::new(crate::identity::STATION_SITE, crate::probe::DEVICE, &identity, password.as_bytes())
}
