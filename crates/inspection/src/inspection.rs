//! The schedule itself: state, time, and the way in and out.

use crate::calendar;
use crate::clockwork::Timer;
use crate::command::PanelCommand;
use crate::device::Device;
use crate::duty::DutyRecord;
use crate::ended::Ended;
use crate::event::{InspectionEvent, Refusal, Stamp};
use crate::exchange::Task;
use crate::figures::Figures;
use crate::notices::Notices;
use crate::orders::RecentOrders;
use crate::recorded::Recorded;
use compact_str::CompactString;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use watchfire_model::{DeviceKey, JournalId, Notice, NoticeKind, SiteId, Timestamp};
use watchfire_wire::gbt26875::Digits;

/// The schedule. Clone it, snapshot it, replay it: the same entries give the same schedule and the same commands.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub(crate) journal: JournalId,
    pub(crate) state: State,
    /// Derived from the state; entries may be stale and are checked when their time comes.
    pub(crate) timers: BTreeSet<(Timestamp, Timer, DeviceKey)>,
    /// Exchanges whose attempt is to be sent now, at most one of a device.
    pub(crate) ready: BTreeSet<(Task, DeviceKey)>,
    /// Derived from the state.
    pub(crate) zones: BTreeMap<SiteId, TimeZone>,
    /// Notices handed out, with whether they begin or end.
    pub(crate) noticed: BTreeSet<(NoticeKind, DeviceKey, bool)>,
    /// Counts that nobody has taken yet.
    pub(crate) ended: Ended,
    /// Changes that nobody has taken yet; `None` when nobody wants them.
    pub(crate) recorded: Option<Recorded>,
}

/// What a snapshot holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) stamp: Stamp,
    /// IANA names.
    pub(crate) zone_names: BTreeMap<SiteId, String>,
    /// Site → device or identity → how it writes times, where a dialect is named for it.
    pub(crate) digits: BTreeMap<CompactString, BTreeMap<CompactString, Digits>>,
    pub(crate) devices: BTreeMap<DeviceKey, Device>,
    /// Duty checks that are over, oldest first.
    pub(crate) checks: VecDeque<DutyRecord>,
    pub(crate) figures: Figures,
    pub(crate) notices: Notices,
    pub(crate) orders: RecentOrders,
}

impl Inspection {
    /// A schedule that knows of no device. Everything else comes with the journal's entries.
    pub fn new(journal: JournalId) -> Inspection {
        Inspection::with_state(journal, State::default())
    }

    pub(crate) fn with_state(journal: JournalId, state: State) -> Inspection {
        let (timers, ready, noticed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let zones = state.zone_names.iter().map(|(site, name)| (site.clone(), calendar::zone(name))).collect();
        let ended = Ended::default();
        let mut inspection = Inspection { journal, state, timers, ready, zones, noticed, ended, recorded: None };
        inspection.arm_all();
        inspection
    }

    /// Takes in one entry; entries come in the journal's order, each once. Answers only an order, and only to refuse it.
    pub fn apply(&mut self, stamp: Stamp, event: &InspectionEvent<'_>) -> Option<Refusal> {
        self.state.stamp = Stamp { seq: stamp.seq, at: stamp.at.max(self.state.stamp.at) };
        // Before the timers: nobody is late whom the station could not hear.
        if let InspectionEvent::Started(_) = event {
            self.restarted();
        }
        self.advance();
        match event {
            InspectionEvent::Frame(frame) => self.frame(frame),
            InspectionEvent::Tick | InspectionEvent::Started(_) => {}
            InspectionEvent::Order(order) => return self.order(order),
            InspectionEvent::Setup { sites, dialects } => self.set_up(sites, dialects),
            InspectionEvent::Notice(notice) => self.notice_journaled(notice),
        }
        None
    }

    /// What is to be sent now, duty checks first. Each attempt is handed out once, and not at all when its answer or the
    /// next start came before: so nothing of a former life is sent, however much is replayed.
    pub fn due(&mut self) -> Vec<PanelCommand> {
        let ready = std::mem::take(&mut self.ready);
        ready.into_iter().filter_map(|(task, key)| self.command(task, key)).collect()
    }

    /// When the next timer is due. An entry at or after that time fires it; looking sooner does nothing.
    pub fn wake_at(&self) -> Option<Timestamp> {
        if self.ready.is_empty() { self.timers.first().map(|(at, ..)| *at) } else { Some(self.state.stamp.at) }
    }

    /// Notices that are to be journaled: a device does not answer its inspection, a guard not his duty check, or they do
    /// again. Each is handed out once, and again after a restart until it comes back as an entry.
    pub fn notices(&mut self) -> Vec<Notice> {
        let pending = self.state.notices.pending();
        let fresh = pending
            .into_iter()
            .filter(|((kind, key), notice)| self.noticed.insert((*kind, key.clone(), notice.active)));
        fresh.map(|(_, notice)| notice).collect()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state.stamp.at
    }

    /// The time zone of a device's site.
    pub(crate) fn zone(&self, site: &SiteId) -> TimeZone {
        self.zones.get(site).cloned().unwrap_or_else(|| calendar::zone(""))
    }

    fn command(&self, task: Task, key: DeviceKey) -> Option<PanelCommand> {
        let device = self.state.devices.get(&key)?;
        let exchange = device.open.as_ref().filter(|open| open.task == task)?;
        let answer_min = device.duty.as_ref().map_or(0, |check| check.record.answer_min);
        Some(PanelCommand::new(key, exchange, answer_min, device.digits))
    }

    fn notice_journaled(&mut self, notice: &Notice) {
        if let Some((kind, key)) = self.state.notices.journaled(notice) {
            self.noticed.remove(&(kind, key, notice.active));
        }
    }
}
