//! The sentences of rules that count, add up, or refer to other rules, in English and Chinese, with the figures that
//! decided.

use crate::expression::Expression;
use crate::gathering_keys::{Gathering, Want};
use crate::rule::{Kind, Rule};
use crate::tally::Tally;
use crate::wording::{met, value_words};
use crate::words::{figure, metric_words, unit_sign};
use watchfire_model::{Bilingual, Reading, Timestamp, Value};

/// What was counted over the readings of a series decided.
pub(crate) fn counted(label: &Bilingual, rule: &Rule, reading: &Reading, tally: &Tally, at: Timestamp) -> Bilingual {
    let what = metric_words(&reading.metric);
    let (value, unit) = (value_words(reading), unit_sign(&reading.metric));
    let (en, zh, point) = (label.english(), label.chinese(), &reading.point);
    match (tally, &rule.kind) {
        (Tally::Dose(tally), Kind::Dose(_)) => {
            let (mean, minutes) = tally.told(at);
            let mean = figure((mean * 10.0).round() / 10.0);
            Bilingual::new(
                format!(
                    "{} of {en} (point {point}) is {value}, on average {mean}{unit} over {minutes} min: the dose \
                     reaches the alarm level",
                    what.en
                ),
                format!(
                    "{zh}（测点 {point}）{}为 {value}，{minutes} 分钟内平均 {mean}{unit}，累积剂量达到报警水平",
                    what.zh
                ),
            )
        }
        (Tally::Stuck(tally), Kind::Stuck(stuck)) => {
            let (still, readings) = tally.told();
            let (minutes, within) = (still.as_secs() / 60, figure(stuck.within));
            Bilingual::new(
                format!(
                    "{} of {en} (point {point}) is {value} and has not moved by more than {within}{unit} for {minutes} min, \
                     over {readings} readings: the sensor may be stuck",
                    what.en
                ),
                format!(
                    "{zh}（测点 {point}）{}为 {value}，{minutes} 分钟内 {readings} 次上报变化不超过 {within}{unit}，传感器可能卡死",
                    what.zh
                ),
            )
        }
        (Tally::Flapping(tally), Kind::Flapping(flapping)) => {
            let (changes, window) = (tally.changes(), flapping.window_s);
            Bilingual::new(
                format!("{} of {en} (point {point}) came and went {changes} times in {window} s", what.en),
                format!("{zh}（测点 {point}）{}在 {window} 秒内变化 {changes} 次", what.zh),
            )
        }
        (Tally::Cusum(tally), Kind::Cusum(_)) => {
            let shift = tally.told();
            let (mean, usual, noise) = (figure(shift.mean), figure(shift.usual), figure(shift.noise));
            let (readings, since) = (shift.readings, shift.since);
            Bilingual::new(
                format!(
                    "{} of {en} (point {point}) is {value}; over {readings} readings since {since} its mean is \
                     {mean}{unit}, usually {usual}{unit} (noise {noise}{unit}): it has shifted",
                    what.en
                ),
                format!(
                    "{zh}（测点 {point}）{}为 {value}；自 {since} 起 {readings} 次上报的均值为 {mean}{unit}，平常为 \
                     {usual}{unit}（噪声 {noise}{unit}），均值已偏移",
                    what.zh
                ),
            )
        }
        _ => met(label, rule, reading, None),
    }
}

/// A rule over rules: which device measured what, since when.
pub(crate) fn noted(label: &Bilingual, reading: &Reading, since: &str) -> Bilingual {
    let what = metric_words(&reading.metric);
    let (en, zh) = (label.english(), label.chinese());
    match reading.value {
        Value::Bool(_) => Bilingual::new(
            format!("{en} reports: {} (since {since})", what.en),
            format!("{zh} 报告：{}（自 {since} 起）", what.zh),
        ),
        Value::Number(_) => {
            let value = value_words(reading);
            Bilingual::new(
                format!("{} of {en} was {value} at {since}", what.en),
                format!("{zh} 的{}在 {since} 为 {value}", what.zh),
            )
        }
    }
}

pub(crate) fn noted_silence(label: &Bilingual, since: &str) -> Bilingual {
    Bilingual::new(
        format!("{} is silent (since {since})", label.english()),
        format!("{} 失联（自 {since} 起）", label.chinese()),
    )
}

pub(crate) fn noted_rule(label: &Bilingual, rule: &str, since: &str) -> Bilingual {
    Bilingual::new(
        format!("{} meets {rule} (since {since})", label.english()),
        format!("{} 满足规则 {rule}（自 {since} 起）", label.chinese()),
    )
}

/// Several rules together.
pub(crate) fn gathered(place: &Bilingual, gathering: &Gathering, told: &[Bilingual]) -> Bilingual {
    let (en, zh) = match &gathering.want {
        Want::Coincidence { devices, window_s, .. } => {
            (format!("{devices} devices or more within {window_s} s"), format!("{window_s} 秒内至少 {devices} 台设备"))
        }
        Want::Count { times, window_s, .. } => {
            (format!("{times} times or more within {window_s} s"), format!("{window_s} 秒内至少 {times} 次"))
        }
        Want::Combination { .. } => ("at one time".to_owned(), "同时满足".to_owned()),
    };
    let en_told: Vec<&str> = told.iter().map(|part| part.en.as_str()).collect();
    let zh_told: Vec<&str> = told.iter().map(|part| part.zh.as_str()).collect();
    Bilingual::new(
        format!("{}: {en}: {}", place.english(), en_told.join("; ")),
        format!("{}：{zh}：{}", place.chinese(), zh_told.join("；")),
    )
}

pub(crate) fn gathered_over(place: &Bilingual) -> Bilingual {
    Bilingual::new(
        format!("{}: what came together is over", place.english()),
        format!("{}：同时出现的情况已解除", place.chinese()),
    )
}

/// A metric and its value.
pub(crate) fn value_told(reading: &Reading) -> Bilingual {
    let (what, value) = (metric_words(&reading.metric), value_words(reading));
    Bilingual::new(format!("{} {value}", what.en), format!("{} {value}", what.zh))
}

/// A formula is true, or no longer.
pub(crate) fn formula(label: &Bilingual, expression: &Expression, told: &[Bilingual], met: bool) -> Bilingual {
    let en_told: Vec<&str> = told.iter().map(|part| part.en.as_str()).collect();
    let zh_told: Vec<&str> = told.iter().map(|part| part.zh.as_str()).collect();
    let text = expression.when.text();
    let (en, zh) =
        if met { ("it is so that", "满足条件") } else { ("it is no longer so that", "不再满足条件") };
    let mut said = Bilingual::new(
        format!("{}: {en} {text}; {}", label.english(), en_told.join(", ")),
        format!("{}：{zh} {text}；{}", label.chinese(), zh_told.join("，")),
    );
    let seconds = if met { expression.hold_s } else { expression.clear_after_s };
    crate::wording::add_duration(&mut said, seconds);
    said
}

/// A silence that another trouble explains.
pub(crate) fn add_explanation(text: &mut Bilingual, because: &[Bilingual]) {
    let en: Vec<&str> = because.iter().map(|part| part.en.as_str()).collect();
    let zh: Vec<&str> = because.iter().map(|part| part.zh.as_str()).collect();
    text.en.push_str(&format!("; explained by: {}", en.join("; ")));
    text.zh.push_str(&format!("；可能原因：{}", zh.join("；")));
}

/// The explanation is over, the silence is not.
pub(crate) fn no_longer_explained(label: &Bilingual) -> Bilingual {
    Bilingual::new(
        format!("{} is still silent, though what explained it is over", label.english()),
        format!("{} 的可能原因已消除，但仍未恢复通信", label.chinese()),
    )
}
