//! What kind of device it is, where its messages have properties that only its kind explains (`alarm`, `status`,
//! `pressure`): by the words of its name, type and profile, or by the model's name from the makers' data sheets.

use crate::words::{Word, Words};

/// Models whose names say nothing in words. A name is compared segment by segment in lower case, the last segment as
/// a prefix, so that variants (`r718wa`, `r718waa`) are found.
const MODELS: &[(&str, Word)] = &[
    // Netvox
    ("ra02a", Word::Smoke),
    ("ra02c", Word::Co),
    ("ra02g", Word::Gas),
    ("r311w", Word::Leak),
    ("r718wa", Word::Leak),
    ("r718wb", Word::Leak),
    ("ra07w", Word::Leak),
    ("r312a", Word::Manual),
    // Milesight
    ("gs524", Word::Smoke),
    ("gs101", Word::Gas),
    ("ws303", Word::Leak),
    ("em300-sld", Word::Leak),
    ("em300-zld", Word::Leak),
    ("em300-mld", Word::Leak),
    ("em500-pp", Word::Pressure),
    // Browan, Dingtek, Dragino, Decentlab, sept-s
    ("tbwl100", Word::Leak),
    ("dc600", Word::Leak),
    ("lwl01", Word::Leak),
    ("lwl02", Word::Leak),
    ("lwl03", Word::Leak),
    ("dl-pr21", Word::Pressure),
    ("tg563a", Word::Smoke),
];

/// The property prefix of an alarm for both smoke and CO.
const SMOKE_AND_CO: &str = "halo";

/// The kinds that a text about the device names, as the word of their danger; `Co2` and `Pressure` where they explain
/// a nameless number.
pub(super) fn kinds(text: &str) -> Vec<Word> {
    let words = Words::of(text);
    let mut kinds = Vec::new();
    for danger in [Word::Smoke, Word::Gas, Word::Co, Word::Leak, Word::Manual, Word::Co2] {
        if words.has(danger) {
            kinds.push(danger);
        }
    }
    // A heat meter measures energy and a heating valve warms: only a heat *detector* detects.
    for danger in [Word::Heat, Word::Flame, Word::Fire] {
        if words.has(danger) && words.any(&[Word::Sensor, Word::Alarm]) {
            kinds.push(danger);
        }
    }
    let segments: Vec<String> = segments(text);
    if segments.iter().any(|segment| segment == "pipe") && words.has(Word::Pressure) {
        kinds.push(Word::Pressure);
    }
    if segments.iter().any(|segment| segment == "meter") {
        kinds.retain(|kind| *kind != Word::Gas);
    }
    if segments.iter().any(|segment| segment == SMOKE_AND_CO) {
        kinds.extend([Word::Smoke, Word::Co]);
    }
    kinds.extend(MODELS.iter().filter(|(model, _)| is_model(&segments, model)).map(|(_, kind)| *kind));
    kinds
}

fn segments(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.take(16).map(str::to_ascii_lowercase).collect()
}

fn is_model(segments: &[String], model: &str) -> bool {
    let wanted: Vec<&str> = model.split('-').collect();
    segments.windows(wanted.len()).any(|window| {
        let last = wanted.len() - 1;
        let mut pairs = window.iter().zip(&wanted).enumerate();
        pairs.all(|(at, (got, want))| if at == last { got.starts_with(want) } else { got == want })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_models() {
        assert_eq!(kinds("Wireless Water Leakage/Temperature/Humidity Sensor"), [Word::Leak]);
        assert_eq!(kinds("netvox-r718waa-codec"), [Word::Leak]);
        assert_eq!(kinds("milesight-iot-em500-pp-codec"), [Word::Pressure]);
        assert_eq!(kinds("Netvox R312A - Wireless Emergency Button"), [Word::Manual, Word::Manual]);
        assert_eq!(kinds("MClimate CO2 Display"), [Word::Co2]);
        assert_eq!(kinds("Gas Meter"), []);
        assert_eq!(kinds("Heat cost allocator"), []);
        assert_eq!(kinds("halo_alert_state"), [Word::Smoke, Word::Co]);
    }
}
