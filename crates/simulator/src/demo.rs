//! The demo's devices: what each of them publishes at a given second. Pure; [`crate::connections`] sends it.

use crate::recording::{Recording, sdc33};
use serde_json::json;

/// The fire of the care home starts this long after the demo.
pub const FIRE_AFTER_S: u64 = 20;
/// After the recording has ended, the smoke is gone within this.
const SMOKE_CLEARS_S: f64 = 120.0;

/// A connection of the demo: one credential and what it sends.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The site.
    pub site: &'static str,
    /// The identity; the user name is `<site>/<identity>`.
    pub identity: &'static str,
    /// Its devices.
    pub actors: Vec<Actor>,
}

/// A device of the demo.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A detector head of the care home, which plays room `room` of the recording.
    Head {
        /// Index of the recording's room.
        room: usize,
    },
    /// A Zigbee smoke alarm whose battery runs low at the given second.
    ZigbeeSmoke {
        /// Its friendly name.
        name: &'static str,
        /// When its battery is low.
        battery_low_after_s: Option<u64>,
    },
    /// A Zigbee gas alarm.
    ZigbeeGas {
        /// Its friendly name.
        name: &'static str,
    },
    /// A Zigbee carbon monoxide alarm.
    ZigbeeCo {
        /// Its friendly name.
        name: &'static str,
    },
    /// The fire water of the building.
    PumpRoom,
    /// The electrical fire monitor of the building.
    SwitchRoom,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: String,
}

/// The demo's sites, in the form of `sites.toml`.
pub const SITES: &str = include_str!("../demo/sites.toml");
/// The environment variable from which the demo's credentials come.
pub const SECRET_VARIABLE: &str = "WATCHFIRE_DEMO";

/// Everybody who takes part.
pub fn cast() -> Vec<Connection> {
    let smoke = |name| Actor::ZigbeeSmoke { name, battery_low_after_s: None };
    let mut cast = vec![
        Connection {
            site: "home-1",
            identity: "gateway",
            actors: vec![smoke("kitchen_smoke"), Actor::ZigbeeGas { name: "kitchen_gas" }, smoke("bedroom_smoke")],
        },
        Connection {
            site: "home-2",
            identity: "gateway",
            actors: vec![
                Actor::ZigbeeSmoke { name: "living_smoke", battery_low_after_s: Some(45) },
                Actor::ZigbeeCo { name: "living_co" },
            ],
        },
        Connection { site: "home-3", identity: "gateway", actors: vec![smoke("hall_smoke"), smoke("cellar_smoke")] },
        Connection { site: "tower", identity: "panel", actors: vec![Actor::PumpRoom, Actor::SwitchRoom] },
    ];
    let heads = ["head-a", "head-b", "head-c", "head-d", "head-e"];
    cast.extend(heads.iter().enumerate().map(|(room, head)| Connection {
        site: "sunshine",
        identity: head,
        actors: vec![Actor::Head { room }],
    }));
    cast
}

/// The play: holds the recording.
#[derive(Clone, Debug)]
pub struct Play {
    recording: Recording,
}

impl Play {
    /// The play with the house fire SDC33.
    pub fn new() -> Play {
        Play { recording: sdc33() }
    }

    /// What an actor publishes in that second of the demo; most are silent in most seconds. `number` makes ids unique
    /// over restarts.
    pub fn message(&self, site: &str, actor: &Actor, second: u64, number: u64) -> Option<Message> {
        match actor {
            Actor::Head { room } => second.is_multiple_of(2).then(|| self.head(site, *room, second, number)).flatten(),
            Actor::ZigbeeSmoke { name, battery_low_after_s } => {
                let low = battery_low_after_s.is_some_and(|after| second >= after);
                let battery = if low { 9 } else { 92 };
                let payload = json!({ "smoke": false, "battery": battery, "battery_low": low, "tamper": false, "linkquality": 110 });
                every(15, second, name).then(|| zigbee(name, &payload))
            }
            Actor::ZigbeeGas { name } => {
                every(15, second, name).then(|| zigbee(name, &json!({ "gas": false, "linkquality": 140 })))
            }
            Actor::ZigbeeCo { name } => {
                let payload = json!({ "carbon_monoxide": false, "co": 2, "battery": 88, "linkquality": 97 });
                every(15, second, name).then(|| zigbee(name, &payload))
            }
            Actor::PumpRoom => every(5, second, "pump").then(|| {
                let readings = json!([
                    { "point": "hydrant-main", "metric": "water_pressure", "value": 420.0 + wave(second, 8.0), "unit": "kPa" },
                    { "point": "roof-tank", "metric": "water_level", "value": 2.6 + wave(second, 0.03), "unit": "m" },
                    { "point": "jockey-pump", "metric": "pump_running", "value": (second / 60).is_multiple_of(5) }
                ]);
                own_scheme(site, "pump-room", number, &readings)
            }),
            Actor::SwitchRoom => every(5, second, "switch").then(|| {
                let readings = json!([
                    { "point": "main-feeder", "metric": "residual_current", "value": 38.0 + wave(second, 6.0), "unit": "mA" },
                    { "point": "busbar-a", "metric": "cable_temperature", "value": 41.0 + wave(second, 2.0), "unit": "Cel" }
                ]);
                own_scheme(site, "switch-room", number, &readings)
            }),
        }
    }

    /// Seconds of the demo at which the recorded photoelectric alarm of a room sounds.
    pub fn photoelectric_alarm_at(&self, room: usize) -> Option<f64> {
        self.recording.photoelectric_alarm_s.get(room).map(|after| after + lossless(FIRE_AFTER_S))
    }

    fn head(&self, site: &str, room: usize, second: u64, number: u64) -> Option<Message> {
        let at_s = lossless(second) - lossless(FIRE_AFTER_S);
        let length_s = self.recording.length_s();
        let sample = self.recording.at(at_s)?.rooms.get(room)?;
        let name = self.recording.rooms.get(room)?;
        let start = self.recording.rows.first()?.rooms.get(room)?;
        // Past the end the recording's last values fall back to the first ones.
        let left = (1.0 - (at_s - length_s).max(0.0) / SMOKE_CLEARS_S).clamp(0.0, 1.0);
        let smoke = sample.smoke * left;
        let temperature = start.temperature + (sample.temperature - start.temperature) * left;
        let sounding = at_s >= *self.recording.photoelectric_alarm_s.get(room)? && left > 0.0;
        let readings = json!([
            { "point": "head", "metric": "smoke_obscuration", "value": rounded(smoke), "unit": "dB/m" },
            { "point": "head", "metric": "temperature", "value": rounded(temperature), "unit": "Cel" },
            { "point": "head", "metric": "smoke_alarm", "value": sounding }
        ]);
        Some(own_scheme(site, &format!("head-{name}"), number, &readings))
    }
}

impl Default for Play {
    fn default() -> Play {
        Play::new()
    }
}

fn own_scheme(site: &str, device: &str, number: u64, readings: &serde_json::Value) -> Message {
    let payload = json!({ "id": format!("{device}-{number}"), "readings": readings });
    Message { topic: format!("wf/v1/{site}/{device}/readings"), payload: payload.to_string() }
}

fn zigbee(name: &str, payload: &serde_json::Value) -> Message {
    Message { topic: format!("zigbee2mqtt/{name}"), payload: payload.to_string() }
}

/// True in one second out of `interval`, at another one for each name; and in the first second, so that the board fills
/// at once.
fn every(interval: u64, second: u64, name: &str) -> bool {
    let offset = name.bytes().map(u64::from).sum::<u64>();
    second <= 1 || (second + offset).is_multiple_of(interval)
}

fn wave(second: u64, height: f64) -> f64 {
    rounded((lossless(second) / 40.0).sin() * height)
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a demo are far below 2^53")]
fn lossless(second: u64) -> f64 {
    second as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head_e(second: u64) -> String {
        Play::new().message("sunshine", &Actor::Head { room: 4 }, second, second).unwrap().payload
    }

    #[test]
    fn the_lounge_smokes_before_its_alarm_sounds() {
        let before = head_e(FIRE_AFTER_S + 92);
        assert!(before.contains(r#""metric":"smoke_alarm","point":"head","value":false"#), "{before}");
        assert!(head_e(FIRE_AFTER_S + 106).contains(r#""metric":"smoke_alarm","point":"head","value":true"#));
        assert!(head_e(FIRE_AFTER_S + 322).contains(r#""value":false"#));
    }

    #[test]
    fn everybody_says_something_at_once() {
        let play = Play::new();
        for connection in cast() {
            for actor in &connection.actors {
                let said = (0..2).any(|second| play.message(connection.site, actor, second, 0).is_some());
                assert!(said, "{actor:?}");
            }
        }
    }
}
