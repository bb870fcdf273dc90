//! What a draft of rules would have told, held against what was told.
//!
//! **What is compared.** The times at which people are called: an alert is raised, its cause comes back, or it becomes
//! more urgent. What clears, and what people do, calls nobody.
//!
//! **What belongs together.** A call of the draft and one of the log with the same site, device, point (of the reading that
//! decided) and class, that
//! come within [`WINDOW`] of each other; of several the oldest first, and each only once. The rule's name does not count:
//! a draft may have other rules for the same danger. When both come at the same entry's time they are the *same*, else the
//! draft is *earlier* or *later*. What finds nothing within the window is *new* (only the draft) or *missing* (only the
//! log). A draft that finds the same danger by another device, or as another class, is one new and one missing call.
//!
//! **Bounds.** Only calls that wait for their counterpart are kept, at most [`WAITING_MAX`]; of more the oldest stop
//! waiting at once and are counted as such.

use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use watchfire_model::{Class, DeviceKey, PointName, SiteId, Step, Timestamp, Transition};

/// How far apart two calls may be that belong together.
pub const WINDOW: Duration = Duration::from_secs(3_600);
/// Calls that may wait for their counterpart.
pub const WAITING_MAX: usize = 100_000;

/// What a call is known by.
type Key = (SiteId, Option<DeviceKey>, Option<PointName>, Class);

/// How a draft and the log differ about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Only the draft calls.
    New,
    /// Only the log has it.
    Missing,
    /// The draft calls before the log.
    Earlier,
    /// The draft calls after the log.
    Later,
}

impl Change {
    /// The name in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::Missing => "missing",
            Change::Earlier => "earlier",
            Change::Later => "later",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which way.
    pub change: Change,
    /// The draft's call; the log's where the draft has none.
    pub call: Transition,
    /// When the log has it.
    pub was_at: Option<Timestamp>,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Calls that came at the same time.
    pub same: u64,
    /// Only of the draft.
    pub new: u64,
    /// Only of the log.
    pub missing: u64,
    /// Of both, the draft's first.
    pub earlier: u64,
    /// Of both, the log's first.
    pub later: u64,
    /// Of the new and missing ones those that did not wait for the whole window because too many waited.
    pub not_waited_for: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Draft,
    Log,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Comparison {
    /// By key; a queue holds calls of one side only.
    waiting: BTreeMap<Key, VecDeque<(Of, Transition, u64)>>,
    /// Every call that waited or waits, in the order of their coming: number and key.
    order: VecDeque<(Timestamp, u64, Key)>,
    next: u64,
    summary: Summary,
}

impl Comparison {
    /// Something the draft would have told. Times never go back.
    pub fn draft(&mut self, transition: &Transition, out: &mut Vec<Difference>) {
        self.take(Of::Draft, transition, out);
    }

    /// Something that was told.
    pub fn log(&mut self, transition: &Transition, out: &mut Vec<Difference>) {
        self.take(Of::Log, transition, out);
    }

    /// Time passes: what has waited for the whole window stands alone.
    pub fn pass(&mut self, now: Timestamp, out: &mut Vec<Difference>) {
        self.give_up_before(now.minus(WINDOW), out);
    }

    /// How many of each until now; what still waits is in none.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// How many calls wait for their counterpart.
    pub fn waiting(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// The end: nothing waits any longer.
    pub fn finish(mut self, out: &mut Vec<Difference>) -> Summary {
        while let Some((_, number, key)) = self.order.pop_front() {
            self.alone(&key, number, out);
        }
        self.summary
    }

    fn take(&mut self, of: Of, transition: &Transition, out: &mut Vec<Difference>) {
        if !calls(&transition.step) {
            return;
        }
        self.give_up_before(transition.at.minus(WINDOW), out);
        let point = deciding_point(transition).cloned();
        let key = (transition.site.clone(), transition.device.clone(), point, transition.class);
        let queue = self.waiting.entry(key.clone()).or_default();
        if queue.front().is_some_and(|(side, ..)| *side != of)
            && let Some((_, counterpart, _)) = queue.pop_front()
        {
            if queue.is_empty() {
                self.waiting.remove(&key);
            }
            match of {
                Of::Draft => self.both(transition, &counterpart, out),
                Of::Log => self.both(&counterpart, transition, out),
            }
            return;
        }
        queue.push_back((of, transition.clone(), self.next));
        self.order.push_back((transition.at, self.next, key));
        self.next += 1;
        while self.order.len() > WAITING_MAX {
            if let Some((_, number, key)) = self.order.pop_front()
                && self.alone(&key, number, out)
            {
                self.summary.not_waited_for += 1;
            }
        }
    }

    fn both(&mut self, draft: &Transition, log: &Transition, out: &mut Vec<Difference>) {
        let change = match draft.at.cmp(&log.at) {
            std::cmp::Ordering::Equal => {
                self.summary.same += 1;
                return;
            }
            std::cmp::Ordering::Less => Change::Earlier,
            std::cmp::Ordering::Greater => Change::Later,
        };
        match change {
            Change::Earlier => self.summary.earlier += 1,
            _ => self.summary.later += 1,
        }
        out.push(Difference { change, call: draft.clone(), was_at: Some(log.at) });
    }

    fn give_up_before(&mut self, at: Timestamp, out: &mut Vec<Difference>) {
        while self.order.front().is_some_and(|(since, ..)| *since < at)
            && let Some((_, number, key)) = self.order.pop_front()
        {
            self.alone(&key, number, out);
        }
    }

    /// That call finds no counterpart; false when it has found one before.
    fn alone(&mut self, key: &Key, number: u64, out: &mut Vec<Difference>) -> bool {
        let Some(queue) = self.waiting.get_mut(key) else { return false };
        let Some((of, call, _)) = queue.pop_front_if(|(.., waits)| *waits == number) else { return false };
        if queue.is_empty() {
            self.waiting.remove(key);
        }
        let (change, was_at) = match of {
            Of::Draft => (Change::New, None),
            Of::Log => (Change::Missing, Some(call.at)),
        };
        match of {
            Of::Draft => self.summary.new += 1,
            Of::Log => self.summary.missing += 1,
        }
        out.push(Difference { change, call, was_at });
        true
    }
}

/// Where the reading that decided was taken: an alert that escalates keeps the point at which it began.
fn deciding_point(transition: &Transition) -> Option<&PointName> {
    let decided = transition.evidence.first().filter(|evidence| Some(&evidence.device) == transition.device.as_ref());
    decided.map(|evidence| &evidence.point).or(transition.point.as_ref())
}

/// Whether somebody is called by it.
pub fn calls(step: &Step) -> bool {
    match step {
        Step::Raised | Step::Escalated { .. } | Step::Reopened { by: None, .. } => true,
        Step::Reopened { by: Some(_), .. }
        | Step::Cleared
        | Step::Acknowledged { .. }
        | Step::Verified { .. }
        | Step::Forwarded { .. }
        | Step::Closed { .. } => false,
    }
}

#[derive(Serialize)]
struct Line<'a> {
    difference: Change,
    class: Class,
    site: &'a SiteId,
    zone: Option<&'a str>,
    device: Option<&'a str>,
    point: Option<&'a str>,
    rule: String,
    /// When the draft calls.
    at: Option<String>,
    /// When the log has it.
    was_at: Option<String>,
    /// How much earlier (less than 0) or later the draft calls.
    by_s: Option<f64>,
    reason: Reason<'a>,
}

#[derive(Serialize)]
struct Reason<'a> {
    en: &'a str,
    zh: &'a str,
}

impl Difference {
    /// As a JSON line, without its end.
    #[expect(clippy::cast_precision_loss, reason = "at most an hour of microseconds")]
    pub fn line(&self) -> String {
        let call = &self.call;
        let at = (self.change != Change::Missing).then_some(call.at);
        let by_s = at.zip(self.was_at).map(|(at, was)| (at.0 - was.0) as f64 / 1_000_000.0);
        let line = Line {
            difference: self.change,
            class: call.class,
            site: &call.site,
            zone: call.zone.as_ref().map(|zone| zone.as_str()),
            device: call.device.as_ref().map(|device| device.name.as_str()),
            point: call.point.as_ref().map(|point| point.as_str()),
            rule: call.rule.to_string(),
            at: at.map(|at| at.to_string()),
            was_at: self.was_at.map(|at| at.to_string()),
            by_s,
            reason: Reason { en: &call.reason.en, zh: &call.reason.zh },
        };
        serde_json::to_string(&line).expect("text and numbers always have a JSON form")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::{AlertId, Bilingual, JournalId, RuleRef, Seq};

    fn call(at_s: i64, point: &str, step: Step) -> Transition {
        Transition {
            alert: AlertId { journal: JournalId([7; 16]), cause: Seq(1), ordinal: 0 },
            seq: Seq(1),
            at: Timestamp::from_seconds(at_s),
            step,
            class: Class::EarlyWarning,
            severity: Class::EarlyWarning.severity(),
            site: SiteId::new("home").unwrap(),
            zone: None,
            device: None,
            point: Some(point.parse().unwrap()),
            rule: RuleRef { name: "hot".into(), version: 1 },
            reason: Bilingual::same("hot"),
            evidence: Vec::new(),
            marks: Default::default(),
        }
    }

    fn compare(calls: &[(char, i64, &str)]) -> (Vec<String>, Summary) {
        let (mut comparison, mut out) = (Comparison::default(), Vec::new());
        for (of, at, point) in calls {
            let call = call(*at, point, Step::Raised);
            match of {
                'd' => comparison.draft(&call, &mut out),
                _ => comparison.log(&call, &mut out),
            }
        }
        let summary = comparison.finish(&mut out);
        let told = out.iter().map(|difference| {
            let point = difference.call.point.as_ref().map_or("", |point| point.as_str());
            format!("{:?} {point} {}", difference.change, difference.call.at.0 / 1_000_000)
        });
        (told.collect(), summary)
    }

    #[test]
    fn calls_of_one_key_within_the_window_belong_together_in_their_order() {
        let (told, summary) = compare(&[
            ('l', 10, "same"),
            ('d', 10, "same"),
            ('d', 20, "sooner"),
            ('l', 30, "slower"),
            ('l', 50, "sooner"),
            ('d', 60, "slower"),
            ('l', 70, "gone"),
            ('d', 80, "extra"),
            ('d', 100, "twice"),
            ('d', 101, "twice"),
            ('l', 102, "twice"),
        ]);
        assert_eq!(
            told,
            [
                "Earlier sooner 20",
                "Later slower 60",
                "Earlier twice 100",
                "Missing gone 70",
                "New extra 80",
                "New twice 101"
            ]
        );
        let expected = Summary { same: 1, new: 2, missing: 1, earlier: 2, later: 1, not_waited_for: 0 };
        assert_eq!(summary, expected);
    }

    #[test]
    fn what_is_further_apart_than_the_window_does_not_belong_together() {
        let (told, _) = compare(&[('l', 0, "a"), ('d', 3_600, "a"), ('l', 10_000, "a"), ('d', 13_601, "a")]);
        assert_eq!(told, ["Later a 3600", "Missing a 10000", "New a 13601"]);
    }

    #[test]
    fn too_many_that_wait_are_given_up_and_counted() {
        let (mut comparison, mut out) = (Comparison::default(), Vec::new());
        for number in 0..=WAITING_MAX {
            comparison.log(&call(1, &format!("p{number}"), Step::Raised), &mut out);
        }
        assert_eq!(out.len(), 1);
        let summary = comparison.finish(&mut out);
        assert_eq!((summary.missing, summary.not_waited_for), (u64::try_from(WAITING_MAX).unwrap() + 1, 1));
    }

    #[test]
    fn what_calls_nobody_is_not_compared() {
        let (mut comparison, mut out) = (Comparison::default(), Vec::new());
        comparison.draft(&call(1, "a", Step::Cleared), &mut out);
        let closed = Step::Closed { by: "wang".parse().unwrap(), note: String::new() };
        comparison.log(&call(1, "a", closed), &mut out);
        assert_eq!(comparison.finish(&mut out), Summary::default());
        assert!(out.is_empty());
    }

    #[test]
    fn a_difference_says_by_how_much_and_why_in_both_languages() {
        let was_at = Some(Timestamp::from_seconds(70));
        let difference = Difference { change: Change::Earlier, call: call(10, "a", Step::Raised), was_at };
        let line: serde_json::Value = serde_json::from_str(&difference.line()).unwrap();
        assert_eq!((&line["difference"], &line["by_s"]), (&"earlier".into(), &(-60.0).into()));
        assert_eq!((&line["reason"]["en"], &line["reason"]["zh"]), (&"hot".into(), &"hot".into()));
    }
}
