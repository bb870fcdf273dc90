//! The words of the trade in both languages.

use super::pick;
use crate::delivery::{DeviceFacts, Facts, News, Telling};
use watchfire_model::sites::Language;
use watchfire_model::{Class, FalseCause, Verdict};

/// One of two texts.
pub(super) fn say(language: Language, en: &'static str, zh: &'static str) -> &'static str {
    match language {
        Language::En => en,
        Language::Zh => zh,
    }
}

pub(crate) fn class_name(class: Class, language: Language) -> &'static str {
    let (en, zh) = match class {
        Class::Fire => ("Fire alarm", "火警"),
        Class::Gas => ("Gas alarm", "燃气报警"),
        Class::Co => ("Carbon monoxide alarm", "一氧化碳报警"),
        Class::EarlyWarning => ("Early warning", "早期预警"),
        Class::Water => ("Water alarm", "水系统报警"),
        Class::Electrical => ("Electrical alarm", "电气报警"),
        Class::Supervisory => ("Supervisory signal", "监管报警"),
        Class::Fault => ("Fault", "故障"),
        Class::Offline => ("Device offline", "设备离线"),
        Class::Security => ("Security alert", "安全事件"),
        Class::Information => ("Information", "提示"),
    };
    say(language, en, zh)
}

/// The subject: class first, then the place.
pub(super) fn headline(facts: &Facts, covered: &[Facts], telling: &Telling, language: Language) -> String {
    let class = class_name(facts.class, language);
    let place = place_with_site(facts, language);
    match (telling, language) {
        (Telling::Alarm, Language::En) => format!("[{class}] {place}"),
        (Telling::Alarm, Language::Zh) => format!("【{class}】{place}"),
        (Telling::Summary, Language::En) => format!("[{class}] {}", burst(facts, covered, language)),
        (Telling::Summary, Language::Zh) => format!("【{class}】{}", burst(facts, covered, language)),
        (Telling::Update(news), Language::En) => format!("[{class}: {}] {place}", news_word(news, language)),
        (Telling::Update(news), Language::Zh) => format!("【{class}·{}】{place}", news_word(news, language)),
    }
}

/// Where a burst is, and how many alerts came after the first.
pub(super) fn burst(facts: &Facts, covered: &[Facts], language: Language) -> String {
    let one_zone = covered.iter().all(|other| other.zone == facts.zone);
    let zone = facts.zone.as_ref().filter(|_| one_zone).map(|zone| pick(&zone.name, language));
    let site = pick(&facts.site.name, language);
    let count = covered.len().saturating_add(1);
    match (zone, language) {
        (Some(zone), Language::En) => format!("{site}, {zone}: {count} more alerts"),
        (Some(zone), Language::Zh) => format!("{site} {zone}：新增{count}条报警"),
        (None, Language::En) => format!("{site}: {count} more alerts"),
        (None, Language::Zh) => format!("{site}：新增{count}条报警"),
    }
}

/// Site and zone, or site and device where the zone is not known.
pub(super) fn place_with_site(facts: &Facts, language: Language) -> String {
    let site = pick(&facts.site.name, language);
    let inner = match (&facts.zone, &facts.device) {
        (Some(zone), _) => pick(&zone.name, language),
        (None, Some(device)) => pick(&device.label, language),
        (None, None) => return site.to_owned(),
    };
    format!("{site}{}{inner}", say(language, ", ", " "))
}

/// Zone and device without the site.
pub(super) fn place(facts: &Facts, language: Language) -> String {
    let zone = facts.zone.as_ref().map(|zone| pick(&zone.name, language));
    let device = facts.device.as_ref().map(|device| pick(&device.label, language));
    match (zone, device) {
        (Some(zone), Some(device)) => format!("{zone}{}{device}", say(language, ", ", " ")),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => pick(&facts.site.name, language).to_owned(),
    }
}

/// The device as people call it, with the name on its protocol when that differs.
pub(super) fn device(device: &DeviceFacts, language: Language) -> String {
    let label = pick(&device.label, language);
    let name = device.name.as_str();
    match language {
        _ if label == name => name.to_owned(),
        Language::En => format!("{label} ({name})"),
        Language::Zh => format!("{label}（{name}）"),
    }
}

fn news_word(news: &News, language: Language) -> &'static str {
    let (en, zh) = match news {
        News::Acknowledged { .. } => ("acknowledged", "已确认"),
        News::Verified { verdict: Verdict::Real, .. } => ("real", "核实属实"),
        News::Verified { verdict: Verdict::False(_), .. } => ("false alarm", "误报"),
        News::Verified { verdict: Verdict::Test, .. } => ("test", "测试"),
        News::Verified { verdict: Verdict::Unreachable, .. } => ("not verified", "未能核实"),
        News::Cleared => ("over", "已恢复"),
        News::Closed { .. } => ("closed", "已结案"),
    };
    say(language, en, zh)
}

/// What has happened since, in one sentence.
pub(super) fn news_sentence(news: &News, facts: &Facts, language: Language) -> String {
    let at = super::local_time(facts.at, &facts.site.time_zone, language);
    match (news, language) {
        (News::Acknowledged { by }, Language::En) => {
            format!("{by} acknowledged the alert at {at} and is dealing with it.")
        }
        (News::Acknowledged { by }, Language::Zh) => format!("{by} 已于 {at}确认，正在处置。"),
        (News::Verified { by, verdict, note }, Language::En) => {
            format!("{by} verified the alert at {at}: {}.{}", finding(*verdict, language), noted(note, " Note: "))
        }
        (News::Verified { by, verdict, note }, Language::Zh) => {
            format!("{by} 于 {at}核实：{}。{}", finding(*verdict, language), noted(note, "备注："))
        }
        (News::Cleared, Language::En) => format!("Back to normal since {at}."),
        (News::Cleared, Language::Zh) => format!("已于 {at}恢复正常。"),
        (News::Closed { by, note }, Language::En) => {
            format!("{by} closed the alert at {at}.{}", noted(note, " Note: "))
        }
        (News::Closed { by, note }, Language::Zh) => format!("{by} 已于 {at}结案。{}", noted(note, "备注：")),
    }
}

fn noted(note: &str, prefix: &str) -> String {
    if note.trim().is_empty() { String::new() } else { format!("{prefix}{}", note.trim()) }
}

fn finding(verdict: Verdict, language: Language) -> &'static str {
    let (en, zh) = match verdict {
        Verdict::Real => ("it is real", "情况属实"),
        Verdict::Test => ("a test or drill", "测试或演练"),
        Verdict::Unreachable => ("nobody could be reached, it is treated as real", "无法联系现场，按属实处置"),
        Verdict::False(FalseCause::Cooking) => ("false alarm, cooking", "误报，原因为烹饪油烟"),
        Verdict::False(FalseCause::Steam) => ("false alarm, steam", "误报，原因为水蒸气"),
        Verdict::False(FalseCause::Dust) => ("false alarm, dust", "误报，原因为灰尘"),
        Verdict::False(FalseCause::Insects) => ("false alarm, insects", "误报，原因为昆虫"),
        Verdict::False(FalseCause::Construction) => ("false alarm, building work", "误报，原因为施工"),
        Verdict::False(FalseCause::Fault) => ("false alarm, device fault", "误报，原因为设备故障"),
        Verdict::False(FalseCause::Malicious) => ("false alarm, malicious", "误报，原因为人为恶意触发"),
        Verdict::False(FalseCause::Unknown) => ("false alarm, cause unknown", "误报，原因不明"),
    };
    say(language, en, zh)
}

pub(super) fn several(count: usize, language: Language) -> String {
    match language {
        Language::En => format!("{count} more alerts of this kind came shortly after one another. The first of them:"),
        Language::Zh => format!("短时间内新增{count}条同类报警，其中第一条："),
    }
}

pub(super) fn cleared(at: &str, language: Language) -> String {
    match language {
        Language::En => format!("Back to normal since {at}."),
        Language::Zh => format!("已于 {at}恢复正常。"),
    }
}

pub(super) fn and_more(count: usize, language: Language) -> String {
    match language {
        Language::En => format!("and {count} more"),
        Language::Zh => format!("另有{count}条，请登录系统查看"),
    }
}

pub(super) fn list_title(language: Language) -> &'static str {
    say(language, "Also:", "其余报警：")
}

pub(super) fn advice_title(language: Language) -> &'static str {
    say(language, "What to do:", "处置要点：")
}

pub(super) fn foot(facts: &Facts, language: Language) -> String {
    match language {
        Language::En => format!("Alert {} - rule {} - sent automatically, please do not reply.", facts.id, facts.rule),
        Language::Zh => format!("告警编号：{}　规则：{}　本信息由系统自动发送，请勿回复。", facts.id, facts.rule),
    }
}
