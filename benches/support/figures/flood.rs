//! One identity floods at full speed, by QoS 0 and QoS 1 over several connections, with small frames and with large ones;
//! how long another's fire takes to an alert event at a browser.

use crate::support::Fault;
use crate::support::fires::{self, PREFIX, SITE};
use crate::support::load::{Load, Loaded};
use crate::support::mosquitto::Mosquitto;
use crate::support::options::Options;
use crate::support::place::Place;
use crate::support::process::Process;
use crate::support::samples::{percentile, thousands};
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::Home;
use crate::support::table::Row;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

const BAR_MS: f64 = 250.0;
const CONNECTIONS: u32 = 4;
/// It is ended after the last fire.
const SECONDS_MAX: f64 = 240.0;
/// Before the first fire, so that the flood is at its height.
const RISE: Duration = Duration::from_secs(3);

/// What the flood consists of.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    payload_bytes: usize,
    in_flight: u16,
}

const KINDS: [Kind; 2] = [
    Kind { name: "120 bytes", payload_bytes: 120, in_flight: 1_000 },
    // Under the station's `packet_bytes_max` of 64 KiB.
    Kind { name: "60 kB", payload_bytes: 60_000, in_flight: 64 },
];

/// A flood by both qualities of service.
struct Flood {
    by_qos: Vec<Process>,
}

impl Flood {
    fn start(kind: Kind, target: SocketAddr, user: &str, log: &Path) -> Result<Flood, Fault> {
        let start = |qos: u8| {
            let users = if user.is_empty() { Vec::new() } else { vec![user.to_owned()] };
            let load = Load {
                users,
                password: SECRET.to_owned(),
                site: "flood".to_owned(),
                connections: CONNECTIONS,
                prefix: format!("flood-{qos}-"),
                in_flight: kind.in_flight,
                payload_bytes: kind.payload_bytes,
                qos,
                ..Load::standard(target, SECONDS_MAX)
            };
            load.start(log)
        };
        let flood = Flood { by_qos: vec![start(0)?, start(1)?] };
        std::thread::sleep(RISE);
        Ok(flood)
    }

    /// Frames a second that it got rid of.
    fn end(self) -> Result<f64, Fault> {
        let loaded: Result<Vec<Loaded>, Fault> = self.by_qos.into_iter().map(Load::end).collect();
        Ok(loaded?.iter().map(|loaded| loaded.per_second).sum())
    }
}

/// Latencies in milliseconds and frames a second, of ours and of the peer.
#[derive(Default)]
struct Measured {
    ours: Vec<f64>,
    peers: Vec<f64>,
    rates: Vec<f64>,
    peer_rates: Vec<f64>,
}

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let (rounds, fires) = (options.either(3, 1), options.either(200, 60));
    let devices = (0..2 * CONNECTIONS).map(|index| format!("flood-{}-{}", index / CONNECTIONS, index % CONNECTIONS));
    let flooding = SitePlan { id: "flood".into(), gateways: 1, devices: devices.collect(), panels: 0..0 };
    let homes = SitePlan::new(SITE, PREFIX, u32::try_from(KINDS.len())? * rounds * fires);
    let home = Home::new(&options.dir, &[flooding, homes])?;
    let station = home.start()?;
    let peer_place = Place::new(&options.dir)?;
    let mosquitto = Mosquitto::start(&options.dir)?;
    let (mut rows, mut first) = (Vec::new(), 0);
    for kind in KINDS {
        let mut measured = Measured::default();
        for _ in 0..rounds {
            let flood = Flood::start(kind, station.mqtt, "flood/gw0", &home.place.log())?;
            measured.ours.extend(fires::through_station(&station, first, fires)?);
            measured.rates.push(flood.end()?);
            first += fires;
            let flood = Flood::start(kind, mosquitto.address, "", &peer_place.log())?;
            measured.peers.extend(fires::through_peer(mosquitto.address, fires)?);
            measured.peer_rates.push(flood.end()?);
        }
        rows.push(row(kind, &measured));
    }
    station.stop()?;
    Ok(rows)
}

fn row(kind: Kind, measured: &Measured) -> Row {
    let Measured { ours, peers, rates, peer_rates } = measured;
    let (p99, peer_p99) = (percentile(ours, 0.99), percentile(peers, 0.99));
    Row {
        figure: format!("one identity flooding with frames of {}: another's fire at an SSE client, p99", kind.name),
        bar: format!("≤ {BAR_MS} ms"),
        measured: format!("{p99:.1} ms"),
        ratio: format!("{:.2} × the bar", p99 / BAR_MS),
        met: Some(p99 <= BAR_MS),
        notes: vec![
            format!(
                "{} fires, each of a fresh device; median {:.1} ms, slowest {:.1} ms",
                ours.len(),
                percentile(ours, 0.5),
                percentile(ours, 1.0)
            ),
            format!(
                "the flood: {CONNECTIONS} connections with QoS 0 and {CONNECTIONS} with QoS 1 × {} in flight, {}/s",
                kind.in_flight,
                thousands(percentile(rates, 0.5))
            ),
            format!(
                "mosquitto from publish to subscriber under the same flood ({}/s): median {:.1} ms, p99 {peer_p99:.1} ms; neither disk nor rules",
                thousands(percentile(peer_rates, 0.5)),
                percentile(peers, 0.5)
            ),
        ],
    }
}
