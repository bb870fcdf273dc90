//! What a link writes: acknowledgements when frames are durable, deliveries to its subscriptions.

use crate::clock;
use crate::link::Link;
use crate::link::subscriber::{Arrival, Plan, Unacked};
use crate::message::Message;
use crate::reply::{self, Delivered};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::AsyncWrite;

/// A write buffer that has grown beyond this is given back when it is empty.
const WRITE_KEEP_BYTES: usize = 0;

impl<S: AsyncWrite + Unpin> Link<S> {
    /// So many submissions are durable: acknowledges them in order, then hands their messages to the router.
    pub(super) fn durable(&mut self, number: u64) {
        self.settled = number;
        let messages = self.settle();
        if messages.is_empty() {
            return;
        }
        // The PUBACKs go first. What the socket does not take now waits in the buffer; the router is not waited for.
        let mut cx = Context::from_waker(Waker::noop());
        if !self.written.is_empty()
            && let Poll::Ready(Ok(count)) = Pin::new(&mut self.socket).poll_write(&mut cx, &self.written)
        {
            self.took(count);
        }
        for message in messages {
            self.shared.router.try_publish(&self.principal.site, Box::new(message));
        }
    }

    /// The socket took bytes, or failed. A peer that has closed its end may have sent something before it did: the link
    /// ends when that is read.
    pub(super) fn wrote(&mut self, result: &std::io::Result<usize>) {
        match result {
            Ok(0) | Err(_) => {
                self.mute = true;
                self.took(usize::MAX);
            }
            Ok(count) => self.took(*count),
        }
    }

    fn took(&mut self, count: usize) {
        if count >= self.written.len() {
            self.write_since = None;
            self.written.clear();
            self.written.shrink_to(WRITE_KEEP_BYTES);
        } else {
            self.written.drain(..count);
            self.write_since = Some(clock::now());
        }
    }

    /// Writes what is in the buffer, to the end.
    pub(super) async fn flush(&mut self) -> std::io::Result<()> {
        while !self.written.is_empty() {
            let count = poll_fn(|cx| Pin::new(&mut self.socket).poll_write(cx, &self.written)).await?;
            if count == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            self.took(count);
        }
        poll_fn(|cx| Pin::new(&mut self.socket).poll_flush(cx)).await
    }
}

impl<S> Link<S> {
    /// Writes the acknowledgements that are due; gives the messages that go with them.
    pub(super) fn settle(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(pending) = self.pending.pop_front_if(|pending| pending.number <= self.settled) {
            if pending.packet_id != 0 {
                reply::puback(&mut self.written, self.version, pending.packet_id, pending.reason);
                self.unacked = self.unacked.saturating_sub(1);
            }
            messages.extend(pending.message.map(|message| *message));
        }
        self.write_begins();
        messages
    }

    /// Starts the write deadline when there is something to write.
    pub(super) fn write_begins(&mut self) {
        if self.mute {
            self.written.clear();
        } else if !self.written.is_empty() && self.write_since.is_none() {
            self.write_since = Some(clock::now());
        }
    }

    /// Whether a delivery may be written.
    pub(super) fn may_deliver(&mut self) -> bool {
        let limits = &self.shared.limits;
        let window = usize::from(self.receive_max.min(limits.deliveries_unacked_max));
        let room = self.written.len() < limits.write_buffer_bytes_max;
        loop {
            let Some(subscriber) = self.subscriber.as_mut() else { return false };
            if !room || subscriber.unacked.len() >= window {
                return false;
            }
            let Some(again) = subscriber.backlog.pop_front() else { return true };
            self.send_again(again);
        }
    }

    /// Writes a message to the subscriber.
    pub(super) fn deliver(&mut self, arrival: &Arrival) {
        let Some(subscriber) = self.subscriber.as_mut() else { return };
        let Some((message, plan)) = subscriber.delivery(arrival, self.number, self.version) else { return };
        let Plan { qos, retain, subscription } = plan;
        let packet_id = if qos == 0 { 0 } else { subscriber.packet_id() };
        let how = Delivered { packet_id, retain, dup: false, subscription };
        let sent = reply::publish(&mut self.written, self.version, &message, how, self.packet_bytes_max);
        // A message larger than the client takes is not for it (MQTT-3.1.2-25).
        if qos == 1 && sent.is_some() {
            let is_alert = matches!(arrival, Arrival::Direct(_)) && message.topic == self.principal.alerts_topic();
            subscriber.unacked.push_back(Unacked { packet_id, message, how, since: clock::now(), is_alert });
        }
        self.write_begins();
    }

    fn send_again(&mut self, unacked: Unacked) {
        let message = Arc::clone(&unacked.message);
        let sent = reply::publish(&mut self.written, self.version, &message, unacked.how, self.packet_bytes_max);
        if let (Some(_), Some(subscriber)) = (sent, self.subscriber.as_mut()) {
            subscriber.unacked.push_back(Unacked { since: clock::now(), ..unacked });
        }
        self.write_begins();
    }
}
