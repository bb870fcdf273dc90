//! What the alerts of a span come to: how many, how many of them false and why, how fast people got on with them, and
//! who raises most. Counted from [`AlertLife`]s, so that every place answers alike.

use crate::alert_lives::AlertLife;
use crate::alert_words::cause_word;
use std::collections::BTreeMap;
use std::time::Duration;
use watchfire_model::{Class, DeviceKey, FalseCause, Handling, Timestamp, Verdict};

/// Most devices in the list of those that raise most.
pub const OFFENDERS_MAX: usize = 20;

/// What the alerts of a span come to. Those of tests are left out of everything but `tests`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The classes that there were, most urgent first. An alert counts in the class that it has now.
    pub classes: Vec<ClassFigures>,
    /// Why alerts were false, most frequent first.
    pub causes: Vec<(FalseCause, u64)>,
    /// The devices that raised most, worst first.
    pub offenders: Vec<Offender>,
    /// Alerts of tests.
    pub tests: u64,
}

/// The alerts of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassFigures {
    /// Which.
    pub class: Class,
    /// All of them; the findings below add up to it.
    pub raised: u64,
    /// Found to be real.
    pub real: u64,
    /// Found to be false.
    pub false_alarms: u64,
    /// Found to be a drill, by an operator.
    pub drills: u64,
    /// Nobody could be reached; treated as real.
    pub unreachable: u64,
    /// Without a finding.
    pub unjudged: u64,
    /// Not closed yet.
    pub unclosed: u64,
    /// From raised to acknowledged.
    pub acknowledged: ResponseTimes,
    /// From raised to verified.
    pub verified: ResponseTimes,
    /// From raised to forwarded.
    pub forwarded: ResponseTimes,
    /// From raised to closed.
    pub closed: ResponseTimes,
}

/// How long it took until people got so far. Those that they have not got so far with are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseTimes {
    /// How many.
    pub count: u64,
    /// Half of them took no longer.
    pub median: Duration,
    /// Nine of ten took no longer.
    pub p90: Duration,
    /// The longest.
    pub max: Duration,
}

/// A device that raises much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offender {
    /// Which.
    pub device: DeviceKey,
    /// Its alerts.
    pub raised: u64,
    /// Those found to be false.
    pub false_alarms: u64,
}

impl ClassFigures {
    /// The part of the judged alerts that was false; `None` when none was judged.
    pub fn false_ratio(&self) -> Option<f64> {
        let judged = self.real + self.false_alarms + self.unreachable;
        let as_float = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        (judged > 0).then(|| as_float(self.false_alarms) / as_float(judged))
    }
}

/// Counts lives.
#[derive(Debug, Default)]
pub struct Counting {
    classes: BTreeMap<Class, Tally>,
    causes: BTreeMap<&'static str, (FalseCause, u64)>,
    devices: BTreeMap<DeviceKey, (u64, u64)>,
    tests: u64,
}

#[derive(Debug, Default)]
struct Tally {
    raised: u64,
    real: u64,
    false_alarms: u64,
    drills: u64,
    unreachable: u64,
    unclosed: u64,
    /// To acknowledged, verified, forwarded, closed.
    times: [Vec<Duration>; 4],
}

impl Counting {
    /// Counts one more.
    pub fn add(&mut self, life: &AlertLife) {
        let alert = &life.alert;
        if alert.marks.test {
            self.tests += 1;
            return;
        }
        let tally = self.classes.entry(alert.class).or_default();
        tally.raised += 1;
        tally.unclosed += u64::from(alert.handling != Handling::Closed);
        match alert.verdict {
            Some(Verdict::Real) => tally.real += 1,
            Some(Verdict::Test) => tally.drills += 1,
            Some(Verdict::Unreachable) => tally.unreachable += 1,
            Some(Verdict::False(cause)) => {
                tally.false_alarms += 1;
                self.causes.entry(cause_word(cause)).or_insert((cause, 0)).1 += 1;
            }
            None => {}
        }
        let reached = [alert.acknowledged_at, life.verified_at, life.forwarded_at, life.closed_at];
        for (times, at) in tally.times.iter_mut().zip(reached) {
            times.extend(at.map(|at: Timestamp| at.since(alert.raised_at)));
        }
        if let Some(device) = &alert.device {
            let (raised, false_alarms) = match self.devices.get_mut(device) {
                Some(counts) => counts,
                None => self.devices.entry(device.clone()).or_default(),
            };
            *raised += 1;
            *false_alarms += u64::from(matches!(alert.verdict, Some(Verdict::False(_))));
        }
    }

    /// What they come to.
    pub fn figures(self) -> Figures {
        let mut causes: Vec<(FalseCause, u64)> = self.causes.into_values().collect();
        causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let offender = |(device, (raised, false_alarms))| Offender { device, raised, false_alarms };
        let mut offenders: Vec<Offender> = self.devices.into_iter().map(offender).collect();
        offenders.sort_by_key(|one| std::cmp::Reverse((one.raised, one.false_alarms)));
        offenders.truncate(OFFENDERS_MAX);
        let classes = self.classes.into_iter().map(|(class, tally)| tally.figures(class)).collect();
        Figures { classes, causes, offenders, tests: self.tests }
    }
}

impl Tally {
    fn figures(self, class: Class) -> ClassFigures {
        let judged = self.real + self.false_alarms + self.drills + self.unreachable;
        let [acknowledged, verified, forwarded, closed] = self.times.map(ResponseTimes::of);
        ClassFigures {
            class,
            raised: self.raised,
            real: self.real,
            false_alarms: self.false_alarms,
            drills: self.drills,
            unreachable: self.unreachable,
            unjudged: self.raised - judged,
            unclosed: self.unclosed,
            acknowledged,
            verified,
            forwarded,
            closed,
        }
    }
}

impl ResponseTimes {
    /// By nearest rank: every figure is a time that was taken.
    fn of(mut times: Vec<Duration>) -> ResponseTimes {
        times.sort_unstable();
        let rank = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied().unwrap_or_default()
        };
        let count = u64::try_from(times.len()).unwrap_or(u64::MAX);
        ResponseTimes { count, median: rank(50), p90: rank(90), max: rank(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_taken() {
        let of = |seconds: &[u64]| ResponseTimes::of(seconds.iter().map(|s| Duration::from_secs(*s)).collect());
        let seconds =
            |times: ResponseTimes| [times.count, times.median.as_secs(), times.p90.as_secs(), times.max.as_secs()];
        assert_eq!(seconds(of(&[])), [0, 0, 0, 0]);
        assert_eq!(seconds(of(&[7])), [1, 7, 7, 7]);
        assert_eq!(seconds(of(&[40, 10, 30, 20])), [4, 20, 40, 40]);
        assert_eq!(seconds(of(&(1..=100).rev().collect::<Vec<_>>())), [100, 50, 90, 100]);
    }
}
