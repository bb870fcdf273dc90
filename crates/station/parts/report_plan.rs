//! Which reports are due, and how those that could not be sent are tried again. Pure: time is an argument.

use crate::config::reports::ReportsConfig;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use watchfire_console::{Period, ReportSpan};
use watchfire_model::{SiteId, Timestamp};

/// After a time without the station, so many of the spans that are over are still reported, the last ones.
const MISSED_MAX: usize = 7;
/// Pauses between attempts: the first, and the longest.
const RETRY_MIN: Duration = Duration::from_secs(60);
const RETRY_MAX: Duration = Duration::from_secs(3_600);
/// A notice is given when a report could not be sent for so many attempts.
const TOLD_AFTER_ATTEMPTS: u32 = 3;

/// Of each report, period and address the first day of the span that was last settled.
pub(crate) type Settled = BTreeMap<String, String>;

/// A report that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The table that asks for it.
    pub(crate) name: String,
    /// To whom.
    pub(crate) to: String,
    pub(crate) span: ReportSpan,
    pub(crate) time_zone: String,
}

impl Due {
    /// What is settled when it is sent.
    pub(crate) fn key(&self) -> String {
        key(&self.name, self.span.period, &self.to)
    }

    /// The same for the same report, so that a mail system that knows it drops the second: of characters that a
    /// Message-ID may hold.
    pub(crate) fn id(&self) -> String {
        let parts = ["report", &self.name, self.span.period.as_str(), &self.span.first, &self.to];
        let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        parts.map(|part| part.chars().map(letter).collect::<String>()).join(".")
    }
}

fn key(name: &str, period: Period, to: &str) -> String {
    format!("{name}/{}/{to}", period.as_str())
}

/// What is due now, oldest first of each. Who has never had a report gets the last one.
pub(crate) fn due(
    reports: &ReportsConfig,
    settled: &Settled,
    now: Timestamp,
    time_zone_of: impl Fn(Option<&SiteId>) -> String,
) -> Vec<Due> {
    let mut due = Vec::new();
    for (name, report) in reports {
        let time_zone = time_zone_of(report.site.as_ref());
        for period in &report.periods {
            let Some(last) = period.last_over(now, report.hour, &time_zone) else { continue };
            for to in &report.to {
                for span in unsettled(settled.get(&key(name, *period, to)), &last, &time_zone) {
                    due.push(Due { name: name.clone(), to: to.clone(), span, time_zone: time_zone.clone() });
                }
            }
        }
    }
    due
}

fn unsettled(settled: Option<&String>, last: &ReportSpan, time_zone: &str) -> Vec<ReportSpan> {
    let Some(settled) = settled else { return vec![last.clone()] };
    let mut spans = Vec::new();
    let mut span = last.clone();
    while span.first > *settled && spans.len() < MISSED_MAX {
        let Some(before) = span.period.before(&span.first, time_zone) else { break };
        spans.push(std::mem::replace(&mut span, before));
    }
    spans.reverse();
    spans
}

/// What could not be sent.
#[derive(Debug, Default)]
pub(crate) struct Failing {
    reports: BTreeMap<String, Failure>,
}

#[derive(Debug)]
struct Failure {
    attempts: u32,
    again_at: Instant,
    /// Trying again alone will not help.
    is_lasting: bool,
    detail: String,
}

impl Failing {
    /// Whether that one may be tried now.
    pub(crate) fn may_try(&self, key: &str, now: Instant) -> bool {
        self.reports.get(key).is_none_or(|failure| failure.again_at <= now)
    }

    pub(crate) fn failed(&mut self, key: String, detail: String, is_lasting: bool, now: Instant) {
        let before = self.reports.get(&key).map_or(0, |failure| failure.attempts);
        let pause = (RETRY_MIN * 2u32.saturating_pow(before.min(16))).min(RETRY_MAX);
        let failure = Failure { attempts: before.saturating_add(1), again_at: now + pause, is_lasting, detail };
        self.reports.insert(key, failure);
    }

    pub(crate) fn sent(&mut self, key: &str) {
        self.reports.remove(key);
    }

    /// What a person has to know: which report and why, of the first.
    pub(crate) fn told(&self) -> Option<(&str, &str)> {
        let worth = |failure: &Failure| failure.is_lasting || failure.attempts >= TOLD_AFTER_ATTEMPTS;
        let (key, failure) = self.reports.iter().find(|(_, failure)| worth(failure))?;
        Some((key, &failure.detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::station::parse;
    use std::fmt::Write as _;
    use std::path::Path;

    fn reports(tables: &str) -> ReportsConfig {
        let mail = "[notify.email]\nhost = \"localhost\"\ntls = \"none\"\nfrom = \"w@example.org\"\n";
        parse("w.toml", &format!("{mail}{tables}"), Path::new(".")).0.unwrap().reports
    }

    /// What is sent at those times, each time by time; everything that is due is settled.
    fn sent(reports: &ReportsConfig, settled: &mut Settled, times: &[&str]) -> String {
        let mut out = String::new();
        for now in times {
            write!(out, "{now}:").unwrap();
            for one in due(reports, settled, now.parse().unwrap(), |_| "Asia/Shanghai".to_owned()) {
                write!(out, " {} {} {}", one.to, one.span.period.as_str(), one.span.first).unwrap();
                settled.insert(one.key(), one.span.first);
            }
            out.push('\n');
        }
        out
    }

    #[test]
    fn each_span_is_reported_once_to_each() {
        let reports = reports("[reports.boss]\nto = [\"a@b\", \"c@d\"]\nperiods = [\"day\", \"week\"]\nhour = 8\n");
        let mut settled = Settled::new();
        // 2026-03-02 is a Monday; eight there is midnight in UTC.
        let times = ["2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", "2026-03-02T15:00:00Z", "2026-03-03T00:00:01Z"];
        let expected = "\
2026-03-01T23:59:59Z: a@b day 2026-02-28 c@d day 2026-02-28 a@b week 2026-02-16 c@d week 2026-02-16
2026-03-02T00:00:00Z: a@b day 2026-03-01 c@d day 2026-03-01 a@b week 2026-02-23 c@d week 2026-02-23
2026-03-02T15:00:00Z:
2026-03-03T00:00:01Z: a@b day 2026-03-02 c@d day 2026-03-02
";
        assert_eq!(sent(&reports, &mut settled, &times), expected);
        // A clock that goes back sends nothing again.
        assert_eq!(sent(&reports, &mut settled, &["2026-02-01T00:00:00Z"]), "2026-02-01T00:00:00Z:\n");
    }

    #[test]
    fn what_was_missed_is_sent_later_but_not_all_of_a_long_absence() {
        let reports = reports("[reports.boss]\nto = [\"a@b\"]\nperiods = [\"day\"]\n");
        let mut settled = Settled::from([("boss/day/a@b".to_owned(), "2026-03-01".to_owned())]);
        let expected = "2026-03-04T12:00:00Z: a@b day 2026-03-02 a@b day 2026-03-03\n";
        assert_eq!(sent(&reports, &mut settled, &["2026-03-04T12:00:00Z"]), expected);
        let late = due(&reports, &settled, "2026-05-01T12:00:00Z".parse().unwrap(), |_| "Asia/Shanghai".to_owned());
        assert_eq!(
            (late.len(), late[0].span.first.as_str(), late[6].span.first.as_str()),
            (7, "2026-04-24", "2026-04-30")
        );
    }

    #[test]
    fn a_report_has_a_name_of_its_own() {
        let reports = reports("[reports.boss]\nto = [\"a.b+c@example.org\"]\nperiods = [\"month\"]\n");
        let due = due(&reports, &Settled::new(), "2026-03-04T12:00:00Z".parse().unwrap(), |_| "UTC".to_owned());
        assert_eq!(due[0].id(), "report.boss.month.2026-02-01.a-b-c-example-org");
    }

    #[test]
    fn a_failed_send_is_tried_again_ever_more_slowly_and_told() {
        let mut failing = Failing::default();
        let mut now = crate::clock::instant();
        let mut pauses = Vec::new();
        for attempt in 1..=9 {
            assert!(failing.may_try("x", now));
            failing.failed("x".to_owned(), "no route".to_owned(), false, now);
            assert_eq!(failing.told().is_some(), attempt >= 3);
            let pause = (1..=3_600).find(|second| failing.may_try("x", now + Duration::from_secs(*second)));
            pauses.push(pause.unwrap());
            now += Duration::from_secs(pause.unwrap());
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        failing.failed("y".to_owned(), "no such user".to_owned(), true, now);
        failing.sent("x");
        assert_eq!(failing.told(), Some(("y", "no such user")), "what will not get better is told at once");
        failing.sent("y");
        assert_eq!(failing.told(), None);
    }
}
