//! Wills over a kill of the station. The journal of one station is what the next one begins with.

use crate::script::Raw;
use crate::station::{PATIENCE, Station};
use std::time::Duration;
use watchfire_intake::{Limits, Retained};
use watchfire_model::{Frame, Link};

/// 3.1.1, RETAIN, keep-alive one minute.
fn with_will(client: &str) -> String {
    format!(r#"10{{ s"MQTT" 04 e6 003c s"{client}" s"wf/v1/care/{client}/status" s"offline" s"care/gw1" s"secret" }}"#)
}

/// Nobody has a grace: who is not back at once is gone.
fn at_once() -> Limits {
    Limits { will_grace_min: Duration::ZERO, will_grace_max: Duration::ZERO, ..Limits::default() }
}

/// A station that dies; what its journal holds of wills at that moment.
async fn killed(station: Station, wills: &[impl AsRef<str>]) -> Retained {
    station.until("the wills are journaled", || station.wills().len() >= wills.len()).await;
    let mut journaled = station.wills();
    journaled.sort_unstable();
    assert!(journaled.iter().map(String::as_str).eq(wills.iter().map(AsRef::as_ref)), "{journaled:?}");
    let retained = station.kept.retained.lock().unwrap().clone();
    // As a restart reads them: from a snapshot's bytes.
    Retained::restore(&retained.snapshot()).unwrap()
}

#[tokio::test]
async fn a_kill_loses_no_will_and_who_comes_back_stops_his() {
    let before = Station::start().await;
    let mut links = Vec::new();
    for client in ["away", "back", "early", "plain"] {
        links.push(Raw::connect(before.port, &with_will(client), "$a4").await);
    }
    let retained = killed(before, &["away left", "back left", "early left", "plain left"]).await;

    let after = Station::with(Limits { will_grace_max: PATIENCE, ..at_once() }, &retained).await;
    let _early = Raw::connect(after.port, &with_will("early"), "$a4").await;
    after.shared.take_up_wills(&retained);
    let _back = Raw::connect(after.port, &with_will("back"), "$a4").await;
    let plain = r#"10{ s"MQTT" 04 c2 003c s"plain" s"care/gw1" s"secret" }"#;
    let _plain = Raw::connect(after.port, plain, "$a4").await;
    after.until("all is said of the wills", || after.wills().len() >= 4).await;
    let mut said = after.wills();
    said.sort_unstable();
    assert_eq!(said, ["back left", "early left", "early over", "plain over"]);
    assert!(after.frames().is_empty(), "nobody's will is published within his grace");

    // Killed once more, and everybody stays away.
    let retained = killed(after, &said).await;
    let again = Station::with(at_once(), &retained).await;
    again.shared.take_up_wills(&retained);
    let mut frames = again.seen(3).await;
    frames.sort_unstable();
    let expected = ["away", "back", "early"];
    assert_eq!(frames, expected.map(|client| format!("care/gw1 willr wf/v1/care/{client}/status offline")));
    again.until("nothing is left", || again.wills().len() == 3).await;
    assert_eq!(again.kept.retained.lock().unwrap().snapshot(), after_all(&again));
}

/// What the journal holds when no will is left: the retained messages alone.
fn after_all(station: &Station) -> Vec<u8> {
    let mut retained = Retained::default();
    for frame in station.frames() {
        let topic = frame.split(' ').nth(2).unwrap();
        let link = Link::MqttWill { retain: true };
        retained.apply(&Frame { site: "care", identity: "gw1", device: "", link, topic, payload: b"offline" });
    }
    retained.snapshot()
}

#[tokio::test]
async fn a_will_that_is_over_is_over_after_a_kill() {
    let station = Station::start().await;
    let mut bye = Raw::connect(station.port, &with_will("bye"), "$a4").await;
    bye.send("e000").await;
    bye.closed().await;
    let gone = Raw::connect(station.port, &with_will("gone"), "$a4").await;
    drop(gone);
    assert_eq!(station.seen(1).await, ["care/gw1 willr wf/v1/care/gone/status offline"]);
    let retained = killed(station, &["bye left", "bye over", "gone left", "gone over"]).await;
    let again = Station::with(at_once(), &retained).await;
    again.shared.take_up_wills(&retained);
    // Both are looked for in each round: that one of them has been is seen by the next CONNECT's frames alone.
    let mut probe = Raw::connect(again.port, &with_will("probe"), "$a4").await;
    probe.alive().await;
    again.until("its will is journaled", || again.wills() == ["probe left"]).await;
    assert!(again.frames().is_empty());
}

#[tokio::test]
async fn a_delayed_will_survives_a_stop() {
    let station = Station::start().await;
    // v5: session expiry and will delay 60 s.
    let connect = r#"10{ s"MQTT" 05 c4 003c p{ 11 0000003c } s"slow" p{ 18 0000003c } s"wf/v1/care/s1/status" s"offline" s"care/gw1" s"secret" }"#;
    let mut raw = Raw::open(station.port).await;
    raw.send(connect).await;
    station.until("left", || station.wills() == ["slow left"]).await;
    drop(raw);
    station.until("it waits", || station.metric("watchfire_mqtt_connections") < 0.5).await;
    let kept = std::sync::Arc::clone(&station.kept);
    station.stopped().await;
    assert_eq!(*kept.wills.lock().unwrap(), ["slow left"]);
}
