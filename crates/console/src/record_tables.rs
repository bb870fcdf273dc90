//! Incidents, duty checks, rounds of questions and the audit as tables, one a row.

use crate::names::Names;
use crate::table::{Cell, Column, column, column_in};
use crate::view::AlertDevice;
use crate::words::{self, w};
use watchfire_archive::{AuditRow, DutyCheckRow, IncidentLife, InspectionRow};
use watchfire_model::sites::Language::{En, Zh};
use watchfire_model::{DeviceKey, Timestamp};

pub(crate) const INCIDENTS: &[Column] = &[
    column("id", w("编号", "Number")),
    column("class", w("类别", "Class")),
    column("severity", w("级别", "Severity")),
    column("test", w("测试", "Test")),
    column("site", w("单位编号", "Site id")),
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column("building", w("建筑", "Building")),
    column("alerts", w("警情数", "Alerts")),
    column("time_zone", w("时区", "Time zone")),
    column("opened_at", w("开始", "Began")),
    column("acknowledged_at", w("确认时间", "Acknowledged")),
    column("verified_at", w("核实时间", "Verified")),
    column("forwarded_at", w("转报时间", "Forwarded")),
    column("closed_at", w("结束", "Over")),
    column("acknowledged_after_s", w("确认用时（秒）", "Acknowledged after (s)")),
    column("verified_after_s", w("核实用时（秒）", "Verified after (s)")),
    column("forwarded_after_s", w("转报用时（秒）", "Forwarded after (s)")),
    column("closed_after_s", w("结束用时（秒）", "Over after (s)")),
    column("reopened", w("再次发生次数", "Opened again")),
    column("reopened_at", w("再次发生时间", "Opened again at")),
];

pub(crate) const DUTY_CHECKS: &[Column] = &[
    column("site", w("单位编号", "Site id")),
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column("device", w("装置编号", "Device id")),
    column_in(En, "device_en", w("装置", "Device")),
    column_in(Zh, "device_zh", w("装置", "Device")),
    column("by", w("发起", "By")),
    column("asked_at", w("查岗时间", "Asked")),
    column("answer_min", w("时限（分钟）", "Limit (min)")),
    column("confirmed_at", w("装置响铃时间", "The device rang")),
    column("answered_at", w("应答时间", "Answered")),
    column("answer_s", w("应答用时（秒）", "Answered after (s)")),
    column("operator", w("操作员", "Operator")),
    column("escalated_at", w("超时报警时间", "Alerted")),
    column("outcome", w("结果", "Outcome")),
];

pub(crate) const INSPECTIONS: &[Column] = &[
    column("site", w("单位编号", "Site id")),
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column("device", w("装置编号", "Device id")),
    column_in(En, "device_en", w("装置", "Device")),
    column_in(Zh, "device_zh", w("装置", "Device")),
    column("kind", w("种类", "Kind")),
    column("by", w("发起", "By")),
    column("asked_at", w("开始", "Began")),
    column("ended_at", w("结束", "Ended")),
    column("answered", w("已应答", "Answered")),
    column("denied", w("被否认", "Denied")),
    column("outcome", w("结果", "Outcome")),
];

pub(crate) const AUDIT: &[Column] = &[
    column("seq", w("序号", "Entry")),
    column("at", w("时间", "Time")),
    column("by", w("人员", "Who")),
    column("action", w("操作", "Action")),
    column("subject", w("对象", "Subject")),
    column("detail", w("说明", "Detail")),
];

/// The cells of one incident.
pub(crate) fn incident(life: &IncidentLife, names: &Names) -> Vec<Cell> {
    let of = &life.incident;
    let site = names.alert_site(&of.site);
    let reached = [life.acknowledged_at, life.verified_at, life.forwarded_at, of.closed_at];
    let time = |at: Option<Timestamp>| time(at, site.time_zone.as_str());
    let after =
        |at: Option<Timestamp>| at.map_or(Cell::Empty, |at| Cell::Seconds(at.since(of.opened_at).as_secs_f64()));
    let mut cells = vec![
        Cell::text(of.id.to_string()),
        Cell::Word(of.class.as_str(), words::class(of.class)),
        Cell::Word(of.severity.as_str(), words::severity(of.severity)),
        Cell::flag(of.test),
        Cell::text(of.site.as_str()),
        Cell::text(site.name.en.as_str()),
        Cell::text(site.name.zh.as_str()),
        Cell::text(of.building.as_deref().unwrap_or("")),
        Cell::count(of.alerts.into()),
        Cell::text(site.time_zone.as_str()),
        time(Some(of.opened_at)),
    ];
    cells.extend(reached.map(time));
    cells.extend(reached.map(after));
    cells.extend([Cell::count(of.reopened.into()), time(of.reopened_at)]);
    cells
}

/// The cells of one duty check.
pub(crate) fn duty_check(of: &DutyCheckRow, names: &Names) -> Vec<Cell> {
    let (mut cells, zone) = device_cells(&of.device, names);
    let number = |number: Option<u32>| number.map_or(Cell::Empty, |number| Cell::count(number.into()));
    cells.extend([
        Cell::text(of.by.as_deref().unwrap_or("")),
        time(Some(of.asked_at), &zone),
        Cell::count(of.answer_min.into()),
        time(of.confirmed_at, &zone),
        time(of.answered_at, &zone),
        of.answer_s.map_or(Cell::Empty, |answer_s| Cell::Seconds(answer_s.into())),
        number(of.operator),
        time(of.escalated_at, &zone),
        Cell::text(of.outcome.as_str()),
    ]);
    cells
}

/// The cells of one round of questions.
pub(crate) fn inspection(of: &InspectionRow, names: &Names) -> Vec<Cell> {
    let (mut cells, zone) = device_cells(&of.device, names);
    cells.extend([
        Cell::text(of.kind.as_str()),
        Cell::text(of.by.as_deref().unwrap_or("")),
        time(Some(of.asked_at), &zone),
        time(Some(of.ended_at), &zone),
        Cell::count(of.answered.into()),
        Cell::count(of.denied.into()),
        Cell::text(of.outcome.as_str()),
    ]);
    cells
}

/// The cells of one line of the audit.
pub(crate) fn audit_line(of: &AuditRow) -> Vec<Cell> {
    vec![
        Cell::text(of.seq.0.to_string()),
        time(Some(of.at), "Etc/UTC"),
        Cell::text(of.by.as_deref().unwrap_or("")),
        Cell::text(of.action.as_str()),
        Cell::text(of.subject.as_str()),
        Cell::text(of.detail.as_str()),
    ]
}

/// Site and device by id and name, and the site's time zone.
fn device_cells(key: &DeviceKey, names: &Names) -> (Vec<Cell>, String) {
    let (site, label) = (names.alert_site(&key.site), AlertDevice::new(key, names).label);
    let texts = [
        key.site.as_str(),
        site.name.en.as_str(),
        site.name.zh.as_str(),
        key.name.as_str(),
        label.en.as_str(),
        label.zh.as_str(),
    ];
    (texts.map(Cell::text).into(), site.time_zone.as_str().to_owned())
}

fn time(at: Option<Timestamp>, time_zone: &str) -> Cell {
    at.map_or(Cell::Empty, |at| Cell::Time(at, time_zone.to_owned()))
}
