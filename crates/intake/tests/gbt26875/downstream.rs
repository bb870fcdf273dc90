//! Commands down, and their answers up.

use crate::device::{Device, fire, frame};
use crate::station::Station;
use watchfire_intake::gbt26875::{Downlink, NotSent};
use watchfire_model::{DeviceKey, DeviceName, SiteId, Source};
use watchfire_wire::gbt26875::Command;

fn command(device: &str, serial: u16, unit: &[u8]) -> Downlink {
    let to = DeviceKey {
        site: SiteId::new("tower").unwrap(),
        source: Source::Gbt26875,
        name: DeviceName::new(device).unwrap(),
    };
    Downlink { to, serial, command: Command::REQUEST, unit: unit.to_vec() }
}

#[tokio::test]
async fn a_request_goes_down_and_its_response_is_journaled_and_not_answered() {
    let station = Station::start().await;
    let panels = station.gateway.panels();
    assert_eq!(panels.send(command("7", 1, &[81, 1, 0])), Err(NotSent::NotConnected));
    let mut device = Device::connect(station.port("strict")).await;
    device.send(&frame(7, 0, 2, &[])).await;
    device.is_confirmed(0).await;
    assert!(panels.is_connected(&command("7", 1, &[]).to));
    assert_eq!(panels.send(command("7", 1, &[0; 513])), Err(NotSent::TooLong));
    assert_eq!(panels.send(command("7", 300, &[81, 1, 0])), Ok(()));
    assert_eq!(device.heard().await, Some((4, 300, vec![81, 1, 0])));
    let response = frame(7, 300, 5, &[21, 1, 1, 0, 0, 0, 1, 1, 26]);
    device.send(&response).await;
    device.hears_nothing_before(1, 7).await;
    assert_eq!(station.frames()[1].payload, response);
    drop(device);
    station.until("gone", || !panels.is_connected(&command("7", 1, &[]).to)).await;
    assert_eq!(panels.send(command("7", 301, &[81, 1, 0])), Err(NotSent::NotConnected));
}

#[tokio::test]
async fn a_command_finds_the_device_behind_its_newest_connection() {
    let station = Station::start().await;
    let mut old = Device::connect(station.port("strict")).await;
    old.send(&fire(7, 1, 1)).await;
    old.is_confirmed(1).await;
    let mut new = Device::connect(station.port("strict")).await;
    new.send(&fire(7, 2, 1)).await;
    new.is_confirmed(2).await;
    assert_eq!(station.gateway.panels().send(command("7", 5, &[88, 1, 0])), Ok(()));
    assert_eq!(new.heard().await, Some((4, 5, vec![88, 1, 0])));
}
