//! Who may speak, and as whom.

use crate::device::{CONFIRM, DENY, Device, fire, frame};
use crate::station::{Station, listed};
use watchfire_intake::gbt26875::{PanelTroubleKind, TransmitterSettings};

#[tokio::test]
async fn the_unlisted_are_taken_or_refused_as_the_port_says() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("strict")).await;
    device.send(&fire(99_999, 1, 1)).await;
    assert_eq!(device.heard().await, Some((DENY, 1, vec![])));
    assert_eq!(device.heard().await, None);
    assert_eq!((station.frames().len(), station.trouble(PanelTroubleKind::Unlisted)), (0, 1));
    let trouble = &station.gateway.troubles().latest(1)[0];
    assert_eq!(trouble.detail, "source address 99999");
    assert!(!trouble.kind.words().zh.is_empty());
    let mut device = Device::connect(station.port("open")).await;
    device.send(&fire(99_999, 1, 1)).await;
    device.is_confirmed(1).await;
    assert_eq!(station.who(), ["tower/99999@open"]);
    assert_eq!(station.trouble(PanelTroubleKind::Unclaimed), 1);
    assert!(!station.gateway.panels().connections()[0].listed);
}

#[tokio::test]
async fn without_an_address_the_port_or_the_network_address_says_who() {
    let station = Station::start().await;
    let mut east = Device::connect(station.port("east")).await;
    east.send(&fire(0, 1, 1)).await;
    east.is_confirmed(1).await;
    let mut first = Device::connect(station.port("open")).await;
    first.send(&fire(0, 1, 1)).await;
    first.is_confirmed(1).await;
    let mut second = Device::connect(station.port("open")).await;
    second.send(&fire(0, 1, 1)).await;
    second.is_confirmed(1).await;
    assert_eq!(station.who(), ["tower/east@east", "tower/127.0.0.1@open", "tower/127.0.0.1#2@open"]);
}

#[tokio::test]
async fn an_address_once_given_or_a_token_names_the_connection() {
    let station = Station::start().await;
    let token = |name: &str| TransmitterSettings { token: Some("A23FEC17".into()), ..listed(name, 0, None) };
    station.gateway.reload(vec![listed("7", 7, None), token("west")]).unwrap();
    let mut device = Device::connect(station.port("strict")).await;
    device.send(&[frame(7, 1, 2, &[]), fire(0, 2, 1)].concat()).await;
    device.is_confirmed(1).await;
    device.is_confirmed(2).await;
    let mut device = Device::connect(station.port("strict")).await;
    device.send(&[frame(0, 1, 2, b"\x3c\x01\x01\x02A23FEC17"), fire(0, 2, 1)].concat()).await;
    device.is_confirmed(1).await;
    device.is_confirmed(2).await;
    assert_eq!(station.who(), ["tower/7@strict", "tower/7@strict", "tower/west@strict", "tower/west@strict"]);
    assert!(station.gateway.reload(vec![token("west"), token("other")]).is_err());
}

#[tokio::test]
async fn a_device_that_registered_stays_who_it_is_under_a_changed_list() {
    let station = Station::start().await;
    let token = |name: &str| TransmitterSettings { token: Some("A23FEC17".into()), ..listed(name, 0, None) };
    station.gateway.reload(vec![token("west")]).unwrap();
    let mut device = Device::connect(station.port("open")).await;
    device.send(&frame(0, 1, 2, b"\x3c\x01A23FEC17")).await;
    device.is_confirmed(1).await;
    station.gateway.reload(vec![listed("7", 7, None), token("west")]).unwrap();
    device.send(&fire(0, 2, 1)).await;
    device.is_confirmed(2).await;
    station.gateway.reload(vec![token("renamed")]).unwrap();
    device.send(&fire(0, 3, 2)).await;
    device.is_confirmed(3).await;
    assert_eq!(station.who(), ["tower/west@open", "tower/west@open", "tower/renamed@open"]);
    let connections = station.gateway.panels().connections();
    let connected: Vec<&str> = connections.iter().map(|connection| connection.key.name.as_str()).collect();
    assert_eq!(connected, ["renamed"], "commands find it");
    // Whose token is taken back is a stranger here.
    station.gateway.reload(vec![listed("7", 7, None)]).unwrap();
    device.send(&fire(0, 4, 3)).await;
    device.is_confirmed(4).await;
    assert_eq!(station.who().last().map(String::as_str), Some("tower/127.0.0.1@open"));
}

#[tokio::test]
async fn a_changed_list_is_in_force_with_the_next_frame() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("strict")).await;
    device.send(&fire(7, 1, 1)).await;
    device.is_confirmed(1).await;
    station.gateway.reload(vec![listed("8", 8, None)]).unwrap();
    device.send(&fire(7, 2, 1)).await;
    assert_eq!(device.heard().await, Some((DENY, 2, vec![])));
    assert_eq!(device.heard().await, None);
}

#[tokio::test]
async fn a_device_on_two_connections_is_shown_and_both_are_heard() {
    let station = Station::start().await;
    let mut first = Device::connect(station.port("strict")).await;
    first.send(&fire(7, 1, 1)).await;
    first.is_confirmed(1).await;
    let mut second = Device::connect(station.port("strict")).await;
    second.send(&fire(7, 2, 2)).await;
    second.is_confirmed(2).await;
    assert_eq!(station.trouble(PanelTroubleKind::DoubleIdentity), 1);
    first.send(&fire(7, 3, 3)).await;
    first.is_confirmed(3).await;
    assert_eq!(station.frames().len(), 3);
}

#[tokio::test]
async fn an_integrators_gateway_carries_several_devices() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("strict")).await;
    device.send(&[fire(7, 1, 1), fire(8, 1, 1)].concat()).await;
    assert_eq!(device.heard().await, Some((CONFIRM, 1, vec![])));
    assert_eq!(device.heard().await, Some((CONFIRM, 1, vec![])));
    assert_eq!(station.who(), ["tower/7@strict", "tower/8@strict"]);
    assert_eq!(station.trouble(PanelTroubleKind::FurtherDevice), 1);
}

#[tokio::test]
async fn when_a_connections_devices_change_no_room_is_lost() {
    let limits = watchfire_intake::gbt26875::GatewayLimits { device_unacked_max: 2, ..Default::default() };
    let station = Station::limited(limits).await;
    let mut device = Device::connect(station.port("strict")).await;
    for round in 0..20_u16 {
        // Another device is first under each list.
        let source = 7 + u64::from(round % 2);
        station.gateway.reload(vec![listed(&source.to_string(), source, None)]).unwrap();
        for serial in [round * 2, round * 2 + 1] {
            device.send(&fire(source, serial, 1)).await;
            device.is_confirmed(serial).await;
        }
    }
    assert_eq!(station.frames().len(), 40);
}
