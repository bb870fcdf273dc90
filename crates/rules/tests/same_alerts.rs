//! A run that is interrupted by snapshots and restores gives, bit for bit, what an uninterrupted one gives; what is
//! told adds up to what is known. Random entries; `WATCHFIRE_SEED=n` reruns one seed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may stop at what is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::*;
use watchfire_rules::{Effects, Engine, Event, IncidentRecord, RestoreError, RuleSet, STATION_SITE, SetUp, Stamp};

const SEEDS: u64 = 80;
const ENTRIES: usize = 400;

/// xorshift64*: a few random numbers, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let at = usize::try_from(self.below(choices.len() as u64)).unwrap();
        choices[at].clone()
    }
}

/// An entry that owns what it says.
#[derive(Clone, Debug)]
enum Said {
    Frame(SiteId, Decoded),
    Tick,
    Order(Order),
    Setup(SetUp),
    Started,
    Step(ClockStep),
    Notice(Notice),
}

fn apply(engine: &mut Engine, stamp: Stamp, said: &Said) -> Effects {
    let started =
        Started { build: String::new(), engine_version: 1, wall: stamp.at, boot_id: [0; 16], boot_us: 0, down_us: 0 };
    let event = match said {
        Said::Frame(site, decoded) => Event::Decoded { site, decoded },
        Said::Tick => Event::Tick,
        Said::Order(order) => Event::Order(order),
        Said::Setup(set_up) => Event::Setup(set_up),
        Said::Started => Event::Started(&started),
        Said::Step(step) => Event::ClockStep(step),
        Said::Notice(notice) => Event::Notice(notice),
    };
    let mut effects = Effects::default();
    engine.apply(stamp, &event, &mut effects);
    effects
}

fn set_up(variant: u64) -> SetUp {
    let devices = (0..6).filter(|number| !(variant == 1 && *number == 2)).map(|number| Device {
        source: Source::Watchfire,
        name: format!("d{number}").parse().unwrap(),
        label: Bilingual::same(format!("d{number}")),
        zone: Some(if variant == 2 { "hall" } else { "kitchen" }.parse().unwrap()),
        silent_after_s: (number % 2 == 0).then_some(120),
        tags: BTreeSet::new(),
    });
    let site = Site {
        name: Bilingual::same("s"),
        kind: SiteKind::Home,
        address: Bilingual::default(),
        time_zone: "Asia/Shanghai".into(),
        zones: BTreeMap::from([("kitchen".parse().unwrap(), Zone { name: Bilingual::same("kitchen") })]),
        devices: devices.collect(),
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    let mut sites = Sites::default();
    sites.sites.insert("s".parse().unwrap(), site);
    let toml = "[[rule]]\nname = \"hot\"\nversion = 1\nkind = \"threshold\"\nmetric = \"temperature\"\nabove = 57\n\
        unit = \"Cel\"\nhysteresis = 3\nhold_s = 40\nclass = \"early_warning\"\n\
        [[rule]]\nname = \"silent\"\nversion = 1\nkind = \"silent\"\nafter_s = 300\ngone_hold_s = 30\n\
        [[rule]]\nname = \"warmer\"\nversion = 1\nkind = \"departure\"\nmetric = \"temperature\"\nunit = \"Cel\"\nby = 3\n\
        noise_factor = 0\nusual_s = 40000\nhold_s = 5\nclear_after_s = 100\nclass = \"fire\"\n\
        [[rule]]\nname = \"both\"\nversion = 1\nkind = \"fusion\"\nhold_s = 50\ntogether_s = 1\nclear_after_s = 70\n\
        class = \"early_warning\"\n\
        [[rule.senses]]\nmetric = \"temperature\"\nunit = \"Cel\"\nby = 4\nnoise_factor = 0\nusual_s = 40000\nweight = 0.7\n\
        [[rule.senses]]\nmetric = \"humidity\"\nunit = \"%RH\"\nby = 5\nnoise_factor = 0\nusual_s = 40000\n";
    let counting = "[[rule]]\nname = \"dose\"\nversion = 1\nkind = \"dose\"\nmetric = \"co\"\nunit = \"ppm\"\n\
        steps = [{ at = 50, after_s = 4500 }, { at = 300, after_s = 90 }]\n\
        [[rule]]\nname = \"stuck\"\nversion = 1\nkind = \"stuck\"\nmetric = \"humidity\"\nunit = \"%RH\"\nwithin = 60\n\
        for_s = 600\n\
        [[rule]]\nname = \"flaps\"\nversion = 1\nkind = \"flapping\"\nmetrics = [\"gas_alarm\"]\ntimes = 3\n\
        window_s = 20000\n\
        [[rule]]\nname = \"mains\"\nversion = 1\nkind = \"device_alarm\"\nmetrics = [\"battery_low\"]\ntells = false\n\
        [[rule]]\nname = \"twice\"\nversion = 1\nkind = \"count\"\nof = [\"mains\"]\ntimes = 2\nwindow_s = 4000\n\
        class = \"fault\"\nacross = \"zone\"\n\
        [[rule]]\nname = \"two\"\nversion = 1\nkind = \"coincidence\"\nof = [\"hot\", \"device-gas\"]\nwindow_s = 300\n\
        class = \"fire\"\n\
        [[rule]]\nname = \"some\"\nversion = 1\nkind = \"combination\"\nany = [\"damp\", \"flaps\"]\nnone = [\"mains\"]\n\
        across = \"site\"\nhold_s = 40\nclass = \"water\"\n\
        [[rule]]\nname = \"formula\"\nversion = 1\nkind = \"expression\"\n\
        when = \"temperature > 54.0 && humidity < 80.0\"\nwithin_s = 3600\nhold_s = 20\nclass = \"early_warning\"\n\
        hours = [\"08:00-20:00\"]\n";
    let kitchen = "[[rule]]\nname = \"damp\"\nversion = 2\nkind = \"threshold\"\nmetric = \"humidity\"\nabove = 80\n\
        unit = \"%RH\"\nhysteresis = 5\nclass = \"information\"\nzones = [\"kitchen\"]\n";
    let text = if variant == 3 { toml.to_owned() } else { format!("{toml}{kitchen}{counting}") };
    let text =
        if variant == 0 { text.replace("after_s = 300", "after_s = 300\nexplained_by = [\"mains\"]") } else { text };
    SetUp { sites, rules: RuleSet::parse(&[("rules.toml".into(), text)]).unwrap() }
}

fn frame(random: &mut Random, now: Timestamp) -> Said {
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(format!("d{}", random.below(9)).parse().unwrap());
    decoded.key = (random.below(2) == 0).then(|| format!("k{}", random.below(20)).into());
    decoded.presence = random.one_of(&[None, None, None, Some(Presence::Online), Some(Presence::Offline)]);
    for _ in 0..random.below(4) {
        let (metric, value) = match random.below(7) {
            6 => (Metric::Co, Value::Number(random.one_of(&[0.0, 60.0, 350.0]))),
            0 => (Metric::Temperature, Value::Number(random.one_of(&[20.0, 55.0, 58.0, 70.0]))),
            1 => (Metric::Humidity, Value::Number(random.one_of(&[40.0, 78.0, 90.0]))),
            2 => (Metric::GasAlarm, Value::Bool(random.below(2) == 0)),
            3 => (Metric::BatteryLow, Value::Bool(random.below(2) == 0)),
            4 => (Metric::HeatAlarm, Value::Bool(random.below(2) == 0)),
            _ => (Metric::SmokeAlarm, Value::Bool(random.below(2) == 0)),
        };
        let off = random.one_of(&[0, 0, 0, 0, -1, -30, -90, -700, 200, 86_400 * 4_000, -86_400 * 4_000]);
        let at = Timestamp(now.0 + off * 1_000_000);
        // Smoke and heat share a point, as some devices have it.
        let point = if metric == Metric::HeatAlarm { "smoke_alarm".to_owned() } else { metric.to_string() };
        decoded.readings.push(Reading { point: point.parse().unwrap(), metric, value, vendor_unit: None, at });
    }
    Said::Frame(random.one_of(&["s".parse().unwrap(), "t".parse().unwrap()]), decoded)
}

/// An order about an alert or a test: `tests` are those that began.
fn order(random: &mut Random, known: &[AlertId], tests: &[TestId], number: usize) -> Said {
    let Some(alert) = (!known.is_empty()).then(|| random.one_of(known)) else { return Said::Tick };
    let note = String::new();
    let test = tests.last().copied().unwrap_or(TestId(1));
    let kind = match random.below(12) {
        7 | 8 => {
            let site: SiteId = "s".parse().unwrap();
            let zones = BTreeSet::from(["kitchen".parse().unwrap()]);
            let parts = TestScope::Parts { site: site.clone(), zones, devices: BTreeSet::new() };
            let scope = if random.below(2) == 0 { parts } else { TestScope::Site(site) };
            let (dangers, for_s) = (random.below(3) > 0, random.one_of(&[60, 600, 20_000]));
            OrderKind::StartTest { scope, dangers, for_s, reason: "r".into() }
        }
        9 | 10 => OrderKind::ApproveTest { test },
        11 => OrderKind::EndTest { test, note },
        0 => OrderKind::Acknowledge { alert },
        1 | 2 => OrderKind::Verify { alert, verdict: random.one_of(&[Verdict::Real, Verdict::Test]), note },
        3 => OrderKind::Forward { alert, to: "119".into() },
        4 | 5 => OrderKind::Close { alert, note },
        _ => OrderKind::Reopen { alert, note },
    };
    let id = if random.below(5) == 0 { number.saturating_sub(1) } else { number };
    let by = random.one_of(&["wang", "li"]).parse().unwrap();
    Said::Order(Order { id: format!("o{id}").parse().unwrap(), by, kind })
}

fn said(random: &mut Random, now: Timestamp, known: &[AlertId], tests: &[TestId], number: usize) -> Said {
    match random.below(40) {
        0 => Said::Setup(set_up(random.below(4))),
        1 => Said::Started,
        2 => Said::Step(ClockStep { ahead_us: 9_000_000 }),
        3 => {
            let kind = random.one_of(&[NoticeKind::DiskFilling, NoticeKind::ArchiveGap]);
            Said::Notice(Notice {
                kind,
                subject: String::new(),
                detail: Bilingual::default(),
                active: random.below(2) == 0,
            })
        }
        4..=12 => order(random, known, tests, number),
        13..=16 => Said::Tick,
        _ => frame(random, now),
    }
}

fn run(seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut whole = Engine::new(JournalId([9; 16]));
    let mut broken = whole.clone();
    let mut in_force = SetUp { sites: Sites::default(), rules: RuleSet::built_in() };
    let mut told: BTreeMap<AlertId, Alert> = BTreeMap::new();
    let (mut record, mut incidents) = (IncidentRecord::default(), BTreeMap::new());
    let mut now = Timestamp::from_seconds(1_772_323_200);
    for number in 1..=ENTRIES {
        now = Timestamp(now.0 + random.one_of(&[0, 1, 5, 30, 60, 200, 1_000, 100_000]) * 1_000_000);
        let known: Vec<AlertId> = told.keys().copied().collect();
        let tests: Vec<TestId> = whole.tests().map(|test| test.id).collect();
        let said = if number == 1 { Said::Setup(set_up(0)) } else { said(&mut random, now, &known, &tests, number) };
        let stamp = Stamp { seq: Seq(number as u64), at: now };
        let wanted = apply(&mut whole, stamp, &said);
        if let Said::Setup(set_up) = &said {
            in_force = set_up.clone();
            record.set_up(&set_up.sites);
        }
        let got = apply(&mut broken, stamp, &said);
        assert_eq!(got, wanted, "seed {seed}, entry {number}: {said:?}");
        for transition in &wanted.transitions {
            match told.get_mut(&transition.alert) {
                Some(alert) => {
                    assert_ne!(transition.step, Step::Raised, "seed {seed}: an id is used twice");
                    alert.apply(transition);
                }
                None => {
                    assert_eq!(transition.step, Step::Raised, "seed {seed}: an alert begins with raised");
                    told.insert(transition.alert, Alert::new(transition));
                }
            }
        }
        if !wanted.transitions.is_empty() {
            let transitions = wanted.transitions.clone();
            let changes = record.apply(&AlertRecord { seq: stamp.seq, journal: JournalId([9; 16]), transitions });
            for member in changes.members.iter().filter(|member| !member.left) {
                incidents.insert(member.alert, member.incident);
            }
            for alert in whole.alerts() {
                let (found, wanted) = (incidents.get(&alert.id).copied(), whole.incident_of(alert.id));
                assert_eq!(
                    found, wanted,
                    "seed {seed}, entry {number}: the record puts {alert:?} where the engine does"
                );
            }
        }
        if random.below(10) == 0 {
            check(seed, &whole, &told);
            let bytes = broken.snapshot();
            broken = Engine::restore(&bytes, &in_force).unwrap();
            assert!(broken.snapshot() == bytes, "seed {seed}, entry {number}: restoring changes nothing");
            assert!(whole.snapshot() == bytes, "seed {seed}, entry {number}: both know the same");
        }
    }
}

/// What the engine knows is what its transitions told, and no place has two open alerts of one rule.
fn check(seed: u64, engine: &Engine, told: &BTreeMap<AlertId, Alert>) {
    let mut places = BTreeSet::new();
    let tested = engine.tests().any(|test| test.over.is_none());
    for alert in engine.alerts() {
        assert_eq!(Some(alert), told.get(&alert.id), "seed {seed}");
        assert!(tested || alert.is_over() || !alert.marks.test, "seed {seed}: no test runs: {alert:?}");
        assert_eq!(
            engine.incident_of(alert.id).is_none(),
            alert.site.as_str() == STATION_SITE,
            "seed {seed}: {alert:?}"
        );
        if alert.is_over() || alert.device.is_none() {
            continue;
        }
        let place = (alert.rule.name.clone(), alert.device.clone(), alert.point.clone());
        assert!(places.insert(place), "seed {seed}: two open alerts: {alert:?}");
    }
    let in_memory: BTreeSet<AlertId> = engine.alerts().map(|alert| alert.id).collect();
    for alert in told.values().filter(|alert| !alert.is_over()) {
        assert!(in_memory.contains(&alert.id), "seed {seed}: forgotten: {alert:?}");
    }
}

#[test]
fn an_interrupted_run_gives_what_an_uninterrupted_one_gives() {
    if let Some(seed) = std::env::var_os("WATCHFIRE_SEED") {
        return run(seed.to_str().unwrap().parse().unwrap());
    }
    for seed in 0..SEEDS {
        run(seed);
    }
}

#[test]
fn damaged_snapshots_are_refused_without_a_panic() {
    let set_up = set_up(0);
    let mut engine = Engine::new(JournalId([9; 16]));
    let mut random = Random(77);
    let mut now = Timestamp::from_seconds(1_772_323_200);
    apply(&mut engine, Stamp { seq: Seq(1), at: now }, &Said::Setup(set_up.clone()));
    for number in 2..60 {
        now = Timestamp(now.0 + 50_000_000);
        let frame = frame(&mut random, now);
        apply(&mut engine, Stamp { seq: Seq(number), at: now }, &frame);
    }
    let bytes = engine.snapshot();
    assert!(Engine::restore(&bytes, &set_up).is_ok());
    assert!(matches!(Engine::restore(&[], &set_up), Err(RestoreError::Malformed(_))));
    let mut newer = bytes.clone();
    for version in [1, 2, 3, 6] {
        newer[0] = version;
        assert_eq!(Engine::restore(&newer, &set_up).err(), Some(RestoreError::UnknownVersion(version)));
    }
    for length in 1..bytes.len() {
        assert!(Engine::restore(&bytes[..length], &set_up).is_err(), "cut at {length}");
    }
    for _ in 0..3_000 {
        let mut bad = bytes.clone();
        let at = usize::try_from(random.below(bytes.len() as u64)).unwrap().max(1);
        bad[at] = u8::try_from(random.below(256)).unwrap();
        // Whatever was read back must also go on without a panic.
        if let Ok(mut engine) = Engine::restore(&bad, &set_up) {
            let frame = frame(&mut random, now);
            apply(&mut engine, Stamp { seq: Seq(100), at: now }, &frame);
            apply(&mut engine, Stamp { seq: Seq(101), at: Timestamp(now.0 + 900_000_000) }, &Said::Tick);
        }
    }
}

fn golden(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The bytes of version 5 are pinned: a station that is updated starts from its predecessor's snapshot. A change of the
/// form needs a new version, and the old one must still be read.
#[test]
fn a_snapshot_of_version_5_reads_as_it_did() {
    let set_up = set_up(0);
    let mut engine = Engine::new(JournalId([9; 16]));
    let mut random = Random(5);
    let mut now = Timestamp::from_seconds(1_772_323_200);
    apply(&mut engine, Stamp { seq: Seq(1), at: now }, &Said::Setup(set_up.clone()));
    for number in 2..200 {
        now = Timestamp(now.0 + 20_000_000);
        let known: Vec<AlertId> = engine.alerts().map(|alert| alert.id).collect();
        let said = match random.below(3) {
            0 => {
                let tests: Vec<TestId> = engine.tests().map(|test| test.id).collect();
                order(&mut random, &known, &tests, usize::try_from(number).unwrap())
            }
            _ => frame(&mut random, now),
        };
        apply(&mut engine, Stamp { seq: Seq(number), at: now }, &said);
    }
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::write(golden("snapshot_5.bin"), engine.snapshot()).unwrap();
    }
    let old = Engine::restore(&std::fs::read(golden("snapshot_5.bin")).unwrap(), &set_up).unwrap();
    assert!(old.alerts().eq(engine.alerts()));
    assert!(old.devices().eq(engine.devices()));
    assert!(old.snapshot() == engine.snapshot());
}

/// Of the build before.
#[test]
fn a_snapshot_of_version_4_is_taken_up() {
    let set_up = set_up(0);
    let bytes = std::fs::read(golden("snapshot_4.bin")).unwrap();
    assert_eq!(bytes[0], 4);
    let engine = Engine::restore(&bytes, &set_up).unwrap();
    let anew = Engine::restore(&engine.snapshot(), &set_up).unwrap();
    assert!(engine.alerts().count() > 20, "{}", engine.alerts().count());
    assert!(anew.alerts().eq(engine.alerts()) && anew.devices().eq(engine.devices()));
}
