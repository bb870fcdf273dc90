//! Test and maintenance mode. While a test runs, what is raised in its scope belongs to it: it is kept, shown and marked,
//! and wakes nobody. What is outside the scope alarms as ever.
//!
//! - Fire, gas, carbon monoxide and early warnings belong to a test only when it was begun for them and *a second person*
//!   has approved it; until then they alarm as ever. Security never belongs to one.
//! - An alert belongs to a test from its raise on, or never: what was open before goes on as ever.
//! - It belongs there only when all that can speak in it is in the scope: its device, for a rule that adds up a zone the
//!   zone, for a rule over a site the site. Otherwise a device that is not tested could join it unheard.
//! - A fire panel's points hang elsewhere than the panel: a zone does not cover them, the panel itself or the site does.
//! - An alert loses its mark, and people hear of it as reopened or escalated, as soon as something outside the test
//!   joins it.
//! - It loses it too when a person finds that it is real; that person has it in hand.
//! - A test ends by order or by itself at its time. What then still holds is told to people as if it had just begun; what
//!   is over is verified as a test and closed, so that nobody has to close two hundred latched detectors.

use crate::casebook::{CaseKey, Cause, Ground, is_active};
use crate::engine::Engine;
use crate::event::Effects;
use crate::fusion::Room;
use crate::test_words as words;
use crate::timers::Timer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use watchfire_model::{
    Alert, Bilingual, Class, DeviceKey, Handling, Order, OrderKind, PointName, Seq, Source, Step, TestId, TestScope,
    Timestamp, UserName, Verdict, ZoneId,
};

/// A test runs at least so long, in seconds.
pub const TEST_S_MIN: u32 = 60;
/// A test of dangers runs at most so long, in seconds: a forgotten one must not outlast a shift.
pub const TEST_DANGERS_S_MAX: u32 = 8 * 3_600;
/// Any other one runs at most so long, in seconds.
pub const TEST_S_MAX: u32 = 7 * 86_400;
/// So many tests run at a time.
pub const TESTS_RUNNING_MAX: usize = 100;
/// So many tests that are over are remembered; the oldest go first.
pub const TESTS_KEPT: usize = 100;
/// So many points of one test are reported one by one.
pub const TESTED_MAX: usize = 10_000;
/// The longest reason or note, in bytes.
pub const TEST_WORDS_BYTES_MAX: usize = 1_000;

/// A test: what was ordered, and what has come of it. It is its own report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Which.
    pub id: TestId,
    /// What is tested.
    pub scope: TestScope,
    /// Whether dangers to life are tested too.
    pub dangers: bool,
    /// Why.
    pub reason: String,
    /// Who began it.
    pub by: UserName,
    /// When.
    pub from: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// The second person, and when.
    pub approved: Option<(UserName, Timestamp)>,
    /// How it ended; `None`: it runs.
    pub over: Option<TestOver>,
    /// What alarmed in it, in the order of device and point.
    pub alarmed: BTreeMap<(DeviceKey, Option<PointName>), Alarmed>,
    /// Points that alarmed and found no place in `alarmed`.
    pub more: u32,
}

/// The end of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestOver {
    /// When.
    pub at: Timestamp,
    /// Who ended it; `None`: its time was over.
    pub by: Option<UserName>,
    /// In the operator's words.
    pub note: String,
    /// Alerts that were closed with it.
    pub closed: u32,
    /// Alerts that still went on, of which people were told.
    pub told: u32,
    /// The listed devices in its scope that raised nothing.
    pub untested: Vec<DeviceKey>,
}

/// What a point raised in a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarmed {
    /// The most urgent class.
    pub class: Class,
    /// When first.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
    /// How often.
    pub times: u32,
}

/// The tests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tests {
    /// Running or over, in the order in which they began.
    by_id: BTreeMap<TestId, Test>,
    /// Counts changes, for whoever shows them.
    #[serde(skip)]
    revision: u64,
}

impl Tests {
    fn running(&self) -> impl Iterator<Item = &Test> {
        self.by_id.values().filter(|test| test.over.is_none())
    }

    /// The ends to come.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (Timestamp, TestId)> {
        self.running().map(|test| (test.until, test.id))
    }

    fn change(&mut self, id: TestId) -> Option<&mut Test> {
        self.revision += 1;
        self.by_id.get_mut(&id)
    }

    fn add(&mut self, test: Test) {
        self.revision += 1;
        self.by_id.insert(test.id, test);
        let over: Vec<TestId> = self.by_id.values().filter(|test| test.over.is_some()).map(|test| test.id).collect();
        for oldest in over.iter().take(over.len().saturating_sub(TESTS_KEPT)) {
            self.by_id.remove(oldest);
        }
    }
}

/// What must be known of an alert to say whether it belongs to a test.
struct Subject<'a> {
    class: Class,
    zone: Option<&'a ZoneId>,
    device: Option<&'a DeviceKey>,
    reach: Reach,
}

/// How much of a site can speak in an alert.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Device,
    Zone,
    Site,
}

impl Reach {
    fn of(cause: &Cause) -> Reach {
        match cause {
            Cause::Group { room: Room::Zone(_), .. } => Reach::Zone,
            Cause::Group { room: Room::Site(_), .. } => Reach::Site,
            Cause::Group { room: Room::Device(_), .. }
            | Cause::Series { .. }
            | Cause::Silence { .. }
            | Cause::Standing(_) => Reach::Device,
        }
    }
}

impl Engine {
    /// Every test that runs, and the last ones that are over, in the order in which they began.
    pub fn tests(&self) -> impl Iterator<Item = &Test> {
        self.tests.by_id.values()
    }

    /// Changes whenever [`Engine::tests`] does.
    pub fn tests_revision(&self) -> u64 {
        self.tests.revision
    }

    /// The test that what a cause says belongs to.
    pub(crate) fn test_for(&self, cause: &Cause, ground: &Ground) -> Option<TestId> {
        let Ground { class, zone, device, .. } = ground;
        let reach = Reach::of(cause);
        self.test_of(&Subject { class: *class, zone: zone.as_ref(), device: device.as_ref(), reach })
    }

    /// The test that an alert belongs to as it is now.
    pub(crate) fn test_of_case(&self, alert: &Alert, causes: &[Cause]) -> Option<TestId> {
        let reach = causes.iter().map(Reach::of).max().unwrap_or(Reach::Device);
        let (device, zone) = (alert.device.as_ref(), alert.zone.as_ref());
        self.test_of(&Subject { class: alert.class, zone, device, reach })
    }

    fn test_of(&self, subject: &Subject<'_>) -> Option<TestId> {
        self.tests.running().find(|test| belongs(test, subject)).map(|test| test.id)
    }

    /// Writes into the report what a test's alert says.
    pub(crate) fn report_tested(&mut self, id: TestId, ground: &Ground) {
        let Some(device) = &ground.device else { return };
        let (class, now) = (ground.class, self.stamp.at);
        let Some(test) = self.tests.change(id) else { return };
        let key = (device.clone(), ground.point.clone());
        if test.alarmed.len() >= TESTED_MAX && !test.alarmed.contains_key(&key) {
            test.more = test.more.saturating_add(1);
            return;
        }
        let alarmed = test.alarmed.entry(key).or_insert(Alarmed { class, first_at: now, last_at: now, times: 0 });
        alarmed.class = alarmed.class.min(class);
        alarmed.last_at = now;
        alarmed.times = alarmed.times.saturating_add(1);
    }

    /// Carries out an order about a test.
    pub(crate) fn order_test(&mut self, order: &Order, out: &mut Effects) -> Result<(), Bilingual> {
        match &order.kind {
            OrderKind::StartTest { scope, dangers, for_s, reason } => {
                self.start_test(scope, *dangers, *for_s, reason, &order.by)
            }
            OrderKind::ApproveTest { test } => self.approve_test(*test, &order.by),
            OrderKind::EndTest { test, note } => {
                self.running_test(*test)?;
                checked_words(note)?;
                self.end_test(*test, Some(&order.by), note, out);
                Ok(())
            }
            OrderKind::Acknowledge { .. }
            | OrderKind::Verify { .. }
            | OrderKind::Forward { .. }
            | OrderKind::Close { .. }
            | OrderKind::Reopen { .. }
            | OrderKind::DutyCheck { .. }
            | OrderKind::Inspect { .. }
            | OrderKind::SetInspection { .. }
            | OrderKind::SyncClock { .. }
            | OrderKind::Initialise { .. } => Ok(()),
        }
    }

    fn start_test(
        &mut self,
        scope: &TestScope,
        dangers: bool,
        for_s: u32,
        reason: &str,
        by: &UserName,
    ) -> Result<(), Bilingual> {
        let longest = if dangers { TEST_DANGERS_S_MAX } else { TEST_S_MAX };
        if !(TEST_S_MIN..=longest).contains(&for_s) {
            return Err(words::wrong_length(dangers));
        }
        if reason.trim().is_empty() {
            return Err(words::no_reason());
        }
        checked_words(reason)?;
        self.check_scope(scope)?;
        if self.tests.running().count() >= TESTS_RUNNING_MAX {
            return Err(words::too_many());
        }
        let (id, from) = (TestId(self.stamp.seq.0), self.stamp.at);
        let until = from.plus(Duration::from_secs(for_s.into()));
        self.tests.add(Test {
            id,
            scope: scope.clone(),
            dangers,
            reason: reason.trim().to_owned(),
            by: by.clone(),
            from,
            until,
            approved: None,
            over: None,
            alarmed: BTreeMap::new(),
            more: 0,
        });
        self.timers.set(until, Timer::TestOver { test: id });
        Ok(())
    }

    fn check_scope(&self, scope: &TestScope) -> Result<(), Bilingual> {
        let site = self.sites.sites.get(scope.site()).ok_or_else(|| words::unknown(scope.site().as_str()))?;
        let TestScope::Parts { site: name, zones, devices } = scope else { return Ok(()) };
        if zones.is_empty() && devices.is_empty() {
            return Err(words::empty_scope());
        }
        if let Some(zone) = zones.iter().find(|zone| !site.zones.contains_key(*zone)) {
            return Err(words::unknown(zone.as_str()));
        }
        let known = |device: &&DeviceKey| {
            device.site == *name && self.fleet.find_device(&device.site, device.source, &device.name).is_some()
        };
        match devices.iter().find(|device| !known(device)) {
            Some(device) => Err(words::unknown(device.name.as_str())),
            None => Ok(()),
        }
    }

    fn running_test(&self, id: TestId) -> Result<&Test, Bilingual> {
        self.tests.running().find(|test| test.id == id).ok_or_else(|| words::not_running(id))
    }

    fn approve_test(&mut self, id: TestId, by: &UserName) -> Result<(), Bilingual> {
        let test = self.running_test(id)?;
        if !test.dangers {
            return Err(words::nothing_to_approve());
        }
        if let Some((first, _)) = &test.approved {
            return Err(words::approved_already(first));
        }
        if test.by == *by {
            return Err(words::own_approval());
        }
        let now = self.stamp.at;
        if let Some(test) = self.tests.change(id) {
            test.approved = Some((by.clone(), now));
        }
        Ok(())
    }

    /// A test is over: by order, or because its time is (`by` is `None`).
    pub(crate) fn end_test(&mut self, id: TestId, by: Option<&UserName>, note: &str, out: &mut Effects) {
        let Ok(test) = self.running_test(id) else { return };
        let (starter, until, untested) = (test.by.clone(), test.until, self.untested_in(test));
        self.timers.cancel(until, Timer::TestOver { test: id });
        let over = TestOver { at: self.stamp.at, by: by.cloned(), note: note.to_owned(), closed: 0, told: 0, untested };
        if let Some(test) = self.tests.change(id) {
            test.over = Some(over);
        }
        let (closed, told) = self.settle_tested(by.unwrap_or(&starter), id, out);
        if let Some(over) = self.tests.change(id).and_then(|test| test.over.as_mut()) {
            (over.closed, over.told) = (closed, told);
        }
    }

    /// The alerts that belong to no test any more: told where they go on, closed where they are over.
    fn settle_tested(&mut self, by: &UserName, id: TestId, out: &mut Effects) -> (u32, u32) {
        let left = |case: &crate::casebook::Case| {
            let alert = &case.alert;
            alert.marks.test && !alert.is_over() && self.test_of_case(alert, &case.causes).is_none()
        };
        let left: Vec<CaseKey> = self.book.iter().filter(|(_, case)| left(case)).map(|(key, _)| key).collect();
        let (mut closed, mut told) = (0, 0);
        for key in left {
            let Some(case) = self.book.get(key) else { continue };
            if self.holding_causes(case).is_empty() {
                self.close_tested(key, by, id, out);
                closed += 1;
            } else {
                let ground = crate::logged::ground_of(&case.alert);
                self.tell_tested(key, ground, out);
                told += 1;
            }
        }
        (closed, told)
    }

    fn tell_tested(&mut self, key: CaseKey, ground: Ground, out: &mut Effects) {
        self.book.unmark(key);
        let reason = words::goes_on(&ground.reason);
        let step = Step::Reopened { by: None, note: reason.english().to_owned() };
        self.book.step_by_ground(key, step, self.stamp, Ground { reason, ..ground }, out);
        self.news_of(key);
    }

    fn close_tested(&mut self, key: CaseKey, by: &UserName, id: TestId, out: &mut Effects) {
        let Some(case) = self.book.get(key) else { return };
        let (handling, active) = (case.alert.handling, is_active(&case.alert));
        let note = words::note(id);
        if matches!(handling, Handling::Open | Handling::Acknowledged) {
            let step = Step::Verified { by: by.clone(), verdict: Verdict::Test, note: note.english().to_owned() };
            self.book.step_by_person(key, step, self.stamp, note.clone(), out);
        }
        if active {
            self.book.step_by_person(key, Step::Cleared, self.stamp, note.clone(), out);
        }
        if handling != Handling::Closed {
            let step = Step::Closed { by: by.clone(), note: note.english().to_owned() };
            self.book.step_by_person(key, step, self.stamp, note, out);
        }
        self.retire_if_over(key);
    }

    /// The listed devices in a test's scope that raised nothing in it.
    pub fn untested_in(&self, test: &Test) -> Vec<DeviceKey> {
        let alarmed: BTreeSet<&DeviceKey> = test.alarmed.keys().map(|(device, _)| device).collect();
        let site = test.scope.site();
        let listed = self.sites.sites.get(site).into_iter().flat_map(|site| &site.devices);
        let key = |device: &watchfire_model::Device| {
            let key = DeviceKey { site: site.clone(), source: device.source, name: device.name.clone() };
            covers(&test.scope, &key, device.zone.as_ref()).then_some(key)
        };
        listed.filter_map(key).filter(|key| !alarmed.contains(key)).take(TESTED_MAX).collect()
    }

    /// Whether the tests of a snapshot are what an engine may hold at that entry.
    pub(crate) fn tests_fit(&self) -> bool {
        self.tests.by_id.iter().all(|(id, test)| *id == test.id && Seq(id.0) <= self.stamp.seq)
    }
}

fn belongs(test: &Test, subject: &Subject<'_>) -> bool {
    let Some(device) = subject.device else { return false };
    let tested = match subject.class {
        Class::Fire | Class::Gas | Class::Co | Class::EarlyWarning => test.dangers && test.approved.is_some(),
        Class::Security => false,
        Class::Water | Class::Electrical | Class::Supervisory | Class::Fault | Class::Offline | Class::Information => {
            true
        }
    };
    let covered = match (subject.reach, &test.scope) {
        (_, TestScope::Site(site)) => device.site == *site,
        (Reach::Site, TestScope::Parts { .. }) => false,
        (Reach::Zone, TestScope::Parts { site, zones, .. }) => {
            device.site == *site && subject.zone.is_some_and(|zone| zones.contains(zone))
        }
        (Reach::Device, scope) => covers(scope, device, subject.zone),
    };
    tested && covered
}

fn covers(scope: &TestScope, device: &DeviceKey, zone: Option<&ZoneId>) -> bool {
    match scope {
        TestScope::Site(site) => device.site == *site,
        TestScope::Parts { site, zones, devices } => {
            let in_zone = device.source != Source::Gbt26875 && zone.is_some_and(|zone| zones.contains(zone));
            device.site == *site && (devices.contains(device) || in_zone)
        }
    }
}

fn checked_words(text: &str) -> Result<(), Bilingual> {
    if text.len() > TEST_WORDS_BYTES_MAX { Err(words::too_long()) } else { Ok(()) }
}
