//! The demo's connections: one MQTT client per credential, which publishes what the play says and comes back by itself.

use crate::demo::{Connection, Message, Play};
use rumqttc::{AsyncClient, EventLoop, MqttOptions, QoS};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Publishes that wait for a connection; more are dropped, as a small device would.
const OUTBOX_MAX: usize = 64;
const RECONNECT: Duration = Duration::from_secs(2);

/// Where and as whom.
#[derive(Clone, Debug)]
pub struct Target {
    /// The station.
    pub address: SocketAddr,
    /// The password of every demo credential.
    pub password: String,
    /// Makes idempotency keys unique over restarts, e.g. the start time.
    pub run: u64,
}

/// Plays until `stop`.
pub async fn play(cast: Vec<Connection>, target: Target, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    for connection in cast {
        tasks.spawn(one(connection, target.clone(), stop.clone()));
    }
    while tasks.join_next().await.is_some() {}
}

async fn one(connection: Connection, target: Target, stop: CancellationToken) {
    let (client, mut events) = connect(&connection, &target);
    let play = Play::new();
    let mut seconds = every_second();
    let mut second = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = seconds.tick() => {
                for actor in &connection.actors {
                    let number = target.run + second;
                    if let Some(message) = play.message(connection.site, actor, second, number) {
                        publish(&client, message);
                    }
                }
                second += 1;
            }
            event = events.poll() => {
                if let Err(error) = event {
                    debug!(%error, site = connection.site, "demo device is not connected");
                    wait(RECONNECT, &stop).await;
                }
            }
        }
    }
}

fn connect(connection: &Connection, target: &Target) -> (AsyncClient, EventLoop) {
    let name = format!("{}-{}", connection.site, connection.identity);
    let mut options = MqttOptions::new(name, target.address.ip().to_string(), target.address.port());
    options.set_credentials(format!("{}/{}", connection.site, connection.identity), &target.password);
    options.set_keep_alive(Duration::from_secs(30));
    AsyncClient::new(options, OUTBOX_MAX)
}

fn publish(client: &AsyncClient, message: Message) {
    // A full outbox means that the station has been away for a while; the next reading is as good.
    let _ = client.try_publish(message.topic, QoS::AtLeastOnce, false, message.payload);
}

fn every_second() -> Interval {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    seconds
}

async fn wait(span: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(span) => {}
    }
}
