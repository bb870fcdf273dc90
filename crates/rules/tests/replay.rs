//! Replay: JSON lines in, JSON lines out.
#![expect(clippy::unwrap_used, reason = "tests may stop at what is wrong")]

use watchfire_rules::RuleSet;
use watchfire_rules::replay::Session;

const RULES: &str = r#"
[[rule]]
name = "hot"
version = 7
kind = "threshold"
metric = "temperature"
above = 57
unit = "Cel"
hysteresis = 3
hold_s = 10
class = "early_warning"
[[rule]]
name = "hum"
version = 1
kind = "threshold"
metric = "vendor.vibration1"
above = 2
class = "fault"
[[rule]]
name = "silent"
version = 1
kind = "silent"
after_s = 600
"#;

fn rules() -> RuleSet {
    RuleSet::parse(&[("rules.toml".into(), RULES.into())]).unwrap()
}

fn replay(lines: &[&str]) -> String {
    let mut session = Session::new(rules(), watchfire_model::Sites::default());
    let mut out = String::new();
    for line in lines {
        if let Err(error) = session.line(line, &mut out) {
            out.push_str(&format!("error: {error}\n"));
        }
    }
    out
}

#[test]
fn transitions_come_out_as_the_contract_has_them() {
    let out = replay(&[
        r#"{"at": "2026-01-01T00:00:00Z", "site": "house", "zone": "kitchen", "device": "k1", "metric": "temperature", "value": 21.4, "unit": "Cel"}"#,
        r#"{"at": "2026-01-01T00:01:00Z", "site": "house", "zone": "kitchen", "device": "k1", "metric": "temperature", "value": 57, "unit": "Cel"}"#,
        r#"{"at": "2026-01-01T00:02:00+00:00", "site": "house", "zone": "kitchen", "device": "k1", "metric": "temperature", "value": 20, "unit": null}"#,
        r#"{"at": "2026-01-01T00:03:00Z", "site": "house", "zone": "kitchen", "device": "k1", "metric": "temperature", "value": 99, "unit": "Cel"}"#,
        r#"{"at": "2026-01-01T00:03:20Z", "site": "house", "zone": "kitchen", "device": "k1", "metric": "smoke_alarm", "value": true}"#,
        r#"{"at": "2026-01-01T00:03:21Z", "site": "house", "zone": null, "device": "p", "metric": "vendor.vibration1", "value": 2.5, "unit": ""}"#,
        r#"{"at": "2026-01-01T01:00:00Z", "site": "house", "zone": "hall", "device": "三楼", "metric": "humidity", "value": 40, "unit": "%RH"}"#,
    ]);
    let zeros = "0".repeat(32);
    let wanted = [
        r#"{"id":"J-3-0","seq":3,"at":"2026-01-01T00:01:10Z","transition":"raised","class":"early_warning","severity":"major","site":"house","zone":"kitchen","device":"k1","rule":"hot@7","reason":"temperature of k1 (point temperature) is 57 °C, at or above 57 °C, for 10 s"}"#,
        r#"{"id":"J-3-0","seq":5,"at":"2026-01-01T00:03:00Z","transition":"cleared","class":"early_warning","severity":"major","site":"house","zone":"kitchen","device":"k1","rule":"hot@7","reason":"temperature of k1 (point temperature) is 20 °C, back below 54 °C, for 60 s"}"#,
        r#"{"id":"J-3-0","seq":6,"at":"2026-01-01T00:03:10Z","transition":"raised","class":"early_warning","severity":"major","site":"house","zone":"kitchen","device":"k1","rule":"hot@7","reason":"temperature of k1 (point temperature) is 99 °C, at or above 57 °C, for 10 s"}"#,
        r#"{"id":"J-3-0","seq":7,"at":"2026-01-01T00:03:20Z","transition":"escalated","class":"fire","severity":"critical","site":"house","zone":"kitchen","device":"k1","rule":"device-fire@1","reason":"k1 reports: smoke alarm (point smoke_alarm)"}"#,
        r#"{"id":"J-8-0","seq":8,"at":"2026-01-01T00:03:21Z","transition":"raised","class":"fault","severity":"minor","site":"house","zone":null,"device":"p","rule":"hum@1","reason":"vibration1 of p (point vendor.vibration1) is 2.5, at or above 2"}"#,
    ];
    let wanted: Vec<String> = wanted.iter().map(|line| line.replace('J', &zeros)).collect();
    let got: Vec<&str> = out.lines().collect();
    assert_eq!(got.get(..5).unwrap(), wanted, "{out}");
    let offline: Vec<&&str> = got.iter().filter(|line| line.contains("\"offline\"")).collect();
    assert_eq!(
        offline.len(),
        2,
        "both devices fell silent at their own times, after the last line nothing fires: {out}"
    );
    assert!(offline.iter().any(|line| line.contains("\"at\":\"2026-01-01T00:13:20Z\"")), "{out}");
}

#[test]
fn what_is_not_a_reading_is_told_and_the_rest_goes_on() {
    let out = replay(&[
        "not json",
        r#"{"at": "", "site": "s", "device": "d", "metric": "temperature", "value": 1, "unit": "Cel"}"#,
        r#"{"at": "yesterday", "site": "s", "device": "d", "metric": "temperature", "value": 1, "unit": "Cel"}"#,
        r#"{"at": "2026-01-01T00:00:00Z", "site": "S!", "device": "d", "metric": "temperature", "value": 1, "unit": "Cel"}"#,
        r#"{"at": "2026-01-01T00:00:00Z", "site": "s", "device": "d", "metric": "warmth", "value": 1, "unit": "Cel"}"#,
        r#"{"at": "2026-01-01T00:00:00Z", "site": "s", "device": "d", "metric": "temperature", "value": 1, "unit": "F"}"#,
        r#"{"at": "2026-01-01T00:00:00Z", "site": "s", "device": "d", "metric": "temperature", "value": true, "unit": "Cel"}"#,
        r#"{"at": "2026-01-01T00:00:00Z", "site": "s", "device": "d", "metric": "smoke_alarm", "value": "yes"}"#,
        r#"{"at": "2026-01-01T00:00:00Z", "site": "s", "device": "d", "metric": "gas_alarm", "value": true, "more": 1}"#,
    ]);
    let got: Vec<&str> = out.lines().collect();
    assert_eq!(got.len(), 9, "{out}");
    for (line, field) in
        got.iter().zip(["not a reading", "at:", "at:", "site:", "metric:", "unit:", "value:", "not a reading"])
    {
        assert!(line.starts_with(&format!("error: {field}")), "{line} / {field}");
    }
    assert!(got.last().unwrap().contains("\"gas\""), "{out}");
}
