//! A device with its state and its last values.

use super::{Label, Text, ValueView, When};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A device.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeviceView {
    /// Its site.
    pub site: DeviceSite,
    /// Whose naming `name` follows.
    pub source: &'static str,
    /// Its name in its protocol.
    pub name: Label,
    /// What people call it.
    pub label: Text,
    /// Where it hangs, when known.
    pub zone: Option<DeviceZone>,
    /// Whether the set-up lists it.
    pub claimed: bool,
    /// Whether it is there.
    pub state: DeviceState,
    /// When its last frame came.
    pub last_seen: Option<When>,
    /// Battery charge in percent, when it reports one.
    pub battery: Option<f64>,
    /// How many alerts of it are open.
    pub open_alerts: u32,
    /// The last value at each point.
    pub points: Vec<PointView>,
}

/// Devices.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DevicePage {
    /// The devices, by site, source and name.
    pub devices: Vec<DeviceView>,
}

/// The site of a device.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeviceSite {
    /// Its id.
    pub id: Label,
    /// Its name.
    pub name: Text,
    /// IANA time zone.
    pub time_zone: Label,
}

/// The zone of a device.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeviceZone {
    /// Its id.
    pub id: Label,
    /// Its name.
    pub name: Text,
}

/// Whether a device is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It spoke within its time.
    Online,
    /// It said good-bye, or is silent for too long.
    Offline,
    /// It is listed, but never spoke.
    NeverSeen,
}

/// The last value at a point.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PointView {
    /// The point.
    pub point: String,
    /// The metric.
    pub metric: String,
    /// The unit, when it has one.
    pub unit: Option<String>,
    /// The value.
    pub value: ValueView,
    /// Event time.
    pub at: When,
}
