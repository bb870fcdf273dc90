//! What went wrong on the devices' side, for the console and the metrics: a bounded ring and counters by kind.

use prometheus::{IntCounterVec, Opts, Registry};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use watchfire_model::Timestamp;

/// Troubles kept for the console.
const TROUBLES_KEPT: usize = 500;
/// The longest detail, in bytes.
const DETAIL_BYTES_MAX: usize = 200;

macro_rules! trouble_kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)*) => {
        /// The kinds of trouble; also the metric label.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum TroubleKind { $($(#[$doc])* $variant,)* }

        impl TroubleKind {
            /// Every kind.
            pub const ALL: &'static [TroubleKind] = &[$(TroubleKind::$variant,)*];

            /// The name in JSON and as a metric label.
            pub fn as_str(self) -> &'static str {
                match self { $(TroubleKind::$variant => $name,)* }
            }
        }
    };
}

trouble_kinds! {
    /// Unknown user name or wrong password.
    BadCredentials "bad_credentials";
    /// Bytes that are not MQTT.
    Malformed "malformed";
    /// MQTT, but not allowed here.
    Protocol "protocol";
    /// A packet larger than we take.
    Oversize "oversize";
    /// A topic or filter that the identity may not use.
    ForeignTopic "foreign_topic";
    /// Not UTF-8, with wildcards or control characters, empty or too long.
    BadTopic "bad_topic";
    /// QoS 2.
    QosTwo "qos_2";
    /// No CONNECT in time.
    NoConnect "no_connect";
    /// A protocol level other than 3.1.1 and 5.
    OldProtocol "protocol_level";
    /// A client id that cannot be used.
    BadClientId "bad_client_id";
    /// Nothing heard for 1.5 times the keep-alive.
    Silent "silent";
    /// The peer does not take our bytes.
    SlowReader "slow_reader";
    /// A packet was begun and not finished in time.
    SlowWriter "slow_writer";
    /// A subscriber does not acknowledge what it is sent.
    NoAck "no_ack";
    /// Another link came with the same client id.
    Takeover "takeover";
    /// One device identity on two connections.
    DoubleIdentity "double_identity";
    /// The identity was removed or changed.
    Revoked "revoked";
    /// A limit on connections, rate, subscriptions or memory.
    Limit "limit";
    /// The journal did not take what was sent.
    JournalGone "journal_gone";
    /// The router does not answer.
    RouterGone "router_gone";
    /// A bug of ours: a link panicked and was closed.
    LinkPanic "link_panic";
}

/// One thing that went wrong with one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When, by the wall clock.
    pub at: Timestamp,
    /// `<site>/<identity>` where it is known, else the peer's address.
    pub identity: String,
    /// What.
    pub kind: TroubleKind,
    /// Which topic, packet or figure; at most 200 bytes.
    pub detail: String,
}

/// The ring and the counters.
#[derive(Debug)]
pub struct Troubles {
    ring: Mutex<VecDeque<Trouble>>,
    counted: IntCounterVec,
}

impl Troubles {
    /// Registers `watchfire_mqtt_troubles_total{kind}`, every kind at zero.
    ///
    /// # Errors
    /// When the registry already has a metric of that name.
    pub fn new(registry: &Registry) -> Result<Troubles, prometheus::Error> {
        let options = Opts::new("watchfire_mqtt_troubles_total", "Refusals and closed links on the MQTT listener.");
        let counted = IntCounterVec::new(options, &["kind"])?;
        for kind in TroubleKind::ALL {
            counted.with_label_values(&[kind.as_str()]);
        }
        registry.register(Box::new(counted.clone()))?;
        Ok(Troubles { ring: Mutex::new(VecDeque::new()), counted })
    }

    /// Counts and keeps a trouble; the oldest gives way.
    pub fn note(&self, at: Timestamp, identity: &str, kind: TroubleKind, detail: &str) {
        self.counted.with_label_values(&[kind.as_str()]).inc();
        tracing::debug!(identity, kind = kind.as_str(), detail, "trouble on the MQTT listener");
        let trouble = Trouble { at, identity: cut(identity).to_owned(), kind, detail: cut(detail).to_owned() };
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= TROUBLES_KEPT {
            ring.pop_front();
        }
        ring.push_back(trouble);
    }

    /// The kept troubles, newest first, at most `count`.
    pub fn latest(&self, count: usize) -> Vec<Trouble> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().rev().take(count).cloned().collect()
    }

    /// How many of that kind since the start.
    pub fn count(&self, kind: TroubleKind) -> u64 {
        self.counted.with_label_values(&[kind.as_str()]).get()
    }
}

fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(DETAIL_BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_is_bounded_and_the_counters_start_at_zero() {
        let troubles = Troubles::new(&Registry::new()).unwrap();
        assert_eq!(troubles.count(TroubleKind::Malformed), 0);
        for n in 0..TROUBLES_KEPT + 3 {
            troubles.note(Timestamp(0), "care/gw1", TroubleKind::Malformed, &n.to_string());
        }
        assert_eq!(troubles.count(TroubleKind::Malformed), 503);
        assert_eq!(troubles.latest(1)[0].detail, "502");
        assert_eq!(troubles.latest(10_000).len(), TROUBLES_KEPT);
        troubles.note(Timestamp(0), "x", TroubleKind::BadTopic, &"三".repeat(200));
        assert_eq!(troubles.latest(1)[0].detail.len(), 198);
    }
}
