//! Figures of a span as tables: the sheets of a workbook, or each by itself.

use crate::names::Names;
use crate::report::SpanFigures;
use crate::table::{Cell, Column, column, column_in};
use crate::view::{AlertDevice, most_away};
use crate::words::{self, Said, w};
use crate::xlsx::Xlsx;
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;
use watchfire_archive::{
    ClassFigures, DeviceAvailability, DutyOfDevice, Offender, ResponseTimes, SiteAvailability, availability_ratio,
    verdict_words,
};
use watchfire_model::sites::Language::{En, Zh};
use watchfire_model::{DeviceKey, FalseCause, Verdict};

const CLASSES: &[Column] = &[
    column("class", w("类别", "Class")),
    column("raised", w("警情", "Alerts")),
    column("real", w("真实", "Real")),
    column("false_alarms", w("误报", "False")),
    column("false_ratio", w("误报率", "False ratio")),
    column("drills", w("演练", "Drills")),
    column("unreachable", w("联系不上", "Nobody reached")),
    column("unjudged", w("未核实", "Not verified")),
    column("unclosed", w("未结案", "Not closed")),
    column("acknowledged", w("已确认", "Acknowledged")),
    column("acknowledged_median_s", w("确认中位（秒）", "Acknowledged: median (s)")),
    column("acknowledged_p90_s", w("确认九成（秒）", "Acknowledged: 90 % (s)")),
    column("acknowledged_max_s", w("确认最长（秒）", "Acknowledged: longest (s)")),
    column("verified", w("已核实", "Verified")),
    column("verified_median_s", w("核实中位（秒）", "Verified: median (s)")),
    column("verified_p90_s", w("核实九成（秒）", "Verified: 90 % (s)")),
    column("verified_max_s", w("核实最长（秒）", "Verified: longest (s)")),
    column("forwarded", w("已转报", "Forwarded")),
    column("forwarded_median_s", w("转报中位（秒）", "Forwarded: median (s)")),
    column("forwarded_p90_s", w("转报九成（秒）", "Forwarded: 90 % (s)")),
    column("forwarded_max_s", w("转报最长（秒）", "Forwarded: longest (s)")),
    column("closed", w("已结案", "Closed")),
    column("closed_median_s", w("结案中位（秒）", "Closed: median (s)")),
    column("closed_p90_s", w("结案九成（秒）", "Closed: 90 % (s)")),
    column("closed_max_s", w("结案最长（秒）", "Closed: longest (s)")),
];

const CAUSES: &[Column] = &[column("cause", w("误报原因", "Cause")), column("count", w("次数", "Count"))];

const OFFENDERS: &[Column] = &[
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column_in(En, "device_en", w("设备", "Device")),
    column_in(Zh, "device_zh", w("设备", "Device")),
    column("device", w("设备编号", "Device id")),
    column("raised", w("警情", "Alerts")),
    column("false_alarms", w("误报", "False")),
];

const SITES: &[Column] = &[
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column("ratio", w("在线率", "Availability")),
    column("devices", w("设备数", "Devices")),
    column("unheard", w("未上报", "Not heard")),
    column("outages", w("离线次数", "Outages")),
    column("offline_s", w("离线时长（秒）", "Offline for (s)")),
];

const AWAY: &[Column] = &[
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column_in(En, "device_en", w("设备", "Device")),
    column_in(Zh, "device_zh", w("设备", "Device")),
    column("device", w("设备编号", "Device id")),
    column("ratio", w("在线率", "Availability")),
    column("outages", w("离线次数", "Outages")),
    column("offline_s", w("离线时长（秒）", "Offline for (s)")),
];

const DUTY: &[Column] = &[
    column_in(En, "site_en", w("单位", "Site")),
    column_in(Zh, "site_zh", w("单位", "Site")),
    column_in(En, "device_en", w("设备", "Device")),
    column_in(Zh, "device_zh", w("设备", "Device")),
    column("device", w("设备编号", "Device id")),
    column("asked", w("查岗次数", "Asked")),
    column("answered", w("按时", "In time")),
    column("late", w("迟到", "Late")),
    column("missed", w("未应答", "Missed")),
    column("unreachable", w("联系不上", "Unreachable")),
    column("denied", w("拒绝", "Denied")),
    column("interrupted", w("中断", "Interrupted")),
    column("median_s", w("应答中位（秒）", "Median answer (s)")),
    column("worst_s", w("最长应答（秒）", "Longest answer (s)")),
];

/// A table of figures: a sheet of the workbook, or a file of its own.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FigureSheet {
    /// Alerts, findings and response times by class.
    Classes,
    /// Why alerts were false.
    Causes,
    /// The devices that raise most.
    Offenders,
    /// How much of the span the devices of each site were there.
    Sites,
    /// The devices that were away longest.
    Away,
    /// Duty checks by transmission device.
    Duty,
}

impl FigureSheet {
    /// In the order of the workbook.
    const ALL: [FigureSheet; 6] = [
        FigureSheet::Classes,
        FigureSheet::Causes,
        FigureSheet::Offenders,
        FigureSheet::Sites,
        FigureSheet::Away,
        FigureSheet::Duty,
    ];

    /// The name of its file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            FigureSheet::Classes => "alerts-by-class",
            FigureSheet::Causes => "causes",
            FigureSheet::Offenders => "most-alerts",
            FigureSheet::Sites => "availability",
            FigureSheet::Away => "longest-away",
            FigureSheet::Duty => "duty-checks-by-device",
        }
    }

    fn title(self) -> Said {
        match self {
            FigureSheet::Classes => w("警情与误报", "Alerts and false alarms"),
            FigureSheet::Causes => w("误报原因", "Causes"),
            FigureSheet::Offenders => w("报警最多的设备", "Most alerts"),
            FigureSheet::Sites => w("在线率", "Availability"),
            FigureSheet::Away => w("离线最久的设备", "Longest away"),
            FigureSheet::Duty => words::DUTY,
        }
    }

    pub(crate) fn columns(self) -> &'static [Column] {
        match self {
            FigureSheet::Classes => CLASSES,
            FigureSheet::Causes => CAUSES,
            FigureSheet::Offenders => OFFENDERS,
            FigureSheet::Sites => SITES,
            FigureSheet::Away => AWAY,
            FigureSheet::Duty => DUTY,
        }
    }

    /// A cell for each column.
    pub(crate) fn rows(self, figures: &SpanFigures, names: &Names) -> Vec<Vec<Cell>> {
        let SpanFigures { alerts: figures, availability, duty } = figures;
        match self {
            FigureSheet::Classes => figures.classes.iter().map(class_cells).collect(),
            FigureSheet::Causes => {
                let cells = |(cause, count): &(FalseCause, u64)| {
                    vec![
                        Cell::Word(verdict_words(Verdict::False(*cause)).1.unwrap_or(""), words::cause(*cause)),
                        Cell::count(*count),
                    ]
                };
                figures.causes.iter().map(cells).collect()
            }
            FigureSheet::Offenders => figures.offenders.iter().map(|one| offender_cells(one, names)).collect(),
            FigureSheet::Sites => availability.sites.iter().map(|one| site_cells(one, names)).collect(),
            FigureSheet::Away => most_away(availability).into_iter().map(|one| away_cells(one, names)).collect(),
            FigureSheet::Duty => duty.iter().map(|one| duty_cells(one, names)).collect(),
        }
    }
}

/// Writes a sheet for each table.
pub(crate) fn write(book: &mut Xlsx, figures: &SpanFigures, names: &Names) {
    for sheet in FigureSheet::ALL {
        book.sheet(sheet.title(), sheet.columns());
        for cells in sheet.rows(figures, names) {
            book.row(&cells);
        }
    }
}

fn offender_cells(of: &Offender, names: &Names) -> Vec<Cell> {
    let mut cells = device_cells(&of.device, names);
    cells.extend([Cell::count(of.raised), Cell::count(of.false_alarms)]);
    cells
}

fn site_cells(of: &SiteAvailability, names: &Names) -> Vec<Cell> {
    let name = names.alert_site(&of.site).name;
    vec![
        Cell::text(name.en.as_str()),
        Cell::text(name.zh.as_str()),
        ratio(availability_ratio(of.watched, of.offline)),
        Cell::count(of.devices),
        Cell::count(of.unheard),
        Cell::count(of.outages),
        Cell::Seconds(of.offline.as_secs_f64()),
    ]
}

fn away_cells(of: &DeviceAvailability, names: &Names) -> Vec<Cell> {
    let mut cells = device_cells(&of.device, names);
    cells.extend([
        ratio(availability_ratio(of.watched, of.offline)),
        Cell::count(of.outages),
        Cell::Seconds(of.offline.as_secs_f64()),
    ]);
    cells
}

fn duty_cells(one: &DutyOfDevice, names: &Names) -> Vec<Cell> {
    let of = &one.figures;
    let counts = [of.asked, of.answered, of.late, of.missed, of.unreachable, of.denied, of.interrupted];
    let seconds = |answer_s: Option<u32>| answer_s.map_or(Cell::Empty, |answer_s| Cell::Seconds(answer_s.into()));
    let mut cells = device_cells(&one.device, names);
    cells.extend(counts.map(|count| Cell::count(count.into())));
    cells.extend([of.median_s, of.worst_s].map(seconds));
    cells
}

fn class_cells(of: &ClassFigures) -> Vec<Cell> {
    let mut cells = vec![
        Cell::Word(of.class.as_str(), words::class(of.class)),
        Cell::count(of.raised),
        Cell::count(of.real),
        Cell::count(of.false_alarms),
        ratio(of.false_ratio()),
        Cell::count(of.drills),
        Cell::count(of.unreachable),
        Cell::count(of.unjudged),
        Cell::count(of.unclosed),
    ];
    for times in [of.acknowledged, of.verified, of.forwarded, of.closed] {
        cells.extend(times_cells(times));
    }
    cells
}

fn times_cells(of: ResponseTimes) -> [Cell; 4] {
    let time = |time: Duration| if of.count == 0 { Cell::Empty } else { Cell::Seconds(time.as_secs_f64()) };
    [Cell::count(of.count), time(of.median), time(of.p90), time(of.max)]
}

fn ratio(ratio: Option<f64>) -> Cell {
    ratio.map_or(Cell::Empty, Cell::Ratio)
}

/// Site and device in both languages, and the device's own name.
fn device_cells(device: &DeviceKey, names: &Names) -> Vec<Cell> {
    let (site, label) = (names.alert_site(&device.site).name, AlertDevice::new(device, names).label);
    [&site.en, &site.zh, &label.en, &label.zh]
        .map(|text| Cell::text(text.as_str()))
        .into_iter()
        .chain([Cell::text(device.name.as_str())])
        .collect()
}
