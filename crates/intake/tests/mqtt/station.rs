//! A listener on a free loopback port with a fake journal behind it.

use crate::script::Raw;
use prometheus::Registry;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_intake::{Flow, Identities, Limits, MqttParts, MqttShared, Retained, Submission, serve};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{
    Bilingual, DeviceName, Frame, Identity, IdentityName, IdentityRole, Input, Link, Notice, Seq, Site, SiteId,
    SiteKind, Sites, Timestamp,
};

/// Nothing in these tests takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How the fake journal treats what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Durable at once.
    Write,
    /// Taken from the queue and held.
    Hold,
    /// Dropped without a word, as a journal that died.
    Drop,
}

/// A frame as the journal saw it: `<site>/<identity>[/<device>] <link> <topic> <payload>`.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

/// What the journal knows besides.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The fold over everything that is durable.
    pub(crate) retained: Mutex<Retained>,
    /// Wills that were left and that are over, one word each.
    pub(crate) wills: Mutex<Vec<String>>,
    /// Frames taken from the queue and not yet durable.
    pub(crate) held_frames: AtomicUsize,
    /// Their bytes.
    pub(crate) held_bytes: AtomicUsize,
    /// Whether a frame `fire` is durable.
    pub(crate) fire: watch::Sender<bool>,
}

pub(crate) struct Station {
    pub(crate) port: SocketAddr,
    pub(crate) shared: Arc<MqttShared>,
    pub(crate) flow: Arc<Flow>,
    pub(crate) seen: Seen,
    pub(crate) kept: Arc<Kept>,
    pub(crate) notices: mpsc::Receiver<Notice>,
    pub(crate) registry: Registry,
    pub(crate) mode: watch::Sender<Mode>,
    /// Whether the journal says for the rules that they have applied everything.
    pub(crate) rules: watch::Sender<bool>,
    pub(crate) stop: CancellationToken,
    /// Sockets in memory, of a station whose clock stands still.
    pipes: mpsc::Sender<DuplexStream>,
    tasks: JoinSet<()>,
}

impl Station {
    pub(crate) async fn start() -> Station {
        Station::with(Limits::default(), &Retained::default()).await
    }

    pub(crate) async fn limited(limits: Limits) -> Station {
        Station::with(limits, &Retained::default()).await
    }

    pub(crate) async fn with(limits: Limits, retained: &Retained) -> Station {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut station = Station::unheard(limits, retained).await;
        station.port = listener.local_addr().unwrap();
        station.tasks.spawn(serve(listener, Arc::clone(&station.shared), station.stop.clone()));
        station
    }

    /// A station whose clients are pipes in memory and whose clock goes on only when everybody waits for it: nothing real
    /// takes part that could be slow.
    pub(crate) async fn paused(limits: Limits) -> Station {
        let mut station = Station::unheard(limits, &Retained::default()).await;
        tokio::time::pause();
        let (pipes, accepted) = mpsc::channel(1);
        station.pipes = pipes;
        let (shared, stop, accepted) =
            (Arc::clone(&station.shared), station.stop.clone(), Arc::new(AsyncMutex::new(accepted)));
        let accept = move || {
            let accepted = Arc::clone(&accepted);
            async move {
                match accepted.lock().await.recv().await {
                    Some(pipe) => Ok((pipe, SocketAddr::from(([127, 0, 0, 1], 1)))),
                    None => std::future::pending().await,
                }
            }
        };
        station.tasks.spawn(watchfire_intake::serve_with(accept, shared, stop));
        station
    }

    /// A client of a paused station.
    pub(crate) async fn pipe(&self) -> Raw<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        self.pipes.send(theirs).await.unwrap();
        Raw(ours)
    }

    /// A client that is connected.
    pub(crate) async fn piped(&self, connect: &str, connack: &str) -> Raw<DuplexStream> {
        let mut raw = self.pipe().await;
        raw.send(connect).await;
        raw.expect(connack).await;
        raw
    }

    async fn unheard(limits: Limits, retained: &Retained) -> Station {
        let (queue, inbox) = mpsc::channel(4_096);
        let (notice, notices) = mpsc::channel(16);
        let flow = Arc::new(Flow::default());
        let registry = Registry::new();
        let parts = MqttParts {
            limits,
            identities: identities("secret"),
            probe_password: "probing".into(),
            queue,
            flow: Arc::clone(&flow),
            notices: notice,
            retained,
            registry: &registry,
        };
        let shared = MqttShared::start(parts).await.unwrap();
        let port = SocketAddr::from(([127, 0, 0, 1], 0));
        let (mode, rules, stop) = (watch::Sender::new(Mode::Write), watch::Sender::new(true), CancellationToken::new());
        let seen = Seen::default();
        let kept = Arc::new(Kept { retained: Mutex::new(retained.clone()), ..Kept::default() });
        let mut tasks = JoinSet::new();
        let told = (Arc::clone(&seen), Arc::clone(&kept));
        tasks.spawn(journal(inbox, mode.subscribe(), rules.subscribe(), Arc::clone(&flow), told));
        Station {
            pipes: mpsc::channel(1).0,
            port,
            shared,
            flow,
            seen,
            kept,
            notices,
            registry,
            mode,
            rules,
            stop,
            tasks,
        }
    }

    /// Stops the listener and waits for it.
    pub(crate) async fn stopped(mut self) {
        self.stop.cancel();
        drop(self.shared);
        tokio::time::timeout(PATIENCE * 2, async { while self.tasks.join_next().await.is_some() {} }).await.unwrap();
    }

    pub(crate) fn frames(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until the journal has seen that many frames.
    pub(crate) async fn seen(&self, count: usize) -> Vec<String> {
        self.until("frames", || self.frames().len() >= count).await;
        self.frames()
    }

    /// Waits for a condition.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let waiting = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never came: {what}"));
    }

    /// The value of a metric, summed over its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap_or_else(|| panic!("no {name}"));
        let values = family.get_metric().iter();
        values.map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value()).sum()
    }

    /// What the journal knows of wills, in order.
    pub(crate) fn wills(&self) -> Vec<String> {
        self.kept.wills.lock().unwrap().clone()
    }

    pub(crate) fn trouble(&self, kind: watchfire_intake::TroubleKind) -> u64 {
        self.shared.troubles().count(kind)
    }
}

async fn journal(
    mut inbox: mpsc::Receiver<Submission>,
    mut mode: watch::Receiver<Mode>,
    mut rules: watch::Receiver<bool>,
    flow: Arc<Flow>,
    (seen, kept): (Seen, Arc<Kept>),
) {
    let (mut batch, mut held, mut seq, mut applied) = (Vec::new(), Vec::new(), 0, 0);
    loop {
        let now = *mode.borrow_and_update();
        let up_to_date = *rules.borrow_and_update();
        match now {
            Mode::Write => {
                for submission in held.drain(..) {
                    let Submission { mut input, ticket }: Submission = submission;
                    seq += 1;
                    let record = input.stamp(Timestamp(0)).to_vec();
                    note(&record, &seen, &kept);
                    ticket.durable(Seq(seq));
                }
                flow.journaled(Seq(seq));
            }
            Mode::Drop => held.clear(),
            Mode::Hold => {}
        }
        kept.held_frames.store(held.len(), Ordering::SeqCst);
        kept.held_bytes.store(held.iter().map(|held| held.input.record_bytes()).sum(), Ordering::SeqCst);
        if up_to_date && applied != seq {
            applied = seq;
            flow.applied(Seq(seq));
        }
        tokio::select! {
            count = inbox.recv_many(&mut batch, 1_024) => {
                if count == 0 {
                    return;
                }
                held.append(&mut batch);
            }
            changed = mode.changed() => if changed.is_err() { return },
            changed = rules.changed() => if changed.is_err() { return },
        }
    }
}

fn note(record: &[u8], seen: &Seen, kept: &Kept) {
    let mut retained = kept.retained.lock().unwrap();
    match decode_entry(Seq(1), record).unwrap().input {
        Input::Frame(frame) => {
            retained.apply(&frame);
            seen.lock().unwrap().push(describe(&frame));
            if frame.payload == b"fire" {
                kept.fire.send_replace(true);
            }
        }
        Input::Will(will) => {
            retained.will(&will);
            kept.wills.lock().unwrap().push(format!("{} left", will.client));
        }
        Input::WillOver(over) => {
            retained.will_over(&over);
            kept.wills.lock().unwrap().push(format!("{} over", over.client));
        }
        other => panic!("{other:?}"),
    }
}

fn describe(frame: &Frame<'_>) -> String {
    let link = match frame.link {
        Link::Mqtt { qos, retain } => format!("qos{qos}{}", if retain { "r" } else { "" }),
        Link::MqttWill { retain } => format!("will{}", if retain { "r" } else { "" }),
        other => panic!("{other:?}"),
    };
    let device = if frame.device.is_empty() { String::new() } else { format!("/{}", frame.device) };
    let payload = String::from_utf8_lossy(frame.payload);
    format!("{}/{}{device} {link} {} {payload}", frame.site, frame.identity, frame.topic)
}

/// Site `care` with gateways `gw1` and `gw2`, device `smoke-1`, subscriber `desk`; site `home` with gateway `gw1`.
pub(crate) fn identities(password: &str) -> Identities {
    let identity = |role| Identity { role, secret: String::new(), publish: vec![], subscribe: vec![] };
    let device = IdentityRole::Device { name: DeviceName::new("smoke-1").unwrap() };
    let mut sites = Sites::default();
    for (id, identities) in [
        (
            "care",
            vec![
                ("gw1", IdentityRole::Gateway),
                ("gw2", IdentityRole::Gateway),
                ("smoke-1", device),
                ("desk", IdentityRole::Subscriber),
            ],
        ),
        ("home", vec![("gw1", IdentityRole::Gateway)]),
    ] {
        let site = Site {
            name: Bilingual::same(id),
            kind: SiteKind::Home,
            address: Bilingual::default(),
            time_zone: "Asia/Shanghai".into(),
            zones: BTreeMap::new(),
            devices: vec![],
            identities: identities
                .into_iter()
                .map(|(name, role)| (IdentityName::new(name).unwrap(), identity(role)))
                .collect(),
            ladder: vec![],
            transmission_devices: Vec::new(),
            premises: Default::default(),
        };
        sites.sites.insert(SiteId::new(id).unwrap(), site);
    }
    let users = ["care/gw1", "care/gw2", "care/smoke-1", "care/desk", "home/gw1"];
    let secrets = users.iter().map(|user| ((*user).to_owned(), password.as_bytes().to_vec())).collect();
    Identities::new(&sites, &secrets)
}
