//! A flood of one identity, and another's fire.

use crate::script::{Raw, bytes};
use crate::station::{Mode, PATIENCE, Station};
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Floods with frames of that many bytes, at QoS 0, over that many connections of one identity until dropped.
async fn flood_of_large(station: &Station, connections: usize, bytes_each: usize) -> JoinSet<()> {
    let mut floods = JoinSet::new();
    for n in 0..connections {
        let connect = format!(r#"10{{ s"MQTT" 04 c2 003c s"flood-{n}" s"care/gw1" s"secret" }}"#);
        let mut raw = Raw::connect(station.port, &connect, "$a4").await;
        let one = bytes(&format!(r#"30{{ s"zigbee2mqtt/flood" x{bytes_each}"0" }}"#));
        floods.spawn(async move { while raw.0.write_all(&one).await.is_ok() {} });
    }
    floods
}

#[tokio::test]
async fn large_frames_of_one_identity_fill_neither_the_memory_nor_the_queue() {
    const BYTES_MAX: usize = 1024 * 1024;
    let limits = Limits { identity_unacked_bytes_max: BYTES_MAX, ..Limits::default() };
    let station = Station::limited(limits).await;
    station.mode.send_replace(Mode::Hold);
    let floods = flood_of_large(&station, 30, 200_000).await;
    station.until("every connection waits", || station.metric("watchfire_mqtt_waits_total") >= 25.0).await;
    let held = |what: &AtomicUsize| what.load(Ordering::SeqCst);
    let (flooded, bytes) = (held(&station.kept.held_frames), held(&station.kept.held_bytes));
    assert!(bytes <= BYTES_MAX, "{bytes} bytes of one identity in {flooded} frames");
    // Each connection holds one packet that waits, perhaps one that is not finished, and is known to.
    station.until("gauges", || station.metric("watchfire_mqtt_unfinished_bytes") >= 25.0 * 200_000.0).await;
    assert!(station.metric("watchfire_mqtt_unfinished_bytes") <= 60.0 * 201_000.0);
    assert!(station.metric("watchfire_mqtt_queue_bytes") <= 1024.0 * 1024.0);
    let mut fire = Raw::connect(station.port, OTHER, "$a4").await;
    fire.send(r#"32{ s"wf/v1/care/s1/readings" 0001 "fire" }"#).await;
    station.until("the fire is queued", || held(&station.kept.held_frames) > flooded).await;
    station.mode.send_replace(Mode::Write);
    fire.expect("40020001").await;
    let before = station.frames().iter().position(|frame| frame.ends_with("fire")).unwrap();
    assert!(before <= flooded, "{before} large frames stood before the fire, {flooded} when it came");
    drop(floods);
    station
        .until("all memory is given back", || {
            station.metric("watchfire_mqtt_unfinished_bytes") + station.metric("watchfire_mqtt_queue_bytes") < 0.5
        })
        .await;
}

#[tokio::test]
async fn an_identity_whose_large_packets_take_too_much_memory_is_closed_and_others_are_not() {
    let limits = Limits { identity_unfinished_bytes_max: 300_000, ..Limits::default() };
    let station = Station::limited(limits).await;
    let half = "30 a09c0c 0004";
    let mut one = Raw::connect(station.port, "$c5", "$a5").await;
    one.send(half).await;
    station.until("room is taken", || station.metric("watchfire_mqtt_unfinished_bytes") > 0.0).await;
    let same = r#"10{ s"MQTT" 05 c2 003c p{} s"two" s"care/gw1" s"secret" }"#;
    let mut two = Raw::connect(station.port, same, "$a5").await;
    two.send(half).await;
    two.expect("e0029700").await;
    let mut other = Raw::connect(station.port, OTHER, "$a4").await;
    other.send(&format!(r#"32{{ s"zigbee2mqtt/k" 0001 x{}"0" }}"#, 100_000)).await;
    other.expect("40020001").await;
}

#[tokio::test]
async fn under_a_flood_a_qos_0_fire_comes_through_quickly() {
    let station = Station::start().await;
    let floods = flood(&station, 4).await;
    station.seen(20_000).await;
    let mut fire = Raw::connect(station.port, OTHER, "$a4").await;
    let begun = std::time::Instant::now();
    fire.send(r#"30{ s"wf/v1/care/s1/readings" "fire" }"#).await;
    let mut noted = station.kept.fire.subscribe();
    tokio::time::timeout(PATIENCE, noted.wait_for(|fire| *fire)).await.expect("the fire arrives").unwrap();
    println!("a fire passed the flood in {:?}", begun.elapsed());
    drop(floods);
}
