//! A gateway on free loopback ports with a fake journal behind it.

use prometheus::Registry;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_intake::gbt26875::{
    Gateway, GatewayLimits, GatewayParts, GatewaySettings, ListenerSettings, PanelTroubleKind, TransmitterSettings,
    Transport, Unlisted,
};
use watchfire_intake::{Flow, Submission};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{DeviceName, Input, Link, Notice, Seq, SiteId, Timestamp};
use watchfire_wire::gbt26875::{Address, Digits};

/// Nothing in these tests takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

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

/// A frame as the journal saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// `<site>/<device>@<listener>`
    pub(crate) who: String,
    pub(crate) link: Link,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Station {
    pub(crate) gateway: Gateway,
    ports: Vec<(String, SocketAddr)>,
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) registry: Registry,
    pub(crate) mode: watch::Sender<Mode>,
    /// Held, so that a notice finds somebody.
    _notices: mpsc::Receiver<Notice>,
    pub(crate) stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// `open` takes everybody, `strict` only who is listed, `east` is the port of a device without an address, `udp` is as
/// `open`.
pub(crate) fn listeners() -> Vec<ListenerSettings> {
    let listener = |name: &str, transport, unlisted| ListenerSettings {
        name: name.into(),
        addr: "127.0.0.1:0".parse().unwrap(),
        transport,
        insecure: false,
        site: Some(SiteId::new("tower").unwrap()),
        unlisted,
    };
    vec![
        listener("open", Transport::Tcp, Unlisted::Accept),
        listener("strict", Transport::Tcp, Unlisted::Refuse),
        listener("east", Transport::Tcp, Unlisted::Refuse),
        listener("udp", Transport::Udp, Unlisted::Accept),
    ]
}

pub(crate) fn listed(device: &str, address: u64, listener: Option<&str>) -> TransmitterSettings {
    TransmitterSettings {
        site: SiteId::new("tower").unwrap(),
        device: DeviceName::new(device).unwrap(),
        address: Address::new(address).unwrap(),
        listener: listener.map(Into::into),
        token: None,
        digits: Digits::Binary,
    }
}

/// Devices 1 to 400, and `east`.
pub(crate) fn transmitters() -> Vec<TransmitterSettings> {
    let mut all: Vec<TransmitterSettings> =
        (1..=400).map(|address: u64| listed(&address.to_string(), address, None)).collect();
    all.push(listed("east", 0, Some("east")));
    all
}

impl Station {
    pub(crate) async fn start() -> Station {
        Station::limited(GatewayLimits::default()).await
    }

    pub(crate) async fn limited(limits: GatewayLimits) -> Station {
        let (queue, inbox) = mpsc::channel(4_096);
        let (notice, notices) = mpsc::channel(16);
        let flow = Arc::new(Flow::default());
        let registry = Registry::new();
        let settings = GatewaySettings { listeners: listeners(), transmitters: transmitters(), limits };
        let parts = GatewayParts { settings, queue, flow: Arc::clone(&flow), notices: notice, registry: &registry };
        let gateway = Gateway::new(parts).unwrap();
        let listening = gateway.listen().await.unwrap();
        let ports = listening.addresses().into_iter().map(|(name, addr)| (name.to_string(), addr)).collect();
        let (mode, stop) = (watch::Sender::new(Mode::Write), CancellationToken::new());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        tasks.spawn(journal(inbox, mode.subscribe(), flow, Arc::clone(&seen)));
        tasks.spawn(listening.serve(stop.clone()));
        Station { gateway, ports, seen, registry, mode, _notices: notices, stop, tasks }
    }

    pub(crate) fn port(&self, name: &str) -> SocketAddr {
        self.ports.iter().find(|(known, _)| known == name).unwrap().1
    }

    /// Stops the gateway and waits for it.
    pub(crate) async fn stopped(mut self) {
        self.stop.cancel();
        drop(self.gateway);
        tokio::time::timeout(PATIENCE, async { while self.tasks.join_next().await.is_some() {} }).await.unwrap();
    }

    pub(crate) fn frames(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn who(&self) -> Vec<String> {
        self.frames().into_iter().map(|seen| seen.who).collect()
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

    pub(crate) fn trouble(&self, kind: PanelTroubleKind) -> u64 {
        self.gateway.troubles().count(kind)
    }
}

async fn journal(
    mut inbox: mpsc::Receiver<Submission>,
    mut mode: watch::Receiver<Mode>,
    flow: Arc<Flow>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    let (mut batch, mut held, mut seq) = (Vec::new(), Vec::new(), 0);
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Mode::Write => {
                for submission in held.drain(..) {
                    let Submission { mut input, ticket }: Submission = submission;
                    seq += 1;
                    seen.lock().unwrap().push(describe(input.stamp(Timestamp(0))));
                    ticket.durable(Seq(seq));
                }
                flow.journaled(Seq(seq));
                flow.applied(Seq(seq));
            }
            Mode::Drop => held.clear(),
            Mode::Hold => {}
        }
        tokio::select! {
            count = inbox.recv_many(&mut batch, 1_024) => {
                if count == 0 {
                    return;
                }
                held.append(&mut batch);
            }
            changed = mode.changed() => if changed.is_err() { return },
        }
    }
}

fn describe(record: &[u8]) -> Seen {
    let entry = decode_entry(Seq(1), record).unwrap();
    let Input::Frame(frame) = entry.input else { panic!("not a frame") };
    assert!(frame.topic.starts_with(&format!("{}/127.0.0.1:", frame.identity)), "{}", frame.topic);
    Seen {
        who: format!("{}/{}@{}", frame.site, frame.device, frame.identity),
        link: frame.link,
        payload: frame.payload.to_vec(),
    }
}
