//! SIGKILL at random under load of detectors and a fire panel, and every few rounds once more in the middle of the start
//! that follows. After each round: every acknowledged reading and every confirmed frame of the panel is in the journal, every fire that is in the journal (acknowledged or not) has
//! exactly one alert, and no alert id was given twice. At the end: who was called about an alert twice was so only because
//! the kill came between the call and its record, and under the same idempotency key.

use crate::support::Fault;
use crate::support::device::Device;
use crate::support::fires;
use crate::support::load::{Load, Loaded};
use crate::support::messages::Messages;
use crate::support::options::Options;
use crate::support::panel::{self, Panel};
use crate::support::random::Random;
use crate::support::site_plan::{SECRET, SitePlan};
use crate::support::station::{Home, Station};
use crate::support::table::Row;
use crate::support::webhook::Webhook;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};
use watchfire_journal::{Reader, RealDisk, survey};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertId, AlertRecord, Input, Seq, Step};

const CONNECTIONS: u32 = 20;
/// Rounds whose burning devices, at most 50 each and all of them unlisted, share a site: of more than 1,000 unlisted
/// devices the rules would no longer tell every alarm apart.
const ROUNDS_PER_SITE: u32 = 15;
const FIRE_EVERY: Duration = Duration::from_millis(15);
const KILL_AFTER_MIN_MS: u64 = 60;
const KILL_AFTER_SPREAD_MS: u64 = 700;
/// The fire panel's address. Of its detectors each round has a zone.
const PANEL: u64 = 889;
/// One start in so many is killed as well, within this time.
const KILLED_STARTS: u64 = 4;
const KILLED_START_MS: u64 = 400;

/// What was found over all rounds.
#[derive(Default)]
struct Found {
    acknowledged: u64,
    fires: u64,
    /// Acknowledged and not in the journal.
    missing: u64,
    /// In the journal (or acknowledged) and without an alert.
    alerts_lost: u64,
    /// Raised twice.
    doubled: u64,
    ids: HashSet<AlertId>,
    raised: BTreeMap<String, u32>,
    messages: Messages,
    journal_read_to: u64,
    alerts_read_to: u64,
}

/// What was acknowledged in one round.
struct Round {
    keys: Vec<String>,
    fires: Vec<String>,
}

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let mut random = Random::new(options.seed);
    let homes = (0..options.rounds)
        .step_by(usize::try_from(ROUNDS_PER_SITE)?)
        .map(|round| SitePlan::new(&site_of(round), "", 0));
    let tower = SitePlan::of_panels("tower", PANEL..PANEL + 1);
    let sites: Vec<SitePlan> = homes.chain([SitePlan::new("load", "load-", CONNECTIONS), tower]).collect();
    let centre = Webhook::start()?;
    let home = Home::told_by_webhook(&options.dir, &sites, &centre.url())?;
    let mut found = Found::default();
    let (mut ready, mut killed_starts) = (Vec::new(), 0);
    let mut station = home.start()?;
    for round in 0..options.rounds {
        let kill_after = Duration::from_millis(KILL_AFTER_MIN_MS + random.below(KILL_AFTER_SPREAD_MS));
        let done = one_round(&home, &mut station, round, kill_after)?;
        if random.below(KILLED_STARTS) == 0 {
            let mut starting = home.launch()?;
            std::thread::sleep(Duration::from_millis(random.below(KILLED_START_MS)));
            starting.process.kill()?;
            killed_starts += 1;
        }
        station = home.start()?;
        ready.push(station.ready_after.as_secs_f64());
        found.check(&home.data(), &done)?;
    }
    station.stop()?;
    found.read_journal(&home.data().join("journal"))?;
    let told = found.messages.against(&centre.keys());
    let met = found.missing == 0 && found.alerts_lost == 0 && found.doubled == 0;
    let slowest = ready.iter().copied().fold(0.0, f64::max);
    let messages = Row {
        figure: "the same kills: calls of a webhook about the alerts".into(),
        bar: "none twice, but for a kill between the call and its record; then with the same key".into(),
        measured: format!("{} without that reason", told.unreasoned),
        ratio: format!("of {} calls, {} with that reason", told.calls, told.twice),
        met: Some(told.unreasoned == 0 && told.calls > 0),
        notes: vec!["what the receiver noted against the attempts and ends in the journal".into()],
    };
    let frames = Row {
        figure: format!("SIGKILL at random under load, {} rounds", options.rounds),
        bar: "0 acknowledged readings or confirmed panel frames missing, 0 alerts lost, 0 alert ids doubled".into(),
        measured: format!("{} missing, {} lost, {} doubled", found.missing, found.alerts_lost, found.doubled),
        ratio: format!("of {} acknowledged, {} fires", found.acknowledged, found.fires),
        met: Some(met),
        notes: vec![format!(
            "seed {}; killed {KILL_AFTER_MIN_MS} to {} ms after the load began; {killed_starts} starts killed as well; slowest restart to ready {slowest:.2} s",
            options.seed,
            KILL_AFTER_MIN_MS + KILL_AFTER_SPREAD_MS
        )],
    };
    Ok(vec![frames, messages])
}

fn site_of(round: u32) -> String {
    format!("{}{}", fires::SITE, round / ROUNDS_PER_SITE)
}

fn one_round(home: &Home, station: &mut Station, round: u32, kill_after: Duration) -> Result<Round, Fault> {
    let keys = home.place.file("keys");
    let load = Load {
        users: vec!["load/gw0".to_owned()],
        password: SECRET.to_owned(),
        connections: CONNECTIONS,
        keys: Some(keys.clone()),
        ..Load::standard(station.mqtt, 30.0)
    };
    let mut generator = load.start(&home.place.log())?;
    let site = site_of(round);
    let mut gateway = Device::connect(station.mqtt, "burning", &format!("{site}/gw0"), SECRET)?;
    let mut panel = Panel::connect(station.panels, PANEL)?;
    let zone = u16::try_from(round + 1)?;
    let (begun, mut burnt) = (Instant::now(), Vec::new());
    let mut number: u16 = 0;
    while begun.elapsed() < kill_after {
        let name = format!("{}{round}-{number}", fires::PREFIX);
        gateway.publish(&fires::topic(&site, &name), fires::payload(&name).as_bytes())?;
        gateway.acknowledged()?;
        burnt.push(name);
        number += 1;
        panel.burns(zone, number)?;
        panel.confirmed()?;
        burnt.push(of_panel(zone, number));
        std::thread::sleep(FIRE_EVERY.min(kill_after.saturating_sub(begun.elapsed())));
    }
    station.process.kill()?;
    let _: Loaded = generator.line()?;
    let text = std::fs::read_to_string(&keys)?;
    Ok(Round { keys: text.lines().map(str::to_owned).collect(), fires: burnt })
}

/// A fire of the panel, as a key.
fn of_panel(zone: u16, position: u16) -> String {
    format!("{PANEL} {}", panel::point(zone, position))
}

impl Found {
    fn check(&mut self, data: &Path, round: &Round) -> Result<(), Fault> {
        let (keys, mut burnt) = self.read_journal(&data.join("journal"))?;
        burnt.extend(round.fires.iter().cloned());
        self.acknowledged += count(round.keys.len() + round.fires.len());
        self.fires += count(burnt.len());
        let is_missing = |key: &&String| !keys.contains(key.as_str());
        self.missing += count(round.keys.iter().chain(&round.fires).filter(is_missing).count());
        self.read_alerts(&data.join("alerts"))?;
        for device in &burnt {
            match self.raised.get(device).copied().unwrap_or(0) {
                0 => self.alerts_lost += 1,
                1 => {}
                more => self.doubled += u64::from(more) - 1,
            }
        }
        self.raised.clear();
        Ok(())
    }

    /// The keys of this round's entries, and the devices among them that burn.
    fn read_journal(&mut self, journal: &Path) -> Result<(HashSet<String>, BTreeSet<String>), Fault> {
        let last = survey(&RealDisk, journal)?.last;
        let mut reader = Reader::open(&RealDisk, journal, self.journal_read_to + 1)?;
        let (mut keys, mut burnt) = (HashSet::new(), BTreeSet::new());
        while let Some(record) = reader.next(last)? {
            let input = decode_entry(Seq(record.seq), record.bytes)?.input;
            self.messages.entry(&input);
            if let Input::Frame(frame) = input {
                if let Some((_, zone, position)) = panel::burning(frame.payload) {
                    burnt.insert(of_panel(zone, position));
                    keys.insert(of_panel(zone, position));
                    continue;
                }
                let payload: serde_json::Value = serde_json::from_slice(frame.payload).unwrap_or_default();
                let key = payload.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
                if frame.site.starts_with(fires::SITE) {
                    burnt.insert(key.clone());
                }
                keys.insert(key);
            }
        }
        self.journal_read_to = last;
        Ok((keys, burnt))
    }

    /// Counts what was raised since the last round.
    fn read_alerts(&mut self, alert_log: &Path) -> Result<(), Fault> {
        let last = survey(&RealDisk, alert_log)?.last;
        let mut reader = Reader::open(&RealDisk, alert_log, self.alerts_read_to + 1)?;
        while let Some(record) = reader.next(last)? {
            for transition in AlertRecord::decode(record.bytes)?.transitions {
                if transition.step != Step::Raised {
                    continue;
                }
                if !self.ids.insert(transition.alert) {
                    self.doubled += 1;
                }
                let Some(device) = transition.device else { continue };
                let is_panel = device.name.as_str() == PANEL.to_string();
                let point = transition.point.filter(|_| is_panel);
                let name = point.map_or_else(|| device.name.to_string(), |point| format!("{PANEL} {point}"));
                *self.raised.entry(name).or_default() += 1;
            }
        }
        self.alerts_read_to = last;
        Ok(())
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
