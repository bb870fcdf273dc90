//! What an idle connection that has published once costs in resident memory, with 10,000 held.

use crate::support::Fault;
use crate::support::children::Idle;
use crate::support::mosquitto::Mosquitto;
use crate::support::options::Options;
use crate::support::process::Process;
use crate::support::samples::median;
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::Home;
use crate::support::table::Row;
use std::path::Path;
use std::time::Duration;

const BAR_BYTES: f64 = 10_000.0;
const CONNECTIONS: u32 = 10_000;
/// Before memory is read, so that what connecting needed is given back or not.
const SETTLE: Duration = Duration::from_secs(3);

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let rounds = options.either(3, 1);
    let (mut ours, mut peers, mut totals) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let home = Home::new(&options.dir, &[SitePlan::new("load", "load-", 1)])?;
        let station = home.start()?;
        let idle = Idle {
            target: station.mqtt,
            user: "load/gw0".to_owned(),
            password: SECRET.to_owned(),
            topic: "wf/v1/load/load-0/readings".to_owned(),
            connections: CONNECTIONS,
        };
        ours.push(held(&station.process, &idle, &home.place.log())?);
        totals.push(station.process.resident_bytes() as f64);
        station.stop()?;
        let mosquitto = Mosquitto::start(&options.dir)?;
        let idle = Idle { target: mosquitto.address, user: String::new(), ..idle };
        peers.push(held(&mosquitto.process, &idle, &home.place.log())?);
    }
    let (each, peer) = (median(&ours), median(&peers));
    Ok(vec![Row {
        figure: "station's RSS per idle publish-only connection, 10,000 held".into(),
        bar: "≤ 10 kB".into(),
        measured: format!("{:.2} kB", each / 1_000.0),
        ratio: format!("{:.2} × the bar", each / BAR_BYTES),
        met: Some(each <= BAR_BYTES),
        notes: vec![
            format!(
                "median of {rounds} fresh stations; each connection has published one reading; RSS afterwards {:.0} MB in all",
                median(&totals) / 1e6
            ),
            format!("mosquitto: {:.2} kB", peer / 1_000.0),
        ],
    }])
}

/// How many more bytes the server holds with the connections than without, for each.
fn held(server: &Process, idle: &Idle, log: &Path) -> Result<f64, Fault> {
    std::thread::sleep(SETTLE);
    let before = server.resident_bytes();
    let mut clients = Process::start_child("idle", idle, log)?;
    let connected: u32 = clients.line()?;
    if connected != CONNECTIONS {
        return Err(format!("{connected} of {CONNECTIONS} connections").into());
    }
    std::thread::sleep(SETTLE);
    let after = server.resident_bytes();
    Ok(after.saturating_sub(before) as f64 / f64::from(CONNECTIONS))
}
