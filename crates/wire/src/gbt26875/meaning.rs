//! What a unit's objects mean, as readings.
//!
//! # States
//! A state is the whole truth about its point. Fire and fault are told of every state, set or not, so that a fire ends
//! with the state in which bit 1 is 0; the other bits when they are set, and once when they no longer are: a detector at
//! rest would else fill the archive with what it does not do. **A fire is told whatever bit 0 says.**
//!
//! # Operations
//! A record says that somebody did something. A manual alarm is a fire; it ends with a reset, with a state of that point
//! without a fire, and when it is pressed again, which is a new alarm. A reset ends what a panel latches, at every
//! point of that system of which it was said; the transmission device's own reset ends only what it said of itself: the
//! panel behind it was not reset. "Alarm cleared" is kept, but ends nothing: the standard clears by a state or a reset.
//! In a response a record is history that the centre asked for: only one of the last minutes is news.
//!
//! # Values
//! Pressure is that of water but in systems that extinguish by gas or powder or move air; temperature of a cable's
//! detector is the cable's; current of a residual-current detector is residual current.

use super::component_kind::ComponentKind;
use super::dialect::{BitZero, Dialect, OwnMeaning};
use super::object::{Component, Object};
use super::operation_bits::{self, Operation};
use super::place::Part;
use super::quantity::Quantity;
use super::standing::{Owner, Panel, owner};
use super::state_bits::{State, StateOf, is_set};
use super::statement::{Rank, Set, Statement, fire_of};
use super::system_kind::SystemKind;
use super::time_label::TimeLabel;
use super::unit::Unit;
use super::{Command, Envelope, point};
use crate::draft::Draft;
use crate::units;
use compact_str::CompactString;
use std::time::Duration;
use watchfire_model::{DefectKind, Metric, PointName, Timestamp, Value};

/// A record in a response that is older is history.
pub const NEWS_FOR: Duration = Duration::from_secs(600);

/// So many objects are told in one go; of more, what is about life goes first.
const OBJECTS_AT_ONCE: usize = 16;

/// Tells what a unit says.
pub(super) struct Teller<'a> {
    pub(super) envelope: &'a Envelope<'a>,
    pub(super) dialect: &'a Dialect,
    pub(super) panel: &'a mut Panel,
    pub(super) draft: &'a mut Draft,
    pub(super) received_at: Timestamp,
}

/// Whose state word, and where it is told.
struct Subject<'a> {
    of: StateOf,
    owner: Owner,
    point: PointName,
    component_type: Option<u8>,
    ranks: &'a [Rank],
}

impl Teller<'_> {
    /// Tells once that the device sends what nobody here can read: a person may choose a dialect for it. True and over
    /// at once, since the next frame may be of the standard again.
    pub(super) fn foreign_dialect(&mut self) {
        let (point, statement) = (point::uitd(), Statement::ForeignDialect);
        if self.panel.holds(None, &point, statement) || self.panel.note(None, &point, statement, true).is_err() {
            return;
        }
        for (at, holds) in [(self.received_at, true), (just_after(self.received_at), false)] {
            self.draft.stamp(at);
            self.draft.tell(&point, statement.metric(), Value::Bool(holds));
        }
        self.draft.stamp(self.received_at);
    }

    pub(super) fn unit(&mut self, unit: &Unit<'_>) {
        if unit.objects.len() <= OBJECTS_AT_ONCE {
            return unit.objects.iter().for_each(|object| self.object(object, unit.restored, &Rank::ALL));
        }
        for ranks in Rank::ALL.chunks(1) {
            unit.objects.iter().for_each(|object| self.object(object, unit.restored, ranks));
        }
    }

    fn object(&mut self, object: &Object<'_>, restored: bool, ranks: &[Rank]) {
        match *object {
            Object::SystemState { system, state, at } => {
                self.stamp(Some(at), ranks);
                let point = point::system(system);
                let subject = Subject { of: StateOf::System, owner: owner(system), point, component_type: None, ranks };
                self.reset_bit(&subject, state, restored);
                self.state(&subject, state, restored);
            }
            Object::ComponentState { component, state, at, .. } => {
                self.stamp(Some(at), ranks);
                let point = point::component(component, self.dialect);
                let (owner, component_type) = (owner(component.system), Some(component.kind));
                self.state(&Subject { of: StateOf::Component, owner, point, component_type, ranks }, state, restored);
            }
            Object::UitdState { state, at } => {
                self.stamp(at, ranks);
                let (state, point) = (u16::from(state), point::uitd());
                let subject = Subject { of: StateOf::Uitd, owner: None, point, component_type: None, ranks };
                self.state(&subject, state, restored);
            }
            Object::Analogue { component, quantity, raw, at } if ranks.contains(&Rank::Life) => {
                self.stamp(Some(at), ranks);
                self.analogue(component, quantity, raw);
            }
            Object::SystemOperation { system, operations, at, .. } if ranks.contains(&Rank::Life) => {
                self.operations(owner(system), point::system(system), operations, operation_bits::FACILITY, at);
            }
            Object::UitdOperation { operations, at, .. } if ranks.contains(&Rank::Life) => {
                self.operations(None, point::uitd(), operations, operation_bits::UITD, at);
            }
            // Versions, configurations, clocks and what the centre asks: no readings.
            _ => {}
        }
    }

    /// The time of the readings from here on: the object's, else that of sending where the object has none. What is no
    /// time gives way to the receive time; all zeros say that the device has no clock, which is no defect.
    fn stamp(&mut self, label: Option<TimeLabel>, ranks: &[Rank]) {
        let digits = self.dialect.time;
        let at = label.unwrap_or(self.envelope.sent).time(digits);
        let junk = label.filter(|label| at.is_none() && *label != TimeLabel::UNKNOWN);
        if let Some(TimeLabel(junk)) = junk.filter(|_| ranks.contains(&Rank::Life)) {
            self.draft.defect(DefectKind::BadTime, &format!("{junk:02x?}"));
        }
        self.draft.stamp(at.unwrap_or(self.received_at));
    }

    /// Bit 13 of a system's state.
    fn reset_bit(&mut self, subject: &Subject<'_>, state: u16, restored: bool) {
        let bit = StateOf::System.states().iter().position(|known| *known == State::Reset);
        if !restored && bit.is_some_and(|bit| is_set(state, bit)) && subject.ranks.contains(&Rank::Life) {
            self.reset(subject.owner);
        }
    }

    /// A part that fails by itself has a point of its own, so that its fault is told and ends by itself.
    fn parts(&mut self, subject: &Subject<'_>, word: u16, restored: bool) {
        for (bit, state) in subject.of.states().iter().enumerate() {
            let Some((part, statement)) = part(*state) else { continue };
            let holds = is_set(word, bit);
            // Nearly every state comes from a panel of which nothing is remembered.
            if holds || (!restored && !self.panel.is_blank()) {
                let point = point::part(&subject.point, part);
                self.say(subject.ranks, subject.owner, &point, statement, holds && !restored, restored);
            }
        }
    }

    fn state(&mut self, subject: &Subject<'_>, word: u16, restored: bool) {
        let (mut told, mut holds) = (Set::default(), Set::default());
        for bit in 0..usize::from(subject.of.bits()) {
            let set = is_set(word, bit);
            let own = self.dialect.own_bit(subject.of, subject.component_type, bit);
            let statement = match own {
                Some(own) => {
                    if subject.ranks.contains(&Rank::Rest) && (!restored || set) {
                        let metric = Metric::Vendor(own.name.clone());
                        self.draft.tell(&subject.point, metric, Value::Bool(set && !restored));
                    }
                    own_statement(own.means, subject)
                }
                None => subject.of.states().get(bit).and_then(|state| statement(*state, subject)),
            };
            let Some(statement) = statement.filter(|_| !restored || set) else { continue };
            told.add(statement);
            if set && !restored {
                holds.add(statement);
            }
        }
        if let Some(test) = self.test_mode(word).filter(|_| !restored) {
            told.add(Statement::Test);
            if test {
                holds.add(Statement::Test);
            }
        }
        for statement in Statement::ALL.iter().filter(|statement| told.has(**statement)) {
            let always = restored || statement.is_told_always();
            self.say(subject.ranks, subject.owner, &subject.point, *statement, holds.has(*statement), always);
        }
        self.parts(subject, word, restored);
        self.forgotten(subject, told, holds, restored);
    }

    /// What is remembered of the point and the state does not know: it was said when the point had another type or
    /// dialect, or by a person at the panel. A state without a fire ends every fire of its point, so that none is
    /// latched for ever; one with a fire ends none.
    fn forgotten(&mut self, subject: &Subject<'_>, told: Set, holds: Set, restored: bool) {
        let is_life = |statement: &Statement| statement.rank() == Rank::Life;
        let fire = Statement::ALL.iter().any(|statement| is_life(statement) && holds.has(*statement));
        let fire_told = Statement::ALL.iter().any(|statement| is_life(statement) && told.has(*statement));
        let remembered = self.panel.remembered(subject.owner, &subject.point);
        let unknown = |statement: &&Statement| remembered.has(**statement) && !told.has(**statement);
        for statement in Statement::ALL.iter().filter(unknown).filter(|statement| statement.is_state()) {
            let ends = if is_life(statement) { fire_told && !fire } else { !restored };
            if ends {
                self.say(subject.ranks, subject.owner, &subject.point, *statement, false, true);
            }
        }
    }

    fn test_mode(&self, word: u16) -> Option<bool> {
        match self.dialect.bit_0 {
            BitZero::Information => None,
            BitZero::Normal => Some(!is_set(word, 0)),
            BitZero::Test => Some(is_set(word, 0)),
        }
    }

    fn operations(&mut self, owner: Owner, point: PointName, bits: u8, names: &[Operation], at: TimeLabel) {
        if self.envelope.command == Command::RESPONSE {
            let recorded_at = at.time(self.dialect.time);
            if recorded_at.is_none_or(|recorded_at| self.received_at.since(recorded_at) > NEWS_FOR) {
                return;
            }
        }
        self.stamp(Some(at), &Rank::ALL);
        for (_, operation) in names.iter().enumerate().filter(|(bit, _)| is_set(u16::from(bits), *bit)) {
            match operation {
                Operation::Reset => self.reset(owner),
                Operation::ManualAlarm => self.pressed(owner, &point, at),
                Operation::Silence => self.say(&Rank::ALL, owner, &point, Statement::Silenced, true, true),
                Operation::Test => self.say(&Rank::ALL, owner, &point, Statement::Test, true, true),
                Operation::AlarmCleared | Operation::SelfTest | Operation::Confirm | Operation::DutyCheckReply => {
                    let metric = Metric::Vendor(CompactString::const_new(operation.name()));
                    self.draft.tell(&point, metric, Value::Bool(true));
                }
            }
        }
    }

    /// A manual alarm. One that nobody ended ends here, just before: it is pressed again, and somebody must look again.
    fn pressed(&mut self, owner: Owner, point: &PointName, at: TimeLabel) {
        if self.panel.holds(owner, point, Statement::Manual) {
            let pressed_at = at.time(self.dialect.time).unwrap_or(self.received_at);
            self.draft.stamp(just_before(pressed_at));
            self.draft.tell(point, Statement::Manual.metric(), Value::Bool(false));
            self.draft.stamp(pressed_at);
        }
        self.say(&Rank::ALL, owner, point, Statement::Manual, true, true);
    }

    fn reset(&mut self, owner: Owner) {
        for (point, statement) in self.panel.ended_by_reset(owner) {
            self.say(&Rank::ALL, owner, &point, statement, false, true);
        }
    }

    /// What holds is told; what does not hold only if it always is, or if it is remembered as holding.
    fn say(
        &mut self,
        ranks: &[Rank],
        owner: Owner,
        point: &PointName,
        statement: Statement,
        holds: bool,
        always: bool,
    ) {
        let told = holds || always || self.panel.may_hold(owner, point, statement);
        if !told || !ranks.contains(&statement.rank()) {
            return;
        }
        // Of what the frame says twice for one moment, the true stands: it has yet to end.
        let said = || self.draft.says(point, &statement.metric(), Value::Bool(true));
        let holds = holds || (self.panel.holds(owner, point, statement) && said());
        // What found no place in the frame's readings stays as it was remembered, so that it can still end.
        if self.draft.tell(point, statement.metric(), Value::Bool(holds))
            && self.panel.note(owner, point, statement, holds).is_err()
        {
            self.draft
                .defect(DefectKind::TooMany, "more points in alarm than are remembered; a reset will not end all");
        }
    }

    fn analogue(&mut self, component: Component, quantity: u8, raw: i16) {
        let point = point::component(component, self.dialect);
        if raw == i16::MAX || raw == i16::MIN {
            let detail = format!("{point}: analogue type {quantity} has no value");
            return self.draft.defect(DefectKind::Missing, &detail);
        }
        let (metric, step) = match (self.dialect.scale(quantity, component.kind), Quantity::from_code(quantity)) {
            (Some(scale), _) => (scale.metric.clone(), scale.step),
            (None, Some(quantity)) => canonical(quantity, component),
            (None, None) if quantity == 0 => return,
            (None, None) => (own_quantity(quantity), 1.0),
        };
        let value = units::scaled(f64::from(raw), step);
        match metric {
            Metric::Vendor(name) => self.draft.vendor(point.as_str(), &name, Value::Number(value), None),
            metric => self.draft.number(point.as_str(), metric, value),
        }
    }
}

fn just_before(at: Timestamp) -> Timestamp {
    at.minus(Duration::from_micros(1))
}

fn just_after(at: Timestamp) -> Timestamp {
    at.plus(Duration::from_micros(1))
}

fn own_statement(means: OwnMeaning, subject: &Subject<'_>) -> Option<Statement> {
    match means {
        OwnMeaning::Fire => Some(fire_of(subject.component_type.unwrap_or_default())),
        OwnMeaning::Fault => Some(Statement::Fault),
        OwnMeaning::Tamper => Some(Statement::Tamper),
        OwnMeaning::Information => None,
    }
}

/// Which part of the point a bit of the standard is about, and what it says of it.
fn part(state: State) -> Option<(Part, Statement)> {
    Some(match state {
        State::MainsFault => (Part::Mains, Statement::MainsLost),
        State::StandbyFault => (Part::Standby, Statement::Fault),
        State::PowerFault => (Part::Power, Statement::Fault),
        State::BusFault => (Part::Bus, Statement::Fault),
        State::ChannelFault => (Part::Channel, Statement::Fault),
        State::LineFault => (Part::Line, Statement::Fault),
        State::Normal
        | State::Fire
        | State::Fault
        | State::Shielded
        | State::Supervisory
        | State::Started
        | State::Feedback
        | State::Delay
        | State::Manual
        | State::ConfigChanged
        | State::Reset => return None,
    })
}

/// What a bit of the standard says of the point itself.
fn statement(state: State, subject: &Subject<'_>) -> Option<Statement> {
    let component = subject.component_type.and_then(ComponentKind::from_code);
    Some(match state {
        State::Fire => fire_of(subject.component_type.unwrap_or_default()),
        State::Fault => Statement::Fault,
        State::Shielded => Statement::Shielded,
        State::Supervisory => Statement::Supervisory,
        State::Started if component.is_some_and(ComponentKind::is_pump) => Statement::PumpRunning,
        State::Started => Statement::Started,
        State::Feedback if component.is_some_and(ComponentKind::senses_flow) => Statement::Flow,
        State::Feedback => Statement::Feedback,
        State::Delay => Statement::Delay,
        State::Manual => Statement::ManualMode,
        State::ConfigChanged => Statement::ConfigChanged,
        // Of bit 0 the dialect decides; the others are told of a part, or of other points.
        State::Normal
        | State::Reset
        | State::MainsFault
        | State::StandbyFault
        | State::PowerFault
        | State::BusFault
        | State::ChannelFault
        | State::LineFault => return None,
    })
}

/// The metric of a quantity, and what a step is in its canonical unit.
fn canonical(quantity: Quantity, component: Component) -> (Metric, f64) {
    let kind = ComponentKind::from_code(component.kind);
    let is_dry = SystemKind::from_code(component.system.kind).is_some_and(SystemKind::is_dry);
    let pressure = if is_dry { Metric::Pressure } else { Metric::WaterPressure };
    let step = quantity.step();
    match quantity {
        Quantity::EventCount => (Metric::Count, step),
        Quantity::Height => (Metric::WaterLevel, step),
        Quantity::Temperature if kind == Some(ComponentKind::CableTemperature) => (Metric::CableTemperature, step),
        Quantity::Temperature => (Metric::Temperature, step),
        Quantity::PressureMegapascal => (pressure, step * 1000.0),
        Quantity::PressureKilopascal => (pressure, step),
        Quantity::Gas => (Metric::Gas, step),
        Quantity::Time => (Metric::Duration, step),
        Quantity::Voltage => (Metric::Voltage, step),
        Quantity::Current if kind == Some(ComponentKind::ResidualCurrent) => (Metric::ResidualCurrent, step * 1000.0),
        Quantity::Current => (Metric::Current, step),
        Quantity::Flow => (Metric::WaterFlow, step),
        Quantity::AirVolume => (Metric::AirFlow, step),
        Quantity::AirSpeed => (Metric::AirSpeed, step),
    }
}

fn own_quantity(code: u8) -> Metric {
    let mut name = CompactString::const_new("analogue_");
    point::decimal(u64::from(code), &mut name);
    Metric::Vendor(name)
}
