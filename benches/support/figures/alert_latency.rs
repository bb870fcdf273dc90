//! From a fire's publish to its alert event at a browser, idle and beside 20,000 other readings a second.

use crate::support::Fault;
use crate::support::fires::{self, PREFIX, SITE};
use crate::support::load::Load;
use crate::support::mosquitto::Mosquitto;
use crate::support::options::Options;
use crate::support::place::Place;
use crate::support::process::Process;
use crate::support::samples::percentile;
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::Home;
use crate::support::table::Row;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

const IDLE_BAR_MS: f64 = 20.0;
const LOADED_BAR_MS: f64 = 100.0;
const READINGS_PER_S: u32 = 20_000;
/// What the generator is told. It keeps to its schedule from its own beginning: what a busy machine kept it from sending
/// it sends as soon as it can. The rest is what may be left of that at the end of a round.
const AIMED_AT_PER_S: u32 = 20_800;
/// Counts what the station has taken.
const FRAMES: &str = "watchfire_mqtt_frames_total";
const DEVICES: u32 = 200;
/// It is ended after the last fire.
const SECONDS_MAX: f64 = 240.0;
const RISE: Duration = Duration::from_secs(2);

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let (rounds, fires) = (options.either(4, 1), options.either(100, 50));
    let homes = SitePlan::new(SITE, PREFIX, 2 * rounds * fires);
    let home = Home::new(&options.dir, &[homes, SitePlan::new("load", "load-", DEVICES)])?;
    let station = home.start()?;
    let mosquitto = Mosquitto::start(&options.dir)?;
    let peer_place = Place::new(&options.dir)?;
    let [mut idle, mut loaded, mut peer_idle, mut peer_loaded] = std::array::from_fn(|_| Vec::new());
    let mut rates = Vec::new();
    for round in 0..rounds {
        let first = round * 2 * fires;
        idle.extend(fires::through_station(&station, first, fires)?);
        peer_idle.extend(fires::through_peer(mosquitto.address, fires)?);
        let load = start_load(station.mqtt, "load/gw0", &home.place.log())?;
        let (before, begun) = (station.metrics()?.value(FRAMES)?, Instant::now());
        loaded.extend(fires::through_station(&station, first + fires, fires)?);
        let taken = station.metrics()?.value(FRAMES)? - before - f64::from(fires);
        rates.push(taken / begun.elapsed().as_secs_f64());
        Load::end(load)?;
        let load = start_load(mosquitto.address, "", &peer_place.log())?;
        peer_loaded.extend(fires::through_peer(mosquitto.address, fires)?);
        Load::end(load)?;
    }
    station.stop()?;
    let slowest_load = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let mut with_load = row("with 20,000 other readings/s", LOADED_BAR_MS, &loaded, &peer_loaded);
    with_load.notes.push(format!(
        "{DEVICES} devices published {slowest_load:.0} other readings/s or more, QoS 1, while the fires were measured"
    ));
    if slowest_load < f64::from(READINGS_PER_S) {
        with_load.met = Some(false);
        with_load.notes.push("the load did not reach 20,000/s".into());
    }
    Ok(vec![row("idle", IDLE_BAR_MS, &idle, &peer_idle), with_load])
}

fn row(when: &str, bar_ms: f64, ours: &[f64], peer: &[f64]) -> Row {
    let (p99, peer_p99) = (percentile(ours, 0.99), percentile(peer, 0.99));
    Row {
        figure: format!("publish → alert event received by an SSE client, p99, {when}"),
        bar: format!("≤ {bar_ms} ms"),
        measured: format!("{p99:.2} ms"),
        ratio: format!("{:.2} × the bar", p99 / bar_ms),
        met: Some(p99 <= bar_ms),
        notes: vec![
            format!(
                "{} fires, each of a fresh device; median {:.2} ms, slowest {:.2} ms",
                ours.len(),
                percentile(ours, 0.5),
                percentile(ours, 1.0)
            ),
            format!(
                "mosquitto from publish to subscriber, {when}: median {:.2} ms, p99 {peer_p99:.2} ms; neither disk nor rules",
                percentile(peer, 0.5)
            ),
        ],
    }
}

fn start_load(target: SocketAddr, user: &str, log: &Path) -> Result<Process, Fault> {
    let load = Load {
        users: if user.is_empty() { Vec::new() } else { vec![user.to_owned()] },
        password: SECRET.to_owned(),
        connections: DEVICES,
        rate: AIMED_AT_PER_S,
        in_flight: 1_000,
        ..Load::standard(target, SECONDS_MAX)
    };
    let process = load.start(log)?;
    std::thread::sleep(RISE);
    Ok(process)
}
