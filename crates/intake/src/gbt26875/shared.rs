//! What all connections of the gateway share, and what is told of them.

use crate::addresses::{Addresses, Turned};
use crate::clock;
use crate::flow::Flow;
use crate::gate::Submission;
use crate::gbt26875::book::{Book, Place};
use crate::gbt26875::downlink::{Downlink, PanelConnection};
use crate::gbt26875::exchange::{Refusal, Told};
use crate::gbt26875::metrics::{Metrics, outcome};
use crate::gbt26875::roster::Roster;
use crate::gbt26875::settings::GatewayLimits;
use crate::gbt26875::troubles::{PanelTroubleKind, PanelTroubles};
use crate::limits::Limits;
use crate::share::Stock;
use arc_swap::ArcSwap;
use compact_str::CompactString;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use watchfire_model::{Bilingual, DeviceKey, Notice, NoticeKind};

/// Bytes of a damaged frame that are shown.
const SHOWN_BYTES_MAX: usize = 48;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct GatewayShared {
    pub(crate) limits: GatewayLimits,
    pub(crate) address_limits: Limits,
    pub(crate) roster: ArcSwap<Roster>,
    pub(crate) queue: mpsc::Sender<Submission>,
    pub(crate) queued: Arc<Stock>,
    pub(crate) flow: Arc<Flow>,
    pub(crate) notices: mpsc::Sender<Notice>,
    pub(crate) metrics: Metrics,
    pub(crate) troubles: PanelTroubles,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) book: Book,
    pub(crate) stop: CancellationToken,
    pub(crate) links: AtomicU64,
}

/// A connection, as what is told of it needs it.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) link: u64,
    pub(crate) name: CompactString,
    pub(crate) listener: CompactString,
    pub(crate) peer: SocketAddr,
    pub(crate) commands: mpsc::Sender<Downlink>,
}

impl GatewayShared {
    pub(crate) fn trouble(&self, who: &str, kind: PanelTroubleKind, detail: impl Into<String>) {
        self.troubles.note(clock::wall(), who, kind, detail.into());
    }

    pub(crate) fn notice(&self, notice: Notice) {
        if self.notices.try_send(notice).is_err() {
            self.metrics.notices_dropped.inc();
        }
    }

    /// A connection that was not taken.
    pub(crate) fn turned_away(&self, address: IpAddr, why: Turned) {
        self.trouble(&address.to_string(), PanelTroubleKind::Limit, format!("{why:?}"));
    }

    /// Counts and shows one thing.
    pub(crate) fn tell(&self, teller: &Teller, told: Told) {
        let who = teller.name.as_str();
        match told {
            Told::Journaled => self.metrics.frame(outcome::JOURNALED),
            Told::Repeated => self.metrics.frame(outcome::REPEATED),
            Told::RepeatedEarly => self.metrics.frame(outcome::REPEATED_EARLY),
            Told::Damaged(bytes) => {
                self.metrics.frame(outcome::DAMAGED);
                self.trouble(who, PanelTroubleKind::Damaged, hex(&bytes));
            }
            Told::Misframed(serial) => {
                self.metrics.frame(outcome::MISFRAMED);
                self.trouble(who, PanelTroubleKind::Misframed, format!("serial number {serial}"));
            }
            Told::ForeignCommand(command) => {
                self.trouble(who, PanelTroubleKind::ForeignCommand, format!("command {command}"));
            }
            Told::Bound { key, listed, further } => self.bound(teller, &key, listed, further),
            Told::Unbound(key) => self.book.unbind(&key, teller.link),
        }
    }

    fn bound(&self, teller: &Teller, key: &DeviceKey, listed: bool, further: bool) {
        let now = clock::now();
        let shown = PanelConnection {
            key: key.clone(),
            listed,
            listener: teller.listener.clone(),
            peer: teller.peer,
            since: clock::wall(),
        };
        let place = Place { link: teller.link, commands: teller.commands.clone(), bound_at: now, heard_at: now, shown };
        let others = self.book.bind(key, place);
        let who = key.to_string();
        if !listed {
            self.trouble(&who, PanelTroubleKind::Unclaimed, teller.name.as_str());
        }
        if further {
            self.trouble(&who, PanelTroubleKind::FurtherDevice, teller.name.as_str());
        }
        if others > 0 {
            self.trouble(&who, PanelTroubleKind::DoubleIdentity, format!("{}, beside {others}", teller.name));
        }
    }

    /// Devices were heard on a connection.
    pub(crate) fn heard(&self, teller: &Teller, keys: &[DeviceKey]) {
        let now = clock::now();
        for key in keys.iter().filter(|key| self.book.heard(key, teller.link, now)) {
            let detail = Bilingual::new(
                format!("two senders use the address of transmission device {key}; one of them is at {}", teller.peer),
                format!("有两个发送方使用传输装置 {key} 的地址，其中一个位于 {}", teller.peer),
            );
            self.notice(Notice { kind: NoticeKind::DoubleIdentity, subject: key.to_string(), detail, active: true });
        }
    }

    /// A connection is closed by us.
    pub(crate) fn refused(&self, teller: &Teller, refusal: Refusal) {
        let who = teller.name.as_str();
        match refusal {
            Refusal::Unlisted(address) => {
                self.metrics.frame(outcome::REFUSED);
                self.trouble(who, PanelTroubleKind::Unlisted, format!("source address {address}"));
            }
            Refusal::TooManyDevices => {
                self.metrics.frame(outcome::REFUSED);
                self.trouble(who, PanelTroubleKind::TooManyDevices, "");
            }
            Refusal::Unframed => self.trouble(who, PanelTroubleKind::Unframed, ""),
        }
    }

    /// Once a second: what is over is forgotten and said.
    pub(crate) fn tidy(&self) {
        let now = clock::now();
        self.addresses.tidy(now, &self.address_limits);
        for key in self.book.tidy(now) {
            let detail = Bilingual::new(
                format!("for ten minutes only one sender used the address of transmission device {key}"),
                format!("十分钟内只有一个发送方使用传输装置 {key} 的地址"),
            );
            self.notice(Notice { kind: NoticeKind::DoubleIdentity, subject: key.to_string(), detail, active: false });
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let shown = bytes.iter().take(SHOWN_BYTES_MAX).map(|byte| format!("{byte:02x}"));
    let rest = if bytes.len() > SHOWN_BYTES_MAX { "…" } else { "" };
    shown.collect::<String>() + rest
}
