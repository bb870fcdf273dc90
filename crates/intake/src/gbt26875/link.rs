//! One connection's task: waits for one event, tells the exchange, carries out what it says.
//!
//! Nothing is read while a chunk waits for its place, too much is not yet durable, the device is too fast, or it does not
//! take our answers; the deadlines of the device stand still then. An idle connection holds no buffers.

use crate::clock;
use crate::gbt26875::downlink::Downlink;
use crate::gbt26875::exchange::{Exchange, Refusal, World};
use crate::gbt26875::handing::{self, Chunk, JournalGone, Work};
use crate::gbt26875::roster::Port;
use crate::gbt26875::shared::{GatewayShared, Teller};
use crate::gbt26875::troubles::PanelTroubleKind;
use crate::share::Load;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use watchfire_wire::gbt26875::Command;

/// Bytes read at once, on the stack; the largest datagram that is read whole.
pub(crate) const READ_BYTES: usize = 8 * 1024;
/// What was begun gives way to a sound frame behind it after so long: an alarm does not wait behind half a frame.
const UNCOVER_AFTER: Duration = Duration::from_secs(1);
/// A refused connection stays open for this long, so that a device that dials at once does not dial at full speed.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);
/// How long the last words may take to write.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection.
pub(crate) struct PanelLink<S> {
    shared: Arc<GatewayShared>,
    socket: S,
    exchange: Exchange,
    teller: Teller,
    commands: mpsc::Receiver<Downlink>,
    work: Option<Work>,
    /// Whole frames, so that each is a datagram of its own.
    outbox: VecDeque<Vec<u8>>,
    outbox_bytes: usize,
    /// Bytes of the first that the socket has taken.
    written: usize,
    write_since: Option<Instant>,
    /// The peer takes nothing any more; what it has sent is still read.
    mute: bool,
    /// We do not read: the deadlines stand still.
    deaf: bool,
    /// A flood is told once.
    was_fast: bool,
    /// From when silence counts.
    listens_since: Instant,
    /// When it was last looked whether a frame waits behind another's beginning.
    looked_at: Instant,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    timer: Pin<Box<Sleep>>,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Gone,
    Refused(Refusal),
    Silent,
    SlowReader,
    JournalGone,
    Stopping,
}

enum Event {
    End(End),
    Durable(u64),
    Worked(Result<(), JournalGone>),
    Wrote(std::io::Result<usize>),
    Command(Downlink),
    /// Frames may wait in what was read.
    More,
    Read(std::io::Result<usize>),
    Due,
}

/// Serves one connection to its end.
pub(crate) async fn serve<S>(shared: Arc<GatewayShared>, port: Arc<Port>, socket: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let gauge = shared.metrics.connections.with_label_values(&[port.settings.transport.as_str()]);
    gauge.inc();
    let _counted = Counted(gauge);
    let now = clock::now();
    let (sender, commands) = mpsc::channel(shared.limits.commands_waiting_max.max(1));
    let exchange = Exchange::new(&port, peer, &shared.limits, now);
    let teller = Teller {
        link: shared.links.fetch_add(1, Ordering::Relaxed),
        name: exchange.name().into(),
        listener: port.settings.name.clone(),
        peer,
        commands: sender,
    };
    let stop = Box::pin(shared.stop.clone().cancelled_owned());
    let link = PanelLink {
        shared,
        socket,
        exchange,
        teller,
        commands,
        work: None,
        outbox: VecDeque::new(),
        outbox_bytes: 0,
        written: 0,
        write_since: None,
        mute: false,
        deaf: false,
        was_fast: false,
        listens_since: now,
        looked_at: now,
        stop,
        timer: Box::pin(tokio::time::sleep_until(now + Duration::from_secs(1))),
    };
    Box::new(link).run().await;
}

struct Counted(prometheus::IntGauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> PanelLink<S> {
    async fn run(mut self: Box<Self>) {
        let end = loop {
            let event = poll_fn(|cx| self.poll_event(cx)).await;
            if let Err(end) = self.apply(event) {
                break end;
            }
        };
        tracing::debug!(connection = %self.teller.name, ?end, "connection of a transmission device ends");
        self.tell_end(end);
        if end != End::JournalGone {
            self.finish().await;
        }
        let _ = tokio::time::timeout(LAST_WORDS, self.last_words()).await;
        if let End::Refused(_) = end {
            let _ = tokio::time::timeout(REFUSED_PAUSE, self.shared.stop.cancelled()).await;
        }
        let _ = tokio::time::timeout(LAST_WORDS, poll_fn(|cx| Pin::new(&mut self.socket).poll_shutdown(cx))).await;
    }

    fn apply(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::End(end) => return Err(end),
            Event::Durable(number) => {
                let frames = self.exchange.durable(number, clock::wall());
                self.answer(frames);
            }
            Event::Worked(done) => {
                self.work = None;
                done.map_err(|JournalGone| End::JournalGone)?;
            }
            Event::Wrote(result) => self.wrote(&result),
            Event::Command(command) => self.command(&command),
            Event::More => {}
            Event::Read(result) => {
                let count = result.map_err(|_| End::Gone)?;
                if count == 0 {
                    return Err(End::Gone);
                }
                self.shared.metrics.bytes.inc_by(u64::try_from(count).unwrap_or(0));
            }
            Event::Due => self.check_times(clock::now())?,
        }
        if self.may_take() && self.exchange.has_more(clock::now()) { self.take() } else { Ok(()) }
    }

    /// Takes frames out of what was read, and hands them on.
    fn take(&mut self) -> Result<(), End> {
        let now = clock::now();
        let roster = self.shared.roster.load_full();
        let shared = Arc::clone(&self.shared);
        let taken = self.exchange.take(World { roster: &roster, limits: &shared.limits, queued: &shared.queued }, now);
        for told in taken.told {
            shared.tell(&self.teller, told);
        }
        shared.heard(&self.teller, &taken.heard);
        let due = self.exchange.due(clock::wall());
        self.answer(due);
        self.note_pace(now);
        if !taken.inputs.is_empty()
            && let (Some(gate), Some(share)) = (self.exchange.gate(), self.exchange.share())
        {
            let chunk = Chunk {
                load: Load { frames: taken.inputs.len(), bytes: taken.bytes },
                inputs: taken.inputs,
                gate: Arc::clone(gate),
                share: Arc::clone(share),
                last: self.exchange.submitted(),
            };
            self.work = handing::hand_on(&self.shared, chunk).map_err(|JournalGone| End::JournalGone)?;
        }
        taken.close.map_or(Ok(()), |refusal| Err(End::Refused(refusal)))
    }

    fn note_pace(&mut self, now: Instant) {
        let is_fast = self.exchange.paused_until(now).is_some();
        if is_fast && !self.was_fast {
            self.shared.trouble(&self.teller.name, PanelTroubleKind::Flood, "");
        }
        self.was_fast |= is_fast;
    }

    fn command(&mut self, command: &Downlink) {
        match self.exchange.command(command, clock::wall()) {
            Ok(frame) => self.write(frame),
            // The handle has looked at the length.
            Err(error) => tracing::warn!(%error, to = %command.to, "a command cannot be written"),
        }
    }

    fn answer(&mut self, frames: Vec<Vec<u8>>) {
        const COMMAND_AT: usize = 26;
        for frame in frames {
            let confirms = frame.get(COMMAND_AT) == Some(&Command::CONFIRM.0);
            let label = if confirms { "confirm" } else { "deny" };
            self.shared.metrics.answers.with_label_values(&[label]).inc();
            self.write(frame);
        }
    }

    fn write(&mut self, frame: Vec<u8>) {
        if self.mute {
            return;
        }
        self.outbox_bytes += frame.len();
        self.outbox.push_back(frame);
        self.write_since = self.write_since.or_else(|| Some(clock::now()));
    }

    fn wrote(&mut self, result: &std::io::Result<usize>) {
        let Some(front) = self.outbox.front() else { return };
        match result {
            Ok(0) | Err(_) => {
                self.mute = true;
                (self.outbox, self.outbox_bytes, self.written) = (VecDeque::new(), 0, 0);
            }
            Ok(count) => {
                self.written += count;
                if self.written >= front.len() {
                    self.outbox_bytes -= front.len();
                    self.outbox.pop_front();
                    self.written = 0;
                }
            }
        }
        self.write_since = (!self.outbox.is_empty()).then(clock::now);
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.stop.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::End(End::Stopping));
        }
        if let Poll::Ready(event) = self.poll_gate(cx) {
            return Poll::Ready(event);
        }
        if let Some(work) = &mut self.work
            && let Poll::Ready(done) = work.as_mut().poll(cx)
        {
            return Poll::Ready(Event::Worked(done));
        }
        if let Some(frame) = self.outbox.front() {
            let rest = frame.get(self.written..).unwrap_or_default();
            if let Poll::Ready(result) = Pin::new(&mut self.socket).poll_write(cx, rest) {
                return Poll::Ready(Event::Wrote(result));
            }
        }
        if self.has_room()
            && let Poll::Ready(Some(command)) = self.commands.poll_recv(cx)
        {
            return Poll::Ready(Event::Command(command));
        }
        let now = clock::now();
        if self.may_take() && self.exchange.paused_until(now).is_none() {
            if self.exchange.has_more(now) {
                return Poll::Ready(Event::More);
            }
            if std::mem::take(&mut self.deaf) {
                self.listens_since = now;
            }
            if let Poll::Ready(result) = self.poll_read_in(cx) {
                return Poll::Ready(Event::Read(result));
            }
        } else {
            self.deaf = true;
        }
        self.poll_timer(cx)
    }

    fn poll_gate(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Some(gate) = self.exchange.gate() else { return Poll::Pending };
        gate.listen(cx.waker());
        if gate.durable() > self.exchange.settled() {
            return Poll::Ready(Event::Durable(gate.durable()));
        }
        if gate.is_lost() {
            return Poll::Ready(Event::End(End::JournalGone));
        }
        Poll::Pending
    }

    fn poll_read_in(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        let mut stack = [const { MaybeUninit::<u8>::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut stack);
        let result = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
        self.exchange.feed(buffer.filled());
        Poll::Ready(result.map(|()| buffer.filled().len()))
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let due = self.due();
        // Later is checked when it fires: moving a timer for every frame would cost more.
        if due < self.timer.deadline() {
            self.timer.as_mut().reset(due);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = clock::now();
            if now >= due {
                // Do not spin should the event change nothing.
                self.timer.as_mut().reset(now + Duration::from_secs(1));
                return Poll::Ready(Event::Due);
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }

    fn has_room(&self) -> bool {
        self.outbox_bytes < self.shared.limits.write_buffer_bytes_max
    }

    /// Whether frames may be taken out of what was read, and the socket be read.
    fn may_take(&self) -> bool {
        self.work.is_none() && self.exchange.under_way() < u64::from(self.shared.limits.unacked_max) && self.has_room()
    }

    /// The connection has brought no sound frame for too long then.
    fn silent_at(&self) -> Instant {
        let limits = &self.shared.limits;
        match self.exchange.heard() {
            Some(heard) => heard.max(self.listens_since) + limits.idle_max,
            None => self.listens_since + limits.first_frame_timeout,
        }
    }

    /// When the next deadline is.
    fn due(&self) -> Instant {
        let limits = &self.shared.limits;
        let unfinished = self.exchange.unfinished_since().filter(|_| !self.deaf);
        let all = [
            (!self.deaf).then(|| self.silent_at()),
            unfinished.map(|since| since + limits.frame_timeout),
            unfinished.map(|since| since.max(self.looked_at) + UNCOVER_AFTER),
            self.write_since.map(|since| since + limits.write_timeout),
            self.exchange.paused_until(clock::now()),
        ];
        all.into_iter().flatten().min().unwrap_or(self.listens_since + limits.idle_max)
    }

    fn check_times(&mut self, now: Instant) -> Result<(), End> {
        let limits = &self.shared.limits;
        if self.write_since.is_some_and(|since| now >= since + limits.write_timeout) {
            return Err(End::SlowReader);
        }
        if !self.deaf && now >= self.silent_at() {
            return Err(End::Silent);
        }
        let unfinished = self.exchange.unfinished_since().filter(|_| !self.deaf);
        if unfinished.is_some_and(|since| now >= since + limits.frame_timeout) {
            self.exchange.give_up();
        } else if unfinished.is_some_and(|since| now >= since.max(self.looked_at) + UNCOVER_AFTER) {
            self.looked_at = now;
            self.exchange.uncover();
        }
        Ok(())
    }

    fn tell_end(&self, end: End) {
        let kind = match end {
            End::Refused(refusal) => return self.shared.refused(&self.teller, refusal),
            End::Silent => PanelTroubleKind::Silent,
            End::SlowReader => PanelTroubleKind::SlowReader,
            End::JournalGone => PanelTroubleKind::JournalGone,
            End::Gone | End::Stopping => return,
        };
        self.shared.trouble(&self.teller.name, kind, "");
    }

    /// What was taken becomes durable and is answered. Only a stop sets an end to that.
    async fn finish(&mut self) {
        let shared = Arc::clone(&self.shared);
        let patience = async {
            shared.stop.cancelled().await;
            tokio::time::sleep(shared.limits.stop_grace).await;
        };
        tokio::select! {
            () = self.settle_all() => {}
            () = patience => tracing::warn!(connection = %self.teller.name, "frames were given up at the stop"),
        }
    }

    async fn settle_all(&mut self) {
        while self.exchange.under_way() > 0 {
            let durable = poll_fn(|cx| {
                if let Some(work) = &mut self.work
                    && let Poll::Ready(done) = work.as_mut().poll(cx)
                {
                    self.work = None;
                    if done.is_err() {
                        return Poll::Ready(None);
                    }
                }
                let Some(gate) = self.exchange.gate() else { return Poll::Ready(None) };
                gate.listen(cx.waker());
                let (durable, lost) = (gate.durable(), gate.is_lost());
                match durable > self.exchange.settled() {
                    true => Poll::Ready(Some(durable)),
                    false if lost => Poll::Ready(None),
                    false => Poll::Pending,
                }
            });
            let Some(durable) = durable.await else { return };
            let frames = self.exchange.durable(durable, clock::wall());
            self.answer(frames);
        }
    }

    async fn last_words(&mut self) {
        while let Some(frame) = self.outbox.front() {
            let rest = frame.get(self.written..).unwrap_or_default();
            let result = poll_fn(|cx| Pin::new(&mut self.socket).poll_write(cx, rest)).await;
            self.wrote(&result);
        }
    }
}

impl<S> Drop for PanelLink<S> {
    fn drop(&mut self) {
        self.exchange.keys().for_each(|key| self.shared.book.unbind(key, self.teller.link));
    }
}
