//! Why a score is what it is, in English and Chinese, with the figures that decided.

use super::areas::Area;
use super::ledger::{DUTY_DAYS, FALSE_DAYS, FIRE_DAYS, TROUBLE_DAYS};
use super::night::night;
use super::scoring::{Judged, Sight};
use super::settings::{Band, Measure, Origin};
use super::view::{FactorView, PartView};
use super::windows::day_of;
use crate::words::unit_sign;
use watchfire_model::{Bilingual, Class, SiteKind, Timestamp};

/// A sentence names so many parts.
const NAMED_MAX: usize = 3;

/// The sentence for a unit.
pub(crate) fn unit(score: u8, band: Band, fires: u32, parts: &[PartView]) -> Bilingual {
    let band = band.words();
    let mut text = Bilingual::new(format!("risk {score} ({})", band.en), format!("风险 {score} 分（{}）", band.zh));
    if fires > 0 {
        append(&mut text, &Bilingual::new(": a fire is open", "：有未结束的火警"));
        return text;
    }
    let mut told: Vec<(&PartView, Bilingual)> = parts.iter().filter_map(|part| Some((part, reason(part)?))).collect();
    told.sort_by_key(|(part, _)| std::cmp::Reverse(part.milli));
    for ((part, why), (en, zh)) in told.iter().take(NAMED_MAX).zip([(": ", "："), ("; ", "；"), ("; ", "；")]) {
        let (words, points) = (part.part.words(), tenths(part.milli));
        text.en.push_str(&format!("{en}{} {points} ({})", words.en, why.en));
        text.zh.push_str(&format!("{zh}{} {points} 分（{}）", words.zh, why.zh));
    }
    let missing: Vec<&FactorView> =
        parts.iter().flat_map(|part| &part.factors).filter(|factor| factor.missing).collect();
    if !missing.is_empty() {
        let (count, points) = (missing.len(), tenths(missing.iter().map(|factor| factor.milli).sum()));
        let factors = if count == 1 { "factor is" } else { "factors are" };
        text.en.push_str(&format!(". {count} {factors} not known, counted as neutral with {points}"));
        text.zh.push_str(&format!("。{count} 项未知，按中性计 {points} 分"));
    }
    text
}

/// What is known and gives points; `None`: nothing.
fn reason(part: &PartView) -> Option<Bilingual> {
    if part.factors.is_empty() {
        return (part.milli > 0).then(|| part.why.clone());
    }
    let mut giving: Vec<&FactorView> =
        part.factors.iter().filter(|factor| !factor.missing && factor.milli > 0).collect();
    giving.sort_by_key(|factor| std::cmp::Reverse(factor.milli));
    (!giving.is_empty()).then(|| list(giving.into_iter()))
}

/// The sentence for a part: what gives points, the most first; then what is not known. What is as it should be is only
/// named where there is nothing else.
pub(crate) fn part(factors: &[FactorView]) -> Bilingual {
    let mut told: Vec<&FactorView> = factors.iter().filter(|factor| factor.missing || factor.milli > 0).collect();
    told.sort_by_key(|factor| (factor.missing, std::cmp::Reverse(factor.milli)));
    if told.is_empty() { list(factors.iter()) } else { list(told.into_iter()) }
}

fn list<'f>(factors: impl Iterator<Item = &'f FactorView>) -> Bilingual {
    let (en, zh): (Vec<&str>, Vec<&str>) =
        factors.map(|factor| (factor.why.en.as_str(), factor.why.zh.as_str())).unzip();
    Bilingual::new(en.join(", "), zh.join("，"))
}

/// The sentence for open alerts.
pub(crate) fn live(sight: &Sight<'_>) -> Bilingual {
    let open = Class::ALL.iter().map(|class| (*class, sight.ledger().open(*class)));
    let counts = |class: &Class| *class == Class::Fire || sight.settings.live.contains_key(class);
    let open: Vec<(Class, u32)> = open.filter(|(class, count)| *count > 0 && counts(class)).collect();
    if open.is_empty() {
        return Bilingual::new("no open alert that counts", "无计分的未处置告警");
    }
    let en: Vec<String> = open.iter().map(|(class, count)| format!("{count} {}", class_words(*class).en)).collect();
    let zh: Vec<String> = open.iter().map(|(class, count)| format!("{} {count} 条", class_words(*class).zh)).collect();
    Bilingual::new(format!("open: {}", en.join(", ")), format!("未处置：{}", zh.join("，")))
}

/// The sentence for a factor.
pub(crate) fn factor(sight: &Sight<'_>, judged: &Judged<'_>) -> Bilingual {
    let (en, zh) = (judged.factor.label.english(), judged.factor.label.chinese());
    match judged.figure {
        None => Bilingual::new(format!("{en}: not known"), format!("{zh}：未知")),
        Some(figure) => {
            let words = known(sight, judged, figure);
            Bilingual::new(format!("{en}: {}", words.en), format!("{zh}：{}", words.zh))
        }
    }
}

fn known(sight: &Sight<'_>, judged: &Judged<'_>, figure: i64) -> Bilingual {
    let now = sight.now.unwrap_or(Timestamp::EPOCH);
    let (ledger, value) = (sight.ledger(), thousandths(figure));
    match &judged.factor.measure {
        Measure::OpenFaults => {
            let (open, days) = (ledger.faults.open, tenth_parts(ledger.faults.seconds(now, TROUBLE_DAYS), 86_400));
            Bilingual::new(
                format!("{open} now, {days} fault-days in {TROUBLE_DAYS} days"),
                format!("当前 {open} 项，{TROUBLE_DAYS} 天内累计 {days} 故障日"),
            )
        }
        Measure::OfflineHours => {
            let (open, hours) = (ledger.offline.open, tenth_parts(ledger.offline.seconds(now, TROUBLE_DAYS), 3_600));
            let devices = sight.devices();
            Bilingual::new(
                format!("{open} of {devices} devices now, {hours} device-hours in {TROUBLE_DAYS} days"),
                format!("{devices} 台设备中 {open} 台离线，{TROUBLE_DAYS} 天内累计 {hours} 台时"),
            )
        }
        Measure::FalseAlarms => {
            let alarms = ledger.false_alarms.sum(day_of(now), FALSE_DAYS);
            Bilingual::new(format!("{alarms} in {FALSE_DAYS} days"), format!("{FALSE_DAYS} 天内 {alarms} 次"))
        }
        Measure::PastFires => {
            let fires = ledger.fires.sum(day_of(now), FIRE_DAYS);
            Bilingual::new(format!("{fires} in {FIRE_DAYS} days"), format!("{FIRE_DAYS} 天内 {fires} 起"))
        }
        Measure::MissedDutyChecks => {
            let (missed, answered) = sight.duty_checks(day_of(now));
            let asked = missed + answered;
            Bilingual::new(
                format!("{missed} of {asked} in {DUTY_DAYS} days"),
                format!("{DUTY_DAYS} 天内 {asked} 次中 {missed} 次"),
            )
        }
        Measure::OpenAlerts { .. } => Bilingual::same(value),
        Measure::HelpedPerNightStaff => helped(sight, now, value),
        Measure::SiteKind { .. } => kind_words(sight.unit.facts.kind),
        Measure::Age => {
            let built = sight.unit.facts.premises.built.unwrap_or(0);
            Bilingual::new(format!("{value} years, built {built}"), format!("{value} 年（{built} 年建）"))
        }
        Measure::Height => Bilingual::new(format!("{value} m"), format!("{value} 米")),
        Measure::FireResistance => Bilingual::new(format!("class {value}"), format!("{value} 级")),
        Measure::CombustibleWalls if figure > 0 => Bilingual::new("yes", "有"),
        Measure::CombustibleWalls => Bilingual::new("no", "无"),
        Measure::Residents => Bilingual::new(format!("{value} people"), format!("{value} 人")),
        Measure::Reading { metric, from, .. } => {
            let unit = unit_sign(metric);
            // Several devices have one: the one that decided is named.
            let held = sight.readings(metric, *from).filter(|held| *from == Origin::Device && held.judged == figure);
            let device = held.map(|held| held.device.as_str()).next().unwrap_or_default();
            match device {
                "" => Bilingual::same(format!("{value}{unit}")),
                device => Bilingual::new(format!("{value}{unit} ({device})"), format!("{value}{unit}（{device}）")),
            }
        }
    }
}

fn helped(sight: &Sight<'_>, now: Timestamp, value: String) -> Bilingual {
    let is_night = sight.unit.facts.offset_s.is_some_and(|offset_s| night(sight.settings.night, offset_s, now).0);
    match is_night {
        true => Bilingual::new(format!("{value} a head"), format!("每名值班人员 {value} 人")),
        false => Bilingual::new("it is day", "当前为日间"),
    }
}

/// The sentence for a building or a district.
pub(crate) fn area(area: &Area, score: u8, band: Band, worst_percent: u8) -> Bilingual {
    let (units, fires, band, worst) = (area.size(), area.fires, band.words(), area.share(worst_percent));
    let made_of = match (worst, units) {
        (_, 1) => Bilingual::new("its only unit", "仅 1 个单位"),
        (1, _) => Bilingual::new(format!("the worst of {units} units"), format!("{units} 个单位中的最高值")),
        _ => Bilingual::new(
            format!("the mean of the worst {worst} of {units} units"),
            format!("{units} 个单位中风险最高的 {worst} 个的平均值"),
        ),
    };
    let mut text = Bilingual::new(
        format!("risk {score} ({}): {}", band.en, made_of.en),
        format!("风险 {score} 分（{}）：{}", band.zh, made_of.zh),
    );
    if fires > 0 {
        append(
            &mut text,
            &Bilingual::new(format!("; fire in {fires} of them"), format!("；其中 {fires} 个有未结束的火警")),
        );
    }
    text
}

fn append(text: &mut Bilingual, more: &Bilingual) {
    text.en.push_str(&more.en);
    text.zh.push_str(&more.zh);
}

fn class_words(class: Class) -> Bilingual {
    let (en, zh) = match class {
        Class::Fire => ("fire", "火警"),
        Class::Gas => ("gas", "燃气"),
        Class::Co => ("carbon monoxide", "一氧化碳"),
        Class::EarlyWarning => ("early warning", "预警"),
        Class::Water => ("water", "水"),
        Class::Electrical => ("electrical", "电气"),
        Class::Supervisory => ("supervisory", "监管"),
        Class::Fault => ("fault", "故障"),
        Class::Offline => ("offline", "离线"),
        Class::Security => ("security", "安全"),
        Class::Information => ("information", "信息"),
    };
    Bilingual::new(en, zh)
}

fn kind_words(kind: SiteKind) -> Bilingual {
    let (en, zh) = match kind {
        SiteKind::Home => ("home", "住宅"),
        SiteKind::CareHome => ("care home", "养老机构"),
        SiteKind::Building => ("building with a fire panel", "设有消防主机的建筑"),
        SiteKind::Other => ("other", "其他"),
    };
    Bilingual::new(en, zh)
}

/// Thousandths as a figure without idle zeros.
pub(crate) fn thousandths(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let (units, rest) = (milli.unsigned_abs() / 1_000, milli.unsigned_abs() % 1_000);
    let text = format!("{sign}{units}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Thousandths of a point with one decimal, rounded down as scores are.
pub(crate) fn tenths(milli: u32) -> String {
    format!("{}.{}", milli / 1_000, milli % 1_000 / 100)
}

/// `amount / whole` with one decimal, rounded down.
fn tenth_parts(amount: u64, whole: u64) -> String {
    let tenths = amount.saturating_mul(10) / whole.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}
