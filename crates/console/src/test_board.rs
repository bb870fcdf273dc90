//! The tests as the station tells them: what the pages show of them has the names of the set-up in force.

use watchfire_model::{Class, DeviceKey, PointName, TestId, TestScope, Timestamp, UserName};

/// A test and what has come of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TestFacts {
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
    pub over: Option<TestEnd>,
    /// What alarmed in it, by device and point.
    pub alarmed: Vec<TestedPoint>,
    /// Points that alarmed and are not listed.
    pub more: u32,
    /// The listed devices in its scope that have raised nothing in it.
    pub untested: Vec<DeviceKey>,
}

/// The end of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestEnd {
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
}

/// What a point raised in a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestedPoint {
    /// The device.
    pub device: DeviceKey,
    /// The point.
    pub point: Option<PointName>,
    /// The most urgent class.
    pub class: Class,
    /// When first.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
    /// How often.
    pub times: u32,
}
