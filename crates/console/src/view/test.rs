//! Tests: what is under test, and the report of each.

use super::{AlertSite, AlertZone, Text, When};
use crate::names::Names;
use crate::test_board::{TestFacts, TestedPoint};
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_model::{DeviceKey, SiteId, TestScope};

/// The tests that run and the last ones that are over.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestPage {
    /// Newest first.
    pub tests: Vec<TestView>,
}

/// A test, which is its own report.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestView {
    /// Its number.
    pub id: u64,
    /// What is tested, in short.
    #[serde(flatten)]
    pub summary: TestSummary,
    /// When it began.
    pub from: When,
    /// How it ended; `null` while it runs.
    pub over: Option<TestOverView>,
    /// What alarmed in it, by device and point.
    pub alarmed: Vec<TestedView>,
    /// Points that alarmed and are not listed because there are too many.
    pub more: u32,
    /// The listed devices in its scope that have raised nothing in it.
    pub untested: Vec<TestDevice>,
}

/// What is under test, and until when.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestSummary {
    /// Where.
    pub site: AlertSite,
    /// The zones; with `devices` empty too: the whole site.
    pub zones: Vec<AlertZone>,
    /// The devices.
    pub devices: Vec<TestDevice>,
    /// Whether fire, gas, carbon monoxide and early warnings are tested too, once a second person has approved it.
    pub dangers: bool,
    /// Why.
    pub reason: String,
    /// Who began it.
    pub by: String,
    /// When it ends by itself.
    pub until: When,
    /// The second person.
    pub approved_by: Option<String>,
    /// When that person approved it.
    pub approved_at: Option<When>,
}

/// A test that runs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RunningTest {
    /// Its number.
    pub id: u64,
    /// What is tested.
    #[serde(flatten)]
    pub summary: TestSummary,
}

/// The end of a test.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestOverView {
    /// When.
    pub at: When,
    /// Who ended it; `null`: its time was over.
    pub by: Option<String>,
    /// In the operator's words.
    pub note: String,
    /// Alerts that were closed with it.
    pub closed: u32,
    /// Alerts that still went on, of which people were told.
    pub told: u32,
}

/// What a point raised in a test.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestedView {
    /// The device.
    pub device: TestDevice,
    /// The point.
    pub point: Option<String>,
    /// The most urgent class.
    pub class: &'static str,
    /// When first.
    pub first_at: When,
    /// When last.
    pub last_at: When,
    /// How often.
    pub times: u32,
}

/// A device of a test.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestDevice {
    /// Whose naming `name` follows.
    pub source: &'static str,
    /// Its name in its protocol.
    pub name: String,
    /// What people call it.
    pub label: Text,
    /// Where it hangs.
    pub zone: Option<AlertZone>,
}

impl TestView {
    pub(crate) fn new(facts: &TestFacts, names: &Names) -> TestView {
        let tested = |tested: &TestedPoint| TestedView {
            device: TestDevice::new(&tested.device, names),
            point: tested.point.as_ref().map(ToString::to_string),
            class: tested.class.as_str(),
            first_at: When(tested.first_at),
            last_at: When(tested.last_at),
            times: tested.times,
        };
        TestView {
            id: facts.id.0,
            summary: TestSummary::new(facts, names),
            from: When(facts.from),
            over: facts.over.as_ref().map(|over| TestOverView {
                at: When(over.at),
                by: over.by.as_ref().map(ToString::to_string),
                note: over.note.clone(),
                closed: over.closed,
                told: over.told,
            }),
            alarmed: facts.alarmed.iter().map(tested).collect(),
            more: facts.more,
            untested: facts.untested.iter().map(|device| TestDevice::new(device, names)).collect(),
        }
    }
}

impl RunningTest {
    pub(crate) fn new(facts: &TestFacts, names: &Names) -> RunningTest {
        RunningTest { id: facts.id.0, summary: TestSummary::new(facts, names) }
    }
}

impl TestSummary {
    fn new(facts: &TestFacts, names: &Names) -> TestSummary {
        let site: &SiteId = facts.scope.site();
        let (zones, devices) = match &facts.scope {
            TestScope::Site(_) => (Vec::new(), Vec::new()),
            TestScope::Parts { zones, devices, .. } => (
                zones.iter().map(|zone| names.alert_zone(site, zone)).collect(),
                devices.iter().map(|device| TestDevice::new(device, names)).collect(),
            ),
        };
        TestSummary {
            site: names.alert_site(site),
            zones,
            devices,
            dangers: facts.dangers,
            reason: facts.reason.clone(),
            by: facts.by.to_string(),
            until: When(facts.until),
            approved_by: facts.approved.as_ref().map(|(by, _)| by.to_string()),
            approved_at: facts.approved.as_ref().map(|(_, at)| When(*at)),
        }
    }
}

impl TestDevice {
    fn new(device: &DeviceKey, names: &Names) -> TestDevice {
        let known = names.device(device);
        let zone = known.and_then(|known| known.zone.as_ref());
        TestDevice {
            source: device.source.as_str(),
            name: device.name.to_string(),
            label: known.map_or_else(|| Text::same(device.name.as_str()), |known| known.label.clone()),
            zone: zone.map(|zone| names.alert_zone(&device.site, zone)),
        }
    }
}
