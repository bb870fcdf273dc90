//! The fire panels' side as the station holds it: ports, the allow-list, troubles for the board.

use crate::config::StationConfig;
use crate::config::gateway_settings::gateway_settings;
use crate::parts::inputs::Inputs;
use crate::parts::start_error::{StartError, failed};
use compact_str::CompactString;
use prometheus::Registry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use watchfire_console::Live;
use watchfire_intake::gbt26875::{Gateway, GatewayParts, Listening, Panels};
use watchfire_intake::{Flow, Submission};
use watchfire_model::{Input, Notice, Sites, Timestamp};
use watchfire_wire::Profiles;

/// Notices of the gateway that may wait for the journal.
const NOTICES_MAX: usize = 256;
/// Troubles handed to the board at once.
const TROUBLES_AT_ONCE: usize = 50;
/// How often the board hears of troubles.
const TROUBLES_INTERVAL: Duration = Duration::from_secs(1);

/// What the gateway needs of the station.
pub(crate) struct PanelNeeds<'a> {
    pub(crate) config: &'a StationConfig,
    pub(crate) sites: &'a Sites,
    pub(crate) profiles: &'a Profiles,
    pub(crate) frames: mpsc::Sender<Submission>,
    pub(crate) flow: &'a Arc<Flow>,
    pub(crate) registry: &'a Registry,
}

/// The gateway for fire panels. Without listeners it does nothing.
#[derive(Clone)]
pub(crate) struct PanelGateway {
    gateway: Gateway,
    notices: Arc<Mutex<mpsc::Receiver<Notice>>>,
}

/// Ports that are open, and where they are.
pub(crate) struct PanelPorts {
    pub(crate) listening: Listening,
    pub(crate) addresses: Vec<(CompactString, SocketAddr)>,
}

impl PanelGateway {
    /// Puts the gateway together and opens its ports; nobody is served yet.
    pub(crate) async fn open(needs: PanelNeeds<'_>) -> Result<(PanelGateway, PanelPorts), StartError> {
        let (notices, notice_queue) = mpsc::channel(NOTICES_MAX);
        let parts = GatewayParts {
            settings: gateway_settings(&needs.config.gbt26875, needs.sites, needs.profiles),
            queue: needs.frames,
            flow: Arc::clone(needs.flow),
            notices,
            registry: needs.registry,
        };
        let gateway = Gateway::new(parts).map_err(failed("prepare the gateway for fire panels"))?;
        let listening = gateway.listen().await.map_err(failed("listen for fire panels"))?;
        let ports = PanelPorts { addresses: listening.addresses(), listening };
        Ok((PanelGateway { gateway, notices: Arc::new(Mutex::new(notice_queue)) }, ports))
    }

    /// The way down to the devices.
    pub(crate) fn panels(&self) -> Panels {
        self.gateway.panels()
    }

    /// Connections now.
    pub(crate) fn connections(&self) -> u64 {
        u64::try_from(self.gateway.connections()).unwrap_or(0)
    }

    /// Puts another allow-list in force; what cannot be is told, and leaves the old one.
    pub(crate) fn put(&self, config: &StationConfig, sites: &Sites, profiles: &Profiles) -> Result<(), Vec<String>> {
        let transmitters = gateway_settings(&config.gbt26875, sites, profiles).transmitters;
        debug!(devices = transmitters.len(), "transmission devices reloaded");
        self.gateway.reload(transmitters).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    /// Journals the gateway's notices and tells the board its troubles, until `stop`.
    pub(crate) async fn tell_troubles(&self, inputs: Inputs, live: Arc<Live>, stop: CancellationToken) {
        let mut every = interval(TROUBLES_INTERVAL);
        let mut told = Timestamp::EPOCH;
        let mut notices = self.notices.lock().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(notice) = notices.recv() => {
                    if inputs.journal(&Input::Notice(notice)).await.is_err() {
                        warn!("the journal is closed: a notice of the gateway for fire panels is lost");
                    }
                }
                _ = every.tick() => told = self.tell_board(&live, told),
            }
        }
    }

    fn tell_board(&self, live: &Live, told: Timestamp) -> Timestamp {
        let latest = self.gateway.troubles().latest(TROUBLES_AT_ONCE);
        for trouble in latest.iter().rev().filter(|trouble| trouble.at > told) {
            live.trouble(trouble.at, &trouble.who, trouble.kind.as_str(), &trouble.detail);
        }
        latest.first().map_or(told, |newest| newest.at.max(told))
    }
}
