//! What a state word or a short sentence says: `alarm`, `No Alarm`, `testing alarm with low battery`,
//! `Local smoke Alarm activated`, `device fault recovered`, `NoLeak`, `smoke_test`, `烟雾报警`.
//!
//! The order of the questions is the safety: a test, a muted sounder, a fault and a pre-alarm are found before the
//! word "alarm" in the same text can be taken for one; a denial counts only for what stands behind it.

use super::context::DANGERS;
use crate::words::{Word, Words};

/// What was said; `None` where nothing was said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// An alarm, or that there is none.
    pub(super) alarm: Option<bool>,
    /// The danger it names.
    pub(super) danger: Option<Word>,
    pub(super) test: Option<bool>,
    pub(super) silenced: Option<bool>,
    pub(super) fault: Option<bool>,
    pub(super) battery_low: Option<bool>,
    pub(super) tamper: Option<bool>,
    pub(super) mains_lost: Option<bool>,
    /// A word such as "ok" or "success": of a sensor it denies a fault, of a danger it denies an alarm.
    pub(super) good: bool,
}

impl Said {
    /// Both clauses: what one of them affirms is affirmed.
    fn and(self, other: Said) -> Said {
        let either = |a: Option<bool>, b: Option<bool>| if a == Some(true) { a } else { b.or(a) };
        let danger = if other.alarm == Some(true) && self.alarm != Some(true) { other.danger } else { self.danger };
        Said {
            alarm: either(self.alarm, other.alarm),
            danger: danger.or(self.danger).or(other.danger),
            test: either(self.test, other.test),
            silenced: either(self.silenced, other.silenced),
            fault: either(self.fault, other.fault),
            battery_low: either(self.battery_low, other.battery_low),
            tamper: either(self.tamper, other.tamper),
            mains_lost: either(self.mains_lost, other.mains_lost),
            good: self.good && other.good,
        }
    }

    /// Whether anything was understood.
    pub(super) fn anything(&self) -> bool {
        *self != Said::default()
    }
}

/// Reads a text. Its clauses are read one by one: in "smoke alarm, no mains" nothing denies the alarm, and in
/// "testing alarm with normal battery" only the battery is normal.
pub(super) fn said(text: &str) -> Said {
    let clauses = text.split([',', ';', '，', '；', '。']).flat_map(|clause| Words::of(clause).clauses());
    clauses.map(|clause| clause_said(&clause)).reduce(Said::and).unwrap_or_default()
}

fn clause_said(words: &Words) -> Said {
    let mut said = Said { danger: DANGERS.iter().copied().find(|danger| words.has(*danger)), ..Said::default() };
    let over = words.any(&[Word::Ended, Word::Clear, Word::Off]) || denied(words, &[]);
    if words.has(Word::Unknown) && !words.any(&[Word::Alarm, Word::Fault]) {
        return Said::default();
    }
    if words.has(Word::Battery) {
        let low = words.has(Word::Low) && !words.has(Word::Ended) && !denied(words, &[Word::Low]);
        let well = words.any(&[Word::Clear, Word::Good, Word::High]);
        said.battery_low = (words.has(Word::Low) || well).then_some(low);
    }
    if words.any(&[Word::Test, Word::Check]) {
        let result = words.any(&[Word::Fault, Word::Good]);
        said.test = Some(!over && !result);
        said.fault = result.then(|| words.has(Word::Fault) && !denied(words, &[Word::Fault]));
        return said;
    }
    if words.has(Word::Mute) {
        said.silenced = Some(!over);
        return said;
    }
    if let Some(lost) = mains(words) {
        said.mains_lost = Some(lost);
        return said;
    }
    if is_fault(words) {
        said.fault = Some(!words.has(Word::Ended) && !denied(words, &[Word::Fault]));
        return said;
    }
    if words.any(&[Word::Removed, Word::Installed]) {
        said.tamper = Some(words.has(Word::Removed) != denied(words, &[Word::Removed, Word::Installed]));
        return said;
    }
    if is_only_announced(words) {
        if words.has(Word::EndOfLife) && !words.any(&[Word::Soon, Word::No]) {
            said.fault = Some(true);
        }
        return said;
    }
    said.good = words.has(Word::Good);
    said.alarm = alarm(words, &said);
    said
}

fn alarm(words: &Words, said: &Said) -> Option<bool> {
    // Of the battery only: "low battery", "battery alarm".
    if words.has(Word::Battery) && said.danger.is_none() {
        return None;
    }
    let about = [DANGERS, &[Word::Alarm, Word::Active]].concat();
    if words.any(&[Word::Ended, Word::Clear, Word::Off, Word::Good, Word::Vacant]) || denied(words, &about) {
        return Some(false);
    }
    let affirmed = said.danger.is_some() || words.any(&[Word::Alarm, Word::Active, Word::On]);
    affirmed.then_some(true)
}

fn is_fault(words: &Words) -> bool {
    words.has(Word::Fault)
        || (words.any(&[Word::Open, Word::Short]) && words.has(Word::Circuit))
        || (words.has(Word::Sensor) && words.has(Word::Lost))
}

fn mains(words: &Words) -> Option<bool> {
    if !words.any(&[Word::Mains, Word::Power]) {
        return None;
    }
    if words.any(&[Word::Off, Word::Lost, Word::Fault]) {
        return Some(!words.has(Word::Ended) && !denied(words, &[Word::Off, Word::Lost, Word::Fault]));
    }
    words.any(&[Word::On, Word::Ended]).then_some(false)
}

/// A pre-alarm, a warning that is no alarm, a warm-up, an end of life: something will be, nothing is.
fn is_only_announced(words: &Words) -> bool {
    words.any(&[Word::Pre, Word::WarmUp, Word::EndOfLife, Word::Soon])
        || (words.has(Word::Warning) && !words.has(Word::Alarm))
}

/// Whether a "no" stands before one of these words, or alone; with no words given, whether there is one at all.
fn denied(words: &Words, about: &[Word]) -> bool {
    let Some(no) = words.position(Word::No) else { return false };
    let mut after = words.known().iter().skip(no + 1);
    about.is_empty() || words.only(&[Word::No]) || after.any(|word| about.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let said = said(text);
        let mut out = Vec::new();
        let danger = said.danger.map(|danger| format!("{danger:?}").to_lowercase()).unwrap_or("it".into());
        for (name, value) in [
            (danger.as_str(), said.alarm),
            ("test", said.test),
            ("silenced", said.silenced),
            ("fault", said.fault),
            ("battery_low", said.battery_low),
            ("tamper", said.tamper),
            ("mains_lost", said.mains_lost),
        ] {
            if let Some(value) = value {
                out.push(format!("{name}={value}"));
            }
        }
        out.join(" ")
    }

    #[test]
    fn sentences() {
        let cases = [
            ("alarm", "it=true"),
            ("critical_alarm", "it=true"),
            ("ON", "it=true"),
            ("normal", "it=false"),
            ("No Alarm", "it=false"),
            ("Smoke Alarm non-activated", "smoke=false"),
            ("Local smoke Alarm activated", "smoke=true"),
            ("Smoke alarm stopped because no smoke anymore", "smoke=false"),
            ("smoke alarm, no mains", "smoke=true"),
            ("NoLeak", "leak=false"),
            ("Leak", "leak=true"),
            ("Dry", "it=false"),
            ("carbon_monoxide", "co=true"),
            ("smoke_test", "test=true"),
            ("pre_smoke", ""),
            ("prealarm", ""),
            ("warning_alarm", "it=true"),
            ("preheating", ""),
            ("unknown", ""),
            ("detecting", ""),
            ("silent", "silenced=true"),
            ("testing alarm with low battery", "test=true battery_low=true"),
            ("testing alarm with normal battery", "test=true battery_low=false"),
            ("alarm with good battery", "it=true battery_low=false"),
            ("low battery", "battery_low=true"),
            ("device fault", "fault=true"),
            ("device fault recovered", "fault=false"),
            ("no_fault_detected", "fault=false"),
            ("process_error", "fault=true"),
            ("unreliable_other", "fault=true"),
            ("device will be invalid soon", ""),
            ("power off", "mains_lost=true"),
            ("power on", "mains_lost=false"),
            ("removed", "tamper=true"),
            ("installed", "tamper=false"),
            ("not installed", "tamper=true"),
            ("Check failure", "test=false fault=true"),
            ("Smoke test off", "test=false"),
            ("Short circuit", "fault=true"),
            ("OPEN_CIRCUIT", "fault=true"),
            ("烟雾报警", "smoke=true"),
            ("报警恢复", "it=false"),
            ("自检", "test=true"),
            ("火警", "fire=true"),
            ("", ""),
        ];
        for (text, wanted) in cases {
            assert_eq!(check(text), wanted, "{text}");
        }
    }
}
