//! What went wrong with transmission devices, for the console and the metrics: a bounded ring and counters by kind.

use prometheus::{IntCounterVec, Opts, Registry};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use watchfire_model::{Bilingual, Timestamp};

/// Troubles kept for the console.
const KEPT_MAX: usize = 500;

macro_rules! trouble_kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal $english:literal $chinese:literal;)*) => {
        /// The kinds of trouble; also the metric label.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum PanelTroubleKind { $($(#[$doc])* $variant,)* }

        impl PanelTroubleKind {
            /// Every kind.
            pub const ALL: &'static [PanelTroubleKind] = &[$(PanelTroubleKind::$variant,)*];

            /// The name in JSON and as a metric label.
            pub fn as_str(self) -> &'static str {
                match self { $(PanelTroubleKind::$variant => $name,)* }
            }

            /// What it is, for people.
            pub fn words(self) -> Bilingual {
                match self { $(PanelTroubleKind::$variant => Bilingual::new($english, $chinese),)* }
            }
        }
    };
}

trouble_kinds! {
    /// A frame with a wrong checksum; denied.
    Damaged "damaged_frame" "a frame with a wrong checksum" "校验和错误的数据包";
    /// A frame that is too long or does not end as one; denied.
    Misframed "misframed" "a frame that is too long or has no end" "数据包过长或缺少结束符";
    /// A command that is not for the centre, or reserved; denied.
    ForeignCommand "foreign_command" "a command that is not for the centre" "不应发往监控中心的命令";
    /// The address is in no list; denied, and the connection closed.
    Unlisted "unlisted_device" "a device that is not in the list" "未登记的传输装置";
    /// An unlisted device is heard, as the listener allows.
    Unclaimed "unclaimed_device" "a device that is not in the list, taken all the same" "未登记但已接收的传输装置";
    /// A further device on one connection.
    FurtherDevice "further_device" "a further device on one connection" "同一连接上出现另一台传输装置";
    /// More devices than one connection may carry.
    TooManyDevices "too_many_devices" "too many devices on one connection" "同一连接上的传输装置过多";
    /// One device on two connections.
    DoubleIdentity "double_identity" "one device on two connections" "同一传输装置出现在两个连接上";
    /// Bytes that are no frame; closed.
    Unframed "unframed_bytes" "bytes that are no frame" "无法组成数据包的字节";
    /// No sound frame in time; closed.
    Silent "silent_connection" "a connection without a frame" "长时间没有数据包的连接";
    /// The peer does not take our bytes; closed.
    SlowReader "slow_reader" "a device that takes no answer" "不接收应答的传输装置";
    /// A device sends faster than it may; it is read more slowly.
    Flood "flood" "a device that sends too fast" "传输装置发送过快";
    /// A limit on connections.
    Limit "limit" "too many connections" "连接过多";
    /// The journal did not take what was sent; closed.
    JournalGone "journal_gone" "the journal takes nothing" "日志无法写入";
    /// A bug of ours: a connection panicked and was closed.
    Panic "connection_panic" "a connection failed inside the gateway" "网关内部连接故障";
}

/// One thing that went wrong with one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelTrouble {
    /// When, by the wall clock.
    pub at: Timestamp,
    /// `<site>/<device>` where it is known, else the connection.
    pub who: String,
    /// What.
    pub kind: PanelTroubleKind,
    /// Which address, serial number or bytes.
    pub detail: String,
}

/// The ring and the counters.
#[derive(Debug)]
pub struct PanelTroubles {
    ring: Mutex<VecDeque<PanelTrouble>>,
    counted: IntCounterVec,
}

impl PanelTroubles {
    /// Registers `watchfire_gbt26875_troubles_total{kind}`, every kind at zero.
    pub(crate) fn new(registry: &Registry) -> Result<PanelTroubles, prometheus::Error> {
        let options = Opts::new("watchfire_gbt26875_troubles_total", "Troubles with transmission devices.");
        let counted = IntCounterVec::new(options, &["kind"])?;
        for kind in PanelTroubleKind::ALL {
            counted.with_label_values(&[kind.as_str()]);
        }
        registry.register(Box::new(counted.clone()))?;
        Ok(PanelTroubles { ring: Mutex::new(VecDeque::new()), counted })
    }

    pub(crate) fn note(&self, at: Timestamp, who: &str, kind: PanelTroubleKind, detail: String) {
        self.counted.with_label_values(&[kind.as_str()]).inc();
        tracing::debug!(who, kind = kind.as_str(), detail, "trouble with a transmission device");
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= KEPT_MAX {
            ring.pop_front();
        }
        ring.push_back(PanelTrouble { at, who: who.to_owned(), kind, detail });
    }

    /// The kept troubles, newest first, at most `count`.
    pub fn latest(&self, count: usize) -> Vec<PanelTrouble> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().rev().take(count).cloned().collect()
    }

    /// How many of that kind since the start.
    pub fn count(&self, kind: PanelTroubleKind) -> u64 {
        self.counted.with_label_values(&[kind.as_str()]).get()
    }
}
