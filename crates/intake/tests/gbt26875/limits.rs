//! Who takes too much, or nothing.

use crate::device::{DENY, Device, fire, frame};
use crate::station::{Mode, Station};
use std::time::Duration;
use watchfire_intake::gbt26875::{GatewayLimits, PanelTroubleKind};

#[tokio::test]
async fn a_wrong_checksum_is_denied_and_the_next_frame_counts() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("strict")).await;
    let mut broken = fire(7, 1, 1);
    broken[40] ^= 1;
    device.send(&[broken, fire(7, 2, 1)].concat()).await;
    assert_eq!(device.heard().await, Some((DENY, 1, vec![])));
    device.is_confirmed(2).await;
    assert_eq!(station.trouble(PanelTroubleKind::Damaged), 1);
    device.send(&frame(7, 3, 90, &[])).await;
    assert_eq!(device.heard().await, Some((DENY, 3, vec![])));
    assert_eq!((station.frames().len(), station.trouble(PanelTroubleKind::ForeignCommand)), (2, 1));
}

#[tokio::test]
async fn rubbish_is_closed() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("open")).await;
    let _ = tokio::io::AsyncWriteExt::write_all(&mut device.socket, &[0x55; 20_000]).await;
    assert_eq!(device.heard().await, None);
    station.until("told", || station.trouble(PanelTroubleKind::Unframed) == 1).await;
}

#[tokio::test]
async fn who_says_nothing_whole_in_time_is_closed() {
    let limits = GatewayLimits {
        first_frame_timeout: Duration::from_millis(300),
        frame_timeout: Duration::from_millis(50),
        ..GatewayLimits::default()
    };
    let station = Station::limited(limits).await;
    let mut device = Device::connect(station.port("open")).await;
    let slow = fire(7, 1, 1);
    for byte in slow.iter().cycle() {
        if tokio::io::AsyncWriteExt::write_all(&mut device.socket, &[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    station.until("told", || station.trouble(PanelTroubleKind::Silent) == 1).await;
    assert_eq!(station.frames().len(), 0);
}

#[tokio::test]
async fn a_begun_frame_that_never_ends_gives_way_to_the_next() {
    let limits = GatewayLimits { frame_timeout: Duration::from_millis(100), ..GatewayLimits::default() };
    let station = Station::limited(limits).await;
    let mut device = Device::connect(station.port("open")).await;
    // Looks like the beginning of a frame of 1,054 bytes; the sound one is inside of it.
    let mut long = frame(7, 1, 2, &[]);
    long[24..26].copy_from_slice(&1_024_u16.to_le_bytes());
    device.send(&[&long[..27], &fire(7, 2, 1)[..]].concat()).await;
    device.is_confirmed(2).await;
}

#[tokio::test]
async fn a_fire_behind_half_a_frame_does_not_wait_until_that_is_given_up() {
    let limits = GatewayLimits { frame_timeout: Duration::from_secs(3_600), ..GatewayLimits::default() };
    let station = Station::limited(limits).await;
    let mut device = Device::connect(station.port("open")).await;
    // The device began anew in the middle of a heartbeat: the version of the next frame is read as a length.
    device.send(&[&frame(7, 1, 2, &[])[..20], &fire(7, 2, 1)[..]].concat()).await;
    device.is_confirmed(2).await;
}

#[tokio::test]
async fn idle_connections_end() {
    let limits = GatewayLimits { idle_max: Duration::from_millis(200), ..GatewayLimits::default() };
    let station = Station::limited(limits).await;
    let mut device = Device::connect(station.port("open")).await;
    device.send(&frame(7, 1, 2, &[])).await;
    device.is_confirmed(1).await;
    assert_eq!(device.heard().await, None);
    assert_eq!(station.trouble(PanelTroubleKind::Silent), 1);
}

#[tokio::test]
async fn more_connections_than_may_be_are_turned_away() {
    let limits = GatewayLimits { connections_per_address_max: 3, ..GatewayLimits::default() };
    let station = Station::limited(limits).await;
    let mut devices = Vec::new();
    for serial in 0..3 {
        let mut device = Device::connect(station.port("open")).await;
        device.send(&frame(7, serial, 2, &[])).await;
        device.is_confirmed(serial).await;
        devices.push(device);
    }
    let mut fourth = Device::connect(station.port("strict")).await;
    assert_eq!(fourth.heard().await, None);
    assert_eq!(station.trouble(PanelTroubleKind::Limit), 1);
}

#[tokio::test]
async fn a_flood_of_one_device_is_read_slowly_and_does_not_delay_anothers_fire() {
    let limits = GatewayLimits { device_unacked_max: 100, ..GatewayLimits::default() };
    let station = Station::limited(limits).await;
    station.mode.send_replace(Mode::Hold);
    let mut floods = Vec::new();
    for _ in 0..5 {
        let mut flood = Device::connect(station.port("strict")).await;
        let many: Vec<u8> = (0..400).flat_map(|serial| frame(7, serial, 2, &[])).collect();
        flood.send(&many).await;
        floods.push(flood);
    }
    station.until("the share is full", || station.metric("watchfire_gbt26875_waits_total") >= 4.0).await;
    let mut other = Device::connect(station.port("strict")).await;
    other.send(&fire(8, 1, 1)).await;
    let heartbeats = || station.metric("watchfire_gbt26875_frames_total");
    station.until("the fire is under way", || heartbeats() >= 101.0).await;
    station.mode.send_replace(Mode::Write);
    other.is_confirmed(1).await;
    let before = station.who().iter().position(|who| who == "tower/8@strict").unwrap();
    assert!(before <= 200, "{before} frames of the flood stood before the fire");
}

#[tokio::test]
async fn who_sends_faster_than_he_may_loses_nothing() {
    let limits = GatewayLimits { frames_per_s: 500, frames_burst: 10, ..GatewayLimits::default() };
    let station = Station::limited(limits).await;
    let mut device = Device::connect(station.port("strict")).await;
    let many: Vec<u8> = (0..100).flat_map(|serial| fire(7, serial, 1)).collect();
    device.send(&many).await;
    for serial in 0..100 {
        device.is_confirmed(serial).await;
    }
    assert_eq!((station.frames().len(), station.trouble(PanelTroubleKind::Flood)), (100, 1));
}
