//! The listener: takes connections, owns their tasks, notices a panic, and stops in order.

use crate::clock;
use crate::link::start;
use crate::shared::MqttShared;
use crate::troubles::TroubleKind;
use crate::wills;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// After a failed accept (no file descriptors, mostly) the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Bookkeeping runs this often.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// Serves MQTT on a socket until `stop`; then closes every link (v5 with 0x8B), lets what is under way become durable
/// within the grace period, and returns.
pub async fn serve(listener: TcpListener, shared: Arc<MqttShared>, stop: CancellationToken) {
    let accept = |listener: Arc<TcpListener>| async move {
        let (socket, peer) = listener.accept().await?;
        // A small packet should not wait for the next one.
        socket.set_nodelay(true)?;
        Ok::<(TcpStream, SocketAddr), std::io::Error>((socket, peer))
    };
    let listener = Arc::new(listener);
    serve_with(|| accept(Arc::clone(&listener)), shared, stop).await;
}

/// Serves MQTT on whatever `accept` gives: any byte stream, for TLS and tests.
pub async fn serve_with<S, F, A>(mut accept: A, shared: Arc<MqttShared>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = std::io::Result<(S, SocketAddr)>> + Send,
    A: FnMut() -> F,
{
    let mut links = JoinSet::new();
    let mut tidying = JoinSet::new();
    tidying.spawn(tidy(Arc::clone(&shared)));
    tidying.spawn(wills::publish_due(Arc::clone(&shared)));
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = links.join_next() => {
                note_end(&shared, ended);
                continue;
            }
            accepted = accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => take(&mut links, &shared, socket, peer),
            Err(error) => {
                tracing::warn!(%error, "accepting an MQTT connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tracing::info!(links = links.len(), "MQTT listener stops");
    stop_links(links, &shared).await;
}

fn take<S>(links: &mut JoinSet<()>, shared: &Arc<MqttShared>, socket: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let entered = match shared.addresses.enter_probe(peer) {
        Some(place) => Ok(place),
        None => shared.addresses.enter(peer.ip(), clock::now(), &shared.limits),
    };
    match entered {
        Ok(place) => {
            links.spawn(start::serve(Arc::clone(shared), socket, peer.ip(), place));
        }
        Err(why) => start::turned_away(shared, peer.ip(), why),
    }
}

/// A panic in a link closed that link, and only that.
fn note_end(shared: &MqttShared, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a link panicked and was closed");
        shared.trouble("", TroubleKind::LinkPanic, &error.to_string());
    }
}

async fn stop_links(mut links: JoinSet<()>, shared: &MqttShared) {
    shared.stop_links();
    // Twice: to become durable, and to say good-bye.
    let grace = shared.limits.stop_grace * 2;
    let ended = tokio::time::timeout(grace, async {
        while let Some(ended) = links.join_next().await {
            note_end(shared, ended);
            // A link that was being seated when the others were asked.
            shared.stop_links();
        }
    });
    if ended.await.is_err() {
        tracing::warn!(links = links.len(), "links did not end in their grace period");
        links.shutdown().await;
    }
}

async fn tidy(shared: Arc<MqttShared>) {
    let mut every = tokio::time::interval(TIDY_EVERY);
    loop {
        every.tick().await;
        shared.tidy().await;
    }
}
