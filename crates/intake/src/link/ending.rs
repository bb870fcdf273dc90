//! The end of a link: what was promised is kept, in this order.
//!
//! 1. v5 is told the reason; the socket closes. (At a stop after 2, so that everything is acknowledged.)
//! 2. What was received, and what still waits in the socket, is handed on and becomes durable: QoS 0 does not come
//!    again, and the next link of the same client comes after it.
//! 3. The link leaves its groups, the outlet and the router; a session is parked with what was not acknowledged.
//! 4. The will is journaled, like any frame, and then published; or it is journaled that it is over.
//! 5. The client id is free. A delayed will waits after that.

use crate::clock;
use crate::close::Close;
use crate::fanout::sessions::{self, Session};
use crate::greeting::Will;
use crate::link::Link;
use crate::link::subscriber::{Arrival, Subscriber, Unacked};
use crate::packet::Version;
use crate::parting::Parting;
use crate::reply::{self, Delivered};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How long the last words may take to write.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// A peer from which nothing came for this long has nothing under way to us.
const LAST_BYTES_QUIET: Duration = Duration::from_millis(50);
/// How long a socket is read at the end in all, besides the time that its frames take to become durable.
const LAST_BYTES_TIME: Duration = Duration::from_secs(1);
/// How much is read at the end: more than the kernel keeps for a socket (Linux: `tcp_rmem`, 6 MiB).
const LAST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Deliveries of a session kept for its client's return.
const KEPT_DELIVERIES_MAX: usize = 1_000;

pub(super) async fn end<S: AsyncRead + AsyncWrite + Unpin>(mut link: Box<Link<S>>, close: Close) {
    if close != Close::Stopping {
        link.last_words(close).await;
    }
    if close != Close::JournalGone {
        link.finish(close).await;
    }
    if close == Close::Stopping {
        link.last_words(close).await;
    }
    link.leave(close).await;
    let Some(will) = link.will.take() else { return };
    let parting = Parting::of(&link);
    let delay = will.delay.min(link.session_expiry);
    if close == Close::Stopping {
        // It stays in the journal: the client comes back to the restarted station, or does not.
    } else if !close.leaves_will() {
        parting.take_back().await;
    } else if delay.is_zero() {
        parting.publish(&will).await;
    } else {
        delayed(link, &parting, &will, delay).await;
    }
}

/// Frees the client id, and publishes the will later, unless the client is back before. A stop leaves it in the journal.
async fn delayed<S>(link: Box<Link<S>>, parting: &Parting, will: &Will, delay: Duration) {
    let shared = Arc::clone(&link.shared);
    let back = shared.wills.wait_for(link.seat.key.clone(), link.number);
    drop(link);
    let publish = tokio::select! {
        () = tokio::time::sleep(delay) => true,
        clean = back => clean.unwrap_or(false),
        () = shared.stop.cancelled() => false,
    };
    if publish {
        parting.publish(will).await;
    }
}

/// What may still be read at the end of a link.
struct LastBytes {
    time: Duration,
    bytes: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Hands on what was received and waits until it is durable. Only a stop sets an end to that: a frame that was read
    /// is not dropped because the journal is slow.
    async fn finish(&mut self, close: Close) {
        let shared = Arc::clone(&self.shared);
        let patience = async {
            shared.stop.cancelled().await;
            tokio::time::sleep(shared.limits.stop_grace).await;
        };
        tokio::select! {
            () = self.hand_on(close) => {}
            () = patience => tracing::warn!(user = %self.principal.user, "frames were given up at the stop"),
        }
        // Tickets that were never given out are not waited for.
        self.work = None;
        self.submitted = self.gate.issued();
    }

    async fn hand_on(&mut self, close: Close) {
        let mut last_bytes = LastBytes { time: LAST_BYTES_TIME, bytes: LAST_BYTES_MAX };
        loop {
            self.settle_all().await;
            if !close.ends_in_peace() || self.gate.is_lost() {
                return;
            }
            if !self.has_packet() && !self.read_last(&mut last_bytes, close).await {
                return;
            }
            if !self.has_packet() {
                continue;
            }
            self.work = None;
            let taken = self.take_packets();
            let submitted = self.submit();
            if taken.is_err() || submitted.is_err() {
                return self.settle_all().await;
            }
        }
    }

    /// Reads what the peer sent before it heard that the link ends; false when there is no more. A read that finds
    /// nothing waits a moment: the runtime may not yet know of bytes that the kernel has.
    async fn read_last(&mut self, left: &mut LastBytes, close: Close) -> bool {
        if close != Close::Stopping {
            // Nobody hears it any more.
            self.written = Vec::new();
        }
        let full = self.written.len() >= self.shared.limits.write_buffer_bytes_max;
        if full || left.bytes == 0 || left.time.is_zero() {
            return false;
        }
        let begun = clock::now();
        let read = poll_fn(|cx| self.poll_read_in(cx));
        let read = tokio::time::timeout(LAST_BYTES_QUIET.min(left.time), read).await;
        left.time = left.time.saturating_sub(clock::now() - begun);
        let Ok(Ok(count)) = read else { return false };
        left.bytes = left.bytes.saturating_sub(count);
        self.shared.metrics.bytes.inc_by(u64::try_from(count).unwrap_or(0));
        count > 0
    }

    /// Waits until the link's work is done as far as frames go, and everything is durable; acknowledges on the way.
    async fn settle_all(&mut self) {
        while self.settled < self.submitted && !self.gate.is_lost() {
            let durable = poll_fn(|cx| {
                self.gate.listen(cx.waker());
                let durable = self.gate.durable();
                if durable != self.settled || self.gate.is_lost() {
                    return Poll::Ready(durable);
                }
                if let Some(work) = &mut self.work
                    && work.as_mut().poll(cx).is_ready()
                {
                    self.work = None;
                }
                Poll::Pending
            });
            let durable = durable.await;
            self.durable(durable);
        }
    }

    async fn last_words(&mut self, close: Close) {
        if self.version == Version::V5 && close.is_told() {
            reply::disconnect(&mut self.written, close.code());
        }
        let _ = tokio::time::timeout(LAST_WORDS, async {
            self.flush().await?;
            poll_fn(|cx| Pin::new(&mut self.socket).poll_shutdown(cx)).await
        })
        .await;
        // Nothing is written after this.
        self.written = Vec::new();
    }
}

impl<S> Link<S> {
    /// Leaves groups, outlet and router; parks the session.
    async fn leave(&mut self, close: Close) {
        let Some(mut subscriber) = self.subscriber.take() else {
            return;
        };
        self.shared.metrics.subscribers.dec();
        self.shared.outlet.forget(&self.principal.site, self.number);
        if close == Close::NoAck {
            self.shared
                .outlet
                .count_unacknowledged(subscriber.unacked.iter().filter(|unacked| unacked.is_alert).count());
        }
        for filter in subscriber.shared_filters() {
            self.shared.groups.leave(&self.principal.site, &filter, self.number).await;
        }
        let keeps = !self.session_expiry.is_zero() && close != Close::Revoked;
        self.empty(&mut subscriber, keeps).await;
        let session = Session {
            name: subscriber.name.take(),
            unacked: if keeps { kept(&mut subscriber) } else { Default::default() },
            next_number: subscriber.next_number,
            version: self.version,
            until: clock::now() + self.session_expiry,
            subscriptions: std::mem::take(&mut subscriber.subscriptions),
        };
        let surplus = if keeps {
            self.shared.sessions.park(self.seat.key.clone(), session, self.shared.limits.sessions_max)
        } else if let Some(name) = session.name {
            // A clean link left nothing in the router: its name can be used again.
            self.shared.router.free(name);
            None
        } else {
            None
        };
        if let Some(surplus) = surplus {
            // A dead router keeps nothing either.
            let _ = sessions::end(surplus, &self.shared.router).await;
        }
    }

    /// Ends the link to the router, and takes what it has already read for this client.
    async fn empty(&mut self, subscriber: &mut Subscriber, keeps: bool) {
        let Some(mut pump) = subscriber.pump.take() else { return };
        let inbox = subscriber.inbox.take();
        pump.stop();
        let draining = async {
            let Some(mut inbox) = inbox else { return };
            while let Some(forwarded) = inbox.recv().await {
                let arrival = Arrival::Forwarded(forwarded);
                let delivery = subscriber.delivery(&arrival, self.number, self.version);
                let Some((message, plan)) = delivery.filter(|(_, plan)| keeps && plan.qos == 1) else { continue };
                if subscriber.backlog.len() < KEPT_DELIVERIES_MAX {
                    let packet_id = subscriber.packet_id();
                    let how = Delivered { packet_id, retain: plan.retain, dup: false, subscription: plan.subscription };
                    subscriber.backlog.push_back(Unacked {
                        packet_id,
                        message,
                        how,
                        since: clock::now(),
                        is_alert: false,
                    });
                }
            }
        };
        draining.await;
        pump.ended().await;
    }
}

/// What was sent and not acknowledged (it goes again as a duplicate), then what was not yet sent.
fn kept(subscriber: &mut Subscriber) -> std::collections::VecDeque<Unacked> {
    let again =
        subscriber.unacked.drain(..).map(|unacked| Unacked { how: Delivered { dup: true, ..unacked.how }, ..unacked });
    let again: Vec<Unacked> = again.collect();
    again.into_iter().chain(subscriber.backlog.drain(..)).take(KEPT_DELIVERIES_MAX).collect()
}
