//! Real fires, played to the shipped rules: what was told when, against what is known of the fire. The recordings are in
//! `tests/data/recordings` of the project, with whose they are. `recordings.txt` holds what comes out;
//! `WATCHFIRE_BLESS=1` writes it anew.
#![expect(clippy::unwrap_used, reason = "tests may stop at what is wrong")]

#[path = "support/chance.rs"]
mod chance;

use chance::Chance;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use watchfire_model::{Sites, Timestamp};
use watchfire_rules::RuleSet;
use watchfire_rules::replay::Session;

/// Where second 0 of a recording is put.
const START_S: i64 = 1_767_571_200;
/// Quiet before recordings that begin with the fire.
const QUIET_S: i32 = 3_600;
const WARNINGS: [&str; 4] = ["fire", "early_warning", "gas", "co"];

/// A recording, its ignition, and by when somebody must have been warned: the alarm or sprinkler that was there.
const RECORDINGS: [(&str, f64, f64); 5] = [
    ("nist_home_smoke_alarm_SDC33", 0.0, 106.0),
    ("nist_vettori_flat_ceiling_test16", 0.0, 41.9),
    ("nist_vettori_flat_ceiling_test31", 0.0, 34.9),
    ("fsri_compartment_RedAccent_Closed_Corner_2", -1.0, 70.0),
    ("fsri_house_gasburner_single_Gas_Burner_1", 0.0, 30.0),
];

/// One reading: when, where, what.
#[derive(Clone)]
struct Heard {
    at_s: f64,
    zone: String,
    metric: &'static str,
    value: f64,
}

fn load(name: &str) -> Vec<Heard> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/data/recordings/{name}.csv"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut heard = Vec::new();
    for line in lines {
        let mut at_s = 0.0;
        for (head, cell) in heads.iter().zip(line.split(',')) {
            let Ok(value) = cell.parse::<f64>() else { continue };
            if *head == "t_s" {
                at_s = value;
            } else if let Some(zone) = head.strip_suffix("_smoke_OD_1_per_m") {
                let (zone, metric) = (zone.to_lowercase(), "smoke_obscuration");
                heard.push(Heard { at_s, zone, metric, value: value.max(0.0) * 10.0 });
            } else {
                let zone = head.strip_suffix("_temp_1_degC").or(head.strip_suffix("_temperature")).unwrap();
                heard.push(Heard { at_s, zone: zone.to_lowercase(), metric: "temperature", value });
            }
        }
    }
    heard
}

/// An hour of noise, drift and one spike around each sensor's first value, at the recording's own rate.
fn with_quiet_before(heard: Vec<Heard>) -> Vec<Heard> {
    let start = heard.first().unwrap().at_s;
    let second = heard.iter().map(|heard| heard.at_s).find(|at| *at > start).unwrap();
    let step_s = (second - start).max(1.0);
    let firsts: Vec<Heard> = heard.iter().take_while(|heard| heard.at_s == start).cloned().collect();
    let mut chance = Chance(7);
    let mut all = Vec::new();
    let steps = (f64::from(QUIET_S) / step_s).floor();
    let mut left = steps;
    while left >= 1.0 {
        for first in &firsts {
            let smoke = first.metric == "smoke_obscuration";
            let noise = chance.normal() * if smoke { 0.01 } else { 0.2 };
            let drift = if smoke { -0.02 * left / steps } else { 0.0 };
            let spike = if smoke && left == (steps / 2.0).floor() { 0.15 } else { 0.0 };
            let value = first.value + drift + noise;
            let value = if smoke { value.max(0.0) + spike } else { value };
            all.push(Heard { at_s: start - left * step_s, value, ..first.clone() });
        }
        left -= 1.0;
    }
    all.extend(heard);
    all
}

/// Every transition that warns or faults: when, and its line of JSON.
fn play(heard: &[Heard]) -> Vec<(f64, serde_json::Value)> {
    let mut session = Session::new(RuleSet::built_in(), Sites::default());
    let mut told = Vec::new();
    for Heard { at_s, zone, metric, value } in heard {
        let at = Timestamp(START_S * 1_000_000 + micros(*at_s));
        let unit = if *metric == "temperature" { "Cel" } else { "dB/m" };
        let line = format!(
            r#"{{"at":"{at}","site":"s","zone":"{zone}","device":"{zone}","metric":"{metric}","value":{value},"unit":"{unit}"}}"#
        );
        let mut out = String::new();
        session.line(&line, &mut out).unwrap();
        told.extend(out.lines().map(|line| (*at_s, serde_json::from_str(line).unwrap())));
    }
    told
}

#[expect(clippy::cast_possible_truncation, reason = "a recording lasts for minutes")]
fn micros(at_s: f64) -> i64 {
    (at_s * 1e6).round() as i64
}

fn is(told: &serde_json::Value, classes: &[&str]) -> bool {
    let class = told.get("class").and_then(serde_json::Value::as_str).unwrap();
    let transition = told.get("transition").and_then(serde_json::Value::as_str).unwrap();
    classes.contains(&class) && transition != "cleared"
}

#[test]
fn real_fires_are_told_early_and_their_quiet_is_not() {
    let mut text = String::new();
    for (name, ignition, by) in RECORDINGS {
        let mut heard = load(name);
        if heard.first().unwrap().at_s >= ignition {
            heard = with_quiet_before(heard);
        }
        let told = play(&heard);
        let first = |classes: &[&str]| told.iter().find(|(at, told)| *at >= ignition && is(told, classes));
        let (warned, _) = first(&WARNINGS).unwrap_or_else(|| panic!("{name}: nobody was warned"));
        assert!(*warned < by, "{name}: warned at {warned} s, not before {by} s");
        let (fire, _) = first(&["fire"]).unwrap_or_else(|| panic!("{name}: no fire"));
        let before = told.iter().filter(|(at, told)| *at < ignition && is(told, &WARNINGS)).count();
        assert_eq!(before, 0, "{name}: warnings before ignition");
        let mut rooms: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (at, told) in told.iter().filter(|(_, told)| is(told, &["fire", "early_warning", "fault"])) {
            let word = |key: &str| told.get(key).and_then(serde_json::Value::as_str).unwrap();
            rooms.entry(word("zone")).or_default().push(format!("{} {at} s ({})", word("class"), word("rule")));
        }
        writeln!(text, "{name}: warned {warned} s, fire {fire} s; to beat: {by} s").unwrap();
        for (room, told) in rooms {
            writeln!(text, "  {room}: {}", told.join(", ")).unwrap();
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recordings.txt");
    if std::env::var_os("WATCHFIRE_BLESS").is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&golden).unwrap(), "WATCHFIRE_BLESS=1 accepts what came out");
}

/// The kitchen's channel of that house is broken from the first reading on.
#[test]
fn a_broken_wire_is_a_fault_and_never_a_fire() {
    let heard = load("fsri_house_gasburner_single_Gas_Burner_1");
    let told = play(&heard);
    let kitchen = |told: &serde_json::Value| told.get("zone").is_some_and(|zone| zone == "kitchen");
    assert!(told.iter().any(|(_, told)| kitchen(told) && is(told, &["fault"])));
    assert!(!told.iter().any(|(_, told)| kitchen(told) && is(told, &WARNINGS)), "{told:?}");
}

/// The bumps of a thermocouple's wire, thrown together anew in blocks of 5 to 20 s: twenty times the stretch before ignition.
#[test]
fn the_noise_of_thermocouples_warns_of_nothing() {
    let quiet: Vec<Heard> =
        load("fsri_compartment_RedAccent_Closed_Corner_2").into_iter().filter(|heard| heard.at_s < -2.0).collect();
    let mut rooms: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for heard in &quiet {
        rooms.entry(heard.zone.clone()).or_default().push(heard.value);
    }
    let wide = rooms.values().map(|values| span(values)).fold(0.0, f64::max);
    assert!(wide > 6.0, "the recording has bumps of {wide} K");
    for seed in 0..20 {
        let mut chance = Chance(seed);
        let mut copies: BTreeMap<String, std::vec::IntoIter<f64>> = BTreeMap::new();
        for (room, values) in &rooms {
            let mut copy = Vec::new();
            while copy.len() < values.len() {
                let block = 5 + pick(&mut chance, 15);
                let from = pick(&mut chance, values.len() - block);
                copy.extend(values.iter().skip(from).take(block));
            }
            copies.insert(room.clone(), copy.into_iter());
        }
        let next =
            |heard: &Heard| Heard { value: copies.get_mut(&heard.zone).unwrap().next().unwrap(), ..heard.clone() };
        let told = play(&quiet.iter().map(next).collect::<Vec<_>>());
        assert!(told.is_empty(), "seed {seed}: {told:?}");
    }
}

fn span(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::MIN, f64::max) - values.iter().copied().fold(f64::MAX, f64::min)
}

/// Below `below`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers"
)]
fn pick(chance: &mut Chance, below: usize) -> usize {
    ((chance.next() * below as f64) as usize).min(below.saturating_sub(1))
}
