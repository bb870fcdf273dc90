//! A property → readings. The order of the questions is the meaning: what disqualifies a property as a statement about
//! a danger is asked before the danger.

use super::context::{Context, DANGERS};
use super::walk::{Property, Scalar};
use super::{battery, flags, nameless, quantities};
use crate::draft::Draft;
use crate::words::Word;
use watchfire_model::{DefectKind, Value};

/// Reads one property.
pub(super) fn property(property: &Property<'_>, context: &Context, draft: &mut Draft) {
    let spelled = number_for_text(property);
    let property = spelled.as_ref().unwrap_or(property);
    let words = &property.words;
    // `type` says what a thing is, `alarm_type` what is happening.
    let says_what_happens = words.any(&[Word::Alarm, Word::State]) && matches!(property.value, Scalar::Text(_));
    let is_kind = words.has(Word::Kind) && (!says_what_happens || context.has_bare_alarm);
    let understood = if is_kind || words.any(&[Word::Setting, Word::LongAgo]) {
        return keep(property, draft);
    } else if words.has(Word::Test) || (words.has(Word::Own) && words.has(Word::Check)) {
        flags::test(property, draft)
    } else if words.has(Word::Mute) && !words.has(Word::Mode) {
        flags::silenced(property, draft)
    } else if words.has(Word::Battery) || (words.has(Word::Supply) && words.any(&[Word::Voltage, Word::Low])) {
        battery::read(property, context, draft)
    } else if words.has(Word::EndOfLife) {
        flags::end_of_life(property, draft)
    } else if words.has(Word::Fault) {
        flags::mains(property, draft) || flags::fault(property, draft)
    } else if flags::flow_switch(property, draft) {
        true
    } else if words.any(&[Word::Sounder, Word::Mode, Word::Pre, Word::Warning, Word::WarmUp]) {
        return keep(property, draft);
    } else {
        flags::mains(property, draft)
            || flags::tamper(property, draft)
            || flags::danger(property, context, draft)
            || quantities::read(property, context, draft)
            || flags::place(property, context, draft)
            || nameless::read(property, context, draft)
    };
    if !understood {
        left_over(property, draft);
    }
}

/// `"1"` and `"0"` for the numbers, on a key that names what they are about.
fn number_for_text<'a>(property: &Property<'a>) -> Option<Property<'a>> {
    const ABOUT: &[Word] =
        &[Word::Test, Word::Mute, Word::Fault, Word::Tamper, Word::Removed, Word::Installed, Word::Low];
    let number = match property.value {
        Scalar::Text("1") => 1.0,
        Scalar::Text("0") => 0.0,
        _ => return None,
    };
    let named = property.words.any(ABOUT) || property.words.any(DANGERS);
    named.then(|| Property { value: Scalar::Number(number), ..property.clone() })
}

/// A setting, a command or the past: numbers are kept under the maker's name, texts need no mention.
fn keep(property: &Property<'_>, draft: &mut Draft) {
    match property.value {
        Scalar::Text(_) => {}
        Scalar::Bool(_) | Scalar::Number(_) => left_over(property, draft),
    }
}

/// A maker's own quantity.
fn left_over(property: &Property<'_>, draft: &mut Draft) {
    match property.value {
        Scalar::Bool(value) => draft.vendor(&property.path, &property.path, Value::Bool(value), property.unit),
        Scalar::Number(value) => draft.vendor(&property.path, &property.path, Value::Number(value), property.unit),
        Scalar::Text("") => {}
        Scalar::Text(_) => draft.defect(DefectKind::UnknownProperty, &property.path),
    }
}
