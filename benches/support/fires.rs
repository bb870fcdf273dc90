//! Fires of fresh devices, one after the other, from the publish to the alert at a browser; and the same way through
//! the peer, from a publish to a subscriber.

use crate::support::Fault;
use crate::support::console::Alerts;
use crate::support::device::Device;
use crate::support::site_plan::SECRET;
use crate::support::station::{PASSWORD, Station, USER};
use std::net::SocketAddr;
use std::time::Duration;

/// The site whose devices burn.
pub(crate) const SITE: &str = "homes";
/// Their names begin with this; the station's `sites.toml` lists them.
pub(crate) const PREFIX: &str = "fire-";

/// Between two fires, so that each finds the station as the figure wants it.
const PAUSE: Duration = Duration::from_millis(30);
const HEARD_MAX: Duration = Duration::from_secs(30);

/// The payload of a device that has seen smoke.
pub(crate) fn payload(key: &str) -> String {
    format!(r#"{{"id":"{key}","readings":[{{"point":"smoke","metric":"smoke_alarm","value":true}}]}}"#)
}

/// The topic of a device.
pub(crate) fn topic(site: &str, device: &str) -> String {
    format!("wf/v1/{site}/{device}/readings")
}

/// Milliseconds from publish to alert event, of fires `first` to `first + count - 1`.
pub(crate) fn through_station(station: &Station, first: u32, count: u32) -> Result<Vec<f64>, Fault> {
    let alerts = Alerts::listen(station.console, USER, PASSWORD)?;
    let mut gateway = Device::connect(station.mqtt, "burning", &format!("{SITE}/gw0"), SECRET)?;
    let mut latencies = Vec::new();
    for number in first..first + count {
        let name = format!("{PREFIX}{number}");
        let begun = gateway.publish(&topic(SITE, &name), payload(&name).as_bytes())?;
        let heard = alerts.of(&name, HEARD_MAX)?;
        gateway.acknowledged()?;
        latencies.push(heard.duration_since(begun).as_secs_f64() * 1_000.0);
        std::thread::sleep(PAUSE);
    }
    Ok(latencies)
}

/// Milliseconds from publish to delivery at a subscriber of the peer.
pub(crate) fn through_peer(peer: SocketAddr, count: u32) -> Result<Vec<f64>, Fault> {
    let mut subscriber = Device::connect(peer, "listening", "", "")?;
    subscriber.subscribe(&format!("wf/v1/{SITE}/+/readings"))?;
    let mut gateway = Device::connect(peer, "burning", "", "")?;
    let mut latencies = Vec::new();
    for number in 0..count {
        let name = format!("{PREFIX}{number}");
        let begun = gateway.publish(&topic(SITE, &name), payload(&name).as_bytes())?;
        // Mosquitto numbers what it delivers from 1.
        let heard = subscriber.delivered(u16::try_from(number + 1)?)?;
        gateway.acknowledged()?;
        latencies.push(heard.duration_since(begun).as_secs_f64() * 1_000.0);
        std::thread::sleep(PAUSE);
    }
    Ok(latencies)
}
