//! The promise: a PUBACK only when the frame is durable, in order; and what a link still does when it ends.

use crate::script::{Raw, bytes};
use crate::station::{Mode, PATIENCE, Station, identities};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use watchfire_intake::{Limits, TroubleKind};

#[tokio::test]
async fn a_puback_waits_for_the_disk_and_a_ping_does_not() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Hold);
    let mut raw = Raw::connect(station.port, "$c4", "$a4").await;
    raw.send(r#"32{ s"zigbee2mqtt/k" 0001 "1" } 30{ s"zigbee2mqtt/k" "2" } 32{ s"zigbee2mqtt/k" 0003 "3" } $ping"#)
        .await;
    raw.expect("$pong").await;
    raw.silent().await;
    assert!(station.frames().is_empty());
    station.mode.send_replace(Mode::Write);
    raw.expect("40020001 40020003").await;
    assert_eq!(
        station.frames(),
        ["care/gw1 qos1 zigbee2mqtt/k 1", "care/gw1 qos0 zigbee2mqtt/k 2", "care/gw1 qos1 zigbee2mqtt/k 3"]
    );
}

#[tokio::test]
async fn what_comes_right_before_the_end_counts() {
    let station = Station::start().await;
    let mut raw = Raw::open(station.port).await;
    raw.send(r#"$c4 30{ s"zigbee2mqtt/k" "1" } e000"#).await;
    raw.expect("$a4").await;
    raw.closed().await;
    station.seen(1).await;
    // Closed without reading anything, in the middle of a packet, while the journal is busy.
    station.mode.send_replace(Mode::Hold);
    for n in 0..5 {
        let mut raw = Raw::open(station.port).await;
        raw.send(r#"$c4 30{ s"zigbee2mqtt/k" "2" } 32{ s"zigbee2mqtt/k" 0001 "3" } 30 20"#).await;
        drop(raw);
        station
            .until("another link", || station.metric("watchfire_mqtt_frames_total") >= 1.0 + 2.0 * f64::from(n))
            .await;
        station.mode.send_replace(if n % 2 == 0 { Mode::Write } else { Mode::Hold });
    }
    station.mode.send_replace(Mode::Write);
    station.seen(11).await;
}

#[tokio::test]
async fn a_refusal_keeps_its_place_among_the_acknowledgements() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Hold);
    let mut raw = Raw::connect(station.port, "$c5", "$a5").await;
    raw.send(r#"32{ s"zigbee2mqtt/k" 0001 p{} "1" } 32{ s"wf/v1/home/x/y" 0002 p{} "2" } $ping"#).await;
    raw.expect("$pong").await;
    station.mode.send_replace(Mode::Write);
    raw.expect("40020001 4003000287").await;
}

#[tokio::test]
async fn frames_carry_site_identity_and_device() {
    let station = Station::start().await;
    let mut raw = Raw::connect(station.port, "$dev4", "$a4").await;
    raw.send(r#"33{ s"wf/v1/care/smoke-1/status" 0001 "online" }"#).await;
    raw.expect("40020001").await;
    assert_eq!(station.frames(), ["care/smoke-1/smoke-1 qos1r wf/v1/care/smoke-1/status online"]);
}

#[tokio::test]
async fn a_journal_that_dies_closes_the_link_without_an_acknowledgement() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Drop);
    let mut raw = Raw::connect(station.port, "$c5", "$a5").await;
    raw.send(r#"32{ s"zigbee2mqtt/k" 0001 p{} "1" }"#).await;
    raw.expect("e0028300").await;
    raw.closed().await;
    assert_eq!(station.trouble(TroubleKind::JournalGone), 1);
}

#[tokio::test]
async fn the_old_link_of_a_client_id_is_closed_and_its_frames_come_first() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Hold);
    let mut old = Raw::connect(station.port, "$c5", "$a5").await;
    old.send(r#"32{ s"zigbee2mqtt/k" 0001 p{} "old" }"#).await;
    old.alive().await;
    let mut new = Raw::open(station.port).await;
    new.send(r#"$c4 32{ s"zigbee2mqtt/k" 0001 "new" }"#).await;
    old.expect("e0028e00").await;
    old.closed().await;
    new.silent().await;
    station.mode.send_replace(Mode::Write);
    new.expect("$a4 40020001").await;
    assert_eq!(station.frames(), ["care/gw1 qos1 zigbee2mqtt/k old", "care/gw1 qos1 zigbee2mqtt/k new"]);
}

/// More than a link reads at once, while the journal is busy: most of it waits in the socket, the fire last.
const BACKLOG: usize = 40;

/// A link that may have one publish under way, and a client of it that published all this at QoS 0.
async fn with_a_backlog() -> (Station, Raw<DuplexStream>) {
    let limits = Limits { unacked_max: 1, chunk_frames: 1, ..Limits::default() };
    let station = Station::paused(limits).await;
    station.mode.send_replace(Mode::Hold);
    let mut old = station.piped("$c4", "$a4").await;
    for _ in 1..BACKLOG {
        old.send(r#"30{ s"zigbee2mqtt/k" x1200"r" }"#).await;
    }
    old.send(r#"30{ s"zigbee2mqtt/k" "fire" }"#).await;
    station.until("the first is under way", || station.kept.held_frames.load(Ordering::SeqCst) == 1).await;
    (station, old)
}

#[tokio::test]
async fn a_fire_at_qos_0_that_waits_in_the_socket_outlives_the_takeover() {
    let (station, old) = with_a_backlog().await;
    let mut new = station.pipe().await;
    new.send(r#"$c4 32{ s"zigbee2mqtt/k" 0001 "new" }"#).await;
    new.silent().await;
    station.mode.send_replace(Mode::Write);
    new.expect("$a4 40020001").await;
    let frames = station.frames();
    assert_eq!(frames.len(), BACKLOG + 1);
    assert_eq!(frames[BACKLOG - 1..], ["care/gw1 qos0 zigbee2mqtt/k fire", "care/gw1 qos1 zigbee2mqtt/k new"]);
    drop(old);
}

#[tokio::test]
async fn a_fire_at_qos_0_that_waits_in_the_socket_outlives_a_stop() {
    let (station, mut old) = with_a_backlog().await;
    station.stop.cancel();
    old.silent().await;
    station.mode.send_replace(Mode::Write);
    old.closed().await;
    let frames = station.frames();
    assert_eq!((frames.len(), frames[BACKLOG - 1].as_str()), (BACKLOG, "care/gw1 qos0 zigbee2mqtt/k fire"));
    station.stopped().await;
}

#[tokio::test]
async fn a_client_id_belongs_to_its_identity() {
    let station = Station::start().await;
    let mut one = Raw::connect(station.port, "$c4", "$a4").await;
    let other = r#"10{ s"MQTT" 04 c2 003c s"raw" s"home/gw1" s"secret" }"#;
    let mut two = Raw::connect(station.port, other, "$a4").await;
    one.alive().await;
    two.alive().await;
}

#[tokio::test]
async fn a_device_on_two_connections_is_told_of() {
    let mut station = Station::start().await;
    let mut raw = Raw::connect(station.port, "$dev4", "$a4").await;
    for _ in 0..3 {
        raw = Raw::connect(station.port, "$dev4", "$a4").await;
    }
    raw.alive().await;
    let notice = tokio::time::timeout(PATIENCE, station.notices.recv()).await.unwrap().unwrap();
    assert_eq!(
        (notice.kind.as_str(), notice.subject.as_str(), notice.active),
        ("double_identity", "care/smoke-1", true)
    );
}

#[tokio::test]
async fn a_reload_closes_the_links_of_changed_identities_only() {
    let station = Station::start().await;
    let mut raw = Raw::connect(station.port, "$c5", "$a5").await;
    assert_eq!(station.shared.reload(identities("secret")), 0);
    raw.alive().await;
    assert_eq!(station.shared.reload(identities("other")), 1);
    raw.expect("e0029800").await;
    raw.closed().await;
    let mut raw = Raw::open(station.port).await;
    raw.send("$c4").await;
    raw.expect("20020004").await;
    let probe = station.shared.probe_credentials();
    watchfire_intake::probe::once(station.port, &probe, PATIENCE).await.unwrap();
}

const WITH_WILL: &str = r#"10{ s"MQTT" 04 e6 003c s"will" s"wf/v1/care/s1/status" s"offline" s"care/gw1" s"secret" }"#;

#[tokio::test]
async fn a_will_is_journaled_when_the_socket_dies_and_not_after_a_disconnect() {
    let station = Station::start().await;
    let mut raw = Raw::connect(station.port, WITH_WILL, "$a4").await;
    raw.send("e000").await;
    raw.closed().await;
    let raw = Raw::connect(station.port, WITH_WILL, "$a4").await;
    drop(raw);
    assert_eq!(station.seen(1).await, ["care/gw1 willr wf/v1/care/s1/status offline"]);
    let mut raw = Raw::connect(station.port, WITH_WILL, "$a4").await;
    raw.send(r#"30{ s"zigbee2mqtt/k" "last" } 0000"#).await;
    raw.closed().await;
    let frames = station.seen(3).await;
    assert_eq!(frames[1..], ["care/gw1 qos0 zigbee2mqtt/k last", "care/gw1 willr wf/v1/care/s1/status offline"]);
}

/// v5: session expiry 60 s, will delay in seconds.
fn delayed_will(delay: u8, flags: &str) -> String {
    format!(
        r#"10{{ s"MQTT" 05 {flags} 003c p{{ 11 0000003c }} s"will" p{{ 18 000000{delay:02x} }} s"wf/v1/care/s1/status" s"offline" s"care/gw1" s"secret" }}"#
    )
}

#[tokio::test]
async fn a_delayed_will_is_stopped_by_the_client_coming_back() {
    let station = Station::paused(Limits::default()).await;
    let mut raw = station.pipe().await;
    raw.send(&delayed_will(1, "c4")).await;
    raw.alive_after_connack().await;
    drop(raw);
    let mut raw = station.pipe().await;
    raw.send(&delayed_will(1, "c4")).await;
    raw.alive_after_connack().await;
    drop(raw);
    let begun = tokio::time::Instant::now();
    assert_eq!(station.seen(1).await, ["care/gw1 will wf/v1/care/s1/status offline"]);
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1_010), "{took:?}");
    // A disconnect that asks for the will.
    let mut raw = station.pipe().await;
    raw.send(&delayed_will(0, "c4")).await;
    raw.alive_after_connack().await;
    raw.send("e00104").await;
    raw.closed().await;
    assert_eq!(station.seen(2).await.len(), 2);
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    async fn alive_after_connack(&mut self) {
        self.expect("20").await;
        let mut length = [0];
        tokio::io::AsyncReadExt::read_exact(&mut self.0, &mut length).await.unwrap();
        let mut rest = vec![0; usize::from(length[0])];
        tokio::io::AsyncReadExt::read_exact(&mut self.0, &mut rest).await.unwrap();
        assert_eq!(rest[1], 0);
        self.alive().await;
    }
}

#[tokio::test]
async fn a_stop_acknowledges_what_is_under_way_and_says_good_bye() {
    let station = Station::start().await;
    station.mode.send_replace(Mode::Hold);
    let mut raw = Raw::connect(station.port, "$c5", "$a5").await;
    raw.send(r#"32{ s"zigbee2mqtt/k" 0001 p{} "1" }"#).await;
    raw.alive().await;
    let mut silent = Raw::open(station.port).await;
    station.stop.cancel();
    raw.silent().await;
    station.mode.send_replace(Mode::Write);
    raw.expect("40020001 e0028b00").await;
    raw.closed().await;
    silent.closed().await;
    station.stopped().await;
}

#[tokio::test]
async fn a_stop_gives_up_on_a_journal_that_does_not_answer() {
    let limits = Limits { stop_grace: Duration::from_millis(100), ..Limits::default() };
    let station = Station::limited(limits).await;
    station.mode.send_replace(Mode::Hold);
    let mut raw = Raw::connect(station.port, "$c5", "$a5").await;
    raw.send(r#"32{ s"zigbee2mqtt/k" 0001 p{} "1" }"#).await;
    raw.alive().await;
    station.stop.cancel();
    raw.expect("e0028b00").await;
    raw.closed().await;
    station.stopped().await;
}

/// A stream that panics when it is read a second time: a bug of ours, as a link would meet it.
struct Bug(&'static [u8]);

impl AsyncRead for Bug {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        assert!(!self.0.is_empty(), "a bug");
        buffer.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bug {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_panic_in_a_link_closes_that_link_only() {
    let station = Station::start().await;
    let mut raw = Raw::connect(station.port, "$c4", "$a4").await;
    let connect: &'static [u8] = bytes(r#"10{ s"MQTT" 04 c2 003c s"bug" s"care/gw1" s"secret" }"#).leak();
    let mut bugs = vec![connect];
    let accept = || {
        let next = bugs.pop();
        let port = station.port;
        async move {
            match next {
                Some(connect) => Ok((Bug(connect), port)),
                None => std::future::pending().await,
            }
        }
    };
    let stop = station.stop.child_token();
    let serving = watchfire_intake::serve_with(accept, Arc::clone(&station.shared), stop);
    let noticed = station.until("the panic is noticed", || station.trouble(TroubleKind::LinkPanic) == 1);
    tokio::select! {
        () = serving => panic!("the listener ended"),
        () = noticed => {}
    }
    raw.alive().await;
    station.until("the client id is free", || station.metric("watchfire_mqtt_connections") < 1.5).await;
}

#[tokio::test]
async fn the_probe_goes_the_whole_way() {
    let station = Station::start().await;
    let credentials = station.shared.probe_credentials();
    let took = watchfire_intake::probe::once(station.port, &credentials, PATIENCE).await.unwrap();
    assert!(took < PATIENCE);
    assert_eq!(station.frames(), [r#"station/probe/probe qos1 wf/v1/station/probe/readings {"readings":[]}"#]);
    assert!(station.shared.router_answers(PATIENCE).await.unwrap());
    station.mode.send_replace(Mode::Hold);
    let late = watchfire_intake::probe::once(station.port, &credentials, Duration::from_millis(100)).await;
    assert!(late.unwrap_err().to_string().starts_with("no acknowledgement within"));
}
