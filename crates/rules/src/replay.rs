//! Readings as JSON lines in, alert transitions as JSON lines out: a draft of rules is tried on what was recorded.
//!
//! In: `{"at": "2026-01-01T00:00:00Z", "site": "house", "zone": "kitchen", "device": "k1", "metric": "temperature",
//! "value": 21.4, "unit": "Cel"}`. `zone` and `unit` may be absent or null; an empty unit is none. `at` is event and
//! receive time at once. Out: one line per transition, as the interface contract has it, which knows `raised`,
//! `escalated` and `cleared`: a cause that comes back (`reopened`) is `raised` again under the same id.
//!
//! Between two lines the due timers fire at their own times; after the last line nothing fires. Every line, and every
//! time at which timers fire, is one entry: `seq` counts them. The same lines give the same output, byte for byte.

use crate::engine::Engine;
use crate::event::{Effects, Event, SetUp, Stamp};
use crate::rule::RuleSet;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use watchfire_model::{
    Class, Decoded, DeviceName, JournalId, Metric, PointName, Reading, Seq, Severity, SiteId, Sites, Source, Step,
    Timestamp, Transition, Unit, Value, ZoneId,
};

/// A run over lines of readings.
#[derive(Clone, Debug)]
pub struct Session {
    engine: Engine,
    stamp: Stamp,
    /// The last line's time, as text and as read.
    last_time: (String, Timestamp),
    /// Filled anew for each line.
    decoded: Decoded,
    effects: Effects,
}

/// A line that is not a reading. Nothing of it was applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not the documented JSON.
    #[error("not a reading: {0}")]
    BadJson(String),
    /// A field does not hold what it should.
    #[error("{field}: {message}")]
    BadField {
        /// Which.
        field: &'static str,
        /// Why, and what to write.
        message: String,
    },
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    at: Text<'a>,
    #[serde(borrow)]
    site: Text<'a>,
    #[serde(borrow, default)]
    zone: Option<Text<'a>>,
    #[serde(borrow)]
    device: Text<'a>,
    #[serde(borrow)]
    metric: Text<'a>,
    value: LineValue,
    #[serde(borrow, default)]
    unit: Option<Text<'a>>,
}

/// Text that is copied only when the JSON escapes something in it. A type of its own because serde borrows a `Cow`
/// only where it is a field, not inside an `Option`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct LineValue(Value);

impl<'de> Deserialize<'de> for LineValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LineValue, D::Error> {
        deserializer.deserialize_any(LineValueVisitor)
    }
}

struct LineValueVisitor;

impl Visitor<'_> for LineValueVisitor {
    type Value = LineValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a boolean")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<LineValue, E> {
        Ok(LineValue(Value::Bool(value)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<LineValue, E> {
        Ok(LineValue(Value::Number(value)))
    }

    #[expect(clippy::cast_precision_loss, reason = "JSON has only one kind of number; a measured one fits")]
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<LineValue, E> {
        Ok(LineValue(Value::Number(value as f64)))
    }

    #[expect(clippy::cast_precision_loss, reason = "JSON has only one kind of number; a measured one fits")]
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<LineValue, E> {
        Ok(LineValue(Value::Number(value as f64)))
    }
}

#[derive(Serialize)]
struct OutLine<'a> {
    id: String,
    seq: u64,
    at: String,
    transition: &'static str,
    class: Class,
    severity: Severity,
    site: &'a SiteId,
    zone: Option<&'a ZoneId>,
    device: Option<&'a DeviceName>,
    rule: String,
    reason: &'a str,
    /// It belongs to a test; left out where it does not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

impl Session {
    /// Begins a run with these rules and sites; a device that the sites do not list is placed where its lines say.
    pub fn new(rules: RuleSet, sites: Sites) -> Session {
        let mut engine = Engine::empty(JournalId::default());
        engine.take_set_up(&SetUp { sites, rules });
        Session {
            engine,
            stamp: Stamp { seq: Seq(0), at: Timestamp(i64::MIN) },
            last_time: (String::new(), Timestamp::EPOCH),
            decoded: Decoded::new(Source::Watchfire),
            effects: Effects::default(),
        }
    }

    /// Applies one line and appends what changed to `out`, each transition with its line end.
    ///
    /// # Errors
    /// When the line is not a reading; the run can go on with the next.
    pub fn line(&mut self, line: &str, out: &mut String) -> Result<(), LineError> {
        let line: Line<'_> = serde_json::from_str(line).map_err(|error| LineError::BadJson(error.to_string()))?;
        let at = self.time(&line.at.0)?;
        let site = field("site", SiteId::new(&line.site.0))?;
        let name = field("device", DeviceName::new(&line.device.0))?;
        let zone = line.zone.as_ref().filter(|zone| !zone.0.is_empty());
        let zone = zone.map(|zone| field("zone", ZoneId::new(&zone.0))).transpose()?;
        let unit = line.unit.as_ref().map(|unit| unit.0.as_ref());
        let reading = reading(at, &line.metric.0, line.value.0, unit)?;
        self.fire_until(at, out);
        self.engine.place_device(&site, Source::Watchfire, &name, zone, at.max(self.stamp.at));
        self.decoded.device = Some(name);
        self.decoded.readings.clear();
        self.decoded.readings.push(reading);
        self.stamp = Stamp { seq: Seq(self.stamp.seq.0 + 1), at: at.max(self.stamp.at) };
        let event = Event::Decoded { site: &site, decoded: &self.decoded };
        self.engine.apply(self.stamp, &event, &mut self.effects);
        self.print(out);
        Ok(())
    }

    /// Recordings have many readings of one time: its text is read once.
    fn time(&mut self, text: &str) -> Result<Timestamp, LineError> {
        if self.last_time.0 != text || text.is_empty() {
            let at = field("at", text.parse())?;
            self.last_time.0.clear();
            self.last_time.0.push_str(text);
            self.last_time.1 = at;
        }
        Ok(self.last_time.1)
    }

    /// Lets the timers fire that are due up to that time, each at its own.
    fn fire_until(&mut self, until: Timestamp, out: &mut String) {
        while let Some(due) = self.engine.wake_at().filter(|due| *due < until) {
            self.stamp = Stamp { seq: Seq(self.stamp.seq.0 + 1), at: due.max(self.stamp.at) };
            self.engine.apply(self.stamp, &Event::Tick, &mut self.effects);
            self.print(out);
        }
    }

    fn print(&mut self, out: &mut String) {
        for transition in self.effects.transitions.drain(..) {
            if word(&transition.step).is_some() {
                out.push_str(&transition_line(&transition));
                out.push('\n');
            }
        }
        self.effects.refusals.clear();
    }
}

/// A transition in the contract's form, without its line end. A cause that comes back is `raised` again; the steps that
/// people take have their own words.
pub fn transition_line(transition: &Transition) -> String {
    let word = word(&transition.step).unwrap_or(transition.step.as_str());
    let line = OutLine {
        id: transition.alert.to_string(),
        seq: transition.seq.0,
        at: transition.at.to_string(),
        transition: word,
        class: transition.class,
        severity: transition.severity,
        site: &transition.site,
        zone: transition.zone.as_ref(),
        device: transition.device.as_ref().map(|device| &device.name),
        rule: transition.rule.to_string(),
        reason: transition.reason.english(),
        test: transition.marks.test,
    };
    serde_json::to_string(&line).expect("text and numbers always have a JSON form")
}

/// The contract's word; `None` for the steps that people take, of which a replay has none.
fn word(step: &Step) -> Option<&'static str> {
    match step {
        Step::Raised | Step::Reopened { .. } => Some("raised"),
        Step::Escalated { .. } => Some("escalated"),
        Step::Cleared => Some("cleared"),
        Step::Acknowledged { .. } | Step::Verified { .. } | Step::Forwarded { .. } | Step::Closed { .. } => None,
    }
}

fn reading(at: Timestamp, metric: &str, value: Value, unit: Option<&str>) -> Result<Reading, LineError> {
    let unit = unit.filter(|unit| !unit.is_empty());
    let known = Metric::from_name(metric);
    let known = known.ok_or_else(|| bad("metric", format!("`{metric}` is not a metric")))?;
    match (known.unit().map(Unit::code), unit) {
        (Some(code), Some(said)) if said != code => {
            return Err(bad("unit", format!("`{metric}` is given in `{code}`, not in `{said}`")));
        }
        (Some(code), _) if value.as_bool().is_some() => {
            return Err(bad("value", format!("`{metric}` is a number, in `{code}`")));
        }
        _ => {}
    }
    let point = field("metric", PointName::new(metric))?;
    let vendor_unit = if matches!(known, Metric::Vendor(_)) { unit.map(Into::into) } else { None };
    Ok(Reading { point, metric: known, value, vendor_unit, at })
}

fn field<T, E: std::fmt::Display>(field: &'static str, parsed: Result<T, E>) -> Result<T, LineError> {
    parsed.map_err(|error| bad(field, error.to_string()))
}

fn bad(field: &'static str, message: String) -> LineError {
    LineError::BadField { field, message }
}
