//! The whole station under full load for a minute: acknowledgements against mosquitto's, and how far rules and archive
//! are behind, looked at each second.

use crate::support::Fault;
use crate::support::load::{Load, Loaded};
use crate::support::mosquitto::Mosquitto;
use crate::support::options::Options;
use crate::support::place::Place;
use crate::support::samples::{median, spread, thousands};
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::{Home, Metrics};
use crate::support::table::Row;
use std::time::{Duration, Instant};

const BAR: f64 = 0.4;
const RULES_BEHIND_MAX_S: f64 = 1.0;
const ARCHIVE_BEHIND_MAX_S: f64 = 10.0;
const RULES_LAG: &str = "watchfire_rules_lag_entries";
const ARCHIVE_LAG: &str = "watchfire_archive_lag_entries";
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How far a reader is behind in seconds: how long ago the journal's end was where the reader is now, by our own looking
/// or by what the station says of itself, whichever is more.
#[derive(Default)]
struct Behind {
    /// When the journal had how many entries.
    ends: Vec<(f64, f64)>,
    rules_s: Vec<f64>,
    archive_s: Vec<f64>,
}

impl Behind {
    fn look(&mut self, at_s: f64, metrics: &Metrics) -> Result<(), Fault> {
        let end = metrics.value("watchfire_journal_entries_total")?;
        self.ends.push((at_s, end));
        let rules = metrics.value(RULES_LAG)?;
        // The archive reads what the rules have applied.
        let archive = rules + metrics.value(ARCHIVE_LAG)?;
        self.rules_s.push(self.seconds(at_s, end, rules).max(metrics.value("watchfire_rules_lag_seconds")?));
        self.archive_s.push(self.seconds(at_s, end, archive).max(metrics.value("watchfire_archive_lag_seconds")?));
        Ok(())
    }

    fn seconds(&self, now_s: f64, end: f64, behind: f64) -> f64 {
        let place = end - behind;
        let later = self.ends.iter().position(|(_, end)| *end > place);
        let Some(later) = later else { return 0.0 };
        let Some((after_s, after)) = self.ends.get(later) else { return 0.0 };
        match later.checked_sub(1).and_then(|before| self.ends.get(before)) {
            Some((before_s, before)) if after > before => {
                now_s - (before_s + (after_s - before_s) * (place - before) / (after - before))
            }
            _ => now_s - after_s,
        }
    }
}

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let (rounds, seconds, peer_seconds) = (options.either(3, 1), options.either(60.0, 12.0), options.either(10.0, 4.0));
    let mut runs = Runs::default();
    let mosquitto = Mosquitto::start(&options.dir)?;
    let place = Place::new(&options.dir)?;
    for _ in 0..rounds {
        let peer = Load::standard(mosquitto.address, peer_seconds);
        runs.peer.push(peer.run(&place.log())?.per_second);
        one_run(options, seconds, &mut runs)?;
    }
    let (rate, peer) = (median(&runs.rates), median(&runs.peer));
    let worst = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let (rules, archive) = (worst(&runs.rules_s), worst(&runs.archive_s));
    let kept_up = rules <= RULES_BEHIND_MAX_S && archive <= ARCHIVE_BEHIND_MAX_S;
    Ok(vec![Row {
        figure: format!("the same, whole station sustained {seconds} s"),
        bar: format!("≥ {BAR} × mosquitto; rules ≤ {RULES_BEHIND_MAX_S} s, archive ≤ {ARCHIVE_BEHIND_MAX_S} s behind"),
        measured: format!(
            "{}/s, mosquitto {}/s; rules ≤ {rules:.2} s, archive ≤ {archive:.1} s behind",
            thousands(rate),
            thousands(peer)
        ),
        ratio: format!("{:.2} ×", rate / peer),
        met: Some(rate / peer >= BAR && kept_up),
        notes: vec![
            format!(
                "median of {rounds} runs, each after one of mosquitto; ours {}/s, mosquitto {}/s",
                spread(&runs.rates, 0),
                spread(&runs.peer, 0)
            ),
            format!("cores: station {}, generator {}", spread(&runs.server_cores, 2), spread(&runs.generator_cores, 2)),
            format!(
                "at the end of the load the journal was applied after {} s more, archived after {} s more",
                spread(&runs.rules_after_s, 1),
                spread(&runs.archive_after_s, 1)
            ),
            format!("alerts changed {} times in a run", spread(&runs.transitions, 0)),
        ],
    }])
}

#[derive(Default)]
struct Runs {
    rates: Vec<f64>,
    peer: Vec<f64>,
    rules_s: Vec<f64>,
    archive_s: Vec<f64>,
    server_cores: Vec<f64>,
    generator_cores: Vec<f64>,
    transitions: Vec<f64>,
    rules_after_s: Vec<f64>,
    archive_after_s: Vec<f64>,
}

fn one_run(options: &Options, seconds: f64, runs: &mut Runs) -> Result<(), Fault> {
    let clients = Load::standard(([127, 0, 0, 1], 0).into(), seconds).connections;
    let devices = (0..clients).map(|index| format!("load-{index}-0")).collect();
    let home = Home::new(&options.dir, &[SitePlan { id: "load".into(), gateways: clients, devices, panels: 0..0 }])?;
    let station = home.start()?;
    let load = Load {
        users: (0..clients).map(|gateway| format!("load/gw{gateway}")).collect(),
        password: SECRET.to_owned(),
        ..Load::standard(station.mqtt, seconds)
    };
    let cpu_before = station.process.cpu_s();
    let mut generator = load.start(&home.place.log())?;
    let (begun, mut behind) = (Instant::now(), Behind::default());
    while begun.elapsed().as_secs_f64() < seconds {
        std::thread::sleep(LOOK_EVERY);
        behind.look(begun.elapsed().as_secs_f64(), &station.metrics()?)?;
    }
    let loaded: Loaded = generator.line()?;
    runs.server_cores.push((station.process.cpu_s() - cpu_before) / loaded.seconds);
    let ended = Instant::now();
    let caught_up = |lag: &str| -> Result<f64, Fault> {
        // A tick each second is always on its way.
        while station.metrics()?.value(lag)? > 10.0 && ended.elapsed() < Duration::from_secs(120) {
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(ended.elapsed().as_secs_f64())
    };
    runs.transitions.push(station.metrics()?.sum("watchfire_alert_transitions_total"));
    runs.rules_after_s.push(caught_up(RULES_LAG)?);
    runs.archive_after_s.push(caught_up(ARCHIVE_LAG)?);
    runs.rates.push(loaded.per_second);
    runs.rules_s.extend(&behind.rules_s);
    runs.archive_s.extend(&behind.archive_s);
    runs.generator_cores.push(loaded.cpu_s / loaded.seconds);
    station.stop()
}
