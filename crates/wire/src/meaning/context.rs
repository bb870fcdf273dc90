//! What the whole document says about each of its properties.

use super::models;
use super::walk::{Property, Scalar};
use crate::tree::Tree;
use crate::words::Word;
use watchfire_model::Metric;

/// Habits that a format has and others have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Zigbee2MQTT: `battery` is always percent, `contact` is true when closed, a bare `alarm` is mostly the siren's
    /// switch, units are those of its converters.
    Zigbee,
    /// Decoded payloads of LoRaWAN codecs: every maker's own habits.
    Lora,
    /// A maker that we do not know.
    Unknown,
}

/// The dangers, most urgent first.
pub(super) const DANGERS: &[Word] =
    &[Word::Smoke, Word::Fire, Word::Flame, Word::Heat, Word::Manual, Word::Gas, Word::Co, Word::Leak];

/// What surrounds a property.
pub(super) struct Context {
    pub(super) dialect: Dialect,
    /// What the device is, as far as it can be told.
    kinds: Vec<Word>,
    /// Dangers that a property of their own name states.
    stated: Vec<Word>,
    /// There is a power, current or energy beside: a voltage is the mains'.
    pub(super) has_meter: bool,
    /// There are signs of a gas alarm beside: a number called `gas` is no meter reading.
    pub(super) has_gas_alarm: bool,
    /// There is a nameless yes or no, `alarm: 0`, beside: a type of alarm only names what it is about.
    pub(super) has_bare_alarm: bool,
    /// The unit that a neighbour gives for the smoke level.
    pub(super) smoke_unit: Option<String>,
    /// Amperes per unit of a nameless `current`: what voltage and power beside it tell.
    pub(super) current_scale: f64,
}

impl Context {
    pub(super) fn of(document: &Tree<'_>, properties: &[Property<'_>], identity: &[&str], dialect: Dialect) -> Context {
        let mut context = Context {
            dialect,
            kinds: identity.iter().flat_map(|text| models::kinds(text)).collect(),
            stated: Vec::new(),
            has_meter: false,
            has_gas_alarm: false,
            has_bare_alarm: false,
            smoke_unit: None,
            current_scale: current_scale(document),
        };
        properties.iter().for_each(|property| context.notice(property));
        context
    }

    /// Whether the device is of that kind.
    pub(super) fn is(&self, kind: Word) -> bool {
        self.kinds.contains(&kind)
    }

    /// The most urgent danger that the device, or this key's own words, stand for.
    pub(super) fn danger(&self, key: &str) -> Option<Word> {
        let own = models::kinds(key);
        DANGERS.iter().copied().find(|danger| self.is(*danger) || own.contains(danger))
    }

    /// All of them.
    pub(super) fn dangers(&self, key: &str) -> Vec<Word> {
        let own = models::kinds(key);
        DANGERS.iter().copied().filter(|danger| self.is(*danger) || own.contains(danger)).collect()
    }

    /// Whether a property of its own name states that danger, so that nameless ones have nothing to add.
    pub(super) fn states(&self, danger: Word) -> bool {
        let is_fire = |word: &Word| matches!(word, Word::Smoke | Word::Fire | Word::Flame | Word::Heat);
        self.stated.contains(&danger) || (is_fire(&danger) && self.stated.iter().any(is_fire))
    }

    /// Whether any danger is stated.
    pub(super) fn states_any(&self) -> bool {
        !self.stated.is_empty()
    }

    /// The metric of a danger. "Fire" is what the device detects: smoke for a smoke detector.
    pub(super) fn metric(&self, danger: Word) -> Option<Metric> {
        Some(match danger {
            Word::Smoke => Metric::SmokeAlarm,
            Word::Fire if self.is(Word::Smoke) || self.states(Word::Smoke) => Metric::SmokeAlarm,
            Word::Fire if self.is(Word::Heat) => Metric::HeatAlarm,
            Word::Fire | Word::Flame => Metric::FlameAlarm,
            Word::Heat => Metric::HeatAlarm,
            Word::Gas => Metric::GasAlarm,
            Word::Co => Metric::CoAlarm,
            Word::Leak => Metric::WaterLeak,
            Word::Manual => Metric::ManualAlarm,
            _ => return None,
        })
    }

    fn notice(&mut self, property: &Property<'_>) {
        let words = &property.words;
        if let (true, Scalar::Text(text)) = (is_identity(&property.path), property.value) {
            self.kinds.extend(models::kinds(text));
        }
        self.has_meter |= words.any(&[Word::Power, Word::Current, Word::Energy])
            && !words.any(&[Word::Setting, Word::LongAgo, Word::Lost])
            && matches!(property.value, Scalar::Number(_));
        let is_text = matches!(property.value, Scalar::Text(_));
        self.has_bare_alarm |= !is_text && words.has(Word::Alarm) && words.only(&[Word::Alarm, Word::State]);
        if let (true, Scalar::Text(unit)) = (property.path == "smoke_unit", property.value) {
            self.smoke_unit = Some(unit.to_owned());
        }
        let is_statement = !words.any(NO_STATEMENT);
        let is_number = matches!(property.value, Scalar::Number(number) if number != 0.0 && number != 1.0);
        self.has_gas_alarm |= words.has(Word::WarmUp)
            || words.has(Word::Gas) && is_statement && (words.any(&[Word::Alarm, Word::State]) || !is_number);
        self.has_gas_alarm |= words.has(Word::Co) && !words.has(Word::Setting);
        if is_statement && !is_number {
            self.stated.extend(DANGERS.iter().filter(|danger| words.has(**danger)));
        }
    }
}

/// Words that make a property something else than a statement about a danger now.
pub(super) const NO_STATEMENT: &[Word] = &[
    Word::Setting,
    Word::Kind,
    Word::LongAgo,
    Word::Test,
    Word::Mute,
    Word::Fault,
    Word::Battery,
    Word::Sounder,
    Word::Mode,
    Word::Pre,
    Word::WarmUp,
    Word::Linked,
    Word::EndOfLife,
];

/// Keys whose text says what the device is.
fn is_identity(path: &str) -> bool {
    const KEYS: [&str; 11] = [
        "device",
        "type",
        "model",
        "category",
        "sensortype",
        "typeofproduct",
        "devicetype",
        "product",
        "device_type",
        "alarm_type",
        "alarmtype",
    ];
    KEYS.iter().any(|key| path.eq_ignore_ascii_case(key))
}

// Codecs give a plug's current in A or mA and say neither. With voltage and power beside it, P = U·I tells.
fn current_scale(document: &Tree<'_>) -> f64 {
    let number = |wanted: &[&str]| {
        let mut fields = document.fields().iter();
        fields.find(|(key, _)| wanted.iter().any(|name| key.eq_ignore_ascii_case(name))).and_then(|(_, v)| v.number())
    };
    let (Some(volt), Some(current), Some(watt)) =
        (number(&["voltage", "volt", "vol"]), number(&["current"]), number(&["power", "active_power"]))
    else {
        return 1.0;
    };
    let apparent = volt * current;
    // Power is at most the apparent power and at least a twentieth of it; a thousandth is another unit.
    if apparent > 0.0 && watt > 0.0 && watt * 100.0 < apparent { 1e-3 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_current_in_milliampere_is_told_by_the_power_beside_it() {
        let check = |text: &str| current_scale(&serde_json::from_str(text).unwrap());
        assert_eq!(check(r#"{"Vol":220,"Current":1000,"Power":220}"#), 1e-3);
        assert_eq!(check(r#"{"voltage":229.7,"current":8.7,"power":1998}"#), 1.0);
        assert_eq!(check(r#"{"current":30}"#), 1.0);
    }

    #[test]
    fn nothing_is_known_of_a_name_alone() {
        let tree: Tree<'_> = serde_json::from_str(r#"{"alarm":1,"status":1}"#).unwrap();
        let properties = super::super::walk::properties(&tree);
        let context = Context::of(&tree, &properties, &["hall_1"], Dialect::Lora);
        assert_eq!(context.danger("alarm"), None);
        assert!(!context.states_any());
    }
}
