//! Ten thousand devices while the wall clock steps and the station is down: no hold is broken, nobody is falsely offline.

use crate::parts::disk_state::started;
use crate::stamp_clock::{Anchor, Before, ClockReading, StampClock};
use std::time::Duration;
use watchfire_model::{
    Class, Decoded, Device, DeviceName, JournalId, Metric, PointName, Reading, Seq, Site, SiteId, SiteKind, Sites,
    Source, Step, Timestamp, Transition, Value,
};
use watchfire_rules::{Effects, Engine, Event, RuleSet, SetUp, Stamp};

const DEVICES: u64 = 10_000;
const REPORT_S: u64 = 120;
const SILENT_AFTER_S: u32 = 300;
const HOLD_S: u64 = 60;
const DAY_S: i64 = 86_400;
const BEGIN_S: i64 = 1_790_000_000;
const RULES: &str = r#"
[[rule]]
name = "hot"
version = 1
kind = "threshold"
class = "early_warning"
metric = "temperature"
above = 57
unit = "Cel"
hold_s = 60

[[rule]]
name = "silent"
version = 1
kind = "silent"
after_s = 90000
"#;

/// A station without its disk: the clock, the engine, devices that report by true time.
struct World {
    engine: Engine,
    stamps: StampClock,
    last_at: Timestamp,
    anchor: Option<Anchor>,
    /// True seconds since the beginning; also the machine's time since boot.
    true_s: u64,
    /// What the wall clock adds to the truth.
    wall_off_s: i64,
    boot: u8,
    boot_at_s: u64,
    seq: u64,
    hot_from: Option<u64>,
    told: Vec<(u64, Transition)>,
}

impl World {
    fn new() -> World {
        World::with_wall_off(0)
    }

    fn with_wall_off(wall_off_s: i64) -> World {
        let name = |n| DeviceName::new(&format!("d{n}")).unwrap();
        let device = |n| Device {
            source: Source::Watchfire,
            name: name(n),
            label: Default::default(),
            zone: None,
            silent_after_s: Some(SILENT_AFTER_S),
            tags: Default::default(),
        };
        let site = Site {
            name: Default::default(),
            kind: SiteKind::Other,
            address: Default::default(),
            time_zone: "Asia/Shanghai".into(),
            zones: Default::default(),
            devices: (0..DEVICES).map(device).collect(),
            identities: Default::default(),
            ladder: Vec::new(),
            transmission_devices: Vec::new(),
            premises: Default::default(),
        };
        let sites = Sites { sites: [(site_id(), site)].into(), contacts: Default::default() };
        let rules = RuleSet::parse(&[("test.toml".into(), RULES.into())]).unwrap();
        let mut world = World {
            engine: Engine::new(JournalId([1; 16])),
            stamps: StampClock::start(None, &reading(0, wall_off_s, 0, 1)).0,
            last_at: Timestamp::from_seconds(BEGIN_S),
            anchor: None,
            true_s: 0,
            wall_off_s,
            boot: 1,
            boot_at_s: 0,
            seq: 0,
            hot_from: None,
            told: Vec::new(),
        };
        world.start();
        let set_up = SetUp { sites, rules };
        world.apply(&Event::Setup(&set_up));
        world
    }

    fn now(&self) -> ClockReading {
        reading(self.true_s, self.wall_off_s, self.boot_at_s, self.boot)
    }

    fn start(&mut self) {
        let before = (self.seq > 0).then_some(Before { last_at: self.last_at, anchor: self.anchor });
        let now = self.now();
        let (stamps, down) = StampClock::start(before.as_ref(), &now);
        self.stamps = stamps;
        self.anchor = Some(self.stamps.anchor(now.boot_id));
        self.apply(&Event::Started(&started(&now, down)));
    }

    fn apply(&mut self, event: &Event<'_>) {
        let now = self.now();
        self.last_at = self.stamps.stamp(&now);
        if let Some(gap) = self.stamps.take_leap() {
            self.take(&Event::Started(&started(&now, gap)));
        }
        self.take(event);
    }

    fn take(&mut self, event: &Event<'_>) {
        self.seq += 1;
        let mut effects = Effects::default();
        self.engine.apply(Stamp { seq: Seq(self.seq), at: self.last_at }, event, &mut effects);
        self.told.extend(effects.transitions.into_iter().map(|transition| (self.true_s, transition)));
    }

    /// Runs for so many true seconds: a tick each, and each device reports every two minutes.
    fn run(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.true_s += 1;
            self.apply(&Event::Tick);
            let turn = self.true_s % REPORT_S;
            for device in (turn..DEVICES).step_by(usize::try_from(REPORT_S).unwrap()) {
                self.report(device);
            }
            if let Some(step) = self.stamps.take_step() {
                self.apply(&Event::ClockStep(&step));
            }
        }
    }

    fn report(&mut self, device: u64) {
        let hot = device == 0 && self.hot_from.is_some();
        let at = self.stamps.clone().stamp(&self.now());
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some(DeviceName::new(&format!("d{device}")).unwrap());
        decoded.readings.push(Reading {
            point: PointName::new("air").unwrap(),
            metric: Metric::Temperature,
            value: Value::Number(if hot { 80.0 } else { 21.0 }),
            vendor_unit: None,
            at,
        });
        self.apply(&Event::Decoded { site: &site_id(), decoded: &decoded });
    }

    /// Heats device 0 now.
    fn heat(&mut self) {
        self.hot_from = Some(self.true_s);
        self.report(0);
    }

    /// True seconds from the heat to the warning.
    fn warned_after(&self) -> Vec<u64> {
        let from = self.hot_from.unwrap();
        let raised =
            self.told.iter().filter(|(_, told)| told.class == Class::EarlyWarning && told.step == Step::Raised);
        raised.map(|(at, _)| at - from).collect()
    }

    fn offline(&self) -> usize {
        self.told.iter().filter(|(_, told)| told.class == Class::Offline).count()
    }
}

fn site_id() -> SiteId {
    SiteId::new("big").unwrap()
}

fn reading(true_s: u64, wall_off_s: i64, boot_at_s: u64, boot: u8) -> ClockReading {
    ClockReading {
        wall: Timestamp::from_seconds(BEGIN_S + i64::try_from(true_s).unwrap() + wall_off_s),
        since_boot: Duration::from_secs(true_s - boot_at_s),
        boot_id: [boot; 16],
    }
}

/// A step in the middle of a hold: the hold ends at its true time, and nobody is offline.
fn check(step: impl FnOnce(&mut World)) {
    let mut world = World::new();
    world.run(REPORT_S + 5);
    world.heat();
    world.run(HOLD_S / 2);
    step(&mut world);
    world.run(2 * u64::from(SILENT_AFTER_S));
    assert_eq!(world.offline(), 0, "false offline alerts");
    let warned = world.warned_after();
    assert_eq!(warned.len(), 1, "the hold was broken or doubled");
    assert!((HOLD_S..=HOLD_S + 2).contains(&warned[0]), "warned after {} s", warned[0]);
}

#[test]
fn back_one_day() {
    check(|world| world.wall_off_s = -DAY_S);
}

#[test]
fn forward_ten_years_and_back() {
    check(|world| {
        world.wall_off_s = 3_650 * DAY_S;
        world.run(10);
        world.wall_off_s = 0;
    });
}

#[test]
fn a_machine_without_a_clock_is_told_the_time() {
    let mut world = World::with_wall_off(-BEGIN_S);
    world.run(REPORT_S + 5);
    assert!(world.last_at < Timestamp::from_seconds(1_000));
    world.wall_off_s = 0;
    world.run(2 * u64::from(SILENT_AFTER_S));
    assert!(world.last_at.since(Timestamp::from_seconds(BEGIN_S)) > Duration::from_secs(600), "{}", world.last_at);
    assert_eq!(world.offline(), 0, "nobody was silent for fifty years");
}

#[test]
fn six_hours_down_with_ten_thousand_devices() {
    for reboots in [false, true] {
        let mut world = World::new();
        world.run(2 * REPORT_S);
        world.true_s += 6 * 3_600;
        if reboots {
            world.boot = 2;
            world.boot_at_s = world.true_s - 30;
        }
        world.start();
        world.run(2 * u64::from(SILENT_AFTER_S));
        assert_eq!(world.offline(), 0, "false offline alerts, rebooted: {reboots}");
    }
}

#[test]
fn a_device_that_stays_silent_after_the_downtime_is_offline_one_interval_later() {
    let mut world = World::new();
    world.run(2 * REPORT_S);
    world.true_s += 6 * 3_600;
    world.start();
    let back = world.true_s;
    // Nobody reports any more: only ticks.
    for _ in 0..SILENT_AFTER_S + 2 {
        world.true_s += 1;
        world.apply(&Event::Tick);
    }
    let first = world.told.iter().find(|(_, told)| told.class == Class::Offline).map(|(at, _)| at - back);
    assert_eq!(first, Some(u64::from(SILENT_AFTER_S)), "the grace is one interval");
}
