//! The listener and its connections: a cap in all and for each address, a time for the head of a request, and an end.

use crate::console::{App, Console};
use crate::gate::ClientAddress;
use crate::routes;
use crate::stream::UnstalledStream;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Lines in the head of a request.
const HEAD_LINES_MAX: usize = 64;
/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a request, and of an answer that waits to be sent, in memory.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Answers that are under way may take this long when the console stops.
const STOP_GRACE: Duration = Duration::from_secs(3);
/// Between two attempts when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Between two looks at what is kept on disk: changed users, longer sessions.
const TIDY_EVERY: Duration = Duration::from_secs(60);
const USERS_EVERY: Duration = Duration::from_secs(1);

/// Answers requests until `stop`, then lets those under way finish within [`STOP_GRACE`].
///
/// # Errors
/// When the registry has metrics of the console's names already.
pub async fn serve(listener: TcpListener, console: Console, stop: CancellationToken) -> Result<(), prometheus::Error> {
    let app = Arc::new(App::new(console, stop.clone())?);
    let mut rounds = JoinSet::new();
    rounds.spawn(tell_changes(Arc::clone(&app)));
    rounds.spawn(tell_status(Arc::clone(&app)));
    rounds.spawn(look_for_other_users(Arc::clone(&app)));
    rounds.spawn(tidy_sessions(Arc::clone(&app)));
    let mut connections = accept(&listener, &app, &stop).await;
    drop(listener);
    rounds.shutdown().await;
    let finished = timeout(STOP_GRACE, async { while connections.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::info!(connections = connections.len(), "connections cut off at the end");
        connections.shutdown().await;
    }
    app.sessions.tidy(app.now()).await;
    Ok(())
}

async fn accept(listener: &TcpListener, app: &Arc<App>, stop: &CancellationToken) -> JoinSet<()> {
    let router = routes::router(app);
    let places = Arc::new(Places::default());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return connections,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a request panicked: its connection was closed");
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match places.take(peer.ip(), app) {
                Some(place) => {
                    connections.spawn(connection(stream, router.clone(), Arc::clone(app), place));
                }
                None => app.meters.connections_refused.inc(),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, app: Arc<App>, place: Place) {
    // Events are small and must not wait for one another.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let limits = app.console.limits;
    let service = TowerToHyperService::new(router.layer(Extension(ClientAddress(place.address))));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_wait);
    builder.max_headers(HEAD_LINES_MAX).max_header_size(HEAD_BYTES_MAX).max_buf_size(BUFFER_BYTES_MAX);
    let io = TokioIo::new(UnstalledStream::new(stream, limits.stall_wait));
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = app.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, address = %place.address, "connection ended early");
    }
}

/// Tells listening clients once a second which devices changed.
async fn tell_changes(app: Arc<App>) {
    let mut each = interval(app.console.limits.devices_every);
    each.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        each.tick().await;
        app.live().pulse(&app.status());
    }
}

/// Tells listening clients every few seconds how the station is.
async fn tell_status(app: Arc<App>) {
    let mut each = interval(app.console.limits.status_every);
    each.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        each.tick().await;
        app.live().pulse_status(&app.status());
    }
}

/// Notices users that another process added, changed or removed.
async fn look_for_other_users(app: Arc<App>) {
    let mut each = interval(USERS_EVERY);
    each.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut well = true;
    loop {
        each.tick().await;
        let shared = Arc::clone(&app);
        let refreshed = tokio::task::spawn_blocking(move || shared.console.users.refresh()).await;
        let now_well = matches!(refreshed, Ok(Ok(())));
        if let (true, Ok(Err(error))) = (well, refreshed) {
            tracing::error!(%error, "the file of users cannot be read: users stay as they were");
        }
        well = now_well;
    }
}

async fn tidy_sessions(app: Arc<App>) {
    let mut each = interval(TIDY_EVERY);
    each.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        each.tick().await;
        app.sessions.tidy(app.now()).await;
    }
}

/// How many connections each address has.
#[derive(Default)]
struct Places {
    taken: Mutex<BTreeMap<IpAddr, usize>>,
}

/// A connection's place; free again when it is dropped, however the connection ended.
struct Place {
    address: IpAddr,
    places: Arc<Places>,
    app: Arc<App>,
}

impl Places {
    fn take(self: &Arc<Places>, address: IpAddr, app: &Arc<App>) -> Option<Place> {
        let limits = app.console.limits;
        let mut taken = self.taken();
        let of_address = taken.get(&address).copied().unwrap_or(0);
        let crowded = !app.console.behind_tls_proxy && of_address >= limits.connections_per_address_max;
        if crowded || taken.values().sum::<usize>() >= limits.connections_max {
            return None;
        }
        taken.insert(address, of_address + 1);
        app.meters.connections().inc();
        Some(Place { address, places: Arc::clone(self), app: Arc::clone(app) })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.meters.connections().dec();
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}
