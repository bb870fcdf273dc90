//! A report of a day, a week or a month: one page of HTML that needs nothing else (no script, no picture, no style sheet),
//! to be read, printed and sent by mail; and the same in plain text. A pure function of the figures.

use crate::local_clock::{day_and_minute, zone};
use crate::names::Names;
use crate::report_page::Page;
use crate::report_span::{Period, ReportSpan};
use crate::view::{AlertDevice, Text, most_away};
use crate::words::{self, Said, w};
use std::time::Duration;
use watchfire_archive::{
    Availability, ClassFigures, DutyOfDevice, Figures, History, QueryError, ResponseTimes, SpanQuery,
    availability_ratio,
};
use watchfire_model::sites::Language;
use watchfire_model::{DeviceKey, SiteId, Timestamp};

/// What a report is made of.
#[derive(Clone, Debug)]
pub struct Report {
    /// Of which span.
    pub span: ReportSpan,
    /// By whose clock.
    pub time_zone: String,
    /// Of which site; `None`: of all.
    pub site: Option<SiteId>,
    /// When it is made. Before the end of the span the report says that it is not over.
    pub made_at: Timestamp,
    /// What is told.
    pub figures: SpanFigures,
}

/// The figures of a span.
#[derive(Clone, Debug, Default)]
pub struct SpanFigures {
    /// What the alerts raised in it come to.
    pub alerts: Figures,
    /// How much of it, as far as it is over, devices were there.
    pub availability: Availability,
    /// What the duty checks asked in it came to, by transmission device.
    pub duty: Vec<DutyOfDevice>,
}

impl SpanFigures {
    /// Asks for them. `now`: a span that ends later is not over.
    ///
    /// # Errors
    /// As the archive says.
    pub fn read(history: &History, query: &SpanQuery, now: Timestamp) -> Result<SpanFigures, QueryError> {
        let over = SpanQuery { to: query.to.min(now).max(query.from), ..query.clone() };
        Ok(SpanFigures {
            alerts: history.figures(query)?,
            availability: history.availability(&over)?,
            duty: history.duty_figures_of_span(query)?,
        })
    }
}

/// A report as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenReport {
    /// One line.
    pub title: String,
    /// The page.
    pub html: String,
    /// The same in plain text.
    pub text: String,
}

const DAILY: Said = w("日报", "Daily report");
const WEEKLY: Said = w("周报", "Weekly report");
const MONTHLY: Said = w("月报", "Monthly report");
const ALL_SITES: Said = w("全部单位", "All sites");
const NOT_OVER: Said = w("本期尚未结束，数据截至制表时间。", "This span is not over: the figures are those up to now.");

const ALERTS: Said = w("警情与误报", "Alerts and false alarms");
const NONE: Said = w("这段时间没有警情。", "No alerts in this span.");
const CLASS: Said = w("类别", "Class");
const RAISED: Said = w("警情", "Alerts");
const REAL: Said = w("真实", "Real");
const FALSE: Said = w("误报", "False");
const FALSE_RATIO: Said = w("误报率", "False ratio");
const FALSE_HINT: Said =
    w("误报率 = 误报 /（真实 + 误报 + 无法联系）", "False ratio = false / (real + false + nobody reached)");
const DRILLS: Said = w("演练", "Drills");
const UNREACHABLE: Said = w("无法联系", "Nobody reached");
const UNJUDGED: Said = w("未核实", "Not verified");
const UNCLOSED: Said = w("未结案", "Not closed");
const RESPONSE: Said =
    w("响应时间（自报警起：中位 / 九成 / 最长）", "Response times (from the alarm: median / 90 % / longest)");
const STEPS: [Said; 4] =
    [w("确认", "Acknowledged"), w("核实", "Verified"), w("转报", "Forwarded"), w("结案", "Closed")];
const CAUSES: Said = w("误报原因", "Causes of false alarms");
const COUNT: Said = w("次数", "Count");
const OFFENDERS: Said = w("报警最多的设备", "Devices that raise most");
const DEVICE: Said = w("设备", "Device");
const SITE: Said = w("单位", "Site");
const AVAILABILITY: Said = w("设备在线率", "Availability of devices");
const RATIO: Said = w("在线率", "Availability");
const DEVICES: Said = w("设备数", "Devices");
const UNHEARD: Said = w("未上报", "Not heard");
const UNHEARD_HINT: Said = w(
    "整段时间没有上报、也没有离线警情的设备不计入在线率。",
    "Devices that sent nothing and have no offline alert do not count.",
);
const OUTAGES: Said = w("离线次数", "Outages");
const OFFLINE: Said = w("离线时长", "Offline for");
const AWAY: Said = w("离线最久的设备", "Devices that were away longest");

impl Report {
    pub(crate) fn written(&self, names: &Names, language: Language) -> WrittenReport {
        let say = |said: Said| said.pick(language).to_owned();
        let site =
            self.site.as_ref().map_or_else(|| say(ALL_SITES), |site| pick(&names.alert_site(site).name, language));
        let title = format!("{} · {site} · {}", say(period_name(self.span.period)), self.days(language));
        let mut page = Page::new(&title, language);
        let made = day_and_minute(self.made_at, &zone(&self.time_zone));
        page.note(&match language {
            Language::Zh => format!("制表时间 {made}（{}）", self.time_zone),
            Language::En => format!("Made at {made} ({})", self.time_zone),
        });
        if self.made_at < self.span.to {
            page.note(&say(NOT_OVER));
        }
        self.write_alerts(&mut page, language);
        self.write_response(&mut page, language);
        self.write_causes(&mut page, language);
        self.write_offenders(&mut page, names, language);
        self.write_availability(&mut page, names, language);
        self.write_duty(&mut page, names, language);
        let (html, text) = page.finish();
        WrittenReport { title, html, text }
    }

    fn days(&self, language: Language) -> String {
        let ReportSpan { first, last, .. } = &self.span;
        match language {
            _ if first == last => first.clone(),
            Language::Zh => format!("{first} 至 {last}"),
            Language::En => format!("{first} to {last}"),
        }
    }

    fn write_alerts(&self, page: &mut Page, language: Language) {
        let say = |said: Said| said.pick(language).to_owned();
        page.section(&say(ALERTS));
        let heads = [CLASS, RAISED, REAL, FALSE, FALSE_RATIO, DRILLS, UNREACHABLE, UNJUDGED, UNCLOSED].map(say);
        let row = |one: &ClassFigures| {
            let counts = [one.drills, one.unreachable, one.unjudged, one.unclosed].map(|count| count.to_string());
            let [drills, unreachable, unjudged, unclosed] = counts;
            vec![
                say(words::class(one.class)),
                one.raised.to_string(),
                one.real.to_string(),
                one.false_alarms.to_string(),
                percent(one.false_ratio()),
                drills,
                unreachable,
                unjudged,
                unclosed,
            ]
        };
        if self.figures.alerts.classes.is_empty() {
            page.note(&say(NONE));
        } else {
            page.table(&heads, self.figures.alerts.classes.iter().map(row).collect());
            page.note(&say(FALSE_HINT));
        }
        if self.figures.alerts.tests > 0 {
            let n = self.figures.alerts.tests;
            page.note(
                match language {
                    Language::Zh => format!("另有 {n} 条属于测试，未计入。"),
                    Language::En => format!("{n} more belong to tests and are not counted."),
                }
                .as_str(),
            );
        }
    }

    fn write_response(&self, page: &mut Page, language: Language) {
        if self.figures.alerts.classes.is_empty() {
            return;
        }
        page.section(RESPONSE.pick(language));
        let heads: Vec<String> = [CLASS].into_iter().chain(STEPS).map(|said| said.pick(language).to_owned()).collect();
        let row = |one: &ClassFigures| {
            let reached = [one.acknowledged, one.verified, one.forwarded, one.closed];
            let times = reached.into_iter().map(|times| times_text(times, language));
            [words::class(one.class).pick(language).to_owned()].into_iter().chain(times).collect()
        };
        page.table(&heads, self.figures.alerts.classes.iter().map(row).collect());
    }

    fn write_causes(&self, page: &mut Page, language: Language) {
        if self.figures.alerts.causes.is_empty() {
            return;
        }
        page.section(CAUSES.pick(language));
        let heads = [CAUSES, COUNT].map(|said| said.pick(language).to_owned());
        let rows = self.figures.alerts.causes.iter();
        let row = |(cause, count): &(_, u64)| vec![words::cause(*cause).pick(language).to_owned(), count.to_string()];
        page.table(&heads, rows.map(row).collect());
    }

    fn write_offenders(&self, page: &mut Page, names: &Names, language: Language) {
        if self.figures.alerts.offenders.is_empty() {
            return;
        }
        page.section(OFFENDERS.pick(language));
        let heads = [DEVICE, RAISED, FALSE].map(|said| said.pick(language).to_owned());
        let row = |one: &watchfire_archive::Offender| {
            vec![device(&one.device, names, language), one.raised.to_string(), one.false_alarms.to_string()]
        };
        page.table(&heads, self.figures.alerts.offenders.iter().map(row).collect());
    }

    fn write_availability(&self, page: &mut Page, names: &Names, language: Language) {
        if self.figures.availability.sites.is_empty() {
            return;
        }
        page.section(AVAILABILITY.pick(language));
        let heads = [SITE, RATIO, DEVICES, UNHEARD, OUTAGES, OFFLINE].map(|said| said.pick(language).to_owned());
        let row = |one: &watchfire_archive::SiteAvailability| {
            vec![
                pick(&names.alert_site(&one.site).name, language),
                percent(availability_ratio(one.watched, one.offline)),
                one.devices.to_string(),
                one.unheard.to_string(),
                one.outages.to_string(),
                time(one.offline, language),
            ]
        };
        page.table(&heads, self.figures.availability.sites.iter().map(row).collect());
        page.note(UNHEARD_HINT.pick(language));
        let away = most_away(&self.figures.availability);
        if away.is_empty() {
            return;
        }
        page.section(AWAY.pick(language));
        let heads = [DEVICE, RATIO, OUTAGES, OFFLINE].map(|said| said.pick(language).to_owned());
        let row = |one: &watchfire_archive::DeviceAvailability| {
            vec![
                device(&one.device, names, language),
                percent(availability_ratio(one.watched, one.offline)),
                one.outages.to_string(),
                time(one.offline, language),
            ]
        };
        page.table(&heads, away.into_iter().map(row).collect());
    }

    fn write_duty(&self, page: &mut Page, names: &Names, language: Language) {
        if self.figures.duty.is_empty() {
            return;
        }
        page.section(words::DUTY.pick(language));
        let heads: Vec<String> =
            [DEVICE].into_iter().chain(words::DUTY_FIGURES).map(|said| said.pick(language).to_owned()).collect();
        let row = |one: &DutyOfDevice| {
            let of = &one.figures;
            let counts = [of.asked, of.answered, of.late, of.missed, of.unreachable, of.denied, of.interrupted];
            let seconds = |answer_s: Option<u32>| {
                answer_s.map_or_else(|| "–".to_owned(), |answer_s| time(Duration::from_secs(answer_s.into()), language))
            };
            let mut cells = vec![device(&one.device, names, language)];
            cells.extend(counts.map(|count| count.to_string()));
            cells.extend([of.median_s, of.worst_s].map(seconds));
            cells
        };
        page.table(&heads, self.figures.duty.iter().map(row).collect());
    }
}

fn period_name(period: Period) -> Said {
    match period {
        Period::Day => DAILY,
        Period::Week => WEEKLY,
        Period::Month => MONTHLY,
    }
}

fn pick(text: &Text, language: Language) -> String {
    match language {
        Language::En => text.en.as_str().to_owned(),
        Language::Zh => text.zh.as_str().to_owned(),
    }
}

fn device(key: &DeviceKey, names: &Names, language: Language) -> String {
    let site = pick(&names.alert_site(&key.site).name, language);
    format!("{site} · {}", pick(&AlertDevice::new(key, names).label, language))
}

/// Rounded down: what was not there all the time is never 100 %.
fn percent(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{:.2} %", (ratio * 10_000.0).floor() / 100.0))
}

fn times_text(of: ResponseTimes, language: Language) -> String {
    if of.count == 0 {
        return "–".to_owned();
    }
    let [median, p90, max] = [of.median, of.p90, of.max].map(|one| time(one, language));
    match language {
        Language::Zh => format!("{median} / {p90} / {max}（{} 条）", of.count),
        Language::En => format!("{median} / {p90} / {max} ({})", of.count),
    }
}

/// As the pages have it: `8 s`, `5 min`, `3 h`, `2 d`, rounded down.
fn time(time: Duration, language: Language) -> String {
    let seconds = time.as_secs();
    let (count, said) = match seconds {
        0..120 => (seconds, w("秒", "s")),
        120..7_200 => (seconds / 60, w("分钟", "min")),
        7_200..172_800 => (seconds / 3_600, w("小时", "h")),
        _ => (seconds / 86_400, w("天", "d")),
    };
    format!("{count} {}", said.pick(language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_reports_says_the_same() {
        let pages = include_str!("../web/src/words/reports.ts");
        let said = [
            [ALERTS, RAISED, REAL, FALSE, FALSE_RATIO, FALSE_HINT, DRILLS, UNREACHABLE],
            [UNJUDGED, UNCLOSED, RESPONSE, CAUSES, COUNT, OFFENDERS, AVAILABILITY, RATIO],
            [DEVICES, UNHEARD, UNHEARD_HINT, OUTAGES, OFFLINE, AWAY, NONE, NONE],
        ];
        for Said { zh, en } in said.into_iter().flatten().chain(STEPS) {
            assert!(pages.contains(&format!("w(\"{zh}\", \"{en}\")")), "{zh} {en}");
        }
    }

    #[test]
    fn a_part_of_an_outage_is_never_all_of_the_time() {
        assert_eq!(percent(Some(0.999_999)), "99.99 %");
        assert_eq!(percent(Some(1.0)), "100.00 %");
        assert_eq!(percent(None), "–");
    }
}
