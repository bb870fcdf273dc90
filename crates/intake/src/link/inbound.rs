//! Packets out of the read buffer. Each either becomes a frame of the chunk, is answered, or closes the link.

use crate::clock;
use crate::close::Close;
use crate::link::{Link, Pending};
use crate::message::Message;
use crate::packet::{self, Front, Publish, Version, Whole, kind};
use crate::reply;
use crate::shared::Reserved;
use crate::topics;
use compact_str::CompactString;
use watchfire_model::EncodedInput;
use watchfire_model::Link as FrameLink;
use watchfire_model::frame::PAYLOAD_BYTES_MAX;

/// An unfinished packet larger than this takes room from all links' common stock.
const UNFINISHED_FREE_BYTES: usize = 16 * 1024;

impl<S> Link<S> {
    /// Takes packets until there is no whole one, the chunk is full, or one needs time.
    pub(super) fn take_packets(&mut self) -> Result<(), Close> {
        let received = std::mem::take(&mut self.received);
        let mut at = 0;
        let result = self.take_from(&received, &mut at);
        // An idle link holds no buffer; what is left of a packet moves to the front.
        if at < received.len() {
            self.received = received;
            self.received.drain(..at);
        } else {
            (self.needed, self.unfinished_since) = (2, None);
        }
        result
    }

    fn take_from(&mut self, received: &[u8], at: &mut usize) -> Result<(), Close> {
        let limits = &self.shared.limits;
        let under_way = usize::try_from(self.submitted - self.settled).unwrap_or(usize::MAX);
        let frames_max = limits.chunk_frames.min(usize::from(limits.unacked_max).saturating_sub(under_way));
        let bytes_max = limits.packet_bytes_max;
        let chunk_bytes_max = limits.chunk_bytes;
        while self.chunk.len() < frames_max && self.chunk_bytes < chunk_bytes_max && self.work.is_none() {
            let rest = received.get(*at..).unwrap_or(&[]);
            let whole = match packet::whole(rest, bytes_max)? {
                Front::Whole(whole) => whole,
                Front::Partial(needed) => return self.unfinished(rest.len(), needed),
            };
            self.finished();
            let asks = matches!(whole.kind(), kind::SUBSCRIBE | kind::UNSUBSCRIBE);
            if asks && !self.chunk.is_empty() {
                // First what was published before it.
                self.needed = 0;
                return Ok(());
            }
            self.take_one(&whole, rest.get(..whole.bytes).unwrap_or(&[]))?;
            *at += whole.bytes;
        }
        self.needed = 0;
        self.check_window(received.get(*at..).unwrap_or(&[]))
    }

    /// A v5 client that sends on although all of Receive Maximum is under way breaks the protocol.
    fn check_window(&self, rest: &[u8]) -> Result<(), Close> {
        let full = self.version == Version::V5 && self.unacked >= usize::from(self.shared.limits.unacked_max);
        match packet::whole(rest, self.shared.limits.packet_bytes_max) {
            Ok(Front::Whole(whole)) if full && whole.first & 0xF6 == 0x32 => Err(Close::TooManyInFlight),
            _ => Ok(()),
        }
    }

    fn take_one(&mut self, whole: &Whole<'_>, raw: &[u8]) -> Result<(), Close> {
        match whole.kind() {
            kind::PUBLISH => {
                let publish = packet::publish(whole.flags(), whole.body, self.version)?;
                self.publish(&publish)
            }
            kind::PUBACK => {
                let packet_id = packet::puback(whole.flags(), whole.body, self.version)?;
                let subscriber = self.subscriber.as_mut();
                let in_turn = subscriber.is_some_and(|subscriber| subscriber.acknowledged(packet_id));
                if in_turn { Ok(()) } else { Err(Close::Protocol) }
            }
            kind::PINGREQ if whole.first & 0x0F == 0 && whole.body.is_empty() => {
                self.written.extend_from_slice(&reply::PINGRESP);
                self.write_begins();
                Ok(())
            }
            kind::PINGREQ => Err(Close::Malformed),
            kind::SUBSCRIBE => self.subscribe(raw),
            kind::UNSUBSCRIBE => self.unsubscribe(raw),
            kind::DISCONNECT => Err(self.goodbye(whole)?),
            0 => Err(Close::Malformed),
            _ => Err(Close::Protocol),
        }
    }

    fn goodbye(&mut self, whole: &Whole<'_>) -> Result<Close, Close> {
        let goodbye = packet::disconnect(whole.flags(), whole.body, self.version)?;
        if let Some(expiry_s) = goodbye.expiry_s {
            let asked = std::time::Duration::from_secs(u64::from(expiry_s));
            if self.session_expiry.is_zero() && !asked.is_zero() {
                return Err(Close::Protocol);
            }
            self.session_expiry = asked.min(self.shared.limits.session_expiry_max);
        }
        Ok(if goodbye.with_will { Close::ByeWithWill } else { Close::Bye })
    }

    fn publish(&mut self, publish: &Publish<'_>) -> Result<(), Close> {
        let resolved;
        let topic = if publish.properties.alias.is_some() {
            resolved = self.resolve(publish)?;
            resolved.as_str()
        } else {
            topics::topic_name(publish.topic)?
        };
        if publish.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(Close::TooLarge);
        }
        if !self.principal.may_publish(topic) {
            return self.refuse(publish);
        }
        let link = FrameLink::Mqtt { qos: publish.qos, retain: publish.retain };
        self.take_in(self.principal.encode(link, topic, publish.payload));
        let heard = publish.retain || self.shared.router.interest.hears(&self.principal.site, topic);
        let message = heard.then(|| Box::new(Message::of(topic, publish, self.number)));
        if publish.qos == 1 || message.is_some() {
            self.unacked += usize::from(publish.qos);
            let number = self.submitted;
            self.pending.push_back(Pending { number, packet_id: publish.packet_id, reason: 0, message });
        }
        Ok(())
    }

    /// A topic that the identity may not use: v5 at QoS 1 is told so and goes on, everybody else is closed.
    fn refuse(&mut self, publish: &Publish<'_>) -> Result<(), Close> {
        if self.version == Version::V4 || publish.qos == 0 {
            return Err(Close::ForeignTopic);
        }
        let topic = String::from_utf8_lossy(publish.topic);
        self.shared.trouble(&self.principal.user, crate::troubles::TroubleKind::ForeignTopic, &topic);
        self.unacked += 1;
        let number = self.submitted;
        self.pending.push_back(Pending { number, packet_id: publish.packet_id, reason: 0x87, message: None });
        self.settle();
        Ok(())
    }

    /// A topic by its alias, or a new alias.
    fn resolve(&mut self, publish: &Publish<'_>) -> Result<CompactString, Close> {
        let alias = publish.properties.alias.unwrap_or(0);
        if alias == 0 || alias > self.shared.limits.topic_aliases_max {
            return Err(Close::BadAlias);
        }
        if publish.topic.is_empty() {
            return self.aliases.get(&alias).cloned().ok_or(Close::Protocol);
        }
        let topic = CompactString::from(topics::topic_name(publish.topic)?);
        self.aliases.insert(alias, topic.clone());
        Ok(topic)
    }

    /// Notes that a packet is not yet whole. Large ones take room that all links share.
    fn unfinished(&mut self, have: usize, needed: usize) -> Result<(), Close> {
        self.needed = needed;
        if have == 0 {
            return Ok(());
        }
        self.unfinished_since = self.unfinished_since.or_else(|| Some(clock::now()));
        if needed > UNFINISHED_FREE_BYTES && self.reserved.is_none() {
            let reserved = Reserved::take(&self.shared, &self.principal.share, needed).ok_or(Close::NoRoom)?;
            self.reserved = Some(reserved);
        }
        Ok(())
    }

    fn finished(&mut self) {
        self.unfinished_since = None;
        self.held = self.reserved.take().or(self.held.take());
    }

    /// Puts an input into the chunk that goes to the journal next.
    pub(super) fn take_in(&mut self, input: EncodedInput) {
        self.submitted += 1;
        self.chunk_bytes += input.record_bytes();
        self.chunk.push(input);
    }
}
