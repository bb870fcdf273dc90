//! One client's link: from its CONNECT to the end of its session's connection.
//!
//! ```text
//! start.rs       CONNECT with its deadline, identity, client id, CONNACK
//! mod.rs         the loop: wait for one event, change state, write
//! inbound.rs     packets out of the read buffer; PUBLISH → frame for the journal
//! admit.rs       frames into the queue, by share and turn
//! outbound.rs    PUBACK when durable, deliveries, bytes into the socket
//! asking.rs      SUBSCRIBE and UNSUBSCRIBE
//! ending.rs      what is left to do when it ends: acknowledgements, session, will
//! ```
//! **Invariants.** A PUBACK leaves only when the journal says that the frame is durable, in the order of the PUBLISHes.
//! It waits for neither the router nor a subscriber. Nothing read is dropped: while a chunk waits for its share or its
//! place in the queue, or too much is not yet durable, the socket is not read, and keep-alive does not run.
//!
//! An idle link holds no buffers: bytes are read into the stack and kept only while a packet is unfinished.

pub(crate) mod admit;
pub(crate) mod asking;
pub(crate) mod ending;
pub(crate) mod inbound;
pub(crate) mod outbound;
pub(crate) mod start;
pub(crate) mod subscriber;

use crate::clients::{ClientKey, Seat};
use crate::clock;
use crate::close::Close;
use crate::gate::Gate;
use crate::greeting::Will;
use crate::identity::Principal;
use crate::link::asking::Answer;
use crate::link::subscriber::{Arrival, Subscriber};
use crate::message::Message;
use crate::packet::Version;
use crate::shared::{MqttShared, Reserved};
use compact_str::CompactString;
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use watchfire_model::EncodedInput;

/// Bytes read from a socket at once, on the stack.
const READ_BYTES: usize = 16 * 1024;

/// What the link waits for instead of reading on.
type Work = Pin<Box<dyn Future<Output = Result<Answer, Close>> + Send>>;

/// An acknowledgement, or a message for subscribers, that waits until a submission is durable.
#[derive(Debug)]
struct Pending {
    /// Due when this many submissions are durable.
    number: u64,
    /// 0: nothing to acknowledge.
    packet_id: u16,
    reason: u8,
    message: Option<Box<Message>>,
}

/// A link.
pub(crate) struct Link<S> {
    shared: Arc<MqttShared>,
    socket: S,
    version: Version,
    principal: Arc<Principal>,
    gate: Arc<Gate>,
    seat: Seat,
    /// The link's number: unique in this process.
    number: u64,
    keep_alive: Duration,
    session_expiry: Duration,
    receive_max: u16,
    packet_bytes_max: usize,
    will: Option<Box<Will>>,
    aliases: BTreeMap<u16, CompactString>,

    received: Vec<u8>,
    /// Bytes that `received` must hold for its next packet to be whole.
    needed: usize,
    /// Room for a large packet that is not yet whole.
    reserved: Option<Reserved>,
    /// Room of one that is, until its chunk is handed on.
    held: Option<Reserved>,
    unfinished_since: Option<Instant>,
    heard: Instant,
    /// We do not read: keep-alive stands still.
    deaf: bool,

    chunk: Vec<EncodedInput>,
    chunk_bytes: usize,
    submitted: u64,
    settled: u64,
    pending: VecDeque<Pending>,
    unacked: usize,
    work: Option<Work>,

    written: Vec<u8>,
    write_since: Option<Instant>,
    /// The peer takes nothing any more; what it has sent is still read.
    mute: bool,
    subscriber: Option<Box<Subscriber>>,
    timer: Pin<Box<Sleep>>,
}

/// What can happen to a link.
enum Event {
    Kicked(Close),
    Durable(u64),
    Worked(Result<Answer, Close>),
    Wrote(std::io::Result<usize>),
    Arrived(Arrival),
    /// Whole packets wait in the read buffer.
    More,
    Read(std::io::Result<usize>),
    Due,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Serves the client to the end of its connection and what follows.
    pub(crate) async fn run(mut self: Box<Self>) {
        let close = self.serve().await;
        if let Some(kind) = close.trouble() {
            self.shared.trouble(&self.principal.user, kind, &self.seat.key.client_id);
        }
        tracing::debug!(user = %self.principal.user, client = %self.seat.key.client_id, ?close, "link ends");
        ending::end(self, close).await;
    }

    async fn serve(&mut self) -> Close {
        loop {
            let event = poll_fn(|cx| self.poll_event(cx)).await;
            if let Err(close) = self.apply(event) {
                return close;
            }
        }
    }

    fn apply(&mut self, event: Event) -> Result<(), Close> {
        match event {
            Event::Kicked(close) => return Err(close),
            Event::Durable(number) => self.durable(number),
            Event::Worked(done) => {
                self.work = None;
                self.answer(done?);
            }
            Event::Wrote(result) => self.wrote(&result),
            Event::Arrived(arrival) => self.deliver(&arrival),
            Event::More => {}
            Event::Read(result) => {
                let count = result.map_err(|_| Close::Gone)?;
                if count == 0 {
                    return Err(Close::Gone);
                }
                self.shared.metrics.bytes.inc_by(u64::try_from(count).unwrap_or(0));
                self.heard = clock::now();
            }
            Event::Due => self.check_times(clock::now())?,
        }
        if self.has_packet() && self.may_take() {
            // What came before a packet that ends the link counts: a DISCONNECT often follows its PUBLISH at once.
            let taken = self.take_packets();
            self.submit()?;
            taken?;
        }
        Ok(())
    }

    /// Waits for one event and changes nothing but buffers.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        self.gate.listen(cx.waker());
        if let Some(close) = self.gate.kicked() {
            return Poll::Ready(Event::Kicked(close));
        }
        if self.gate.is_lost() {
            return Poll::Ready(Event::Kicked(Close::JournalGone));
        }
        let durable = self.gate.durable();
        if durable != self.settled {
            return Poll::Ready(Event::Durable(durable));
        }
        if let Some(work) = &mut self.work
            && let Poll::Ready(done) = work.as_mut().poll(cx)
        {
            return Poll::Ready(Event::Worked(done));
        }
        if let Poll::Ready(event) = self.poll_deliveries(cx) {
            return Poll::Ready(event);
        }
        if let Poll::Ready(result) = self.poll_write_out(cx) {
            return Poll::Ready(Event::Wrote(result));
        }
        if self.may_take() {
            if self.has_packet() {
                return Poll::Ready(Event::More);
            }
            if std::mem::take(&mut self.deaf) {
                self.heard = clock::now();
            }
            if let Poll::Ready(result) = self.poll_read_in(cx) {
                return Poll::Ready(Event::Read(result));
            }
        } else {
            self.deaf = true;
        }
        self.poll_timer(cx)
    }

    fn poll_deliveries(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let room = self.may_deliver();
        let Some(subscriber) = self.subscriber.as_mut().filter(|_| room) else { return Poll::Pending };
        if subscriber.lost_router() {
            return Poll::Ready(Event::Kicked(Close::RouterGone));
        }
        subscriber.poll_arrival(cx).map(Event::Arrived)
    }

    /// Whether packets may be taken from the read buffer, and the socket be read.
    fn may_take(&self) -> bool {
        self.work.is_none()
            && self.submitted - self.settled < u64::from(self.shared.limits.unacked_max)
            && self.written.len() < self.shared.limits.write_buffer_bytes_max
    }

    fn has_packet(&self) -> bool {
        self.received.len() >= self.needed
    }

    fn poll_read_in(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        let mut stack = [const { MaybeUninit::<u8>::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut stack);
        let result = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
        self.received.extend_from_slice(buffer.filled());
        Poll::Ready(result.map(|()| buffer.filled().len()))
    }

    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        if self.written.is_empty() {
            return Poll::Pending;
        }
        Pin::new(&mut self.socket).poll_write(cx, &self.written)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let due = self.due();
        // Later is checked when it fires: moving a timer for every packet would cost more.
        if due < self.timer.deadline() {
            self.timer.as_mut().reset(due);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if clock::now() >= due {
                // Do not spin should the event change nothing.
                self.timer.as_mut().reset(clock::now() + Duration::from_secs(1));
                return Poll::Ready(Event::Due);
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// When the next deadline of this link is.
    fn due(&self) -> Instant {
        let limits = &self.shared.limits;
        let silence = (!self.deaf).then(|| self.heard + self.silence_max());
        let unfinished = self.unfinished_since.filter(|_| !self.deaf).map(|since| since + limits.packet_timeout);
        let writing = self.write_since.map(|since| since + limits.write_timeout);
        let oldest = self.subscriber.as_ref().and_then(|subscriber| subscriber.unacked.front());
        let unacked = oldest.map(|unacked| unacked.since + limits.delivery_ack_timeout);
        let all = [silence, unfinished, writing, unacked];
        all.into_iter().flatten().min().unwrap_or(self.heard + limits.idle_max)
    }

    fn silence_max(&self) -> Duration {
        if self.keep_alive.is_zero() { self.shared.limits.idle_max } else { self.keep_alive * 3 / 2 }
    }

    /// The deadlines: the same as in [`Link::due`], each with its answer.
    fn check_times(&mut self, now: Instant) -> Result<(), Close> {
        let limits = &self.shared.limits;
        if self.write_since.is_some_and(|since| now >= since + limits.write_timeout) {
            return Err(Close::SlowReader);
        }
        if !self.deaf && now >= self.heard + self.silence_max() {
            return Err(Close::Silent);
        }
        if !self.deaf && self.unfinished_since.is_some_and(|since| now >= since + limits.packet_timeout) {
            return Err(Close::SlowWriter);
        }
        let oldest = self.subscriber.as_ref().and_then(|subscriber| subscriber.unacked.front());
        if oldest.is_some_and(|unacked| now >= unacked.since + limits.delivery_ack_timeout) {
            return Err(Close::NoAck);
        }
        Ok(())
    }
}

/// What outlives it.
impl<S> Link<S> {
    pub(crate) fn shared(&self) -> &Arc<MqttShared> {
        &self.shared
    }

    pub(crate) fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    pub(crate) fn key(&self) -> &ClientKey {
        &self.seat.key
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl<S> Drop for Link<S> {
    fn drop(&mut self) {
        self.shared.metrics.connections.dec();
        if self.subscriber.is_some() {
            self.shared.outlet.forget(&self.principal.site, self.number);
            self.shared.metrics.subscribers.dec();
        }
    }
}
