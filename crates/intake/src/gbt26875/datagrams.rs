//! UDP: one socket, and for each sender a stream of its datagrams, so that a sender is served as a connection is.

use crate::clock;
use crate::gbt26875::link::{self, READ_BYTES};
use crate::gbt26875::metrics::outcome;
use crate::gbt26875::roster::Port;
use crate::gbt26875::shared::GatewayShared;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinSet;
use watchfire_wire::gbt26875::Reassembler;

/// Senders that are gone are forgotten after so many datagrams.
const SWEEP_EVERY: u32 = 4_096;

/// The senders of one socket.
pub(crate) struct Senders {
    shared: Arc<GatewayShared>,
    port: Arc<Port>,
    socket: Arc<UdpSocket>,
    inboxes: HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>,
    received: u32,
}

impl Senders {
    pub(crate) fn new(shared: &Arc<GatewayShared>, port: &Arc<Port>, socket: UdpSocket) -> Senders {
        Senders {
            shared: Arc::clone(shared),
            port: Arc::clone(port),
            socket: Arc::new(socket),
            inboxes: HashMap::new(),
            received: 0,
        }
    }

    pub(crate) fn socket(&self) -> Arc<UdpSocket> {
        Arc::clone(&self.socket)
    }

    /// Hands a datagram to its sender's task, which is begun if there is none.
    pub(crate) fn received(&mut self, datagram: &[u8], peer: SocketAddr, tasks: &mut JoinSet<()>) {
        self.received = self.received.wrapping_add(1);
        if self.received.is_multiple_of(SWEEP_EVERY) {
            self.inboxes.retain(|_, inbox| !inbox.is_closed());
        }
        if datagram.is_empty() || datagram.len() > READ_BYTES {
            return self.shared.metrics.frame(outcome::OVERRUN);
        }
        let Some(inbox) = self.inboxes.get(&peer) else { return self.begin(datagram, peer, tasks) };
        match inbox.try_send(datagram.to_vec()) {
            Ok(()) => {}
            // The device repeats what is not confirmed.
            Err(TrySendError::Full(_)) => self.shared.metrics.frame(outcome::OVERRUN),
            Err(TrySendError::Closed(_)) => self.begin(datagram, peer, tasks),
        }
    }

    /// A sender gets a task only for a datagram with a frame in it: invented addresses cost nothing.
    fn begin(&mut self, datagram: &[u8], peer: SocketAddr, tasks: &mut JoinSet<()>) {
        let mut stream = Reassembler::new();
        stream.feed(datagram);
        if stream.next().is_none() {
            return self.shared.metrics.frame(outcome::MISFRAMED);
        }
        let place = match self.shared.addresses.enter(peer.ip(), clock::now(), &self.shared.address_limits) {
            Ok(place) => place,
            Err(why) => return self.shared.turned_away(peer.ip(), why),
        };
        let (inbox, datagrams) = mpsc::channel(self.shared.limits.datagrams_waiting_max.max(1));
        // The channel is empty.
        let _ = inbox.try_send(datagram.to_vec());
        self.inboxes.insert(peer, inbox);
        let stream = Datagrams { socket: Arc::clone(&self.socket), peer, datagrams };
        let (shared, port) = (Arc::clone(&self.shared), Arc::clone(&self.port));
        tasks.spawn(async move {
            link::serve(shared, port, stream, peer).await;
            drop(place);
        });
    }
}

/// One sender's datagrams: a read gives one, a write sends one.
struct Datagrams {
    socket: Arc<UdpSocket>,
    peer: SocketAddr,
    datagrams: mpsc::Receiver<Vec<u8>>,
}

impl AsyncRead for Datagrams {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(datagram) = ready!(self.datagrams.poll_recv(cx)) {
            let room = datagram.len().min(buffer.remaining());
            buffer.put_slice(datagram.get(..room).unwrap_or_default());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Datagrams {
    /// Does not wait: a full send buffer loses the datagram, as the network may, and the device asks again.
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, datagram: &[u8]) -> Poll<io::Result<usize>> {
        if let Err(error) = self.socket.try_send_to(datagram, self.peer) {
            tracing::debug!(%error, peer = %self.peer, "a datagram was not sent");
        }
        Poll::Ready(Ok(datagram.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
