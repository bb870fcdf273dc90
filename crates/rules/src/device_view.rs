//! What is known of the devices, for a screen that starts anew.

use crate::device_state::Device;
use crate::engine::Engine;
use crate::series::Phase;
use watchfire_model::{DeviceKey, Metric, PointName, Timestamp, Value, ZoneId};

/// A device as the engine knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceView<'a> {
    /// Which.
    pub key: &'a DeviceKey,
    /// Whether it is in the set-up.
    pub claimed: bool,
    /// Where it hangs.
    pub zone: Option<&'a ZoneId>,
    /// When it was last heard; `None`: never.
    pub last_seen: Option<Timestamp>,
    /// Heard at least once, and not silent.
    pub online: bool,
    /// Battery charge in percent, as last reported.
    pub battery: Option<f64>,
    /// The newest value of each of its series, by metric and point.
    pub points: Vec<PointView<'a>>,
}

/// The newest value of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct PointView<'a> {
    /// Where on the device.
    pub point: &'a PointName,
    /// What.
    pub metric: &'a Metric,
    /// How much.
    pub value: Value,
    /// Event time.
    pub at: Timestamp,
}

impl Engine {
    /// Every device that is in the set-up or was heard, in the order in which they were first met.
    pub fn devices(&self) -> impl Iterator<Item = DeviceView<'_>> {
        let devices = self.fleet.devices().iter().zip(0u32..);
        let seen = devices.filter(|(device, _)| device.claim.is_some() || device.last_seen.get().is_some());
        seen.map(|(device, number)| self.view(device, number))
    }

    fn view<'a>(&'a self, device: &'a Device, number: u32) -> DeviceView<'a> {
        let mut points: Vec<PointView<'a>> = device
            .series
            .iter()
            .map(|(_, series)| self.fleet.series(*series))
            .map(|series| PointView {
                point: self.fleet.point(series),
                metric: self.fleet.metric(series),
                value: series.value(),
                at: series.at,
            })
            .collect();
        points.sort_by(|a, b| a.metric.cmp(b.metric).then_with(|| a.point.cmp(b.point)));
        let battery = points.iter().find(|point| *point.metric == Metric::Battery);
        DeviceView {
            key: &device.key,
            claimed: device.claim.is_some(),
            zone: self.zone(number),
            last_seen: device.last_seen.get(),
            online: device.last_seen.get().is_some() && device.silence().phase != Phase::Holding,
            battery: battery.and_then(|point| point.value.as_number()),
            points,
        }
    }
}
