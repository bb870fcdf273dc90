//! What the alert log says is put in the place of what a replay finds, and who was not told hears of it.
#![expect(clippy::unwrap_used, reason = "tests may stop at what is wrong")]

use watchfire_model::*;
use watchfire_rules::{Effects, Engine, Event, RuleSet, SetUp, Stamp};

struct Run {
    engine: Engine,
    seq: u64,
}

impl Run {
    fn new() -> Run {
        let mut run = Run { engine: Engine::new(JournalId([1; 16])), seq: 0 };
        run.apply(&Event::Setup(&SetUp { sites: Sites::default(), rules: RuleSet::built_in() }));
        run
    }

    fn apply(&mut self, event: &Event<'_>) -> Effects {
        self.seq += 1;
        let mut effects = Effects::default();
        let at = Timestamp::from_seconds(1_772_323_200 + i64::try_from(self.seq).unwrap());
        self.engine.apply(Stamp { seq: Seq(self.seq), at }, event, &mut effects);
        effects
    }

    fn frame(&mut self, device: &str, metric: Metric, value: bool) -> Vec<Transition> {
        let mut decoded = Decoded::new(Source::Watchfire);
        decoded.device = Some(device.parse().unwrap());
        let at = Timestamp::from_seconds(1_772_323_201 + i64::try_from(self.seq).unwrap());
        let point = metric.to_string().parse().unwrap();
        decoded.readings.push(Reading { point, metric, value: Value::Bool(value), vendor_unit: None, at });
        self.apply(&Event::Decoded { site: &"home".parse().unwrap(), decoded: &decoded }).transitions
    }

    /// The log's word about alerts; `None`: it does not know them.
    fn logged(&mut self, alerts: &[(AlertId, Option<&Alert>)]) {
        self.engine.take_logged(alerts.iter().copied());
    }

    /// The open alerts as `device class condition handling`.
    fn open(&self) -> Vec<String> {
        let alerts = self.engine.alerts().filter(|alert| !alert.is_over());
        let line = |alert: &Alert| {
            let device = alert.device.as_ref().map_or("-", |device| device.name.as_str());
            format!("{device} {} {:?} {}", alert.class.as_str(), alert.condition, alert.handling.as_str())
        };
        alerts.map(line).collect()
    }
}

fn steps(transitions: &[Transition]) -> Vec<&str> {
    transitions.iter().map(|transition| transition.step.as_str()).collect()
}

#[test]
fn what_nobody_was_told_of_is_told_if_it_still_goes_on() {
    let mut run = Run::new();
    let gas = run.frame("k1", Metric::GasAlarm, true)[0].alert;
    run.logged(&[(gas, None)]);
    let water = run.frame("k2", Metric::WaterLeak, true)[0].alert;
    run.logged(&[(water, None)]);
    let fire = run.frame("k3", Metric::SmokeAlarm, true)[0].alert;
    run.logged(&[(fire, None)]);
    assert!(run.open().is_empty());
    // While the replay goes on nobody is told. The gas is gone before its end; the fire is too, but a fire is latched.
    assert_eq!(run.frame("k1", Metric::GasAlarm, false), []);
    assert_eq!(run.frame("k3", Metric::SmokeAlarm, false), []);
    run.engine.go_live();
    let told = run.apply(&Event::Tick).transitions;
    assert_eq!(steps(&told), ["raised", "raised"]);
    assert!(told.iter().all(|transition| transition.alert.cause == Seq(run.seq)), "by ids of their own");
    assert_eq!(run.open(), ["k2 water Active open", "k3 fire Active open"]);
    assert_eq!(run.apply(&Event::Tick).transitions, []);
    // They live on as others do.
    assert_eq!(run.frame("k3", Metric::SmokeAlarm, true), []);
    assert_eq!(run.frame("k2", Metric::WaterLeak, false), []);
    run.seq += 10;
    assert_eq!(steps(&run.apply(&Event::Tick).transitions), ["cleared"]);
}

#[test]
fn what_people_were_told_of_is_there_to_be_handled() {
    let mut other = Run::new();
    let told = other.frame("k1", Metric::GasAlarm, true);
    let alert = Alert::new(&told[0]);
    let mut run = Run::new();
    run.frame("k1", Metric::GasAlarm, false);
    run.logged(&[(alert.id, Some(&alert))]);
    assert_eq!(run.open(), ["k1 gas Active open"]);
    let bytes = run.engine.snapshot();
    let set_up = SetUp { sites: Sites::default(), rules: RuleSet::built_in() };
    run.engine = Engine::restore(&bytes, &set_up).unwrap();
    run.engine.go_live();
    // Its cause joins it, and does not raise another.
    assert_eq!(run.frame("k1", Metric::GasAlarm, true), []);
    assert_eq!(run.frame("k1", Metric::GasAlarm, false), []);
    let mut order = |id: &str, kind| {
        let order = Order { id: id.parse().unwrap(), by: "wang".parse().unwrap(), kind };
        run.apply(&Event::Order(&order))
    };
    let verify = OrderKind::Verify { alert: alert.id, verdict: Verdict::Test, note: String::new() };
    assert_eq!(steps(&order("o1", verify).transitions), ["acknowledged", "verified"]);
    let close = OrderKind::Close { alert: alert.id, note: String::new() };
    assert_eq!(steps(&order("o2", close).transitions), ["cleared", "closed"]);
    assert!(run.open().is_empty());
}

#[test]
fn what_was_told_at_another_entry_is_the_same_alert() {
    let mut run = Run::new();
    let ours = run.frame("k1", Metric::WaterLeak, true);
    run.logged(&[(ours[0].alert, None)]);
    run.apply(&Event::Tick);
    let mut later = ours[0].clone();
    later.alert.cause = Seq(run.seq);
    let alert = Alert::new(&later);
    run.logged(&[(alert.id, Some(&alert))]);
    run.engine.go_live();
    assert_eq!(run.apply(&Event::Tick).transitions, []);
    run.frame("k1", Metric::WaterLeak, false);
    run.seq += 10;
    let told = run.apply(&Event::Tick).transitions;
    assert_eq!((steps(&told), told[0].alert), (vec!["cleared"], alert.id));
}

#[test]
fn people_who_were_told_that_it_is_over_hear_that_it_is_not() {
    let mut run = Run::new();
    let raised = run.frame("k1", Metric::GasAlarm, true);
    let mut alert = Alert::new(&raised[0]);
    alert.condition = Condition::Cleared;
    run.logged(&[(alert.id, Some(&alert))]);
    assert_eq!(run.open(), ["k1 gas Cleared open"]);
    run.engine.go_live();
    assert_eq!(steps(&run.apply(&Event::Tick).transitions), ["reopened"]);
    assert_eq!(run.open(), ["k1 gas Active open"]);
    // And one that is done with for them is done with.
    alert.handling = Handling::Closed;
    run.logged(&[(alert.id, Some(&alert))]);
    assert!(run.open().is_empty());
}
