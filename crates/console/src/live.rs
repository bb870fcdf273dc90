//! The board in memory, fed by the station and read by every request.
//!
//! The station's threads call [`Live::alert_record`], [`Live::decoded`] and the like; each takes one short lock and
//! never waits for a browser, a disk or the archive. Readers copy what they need in small portions
//! ([`DEVICES_PER_LOCK`]), and begin none while the station waits ([`Turns`]): it waits for no more than one of each.

use crate::alert_board::{AlertBoard, Known, Urgency};
use crate::device_table::{DeviceTable, SeenDevice};
use crate::feed::{Feed, FeedEvent, FeedKind};
use crate::names::Names;
use crate::report::{Report, WrittenReport};
use crate::shadow_board::ShadowFacts;
use crate::station_status::{StationStatus, StatusNumbers};
use crate::test_board::TestFacts;
use crate::turns::Turns;
use crate::view::{
    AlertView, DeviceView, RunningTest, ShadowPage, ShadowView, SitePage, StatusView, TestPage, TestView,
};
use arc_swap::ArcSwap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use watchfire_model::sites::Language;
use watchfire_model::{
    Alert, AlertId, AlertRecord, Class, Decoded, Defect, JournalId, Outcome, SiteId, Sites, Timestamp,
};

/// Devices read under one lock: a few microseconds.
const DEVICES_PER_LOCK: usize = 64;
/// Alerts read under one lock.
const ALERTS_PER_LOCK: usize = 256;
/// Devices looked at for silence under one lock.
const SILENCE_PER_LOCK: usize = 1_024;
/// Devices in one `devices` event; the rest comes with the next.
pub const DEVICES_PER_EVENT_MAX: usize = 500;
/// Alerts in one `board` event; the most urgent ones. The rest is read page by page.
pub const ALERTS_PER_BOARD_MAX: usize = 2_000;

/// The board.
#[derive(Debug)]
pub struct Live {
    names: ArcSwap<Names>,
    alerts: Turns<AlertBoard>,
    devices: Turns<DeviceTable>,
    station: Mutex<StationStatus>,
    tests: ArcSwap<Vec<TestFacts>>,
    shadow: ArcSwap<Option<ShadowFacts>>,
    feed: Feed,
    now: AtomicI64,
    /// A new set-up came, and the clients still show the old names.
    renamed: AtomicBool,
}

/// What the board begins with.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Position of the last alert record that `alerts` contains; later records come by [`Live::alert_record`].
    pub position: u64,
    /// The station's time.
    pub at: Timestamp,
    /// The alerts that are not over.
    pub alerts: Vec<Alert>,
    /// The devices that were seen.
    pub devices: Vec<SeenDevice>,
}

impl Default for Live {
    fn default() -> Live {
        Live::new()
    }
}

impl Live {
    /// An empty board.
    pub fn new() -> Live {
        Live {
            names: ArcSwap::from_pointee(Names::default()),
            alerts: Turns::default(),
            devices: Turns::default(),
            station: Mutex::default(),
            tests: ArcSwap::default(),
            shadow: ArcSwap::default(),
            feed: Feed::new(),
            now: AtomicI64::new(0),
            renamed: AtomicBool::new(false),
        }
    }

    /// Takes the state at the start. Silence is counted from then on: downtime is not a device's silence.
    pub fn load(&self, loaded: Loaded) {
        self.tick(loaded.at);
        self.feed.begin_at(loaded.position);
        let names = self.names.load();
        let mut alerts = self.alerts.first();
        loaded.alerts.into_iter().for_each(|alert| alerts.load(alert, &names));
        let mut devices = self.devices.first();
        devices.watch_from(loaded.at);
        loaded.devices.iter().for_each(|device| devices.load(device));
        alerts.open_by_device().for_each(|(key, open)| devices.open_alerts(key, open));
    }

    /// The incident that an alert belongs to, told before the record that puts it there and before [`Live::load`].
    pub fn join(&self, alert: AlertId, incident: AlertId) {
        self.alerts.first().join(alert, incident);
    }

    /// Applies one record of the alert log and tells every client. A record that was already applied changes nothing.
    pub fn alert_record(&self, position: u64, record: &AlertRecord) {
        if position <= self.feed.end().0 {
            return;
        }
        let names = self.names.load();
        let changed = self.alerts.first().apply(record, &names);
        let last = changed.alerts.len().saturating_sub(1);
        let event = |(index, alert): (usize, &crate::alert_board::ChangedAlert)| FeedEvent {
            raised_at: alert.raised_at,
            ..FeedEvent::new(FeedKind::Alert, (index == last).then_some(position), json(&alert.view))
        };
        self.feed.publish(position, changed.alerts.iter().enumerate().map(event).collect());
        let mut devices = self.devices.first();
        changed.devices.iter().for_each(|(key, open)| devices.open_alerts(key, *open));
    }

    /// Notes what a frame said. Its defects are counted by [`Live::defects`].
    pub fn decoded(&self, at: Timestamp, site: &SiteId, decoded: &Decoded) {
        self.devices.first().decoded(at, site, decoded);
    }

    /// The station's time; about once a second.
    pub fn tick(&self, at: Timestamp) {
        self.now.fetch_max(at.0, Ordering::Relaxed);
    }

    /// A new set-up is in force: everything gets its new name.
    pub fn setup(&self, sites: &Sites) {
        let names = Arc::new(Names::new(sites));
        self.names.store(Arc::clone(&names));
        self.alerts.first().rename(&names);
        self.devices.first().setup(&names);
        self.renamed.store(true, Ordering::Release);
    }

    /// The tests as they are now.
    pub fn tests(&self, tests: Vec<TestFacts>) {
        self.tests.store(Arc::new(tests));
    }

    /// What the draft of rules would have told; `None`: there is no draft.
    pub fn shadow(&self, draft: Option<ShadowFacts>) {
        self.shadow.store(Arc::new(draft));
    }

    /// Notes what became of a send.
    pub fn outcome(&self, at: Timestamp, outcome: &Outcome) {
        self.alerts.first().outcome(at, outcome, &self.names.load());
    }

    /// Counts what was wrong with a frame, and keeps it for the status page.
    pub fn defects(&self, at: Timestamp, identity: &str, defects: &[Defect]) {
        if defects.is_empty() {
            return;
        }
        let mut station = lock(&self.station);
        for defect in defects {
            station.defect(defect.kind);
            station.trouble(at, identity, defect.kind.as_str(), &defect.detail);
        }
    }

    /// Keeps something that was wrong with a connection, a log-in or a channel for the status page.
    /// `kind` is a word such as `bad_credentials`.
    pub fn trouble(&self, at: Timestamp, identity: &str, kind: &'static str, detail: &str) {
        lock(&self.station).trouble(at, identity, kind, detail);
    }

    /// The journal that the station has; zeros until it has said so.
    pub(crate) fn journal(&self) -> JournalId {
        lock(&self.station).journal()
    }

    /// The station's figures; about once a second.
    pub fn numbers(&self, numbers: StatusNumbers) {
        lock(&self.station).numbers(numbers);
    }
}

/// A page of open alerts.
pub(crate) struct OpenPage {
    pub(crate) alerts: Vec<Arc<AlertView>>,
    /// After which to go on, when there is more.
    pub(crate) next: Option<Urgency>,
}

/// Which open alerts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenFilter<'a> {
    pub(crate) class: Option<Class>,
    pub(crate) site: Option<&'a str>,
}

/// Figures for `/metrics`.
pub(crate) struct Extent {
    pub(crate) open_by_class: BTreeMap<Class, u64>,
    pub(crate) alerts_left_out_total: u64,
    pub(crate) devices: usize,
    pub(crate) devices_unclaimed: usize,
    pub(crate) devices_left_out_total: u64,
    pub(crate) clients: usize,
}

/// The whole board, as one event.
#[derive(Serialize)]
struct BoardEvent {
    alerts: Vec<Arc<AlertView>>,
    status: StatusView,
}

#[derive(Serialize)]
struct DevicesEvent {
    devices: Vec<DeviceView>,
}

/// For requests.
impl Live {
    /// The station's time at its last tick.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// All that is known here of one alert; nothing when it has been over for long.
    pub(crate) fn alert(&self, id: AlertId) -> Option<Known> {
        self.alerts.portion().known(id)
    }

    /// Open alerts after `after`, most urgent first, at most `limit`.
    pub(crate) fn open(&self, filter: OpenFilter<'_>, after: Option<Urgency>, limit: usize) -> OpenPage {
        let mut page = OpenPage { alerts: Vec::new(), next: None };
        let mut last = after;
        loop {
            let alerts = self.alerts.portion();
            let mut looked_at = 0;
            for (place, view) in alerts.open_after(last).take(ALERTS_PER_LOCK) {
                looked_at += 1;
                if filter.class.is_none_or(|class| class == place.class)
                    && filter.site.is_none_or(|site| site == view.site.id)
                {
                    if page.alerts.len() == limit {
                        page.next = last;
                        return page;
                    }
                    page.alerts.push(Arc::clone(view));
                }
                last = Some(place);
            }
            if looked_at < ALERTS_PER_LOCK {
                return page;
            }
        }
    }

    /// The board as the data of a `board` event.
    pub(crate) fn board(&self, status: StatusView) -> String {
        json(&BoardEvent { alerts: self.open(OpenFilter::default(), None, ALERTS_PER_BOARD_MAX).alerts, status })
    }

    /// The devices that `wanted` keeps, in the order in which they became known.
    pub(crate) fn devices(&self, wanted: impl Fn(&DeviceView) -> bool) -> Vec<DeviceView> {
        let (names, now) = (self.names.load(), self.now());
        let mut views = Vec::new();
        let mut start = 0;
        loop {
            let devices = self.devices.portion();
            let end = devices.len().min(start + DEVICES_PER_LOCK);
            views.extend((start..end).filter_map(|index| devices.view(index, now, &names)).filter(&wanted));
            if end == devices.len() {
                return views;
            }
            start = end;
        }
    }

    pub(crate) fn sites(&self) -> SitePage {
        self.names.load().page()
    }

    pub(crate) fn test_page(&self) -> TestPage {
        let (names, tests) = (self.names.load(), self.tests.load());
        TestPage { tests: tests.iter().rev().map(|test| TestView::new(test, &names)).collect() }
    }

    pub(crate) fn shadow_page(&self) -> ShadowPage {
        let (names, shadow) = (self.names.load(), self.shadow.load());
        ShadowPage { draft: shadow.as_ref().as_ref().map(|facts| ShadowView::new(facts, &names)) }
    }

    /// The time zone of a site; without one that of the first site.
    pub fn time_zone(&self, site: Option<&SiteId>) -> String {
        self.names.load().time_zone(site)
    }

    /// A report as it is read.
    pub fn written(&self, report: &Report, language: Language) -> WrittenReport {
        report.written(&self.names.load(), language)
    }

    pub(crate) fn names(&self) -> Arc<Names> {
        self.names.load_full()
    }

    pub(crate) fn status(&self, ready: bool, version: &'static str) -> StatusView {
        let (names, tests) = (self.names.load(), self.tests.load());
        let running = tests.iter().filter(|test| test.over.is_none()).map(|test| RunningTest::new(test, &names));
        lock(&self.station).view(ready, version, running.collect())
    }

    pub(crate) fn extent(&self) -> Extent {
        let (open_by_class, alerts_left_out_total) = {
            let alerts = self.alerts.portion();
            (alerts.open_by_class().clone(), alerts.left_out_total())
        };
        let devices = self.devices.portion();
        Extent {
            open_by_class,
            alerts_left_out_total,
            devices: devices.len(),
            devices_unclaimed: devices.unclaimed(),
            devices_left_out_total: devices.left_out_total(),
            clients: self.feed.clients(),
        }
    }

    /// Tells the clients which devices changed, and the new names after a new set-up. Once a second.
    pub(crate) fn pulse(&self, status: &StatusView) {
        let now = self.now();
        let mut at = Some(0);
        while let Some(start) = at {
            at = self.devices.portion().look_for_silence(now, start, SILENCE_PER_LOCK);
        }
        if self.feed.clients() == 0 {
            self.renamed.store(false, Ordering::Release);
            // Who comes later begins with everything: what changed until now is of no interest.
            while !self.devices.portion().take_changed(SILENCE_PER_LOCK).is_empty() {}
            return;
        }
        if self.renamed.swap(false, Ordering::AcqRel) {
            let event = FeedEvent::new(FeedKind::Board, None, self.board(status.clone()));
            self.feed.publish(0, vec![event]);
        }
        let views = self.changed_devices(now);
        if !views.is_empty() {
            self.feed.publish_devices(json(&DevicesEvent { devices: views }));
        }
    }

    /// Tells the clients how the station is. Every five seconds: a client that hears nothing knows that it is cut off.
    pub(crate) fn pulse_status(&self, status: &StatusView) {
        self.feed.publish_status(json(status));
    }

    fn changed_devices(&self, now: Timestamp) -> Vec<DeviceView> {
        let names = self.names.load();
        let changed = self.devices.portion().take_changed(DEVICES_PER_EVENT_MAX);
        let mut views = Vec::with_capacity(changed.len());
        for portion in changed.chunks(DEVICES_PER_LOCK) {
            let devices = self.devices.portion();
            views.extend(portion.iter().filter_map(|index| devices.view(*index, now, &names)));
        }
        views
    }
}

// A panic elsewhere must not take the board away: what the lock guards is valid after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("views are text, finite numbers and maps with text keys")
}

#[cfg(test)]
mod tests;
