//! What is journaled and said for a client that is gone: its will, and that its will is over. Both go to the journal
//! in one go, so that a kill can only come before both or after both, or, at the worst, has the will published twice.

use crate::clients::ClientKey;
use crate::fanout::kept_wills;
use crate::gate::{Gate, Submission, Ticket};
use crate::greeting::Will;
use crate::identity::Principal;
use crate::link::Link;
use crate::link::admit;
use crate::message::Message;
use crate::share::{Load, Room, Share};
use crate::shared::MqttShared;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use watchfire_model::{EncodedInput, Input, Link as FrameLink};

/// What a will needs when its link is gone.
pub(crate) struct Parting {
    shared: Arc<MqttShared>,
    /// None: the identity is gone too, and may say nothing any more.
    principal: Option<Arc<Principal>>,
    key: ClientKey,
    number: u64,
}

impl Parting {
    /// Of a link that ends.
    pub(crate) fn of<S>(link: &Link<S>) -> Parting {
        Parting {
            shared: Arc::clone(link.shared()),
            principal: Some(Arc::clone(link.principal())),
            key: link.key().clone(),
            number: link.number(),
        }
    }

    /// Of a client that was connected to the station before this one.
    pub(crate) fn of_client(shared: &Arc<MqttShared>, key: ClientKey, number: u64) -> Parting {
        let principal = shared.identities.load().get(&key.user).cloned();
        Parting { shared: Arc::clone(shared), principal, key, number }
    }

    /// Journals the will and, once it is durable, publishes it.
    pub(crate) async fn publish(&self, will: &Will) {
        let Some(principal) = self.principal.as_ref().filter(|principal| principal.may_publish(&will.topic)) else {
            return self.take_back().await;
        };
        let link = FrameLink::MqttWill { retain: will.retain };
        let frame = principal.encode(link, &will.topic, &will.payload);
        if !self.hand_on(vec![frame, self.over()]).await {
            return;
        }
        self.shared.metrics.frames.inc();
        if will.retain || self.shared.router.interest.hears(&principal.site, &will.topic) {
            let message = Message {
                topic: will.topic.clone(),
                payload: will.payload.clone(),
                properties: will.properties.clone(),
                expiry_s: will.expiry_s,
                qos: will.qos,
                retain: will.retain,
                stored: false,
                sender: self.number,
            };
            self.shared.router.try_publish(&principal.site, Box::new(message));
        }
    }

    /// Journals that the will is over, and that is all.
    pub(crate) async fn take_back(&self) {
        self.hand_on(vec![self.over()]).await;
    }

    fn over(&self) -> EncodedInput {
        EncodedInput::new(&Input::WillOver(kept_wills::over(&self.key, self.number)))
    }

    /// Hands inputs to the journal; true when they are durable.
    async fn hand_on(&self, inputs: Vec<EncodedInput>) -> bool {
        let share =
            self.principal.as_ref().map_or_else(Arc::<Share>::default, |principal| Arc::clone(&principal.share));
        let count = inputs.len();
        let load = Load { frames: count, bytes: inputs.iter().map(EncodedInput::record_bytes).sum() };
        let rooms = admit::rooms(&self.shared, &share, load).await;
        let Ok(permits) = self.shared.queue.reserve_many(count).await else { return false };
        rooms.into_iter().for_each(Room::into_tickets);
        let gate = Gate::new(share, Arc::clone(&self.shared.queued));
        let last = u64::try_from(count).unwrap_or(0);
        for ((permit, input), number) in permits.zip(inputs).zip(1..) {
            let ticket = Ticket::new(&gate, number, input.record_bytes(), number == last);
            permit.send(Submission { input, ticket });
        }
        poll_fn(|cx| {
            gate.listen(cx.waker());
            let done = gate.durable() >= last;
            if done || gate.is_lost() { Poll::Ready(done) } else { Poll::Pending }
        })
        .await
    }
}
