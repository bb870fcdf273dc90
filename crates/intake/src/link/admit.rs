//! A chunk's way into the queue to the journal.
//!
//! Normally: room in the identity's share, room in the queue by bytes and by frames, sent; nothing waits. Otherwise the chunk waits as the
//! link's work, the link does not read, and while the rules lag it waits on until they have applied the chunk: one
//! chunk under way per identity, whatever the number of its links. When they have caught up, everybody goes on.

use crate::close::Close;
use crate::gate::{Gate, Submission, Ticket};
use crate::link::Link;
use crate::link::asking::Answer;
use crate::share::{Load, Room, Share};
use crate::shared::{MqttShared, Reserved};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::PermitIterator;
use tokio::sync::mpsc::error::TrySendError;
use watchfire_model::EncodedInput;

impl<S> Link<S> {
    /// Hands the chunk on, at once or by work that waits.
    pub(super) fn submit(&mut self) -> Result<(), Close> {
        // What is not handed on is dropped with its packet: there was no frame in it.
        let reserved = self.held.take();
        if self.chunk.is_empty() {
            return Ok(());
        }
        let inputs = std::mem::take(&mut self.chunk);
        let count = inputs.len();
        let load = Load { frames: count, bytes: std::mem::take(&mut self.chunk_bytes) };
        self.shared.metrics.frames.inc_by(u64::try_from(count).unwrap_or(0));
        let lagging = self.shared.flow.is_lagging();
        let share = &self.principal.share;
        let chunk = Chunk { inputs, load, gate: Arc::clone(&self.gate), last: self.submitted, reserved };
        let rooms = if lagging { None } else { try_rooms(&self.shared, share, load) };
        if let Some(rooms) = rooms {
            match self.shared.queue.try_reserve_many(count) {
                Ok(permits) => {
                    chunk.send(permits, rooms);
                    return Ok(());
                }
                Err(TrySendError::Full(())) => {}
                Err(TrySendError::Closed(())) => return Err(Close::JournalGone),
            }
        }
        self.shared.metrics.fair_share_waits.inc();
        let waiting = wait(chunk, lagging, Arc::clone(&self.shared), Arc::clone(share));
        self.work = Some(Box::pin(waiting));
        Ok(())
    }
}

/// Frames that are not yet handed on.
struct Chunk {
    inputs: Vec<EncodedInput>,
    load: Load,
    gate: Arc<Gate>,
    /// The number of the last of them among the link's submissions.
    last: u64,
    /// The memory of a large packet, until it counts as handed on.
    reserved: Option<Reserved>,
}

/// Room in the identity's share, and in the queue.
type Rooms = [Room; 2];

impl Chunk {
    fn send(self, permits: PermitIterator<'_, Submission>, rooms: Rooms) {
        let first = self.last - u64::try_from(self.inputs.len()).unwrap_or(0) + 1;
        rooms.into_iter().for_each(Room::into_tickets);
        drop(self.reserved);
        for ((permit, input), number) in permits.zip(self.inputs).zip(first..) {
            let ticket = Ticket::new(&self.gate, number, input.record_bytes(), number == self.last);
            permit.send(Submission { input, ticket });
        }
    }
}

fn try_rooms(shared: &MqttShared, share: &Share, load: Load) -> Option<Rooms> {
    let room = share.under_way.try_take(load, shared.limits.identity_load_max())?;
    Some([room, shared.queued.try_take(load, shared.limits.queue_load_max())?])
}

/// Waits for room: first in the identity's share, so that it is the flood that waits and not the queue that is full.
pub(crate) async fn rooms(shared: &MqttShared, share: &Share, load: Load) -> Rooms {
    let room = share.under_way.take(load, shared.limits.identity_load_max()).await;
    [room, shared.queued.take(load, shared.limits.queue_load_max()).await]
}

async fn wait(chunk: Chunk, lagging: bool, shared: Arc<MqttShared>, share: Arc<Share>) -> Result<Answer, Close> {
    let turn = if lagging { turn(&shared, &share).await } else { None };
    let count = chunk.inputs.len();
    let rooms = rooms(&shared, &share, chunk.load).await;
    let (gate, last) = (Arc::clone(&chunk.gate), chunk.last);
    let permits = shared.queue.reserve_many(count).await.map_err(|_| Close::JournalGone)?;
    chunk.send(permits, rooms);
    if turn.is_some() {
        gate.wait_durable(last).await;
        shared.flow.reached(gate.seq()).await;
    }
    drop(turn);
    Ok(Answer::None)
}

/// The identity's turn; `None` when the rules have caught up meanwhile and nobody needs one.
async fn turn(shared: &MqttShared, share: &Share) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        turn = share.turn() => turn,
        () = shared.flow.relieved() => None,
    }
}

impl Gate {
    /// Ready when `number` submissions are durable. Wakes nobody: the link that polls it is woken by the gate.
    async fn wait_durable(&self, number: u64) {
        poll_fn(|_| if self.durable() >= number || self.is_lost() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}
