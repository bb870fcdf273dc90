//! The rules and the risk together, as a station runs them: frames in, transitions between, scores out.

use crate::stage::{Stage, time};
use watchfire_model::*;
use watchfire_rules::risk::{Change, Place, Risk, RiskSettings, back_test};
use watchfire_rules::{Effects, Engine, Event, RuleSet, SetUp, Stamp};

struct Station {
    engine: Engine,
    risk: Risk,
    seq: u64,
    changes: Vec<Change>,
    transitions: Vec<Transition>,
}

impl Station {
    fn of(stage: &Stage) -> Station {
        Station {
            engine: Engine::new(JournalId([1; 16])),
            risk: Risk::new(&stage.sites, &RiskSettings::built_in()),
            seq: 0,
            changes: Vec::new(),
            transitions: Vec::new(),
        }
    }

    fn apply(&mut self, at: &str, event: &Event<'_>) {
        self.seq += 1;
        let stamp = Stamp { seq: Seq(self.seq), at: time(at) };
        let mut effects = Effects::default();
        self.engine.apply(stamp, event, &mut effects);
        assert_eq!(effects.refusals, []);
        self.risk.apply(stamp, event, &effects.transitions, &mut self.changes);
        self.transitions.extend(effects.transitions);
    }

    fn smoke(&mut self, at: &str, holds: bool) {
        self.said(at, "smoke0", "smoke_alarm", Value::Bool(holds));
    }

    fn said(&mut self, at: &str, device: &str, metric: &str, value: Value) {
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some(device.parse().unwrap());
        let (point, metric) = (metric.parse().unwrap(), Metric::from_name(metric).unwrap());
        decoded.readings.push(Reading { point, metric, value, vendor_unit: None, at: time(at) });
        self.apply(at, &Event::Decoded { site: &"flat".parse().unwrap(), decoded: &decoded });
    }

    fn order(&mut self, at: &str, kind: OrderKind) {
        let order = Order { id: at.parse().unwrap(), by: "wang".parse().unwrap(), kind };
        self.apply(at, &Event::Order(&order));
    }

    fn score(&self) -> u8 {
        self.risk.score(&"flat".parse().unwrap()).unwrap()
    }
}

/// Figures are given once, by people; nobody is called because they are not given again. A detector of such a name alarms.
#[test]
fn figures_raise_nothing_and_a_detector_that_is_called_weather_still_alarms() {
    let mut stage = Stage::new();
    stage.site("flat", SiteKind::Home);
    let set_up = SetUp { sites: stage.sites.clone(), rules: RuleSet::built_in() };
    let mut station = Station::of(&stage);
    station.apply("00:00:00", &Event::Setup(&set_up));
    for (device, metric, value) in [
        ("risk", "vendor.risk.night_staff", 2.0),
        ("weather", "temperature", 31.0),
        ("weather", "humidity", 12.0),
        ("weather", "vendor.risk.dry_days", 40.0),
    ] {
        station.said("01:00:00", device, metric, Value::Number(value));
    }
    for day in 1..9 {
        station.apply(&format!("{day}d02:00:00"), &Event::Tick);
    }
    assert_eq!(station.transitions, []);
    station.said("9d00:00:00", "weather", "smoke_alarm", Value::Bool(true));
    assert_eq!(station.transitions.iter().map(|transition| transition.class).collect::<Vec<_>>(), [Class::Fire]);
}

#[test]
fn a_smoke_alarm_pins_the_top_until_it_is_found_out_and_closed() {
    let mut stage = Stage::new();
    stage.site("flat", SiteKind::Home);
    stage.devices("flat", None, "smoke", 1);
    stage.site("other", SiteKind::CareHome);
    let set_up = SetUp { sites: stage.sites.clone(), rules: RuleSet::built_in() };
    let mut station = Station::of(&stage);
    station.apply("00:00:00", &Event::Setup(&set_up));
    let quiet = station.score();
    assert!(quiet < 20);
    station.smoke("2d08:00:00", true);
    assert_eq!(station.score(), 100);
    assert_eq!(station.risk.ranking(None)[0].site.as_str(), "flat");
    let alert = station.transitions[0].alert;
    station.order("2d08:01:00", OrderKind::Acknowledge { alert });
    station.order("2d08:05:00", OrderKind::Verify { alert, verdict: Verdict::Real, note: "pan".into() });
    station.smoke("2d08:20:00", false);
    assert_eq!(station.score(), 100, "a fire that nobody has closed");
    station.order("2d09:00:00", OrderKind::Close { alert, note: String::new() });
    assert!((quiet..20).contains(&station.score()), "what is left is that it burnt once");
    let top = station.changes.iter().filter(|change| change.to == 100).map(|change| &change.place);
    assert_eq!(top.collect::<Vec<_>>(), [&Place::Site("flat".parse().unwrap())]);
    let found = back_test(&station.changes, &station.transitions, std::time::Duration::from_secs(3_600));
    assert_eq!(found.fires.len(), 1);
    assert_eq!(found.fires[0].stood.unwrap().of, 2);
}
