//! Scores the decoders against messages of real devices with labels of what must and must not be made of them.
//! The labels lie outside of the repository; without them this test says so and passes.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use watchfire_model::{Decoded, Metric, Timestamp, Value};
use watchfire_wire::{Profiles, Sessions, decode, json_line};

#[derive(Deserialize)]
struct Labelled {
    id: String,
    family: String,
    must: Vec<Label>,
    must_not: Vec<Label>,
    why: String,
}

#[derive(Deserialize)]
struct Label {
    metric: String,
    value: serde_json::Value,
    unit: Option<String>,
}

/// Metrics on which a life may hang: here every label counts.
const SAFETY: [&str; 12] = [
    "smoke_alarm",
    "heat_alarm",
    "gas_alarm",
    "co_alarm",
    "flame_alarm",
    "water_leak",
    "manual_alarm",
    "flow_switch",
    "test",
    "silenced",
    "fault",
    "tamper",
];

#[derive(Default)]
struct Score {
    lines: usize,
    right: usize,
    safety_wrong: Vec<String>,
    forbidden: Vec<String>,
}

#[test]
fn what_the_labels_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/payloads/semantic_truth.jsonl");
    let Ok(lines) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: no labels at ../shared/data/payloads/semantic_truth.jsonl beside the repository");
        return;
    };
    let verbose = std::env::var_os("WATCHFIRE_TRUTH_VERBOSE").is_some();
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut sessions = Sessions::default();
    for line in lines.lines() {
        let label: Labelled = serde_json::from_str(line).unwrap();
        let frame = json_line::parse(line).unwrap();
        let decoded = decode(&frame.frame(), Timestamp::EPOCH, &Profiles::default(), &mut sessions);
        let family = label.family.split('/').next().unwrap().to_owned();
        judge(&label, &decoded, verbose, scores.entry(family).or_default());
    }
    for (family, score) in &scores {
        eprintln!(
            "{family}: {} of {} lines, {} safety labels missed, {} forbidden readings",
            score.right,
            score.lines,
            score.safety_wrong.len(),
            score.forbidden.len()
        );
    }
    for (family, score) in scores {
        // A danger invented is wrong in every family, read in full or not yet.
        assert!(score.forbidden.is_empty(), "{family}: {:#?}", score.forbidden);
        let share_min = match family.as_str() {
            "zigbee2mqtt" => 1.0,
            "lorawan" => 0.95,
            _ => continue,
        };
        assert!(score.safety_wrong.is_empty(), "{family}: {:#?}", score.safety_wrong);
        let share = f64::from(u32::try_from(score.right).unwrap()) / f64::from(u32::try_from(score.lines).unwrap());
        assert!(share >= share_min, "{family}: {share}");
    }
}

fn judge(label: &Labelled, decoded: &Decoded, verbose: bool, score: &mut Score) {
    let missed: Vec<&Label> = label.must.iter().filter(|wanted| !is_said(wanted, decoded)).collect();
    let forbidden: Vec<&Label> = label.must_not.iter().filter(|wrong| holds(wrong, decoded)).collect();
    let name = |labels: &[&Label]| {
        labels.iter().map(|label| format!("{}={}", label.metric, label.value)).collect::<Vec<_>>().join(" ")
    };
    score.lines += 1;
    if missed.is_empty() && forbidden.is_empty() {
        score.right += 1;
    } else if verbose {
        eprintln!("{} ({}): missed [{}] forbidden [{}]", label.id, label.why, name(&missed), name(&forbidden));
        eprintln!("    {}", json_line::line(decoded));
    }
    if missed.iter().any(|label| SAFETY.contains(&label.metric.as_str())) {
        score.safety_wrong.push(format!("{}: {}", label.id, name(&missed)));
    }
    if !forbidden.is_empty() {
        score.forbidden.push(format!("{}: {}", label.id, name(&forbidden)));
    }
}

/// A reading says it, and for a boolean no reading of the same point says the opposite.
fn is_said(wanted: &Label, decoded: &Decoded) -> bool {
    let opposed = |point: &str| {
        wanted.value.is_boolean()
            && decoded.readings.iter().any(|reading| {
                reading.point.as_str() == point
                    && reading.metric.to_string() == wanted.metric
                    && !is_same(&wanted.value, reading.value)
            })
    };
    matching(wanted, decoded).any(|point| !opposed(point))
}

fn holds(wrong: &Label, decoded: &Decoded) -> bool {
    matching(wrong, decoded).next().is_some()
}

fn matching<'a>(label: &'a Label, decoded: &'a Decoded) -> impl Iterator<Item = &'a str> {
    decoded.readings.iter().filter_map(move |reading| {
        let unit = reading.metric.unit().map(|unit| unit.code());
        let same_unit = label.unit.is_none() || label.unit.as_deref() == unit;
        let same = reading.metric.to_string() == label.metric && is_same(&label.value, reading.value) && same_unit;
        let canonical = !matches!(reading.metric, Metric::Vendor(_));
        (same && canonical).then_some(reading.point.as_str())
    })
}

fn is_same(wanted: &serde_json::Value, got: Value) -> bool {
    match (wanted, got) {
        (serde_json::Value::Bool(wanted), Value::Bool(got)) => *wanted == got,
        (serde_json::Value::Number(wanted), Value::Number(got)) => {
            let wanted = wanted.as_f64().unwrap();
            (wanted - got).abs() <= (wanted.abs() * 0.01).max(0.05)
        }
        _ => false,
    }
}
