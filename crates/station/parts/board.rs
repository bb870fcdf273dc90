//! What the board shows at once after a start: the recovered state.

use crate::parts::disk_state::DiskState;
use crate::parts::test_views;
use watchfire_console::{Live, Loaded, SeenDevice};
use watchfire_model::{Presence, Reading, Sites, Timestamp};
use watchfire_rules::DeviceView;

/// Loads the recovered state into the board.
pub(crate) fn load(live: &Live, disk: &DiskState, sites: &Sites) {
    live.setup(sites);
    let engine = disk.fold.engine();
    live.tests(test_views::all(engine));
    for alert in disk.fold.alerts() {
        if let Some(incident) = engine.incident_of(alert.id) {
            live.join(alert.id, incident);
        }
    }
    live.load(Loaded {
        position: disk.alert_log.durable(),
        at: disk.stamps.anchor(disk.boot_id).at,
        alerts: disk.fold.alerts().collect(),
        devices: engine.devices().filter_map(|device| seen(&device)).collect(),
    });
}

/// A device that was heard; one that was never heard comes with the set-up.
fn seen(device: &DeviceView<'_>) -> Option<SeenDevice> {
    let last_seen: Timestamp = device.last_seen?;
    let readings = device.points.iter().map(|point| Reading {
        point: point.point.clone(),
        metric: point.metric.clone(),
        value: point.value,
        vendor_unit: None,
        at: point.at,
    });
    Some(SeenDevice {
        key: device.key.clone(),
        last_seen,
        presence: (!device.online).then_some(Presence::Offline),
        readings: readings.collect(),
    })
}
