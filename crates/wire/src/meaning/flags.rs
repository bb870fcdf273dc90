//! Properties that say yes or no: dangers, test, mute, fault, tamper, mains, doors, valves.

use super::context::{Context, DANGERS, Dialect};
use super::said::{Said, said};
use super::walk::{Property, Scalar};
use crate::draft::Draft;
use crate::words::Word;
use watchfire_model::{DefectKind, Metric};

/// A test is running, or how one ended: a failed one is a fault.
pub(super) fn test(property: &Property<'_>, draft: &mut Draft) -> bool {
    match property.value {
        // The command that starts a test, echoed: it says nothing of the device.
        Scalar::Text("" | "test" | "selftest" | "start") => true,
        Scalar::Text(text) => {
            let said = said(text);
            let running = said.test.or(said.alarm).or(said.silenced.map(|_| false));
            let failed = said.fault.or(said.good.then_some(false));
            if let Some(running) = running.or(failed.map(|_| false)) {
                draft.flag(&property.path, Metric::Test, running && failed.is_none());
            }
            if let Some(failed) = failed {
                draft.flag(&property.path, Metric::Fault, failed);
            }
            running.is_some() || failed.is_some() || is_no_answer(text)
        }
        _ => flag(property, Metric::Test, draft),
    }
}

/// The sounder is muted.
pub(super) fn silenced(property: &Property<'_>, draft: &mut Draft) -> bool {
    let Scalar::Text(text) = property.value else { return flag(property, Metric::Silenced, draft) };
    let words = crate::words::Words::of(text);
    // "Smoke alarm stopped following a remote silence" tells how an earlier alarm ended, not what is now.
    let is_story = words.strangers > 2;
    let said = said(text);
    match said.silenced.or(said.alarm).filter(|_| !is_story && !said.good) {
        Some(silenced) => draft.flag(&property.path, Metric::Silenced, silenced),
        None if is_story || is_no_answer(text) => {}
        None => return false,
    }
    true
}

/// Something is broken. A key that is about faults makes every word a fault that does not deny one.
pub(super) fn fault(property: &Property<'_>, draft: &mut Draft) -> bool {
    match property.value {
        Scalar::Text("") => {}
        Scalar::Text(text) => {
            let said = said(text);
            let fault = said.fault.or(said.alarm).or(said.good.then_some(false)).or(said.mains_lost);
            match fault {
                Some(fault) => draft.flag(&property.path, Metric::Fault, fault),
                None if is_no_answer(text) => {}
                None => draft.flag(&property.path, Metric::Fault, true),
            }
        }
        // A bit field of faults: none set, or some.
        Scalar::Number(bits) if property.words.only(&[Word::Fault, Word::State, Word::Channel]) => {
            draft.flag(&property.path, Metric::Fault, bits != 0.0);
        }
        _ => return flag(property, Metric::Fault, draft),
    }
    true
}

/// A detector past its life cannot be trusted: a fault, never an alarm.
pub(super) fn end_of_life(property: &Property<'_>, draft: &mut Draft) -> bool {
    match property.value {
        Scalar::Text(text) => match said(text) {
            Said { fault: Some(fault), .. } => draft.flag(&property.path, Metric::Fault, fault),
            Said { alarm: Some(false), .. } => draft.flag(&property.path, Metric::Fault, false),
            _ => {}
        },
        _ => return flag(property, Metric::Fault, draft),
    }
    true
}

/// Water runs in a sprinkler pipe.
pub(super) fn flow_switch(property: &Property<'_>, draft: &mut Draft) -> bool {
    let words = &property.words;
    let is_named = words.has(Word::Flow) && words.has(Word::Sounder);
    is_named && words.only(&[Word::Flow, Word::Water, Word::Sounder, Word::Alarm, Word::State]) && {
        match property.value {
            Scalar::Text(text) => said(text).alarm.is_some_and(|on| {
                draft.flag(&property.path, Metric::FlowSwitch, on);
                true
            }),
            _ => flag(property, Metric::FlowSwitch, draft),
        }
    }
}

/// The supply is lost, or there.
pub(super) fn mains(property: &Property<'_>, draft: &mut Draft) -> bool {
    let words = &property.words;
    let about_supply = words.any(&[Word::Mains, Word::Power]);
    let says_lost = words.any(&[Word::Off, Word::Lost, Word::Fault]);
    let says_there = words.has(Word::On);
    if !about_supply || words.has(Word::Voltage) || (!says_lost && !says_there) || words.strangers > 0 {
        return false;
    }
    let yes = match property.value {
        Scalar::Text(text) => said(text).alarm,
        _ => as_flag(property.value),
    };
    let Some(yes) = yes else { return false };
    draft.flag(&property.path, Metric::MainsLost, yes == says_lost);
    true
}

/// Taken off its base, or opened.
pub(super) fn tamper(property: &Property<'_>, draft: &mut Draft) -> bool {
    let words = &property.words;
    let anti_tear = property.path.to_ascii_lowercase().contains("antitear");
    if !words.any(&[Word::Tamper, Word::Removed, Word::Installed]) && !anti_tear {
        return false;
    }
    // `mounted` is true when all is well, `tamper` when it is not.
    let well_when_true = words.has(Word::Installed) && !words.any(&[Word::Tamper, Word::Removed]);
    match property.value {
        Scalar::Text(text) => {
            let said = said(text);
            // "Magnetic base detected": what the switch looks for is there.
            let base = anti_tear.then_some(said.alarm.map(|there| !there)).flatten();
            match base.or(said.tamper).or(said.alarm.map(|yes| yes != well_when_true)) {
                Some(tamper) => draft.flag(&property.path, Metric::Tamper, tamper),
                None => return false,
            }
        }
        value => match as_flag(value) {
            Some(yes) => draft.flag(&property.path, Metric::Tamper, yes != well_when_true),
            None => return false,
        },
    }
    true
}

/// A property of a danger's own name.
pub(super) fn danger(property: &Property<'_>, context: &Context, draft: &mut Draft) -> bool {
    let words = &property.words;
    // Of the detector's connection, not of the danger.
    if words.any(&[Word::Linked, Word::On]) {
        return false;
    }
    let Some(danger) = named_danger(property, context) else { return false };
    let Some(metric) = context.metric(danger) else { return false };
    match property.value {
        Scalar::Text(text) => danger_text(property, danger, text, context, draft),
        Scalar::Number(_) if is_quantity(property, danger) => false,
        value => match as_flag(value) {
            // `smoke_detector_ok: true` speaks of the detector.
            Some(yes) if words.has(Word::Good) => {
                draft.flag(&property.path, Metric::Fault, !yes);
                true
            }
            Some(yes) => {
                draft.flag(&property.path, metric, yes != words.any(&[Word::No, Word::Clear, Word::Closed]));
                true
            }
            // A code that nobody explained, on a property of a danger's name: it is shown.
            None => {
                draft.defect(DefectKind::BadValue, &property.path);
                false
            }
        },
    }
}

fn named_danger(property: &Property<'_>, context: &Context) -> Option<Word> {
    let words = &property.words;
    if words.any(&[Word::Temperature]) {
        // "High temperature" is a detector's alarm only as a yes or no; as a number it is a limit.
        let is_flag = as_flag(property.value).is_some() || matches!(property.value, Scalar::Text(_));
        let is_alarm = words.any(&[Word::High, Word::Heat]) && is_flag && !words.has(Word::Low);
        return is_alarm.then_some(Word::Heat);
    }
    if words.has(Word::ByHand) {
        return words.has(Word::Alarm).then_some(Word::Manual);
    }
    // Without a word for a leak, water is one only where no property of that name says otherwise.
    if words.has(Word::Water) && !words.has(Word::Leak) {
        let bare = words.only(&[Word::Water, Word::Alarm, Word::State, Word::Sensor, Word::Active]);
        let is_flag = !matches!(property.value, Scalar::Number(_));
        return (bare && is_flag && !context.states(Word::Leak)).then_some(Word::Leak);
    }
    let danger = DANGERS.iter().copied().find(|danger| words.has(*danger))?;
    let is_plain = words.strangers == 0 || words.any(&[Word::Alarm, Word::State, Word::Active]);
    (danger != Word::Manual || is_plain).then_some(danger)
}

/// A concentration or a level, not a yes or no.
fn is_quantity(property: &Property<'_>, danger: Word) -> bool {
    let words = &property.words;
    let says_flag = words.any(&[Word::Alarm, Word::State, Word::Active]);
    words.any(&[Word::Level, Word::Obscuration, Word::Ppm, Word::Percent])
        || property.unit.is_some()
        || (matches!(danger, Word::Gas | Word::Co | Word::Heat) && !says_flag)
}

fn danger_text(property: &Property<'_>, own: Word, text: &str, context: &Context, draft: &mut Draft) -> bool {
    let mut said = said(text);
    // "Smoke sensor ok" speaks of the sensor, "smoke: ok" of the smoke.
    if said.good && property.words.has(Word::Sensor) {
        draft.flag(&property.path, Metric::Fault, false);
        return true;
    }
    // The value's own danger wins, except that "fire" from a smoke detector is smoke.
    let danger = said.danger.filter(|named| *named != Word::Fire).unwrap_or(own);
    // `water: leak` names what `water` left open; `water_alarm: flow timeout` is no leak.
    let is_bare_water = own == Word::Leak && !property.words.has(Word::Leak);
    if is_bare_water && said.danger.is_none() && said.alarm == Some(true) {
        said.alarm = None;
    }
    if !said.anything() {
        return is_no_answer(text);
    }
    emit(&property.path, &said, context.metric(danger), draft);
    true
}

/// Doors, valves, pumps, people.
pub(super) fn place(property: &Property<'_>, context: &Context, draft: &mut Draft) -> bool {
    let words = &property.words;
    if words.any(&[Word::Level, Word::Percent, Word::Linked]) || property.unit.is_some() {
        return false;
    }
    if words.has(Word::Presence) && !words.has(Word::On) {
        return yes_or_no(property, Metric::Presence, &[Word::Vacant], draft);
    }
    if words.has(Word::Fall) {
        return yes_or_no(property, Metric::Fall, &[], draft);
    }
    if words.has(Word::Pump) {
        return yes_or_no(property, Metric::PumpRunning, &[], draft);
    }
    if words.has(Word::Valve) && words.strangers <= usize::from(property.path.contains("group")) {
        return yes_or_no(property, Metric::ValveOpen, &[Word::Closed], draft);
    }
    if words.has(Word::Contact) && context.dialect == Dialect::Zigbee && words.strangers == 0 {
        let Some(closed) = as_flag(property.value) else { return false };
        draft.flag(&property.path, Metric::DoorOpen, !closed);
        return true;
    }
    words.any(&[Word::Door, Word::Contact]) && yes_or_no(property, Metric::DoorOpen, &[Word::Closed], draft)
}

fn yes_or_no(property: &Property<'_>, metric: Metric, no: &[Word], draft: &mut Draft) -> bool {
    let Scalar::Text(text) = property.value else {
        // A yes or no of a contact or a door without "open" in its name may mean either.
        let is_vague = property.words.has(Word::Contact);
        return !is_vague && flag(property, metric, draft);
    };
    let words = crate::words::Words::of(text);
    let said = said(text);
    if let Some(fault) = said.fault.or(said.good.then_some(false)) {
        draft.flag(&property.path, Metric::Fault, fault);
        return true;
    }
    let yes = match () {
        () if words.any(no) => Some(false),
        () if words.any(&[Word::Open, Word::Presence]) => Some(!words.has(Word::No)),
        () => said.alarm,
    };
    if let Some(yes) = yes {
        draft.flag(&property.path, metric, yes);
    }
    yes.is_some() || is_no_answer(text)
}

/// Everything that a text said, at one point.
pub(super) fn emit(point: &str, said: &Said, danger: Option<Metric>, draft: &mut Draft) {
    if let (Some(metric), Some(alarm)) = (danger, said.alarm) {
        draft.flag(point, metric, alarm);
    }
    let parts = [
        (Metric::Test, said.test),
        (Metric::Silenced, said.silenced),
        (Metric::Fault, said.fault),
        (Metric::BatteryLow, said.battery_low),
        (Metric::Tamper, said.tamper),
        (Metric::MainsLost, said.mains_lost),
    ];
    for (metric, value) in parts {
        if let Some(value) = value {
            draft.flag(point, metric, value);
        }
    }
}

fn flag(property: &Property<'_>, metric: Metric, draft: &mut Draft) -> bool {
    match as_flag(property.value) {
        Some(value) => draft.flag(&property.path, metric, value),
        None => return false,
    }
    true
}

/// True, false, 1 and 0. Any other number is a code that nobody explained.
pub(super) fn as_flag(value: Scalar<'_>) -> Option<bool> {
    match value {
        Scalar::Bool(value) => Some(value),
        Scalar::Number(1.0) => Some(true),
        Scalar::Number(0.0) => Some(false),
        Scalar::Number(_) | Scalar::Text(_) => None,
    }
}

/// "unknown", "others", "detecting": an answer that says nothing, and no defect.
pub(super) fn is_no_answer(text: &str) -> bool {
    let words = crate::words::Words::of(text);
    words.any(&[Word::Unknown, Word::Pre, Word::Warning, Word::WarmUp, Word::Soon])
}
