//! Alerts as a table, one a row.

use crate::names::Names;
use crate::table::{Cell, Column, column, column_in};
use crate::view::{AlertDevice, Text};
use crate::words::{self, Said, w};
use watchfire_archive::{AlertLife, verdict_words};
use watchfire_model::sites::Language::{En, Zh};
use watchfire_model::{Timestamp, Verdict};

pub(crate) const TITLE: Said = w("警情", "Alerts");

pub(crate) const COLUMNS: &[Column] = &[
    column("id", w("编号", "Number")),
    column("class", w("类别", "Class")),
    column("severity", w("级别", "Severity")),
    column("test", w("测试", "Test")),
    column("site", w("单位编号", "Site id")),
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column("zone", w("部位编号", "Zone id")),
    column("source", w("来源", "Source")),
    column("device", w("设备编号", "Device id")),
    column_in(En, "device_en", w("设备", "Device")),
    column_in(Zh, "device_zh", w("设备", "Device")),
    column("point", w("测点", "Point")),
    column("rule", w("规则", "Rule")),
    column_in(En, "reason_en", w("原因", "Reason")),
    column_in(Zh, "reason_zh", w("原因", "Reason")),
    column("condition", w("状态", "Condition")),
    column("handling", w("处置", "Handling")),
    column("verdict", w("核实结果", "Finding")),
    column("cause", w("误报原因", "Cause of a false alarm")),
    column("late", w("延迟上报", "Reported late")),
    column("time_zone", w("时区", "Time zone")),
    column("raised_at", w("报警时间", "Raised")),
    column("acknowledged_at", w("确认时间", "Acknowledged")),
    column("acknowledged_by", w("确认人", "Acknowledged by")),
    column("verified_at", w("核实时间", "Verified")),
    column("forwarded_at", w("转报时间", "Forwarded")),
    column("closed_at", w("结案时间", "Closed")),
    column("acknowledged_after_s", w("确认用时（秒）", "Acknowledged after (s)")),
    column("verified_after_s", w("核实用时（秒）", "Verified after (s)")),
    column("forwarded_after_s", w("转报用时（秒）", "Forwarded after (s)")),
    column("closed_after_s", w("结案用时（秒）", "Closed after (s)")),
];

/// The cells of one alert.
pub(crate) fn cells(life: &AlertLife, names: &Names) -> Vec<Cell> {
    let alert = &life.alert;
    let site = names.alert_site(&alert.site);
    let device = alert.device.as_ref();
    let label = device.map_or_else(|| Text::same(""), |device| AlertDevice::new(device, names).label);
    let (verdict, cause) = alert.verdict.map_or((None, None), verdict_words);
    let false_cause = match alert.verdict {
        Some(Verdict::False(cause)) => Some(words::cause(cause)),
        Some(Verdict::Real | Verdict::Test | Verdict::Unreachable) | None => None,
    };
    let reached = [alert.acknowledged_at, life.verified_at, life.forwarded_at, life.closed_at];
    let time = |at: Option<Timestamp>| at.map_or(Cell::Empty, |at| Cell::Time(at, site.time_zone.as_str().to_owned()));
    let after =
        |at: Option<Timestamp>| at.map_or(Cell::Empty, |at| Cell::Seconds(at.since(alert.raised_at).as_secs_f64()));
    let word = |word: Option<&'static str>, said: Option<Said>| {
        word.zip(said).map_or(Cell::Empty, |(word, said)| Cell::Word(word, said))
    };
    let [acknowledged, verified, forwarded, closed] = reached.map(time);
    let [acknowledged_after, verified_after, forwarded_after, closed_after] = reached.map(after);
    let condition = match alert.condition {
        watchfire_model::Condition::Active => "active",
        watchfire_model::Condition::Cleared => "cleared",
    };
    vec![
        Cell::text(alert.id.to_string()),
        Cell::Word(alert.class.as_str(), words::class(alert.class)),
        Cell::Word(alert.severity.as_str(), words::severity(alert.severity)),
        Cell::flag(alert.marks.test),
        Cell::text(alert.site.as_str()),
        Cell::text(site.name.en.as_str()),
        Cell::text(site.name.zh.as_str()),
        Cell::text(alert.zone.as_ref().map_or("", |zone| zone.as_str())),
        Cell::text(device.map_or("", |device| device.source.as_str())),
        Cell::text(device.map_or("", |device| device.name.as_str())),
        Cell::text(label.en.as_str()),
        Cell::text(label.zh.as_str()),
        Cell::text(alert.point.as_ref().map_or("", |point| point.as_str())),
        Cell::text(alert.rule.to_string()),
        Cell::text(alert.reason.en.as_str()),
        Cell::text(alert.reason.zh.as_str()),
        Cell::Word(condition, words::condition(alert.condition)),
        Cell::Word(alert.handling.as_str(), words::handling(alert.handling)),
        word(verdict, alert.verdict.map(words::verdict)),
        word(cause, false_cause),
        Cell::flag(alert.marks.late),
        Cell::text(site.time_zone.as_str()),
        time(Some(alert.raised_at)),
        acknowledged,
        Cell::text(alert.acknowledged_by.as_ref().map_or("", |by| by.as_str())),
        verified,
        forwarded,
        closed,
        acknowledged_after,
        verified_after,
        forwarded_after,
        closed_after,
    ]
}
