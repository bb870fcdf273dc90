//! The database is stopped under a station that takes 5,000 readings a second: what a fire's alert takes before and
//! meanwhile, how long the archive takes to catch up, and whether every row is there once.

use super::history::{archive_on, server, wait_for_rows};
use crate::support::Fault;
use crate::support::fires::{self, PREFIX, SITE};
use crate::support::load::{Load, Loaded};
use crate::support::options::Options;
use crate::support::samples::percentile;
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::Home;
use crate::support::table::Row;
use std::time::{Duration, Instant};

const READINGS_PER_S: u32 = 5_000;
const CAUGHT_UP_MAX_S: f64 = 180.0;
/// The server's absence may cost an alert this much at the most, at the median.
const SLOWER_MAX: f64 = 1.5;
const SETTLED: Duration = Duration::from_secs(5);

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let (down, fires) = (options.either(600.0, 40.0), options.either(200, 50));
    let mut cluster = server(options)?;
    let database = cluster.make_database();
    let plans = [SitePlan::new(SITE, PREFIX, 2 * fires), SitePlan::new("load", "load-", 200)];
    let home = Home::with_archive(&options.dir, &plans, archive_on(&cluster, &database))?;
    let station = home.start()?;
    let load = Load {
        users: vec!["load/gw0".to_owned()],
        password: SECRET.to_owned(),
        connections: 200,
        rate: READINGS_PER_S,
        ..Load::standard(station.mqtt, down + 240.0)
    };
    let generator = load.start(&home.place.log())?;
    std::thread::sleep(SETTLED);
    let before = fires::through_station(&station, 0, fires)?;
    cluster.stop();
    let stopped = Instant::now();
    let half = Duration::from_secs_f64(down / 2.0);
    std::thread::sleep(half);
    let meanwhile = fires::through_station(&station, fires, fires)?;
    std::thread::sleep(Duration::from_secs_f64(down).saturating_sub(stopped.elapsed()));
    let down_s = stopped.elapsed().as_secs_f64();
    cluster.begin();
    let back = Instant::now();
    // The load goes on: caught up is a reader that is where the journal ends.
    while station.metrics()?.value("watchfire_archive_lag_entries")? > f64::from(READINGS_PER_S) {
        if back.elapsed().as_secs_f64() > 2.0 * CAUGHT_UP_MAX_S {
            return Err("the archive does not catch up".into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let caught_up_s = back.elapsed().as_secs_f64();
    let loaded: Loaded = Load::end(generator)?;
    let readings = loaded.acknowledged + u64::from(2 * fires);
    wait_for_rows(&station, readings, Duration::from_secs(60))?;
    station.stop()?;
    let rows = cluster.sql(&database, "SELECT count(*) FROM watchfire.readings");
    let (p50, p50_down) = (percentile(&before, 0.5), percentile(&meanwhile, 0.5));
    let (p99, p99_down) = (percentile(&before, 0.99), percentile(&meanwhile, 0.99));
    let is_exact = rows == readings.to_string();
    Ok(vec![Row {
        figure: format!("database stopped {down_s:.0} s at {READINGS_PER_S} readings/s"),
        bar: format!("alerts as fast as before; caught up ≤ {CAUGHT_UP_MAX_S} s after; every row once"),
        measured: format!(
            "alert p50 {p50:.1} → {p50_down:.1} ms; caught up after {caught_up_s:.1} s; {rows} rows of {readings}"
        ),
        ratio: format!("{:.2} × before", p50_down / p50),
        met: Some(p50_down <= SLOWER_MAX * p50 && caught_up_s <= CAUGHT_UP_MAX_S && is_exact),
        notes: vec![format!(
            "publish → alert event at an SSE client, {fires} fires each; p99 {p99:.1} ms before, {p99_down:.1} ms meanwhile; the \
             load went on at {:.0}/s until the archive had caught up",
            loaded.per_second
        )],
    }])
}
