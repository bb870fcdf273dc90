//! What a rule counts over the readings of one series: the dose so far, for how long a value stands still, how often an
//! alarm came and went. Kept beside the series for the rules of its plan that ask for it.

use crate::cusum::CusumTally;
use crate::dose::DoseTally;
use crate::flapping::FlapTally;
use crate::rule::Kind;
use crate::stuck::StuckTally;
use serde::{Deserialize, Serialize};
use watchfire_model::{Timestamp, Value};

/// One rule's count of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Tally {
    Dose(DoseTally),
    Stuck(StuckTally),
    Flapping(FlapTally),
    Cusum(CusumTally),
}

impl Tally {
    /// With the first reading; `None`: the rule counts nothing of it.
    pub(crate) fn begin(kind: &Kind, value: Value, at: Timestamp) -> Option<Tally> {
        match (kind, value) {
            (Kind::Dose(dose), Value::Number(value)) => Some(Tally::Dose(DoseTally::begin(dose, value, at))),
            (Kind::Stuck(_), Value::Number(value)) => Some(Tally::Stuck(StuckTally::begin(value, at))),
            (Kind::Cusum(_), Value::Number(value)) => Some(Tally::Cusum(CusumTally::begin(value, at))),
            (Kind::Flapping(_), value) => Some(Tally::Flapping(FlapTally::begin(truth(value)))),
            _ => None,
        }
    }

    /// With a further reading. A tally of another kind, from before a change of the rule, begins anew.
    pub(crate) fn observe(&mut self, kind: &Kind, value: Value, at: Timestamp) {
        match (&mut *self, kind, value) {
            (Tally::Dose(tally), Kind::Dose(dose), Value::Number(value)) => tally.observe(dose, value, at),
            (Tally::Stuck(tally), Kind::Stuck(stuck), Value::Number(value)) => tally.observe(stuck, value, at),
            (Tally::Cusum(tally), Kind::Cusum(cusum), Value::Number(value)) => tally.observe(cusum, value, at),
            (Tally::Flapping(tally), Kind::Flapping(flapping), value) => tally.observe(flapping, truth(value), at),
            _ => {
                if let Some(anew) = Tally::begin(kind, value, at) {
                    *self = anew;
                }
            }
        }
    }

    /// When its timer rings, by the journal's time.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self {
            Tally::Dose(tally) => tally.due,
            Tally::Stuck(_) | Tally::Flapping(_) | Tally::Cusum(_) => None,
        }
    }

    /// Whether the rule is met; `held`: it has been until now. A dose is met by the engine, which knows its timer.
    pub(crate) fn is_met(&self, kind: &Kind, held: bool) -> bool {
        match (self, kind) {
            (Tally::Dose(tally), Kind::Dose(_)) => tally.grows(),
            (Tally::Stuck(tally), Kind::Stuck(stuck)) => tally.is_met(stuck),
            (Tally::Flapping(tally), Kind::Flapping(flapping)) => tally.is_met(flapping, held),
            (Tally::Cusum(tally), Kind::Cusum(cusum)) => tally.is_met(cusum, held),
            _ => false,
        }
    }
}

fn truth(value: Value) -> bool {
    match value {
        Value::Bool(value) => value,
        Value::Number(number) => number != 0.0,
    }
}
