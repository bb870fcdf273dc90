//! The receiving half of a link to the router: a task that turns its notifications into messages for one receiver.
//!
//! **Invariant.** The router dies when a link that it has removed is made ready again. So the pump alone wakes the
//! router, and the pump alone has the link removed: after its loop, or when it is dropped, and never before a wake.

use crate::fanout::router::Router;
use crate::message::Message;
use rumqttd::Notification;
use rumqttd::local::LinkRx;
use rumqttd::protocol::Packet;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A message for a subscriber, and the number of the subscription it came by (0 when the router does not say).
#[derive(Clone, Debug)]
pub(crate) struct Forwarded {
    pub(crate) message: Message,
    pub(crate) number: u32,
}

/// A running pump. Dropped, it ends by itself.
#[derive(Debug)]
pub(crate) struct Pump {
    pub(crate) slot: u64,
    /// How many subscriptions the router has taken in, with what it retains for them.
    pub(crate) taken_in: watch::Receiver<u64>,
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Pump {
    /// Starts a pump into `into`.
    pub(crate) fn start(router: Arc<Router>, slot: u64, rx: LinkRx, into: mpsc::Sender<Forwarded>) -> Pump {
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        let (count, taken_in) = watch::channel(0);
        task.spawn(run(Attached { router, slot, taken_in: count, ended: false }, rx, into, stop.clone()));
        Pump { slot, taken_in, stop, task }
    }

    /// Asks it to end; what the router has already read for this link still comes, then the channel closes.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) {
        while self.task.join_next().await.is_some() {}
    }
}

/// Detaches the slot exactly once, also when the task is dropped.
struct Attached {
    router: Arc<Router>,
    slot: u64,
    taken_in: watch::Sender<u64>,
    ended: bool,
}

impl Attached {
    /// A message for the receiver; the router's answers are counted.
    fn read(&self, notification: Notification) -> Option<Forwarded> {
        let packet = match notification {
            Notification::Forward(forward) => Packet::Publish(forward.publish, forward.properties),
            Notification::DeviceAck(ack) => ack.into(),
            _ => return None,
        };
        match packet {
            Packet::Publish(publish, properties) => {
                let number = properties.as_ref().and_then(|properties| properties.subscription_identifiers.last());
                let number = number.and_then(|number| u32::try_from(*number).ok()).unwrap_or(0);
                Message::from_router(&publish, properties.as_ref()).map(|message| Forwarded { message, number })
            }
            Packet::PingResp(_) => {
                self.router.pongs.send_modify(|count| *count += 1);
                None
            }
            Packet::SubAck(..) => {
                self.taken_in.send_modify(|count| *count += 1);
                None
            }
            _ => None,
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if !self.ended {
            self.router.try_detach(self.slot);
        }
    }
}

async fn run(mut attached: Attached, mut rx: LinkRx, into: mpsc::Sender<Forwarded>, stop: CancellationToken) {
    loop {
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            next = rx.next() => next,
        };
        let Ok(notification) = next else { break };
        let Some(notification) = notification else { continue };
        if matches!(notification, Notification::Unschedule) {
            if rx.wake().await.is_err() {
                break;
            }
            continue;
        }
        if let Some(forwarded) = attached.read(notification) {
            let sent = tokio::select! {
                biased;
                sent = into.send(forwarded) => sent,
                () = stop.cancelled() => break,
            };
            if sent.is_err() {
                break;
            }
        }
    }
    attached.ended = attached.router.detach(attached.slot).await.is_ok();
    // The router drops its end once it has removed the link; until then, and from before, there may be more.
    while let Ok(notification) = rx.next().await {
        let forwarded = notification.and_then(|notification| attached.read(notification));
        if let Some(forwarded) = forwarded
            && into.send(forwarded).await.is_err()
        {
            break;
        }
    }
}
