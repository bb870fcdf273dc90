//! What is known of one metric at one point of one device. A line of the processor's cache holds it; the rules for which
//! something is going on, which hardly any series has, lie beside.

use crate::casebook::CaseKey;
use crate::tally::Tally;
use crate::trend::{Trend, TrendSpec};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use watchfire_model::{Timestamp, Value};

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Saved")]
#[repr(align(64))]
pub(crate) struct Series {
    pub(crate) device: u32,
    /// What is measured where, by its number.
    pub(crate) kind: u32,
    /// Which rules judge it. Follows from the set-up.
    pub(crate) plan: u32,
    /// The newest value by event time is true or false: `number` is then 1 or 0.
    is_truth: bool,
    number: f64,
    /// Its event time.
    pub(crate) at: Timestamp,
    /// When it was received.
    pub(crate) received_at: Timestamp,
    /// The running means that the plan asks for.
    pub(crate) trends: Box<[Trend]>,
    beside: Option<Box<Beside>>,
}

const _: () = assert!(size_of::<Series>() == 64, "a million devices have several of these each");

#[derive(Clone, Debug, Default, PartialEq)]
struct Beside {
    /// What rules of the plan count over the readings, each behind its rule. Apart in snapshots.
    tallies: Vec<(u16, Tally)>,
    /// The rules for which something is going on.
    slots: Vec<Slot>,
}

/// What is going on between one rule and one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) rule: u16,
    pub(crate) hold: Hold,
    /// Event time of the newest reading that met the rule.
    pub(crate) met_at: Timestamp,
}

/// Whether a cause holds, and the alert it belongs to while that is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hold {
    pub(crate) phase: Phase,
    pub(crate) case: Option<CaseKey>,
}

/// How far a cause has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// Met, but not long enough yet.
    Pending {
        /// Since when, by the journal's time.
        since: Timestamp,
    },
    /// It holds.
    Holding,
    /// It holds still, but is met no more; over when that lasts.
    Leaving {
        /// Since when, by the journal's time.
        since: Timestamp,
    },
}

impl Phase {
    /// Whether the cause holds.
    pub(crate) fn holds(self) -> bool {
        matches!(self, Phase::Holding | Phase::Leaving { .. })
    }
}

/// The form in snapshots.
#[derive(Deserialize)]
struct Saved {
    device: u32,
    kind: u32,
    value: Value,
    at: Timestamp,
    received_at: Timestamp,
    trends: Box<[Trend]>,
    slots: Vec<Slot>,
}

impl From<Saved> for Series {
    fn from(saved: Saved) -> Series {
        let Saved { device, kind, value, at, received_at, trends, slots } = saved;
        let mut series = Series { kind, trends, ..Series::new(device, value, at, received_at) };
        series.put_slots(slots);
        series
    }
}

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut saved = serializer.serialize_struct("Series", 7)?;
        saved.serialize_field("device", &self.device)?;
        saved.serialize_field("kind", &self.kind)?;
        saved.serialize_field("value", &self.value())?;
        saved.serialize_field("at", &self.at)?;
        saved.serialize_field("received_at", &self.received_at)?;
        saved.serialize_field("trends", &self.trends)?;
        saved.serialize_field("slots", self.slots())?;
        saved.end()
    }
}

impl Series {
    /// Of a first reading; its kind, its plan and its means are filled in.
    pub(crate) fn new(device: u32, value: Value, at: Timestamp, received_at: Timestamp) -> Series {
        let mut series = Series {
            device,
            kind: 0,
            plan: 0,
            is_truth: false,
            number: 0.0,
            at,
            received_at,
            trends: Box::default(),
            beside: None,
        };
        series.take(value, at, received_at);
        series
    }

    /// The newest value by event time.
    pub(crate) fn value(&self) -> Value {
        if self.is_truth { Value::Bool(self.number != 0.0) } else { Value::Number(self.number) }
    }

    /// Takes in a newer reading.
    pub(crate) fn take(&mut self, value: Value, at: Timestamp, received_at: Timestamp) {
        (self.is_truth, self.number) = match value {
            Value::Bool(value) => (true, f64::from(value)),
            Value::Number(number) => (false, number),
        };
        (self.at, self.received_at) = (at, received_at);
    }

    /// The running means of that kind.
    pub(crate) fn trend(&self, spec: TrendSpec) -> Option<&Trend> {
        self.trends.iter().find(|trend| trend.spec == spec)
    }

    pub(crate) fn tallies(&self) -> &[(u16, Tally)] {
        self.beside.as_ref().map_or(&[], |beside| &beside.tallies)
    }

    pub(crate) fn tally(&self, rule: u16) -> Option<&Tally> {
        self.tallies().iter().find(|(of, _)| *of == rule).map(|(_, tally)| tally)
    }

    pub(crate) fn tally_mut(&mut self, rule: u16) -> Option<&mut Tally> {
        let tallies = &mut self.beside.as_mut()?.tallies;
        tallies.iter_mut().find(|(of, _)| *of == rule).map(|(_, tally)| tally)
    }

    /// One more.
    pub(crate) fn add_tally(&mut self, rule: u16, tally: Tally) {
        let tallies = &mut self.beside.get_or_insert_default().tallies;
        // Exactly: there are as many lists as series that count.
        tallies.reserve_exact(1);
        tallies.push((rule, tally));
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        self.beside.as_ref().map_or(&[], |beside| &beside.slots)
    }

    pub(crate) fn slot(&self, rule: u16) -> Option<&Slot> {
        self.slots().iter().find(|slot| slot.rule == rule)
    }

    pub(crate) fn slot_mut(&mut self, rule: u16) -> Option<&mut Slot> {
        self.beside.as_mut()?.slots.iter_mut().find(|slot| slot.rule == rule)
    }

    /// The slot of that rule, made when there is none.
    pub(crate) fn slot_or_new(&mut self, rule: u16) -> &mut Slot {
        let slots = &mut self.beside.get_or_insert_default().slots;
        let place = match slots.iter().position(|slot| slot.rule == rule) {
            Some(place) => place,
            None => {
                slots.push(Slot { rule, hold: Hold::default(), met_at: Timestamp(i64::MIN) });
                slots.len() - 1
            }
        };
        slots.get_mut(place).expect("it was found or made just now")
    }

    /// Takes everything out that rules have beside the series.
    pub(crate) fn take_beside(&mut self) -> (Vec<(u16, Tally)>, Vec<Slot>) {
        self.beside.take().map(|beside| (beside.tallies, beside.slots)).unwrap_or_default()
    }

    /// In the place of what there was.
    pub(crate) fn put_tallies(&mut self, tallies: Vec<(u16, Tally)>) {
        if !tallies.is_empty() || self.beside.is_some() {
            self.beside.get_or_insert_default().tallies = tallies;
        }
    }

    /// In the place of what there was.
    pub(crate) fn put_slots(&mut self, slots: Vec<Slot>) {
        if !slots.is_empty() || self.beside.is_some() {
            self.beside.get_or_insert_default().slots = slots;
        }
    }

    /// What a reading will look at beside the series itself.
    pub(crate) fn touch(&self) -> u16 {
        let trends = self.trends.first().into_iter().chain(self.trends.last());
        trends.fold(0, |sum, trend| sum ^ trend.spec.fast_s)
    }
}
