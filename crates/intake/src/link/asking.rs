//! SUBSCRIBE and UNSUBSCRIBE. What the router must be asked for is the link's work; the answer is written when it is
//! done, and nothing is read meanwhile. rumqttd's codec reads the packets; each filter is judged here.

use crate::close::Close;
use crate::fanout::groups::Direct;
use crate::fanout::pump::{Forwarded, Pump};
use crate::fanout::router::{RouterGone, Unsubscribable};
use crate::link::Link;
use crate::link::subscriber::{Kept, Subscriber, Way};
use crate::packet::Version;
use crate::reply;
use crate::shared::MqttShared;
use crate::topics;
use bytes::BytesMut;
use compact_str::CompactString;
use rumqttd::protocol::v4::V4;
use rumqttd::protocol::v5::V5;
use rumqttd::protocol::{Filter, Packet, Protocol, QoS, RetainForwardRule};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How long a SUBACK waits for the router to take the subscription in. It answers all the same after that: a router
/// that is gone shows elsewhere.
const TAKEN_IN_TIMEOUT: Duration = Duration::from_secs(5);

/// What the link's work gives.
pub(crate) enum Answer {
    /// Nothing to say.
    None,
    /// The answer to a SUBSCRIBE.
    Subscribed(Box<Subscribed>),
    /// The answer to an UNSUBSCRIBE.
    Unsubscribed { packet_id: u16, reasons: Vec<u8> },
}

/// What a SUBSCRIBE has brought.
pub(crate) struct Subscribed {
    packet_id: u16,
    reasons: Vec<u8>,
    kept: Vec<(String, Kept)>,
    attached: Option<Attached>,
}

/// A new link to the router.
pub(crate) struct Attached {
    pub(crate) name: String,
    pub(crate) pump: Pump,
    pub(crate) inbox: mpsc::Receiver<Forwarded>,
}

/// A filter that was asked for, judged.
struct Asked {
    filter: Filter,
    number: u32,
    /// The client has it already.
    again: bool,
    identifier: Option<u32>,
    refused: Option<u8>,
}

mod reason {
    pub(super) const NOT_AUTHORIZED: u8 = 0x87;
    pub(super) const FILTER_INVALID: u8 = 0x8F;
    pub(super) const QUOTA: u8 = 0x97;
    pub(super) const NO_SUBSCRIPTION: u8 = 0x11;
    /// The one failure of 3.1.1.
    pub(super) const FAILURE: u8 = 0x80;
}

impl<S> Link<S> {
    /// Judges a SUBSCRIBE and begins what it asks for.
    pub(super) fn subscribe(&mut self, raw: &[u8]) -> Result<(), Close> {
        let (packet_id, filters, identifier) = self.read_subscribe(raw)?;
        let limits = &self.shared.limits;
        if self.subscriber.is_none() {
            let subscribers = usize::try_from(self.shared.metrics.subscribers.get()).unwrap_or(0);
            if subscribers >= limits.subscribers_max {
                let reasons = vec![reason::QUOTA; filters.len()];
                self.answer(Answer::Subscribed(Box::new(Subscribed {
                    packet_id,
                    reasons,
                    kept: vec![],
                    attached: None,
                })));
                return Ok(());
            }
            self.shared.metrics.subscribers.inc();
            self.subscriber = Some(Box::new(Subscriber::new(limits.deliveries_per_client_max)));
        }
        let mut asked: Vec<Asked> = Vec::with_capacity(filters.len());
        for filter in filters {
            let new = asked.iter().filter(|asked| !asked.again && asked.refused.is_none()).count();
            let judged = self.judge(filter, identifier, new);
            asked.push(judged);
        }
        let Some(subscriber) = self.subscriber.as_mut() else { return Ok(()) };
        if self.version == Version::V5 && asked.iter().any(|asked| asked.filter.nolocal && is_shared(&asked.filter)) {
            return Err(Close::Protocol);
        }
        let asking = Asking {
            shared: Arc::clone(&self.shared),
            site: self.principal.site.clone(),
            alerts: self.principal.alerts_topic().into(),
            link: self.number,
            slot: subscriber.pump.as_ref().map(|pump| pump.slot),
            taken_in: subscriber.pump.as_ref().map(|pump| pump.taken_in.clone()),
            awaited: 0,
            name: subscriber.name.clone(),
            clean: self.session_expiry.is_zero(),
            direct: subscriber.direct_sender.clone(),
        };
        self.work = Some(Box::pin(asking.run(packet_id, asked)));
        Ok(())
    }

    fn read_subscribe(&self, raw: &[u8]) -> Result<(u16, Vec<Filter>, Option<u32>), Close> {
        let Some(Packet::Subscribe(subscribe, properties)) = self.decode(raw, 0x82) else {
            return Err(Close::Malformed);
        };
        let identifier = properties.and_then(|properties| properties.id);
        if subscribe.pkid == 0 || identifier == Some(0) {
            return Err(Close::Protocol);
        }
        Ok((subscribe.pkid, subscribe.filters, identifier.and_then(|number| u32::try_from(number).ok())))
    }

    fn decode(&self, raw: &[u8], first: u8) -> Option<Packet> {
        if raw.first() != Some(&first) {
            return None;
        }
        let mut bytes = BytesMut::from(raw);
        let bytes_max = self.shared.limits.packet_bytes_max;
        match self.version {
            Version::V4 => V4.read_mut(&mut bytes, bytes_max).ok(),
            Version::V5 => V5.read_mut(&mut bytes, bytes_max).ok(),
        }
    }

    /// Judges one filter, after `new` others of the same packet that are new.
    fn judge(&mut self, filter: Filter, identifier: Option<u32>, new: usize) -> Asked {
        let inner = topics::shared(&filter.path).map_or(filter.path.as_str(), |(_, inner)| inner);
        let is_formed = topics::is_filter(inner) && !inner.starts_with('$');
        let allowed = self.principal.may_subscribe(inner);
        let filters_max = self.shared.limits.filters_per_client_max;
        let Some(subscriber) = self.subscriber.as_mut() else {
            return Asked { filter, number: 0, again: false, identifier, refused: Some(reason::QUOTA) };
        };
        let existing = subscriber.subscriptions.get(&filter.path).map(|kept| kept.number);
        let refused = if !is_formed {
            Some(reason::FILTER_INVALID)
        } else if !allowed {
            Some(reason::NOT_AUTHORIZED)
        } else if existing.is_none() && subscriber.subscriptions.len() + new >= filters_max {
            Some(reason::QUOTA)
        } else {
            None
        };
        let number = existing.unwrap_or_else(|| {
            subscriber.next_number += 1;
            subscriber.next_number
        });
        if refused == Some(reason::NOT_AUTHORIZED) {
            self.shared.trouble(&self.principal.user, crate::troubles::TroubleKind::ForeignTopic, &filter.path);
        }
        Asked { filter, number, again: existing.is_some(), identifier, refused }
    }

    /// Judges an UNSUBSCRIBE and begins what it asks for.
    pub(super) fn unsubscribe(&mut self, raw: &[u8]) -> Result<(), Close> {
        let Some(Packet::Unsubscribe(unsubscribe, _)) = self.decode(raw, 0xA2) else { return Err(Close::Malformed) };
        if unsubscribe.pkid == 0 || unsubscribe.filters.is_empty() {
            return Err(Close::Protocol);
        }
        let mut gone = Vec::new();
        let mut reasons = Vec::new();
        for filter in unsubscribe.filters {
            let kept = self.subscriber.as_mut().and_then(|subscriber| subscriber.subscriptions.remove(&filter));
            reasons.push(if kept.is_some() { 0 } else { reason::NO_SUBSCRIPTION });
            gone.extend(kept.map(|kept| (filter, kept.way)));
        }
        let hears_alerts = |filter: &String| topics::matches(filter, self.principal.alerts_topic());
        if !self.subscriber.as_ref().is_some_and(|subscriber| subscriber.subscriptions.keys().any(hears_alerts)) {
            self.shared.outlet.forget(&self.principal.site, self.number);
        }
        let slot = self.subscriber.as_ref().and_then(|subscriber| subscriber.pump.as_ref()).map(|pump| pump.slot);
        let (shared, site, link) = (Arc::clone(&self.shared), self.principal.site.clone(), self.number);
        self.work = Some(Box::pin(async move {
            for (filter, way) in gone {
                match (way, slot) {
                    (Way::Router(_), Some(slot)) => {
                        let form = topics::to_router(&site, &filter);
                        shared.router.unsubscribe(slot, form).await.map_err(|RouterGone| Close::RouterGone)?;
                    }
                    (Way::Shared(_), _) => shared.groups.leave(&site, &filter, link).await,
                    (Way::Router(_) | Way::Alerts, _) => {}
                }
            }
            Ok(Answer::Unsubscribed { packet_id: unsubscribe.pkid, reasons })
        }));
        Ok(())
    }

    /// Takes in what the work has brought, and writes the answer.
    pub(super) fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::None => {}
            Answer::Unsubscribed { packet_id, reasons } => {
                reply::ack_filters(&mut self.written, 0xB0, self.version, packet_id, &reasons);
            }
            Answer::Subscribed(subscribed) => {
                let is_v4 = self.version == Version::V4;
                let say = |code: &u8| if is_v4 && *code > 2 { reason::FAILURE } else { *code };
                let reasons: Vec<u8> = subscribed.reasons.iter().map(say).collect();
                reply::ack_filters(&mut self.written, 0x90, self.version, subscribed.packet_id, &reasons);
                self.keep(*subscribed);
            }
        }
        self.write_begins();
    }

    fn keep(&mut self, subscribed: Subscribed) {
        let Some(subscriber) = self.subscriber.as_mut() else { return };
        if let Some(attached) = subscribed.attached {
            subscriber.name = Some(attached.name);
            subscriber.pump = Some(attached.pump);
            subscriber.inbox = Some(attached.inbox);
        }
        for (filter, kept) in subscribed.kept {
            if topics::matches(&filter, self.principal.alerts_topic()) {
                let outlet = &self.shared.outlet;
                outlet.listen(&self.principal.site, self.number, &self.gate, &subscriber.direct_sender);
            }
            subscriber.subscriptions.insert(filter, kept);
        }
    }
}

fn is_shared(filter: &Filter) -> bool {
    filter.path.starts_with("$share/")
}

/// What the work of a SUBSCRIBE needs.
struct Asking {
    shared: Arc<MqttShared>,
    site: CompactString,
    alerts: CompactString,
    link: u64,
    slot: Option<u64>,
    taken_in: Option<watch::Receiver<u64>>,
    /// Subscriptions given to the router.
    awaited: u64,
    name: Option<String>,
    clean: bool,
    direct: mpsc::Sender<Direct>,
}

impl Asking {
    async fn run(mut self, packet_id: u16, asked: Vec<Asked>) -> Result<Answer, Close> {
        let mut done = Subscribed { packet_id, reasons: Vec::new(), kept: Vec::new(), attached: None };
        let before = self.taken_in.as_ref().map_or(0, |taken_in| *taken_in.borrow());
        for one in asked {
            let code = match one.refused {
                Some(code) => code,
                None => self.one(one, &mut done).await?,
            };
            done.reasons.push(code);
        }
        // What is published after the SUBACK is not yet retained when the router looks what it has for this filter.
        if let Some(taken_in) = &mut self.taken_in {
            let all = before + self.awaited;
            let _ = tokio::time::timeout(TAKEN_IN_TIMEOUT, taken_in.wait_for(|count| *count >= all)).await;
        }
        Ok(Answer::Subscribed(Box::new(done)))
    }

    async fn one(&mut self, asked: Asked, done: &mut Subscribed) -> Result<u8, Close> {
        let filter = &asked.filter;
        let on_every = filter.retain_forward_rule == RetainForwardRule::OnEverySubscribe;
        let result = if is_shared(filter) {
            self.shared.groups.join(&self.site, &filter.path, self.link, self.direct.clone()).await
        } else if filter.path == self.alerts || (asked.again && !on_every) {
            Ok(())
        } else {
            let slot = self.slot(done).await.map_err(|RouterGone| Close::RouterGone)?;
            let form = topics::to_router(&self.site, &filter.path);
            let result = self.shared.router.subscribe(slot, form, asked.number, asked.again).await;
            self.awaited += u64::from(result.is_ok());
            result
        };
        match result {
            Ok(()) => {}
            Err(Unsubscribable::TooManyFilters) => return Ok(reason::QUOTA),
            Err(Unsubscribable::Gone) => return Err(Close::RouterGone),
        }
        let qos = if filter.qos == QoS::AtMostOnce { 0 } else { 1 };
        let kept = Kept {
            number: asked.number,
            qos,
            no_local: filter.nolocal,
            keep_retain: filter.preserve_retain,
            no_stored: filter.retain_forward_rule == RetainForwardRule::Never,
            identifier: asked.identifier,
            way: self.way(&filter.path),
        };
        done.kept.push((asked.filter.path, kept));
        Ok(qos)
    }

    fn way(&self, filter: &str) -> Way {
        let interest = &self.shared.router.interest;
        match topics::shared(filter) {
            Some((_, inner)) => Way::Shared(interest.add(&self.site, inner)),
            None if filter == self.alerts => Way::Alerts,
            None => Way::Router(interest.add(&self.site, filter)),
        }
    }

    /// The link to the router, made at the first filter that needs it.
    async fn slot(&mut self, done: &mut Subscribed) -> Result<u64, RouterGone> {
        if let Some(slot) = self.slot {
            return Ok(slot);
        }
        let attached = attach(&self.shared, self.name.take(), self.clean).await?;
        self.slot = Some(attached.pump.slot);
        self.taken_in = Some(attached.pump.taken_in.clone());
        let slot = attached.pump.slot;
        done.attached = Some(attached);
        Ok(slot)
    }
}

/// Makes a link to the router, or takes up that of a session.
pub(crate) async fn attach(
    shared: &Arc<MqttShared>,
    name: Option<String>,
    clean: bool,
) -> Result<Attached, RouterGone> {
    let name = name.unwrap_or_else(|| shared.router.name());
    let (slot, rx) = shared.router.attach(&name, clean).await?;
    let (into, inbox) = mpsc::channel(shared.limits.deliveries_per_client_max);
    let pump = Pump::start(Arc::clone(&shared.router), slot, rx, into);
    Ok(Attached { name, pump, inbox })
}
