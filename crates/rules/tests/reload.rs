//! A reload with a changed limit, a renamed and a removed rule: what did not change goes on as if nothing had happened.

#![expect(clippy::unwrap_used, reason = "tests may stop at what is wrong")]

use watchfire_model::*;
use watchfire_rules::{Effects, Engine, Event, RuleSet, SetUp, Stamp};

fn rule(name: &str, metric: &str, unit: &str, above: u32, hold_s: u32) -> String {
    format!(
        "[[rule]]\nname = \"{name}\"\nversion = 1\nkind = \"threshold\"\nmetric = \"{metric}\"\nabove = {above}\n\
         unit = \"{unit}\"\nhold_s = {hold_s}\nclass = \"information\"\n"
    )
}

struct Station {
    engine: Engine,
    seq: u64,
}

impl Station {
    /// What an entry at that second told: `raised hot`.
    fn at(&mut self, second: i64, event: &Event<'_>) -> Vec<String> {
        self.seq += 1;
        let stamp = Stamp { seq: Seq(self.seq), at: Timestamp::from_seconds(1_772_323_200 + second) };
        let mut effects = Effects::default();
        self.engine.apply(stamp, event, &mut effects);
        effects.transitions.iter().map(|told| format!("{} {}", told.step.as_str(), told.rule)).collect()
    }

    fn load(&mut self, second: i64, rules: &[String]) -> Vec<String> {
        let rules = RuleSet::parse(&[("rules.toml".into(), rules.concat())]).unwrap();
        self.at(second, &Event::Setup(&SetUp { sites: Sites::default(), rules }))
    }

    fn says(&mut self, second: i64, readings: &[(&str, Value)]) -> Vec<String> {
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some("t1".parse().unwrap());
        let at = Timestamp::from_seconds(1_772_323_200 + second);
        decoded.readings = readings
            .iter()
            .map(|(metric, value)| Reading {
                point: metric.parse().unwrap(),
                metric: Metric::from_name(metric).unwrap(),
                value: *value,
                vendor_unit: None,
                at,
            })
            .collect();
        self.at(second, &Event::Decoded { site: &"house".parse().unwrap(), decoded: &decoded })
    }

    fn active(&self) -> Vec<String> {
        let active = self.engine.alerts().filter(|alert| alert.condition == Condition::Active);
        active.map(|alert| alert.rule.to_string()).collect()
    }
}

#[test]
fn a_reload_keeps_open_alerts_running_holds_and_latches() {
    let mut station = Station { engine: Engine::new(JournalId([1; 16])), seq: 0 };
    let slow = rule("slow", "co2", "ppm", 1_000, 60);
    let (hot, hotter) = (rule("hot", "temperature", "Cel", 57, 0), rule("hot", "temperature", "Cel", 70, 0));
    let (old, new) = (rule("old-name", "humidity", "%RH", 90, 0), rule("new-name", "humidity", "%RH", 90, 0));
    let gone = rule("gone", "voltage", "V", 250, 0);
    station.load(0, &[hot, old, gone, slow.clone()]);
    let number = Value::Number;
    let told = station.says(
        10,
        &[
            ("temperature", number(60.0)),
            ("humidity", number(95.0)),
            ("voltage", number(260.0)),
            ("co2", number(1_500.0)),
            ("smoke_alarm", Value::Bool(true)),
        ],
    );
    assert_eq!(told, ["raised hot@1", "raised old-name@1", "raised gone@1", "raised device-fire@1"]);
    station.says(20, &[("smoke_alarm", Value::Bool(false))]);

    assert_eq!(station.load(30, &[hotter, new, slow]), [""; 0], "a reload tells nothing");
    assert_eq!(station.active().len(), 4, "every open alert stays, and the fire stays latched");
    assert_eq!(station.at(69, &Event::Tick), [""; 0]);
    assert_eq!(station.at(70, &Event::Tick), ["raised slow@1"], "the hold has run on from its beginning");
    // The changed rule judges the next reading by its new limit.
    station.says(80, &[("temperature", number(60.0))]);
    assert_eq!(station.at(140, &Event::Tick), ["cleared hot@1"]);
    // The renamed rule is another one; what the old name and the removed rule have raised waits for a person.
    assert_eq!(station.says(150, &[("humidity", number(95.0))]), ["raised new-name@1"]);
    station.says(160, &[("humidity", number(20.0)), ("voltage", number(230.0))]);
    station.at(400, &Event::Tick);
    let mut active = station.active();
    active.sort();
    assert_eq!(active, ["device-fire@1", "gone@1", "old-name@1", "slow@1"]);
}
