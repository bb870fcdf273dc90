//! The rules' engine with many devices, each of which reports in turn.

use crate::support::Fault;
use crate::support::frames;
use crate::support::pace::Clock;
use std::time::Duration;
use watchfire_model::{
    Decoded, DeviceName, JournalId, Metric, PointName, Reading, Seq, SiteId, Source, Timestamp, Value,
};
use watchfire_rules::limits::LOOK_AHEAD_MAX;
use watchfire_rules::{Effects, Engine, Event, RuleSet, SetUp, Stamp};

const START_S: i64 = 1_772_352_000;
/// Readings of one turn: as many as a busy station's reader takes up at once.
const TURN: u32 = 20_000;
/// The devices report in the order of `number * STRIDE % devices`: neighbours in time are none in memory.
const STRIDE: u64 = 618_033;

/// An engine with the shipped rules, and the devices that speak to it.
pub(crate) struct Fleet {
    engine: Engine,
    site: SiteId,
    devices: u32,
    /// So many readings were applied.
    count: u64,
    effects: Effects,
    turn: Vec<Decoded>,
}

impl Fleet {
    /// All listed in the set-up, all heard once.
    pub(crate) fn new(site: &str, devices: u32) -> Result<Fleet, Fault> {
        let mut fleet = Fleet {
            engine: Engine::new(JournalId([1; 16])),
            site: SiteId::new(site)?,
            devices,
            count: 0,
            effects: Effects::default(),
            turn: Vec::new(),
        };
        let set_up = SetUp { sites: frames::sites(site, devices)?, rules: RuleSet::built_in() };
        fleet.engine.apply(Stamp { seq: Seq(1), at: at(0) }, &Event::Setup(&set_up), &mut fleet.effects);
        let mut unmeasured = Clock::default();
        while fleet.count < u64::from(devices) {
            fleet.turn(&mut unmeasured)?;
        }
        Ok(fleet)
    }

    /// A turn of readings, fresh keys, values and times; how many.
    pub(crate) fn turn(&mut self, clock: &mut Clock) -> Result<usize, Fault> {
        self.turn.clear();
        for number in 0..u64::from(TURN) {
            self.turn.push(self.message(self.count + number)?);
        }
        clock.time(|| {
            // As the station does.
            for group in self.turn.chunks(LOOK_AHEAD_MAX) {
                self.engine.look_ahead(group.iter().map(|one| (&self.site, one)));
                for one in group {
                    self.count += 1;
                    let stamp = Stamp { seq: Seq(1 + self.count), at: at(self.count / u64::from(self.devices)) };
                    self.engine.apply(stamp, &Event::Decoded { site: &self.site, decoded: one }, &mut self.effects);
                }
            }
        });
        if !self.effects.transitions.is_empty() {
            return Err(format!("{} alerts of quiet readings", self.effects.transitions.len()).into());
        }
        Ok(self.turn.len())
    }

    fn message(&self, count: u64) -> Result<Decoded, Fault> {
        let device = count * STRIDE % u64::from(self.devices);
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some(DeviceName::new(&format!("load-{device}"))?);
        decoded.key = Some(format!("{count}").into());
        let value = 20.0 + f64::from(u32::try_from((count + device) % 5)?) / 10.0;
        decoded.readings.push(reading(&Metric::Temperature, value, at((count + 1) / u64::from(self.devices)))?);
        Ok(decoded)
    }
}

/// What a million smoke detectors come to: `devices` of them, which nobody listed, with these metrics, each heard once a
/// minute for an hour and a half.
pub(crate) fn engine_after_hours(devices: u32, metrics: &[(Metric, f64)]) -> Result<Engine, Fault> {
    let mut engine = Engine::new(JournalId([1; 16]));
    let mut effects = Effects::default();
    let mut seq = 1;
    for minute in 0..90u64 {
        for device in 0..devices {
            let site = SiteId::new(&format!("site-{}", device / 1_000))?;
            let mut decoded = Decoded::new(Source::Watchfire);
            decoded.device = Some(DeviceName::new(&format!("detector-{device}"))?);
            decoded.key = Some(format!("{minute}").into());
            for (metric, value) in metrics {
                let wander = f64::from(u32::try_from((minute + u64::from(device)) % 5)?) / 1_000.0;
                decoded.readings.push(reading(metric, value * (1.0 + wander), at(minute * 60))?);
            }
            seq += 1;
            let stamp = Stamp { seq: Seq(seq), at: at(minute * 60) };
            engine.apply(stamp, &Event::Decoded { site: &site, decoded: &decoded }, &mut effects);
        }
    }
    if !effects.transitions.is_empty() {
        return Err(format!("{} alerts of quiet readings", effects.transitions.len()).into());
    }
    Ok(engine)
}

fn reading(metric: &Metric, value: f64, at: Timestamp) -> Result<Reading, Fault> {
    let point = PointName::new(&metric.to_string())?;
    Ok(Reading { point, metric: metric.clone(), value: Value::Number(value), vendor_unit: None, at })
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(START_S).plus(Duration::from_secs(seconds))
}

/// What this process holds in memory.
pub(crate) fn resident_bytes() -> Result<f64, Fault> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system does not say VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1_024.0)
}
