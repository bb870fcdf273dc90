//! Who hears of what the rules did: the board, the listener, whoever waits for an order, the metrics. Nobody here may make
//! the rules wait.

use crate::clock;
use crate::parts::fold::Applied;
use crate::parts::listener::Listener;
use crate::parts::metrics::StationMetrics;
use crate::parts::order_desk::OrderDesk;
use crate::parts::progress::Progress;
use crate::parts::test_views;
use std::sync::Arc;
use tracing::warn;
use watchfire_console::Live;
use watchfire_intake::Flow;
use watchfire_model::{AlertRecord, Decoded, Entry, Frame, Input, SiteId, Timestamp};
use watchfire_rules::{Engine, replay};

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
}

impl Tell {
    /// The board hears of every entry.
    pub(crate) fn entry(&self, entry: &Entry<'_>, applied: &Applied) {
        match (&entry.input, applied) {
            (Input::Frame(frame), Applied::Frame(decoded)) => self.frame(entry.at, frame, decoded),
            (_, Applied::SetUp(sites)) => self.live.setup(sites),
            (Input::Outcome(outcome), _) => self.live.outcome(entry.at, outcome),
            (Input::Skip(seq), _) => {
                warn!(%seq, "entry is skipped for ever: the station died at it twice");
                self.metrics.skipped_entries.inc();
            }
            _ => {}
        }
    }

    fn frame(&self, at: Timestamp, frame: &Frame<'_>, decoded: &Decoded) {
        if let Ok(site) = SiteId::new(frame.site) {
            self.live.decoded(at, &site, decoded);
        }
        if !decoded.defects.is_empty() {
            self.metrics.defects(&decoded.defects);
            self.live.defects(at, frame.identity, &decoded.defects);
        }
    }

    /// The board hears of tests.
    pub(crate) fn tests(&mut self, engine: &Engine) {
        if std::mem::replace(&mut self.tests_told, engine.tests_revision()) != engine.tests_revision() {
            self.live.tests(test_views::all(engine));
        }
    }

    /// Everybody hears of what is durable in the alert log.
    pub(crate) fn record(&self, position: u64, record: &AlertRecord, engine: &Engine) {
        for transition in &record.transitions {
            if let Some(incident) = engine.incident_of(transition.alert) {
                self.live.join(transition.alert, incident);
            }
        }
        self.live.alert_record(position, record);
        for transition in &record.transitions {
            self.listener.publish_alert(transition.site.as_str(), &replay::transition_line(transition));
            self.metrics.transition(transition);
            self.metrics.latency("raised", clock::wall().since(transition.at));
        }
    }
}
