//! From one client to others through the router, with a real client (rumqttc), and what used to kill the router.

use crate::script::Raw;
use crate::station::{PATIENCE, Station};
use rumqttc::v5;
use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, QoS};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use watchfire_intake::{Limits, Retained};
use watchfire_model::{Frame, Link};

/// A rumqttc client; what it receives comes out of `heard` as `<topic> <payload>[ retained]`.
struct Client {
    client: AsyncClient,
    heard: mpsc::UnboundedReceiver<String>,
    done: mpsc::UnboundedReceiver<&'static str>,
    _task: JoinSet<()>,
}

fn client(station: &Station, id: &str, change: impl FnOnce(&mut MqttOptions)) -> Client {
    let mut options = MqttOptions::new(id, "127.0.0.1", station.port.port());
    options.set_credentials("care/gw1", "secret").set_keep_alive(Duration::from_secs(20));
    options.set_max_packet_size(512 * 1024, 512 * 1024);
    change(&mut options);
    let (client, mut events) = AsyncClient::new(options, 64);
    let (hear, heard) = mpsc::unbounded_channel();
    let (finish, done) = mpsc::unbounded_channel();
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok(event) = events.poll().await {
            let said = match event {
                Event::Incoming(Packet::Publish(publish)) => {
                    let retained = if publish.retain { " retained" } else { "" };
                    let payload = String::from_utf8_lossy(&publish.payload);
                    let _ = hear.send(format!("{} {payload}{retained}", publish.topic));
                    continue;
                }
                Event::Incoming(Packet::SubAck(_)) => "suback",
                Event::Incoming(Packet::PubAck(_)) => "puback",
                Event::Incoming(Packet::ConnAck(ack)) if ack.session_present => "resumed",
                Event::Incoming(Packet::ConnAck(_)) => "new",
                _ => continue,
            };
            let _ = finish.send(said);
        }
    });
    Client { client, heard, done, _task: task }
}

impl Client {
    async fn until(&mut self, what: &str) {
        let wait = async { while self.done.recv().await.expect("connected") != what {} };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no {what}"));
    }

    async fn subscribe(&mut self, filter: &str, qos: QoS) {
        self.client.subscribe(filter, qos).await.unwrap();
        self.until("suback").await;
    }

    async fn publish(&mut self, topic: &str, retain: bool, payload: &str) {
        self.client.publish(topic, QoS::AtLeastOnce, retain, payload).await.unwrap();
        self.until("puback").await;
    }

    async fn hear(&mut self, expected: &str) {
        let heard = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
        assert_eq!(heard.unwrap_or_else(|_| panic!("never heard {expected}")).as_deref(), Some(expected));
    }
}

async fn router_lives(station: &Station) {
    assert!(station.shared.router_answers(PATIENCE).await.unwrap());
    assert!(station.shared.router_answers(Duration::ZERO).await.is_ok(), "late is not dead");
    let mut one = client(station, "living-1", |_| {});
    one.subscribe("zigbee2mqtt/living", QoS::AtLeastOnce).await;
    one.publish("zigbee2mqtt/living", false, "yes").await;
    one.hear("zigbee2mqtt/living yes").await;
}

#[tokio::test]
async fn qos_1_subscribers_hear_in_order() {
    let station = Station::start().await;
    let mut listener = client(&station, "listener", |_| {});
    listener.subscribe("zigbee2mqtt/#", QoS::AtLeastOnce).await;
    let mut sender = client(&station, "sender", |_| {});
    for n in 0..300 {
        sender.publish("zigbee2mqtt/厨房/smoke", false, &n.to_string()).await;
    }
    for n in 0..300 {
        listener.hear(&format!("zigbee2mqtt/厨房/smoke {n}")).await;
    }
}

#[tokio::test]
async fn sites_do_not_hear_each_other() {
    let station = Station::start().await;
    let home = |options: &mut MqttOptions| {
        options.set_credentials("home/gw1", "secret");
    };
    let mut other = client(&station, "other", home);
    other.subscribe("zigbee2mqtt/#", QoS::AtLeastOnce).await;
    let mut sender = client(&station, "sender", |_| {});
    sender.publish("zigbee2mqtt/k", true, "care").await;
    other.publish("zigbee2mqtt/k", false, "home").await;
    other.hear("zigbee2mqtt/k home").await;
}

#[tokio::test]
async fn retained_messages_are_kept_cleared_and_rebuilt() {
    let mut retained = Retained::default();
    let link = Link::Mqtt { qos: 1, retain: true };
    for n in 0..300 {
        let topic = format!("zigbee2mqtt/old/{n}");
        retained.apply(&Frame { site: "care", identity: "gw1", device: "", link, topic: &topic, payload: b"kept" });
    }
    let station = Station::with(Limits::default(), &retained).await;
    let mut sender = client(&station, "sender", |_| {});
    sender.publish("zigbee2mqtt/new", true, "1").await;
    sender.publish("zigbee2mqtt/new", true, "2").await;
    sender.publish("zigbee2mqtt/gone", true, "x").await;
    sender.publish("zigbee2mqtt/gone", true, "").await;
    // An empty message without RETAIN clears nothing, though the router would think so.
    sender.publish("zigbee2mqtt/new", false, "").await;
    let mut listener = client(&station, "listener", |_| {});
    listener.subscribe("zigbee2mqtt/+", QoS::AtLeastOnce).await;
    listener.hear("zigbee2mqtt/new 2 retained").await;
    listener.subscribe("zigbee2mqtt/+", QoS::AtLeastOnce).await;
    listener.hear("zigbee2mqtt/new 2 retained").await;
    listener.subscribe("zigbee2mqtt/old/#", QoS::AtLeastOnce).await;
    for _ in 0..300 {
        let heard = tokio::time::timeout(PATIENCE, listener.heard.recv()).await.unwrap().unwrap();
        assert!(heard.starts_with("zigbee2mqtt/old/") && heard.ends_with(" kept retained"), "{heard}");
    }
    sender.publish("zigbee2mqtt/new", true, "3").await;
    listener.hear("zigbee2mqtt/new 3").await;
}

#[tokio::test]
async fn a_will_is_heard() {
    let station = Station::start().await;
    let mut listener = client(&station, "listener", |_| {});
    listener.subscribe("wf/v1/care/+/status", QoS::AtLeastOnce).await;
    let mut device = client(&station, "device", |options| {
        options.set_last_will(LastWill::new("wf/v1/care/s1/status", "offline", QoS::AtLeastOnce, true));
    });
    device.publish("wf/v1/care/s1/status", true, "online").await;
    listener.hear("wf/v1/care/s1/status online").await;
    drop(device);
    listener.hear("wf/v1/care/s1/status offline").await;
    let mut late = client(&station, "late", |_| {});
    late.subscribe("wf/v1/care/s1/status", QoS::AtLeastOnce).await;
    late.hear("wf/v1/care/s1/status offline retained").await;
}

#[tokio::test]
async fn shared_subscriptions_take_turns_and_survive_members() {
    let station = Station::start().await;
    let mut one = client(&station, "one", |_| {});
    let mut two = client(&station, "two", |options| {
        options.set_clean_session(false);
    });
    for member in [&mut one, &mut two] {
        member.subscribe("$share/g/zigbee2mqtt/#", QoS::AtLeastOnce).await;
        // Another filter under the same group name is another group.
        member.subscribe("$share/g/v3/#", QoS::AtLeastOnce).await;
    }
    let mut sender = client(&station, "sender", |_| {});
    for n in 0..10 {
        sender.publish("zigbee2mqtt/k", false, &n.to_string()).await;
    }
    for n in 0..5 {
        one.hear(&format!("zigbee2mqtt/k {}", 2 * n)).await;
        two.hear(&format!("zigbee2mqtt/k {}", 2 * n + 1)).await;
    }
    drop(two);
    station.until("two is gone", || station.metric("watchfire_mqtt_connections") < 2.5).await;
    for n in 0..4 {
        sender.publish("v3/k", false, &n.to_string()).await;
        one.hear(&format!("v3/k {n}")).await;
    }
    let mut two = client(&station, "two", |options| {
        options.set_clean_session(false);
    });
    two.until("resumed").await;
    station.until("two shares again", || station.metric("watchfire_mqtt_subscribers") > 1.5).await;
    router_lives(&station).await;
}

#[tokio::test]
async fn a_session_keeps_what_came_while_its_client_was_away() {
    let station = Station::start().await;
    let lasting = |options: &mut MqttOptions| {
        options.set_clean_session(false);
    };
    let mut listener = client(&station, "listener", lasting);
    listener.until("new").await;
    listener.subscribe("zigbee2mqtt/#", QoS::AtLeastOnce).await;
    let mut sender = client(&station, "sender", |_| {});
    sender.publish("zigbee2mqtt/k", false, "before").await;
    listener.hear("zigbee2mqtt/k before").await;
    drop(listener);
    station.until("gone", || station.metric("watchfire_mqtt_subscribers") < 0.5).await;
    for n in 0..5 {
        sender.publish("zigbee2mqtt/k", false, &n.to_string()).await;
    }
    let mut listener = client(&station, "listener", lasting);
    listener.until("resumed").await;
    for n in 0..5 {
        listener.hear(&format!("zigbee2mqtt/k {n}")).await;
    }
    sender.publish("zigbee2mqtt/k", false, "after").await;
    listener.hear("zigbee2mqtt/k after").await;
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_as_a_duplicate() {
    let station = Station::start().await;
    let lasting = r#"10{ s"MQTT" 04 c0 003c s"raw" s"care/gw1" s"secret" }"#;
    let mut raw = Raw::connect(station.port, lasting, "$a4").await;
    raw.send(r#"82{ 0001 s"zigbee2mqtt/#" 01 }"#).await;
    raw.expect("90{ 0001 01 }").await;
    let mut sender = client(&station, "sender", |_| {});
    sender.publish("zigbee2mqtt/k", false, "1").await;
    raw.expect(r#"32{ s"zigbee2mqtt/k" 0001 "1" }"#).await;
    drop(raw);
    station.until("gone", || station.metric("watchfire_mqtt_subscribers") < 0.5).await;
    sender.publish("zigbee2mqtt/k", false, "2").await;
    let mut raw = Raw::connect(station.port, lasting, "20020100").await;
    raw.expect(r#"3a{ s"zigbee2mqtt/k" 0001 "1" } 32{ s"zigbee2mqtt/k" 0002 "2" }"#).await;
    raw.send("40020001 40020002").await;
    raw.alive().await;
    // A clean session forgets all of it.
    let mut raw = Raw::connect(station.port, "$c4", "$a4").await;
    sender.publish("zigbee2mqtt/k", false, "3").await;
    raw.alive().await;
}

#[tokio::test]
async fn version_5_clients_hear_properties() {
    let station = Station::start().await;
    let mut options = v5::MqttOptions::new("five", "127.0.0.1", station.port.port());
    options.set_credentials("care/gw1", "secret");
    let (client, mut events) = v5::AsyncClient::new(options, 16);
    let filter = v5::mqttbytes::v5::Filter::new("zigbee2mqtt/#", v5::mqttbytes::QoS::AtLeastOnce);
    client.subscribe_many([filter]).await.unwrap();
    let properties = v5::mqttbytes::v5::PublishProperties {
        content_type: Some("application/json".into()),
        message_expiry_interval: Some(60),
        user_properties: vec![("unit".into(), "Cel".into())],
        ..Default::default()
    };
    let heard = async {
        loop {
            match events.poll().await.unwrap() {
                v5::Event::Incoming(v5::Incoming::SubAck(_)) => {
                    let qos = v5::mqttbytes::QoS::AtLeastOnce;
                    let sent = client.publish_with_properties("zigbee2mqtt/k", qos, false, "x", properties.clone());
                    sent.await.unwrap();
                }
                v5::Event::Incoming(v5::Incoming::Publish(publish)) => return publish,
                _ => {}
            }
        }
    };
    let heard = tokio::time::timeout(PATIENCE, heard).await.unwrap();
    let got = heard.properties.unwrap();
    assert_eq!(got.content_type.as_deref(), Some("application/json"));
    assert_eq!(got.user_properties, [("unit".to_owned(), "Cel".to_owned())]);
    assert!(got.message_expiry_interval.is_some_and(|left| left <= 60));
}

#[tokio::test]
async fn router_killer_a_topic_that_begins_with_a_wide_character() {
    let station = Station::start().await;
    let mut listener = client(&station, "listener", |_| {});
    listener.subscribe("zigbee2mqtt/#", QoS::AtMostOnce).await;
    let mut raw = Raw::connect(station.port, "$c5", "$a5").await;
    raw.send(r#"33{ s"厨房/k" 0001 p{} "x" } 33{ s"zigbee2mqtt/厨房" 0002 p{} "y" }"#).await;
    raw.expect("4003000187 40020002").await;
    listener.hear("zigbee2mqtt/厨房 y").await;
    router_lives(&station).await;
}

#[tokio::test]
async fn router_killer_a_full_subscriber_that_disconnects() {
    let station = Station::start().await;
    for round in 0..5 {
        let mut raw = Raw::connect(station.port, "$c4", "$a4").await;
        raw.send(r#"82{ 0001 s"zigbee2mqtt/#" 01 s"v3/#" 00 }"#).await;
        raw.expect("90{ 0001 01 00 }").await;
        let mut sender = client(&station, "sender", |_| {});
        let large = "x".repeat(10_000);
        for n in 0..600 {
            let topic = if n % 2 == 0 { "zigbee2mqtt/k" } else { "v3/k" };
            sender.client.publish(topic, QoS::AtMostOnce, false, large.as_str()).await.unwrap();
        }
        sender.publish("zigbee2mqtt/last", false, "x").await;
        if round % 2 == 0 {
            raw.send("e000").await;
        }
        drop(raw);
    }
    station.until("gone", || station.metric("watchfire_mqtt_subscribers") < 0.5).await;
    router_lives(&station).await;
}

#[tokio::test]
async fn router_killer_a_persistent_member_of_a_group_that_drops_unacknowledged() {
    let station = Station::start().await;
    let lasting = r#"10{ s"MQTT" 04 c0 003c s"raw" s"care/gw1" s"secret" }"#;
    let mut raw = Raw::connect(station.port, lasting, "$a4").await;
    raw.send(r#"82{ 0001 s"$share/g/zigbee2mqtt/#" 01 }"#).await;
    raw.expect("90{ 0001 01 }").await;
    let mut sender = client(&station, "sender", |_| {});
    sender.publish("zigbee2mqtt/k", false, "1").await;
    raw.expect(r#"32{ s"zigbee2mqtt/k" 0001 "1" }"#).await;
    drop(raw);
    station.until("gone", || station.metric("watchfire_mqtt_subscribers") < 0.5).await;
    router_lives(&station).await;
    let mut raw = Raw::connect(station.port, lasting, "20020100").await;
    raw.expect(r#"3a{ s"zigbee2mqtt/k" 0001 "1" }"#).await;
    raw.send("40020001").await;
    raw.alive().await;
}

#[tokio::test]
async fn a_slow_subscriber_delays_no_acknowledgement() {
    let station = Station::start().await;
    let mut slow = Raw::connect(station.port, "$c4", "$a4").await;
    slow.send(r#"82{ 0001 s"zigbee2mqtt/#" 00 }"#).await;
    slow.expect("90{ 0001 00 }").await;
    let mut sender = client(&station, "sender", |_| {});
    let large = "x".repeat(50_000);
    for _ in 0..400 {
        sender.publish("zigbee2mqtt/k", false, &large).await;
    }
}
