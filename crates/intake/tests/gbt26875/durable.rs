//! When a frame is confirmed, and what a repetition is.

use crate::device::{CONFIRM, Device, fire, frame};
use crate::station::{Mode, Station};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use watchfire_intake::gbt26875::PanelTroubleKind;

#[tokio::test]
async fn nothing_is_confirmed_before_it_is_on_disk() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Hold);
    let mut device = Device::connect(station.port("open")).await;
    device.send(&[fire(7, 1, 1), fire(7, 2, 2)].concat()).await;
    station.until("frames", || station.metric("watchfire_gbt26875_frames_total") >= 2.0).await;
    assert!(tokio::time::timeout(Duration::from_millis(50), device.heard()).await.is_err());
    station.mode.send_replace(Mode::Write);
    device.is_confirmed(1).await;
    device.is_confirmed(2).await;
    station.stopped().await;
}

#[tokio::test]
async fn what_the_journal_drops_is_never_confirmed() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Drop);
    let mut device = Device::connect(station.port("open")).await;
    device.send(&fire(7, 1, 1)).await;
    assert_eq!(device.heard().await, None, "closed without a word");
    assert_eq!(station.trouble(PanelTroubleKind::JournalGone), 1);
    // And its repetition is not taken for one.
    station.mode.send_replace(Mode::Write);
    let mut again = Device::connect(station.port("open")).await;
    again.send(&fire(7, 1, 1)).await;
    again.is_confirmed(1).await;
    assert_eq!(station.frames().len(), 1);
}

#[tokio::test]
async fn a_repetition_is_confirmed_again_and_journaled_once_even_after_a_lost_link() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("open")).await;
    device.send(&fire(7, 1, 1)).await;
    device.is_confirmed(1).await;
    device.send(&fire(7, 1, 1)).await;
    device.is_confirmed(1).await;
    drop(device);
    let mut back = Device::connect(station.port("strict")).await;
    back.send(&fire(7, 1, 1)).await;
    back.is_confirmed(1).await;
    back.send(&fire(7, 2, 1)).await;
    back.is_confirmed(2).await;
    assert_eq!(station.who(), ["tower/7@open", "tower/7@strict"]);
}

#[tokio::test]
async fn a_repetition_on_a_new_connection_waits_for_the_disk_too() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Hold);
    let mut device = Device::connect(station.port("open")).await;
    device.send(&fire(7, 1, 1)).await;
    station.until("the frame", || station.metric("watchfire_gbt26875_frames_total") >= 1.0).await;
    drop(device);
    let mut back = Device::connect(station.port("open")).await;
    back.send(&fire(7, 1, 1)).await;
    station.until("the repetition", || station.metric("watchfire_gbt26875_frames_total") >= 2.0).await;
    assert!(tokio::time::timeout(Duration::from_millis(50), back.heard()).await.is_err());
    station.mode.send_replace(Mode::Write);
    station.until("durable", || station.frames().len() == 1).await;
    back.send(&fire(7, 1, 1)).await;
    back.is_confirmed(1).await;
    assert_eq!(station.frames().len(), 1);
}

#[tokio::test]
async fn a_device_that_hangs_up_after_its_last_word_is_confirmed_all_the_same() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("open")).await;
    device.send(&fire(7, 9, 1)).await;
    device.socket.shutdown().await.unwrap();
    assert_eq!(device.heard().await, Some((CONFIRM, 9, vec![])));
    assert_eq!(device.heard().await, None);
}

#[tokio::test]
async fn a_stop_confirms_what_was_taken() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Hold);
    let mut device = Device::connect(station.port("open")).await;
    device.send(&fire(7, 1, 1)).await;
    station.until("the frame", || station.metric("watchfire_gbt26875_frames_total") >= 1.0).await;
    station.stop.cancel();
    station.mode.send_replace(Mode::Write);
    device.is_confirmed(1).await;
    assert_eq!(device.heard().await, None);
    station.stopped().await;
}

#[tokio::test]
async fn three_hundred_devices_at_once() {
    let station = Station::start().await;
    let mut devices = Vec::new();
    for address in 1..=300 {
        let mut device = Device::connect(station.port("strict")).await;
        device.send(&frame(address, 0, 2, &[])).await;
        devices.push((address, device));
    }
    for (address, device) in &mut devices {
        device.send(&[fire(*address, 1, 1), fire(*address, 2, 2)].concat()).await;
    }
    for (_, device) in &mut devices {
        for serial in 0..3 {
            device.is_confirmed(serial).await;
        }
    }
    assert_eq!(station.frames().len(), 900);
    assert_eq!(station.gateway.connections(), 300);
    assert_eq!(station.gateway.panels().connections().len(), 300);
    drop(devices);
    station.until("all gone", || station.gateway.connections() == 0).await;
    assert!(station.gateway.panels().connections().is_empty());
}
