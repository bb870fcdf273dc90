//! Limits and deadlines, each with the socket that runs into it.

use crate::script::{Raw, bytes};
use crate::station::{Mode, PATIENCE, Station};
use std::time::Duration;
use watchfire_intake::{Limits, TroubleKind};

const SOON: Duration = Duration::from_millis(150);

/// A wrong password for `care/gw1`.
const GUESS: &str = r#"10{ s"MQTT" 04 c2 003c s"raw" s"care/gw1" s"guess" }"#;

#[tokio::test]
async fn a_silent_socket_is_closed_and_holds_up_nobody() {
    let station = Station::paused(Limits { connect_timeout: SOON, ..Limits::default() }).await;
    let mut silent = station.pipe().await;
    let mut half = station.pipe().await;
    half.send("10 20 0004").await;
    station.piped("$c4", "$a4").await.alive().await;
    silent.closed().await;
    half.closed().await;
    assert_eq!(station.trouble(TroubleKind::NoConnect), 2);
}

/// 3.1.1 and 5 with a keep-alive of one second.
const BRIEF_4: &str = r#"10{ s"MQTT" 04 c2 0001 s"brief" s"care/gw1" s"secret" }"#;
const BRIEF_5: &str = r#"10{ s"MQTT" 05 c2 0001 p{} s"brief" s"care/gw2" s"secret" }"#;

#[tokio::test]
async fn keep_alive_is_one_and_a_half_times() {
    let station = Station::paused(Limits::default()).await;
    let begun = tokio::time::Instant::now();
    let mut four = station.piped(BRIEF_4, "$a4").await;
    let mut five = station.piped(BRIEF_5, "$a5").await;
    five.expect("e0028d00").await;
    five.closed().await;
    four.closed().await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(1_500) && took < Duration::from_millis(1_510), "{took:?}");
    assert_eq!(station.trouble(TroubleKind::Silent), 2);
}

#[tokio::test]
async fn keep_alive_stands_still_while_we_do_not_read() {
    let limits = Limits { unacked_max: 1, chunk_frames: 1, ..Limits::default() };
    let station = Station::paused(limits).await;
    station.mode.send_replace(Mode::Hold);
    let mut raw = station.piped(BRIEF_4, "$a4").await;
    raw.send(r#"32{ s"zigbee2mqtt/k" 0001 "1" } 32{ s"zigbee2mqtt/k" 0002 "2" }"#).await;
    // An hour of a paused clock.
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    station.mode.send_replace(Mode::Write);
    raw.expect("40020001 40020002").await;
    raw.alive().await;
}

#[tokio::test]
async fn the_unacknowledged_window() {
    let limits = Limits { unacked_max: 2, ..Limits::default() };
    let station = Station::limited(limits).await;
    station.mode.send_replace(Mode::Hold);
    let connack = "20{ 00 00 p{ 11 00000000 21 0002 24 01 27 00041200 22 0010 } }";
    let mut five = Raw::connect(station.port, "$c5", connack).await;
    five.send(r#"32{ s"v3/k" 0001 p{} } 32{ s"v3/k" 0002 p{} } 32{ s"v3/k" 0003 p{} }"#).await;
    five.expect("e0029300").await;
    five.closed().await;
    let mut four = Raw::connect(station.port, BRIEF_4, "$a4").await;
    four.send(r#"32{ s"v3/k" 0001 } 32{ s"v3/k" 0002 } 32{ s"v3/k" 0003 }"#).await;
    four.silent().await;
    station.mode.send_replace(Mode::Write);
    four.expect("40020001 40020002 40020003").await;
    four.alive().await;
}

#[tokio::test]
async fn a_packet_that_is_never_finished() {
    let station = Station::paused(Limits { packet_timeout: SOON, ..Limits::default() }).await;
    let mut raw = station.piped("$c5", "$a5").await;
    raw.send("30 20 0004").await;
    raw.expect("e0028100").await;
    raw.closed().await;
    assert_eq!(station.trouble(TroubleKind::SlowWriter), 1);
}

#[tokio::test]
async fn unfinished_packets_of_all_links_are_bounded() {
    let station = Station::limited(Limits { unfinished_bytes_max: 300_000, ..Limits::default() }).await;
    let mut one = Raw::connect(station.port, "$c5", "$a5").await;
    one.send("30 a09c0c 0004").await;
    station.until("room taken", || station.metric("watchfire_mqtt_received_bytes_total") > 0.0).await;
    let mut two = Raw::connect(station.port, &"$c5".replace("$c5", BRIEF_5), "$a5").await;
    two.send("30 a09c0c 0004").await;
    two.expect("e0029700").await;
    two.closed().await;
    drop(one);
    let end = async {
        loop {
            let mut three = Raw::connect(station.port, BRIEF_5, "$a5").await;
            three.send("30 a09c0c 0004").await;
            let mut first = [0];
            let read = tokio::io::AsyncReadExt::read(&mut three.0, &mut first);
            if tokio::time::timeout(Duration::from_millis(100), read).await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, end).await.expect("the room comes back");
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_closed() {
    let limits = Limits { write_timeout: SOON, write_buffer_bytes_max: 8 * 1024, ..Limits::default() };
    let station = Station::paused(limits).await;
    let mut raw = station.piped(BRIEF_5, "$a5").await;
    let pings = bytes("$ping").repeat(100_000);
    let end = async { while tokio::io::AsyncWriteExt::write_all(&mut raw.0, &pings).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, end).await.expect("closed");
    station.until("noted", || station.trouble(TroubleKind::SlowReader) == 1).await;
}

#[tokio::test]
async fn connections_in_all_per_address_and_rate() {
    let limits = Limits { connections_max: 2, ..Limits::default() };
    let station = Station::limited(limits).await;
    let one = Raw::connect(station.port, "$c4", "$a4").await;
    let _two = Raw::connect(station.port, BRIEF_4, "$a4").await;
    Raw::open(station.port).await.closed().await;
    drop(one);
    station.until("a place", || station.metric("watchfire_mqtt_connections") < 2.0).await;
}

#[tokio::test]
async fn connections_of_an_address_may_come_so_fast_and_no_faster() {
    let limits = Limits { connects_per_address_burst: 2, connects_per_address_per_s: 1, ..Limits::default() };
    let station = Station::paused(limits).await;
    station.piped("$c4", "$a4").await;
    station.piped("$c4", "$a4").await;
    station.pipe().await.closed().await;
    assert_eq!(station.trouble(TroubleKind::Limit), 1);
    tokio::time::advance(Duration::from_millis(1_001)).await;
    station.piped("$c4", "$a4").await;
    station.pipe().await.closed().await;
    assert_eq!(station.trouble(TroubleKind::Limit), 2);
}

#[tokio::test]
async fn wrong_passwords_again_and_again_are_told_of() {
    let mut station = Station::limited(Limits { refused_logins_per_min: 3, ..Limits::default() }).await;
    for _ in 0..4 {
        let mut raw = Raw::open(station.port).await;
        raw.send(GUESS).await;
        raw.expect("20020004").await;
        raw.closed().await;
    }
    let notice = tokio::time::timeout(PATIENCE, station.notices.recv()).await.unwrap().unwrap();
    assert_eq!((notice.kind.as_str(), notice.subject.as_str(), notice.active), ("login_attack", "127.0.0.1", true));
    assert!(station.notices.try_recv().is_err(), "once");
    assert_eq!(station.trouble(TroubleKind::BadCredentials), 4);
    let trouble = &station.shared.troubles().latest(1)[0];
    assert!(trouble.detail.contains("care/gw1") && !trouble.detail.contains("guess"), "{trouble:?}");
}

#[tokio::test]
async fn a_subscriber_that_does_not_acknowledge_alerts_is_closed_and_counted() {
    let limits = Limits { delivery_ack_timeout: SOON, ..Limits::default() };
    let station = Station::paused(limits).await;
    let mut raw = station.piped("$sub5", "$a5").await;
    raw.send(r#"82{ 0001 p{} s"wf/v1/care/alerts" 01 }"#).await;
    raw.expect("90{ 0001 p{} 01 }").await;
    assert_eq!(station.shared.outlet().publish("home", b"x"), 0);
    assert_eq!(station.shared.outlet().publish("care", b"fire"), 1);
    raw.expect(r#"32{ s"wf/v1/care/alerts" 0001 p{} "fire" }"#).await;
    raw.send("40020001").await;
    raw.alive().await;
    assert_eq!(station.shared.outlet().publish("care", b"again"), 1);
    raw.expect(r#"32{ s"wf/v1/care/alerts" 0002 p{} "again" }"#).await;
    raw.expect("e0029700").await;
    raw.closed().await;
    assert_eq!(station.trouble(TroubleKind::NoAck), 1);
    station.until("counted", || station.metric("watchfire_mqtt_alerts_undelivered_total") > 0.5).await;
}

#[tokio::test]
async fn a_subscriber_with_no_room_for_an_alert_is_closed_and_counted() {
    let limits = Limits { deliveries_per_client_max: 4, deliveries_unacked_max: 1, ..Limits::default() };
    let station = Station::limited(limits).await;
    let mut raw = Raw::connect(station.port, "$sub5", "$a5").await;
    raw.send(r#"82{ 0001 p{} s"wf/v1/care/alerts" 01 }"#).await;
    raw.expect("90{ 0001 p{} 01 }").await;
    let sent = (0..10).take_while(|_| station.shared.outlet().publish("care", b"fire") == 1).count();
    assert!((4..=5).contains(&sent), "{sent}");
    station.until("counted", || station.metric("watchfire_mqtt_alerts_undelivered_total") > 0.5).await;
    station.until("closed", || station.trouble(TroubleKind::NoAck) == 1).await;
}

#[tokio::test]
async fn a_password_is_not_guessed_at_without_end_and_nobody_else_is_kept_out() {
    let station = Station::paused(Limits::default()).await;
    for _ in 0..31 {
        station.piped(GUESS, "20020004").await.closed().await;
    }
    let latest = || station.shared.troubles().latest(1)[0].detail.clone();
    assert!(latest().contains("was not looked at"), "{}", latest());
    // The right one would be the 32nd guess; another identity of this address is not concerned.
    station.piped("$c4", "20020004").await.closed().await;
    station.piped(BRIEF_5, "$a5").await.alive().await;
    tokio::time::advance(Duration::from_secs(2)).await;
    station.piped("$c4", "$a4").await.alive().await;
    // Where it has logged in it gets in, whatever others try there.
    for _ in 0..100 {
        station.piped(GUESS, "20020004").await.closed().await;
    }
    station.piped("$c4", "$a4").await.alive().await;
}

#[tokio::test]
async fn sockets_without_a_word_keep_neither_a_device_nor_the_probe_out() {
    let limits = Limits { unauthenticated_per_address_max: 2, connections_max: 4, ..Limits::default() };
    let station = Station::limited(limits).await;
    let _device = Raw::connect(station.port, "$c4", "$a4").await;
    let (silent, _silent) = (Raw::open(station.port).await, Raw::open(station.port).await);
    let mut third = Raw::open(station.port).await;
    third.closed().await;
    station.until("told", || station.trouble(TroubleKind::Limit) == 1).await;
    let credentials = station.shared.probe_credentials();
    watchfire_intake::probe::once(station.port, &credentials, PATIENCE).await.unwrap();
    assert_eq!(station.trouble(TroubleKind::Limit), 1);
    // A place comes back, and who logs in leaves it to others.
    drop(silent);
    let again = async {
        loop {
            let mut raw = Raw::open(station.port).await;
            raw.send(BRIEF_5).await;
            let mut first = [0];
            if tokio::io::AsyncReadExt::read(&mut raw.0, &mut first).await.is_ok_and(|count| count == 1) {
                return raw;
            }
        }
    };
    let _in = tokio::time::timeout(PATIENCE, again).await.expect("a place");
    station.until("both are in", || station.metric("watchfire_mqtt_connections") > 1.5).await;
}
