//! Who hears of what the rules did: the board, the listener, whoever waits for an order, the metrics. Nobody here may make
//! the rules wait.

use crate::clock;
use crate::parts::fold::Applied;
use crate::parts::listener::Listener;
use crate::parts::metrics::StationMetrics;
use crate::parts::notices::Notices;
use crate::parts::order_desk::OrderDesk;
use crate::parts::progress::Progress;
use crate::parts::test_views;
use crate::parts::threads::text_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tracing::{error, warn};
use watchfire_console::Live;
use watchfire_intake::Flow;
use watchfire_model::{
    AlertRecord, Bilingual, Decoded, Entry, Input, NoticeKind, Outcome, Seq, SiteId, Sites, Timestamp,
};
use watchfire_rules::{Engine, replay};

/// The name of the board among the parts.
pub(crate) const BOARD: &str = "board";

/// A device at which the tests let the board panic.
#[cfg(test)]
pub(crate) const BOARD_POISON: &str = "board-poison";

/// What the board is told of an entry.
pub(crate) enum News {
    Decoded { at: Timestamp, site: Option<SiteId>, identity: String, decoded: Decoded },
    SetUp(Sites),
    Outcome(Timestamp, Outcome),
    Skip(Seq),
}

impl News {
    /// Of an entry and what it was for the rules; most say nothing.
    pub(crate) fn of(entry: &Entry<'_>, applied: Applied) -> Option<News> {
        match (&entry.input, applied) {
            (Input::Frame(frame), Applied::Frame(decoded)) => Some(News::Decoded {
                at: entry.at,
                site: SiteId::new(frame.site).ok(),
                identity: frame.identity.to_owned(),
                decoded,
            }),
            (_, Applied::SetUp(sites)) => Some(News::SetUp(sites)),
            (Input::Outcome(outcome), _) => Some(News::Outcome(entry.at, outcome.clone())),
            (Input::Skip(seq), _) => Some(News::Skip(*seq)),
            _ => None,
        }
    }
}

/// Who hears what the rules found.
pub(crate) struct Tell {
    pub(crate) applied: Progress,
    pub(crate) alerts: Progress,
    pub(crate) snapshot: Progress,
    pub(crate) flow: Arc<Flow>,
    pub(crate) live: Arc<Live>,
    pub(crate) orders: Arc<OrderDesk>,
    pub(crate) metrics: Arc<StationMetrics>,
    pub(crate) listener: Listener,
    /// The revision of the tests that the board was told last.
    pub(crate) tests_told: u64,
    /// Whether the board has failed since the start.
    pub(crate) notices: Notices,
}

impl Tell {
    /// The board is whole: its state is what was recovered.
    pub(crate) fn begin(&mut self) {
        self.notices.state(NoticeKind::PartDown, BOARD, false, Bilingual::default);
    }

    /// The board hears of every entry.
    pub(crate) fn news(&mut self, news: &News) {
        match news {
            News::Decoded { at, site, identity, decoded } => self.decoded(*at, site.as_ref(), identity, decoded),
            News::SetUp(sites) => self.board(|live| live.setup(sites)),
            News::Outcome(at, outcome) => self.board(|live| live.outcome(*at, outcome)),
            News::Skip(seq) => {
                warn!(%seq, "entry is skipped for ever: the station died at it twice");
                self.metrics.skipped_entries.inc();
            }
        }
    }

    fn decoded(&mut self, at: Timestamp, site: Option<&SiteId>, identity: &str, decoded: &Decoded) {
        if let Some(site) = site {
            self.board(|live| {
                #[cfg(test)]
                assert!(decoded.device.as_ref().is_none_or(|it| it.as_str() != BOARD_POISON), "the board's poison");
                live.decoded(at, site, decoded);
            });
        }
        if !decoded.defects.is_empty() {
            self.metrics.defects(&decoded.defects);
            self.board(|live| live.defects(at, identity, &decoded.defects));
        }
    }

    /// The board hears of tests.
    pub(crate) fn tests(&mut self, engine: &Engine) {
        if std::mem::replace(&mut self.tests_told, engine.tests_revision()) != engine.tests_revision() {
            self.board(|live| live.tests(test_views::all(engine)));
        }
    }

    /// The board hears the time; what is wrong with it goes to the journal.
    pub(crate) fn tick(&mut self, at: Timestamp) {
        self.board(|live| live.tick(at));
        self.notices.hand_over(clock::instant());
    }

    /// Everybody hears of what is durable in the alert log.
    pub(crate) fn record(&mut self, position: u64, record: &AlertRecord, engine: &Engine) {
        self.board(|live| {
            for transition in &record.transitions {
                if let Some(incident) = engine.incident_of(transition.alert) {
                    live.join(transition.alert, incident);
                }
            }
            live.alert_record(position, record);
        });
        for transition in &record.transitions {
            self.listener.publish_alert(transition.site.as_str(), &replay::transition_line(transition));
            self.metrics.transition(transition);
            self.metrics.latency("raised", clock::wall().since(transition.at));
        }
    }

    /// Tells the board. A screen that panics must cost no alarm: it is counted, people are told, and the rules go on.
    fn board(&mut self, tell: impl FnOnce(&Live)) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| tell(&self.live))) else { return };
        let why = text_of(&*panic);
        error!(why, "the board has panicked; it may miss something until the next start");
        self.metrics.part_failures.with_label_values(&[BOARD]).inc();
        self.notices.state(NoticeKind::PartDown, BOARD, true, || {
            Bilingual::new(
                format!("the board may miss something; people are still told: restart the station ({why})"),
                format!("看板可能缺少内容，警情通知不受影响：请重启本站（{why}）"),
            )
        });
    }
}
