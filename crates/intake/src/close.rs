//! Why a link ends, and how the peer is told: the v5 reason code, the 3.1.1 way (the socket closes), the trouble.

use crate::troubles::TroubleKind;

macro_rules! closes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $trouble:expr;)*) => {
        /// Why a link ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Close { $($(#[$doc])* $variant,)* }

        impl Close {
            const ALL: &'static [Close] = &[$(Close::$variant,)*];

            /// The v5 reason code; 0 where the peer is already gone or said good-bye.
            pub(crate) fn code(self) -> u8 {
                match self { $(Close::$variant => $code,)* }
            }

            /// What an operator sees; `None` for an ordinary end.
            pub(crate) fn trouble(self) -> Option<TroubleKind> {
                match self { $(Close::$variant => $trouble,)* }
            }
        }
    };
}

closes! {
    /// The client said DISCONNECT.
    Bye = 0x00, None;
    /// The client said DISCONNECT with Will Message.
    ByeWithWill = 0x04, None;
    /// The socket ended without a word.
    Gone = 0x00, None;
    /// Bytes that are not MQTT.
    Malformed = 0x81, Some(TroubleKind::Malformed);
    /// MQTT, but not allowed here.
    Protocol = 0x82, Some(TroubleKind::Protocol);
    /// A topic or filter that the identity may not use.
    ForeignTopic = 0x87, Some(TroubleKind::ForeignTopic);
    /// A topic name that no client may use.
    BadTopic = 0x90, Some(TroubleKind::BadTopic);
    /// More unacknowledged publishes than Receive Maximum allows.
    TooManyInFlight = 0x93, Some(TroubleKind::Protocol);
    /// An alias that is not known, or out of range.
    BadAlias = 0x94, Some(TroubleKind::Protocol);
    /// A packet larger than Maximum Packet Size.
    TooLarge = 0x95, Some(TroubleKind::Oversize);
    /// QoS 2.
    QosTwo = 0x9B, Some(TroubleKind::QosTwo);
    /// Nothing heard for 1.5 times the keep-alive.
    Silent = 0x8D, Some(TroubleKind::Silent);
    /// The peer does not take our bytes.
    SlowReader = 0x97, Some(TroubleKind::SlowReader);
    /// A packet was begun and not finished in time.
    SlowWriter = 0x81, Some(TroubleKind::SlowWriter);
    /// A subscriber does not acknowledge what it is sent.
    NoAck = 0x97, Some(TroubleKind::NoAck);
    /// Another link came with the same client id.
    TakenOver = 0x8E, Some(TroubleKind::Takeover);
    /// The identity was removed or changed.
    Revoked = 0x98, Some(TroubleKind::Revoked);
    /// Unfinished packets of all links together take too much memory.
    NoRoom = 0x97, Some(TroubleKind::Limit);
    /// The station stops.
    Stopping = 0x8B, None;
    /// The journal is gone: nothing can be acknowledged.
    JournalGone = 0x83, Some(TroubleKind::JournalGone);
    /// The router does not answer.
    RouterGone = 0x88, Some(TroubleKind::RouterGone);
}

impl Close {
    /// The reason of that number, as kept in an atomic; see [`Close::number`].
    pub(crate) fn from_number(number: u8) -> Option<Close> {
        number.checked_sub(1).and_then(|index| Close::ALL.get(usize::from(index)).copied())
    }

    /// A number other than 0 for an atomic.
    pub(crate) fn number(self) -> u8 {
        let index = Close::ALL.iter().position(|close| *close == self).unwrap_or(0);
        u8::try_from(index).map_or(1, |index| index.saturating_add(1))
    }

    /// Whether the peer is told by a v5 DISCONNECT.
    pub(crate) fn is_told(self) -> bool {
        !matches!(self, Close::Bye | Close::ByeWithWill | Close::Gone)
    }

    /// Whether whole packets that were received and not yet looked at still count.
    pub(crate) fn ends_in_peace(self) -> bool {
        matches!(
            self,
            Close::Gone
                | Close::Silent
                | Close::SlowReader
                | Close::NoAck
                | Close::TakenOver
                | Close::Stopping
                | Close::RouterGone
        )
    }

    /// Whether the will is published. A stop defers it: the client comes back to the restarted station.
    pub(crate) fn leaves_will(self) -> bool {
        !matches!(self, Close::Bye | Close::Stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        for close in Close::ALL {
            assert_eq!(Close::from_number(close.number()), Some(*close));
        }
        assert_eq!(Close::from_number(0), None);
    }
}
