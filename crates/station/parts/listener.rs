//! The MQTT side as the station holds it: identities with their secrets, the probe's log-in, troubles for the board.

use crate::config::secrets::SecretRef;
use crate::config::station::MqttConfig;
use crate::parts::inputs::Inputs;
use prometheus::Registry;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use watchfire_console::Live;
use watchfire_intake::{Flow, Identities, Limits, MqttParts, MqttShared, Retained, Submission};
use watchfire_model::{Input, Notice, Sites, Timestamp};

/// The shortest password of an identity. Guessing is limited by address only where the identity has not logged in.
const SECRET_CHARS_MIN: usize = 12;
/// Notices of the MQTT side that may wait for the journal.
const NOTICES_MAX: usize = 256;
/// Troubles handed to the board at once.
const TROUBLES_AT_ONCE: usize = 50;
/// How often the board hears of troubles.
const TROUBLES_INTERVAL: Duration = Duration::from_secs(1);

/// Where the passwords of identities come from.
#[derive(Clone)]
pub(crate) enum Secrets {
    /// Each from its reference, relative to a folder.
    References(PathBuf),
    /// The same for all: the demo's, new at each start.
    One(String),
}

impl Secrets {
    /// The password of every identity, by user name; an error names every one that cannot be fetched.
    pub(crate) fn of(&self, sites: &Sites) -> Result<BTreeMap<String, Vec<u8>>, Vec<String>> {
        let mut secrets = BTreeMap::new();
        let mut missing = Vec::new();
        for (site, entry) in &sites.sites {
            for (name, identity) in &entry.identities {
                match self.fetch(&identity.secret) {
                    Ok(secret) => {
                        secrets.insert(format!("{site}/{name}"), secret.into_bytes());
                    }
                    Err(why) => missing.push(format!("{site}/{name}: {why}")),
                }
            }
        }
        if missing.is_empty() { Ok(secrets) } else { Err(missing) }
    }

    fn fetch(&self, reference: &str) -> Result<String, String> {
        match self {
            Secrets::One(secret) => Ok(secret.clone()),
            Secrets::References(folder) => {
                let reference: SecretRef = reference.parse().map_err(str::to_owned)?;
                let secret = reference.fetch(folder)?.expose().to_owned();
                if secret.chars().count() < SECRET_CHARS_MIN {
                    return Err(format!(
                        "{reference}: is shorter than {SECRET_CHARS_MIN} characters and could be guessed; `openssl rand -hex 16` makes a good one"
                    ));
                }
                Ok(secret)
            }
        }
    }
}

/// What the MQTT side needs of the station.
pub(crate) struct ListenerNeeds<'a> {
    pub(crate) config: &'a MqttConfig,
    pub(crate) sites: &'a Sites,
    pub(crate) secrets: &'a Secrets,
    pub(crate) frames: mpsc::Sender<Submission>,
    pub(crate) flow: &'a Arc<Flow>,
    pub(crate) retained: &'a Retained,
    pub(crate) registry: &'a Registry,
}

/// The MQTT side.
#[derive(Clone)]
pub(crate) struct Listener {
    shared: Arc<MqttShared>,
    notices: Arc<Mutex<mpsc::Receiver<Notice>>>,
}

impl Listener {
    /// Starts the router; nobody is listened to yet.
    pub(crate) async fn start(needs: ListenerNeeds<'_>) -> Result<Listener, String> {
        let identities =
            Identities::new(needs.sites, &needs.secrets.of(needs.sites).map_err(|missing| missing.join("; "))?);
        let (notices, notice_queue) = mpsc::channel(NOTICES_MAX);
        let parts = MqttParts {
            limits: limits(needs.config),
            identities,
            probe_password: random_password()?,
            queue: needs.frames,
            flow: Arc::clone(needs.flow),
            notices,
            retained: needs.retained,
            registry: needs.registry,
        };
        let shared = MqttShared::start(parts).await.map_err(|error| error.to_string())?;
        Ok(Listener { shared, notices: Arc::new(Mutex::new(notice_queue)) })
    }

    /// Serves devices until `stop`.
    pub(crate) async fn serve(&self, socket: TcpListener, stop: CancellationToken) -> Result<(), String> {
        watchfire_intake::serve(socket, Arc::clone(&self.shared), stop).await;
        Ok(())
    }

    /// The identities of those sites, to be [`put`](Listener::put); an error names every secret that is missing.
    pub(crate) fn identities(&self, sites: &Sites, secrets: &Secrets) -> Result<Identities, Vec<String>> {
        secrets.of(sites).map(|secrets| Identities::new(sites, &secrets))
    }

    /// Puts new identities in force; connections of those that are gone or changed are closed.
    pub(crate) fn put(&self, identities: Identities) {
        let closed = self.shared.reload(identities);
        debug!(closed, "identities reloaded");
    }

    /// The whole way once, through the real port.
    pub(crate) async fn probe_once(&self, port: SocketAddr, limit: Duration) -> Result<(), String> {
        let probed = watchfire_intake::probe::once(port, &self.shared.probe_credentials(), limit).await;
        probed.map(drop).map_err(|error| error.to_string())
    }

    /// Whether the router answers within `limit`; an error when it is dead.
    pub(crate) async fn router_answers(&self, limit: Duration) -> Result<bool, String> {
        self.shared.router_answers(limit).await.map_err(|error| error.to_string())
    }

    /// Sends a change of an alert to those who subscribed to the site's alerts.
    pub(crate) fn publish_alert(&self, site: &str, payload: &str) {
        self.shared.outlet().publish(site, payload.as_bytes());
    }

    /// Gives it the wills of the clients that were connected when the station before this one ended.
    pub(crate) fn take_up_wills(&self, before: &Retained) {
        self.shared.take_up_wills(before);
    }

    /// Counts what found no room to be kept for a restart.
    pub(crate) fn note_refused(&self, retained: &Retained) {
        self.shared.note_refused(retained);
    }

    /// Connections now.
    pub(crate) fn connections(&self) -> u64 {
        u64::try_from(self.shared.connections()).unwrap_or(0)
    }

    /// Journals the MQTT side's notices and tells the board its troubles, until `stop`.
    pub(crate) async fn tell_troubles(&self, inputs: Inputs, live: Arc<Live>, stop: CancellationToken) {
        let mut every = interval(TROUBLES_INTERVAL);
        let mut told = Timestamp::EPOCH;
        let mut notices = self.notices.lock().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(notice) = notices.recv() => {
                    if inputs.journal(&Input::Notice(notice)).await.is_err() {
                        warn!("the journal is closed: a notice of the MQTT side is lost");
                    }
                }
                _ = every.tick() => told = self.tell_board(&live, told),
            }
        }
    }

    fn tell_board(&self, live: &Live, told: Timestamp) -> Timestamp {
        let latest = self.shared.troubles().latest(TROUBLES_AT_ONCE);
        for trouble in latest.iter().rev().filter(|trouble| trouble.at > told) {
            live.trouble(trouble.at, &trouble.identity, trouble.kind.as_str(), &trouble.detail);
        }
        latest.first().map_or(told, |newest| newest.at.max(told))
    }
}

fn limits(config: &MqttConfig) -> Limits {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let rate = u32::try_from(config.connects_per_address_per_s).unwrap_or(u32::MAX);
    Limits {
        connections_max: size(config.connections_max),
        connections_per_address_max: size(config.connections_per_address_max),
        unauthenticated_max: size(config.unauthenticated_max.min(config.connections_max.div_ceil(2))),
        unauthenticated_per_address_max: size(config.unauthenticated_per_address_max),
        connects_per_address_per_s: rate,
        packet_bytes_max: size(config.packet_bytes_max),
        filters_per_client_max: size(config.filters_per_client_max),
        unacked_max: u16::try_from(config.unacknowledged_max).unwrap_or(u16::MAX),
        connect_timeout: Duration::from_secs(config.connect_timeout_s),
        write_timeout: Duration::from_secs(config.write_timeout_s),
        ..Limits::default()
    }
}

fn random_password() -> Result<String, String> {
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
