//! The schedule as people see it.

use crate::calendar::{self, Month};
use crate::device::{Asked, Device};
use crate::duty::DutyRecord;
use crate::exchange::Outcome;
use crate::inspection::Inspection;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{Bilingual, DeviceKey, DutyFigures, DutyPlan, PanelRead, SiteId, Timestamp, UserName, ZoneId};
use watchfire_wire::gbt26875::{Kind, State, StateOf, is_set};

/// A transmission device: how it is asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceView {
    /// Which.
    pub device: DeviceKey,
    /// What people call it.
    pub label: Bilingual,
    /// Where it hangs.
    pub zone: Option<ZoneId>,
    /// Its address; 0 for none.
    pub address: u64,
    /// When anything was heard of it.
    pub heard_at: Option<Timestamp>,
    /// It is inspected this often, in seconds; `None`: only by order.
    pub period_s: Option<u64>,
    /// Whether an order set the period.
    pub period_by_order: bool,
    /// When it is inspected next.
    pub next_inspection_at: Option<Timestamp>,
    /// The last inspection.
    pub inspection: AskedView,
    /// The last setting of its clock.
    pub clock: AskedView,
    /// The last initialisation.
    pub initialisation: AskedView,
    /// What is asked of it now.
    pub asking: Option<AskingView>,
    /// How many questions wait.
    pub waiting: usize,
    /// Its own state, as it answered last: the names of the bits that are set.
    pub state: Option<Vec<&'static str>>,
    /// The states of its systems, as it answered last.
    pub systems: Vec<SystemView>,
    /// Its software version.
    pub version: Option<String>,
    /// Its configuration, in its own words.
    pub configuration: Option<String>,
    /// How far its clock was ahead when it was read last, in seconds; negative when it was behind.
    pub clock_ahead_s: Option<i64>,
    /// What it does not answer, though it answers other questions.
    pub unsupported: Vec<PanelRead>,
    /// The duty check that is under way.
    pub duty: Option<DutyRecord>,
    /// When the guard is asked without an order.
    pub duty_plan: Option<DutyPlan>,
}

/// When something was asked last, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskedView {
    /// When.
    pub asked_at: Option<Timestamp>,
    /// When the device answered last.
    pub answered_at: Option<Timestamp>,
    /// What came of it; `None` before the first and while one is under way.
    pub outcome: Option<Outcome>,
    /// Who ordered it; `None` by schedule.
    pub by: Option<UserName>,
}

/// What is asked of a device now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskingView {
    /// The type of the application unit, 61 to 91.
    pub kind: u8,
    /// Its name in the standard.
    pub name: Bilingual,
    /// The number of the exchange.
    pub serial: u16,
    /// Which attempt, from 1.
    pub attempt: u8,
    /// Since when.
    pub since: Timestamp,
}

/// A system's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SystemView {
    /// Its type.
    pub kind: u8,
    /// Its address.
    pub address: u8,
    /// The names of the bits that are set.
    pub state: Vec<&'static str>,
}

/// A site's duty checks of one month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DutyReport {
    /// Which month, by the site's clocks.
    pub month: Month,
    /// The figures.
    pub figures: DutyFigures,
    /// The checks themselves, newest first, as far back as they are kept in memory.
    pub checks: Vec<DutyRecord>,
}

impl Inspection {
    /// Every transmission device, by site and name.
    pub fn devices(&self) -> impl Iterator<Item = DeviceView> {
        self.state.devices.iter().map(|(key, device)| view(key, device))
    }

    /// One of them.
    pub fn device(&self, key: &DeviceKey) -> Option<DeviceView> {
        self.state.devices.get(key).map(|device| view(key, device))
    }

    /// A site's duty checks of a month; empty for a site without any.
    pub fn duty_checks(&self, site: &SiteId, month: Month) -> DutyReport {
        let zone = self.zone(site);
        let in_month = |check: &&DutyRecord| check.device.site == *site && Month::of(check.asked_at, &zone) == month;
        let open = self.state.devices.values().filter_map(|device| device.duty.as_ref()).map(|check| &check.record);
        let mut checks: Vec<DutyRecord> = open.chain(&self.state.checks).filter(in_month).cloned().collect();
        checks.sort_by(|a, b| (b.asked_at, &a.device).cmp(&(a.asked_at, &b.device)));
        DutyReport { month, figures: self.state.figures.of(site, month), checks }
    }

    /// The figures of a month, of each site that had duty checks in it or has transmission devices.
    pub fn duty_figures(&self, month: Month) -> BTreeMap<SiteId, DutyFigures> {
        let listed = self.state.devices.keys().map(|key| &key.site);
        let sites: BTreeSet<&SiteId> = self.state.figures.sites(month).chain(listed).collect();
        sites.into_iter().map(|site| (site.clone(), self.state.figures.of(site, month))).collect()
    }

    /// The month that it is at the first of the sites with transmission devices.
    pub fn this_month(&self) -> Month {
        let site = self.state.devices.keys().next().map(|key| &key.site);
        Month::of(self.now(), &site.map_or_else(|| calendar::zone(""), |site| self.zone(site)))
    }

    /// The month that it is at a site.
    pub fn month(&self, site: &SiteId) -> Month {
        Month::of(self.now(), &self.zone(site))
    }
}

fn view(key: &DeviceKey, device: &Device) -> DeviceView {
    let asking = device.open.as_ref().map(|open| {
        let kind: Kind = open.task.kind();
        let (serial, attempt, since) = (open.serial, open.attempt, open.began_at);
        AskingView { kind: kind.code(), name: kind.words(), serial, attempt, since }
    });
    let systems = device.findings.systems.iter().map(|((kind, address), state)| SystemView {
        kind: *kind,
        address: *address,
        state: names(StateOf::System, *state),
    });
    DeviceView {
        device: key.clone(),
        label: device.line.label.clone(),
        zone: device.line.zone.clone(),
        address: device.line.address,
        heard_at: device.heard_at,
        period_s: device.period().map(|period| period.as_secs()),
        period_by_order: device.period_s.is_some(),
        next_inspection_at: device.next_inspection,
        inspection: asked(&device.inspected),
        clock: asked(&device.clock_set),
        initialisation: asked(&device.initialised),
        asking,
        waiting: device.queue.len(),
        state: device.findings.state.map(|state| names(StateOf::Uitd, u16::from(state))),
        systems: systems.collect(),
        version: device.findings.version.map(|[major, minor]| format!("{major}.{minor}")),
        configuration: device.findings.configuration.clone(),
        clock_ahead_s: device.findings.clock_ahead_us.map(|ahead_us| ahead_us / 1_000_000),
        unsupported: device.unsupported.iter().copied().collect(),
        duty: device.duty.as_ref().map(|check| check.record.clone()),
        duty_plan: device.line.duty,
    }
}

fn asked(asked: &Asked) -> AskedView {
    let Asked { asked_at, answered_at, outcome, by } = asked.clone();
    AskedView { asked_at, answered_at, outcome, by }
}

fn names(of: StateOf, word: u16) -> Vec<&'static str> {
    let states: &[State] = of.states();
    states.iter().enumerate().filter(|(bit, _)| is_set(word, *bit)).map(|(_, state)| state.name()).collect()
}
