//! What must hold of every score. Random entries; `WATCHFIRE_SEED=n` reruns one seed.

use crate::stage::Stage;
use std::collections::BTreeMap;
use std::time::Duration;
use watchfire_model::*;
use watchfire_rules::risk::{Place, Risk, RiskSettings};

const SEEDS: u64 = 16;
const ENTRIES: usize = 150;

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

const SITES: [&str; 4] = ["care", "home", "mill", "office"];
const CLASSES: [&str; 9] =
    ["fire", "gas", "co", "early_warning", "water", "electrical", "supervisory", "fault", "offline"];
const STEPS: [&str; 8] = ["clear", "ack", "false", "real", "test", "close", "reopen", "return"];
/// Device, metric, values from good to bad.
const FIGURES: [(&str, &str, [f64; 4]); 14] = [
    ("risk", "vendor.risk.overdue_hazards", [0.0, 1.0, 4.0, 40.0]),
    ("risk", "vendor.risk.major_hazards", [0.0, 1.0, 2.0, 3.0]),
    ("risk", "vendor.risk.missed_patrols", [0.0, 2.0, 8.0, 50.0]),
    ("risk", "vendor.risk.occupants", [0.0, 20.0, 200.0, 4_000.0]),
    ("d0", "water_pressure", [400.0, 240.0, 150.0, 0.0]),
    ("d0", "residual_current", [20.0, 180.0, 320.0, 900.0]),
    ("d1", "cable_temperature", [20.0, 50.0, 75.0, 140.0]),
    ("weather", "vendor.risk.warning", [0.0, 1.0, 3.0, 4.0]),
    ("weather", "temperature", [20.0, 32.0, 38.0, 45.0]),
    ("weather", "temperature", [10.0, 3.0, -5.0, -30.0]),
    ("weather", "humidity", [80.0, 45.0, 20.0, 5.0]),
    ("weather", "air_speed", [1.0, 7.0, 15.0, 35.0]),
    ("weather", "vendor.risk.dry_days", [0.0, 10.0, 30.0, 90.0]),
    ("risk", "vendor.risk.helped", [0.0, 5.0, 30.0, 200.0]),
];

fn stage(variant: u64) -> Stage {
    let mut stage = Stage::new();
    let kinds = [SiteKind::CareHome, SiteKind::Home, SiteKind::Building, SiteKind::Other];
    for (id, kind) in SITES.into_iter().zip(kinds) {
        let site = stage.site(id, kind);
        if variant != 2 || id != "mill" {
            site.premises.district = Some(if id == "home" { "city/north" } else { "city/south" }.parse().unwrap());
        }
        site.premises.building = (id != "home").then(|| "tower".into());
        site.premises.built = (id == "mill").then_some(1950);
        if variant != 1 {
            site.zones.insert("hall".parse().unwrap(), Zone { name: Bilingual::same("hall") });
        }
        stage.devices(id, (variant != 1).then_some("hall"), "d", 3);
    }
    if variant == 3 {
        stage.sites.sites.remove("office");
    }
    stage
}

fn step(stage: &mut Stage, random: &mut Random, at: Timestamp) {
    let site = random.one_of(&SITES);
    match random.below(20) {
        0 => {
            let sites = self::stage(random.below(4)).sites;
            stage.sites = sites;
            if random.below(3) == 0 {
                stage.settings.version += 1;
                let percent = u8::try_from(10 + random.below(50)).unwrap();
                stage.settings.factors[2].neutral_percent = percent;
            }
            stage.set_up(at);
        }
        1..=9 => {
            let number = random.below(24);
            let place = if random.below(2) == 0 { site.to_owned() } else { format!("{site}/hall") };
            let words = match random.below(3) {
                0 => vec!["raise", random.one_of(&CLASSES)],
                _ => vec![random.one_of(&STEPS)],
            };
            let known = stage.transitions.iter().any(|known| known.alert.cause == Seq(number));
            let words = if known { words } else { vec!["raise", random.one_of(&CLASSES)] };
            stage.alert(at, number, &place, &words);
        }
        10..=12 => {
            let said = [("x", "vendor.risk.duty_check", Value::Bool(random.below(3) > 0), at)];
            stage.frame(at, site, "risk", &said);
        }
        _ => {
            let (device, metric, values) = random.one_of(&FIGURES);
            let off = Duration::from_secs(random.one_of(&[0, 0, 0, 30, 5_000]));
            let point = random.one_of(&["hall", "a", "b"]);
            let value = Value::Number(random.one_of(&values));
            stage.frame(at, site, device, &[(point, metric, value, at.minus(off))]);
        }
    }
}

fn seeds() -> Vec<u64> {
    match std::env::var("WATCHFIRE_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=SEEDS).collect(),
    }
}

fn run(seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (mut whole, mut broken) = (stage(0), stage(0));
    let mut at: Timestamp = "2026-02-20T09:00:00Z".parse().unwrap();
    let mut last: BTreeMap<Place, u8> = BTreeMap::new();
    for number in 0..ENTRIES {
        at = at.plus(Duration::from_secs(random.one_of(&[0, 1, 60, 900, 5_000, 20_000, 90_000, 900_000])));
        let choice = random.0;
        step(&mut whole, &mut random, at);
        step(&mut broken, &mut Random(choice), at);
        if number % 7 == 0 {
            broken.restart();
        }
        assert_eq!(whole.changes, broken.changes, "seed {seed}, entry {number}");
        assert!(whole.risk().snapshot() == broken.risk().snapshot(), "seed {seed}, entry {number}");
        for change in std::mem::take(&mut whole.changes) {
            assert!(
                change.from.is_none() || change.from == last.get(&change.place).copied(),
                "seed {seed}: {change:?}"
            );
            last.insert(change.place.clone(), change.to);
        }
        broken.changes.clear();
        check(seed, &mut whole, &last);
    }
}

/// What was told is what is; only a fire is 100; parts add up; the order is total and by score.
fn check(seed: u64, stage: &mut Stage, told: &BTreeMap<Place, u8>) {
    let risk = stage.risk();
    let ranking = risk.ranking(None);
    for pair in ranking.windows(2) {
        assert!((pair[0].fires > 0, pair[0].milli) >= (pair[1].fires > 0, pair[1].milli), "seed {seed}");
    }
    for ranked in &ranking {
        let view = risk.site(ranked.site).unwrap();
        assert_eq!(told.get(&view.place), Some(&view.score), "seed {seed}: {}", ranked.site);
        assert_eq!(view.score == 100, view.fires > 0, "seed {seed}: {}", ranked.site);
        assert_eq!(view.parts.iter().map(|part| part.milli).sum::<u32>(), view.milli, "seed {seed}");
        assert!(!view.why.en.is_empty() && !view.why.zh.is_empty());
    }
    for area in risk.areas() {
        assert_eq!(told.get(area.place), Some(&area.score), "seed {seed}: {:?}", area.place);
        assert!(area.fires == 0 || area.score > 0);
    }
}

#[test]
fn an_interrupted_run_gives_what_an_uninterrupted_one_gives() {
    for seed in seeds() {
        run(seed);
    }
}

#[test]
fn looking_more_often_changes_nothing() {
    for seed in seeds() {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (mut rare, mut often) = (stage(0), stage(0));
        let mut at: Timestamp = "2026-02-20T09:00:00Z".parse().unwrap();
        for number in 0..60 {
            let next = at.plus(Duration::from_secs(random.one_of(&[1, 900, 20_000, 90_000, 2_000_000])));
            for _ in 0..random.below(20) {
                at = at.plus(Duration::from_secs(next.since(at).as_secs() / 7));
                if number > 0 {
                    often.apply(at, &watchfire_rules::Event::Tick, &[]);
                }
            }
            at = next;
            let choice = random.0;
            step(&mut rare, &mut random, at);
            step(&mut often, &mut Random(choice), at);
        }
        assert_eq!(rare.changes, often.changes, "seed {seed}");
    }
}

/// A twin of each site that is a little worse in one thing never stands better.
#[test]
fn worse_is_never_lower() {
    for seed in seeds() {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut at: Timestamp = "2026-02-20T09:00:00Z".parse().unwrap();
        let (mut one, mut worse) = (stage(0), stage(0));
        for _ in 0..80 {
            at = at.plus(Duration::from_secs(random.one_of(&[1, 900, 20_000, 90_000])));
            let choice = random.0;
            step(&mut one, &mut random, at);
            step(&mut worse, &mut Random(choice), at);
        }
        let listed = one.sites.clone();
        for site in SITES.into_iter().filter(|site| listed.sites.contains_key(*site)) {
            let class = random.one_of(&CLASSES);
            worse.alert(at, 1_000 + random.below(9_000), site, &["raise", class]);
            one.apply(at, &watchfire_rules::Event::Tick, &[]);
            let (before, after) = (one.score(site), worse.score(site));
            assert!(before <= after, "seed {seed}: one more {class} alert took {site} from {before} to {after}");
        }
    }
}

#[test]
fn worse_figures_are_never_lower_and_unknown_ones_lie_between() {
    for (device, metric, values) in FIGURES {
        for site in SITES {
            let mut scores = Vec::new();
            let at: Timestamp = "2026-03-01T15:00:00Z".parse().unwrap();
            let fresh = || {
                let mut stage = stage(0);
                stage.set_up(at);
                stage.frame(at, site, "risk", &[("s", "vendor.risk.night_staff", Value::Number(2.0), at)]);
                stage
            };
            for value in values {
                let mut stage = fresh();
                stage.frame(at, site, device, &[("p", metric, Value::Number(value), at)]);
                scores.push(stage.score(site));
            }
            assert!(scores.is_sorted(), "{site} {metric}: {scores:?}");
            let unknown = fresh().score(site);
            assert!(scores[0] <= unknown && unknown <= scores[3], "{site} {metric}: {unknown} in {scores:?}");
        }
    }
}

/// What is not known is worth the same whatever else is known, and is shown as missing.
#[test]
fn unknown_factors_stay_as_they_are() {
    let at: Timestamp = "2026-03-01T15:00:00Z".parse().unwrap();
    let mut stage = stage(0);
    stage.set_up(at);
    let missing = |stage: &mut Stage| -> BTreeMap<String, u32> {
        let view = stage.risk().site(&"mill".parse().unwrap()).unwrap();
        let factors = view.parts.iter().flat_map(|part| part.factors.clone()).filter(|factor| factor.missing);
        factors.map(|factor| (factor.name, factor.milli)).collect()
    };
    let before = missing(&mut stage);
    stage.frame(at, "mill", "d0", &[("p", "residual_current", Value::Number(500.0), at)]);
    let after = missing(&mut stage);
    assert!(before.contains_key("residual-current") && !after.contains_key("residual-current"));
    assert!(after.iter().all(|(name, points)| before[name] == *points));
    assert_eq!(before.len(), after.len() + 1);
}

#[test]
fn damaged_snapshots_are_refused_without_a_panic() {
    let mut whole = stage(0);
    let mut random = Random(77);
    let mut at: Timestamp = "2026-02-20T09:00:00Z".parse().unwrap();
    for _ in 0..60 {
        at = at.plus(Duration::from_secs(900));
        step(&mut whole, &mut random, at);
    }
    let bytes = whole.risk().snapshot();
    let settings = RiskSettings::built_in();
    assert!(Risk::restore(&[], &whole.sites, &settings).is_err());
    assert!(Risk::restore(&[9], &whole.sites, &settings).is_err());
    for cut in 1..bytes.len() {
        drop(Risk::restore(&bytes[..cut], &whole.sites, &settings));
    }
    for place in 1..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x5a;
        if let Ok(mut risk) = Risk::restore(&damaged, &whole.sites, &settings) {
            let stamp = watchfire_rules::Stamp { seq: Seq(1), at };
            risk.apply(stamp, &watchfire_rules::Event::Tick, &[], &mut Vec::new());
        }
    }
}

#[test]
fn state_is_bounded() {
    let at: Timestamp = "2026-03-01T15:00:00Z".parse().unwrap();
    let mut stage = stage(0);
    stage.set_up(at);
    let size = |stage: &mut Stage| stage.risk().snapshot().len();
    let now = |second: u64| at.plus(Duration::from_secs(second));
    for number in 0..5_000 {
        let point = format!("p{number}");
        stage.frame(now(number), "mill", "d0", &[(&point, "residual_current", Value::Number(500.0), now(number))]);
        stage.frame(now(number), "mill", "risk", &[(&point, "vendor.risk.occupants", Value::Number(5.0), now(number))]);
    }
    let full = size(&mut stage);
    assert!(full < 40_000, "{full} bytes");
    for number in 5_000..6_000 {
        let point = format!("p{number}");
        stage.frame(now(number), "mill", "d0", &[(&point, "residual_current", Value::Number(500.0), now(number))]);
    }
    assert_eq!(size(&mut stage), full);
    for number in 0..3_000 {
        stage.alert(now(7_000), number, &format!("gone{number}"), &["raise", "fire"]);
    }
    assert_eq!(stage.risk().ranking(None).len(), SITES.len() + watchfire_rules::risk::limits::UNLISTED_SITES_MAX);
}

/// The bytes of version 1 are pinned: a station that is updated starts from its predecessor's snapshot. A change of the
/// form counts the version up and writes a new file (`WATCHFIRE_BLESS=1`).
#[test]
fn a_snapshot_of_version_1_reads_as_it_did() {
    let mut stage = stage(0);
    let at: Timestamp = "2026-03-01T15:00:00Z".parse().unwrap();
    stage.set_up(at);
    for (number, class) in (0u64..).zip(CLASSES) {
        stage.alert(at, number, "mill/hall", &["raise", class]);
    }
    stage.alert(at, 0, "mill/hall", &["real"]);
    stage.alert(at, 1, "mill/hall", &["false"]);
    stage.alert(at, 2, "mill/hall", &["clear"]);
    stage.alert(at, 2, "mill/hall", &["close"]);
    for (device, metric, values) in FIGURES {
        stage.frame(at, "mill", device, &[("hall", metric, Value::Number(values[2]), at)]);
    }
    stage.frame(at, "mill", "risk", &[("x", "vendor.risk.duty_check", Value::Bool(false), at)]);
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/risk/data/snapshot_1.bin");
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::write(&golden, stage.risk().snapshot()).unwrap();
    }
    let old = Risk::restore(&std::fs::read(golden).unwrap(), &stage.sites, &stage.settings).unwrap();
    assert!(old.snapshot() == stage.risk().snapshot());
    assert_eq!(old.ranking(None), stage.risk().ranking(None));
}
