//! Properties whose key names no danger: `alarm`, `event`, `status`, `action`. The value's words decide, then the kind
//! of the device; never the key alone.

use super::context::{Context, Dialect};
use super::flags::{as_flag, emit, is_no_answer};
use super::said::{Said, said};
use super::walk::{Property, Scalar};
use crate::draft::Draft;
use crate::words::{Word, Words};
use watchfire_model::Metric;

/// Reads such a property; false when it says nothing that is understood.
pub(super) fn read(property: &Property<'_>, context: &Context, draft: &mut Draft) -> bool {
    let words = &property.words;
    if words.has(Word::Action) {
        return action(property, draft);
    }
    if !words.any(&[Word::Alarm, Word::State]) || words.any(&[Word::Linked, Word::Air, Word::Wind]) {
        return false;
    }
    match property.value {
        Scalar::Text(text) => nameless_text(property, text, context, draft),
        value => {
            let Some(yes) = as_flag(value) else { return false };
            let Some(danger) = context.danger(&property.path) else { return false };
            // A leak detector's nameless status is its contact; elsewhere a status may be anything.
            let decides = words.has(Word::Alarm) || danger == Word::Leak;
            let is_command = context.dialect == Dialect::Zigbee;
            if words.strangers > 0 || !decides || is_command || context.states(danger) {
                return false;
            }
            if let Some(metric) = context.metric(danger) {
                draft.flag(&property.path, metric, yes);
            }
            true
        }
    }
}

fn nameless_text(property: &Property<'_>, text: &str, context: &Context, draft: &mut Draft) -> bool {
    // The bare `alarm` of Zigbee devices switches the siren on most of them: "fire" there is a tune.
    if context.dialect == Dialect::Zigbee && property.path == "alarm" {
        return true;
    }
    let mut said = said(text);
    let alarm = said.alarm.take();
    let understood = said.anything() && said.danger.is_none() || said.test.is_some() || said.silenced.is_some();
    emit(&property.path, &Said { danger: None, ..said.clone() }, None, draft);
    let Some(alarm) = alarm else { return understood || is_no_answer(text) };
    let told = Words::of(text);
    // On Zigbee devices a key called alarm is as often the siren's switch: the value has to say it.
    let about_alarm =
        told.has(Word::Alarm) || (property.words.has(Word::Alarm) && (!alarm || context.dialect != Dialect::Zigbee));
    // "On" says it only for the contact of a leak detector; elsewhere it is a switch.
    let is_contact = |danger: Word| danger == Word::Leak && context.dialect == Dialect::Lora;
    let dangers = match (said.danger, alarm) {
        (Some(danger), _) => vec![danger],
        // "Alarm", of a device whose kind is known.
        (None, true) => {
            context.danger(&property.path).filter(|danger| about_alarm || is_contact(*danger)).into_iter().collect()
        }
        (None, false) if !about_alarm && !told.any(&[Word::Clear, Word::Ended, Word::Good]) => {
            context.danger(&property.path).filter(|danger| is_contact(*danger)).into_iter().collect()
        }
        (None, false) => context.dangers(&property.path),
    };
    let unstated: Vec<Word> = dangers.into_iter().filter(|danger| !context.states(*danger)).collect();
    unstated.iter().filter_map(|danger| context.metric(*danger)).for_each(|metric| {
        draft.flag(&property.path, metric, alarm);
    });
    if !alarm && !unstated.is_empty() {
        // One word for the whole device: all clear ends a test and a mute as well.
        draft.flag(&property.path, Metric::Test, false);
        draft.flag(&property.path, Metric::Silenced, false);
    }
    !unstated.is_empty() || understood || !alarm || context.states_any()
}

/// A key was pressed. Only a call for help is a reading.
fn action(property: &Property<'_>, draft: &mut Draft) -> bool {
    let Scalar::Text(text) = property.value else { return false };
    let words = Words::of(text);
    let calls = words.has(Word::Manual) && !words.any(&[Word::Test, Word::Ended, Word::No, Word::Setting]);
    if calls {
        draft.flag(&property.path, Metric::ManualAlarm, true);
    }
    calls
}
