//! A transition as test files write it: a head, and the reason in both languages.

use watchfire_model::{Timestamp, Transition};

/// 2026-03-01T00:00:00Z, where the times of test files begin.
const START_S: i64 = 1_772_323_200;

/// A transition in the words of a test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `08:00:10 raised #1 fire/critical house/hall watchfire/t2 a device-fire@1`
    pub head: String,
    /// The reason, in English and in Chinese; empty where a test does not ask for it.
    pub reasons: Vec<String>,
}

impl Told {
    /// `number` is the alert's, counted from 1 in the order in which they were raised.
    pub(crate) fn of(transition: &Transition, number: usize) -> Told {
        let mut head = format!(
            "{} {} #{number} {}/{} {}",
            clock(transition.at),
            transition.step.as_str(),
            transition.class.as_str(),
            transition.severity.as_str(),
            transition.site
        );
        if let Some(zone) = &transition.zone {
            head.push('/');
            head.push_str(zone.as_str());
        }
        if let Some(device) = &transition.device {
            head.push_str(&format!(" {}/{}", device.source, device.name));
        }
        if let Some(point) = &transition.point {
            head.push(' ');
            head.push_str(point.as_str());
        }
        head.push_str(&format!(" {}", transition.rule));
        if transition.marks.late {
            head.push_str(" late");
        }
        Told { head, reasons: vec![transition.reason.en.to_string(), transition.reason.zh.to_string()] }
    }

    /// Whether this is what was asked for; reasons only count where some were asked for.
    pub(crate) fn is_as(&self, wanted: &Told) -> bool {
        self.head == wanted.head && (wanted.reasons.is_empty() || self.reasons == wanted.reasons)
    }

    /// Its lines in a test file, without the `>`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let reasons = self.reasons.iter().map(|reason| format!("    {reason}"));
        std::iter::once(self.head.clone()).chain(reasons)
    }
}

/// A time in a test file: `[Nd]HH:MM:SS` after its beginning, or RFC 3339.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let (days, rest) = match text.split_once('d') {
        Some((days, rest)) => (days.parse::<i64>().ok()?, rest),
        None => (0, text),
    };
    let parts: Vec<i64> = rest.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours @ 0..24, minutes @ 0..60, seconds @ 0..60] = *parts.as_slice() else { return None };
    (0..10_000)
        .contains(&days)
        .then(|| Timestamp::from_seconds(START_S + days * 86_400 + hours * 3_600 + minutes * 60 + seconds))
}

fn clock(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000_000) - START_S;
    if !(0..86_400 * 400).contains(&seconds) {
        return at.to_string();
    }
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let day = if days > 0 { format!("{days}d") } else { String::new() };
    format!("{day}{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}
