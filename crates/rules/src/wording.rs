//! Every sentence that a person reads, in English and Chinese, with the figures that decided.

use crate::rule::{Departure, Kind, Level, Rule};
use crate::trend::Leaving;
use crate::words::{figure, handling_words, metric_words, rounded, seconds, unit_sign};
use std::time::Duration;
use watchfire_model::{
    AlertId, Bilingual, DeviceKey, Handling, Notice, NoticeKind, OrderId, Reading, SiteId, UserName, Value, Verdict,
};

/// A reading met a rule.
pub(crate) fn met(label: &Bilingual, rule: &Rule, reading: &Reading, leaving: Option<Leaving>) -> Bilingual {
    let mut text = match &rule.kind {
        Kind::Threshold { level, .. } => beyond(label, *level, reading),
        Kind::Impossible { .. } => impossible(label, reading),
        Kind::Departure { departure, .. } if let Some(leaving) = leaving => {
            left_usual(label, departure, reading, leaving)
        }
        Kind::Departure { .. }
        | Kind::DeviceAlarm { .. }
        | Kind::Fusion(_)
        | Kind::Silent { .. }
        | Kind::Dose(_)
        | Kind::Stuck(_)
        | Kind::Flapping(_)
        | Kind::Cusum(_)
        | Kind::Gathering(_)
        | Kind::Expression(_) => {
            let what = metric_words(&reading.metric);
            let (en, zh, point) = (label.english(), label.chinese(), &reading.point);
            Bilingual::new(
                format!("{en} reports: {} (point {point})", what.en),
                format!("{zh} 报告：{}（测点 {point}）", what.zh),
            )
        }
    };
    add_duration(&mut text, rule.hold_s());
    text
}

/// Says for how long, where that was asked.
pub(crate) fn add_duration(text: &mut Bilingual, seconds: u32) {
    if seconds > 0 {
        text.en.push_str(&format!(", for {seconds} s"));
        text.zh.push_str(&format!("，已持续 {seconds} 秒"));
    }
}

fn beyond(label: &Bilingual, level: Level, reading: &Reading) -> Bilingual {
    let what = metric_words(&reading.metric);
    let (limit, value) = (figure(level.limit()), value_words(reading));
    let unit = unit_sign(&reading.metric);
    let (en_side, zh_side) = match level {
        Level::Above(_) => ("at or above", "达到或高于"),
        Level::Below(_) => ("at or below", "达到或低于"),
    };
    let (en, zh, point) = (label.english(), label.chinese(), &reading.point);
    Bilingual::new(
        format!("{} of {en} (point {point}) is {value}, {en_side} {limit}{unit}", what.en),
        format!("{zh}（测点 {point}）{}为 {value}，{zh_side} {limit}{unit}", what.zh),
    )
}

fn impossible(label: &Bilingual, reading: &Reading) -> Bilingual {
    let (what, value) = (metric_words(&reading.metric), value_words(reading));
    let (en, zh, point) = (label.english(), label.chinese(), &reading.point);
    Bilingual::new(
        format!("{} of {en} (point {point}) is {value}, which cannot be: the sensor or its wire is broken", what.en),
        format!("{zh}（测点 {point}）{}为 {value}，超出可能范围：传感器或接线故障", what.zh),
    )
}

/// A reading no longer meets a rule.
pub(crate) fn over(label: &Bilingual, rule: &Rule, reading: &Reading) -> Bilingual {
    let what = metric_words(&reading.metric);
    let (en, zh, point) = (label.english(), label.chinese(), &reading.point);
    match &rule.kind {
        Kind::Threshold { level, hysteresis, clear_after_s, .. } => {
            let back = figure(level.way_back(*hysteresis));
            let (value, unit) = (value_words(reading), unit_sign(&reading.metric));
            let (en_side, zh_side) = match level {
                Level::Above(_) => ("below", "已回落到"),
                Level::Below(_) => ("above", "已回升到"),
            };
            let zh_end = match level {
                Level::Above(_) => "以下",
                Level::Below(_) => "以上",
            };
            let mut text = Bilingual::new(
                format!("{} of {en} (point {point}) is {value}, back {en_side} {back}{unit}", what.en),
                format!("{zh}（测点 {point}）{}为 {value}，{zh_side} {back}{unit} {zh_end}", what.zh),
            );
            add_duration(&mut text, *clear_after_s);
            text
        }
        Kind::Departure { .. }
        | Kind::Impossible { .. }
        | Kind::Dose(_)
        | Kind::Stuck(_)
        | Kind::Cusum(_)
        | Kind::Gathering(_)
        | Kind::Expression(_) => {
            let value = value_words(reading);
            let mut text = Bilingual::new(
                format!("{} of {en} (point {point}) is {value}, as usual again", what.en),
                format!("{zh}（测点 {point}）{}为 {value}，已恢复平常", what.zh),
            );
            add_duration(&mut text, rule.clear_after_s());
            text
        }
        Kind::Flapping(flapping) => Bilingual::new(
            format!("{} of {en} (point {point}) no longer comes and goes, for {} s", what.en, flapping.clear_after_s),
            format!("{zh}（测点 {point}）{}已不再反复变化，已持续 {} 秒", what.zh, flapping.clear_after_s),
        ),
        Kind::DeviceAlarm { .. } | Kind::Fusion(_) | Kind::Silent { .. } => {
            let mut text = Bilingual::new(
                format!("{en} no longer reports: {} (point {point})", what.en),
                format!("{zh} 不再报告：{}（测点 {point}）", what.zh),
            );
            if let Kind::DeviceAlarm { clear_after_s, .. } = &rule.kind {
                add_duration(&mut text, *clear_after_s);
            }
            text
        }
    }
}

/// A value has left what is usual for it.
pub(crate) fn left_usual(label: &Bilingual, departure: &Departure, reading: &Reading, leaving: Leaving) -> Bilingual {
    let what = metric_words(&reading.metric);
    let unit = unit_sign(&reading.metric);
    let (value, by, usual, noise) =
        (value_words(reading), rounded(leaving.by), rounded(leaving.usual), rounded(leaving.noise));
    let memory_s = departure.spec.usual_s;
    let (en, zh, point) = (label.english(), label.chinese(), &reading.point);
    Bilingual::new(
        format!(
            "{} of {en} (point {point}) is {value}, its mean of {memory_s} s was {usual}{unit} (smoothed difference \
             {by}{unit}, noise {noise}{unit})",
            what.en
        ),
        format!(
            "{zh}（测点 {point}）{}为 {value}，此前 {memory_s} 秒均值为 {usual}{unit}（平滑差值 {by}{unit}，噪声 {noise}{unit}）",
            what.zh
        ),
    )
}

/// What speaks against a fire beside what speaks for it.
pub(crate) fn speaks_against(text: Bilingual) -> Bilingual {
    Bilingual::new(format!("against it: {}", text.en), format!("反证：{}", text.zh))
}

/// Several senses of one place.
pub(crate) fn together(place: &Bilingual, told: &[Bilingual]) -> Bilingual {
    let en: Vec<&str> = told.iter().map(|part| part.en.as_str()).collect();
    let zh: Vec<&str> = told.iter().map(|part| part.zh.as_str()).collect();
    Bilingual::new(format!("{}: {}", place.english(), en.join("; ")), format!("{}：{}", place.chinese(), zh.join("；")))
}

/// Several senses of one place are as usual.
pub(crate) fn together_over(place: &Bilingual) -> Bilingual {
    Bilingual::new(
        format!("{}: what was measured is as usual again", place.english()),
        format!("{}：各测量值已恢复平常", place.chinese()),
    )
}

/// An order comes under the id of another one.
pub(crate) fn order_id_taken(id: &OrderId) -> Bilingual {
    Bilingual::new(
        format!("the order id {id} was used for another order: nothing was done; send this one under an id of its own"),
        format!("指令编号 {id} 已用于另一条指令，本次未执行；请使用新的编号重新发送"),
    )
}

/// What the station said of itself before it was restarted.
pub(crate) fn station_restarted() -> Bilingual {
    Bilingual::new(
        "the station was restarted: what still holds is reported anew",
        "系统已重新启动：仍存在的情况将重新上报",
    )
}

/// An alarm was told that a newer reading had overtaken.
pub(crate) fn overtaken(label: &Bilingual, reading: &Reading) -> Bilingual {
    let what = metric_words(&reading.metric);
    Bilingual::new(
        format!("{} has already reported that it is over: {}", label.english(), what.en),
        format!("{} 此前已报告恢复：{}", label.chinese(), what.zh),
    )
}

/// The reading came late.
pub(crate) fn add_late(text: &mut Bilingual, at: &str, by: Duration) {
    text.en.push_str(&format!("; measured at {at}, received {} s later", by.as_secs()));
    text.zh.push_str(&format!("；测量时间 {at}，迟到 {} 秒", by.as_secs()));
}

/// The device's clock is far off.
pub(crate) fn add_disbelieved(text: &mut Bilingual, said: &str) {
    text.en.push_str(&format!("; the device's clock says {said}, which is not believed"));
    text.zh.push_str(&format!("；设备时钟为 {said}，不可信，按接收时间处理"));
}

/// A device is silent.
pub(crate) fn silent(label: &Bilingual, for_s: u32, last_seen: Option<String>) -> Bilingual {
    let (en, zh) = (label.english(), label.chinese());
    match last_seen {
        Some(at) => Bilingual::new(
            format!("nothing heard from {en} for {for_s} s; last heard at {at}"),
            format!("已 {for_s} 秒没有收到 {zh} 的消息，最后一次为 {at}"),
        ),
        None => Bilingual::new(
            format!("nothing ever heard from {en}, for {for_s} s"),
            format!("从未收到 {zh} 的消息，已 {for_s} 秒"),
        ),
    }
}

/// A device said that it is gone, or its will did.
pub(crate) fn gone(label: &Bilingual, since: &str) -> Bilingual {
    Bilingual::new(
        format!("{} has been offline since {since}, as its status says", label.english()),
        format!("{} 状态为离线，自 {since} 起", label.chinese()),
    )
}

/// A silent device spoke.
pub(crate) fn heard_again(label: &Bilingual) -> Bilingual {
    Bilingual::new(format!("{} is heard again", label.english()), format!("{} 已恢复通信", label.chinese()))
}

/// The station says something about itself.
pub(crate) fn notice(notice: &Notice) -> Bilingual {
    let (en, zh) = match notice.kind {
        NoticeKind::DiskFilling => ("the disk is filling up", "磁盘空间不足"),
        NoticeKind::DiskNearlyFull => ("the disk is nearly full", "磁盘即将写满"),
        NoticeKind::DiskFull => (
            "the disk is full: when the journal's reserve is used up, readings are not acknowledged",
            "磁盘已满：日志预留空间用尽后将停止确认上报数据",
        ),
        NoticeKind::ArchiveGap => ("the archive has a gap", "历史库存在缺口"),
        NoticeKind::ArchiveDown => ("the archive cannot be written", "历史库无法写入"),
        NoticeKind::EntrySkipped => ("a journal entry was skipped", "跳过了一条日志记录"),
        NoticeKind::ReplayDiffers => ("a replay gave other alerts than were told", "重放结果与已发出的报警不一致"),
        NoticeKind::ChannelDown => ("messages cannot be delivered", "通知通道无法送达"),
        NoticeKind::LoginAttack => ("wrong credentials, again and again", "反复使用错误凭据登录"),
        NoticeKind::DoubleIdentity => ("one identity on two connections", "同一身份出现两个连接"),
        NoticeKind::Flood => ("a device sends faster than it may", "设备上报过于频繁"),
        NoticeKind::JournalDamaged => ("a part of the journal cannot be read", "部分日志无法读取"),
        NoticeKind::HistoryLost => ("history was given up to free the disk", "为腾出磁盘空间删除了历史数据"),
        NoticeKind::EvidenceLost => ("evidence was given up to free the disk", "为腾出磁盘空间删除了原始留证"),
        NoticeKind::PartDown => ("a part of the station does not run", "本站有一个部件停止运行"),
        NoticeKind::InspectionUnanswered => {
            ("a transmission device does not answer its inspection", "用户信息传输装置未应答巡检")
        }
        NoticeKind::DutyUnanswered => ("nobody answers the duty check", "查岗无人应答"),
        NoticeKind::ReportUnsent => ("a report cannot be sent", "报表无法发送"),
    };
    let over = if notice.active { ("", "") } else { ("over: ", "已恢复：") };
    let mut text = Bilingual::new(format!("{}{en}", over.0), format!("{}{zh}", over.1));
    let subject = Bilingual::same(&notice.subject);
    for part in [&subject, &notice.detail] {
        if !part.is_empty() {
            text.en.push_str(&format!("; {}", part.english()));
            text.zh.push_str(&format!("；{}", part.chinese()));
        }
    }
    text
}

/// The wall clock stepped.
pub(crate) fn clock_step(ahead_us: i64) -> Bilingual {
    let by = figure(seconds(ahead_us.unsigned_abs()));
    let (en, zh) = if ahead_us < 0 { ("back", "向后") } else { ("forward", "向前") };
    Bilingual::new(
        format!("the station's clock was set {en} by {by} s; its own time goes on and nears the clock slowly"),
        format!("系统时钟{zh}跳变 {by} 秒；本站时间连续运行并缓慢校正"),
    )
}

/// A site has more unclaimed devices than are watched.
pub(crate) fn too_many_devices(site: &SiteId) -> Bilingual {
    let max = crate::fleet::UNCLAIMED_DEVICES_PER_SITE_MAX;
    Bilingual::new(
        format!(
            "site {site} has more than {max} devices that are not in the set-up; of further ones only alarms count"
        ),
        format!("站点 {site} 未登记设备超过 {max} 台；其余设备仅处理其报警"),
    )
}

/// A device has more series than are watched.
pub(crate) fn too_many_series(device: &DeviceKey) -> Bilingual {
    let name = &device.name;
    Bilingual::new(
        format!("device {name} sends more kinds of readings than are watched; of further ones only alarms count"),
        format!("设备 {name} 的测点数量超过上限；其余测点仅处理其报警"),
    )
}

pub(crate) fn acknowledged(by: &UserName) -> Bilingual {
    Bilingual::new(format!("acknowledged by {by}"), format!("{by} 已确认收到"))
}

pub(crate) fn verified(by: &UserName, verdict: Verdict, note: &str) -> Bilingual {
    let (en, zh) = match verdict {
        Verdict::Real => ("real", "真实"),
        Verdict::False(_) => ("a false alarm", "误报"),
        Verdict::Test => ("a test", "测试"),
        Verdict::Unreachable => ("nobody could be reached; treated as real", "无法联系现场，按真实处理"),
    };
    with_note(Bilingual::new(format!("verified by {by}: {en}"), format!("{by} 核实：{zh}")), note)
}

pub(crate) fn forwarded(by: &UserName, to: &str) -> Bilingual {
    Bilingual::new(format!("forwarded by {by} to {to}"), format!("{by} 已转交 {to}"))
}

pub(crate) fn closed(by: &UserName, note: &str) -> Bilingual {
    with_note(Bilingual::new(format!("closed by {by}"), format!("{by} 已关闭")), note)
}

pub(crate) fn cleared_by_closing(by: &UserName) -> Bilingual {
    Bilingual::new(format!("the latch was released by {by}"), format!("{by} 解除锁定"))
}

pub(crate) fn reopened(by: &UserName, note: &str) -> Bilingual {
    with_note(Bilingual::new(format!("reopened by {by}"), format!("{by} 重新打开")), note)
}

fn with_note(mut text: Bilingual, note: &str) -> Bilingual {
    if !note.is_empty() {
        text.en.push_str(&format!("; {note}"));
        text.zh.push_str(&format!("；{note}"));
    }
    text
}

pub(crate) fn unknown_alert(id: AlertId) -> Bilingual {
    Bilingual::new(
        format!("alert {id} is not open: look in the history; what was closed over a day ago cannot be changed"),
        format!("报警 {id} 不在处理中：请查看历史；关闭超过一天的报警不能再更改"),
    )
}

pub(crate) fn already_handled(handling: Handling, by: Option<&UserName>) -> Bilingual {
    let words = handling_words(handling);
    let mut text = Bilingual::new(format!("it is already {}", words.en), format!("该报警{}", words.zh));
    if let Some(by) = by {
        text.en.push_str(&format!("; {by} has seen it"));
        text.zh.push_str(&format!("，{by} 已查看"));
    }
    text
}

pub(crate) fn already_open() -> Bilingual {
    Bilingual::new("it is open", "该报警尚未处理，无需重新打开")
}

pub(crate) fn closed_already() -> Bilingual {
    Bilingual::new("it is closed: reopen it first", "该报警已关闭：请先重新打开")
}

pub(crate) fn never_forwarded() -> Bilingual {
    Bilingual::new("an early warning is not forwarded: it is for the site", "预警不转交消防部门，由现场处理")
}

pub(crate) fn verify_before_forwarding() -> Bilingual {
    Bilingual::new(
        "only what was verified as real, or where nobody could be reached, is forwarded: verify it first",
        "只有核实为真实或无法联系现场的报警才能转交：请先核实",
    )
}

pub(crate) fn verify_before_closing() -> Bilingual {
    Bilingual::new(
        "a fire, gas or carbon monoxide alarm is closed only after it was verified: say first what it was",
        "火警、燃气和一氧化碳报警须先核实再关闭：请先填写核实结果",
    )
}

pub(crate) fn still_alarming(label: &Bilingual, heard: Duration, gone: Duration) -> Bilingual {
    let (heard, gone) = (heard.as_secs(), gone.as_secs() / 60);
    Bilingual::new(
        format!(
            "{} still reports danger (heard {heard} s ago): silence or reset it first, or take it down and wait {gone} min",
            label.english()
        ),
        format!("{} 仍在报警（{heard} 秒前收到）：请先在现场复位，或拆下后等待 {gone} 分钟", label.chinese()),
    )
}

pub(crate) fn open_again_as(other: AlertId) -> Bilingual {
    Bilingual::new(
        format!("the same cause has raised alert {other} since: handle that one"),
        format!("同一原因已产生新的报警 {other}：请处理该报警"),
    )
}

/// The value with its unit.
pub(crate) fn value_words(reading: &Reading) -> String {
    match reading.value {
        Value::Number(number) => {
            let unit = reading.vendor_unit.as_ref().filter(|unit| !unit.is_empty());
            match unit {
                Some(unit) => format!("{} {unit}", figure(number)),
                None => format!("{}{}", figure(number), unit_sign(&reading.metric)),
            }
        }
        Value::Bool(value) => value.to_string(),
    }
}
