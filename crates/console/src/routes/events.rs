//! Events as they happen, by server-sent events.
//!
//! A client that names the last event it saw (`Last-Event-ID`, `<journal>-<position in the alert log>`) goes on from there,
//! if it is this journal's and the ring still holds what came after; any other client begins with a `board` event. A client reads at its own pace; one
//! that falls behind the ring is cut off, reconnects and begins with the board.

use crate::console::App;
use crate::feed::{Cursor, FeedEvent, FeedKind, Next};
use crate::gate::{self, Who};
use crate::problem::{Problem, ProblemView};
use crate::sessions::TokenHash;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use watchfire_model::JournalId;

const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How long the browser waits before it reconnects.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Listen to events: `board` once, then `alert`, `devices` and `status`.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", security(("session" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen.")),
    responses(
    (status = 200, description = "Events until the client goes.", body = String, content_type = "text/event-stream"),
    (status = 401, description = "Nobody is logged in.", body = ProblemView, content_type = "application/problem+json"),
    (status = 503, description = "Too many clients listen.", body = ProblemView, content_type = "application/problem+json"),
))]
pub(crate) async fn listen(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Ok(slot) = Arc::clone(&app.event_slots).try_acquire_owned() else {
        app.meters.event_clients_refused.inc();
        return Err(too_many_clients(app.console.limits.event_clients_max));
    };
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let listener = Listener::new(Arc::clone(&app), who.token, seen, slot);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE_EVERY).text("keep-alive");
    Ok(Sse::new(unfold(listener, Listener::next)).keep_alive(keep_alive))
}

/// One client.
struct Listener {
    app: Arc<App>,
    token: TokenHash,
    bell: watch::Receiver<()>,
    cursor: Cursor,
    /// The journal whose events these are.
    journal: JournalId,
    /// What it begins with.
    first: Option<Event>,
    _slot: OwnedSemaphorePermit,
}

impl Listener {
    fn new(app: Arc<App>, token: TokenHash, seen: Option<&str>, slot: OwnedSemaphorePermit) -> Listener {
        let feed = app.live().feed();
        // The bell before the cursor, the cursor before the board: what happens in between is sent, not missed.
        let bell = feed.bell();
        let journal = app.live().journal();
        let seen = seen.and_then(|id| position_in(journal, id));
        let (cursor, first) = match seen.and_then(|position| feed.resume(position)) {
            Some(cursor) => (cursor, Event::default().retry(RECONNECT_AFTER).comment("resumed")),
            None => {
                let (position, cursor) = feed.end();
                let board = app.live().board(app.status());
                let event =
                    Event::default().event(FeedKind::Board.as_str()).id(event_id(journal, position)).data(board);
                (cursor, event.retry(RECONNECT_AFTER))
            }
        };
        Listener { app, token, bell, cursor, journal, first: Some(first), _slot: slot }
    }

    async fn next(mut self) -> Option<(Result<Event, Infallible>, Listener)> {
        if let Some(first) = self.first.take() {
            return Some((Ok(first), self));
        }
        loop {
            match self.app.live().feed().next(&mut self.cursor) {
                Next::Event(event) => {
                    // A page that shows the board is in use: looking prolongs the session.
                    if event.kind == FeedKind::Status {
                        gate::still_there(&self.app, self.token.clone())?;
                    }
                    return Some((Ok(self.written(&event)), self));
                }
                Next::Behind => {
                    self.app.meters.event_clients_behind.inc();
                    return None;
                }
                Next::Nothing => {}
            }
            tokio::select! {
                () = self.app.stop.cancelled() => return None,
                rung = self.bell.changed() => rung.ok()?,
            }
        }
    }

    fn written(&self, event: &FeedEvent) -> Event {
        if let (Some(displayed), Some(raised_at)) = (&self.app.console.displayed, event.raised_at)
            && !event.shown.swap(true, Ordering::Relaxed)
        {
            displayed.observe(self.app.now().since(raised_at).as_secs_f64());
        }
        let written = Event::default().event(event.kind.as_str()).data(&event.data);
        match event.position {
            Some(position) => written.id(event_id(self.journal, position)),
            None => written,
        }
    }
}

fn event_id(journal: JournalId, position: u64) -> String {
    format!("{journal}-{position}")
}

/// The position in an event's id, when it is of that journal: a restored station begins another.
fn position_in(journal: JournalId, id: &str) -> Option<u64> {
    let (of, position) = id.split_once('-')?;
    if of == journal.to_string() { position.parse().ok() } else { None }
}

fn too_many_clients(clients_max: usize) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too-many-clients",
        format!("{clients_max} clients listen already: close some pages"),
        format!("已有 {clients_max} 个页面在接收实时事件,请关闭一些页面"),
    )
    .retry_after(Duration::from_secs(5))
}
