//! Random logs, delivered in random batches, with the power lost in between: the archive is copied as it lies on the
//! disk, its log cut somewhere, and opened again. Whatever happened, in the end it answers as a plain fold of the logs.
//!
//! A failing seed is printed; `ARCHIVE_SEED=n` runs it alone.

use crate::source::{Archive, Item, Logs, START, alert_id, ask, open, reading, site};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use watchfire_archive::{AlertsQuery, Batch, History, Store, StoreOptions};
use watchfire_model::{
    Alert, Class, Decoded, DeviceName, Metric, Order, OrderId, OrderKind, Outcome, Source, Step, Timestamp, Value,
};

const SEEDS: u64 = 24;
const DEVICES: u64 = 4;

#[test]
fn nothing_lost_and_nothing_twice() {
    let one = std::env::var("ARCHIVE_SEED").ok().and_then(|text| text.parse().ok());
    for seed in one.map_or(1..SEEDS + 1, |seed: u64| seed..seed + 1) {
        println!("ARCHIVE_SEED={seed}");
        Life::new(seed).run();
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

pub(crate) struct Life {
    random: Random,
    pub(crate) logs: Logs,
    options: StoreOptions,
    directory: tempfile::TempDir,
    path: PathBuf,
    second: i64,
    copies: u64,
    /// SQLite's log as it was synced last.
    synced: Vec<u8>,
}

impl Life {
    pub(crate) fn new(seed: u64) -> Life {
        let mut random = Random(seed);
        let options =
            StoreOptions { tail_readings_max: [0, 40, 400][random.below(3) as usize], ..StoreOptions::default() };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("0.sqlite");
        Life { random, logs: Logs::default(), options, directory, path, second: 0, copies: 0, synced: Vec::new() }
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.random.below(end)
    }

    fn run(mut self) {
        let mut store = self.open();
        for _ in 0..40 {
            for _ in 0..self.random.below(40) {
                self.grow();
            }
            store = self.step(store);
        }
        self.logs.deliver(&mut store);
        let expected = Expected::of(&self.logs);
        expected.check(&History::open(&self.path));
        store.fold().unwrap();
        expected.check(&History::open(&self.path));
    }

    /// One entry more, now and then with a record.
    pub(crate) fn grow(&mut self) {
        self.second += i64::try_from(self.random.below(30)).unwrap();
        let alert = alert_id(watchfire_model::Seq(1 + self.random.below(9)));
        match self.random.below(12) {
            0 => drop(self.logs.push(self.second, Item::Tick)),
            1 => {
                let id = OrderId::new(&format!("o-{}", self.random.below(5))).unwrap();
                let order = Order { id, by: crate::source::by(), kind: OrderKind::Acknowledge { alert } };
                self.logs.push(self.second, Item::Order(order));
                self.logs.transition(alert, self.second, Class::Fire, Step::Acknowledged { by: crate::source::by() });
            }
            2 => {
                let delivery = crate::source::delivery(alert, 1 + self.random.below(3) as u32);
                self.logs.push(self.second, Item::Outcome(Outcome::Attempt { delivery }));
            }
            3 => drop(self.logs.push(self.second, crate::source::defective())),
            4 | 5 => self.resend(),
            _ => {
                let frame = self.frame();
                self.logs.push(self.second, frame);
            }
        }
    }

    /// One of the last entries again, as a device sends it that got no answer: only the receive time is another.
    fn resend(&mut self) {
        let back = 1 + self.random.below(8) as usize;
        let Some((then, Item::Frame(site, decoded))) = self.logs.entries.iter().rev().nth(back) else { return };
        let (then, site, mut decoded) = (*then, site.clone(), decoded.clone());
        for one in decoded.readings.iter_mut().filter(|one| one.at == then) {
            one.at = Timestamp(START.0 + self.second * 1_000_000);
        }
        self.logs.push(self.second, Item::Frame(site, decoded));
    }

    /// A frame of few devices, keys, times and values, so that repeats are common.
    fn frame(&mut self) -> Item {
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some(DeviceName::new(&format!("d-{}", self.random.below(DEVICES))).unwrap());
        if self.random.below(2) == 0 {
            decoded.key = Some(format!("k-{}", self.random.below(6)).into());
        }
        let received = START.0 + self.second * 1_000_000;
        for _ in 0..self.random.below(4) {
            let back = [0, 0, 7, 90_000][self.random.below(4) as usize];
            let at = Timestamp((received / 60_000_000 - back) * 60_000_000);
            let at = if self.random.below(3) == 0 { Timestamp(received) } else { at };
            decoded.readings.push(match self.random.below(3) {
                0 => reading(Metric::SmokeAlarm, Value::Bool(self.random.below(2) == 0), at),
                _ => reading(Metric::Temperature, Value::Number(self.random.below(3) as f64 / 3.0), at),
            });
        }
        Item::Frame(site("care"), decoded)
    }

    fn step(&mut self, mut store: Store) -> Store {
        match self.random.below(10) {
            0 => {
                drop(store);
                self.open()
            }
            1 | 2 => self.lose_power(store),
            3 => {
                store.sync().unwrap();
                self.synced = self.read_log();
                store
            }
            4 => {
                store.fold().unwrap();
                store
            }
            // Delivered again from somewhere before the cursor: none of it may count twice.
            choice => {
                let mut from = store.cursors();
                if choice < 7 {
                    from.entries.0 = self.random.below(from.entries.0 + 1);
                    from.alerts = self.random.below(from.alerts + 1);
                }
                let mut batch = Batch::default();
                self.logs.fill(&mut batch, from, 1 + self.random.below(60) as usize);
                store.write(&mut batch).unwrap();
                store
            }
        }
    }

    /// Opening syncs what it found.
    fn open(&mut self) -> Store {
        let store = open(&self.path, self.options);
        self.synced = self.read_log();
        store
    }

    fn read_log(&self) -> Vec<u8> {
        std::fs::read(beside(&self.path, "-wal")).unwrap_or_default()
    }

    /// Goes on with what is on the disk at this moment. Of what SQLite's log was given since its last sync, only the
    /// beginning got there.
    fn lose_power(&mut self, store: Store) -> Store {
        self.copies += 1;
        let copy = self.directory.path().join(format!("{}.sqlite", self.copies));
        std::fs::copy(&self.path, &copy).unwrap();
        let mut log = self.read_log();
        if self.random.below(2) == 0 {
            log.truncate(self.random.below(log.len() as u64 + 1) as usize);
            log.extend_from_slice(self.synced.get(log.len()..).unwrap_or_default());
        }
        std::fs::write(beside(&copy, "-wal"), log).unwrap();
        let (committed, durable) = (store.cursors(), store.durable());
        drop(store);
        self.path = copy;
        let store = self.open();
        let found = store.cursors();
        assert!((durable.entries..=committed.entries).contains(&found.entries), "{durable:?} {found:?} {committed:?}");
        assert!((durable.alerts..=committed.alerts).contains(&found.alerts), "{durable:?} {found:?} {committed:?}");
        store
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The plain fold: what the logs come to.
#[derive(Default)]
pub(crate) struct Expected {
    /// By device and metric: time, value as text.
    readings: BTreeMap<(String, String), Vec<(i64, String)>>,
    alerts: BTreeMap<String, Alert>,
    transitions: u64,
    orders: u64,
    sends: BTreeMap<String, u32>,
    defects: u64,
}

impl Expected {
    pub(crate) fn of(logs: &Logs) -> Expected {
        let mut expected = Expected::default();
        let mut recent = BTreeMap::<String, VecDeque<(i64, String)>>::new();
        for (received, item) in &logs.entries {
            match item {
                Item::Frame(_, decoded) => expected.frame(received.0, decoded, &mut recent),
                Item::Order(_) => expected.orders += 1,
                Item::Outcome(outcome) => *expected.sends.entry(outcome.delivery().to_string()).or_default() += 1,
                Item::Tick => {}
            }
        }
        for transition in logs.records.iter().flat_map(|record| &record.transitions) {
            let alert = expected.alerts.entry(transition.alert.to_string()).or_insert_with(|| Alert::new(transition));
            alert.apply(transition);
            expected.transitions += 1;
        }
        expected
    }

    fn frame(&mut self, received: i64, decoded: &Decoded, recent: &mut BTreeMap<String, VecDeque<(i64, String)>>) {
        self.defects += decoded.defects.len() as u64;
        let Some(device) = &decoded.device else { return };
        if decoded.readings.is_empty() {
            return;
        }
        if let Some(key) = &decoded.key {
            let own = |at: i64| if at == received { None } else { Some(at) };
            let content: Vec<_> = decoded
                .readings
                .iter()
                .map(|one| format!("{} {:?} {:?}", one.metric, own(one.at.0), one.value))
                .collect();
            let print = format!("{key} {content:?}");
            let known = recent.entry(device.to_string()).or_default();
            known.retain(|(at, _)| *at >= received - 600_000_000);
            if known.iter().any(|(_, other)| *other == print) {
                return;
            }
            known.push_back((received, print));
            if known.len() > 64 {
                known.pop_front();
            }
        }
        for one in &decoded.readings {
            let series = self.readings.entry((device.to_string(), one.metric.to_string())).or_default();
            let value = format!("{:?}", one.value);
            if !series.contains(&(one.at.0, value.clone())) {
                series.push((one.at.0, value));
            }
        }
    }

    pub(crate) fn check(&self, history: &History) {
        let mut found = BTreeMap::new();
        for device in 0..DEVICES {
            let device = format!("d-{device}");
            for series in history.readings(&ask(&device, 20_000)).unwrap() {
                let mut points: Vec<_> =
                    series.points.iter().map(|one| (one.at.0, format!("{:?}", one.value))).collect();
                assert!(points.is_sorted_by_key(|(at, _)| *at));
                points.sort();
                found.insert((device.clone(), series.metric.to_string()), points);
            }
        }
        let mut expected = self.readings.clone();
        expected.values_mut().for_each(|points| points.sort());
        assert_eq!(found, expected);

        let page = history.alerts(&AlertsQuery { limit: 500, ..AlertsQuery::default() }).unwrap();
        let alerts: BTreeMap<_, _> = page.alerts.into_iter().map(|alert| (alert.id.to_string(), alert)).collect();
        assert_eq!(alerts, self.alerts);
        let mut sends = BTreeMap::new();
        for alert in alerts.values() {
            for row in history.alert(alert.id).unwrap().unwrap().deliveries {
                sends.insert(crate::source::delivery(alert.id, row.attempt).to_string(), row.sends);
            }
        }
        for (id, count) in &sends {
            assert_eq!(self.sends.get(id), Some(count), "{id}");
        }
        let counts = history.counts().unwrap();
        assert_eq!(
            (counts.orders, counts.transitions, counts.deliveries),
            (self.orders, self.transitions, self.sends.len() as u64)
        );
        let defects: u64 = history.defects(Timestamp(0)).unwrap().iter().map(|row| row.count).sum();
        assert_eq!(defects, self.defects);
    }
}

#[test]
fn an_archive_of_a_random_life_can_be_read_while_it_is_open() {
    let mut archive = Archive::new(StoreOptions { tail_readings_max: 100, ..StoreOptions::default() });
    let mut life = Life::new(7);
    for _ in 0..300 {
        life.grow();
        life.logs.deliver(&mut archive.store);
    }
    Expected::of(&life.logs).check(&archive.history);
}
