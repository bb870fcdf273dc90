//! The fire panels' side of the network: a monitoring centre's end of GB/T 26875.3 over TCP and UDP, on any number of
//! ports.
//!
//! ```text
//! socket → listening ─► link ─ exchange (pure) ─► handing ─► Submission → (bounded queue) → journal thread
//!  (UDP: datagrams ─┘)   ▲ │        │ customs, recent, roster                  │ Ticket::durable after fdatasync
//!                        │ └ answers ◄──────────────────────────────────────────┘
//!          Panels::send ─┘ book: who is connected where
//! ```
//!
//! | what comes | what is done |
//! |---|---|
//! | a sound frame of a known device | journaled as it came; confirmed when it is durable, in order (`customs.rs`) |
//! | the same again within the window | confirmed again, not journaled again (`recent.rs`) |
//! | a sound frame whose unit nobody understands | the same: kept raw and confirmed; the decoder says what it is |
//! | CONFIRM, RESPONSE, DENY of a device | journaled, not answered: the schedule waits for it |
//! | a wrong checksum; too long; no end mark | denied; the next frame is looked for behind it |
//! | a command of the centre's, a reserved one | journaled and denied |
//! | a device in no list | as the listener says: an unclaimed device of its site, or denied, closed and shown |
//! | a second device on one connection | taken and shown |
//! | one device on two connections | both are kept and it is shown; proved, it is a security alert (`book.rs`) |
//! | a frame that is not finished in time | given up; another beginning is looked for in it; after 1 s a sound frame |
//! | 8 KiB that are no frame; no sound frame in time | closed |
//! | more frames a second than one device has | read more slowly |
//!
//! The time in an answer is China's (UTC+8, without summer time), as devices read it: some set their clocks by it.
//!
//! Absent on purpose: retries and time limits of commands, and what a device's silence means. The first are the
//! schedule's, the second the rules'; both see every frame in the journal.

mod answers;
mod book;
mod customs;
mod datagrams;
mod downlink;
mod exchange;
#[cfg(test)]
mod exchange_tests;
mod fuzzing;
mod handing;
mod link;
mod listening;
mod metrics;
mod pace;
mod recent;
mod roster;
mod settings;
mod shared;
mod troubles;

pub use downlink::{Downlink, NotSent, PanelConnection};
#[doc(hidden)]
pub use fuzzing::exchange_all;
pub use listening::{ListenError, Listening};
pub use settings::{
    DUPLICATE_WINDOW_MIN, GatewayLimits, GatewaySettings, ListenerSettings, SettingsProblem, TransmitterSettings,
    Transport, Unlisted,
};
pub use troubles::{PanelTrouble, PanelTroubleKind, PanelTroubles};

use crate::flow::Flow;
use crate::gate::Submission;
use metrics::Metrics;
use prometheus::Registry;
use roster::{Port, Roster};
use shared::GatewayShared;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use watchfire_model::{DeviceKey, Notice};
use watchfire_wire::gbt26875::SENT_UNIT_BYTES_MAX;

/// What the station gives to the gateway.
#[derive(Debug)]
pub struct GatewayParts<'a> {
    /// Ports, devices, limits.
    pub settings: GatewaySettings,
    /// To the journal. Must hold at least one chunk.
    pub queue: mpsc::Sender<Submission>,
    /// Shared with journal and rules.
    pub flow: Arc<Flow>,
    /// What the station is to journal about doubles.
    pub notices: mpsc::Sender<Notice>,
    /// Where the metrics go.
    pub registry: &'a Registry,
}

/// The gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The settings cannot be.
    #[error("the gateway's settings are wrong: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<SettingsProblem>),
    /// A metric of that name exists already.
    #[error("failed to register the gateway's metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The queue to the journal is shorter than one chunk.
    #[error("the queue to the journal holds {0} frames: it must hold at least {1}")]
    QueueTooShort(usize, usize),
}

/// The gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    shared: Arc<GatewayShared>,
    ports: Arc<[Arc<Port>]>,
    settings: Arc<GatewaySettings>,
}

impl Gateway {
    /// Puts the gateway together; nobody is listened to yet.
    ///
    /// # Errors
    /// When the settings cannot be, a metric is taken, or the queue is too short.
    pub fn new(parts: GatewayParts<'_>) -> Result<Gateway, GatewayError> {
        let GatewayParts { settings, queue, flow, notices, registry } = parts;
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(GatewayError::Settings(problems));
        }
        let limits = settings.limits.clone();
        if queue.max_capacity() < limits.chunk_frames {
            return Err(GatewayError::QueueTooShort(queue.max_capacity(), limits.chunk_frames));
        }
        let shared = GatewayShared {
            address_limits: limits.of_addresses(),
            roster: arc_swap::ArcSwap::from_pointee(Roster::new(&settings.transmitters, &Roster::default())),
            queue,
            queued: Arc::default(),
            flow,
            notices,
            metrics: Metrics::new(registry, &limits)?,
            troubles: PanelTroubles::new(registry)?,
            addresses: Arc::default(),
            book: Default::default(),
            stop: CancellationToken::new(),
            links: AtomicU64::new(1),
            limits,
        };
        let ports = settings.listeners.iter().map(|listener| Arc::new(Port::new(listener.clone()))).collect();
        Ok(Gateway { shared: Arc::new(shared), ports, settings: Arc::new(settings) })
    }

    /// Opens the ports.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub async fn listen(&self) -> Result<Listening, ListenError> {
        Listening::bind(Arc::clone(&self.shared), &self.ports).await
    }

    /// Puts another allow-list in force. Each connection looks its devices up anew with its next frame; what is remembered of
    /// a device stays. Ports and limits need a restart.
    ///
    /// # Errors
    /// When the list cannot be; the old one stays in force.
    pub fn reload(&self, transmitters: Vec<TransmitterSettings>) -> Result<(), Vec<SettingsProblem>> {
        let settings = GatewaySettings { transmitters, ..(*self.settings).clone() };
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        let before = self.shared.roster.load_full();
        self.shared.roster.store(Arc::new(Roster::new(&settings.transmitters, &before)));
        Ok(())
    }

    /// The way down.
    pub fn panels(&self) -> Panels {
        Panels { shared: Arc::clone(&self.shared) }
    }

    /// What went wrong with whom.
    pub fn troubles(&self) -> &PanelTroubles {
        &self.shared.troubles
    }

    /// Connections now, over UDP senders that were heard lately.
    pub fn connections(&self) -> i64 {
        let count =
            |transport: Transport| self.shared.metrics.connections.with_label_values(&[transport.as_str()]).get();
        count(Transport::Tcp) + count(Transport::Udp)
    }
}

/// Hands commands to transmission devices, and says who is connected.
#[derive(Clone, Debug)]
pub struct Panels {
    shared: Arc<GatewayShared>,
}

impl Panels {
    /// Hands a command to the connection on which the device was heard last. It is sent once; whether it arrived shows in
    /// the journal, as the device's CONFIRM, RESPONSE or DENY with the same serial number.
    ///
    /// # Errors
    /// When the device has no connection, too many commands wait for it, or the unit is too long.
    pub fn send(&self, command: Downlink) -> Result<(), NotSent> {
        let sent = if command.unit.len() > SENT_UNIT_BYTES_MAX {
            Err(NotSent::TooLong)
        } else {
            self.shared.book.send(command)
        };
        let label = match sent {
            Ok(()) => "sent",
            Err(NotSent::NotConnected) => "not_connected",
            Err(NotSent::Busy) => "busy",
            Err(NotSent::TooLong) => "too_long",
        };
        self.shared.metrics.commands.with_label_values(&[label]).inc();
        sent
    }

    /// Whether a device has a connection.
    pub fn is_connected(&self, device: &DeviceKey) -> bool {
        self.shared.book.is_connected(device)
    }

    /// Every connection of every device, by device.
    pub fn connections(&self) -> Vec<PanelConnection> {
        self.shared.book.connections()
    }
}
