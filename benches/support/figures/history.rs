//! The whole station with its history on PostgreSQL, server and load generator on the same machine: readings a second
//! from MQTT to rows, roll-ups on.

use crate::cluster::Cluster;
use crate::support::Fault;
use crate::support::load::{Load, Loaded};
use crate::support::options::Options;
use crate::support::samples::thousands;
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::{Home, Station};
use crate::support::table::Row;
use std::time::{Duration, Instant};

const BAR_PER_S: f64 = 60_000.0;
/// Publishes per second: with four readings each, twice the bar.
const PUBLISHES_PER_S: u32 = 30_000;
/// Further behind, it is not sustained.
const ARCHIVE_BEHIND_MAX_S: f64 = 10.0;
const ROLL_UPS_BEHIND_MAX_S: f64 = 60.0;
/// What a multi-sensor or a gateway says at once.
const READINGS_PER_PUBLISH: u16 = 4;
const PAYLOAD_BYTES: usize = 360;
const ROWS: &str = "watchfire_archive_rows_total{table=\"readings\"}";
const ROLL_UPS_LAG: &str = "watchfire_archive_rollup_lag_seconds";
const ENTRIES_BEHIND: &str = "watchfire_archive_lag_entries";
const CAUGHT_UP_MAX: Duration = Duration::from_secs(300);
const SETTINGS: &[&str] = &["max_wal_size=4GB", "shared_buffers=512MB", "checkpoint_timeout=15min"];

/// A server of the bench's own.
pub(super) fn server(options: &Options) -> Result<Cluster, Fault> {
    let place = tempfile::Builder::new().prefix("postgres-").tempdir_in(&options.dir)?;
    Cluster::start_in(place, SETTINGS).ok_or_else(|| "PostgreSQL is not installed".into())
}

/// The table `[archive]` of a database on it.
pub(super) fn archive_on(cluster: &Cluster, database: &str) -> String {
    format!("[archive]\nkind = \"postgresql\"\nurl = \"{}\"\n", cluster.url(database))
}

/// Waits until that many rows of readings are written; how long it took.
pub(super) fn wait_for_rows(station: &Station, rows: u64, patience: Duration) -> Result<f64, Fault> {
    let begun = Instant::now();
    while station.metrics()?.labelled(ROWS)? < rows as f64 {
        if begun.elapsed() > patience {
            return Err(format!("{rows} rows were not written within {patience:?}").into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(begun.elapsed().as_secs_f64())
}

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let seconds = options.either(300.0, 20.0);
    let cluster = server(options)?;
    let database = cluster.make_database();
    let clients = 100;
    let devices = (0..clients).map(|index| format!("load-{index}-0")).collect();
    let plan = SitePlan { id: "load".into(), gateways: clients, devices, panels: 0..0 };
    let home = Home::with_archive(&options.dir, &[plan], archive_on(&cluster, &database))?;
    let station = home.start()?;
    let load = Load {
        users: (0..clients).map(|gateway| format!("load/gw{gateway}")).collect(),
        password: SECRET.to_owned(),
        payload_bytes: PAYLOAD_BYTES,
        readings: READINGS_PER_PUBLISH,
        rate: PUBLISHES_PER_S,
        ..Load::standard(station.mqtt, seconds)
    };
    let mut generator = load.start(&home.place.log())?;
    let (begun, mut behind_s, mut entries_behind) = (Instant::now(), 0.0f64, 0.0f64);
    while begun.elapsed().as_secs_f64() < seconds {
        std::thread::sleep(Duration::from_secs(1));
        let metrics = station.metrics()?;
        behind_s = behind_s.max(metrics.value(ROLL_UPS_LAG)?);
        entries_behind = entries_behind.max(metrics.value(ENTRIES_BEHIND)?);
    }
    let loaded: Loaded = generator.line()?;
    let readings = loaded.acknowledged * u64::from(READINGS_PER_PUBLISH);
    let rest_s = wait_for_rows(&station, readings, CAUGHT_UP_MAX)?;
    behind_s = behind_s.max(station.metrics()?.value(ROLL_UPS_LAG)?);
    station.stop()?;
    let rows = cluster.sql(&database, "SELECT count(*) FROM watchfire.readings");
    // Sustained is what became rows, not only what was acknowledged.
    let rate = readings as f64 / (loaded.seconds + rest_s);
    let archive_behind_s = entries_behind / loaded.per_second;
    let is_exact = rows == readings.to_string();
    Ok(vec![Row {
        figure: format!("readings/s MQTT → durable → rules → PostgreSQL, whole station, {seconds} s"),
        bar: format!(
            "≥ {}/s, archive ≤ {ARCHIVE_BEHIND_MAX_S} s and roll-ups ≤ {ROLL_UPS_BEHIND_MAX_S} s behind, every row once",
            thousands(BAR_PER_S)
        ),
        measured: format!(
            "{}/s; archive ≤ {archive_behind_s:.1} s, roll-ups ≤ {behind_s:.0} s behind; {rows} rows of {readings}",
            thousands(rate)
        ),
        ratio: format!("{:.2} × the bar", rate / BAR_PER_S),
        met: Some(
            rate >= BAR_PER_S
                && archive_behind_s <= ARCHIVE_BEHIND_MAX_S
                && behind_s <= ROLL_UPS_BEHIND_MAX_S
                && is_exact,
        ),
        notes: vec![
            format!(
                "{}/s publishes of {READINGS_PER_PUBLISH} readings, QoS 1, acknowledged after fdatasync; generator, station and server \
                 share the machine",
                thousands(loaded.per_second)
            ),
            format!("{rest_s:.1} s from the end of the load to its last row, which count into the rate"),
        ],
    }])
}
