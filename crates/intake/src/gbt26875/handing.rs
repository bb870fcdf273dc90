//! A chunk's way into the queue to the journal: the same way as an MQTT link's, in `link/admit.rs`. Normally nothing
//! waits. Otherwise the chunk waits as the connection's work and the socket is not read; while the rules lag, a device has
//! one chunk under way.

use crate::gate::{Gate, Submission, Ticket};
use crate::gbt26875::shared::GatewayShared;
use crate::share::{Load, Room, Share};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::PermitIterator;
use tokio::sync::mpsc::error::TrySendError;
use watchfire_model::EncodedInput;

/// The journal takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JournalGone;

/// A chunk that waits for its place.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<(), JournalGone>> + Send>>;

/// Frames that are not yet handed on.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) inputs: Vec<EncodedInput>,
    pub(crate) load: Load,
    pub(crate) gate: Arc<Gate>,
    pub(crate) share: Arc<Share>,
    /// The number of the last of them among the connection's submissions.
    pub(crate) last: u64,
}

/// Room in the device's share, and in the queue.
type Rooms = [Room; 2];

/// Hands a chunk on, at once or by work that waits.
pub(crate) fn hand_on(shared: &Arc<GatewayShared>, chunk: Chunk) -> Result<Option<Work>, JournalGone> {
    let lagging = shared.flow.is_lagging();
    let rooms = if lagging { None } else { try_rooms(shared, &chunk.share, chunk.load) };
    if let Some(rooms) = rooms {
        match shared.queue.try_reserve_many(chunk.inputs.len()) {
            Ok(permits) => {
                chunk.send(permits, rooms);
                return Ok(None);
            }
            Err(TrySendError::Full(())) => {}
            Err(TrySendError::Closed(())) => return Err(JournalGone),
        }
    }
    shared.metrics.fair_share_waits.inc();
    Ok(Some(Box::pin(wait(chunk, lagging, Arc::clone(shared)))))
}

impl Chunk {
    fn send(self, permits: PermitIterator<'_, Submission>, rooms: Rooms) {
        let first = self.last - u64::try_from(self.inputs.len()).unwrap_or(0) + 1;
        rooms.into_iter().for_each(Room::into_tickets);
        for ((permit, input), number) in permits.zip(self.inputs).zip(first..) {
            let ticket = Ticket::new(&self.gate, number, input.record_bytes(), number == self.last);
            permit.send(Submission { input, ticket });
        }
    }
}

fn try_rooms(shared: &GatewayShared, share: &Share, load: Load) -> Option<Rooms> {
    let room = share.under_way.try_take(load, shared.limits.device_load_max())?;
    Some([room, shared.queued.try_take(load, shared.limits.queue_load_max())?])
}

async fn wait(chunk: Chunk, lagging: bool, shared: Arc<GatewayShared>) -> Result<(), JournalGone> {
    let share = Arc::clone(&chunk.share);
    let turn = if lagging { turn(&shared, &share).await } else { None };
    let room = share.under_way.take(chunk.load, shared.limits.device_load_max()).await;
    let rooms = [room, shared.queued.take(chunk.load, shared.limits.queue_load_max()).await];
    let (gate, last) = (Arc::clone(&chunk.gate), chunk.last);
    let permits = shared.queue.reserve_many(chunk.inputs.len()).await.map_err(|_| JournalGone)?;
    chunk.send(permits, rooms);
    if turn.is_some() {
        // Wakes nobody: the connection that polls this is woken by its gate.
        poll_fn(|_| if gate.durable() >= last || gate.is_lost() { Poll::Ready(()) } else { Poll::Pending }).await;
        shared.flow.reached(gate.seq()).await;
    }
    drop(turn);
    Ok(())
}

/// The device's turn; `None` when the rules have caught up meanwhile and nobody needs one.
async fn turn(shared: &GatewayShared, share: &Share) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        turn = share.turn() => turn,
        () = shared.flow.relieved() => None,
    }
}
