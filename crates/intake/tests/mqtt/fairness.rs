//! A flood of one identity, and another's fire.

use crate::script::{Raw, bytes};
use crate::station::{Mode, PATIENCE, Station};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use watchfire_intake::{LAG_ENTRIES_MAX, Limits};
use watchfire_model::Seq;

const OTHER: &str = r#"10{ s"MQTT" 04 c2 003c s"other" s"care/gw2" s"secret" }"#;

/// Floods at QoS 0 over that many connections of one identity until dropped.
async fn flood(station: &Station, connections: usize) -> JoinSet<()> {
    let mut floods = JoinSet::new();
    for n in 0..connections {
        let connect = format!(r#"10{{ s"MQTT" 04 c2 003c s"flood-{n}" s"care/gw1" s"secret" }}"#);
        let mut raw = Raw::connect(station.port, &connect, "$a4").await;
        floods.spawn(async move {
            let many = bytes(r#"30{ s"zigbee2mqtt/flood" "0123456789" }"#).repeat(200);
            while raw.0.write_all(&many).await.is_ok() {}
        });
    }
    floods
}

#[tokio::test]
async fn while_the_rules_lag_an_identity_has_one_chunk_under_way() {
    let limits = Limits { chunk_frames: 64, ..Limits::default() };
    let station = Station::limited(limits).await;
    station.rules.send_replace(false);
    // As if the rules had a long way to go already.
    station.flow.journaled(Seq(LAG_ENTRIES_MAX + 1));
    let _floods = flood(&station, 5).await;
    station.seen(64).await;
    let mut fire = Raw::connect(station.port, OTHER, "$a4").await;
    fire.send(r#"32{ s"wf/v1/care/s1/readings" 0001 "fire" }"#).await;
    fire.expect("40020001").await;
    let frames = station.frames();
    let floods = frames.iter().filter(|frame| frame.ends_with("0123456789")).count();
    assert_eq!(floods, 64, "five connections, one chunk");
    // And that one identity's keep-alive stands still with the rest of its bytes in the sockets: nothing is lost.
    station.rules.send_replace(true);
    station.flow.applied(Seq(LAG_ENTRIES_MAX + 1));
    station.seen(10_000).await;
}

#[tokio::test]
async fn a_flood_does_not_fill_the_queue_for_others() {
    let limits = Limits { identity_unacked_max: 1_000, ..Limits::default() };
    let station = Station::limited(limits).await;
    station.mode.send_replace(Mode::Hold);
    let _floods = flood(&station, 20).await;
    station.until("the share is full", || station.metric("watchfire_mqtt_waits_total") >= 15.0).await;
    let mut fire = Raw::connect(station.port, OTHER, "$a4").await;
    fire.send(r#"32{ s"wf/v1/care/s1/readings" 0001 "fire" }"#).await;
    fire.alive().await;
    station.mode.send_replace(Mode::Write);
    fire.expect("40020001").await;
    let frames = station.frames();
    let before = frames.iter().position(|frame| frame.ends_with("fire")).unwrap();
    assert!(before <= 1_000, "{before} frames of the flood stood before the fire");
}

#[tokio::test]
async fn under_a_flood_a_qos_0_fire_comes_through_quickly() {
    let station = Station::start().await;
    let floods = flood(&station, 4).await;
    station.seen(20_000).await;
    let mut fire = Raw::connect(station.port, OTHER, "$a4").await;
    let begun = std::time::Instant::now();
    fire.send(r#"30{ s"wf/v1/care/s1/readings" "fire" }"#).await;
    let mut from = 0;
    let seen = async {
        loop {
            {
                let frames = station.seen.lock().unwrap();
                if frames[from..].iter().any(|frame| frame.ends_with("fire")) {
                    return;
                }
                from = frames.len();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("the fire arrives");
    println!("a fire passed the flood in {:?}", begun.elapsed());
    drop(floods);
}
