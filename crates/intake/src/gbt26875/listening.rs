//! The ports: takes connections and datagrams, owns their tasks, notices a panic, and stops in order.

use crate::clock;
use crate::gbt26875::datagrams::Senders;
use crate::gbt26875::link;
use crate::gbt26875::roster::Port;
use crate::gbt26875::settings::Transport;
use crate::gbt26875::shared::GatewayShared;
use crate::gbt26875::troubles::PanelTroubleKind;
use compact_str::CompactString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// After a failed accept (no file descriptors, mostly) the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Bookkeeping runs this often.
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// The largest datagram that is received.
const DATAGRAM_BYTES_MAX: usize = 64 * 1024;

/// A port cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("failed to listen on {addr} for the fire panels of {name}: {source}; choose another address or free it")]
pub struct ListenError {
    /// The listener's name.
    pub name: CompactString,
    /// Its address.
    pub addr: SocketAddr,
    /// Why.
    pub source: std::io::Error,
}

/// Bound ports that are not yet served.
#[derive(Debug)]
pub struct Listening {
    shared: Arc<GatewayShared>,
    ports: Vec<(Arc<Port>, Socket, SocketAddr)>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Listening {
    pub(crate) async fn bind(shared: Arc<GatewayShared>, ports: &[Arc<Port>]) -> Result<Listening, ListenError> {
        let mut bound = Vec::new();
        for port in ports {
            let (name, addr) = (port.settings.name.clone(), port.settings.addr);
            let opening = async {
                let socket = match port.settings.transport {
                    Transport::Tcp => Socket::Tcp(TcpListener::bind(addr).await?),
                    Transport::Udp => Socket::Udp(UdpSocket::bind(addr).await?),
                };
                let local = match &socket {
                    Socket::Tcp(socket) => socket.local_addr()?,
                    Socket::Udp(socket) => socket.local_addr()?,
                };
                Ok((socket, local))
            };
            let (socket, local) = opening.await.map_err(|source| ListenError { name, addr, source })?;
            bound.push((Arc::clone(port), socket, local));
        }
        Ok(Listening { shared, ports: bound })
    }

    /// Where each listener is, by name.
    pub fn addresses(&self) -> Vec<(CompactString, SocketAddr)> {
        self.ports.iter().map(|(port, _, local)| (port.settings.name.clone(), *local)).collect()
    }

    /// Serves all ports until `stop`; then takes nothing new, lets what was taken become durable and be confirmed within
    /// the grace period, and returns.
    pub async fn serve(self, stop: CancellationToken) {
        let Listening { shared, ports } = self;
        let mut listeners = JoinSet::new();
        for (port, socket, local) in ports {
            tracing::info!(name = %port.settings.name, %local, transport = port.settings.transport.as_str(), "listening for fire panels");
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            match socket {
                Socket::Tcp(socket) => listeners.spawn(serve_tcp(shared, port, socket, stop)),
                Socket::Udp(socket) => listeners.spawn(serve_udp(shared, port, socket, stop)),
            };
        }
        let mut every = tokio::time::interval(TIDY_EVERY);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = every.tick() => shared.tidy(),
            }
        }
        shared.stop.cancel();
        while let Some(ended) = listeners.join_next().await {
            note_end(&shared, ended);
        }
    }
}

async fn serve_tcp(shared: Arc<GatewayShared>, port: Arc<Port>, listener: TcpListener, stop: CancellationToken) {
    let mut links = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = links.join_next() => {
                note_end(&shared, ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => take(&shared, &port, socket, peer, &mut links),
            Err(error) => {
                tracing::warn!(%error, listener = %port.settings.name, "accepting a panel's connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    end(&shared, links).await;
}

fn take(shared: &Arc<GatewayShared>, port: &Arc<Port>, socket: TcpStream, peer: SocketAddr, links: &mut JoinSet<()>) {
    // A confirmation should not wait for the next one.
    if socket.set_nodelay(true).is_err() {
        return;
    }
    match shared.addresses.enter(peer.ip(), clock::now(), &shared.address_limits) {
        Ok(place) => {
            let (shared, port) = (Arc::clone(shared), Arc::clone(port));
            links.spawn(async move {
                link::serve(shared, port, socket, peer).await;
                drop(place);
            });
        }
        Err(why) => shared.turned_away(peer.ip(), why),
    }
}

async fn serve_udp(shared: Arc<GatewayShared>, port: Arc<Port>, socket: UdpSocket, stop: CancellationToken) {
    let mut links = JoinSet::new();
    let mut senders = Senders::new(&shared, &port, socket);
    let socket = senders.socket();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let received = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = links.join_next() => {
                note_end(&shared, ended);
                continue;
            }
            received = socket.recv_from(&mut buffer) => received,
        };
        match received {
            Ok((count, peer)) => senders.received(buffer.get(..count).unwrap_or_default(), peer, &mut links),
            // A port that is unreachable for an answer shows here; the next datagram is another matter.
            Err(error) => tracing::debug!(%error, listener = %port.settings.name, "receiving a datagram failed"),
        }
    }
    end(&shared, links).await;
}

async fn end(shared: &GatewayShared, mut links: JoinSet<()>) {
    // Twice: to become durable, and to say so.
    let grace = shared.limits.stop_grace * 2;
    let ended = tokio::time::timeout(grace, async {
        while let Some(ended) = links.join_next().await {
            note_end(shared, ended);
        }
    });
    if ended.await.is_err() {
        tracing::warn!(links = links.len(), "panels' connections did not end in their grace period");
        links.shutdown().await;
    }
}

/// A panic in a connection's task closed that connection, and only that.
fn note_end(shared: &GatewayShared, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a panel's connection panicked and was closed");
        shared.trouble("", PanelTroubleKind::Panic, error.to_string());
    }
}
