//! What a person reads: subject, text, HTML and text message of a delivery, in the person's language. Pure.

mod advice;
mod html;
mod local_time;
pub(crate) mod short;
pub(crate) mod words;

use crate::delivery::{Facts, Telling};
use local_time::local_time;
use watchfire_model::sites::Language;
use watchfire_model::{Bilingual, Timestamp};
use words::{class_name, headline, news_sentence, say};

/// So many alerts are listed in a message about several; the rest is counted.
const LISTED_MAX: usize = 20;

/// The texts of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// HTML, complete in itself: no pictures, no style from elsewhere.
    pub html: String,
    /// For a telephone, at most three parts.
    pub short: String,
}

/// The same message before it has a form.
struct Outline {
    subject: String,
    /// What happened, in one sentence or two.
    lead: Vec<String>,
    /// What a person needs to know: label and value.
    details: Vec<(&'static str, String)>,
    /// The other alerts of a burst, one a line.
    list: Vec<String>,
    /// What to do, in order.
    advice: Vec<&'static str>,
    link: Option<(&'static str, String)>,
    foot: String,
}

/// Writes the message about one alert, or about the first of several.
pub fn render(facts: &Facts, covered: &[Facts], telling: &Telling, language: Language, link: Option<&str>) -> Message {
    let outline = outline(facts, covered, telling, language, link);
    let short = short::compose(facts, covered, telling, language, link);
    Message {
        body: plain(&outline, language),
        html: html::html(&outline, facts.class, language),
        subject: outline.subject,
        short,
    }
}

fn outline(facts: &Facts, covered: &[Facts], telling: &Telling, language: Language, link: Option<&str>) -> Outline {
    let mut lead = vec![pick(&facts.reason, language).to_owned()];
    let mut advice = advice::of(facts.class, language);
    match telling {
        Telling::Alarm => {}
        Telling::Summary => lead.insert(0, words::several(covered.len().saturating_add(1), language)),
        Telling::Update(news) => {
            lead = vec![news_sentence(news, facts, language)];
            advice.clear();
        }
    }
    if let (Some(cleared_at), false) = (facts.cleared_at, is_update(telling)) {
        lead.push(words::cleared(&local_time(cleared_at, &facts.site.time_zone, language), language));
    }
    match facts.transition {
        "escalated" => lead.push(say(language, "This alert has escalated.", "本告警已升级。").to_owned()),
        "reopened" => lead.push(say(language, "This alert is open again.", "本告警已重新打开。").to_owned()),
        _ => {}
    }
    if facts.late {
        lead.push(say(language, "The detector reported this late.", "该信息由设备延迟上报。").to_owned());
    }
    let listed = covered.iter().take(LISTED_MAX).map(|other| listing(other, language));
    let mut list: Vec<String> = listed.collect();
    if covered.len() > LISTED_MAX {
        list.push(words::and_more(covered.len() - LISTED_MAX, language));
    }
    Outline {
        subject: headline(facts, covered, telling, language),
        lead: lead.into_iter().filter(|sentence| !sentence.is_empty()).collect(),
        details: details(facts, telling, language),
        list,
        advice,
        link: link.map(|url| (say(language, "Open the alert", "查看与处置"), url.to_owned())),
        foot: words::foot(facts, language),
    }
}

fn details(facts: &Facts, telling: &Telling, language: Language) -> Vec<(&'static str, String)> {
    let zone = facts.zone.as_ref().map(|zone| pick(&zone.name, language).to_owned());
    let device = facts.device.as_ref().map(|device| words::device(device, language));
    let told = told_at(facts, telling);
    let time = local_time(told, &facts.site.time_zone, language);
    let since = (told != facts.raised_at).then(|| local_time(facts.raised_at, &facts.site.time_zone, language));
    let rows = [
        (say(language, "Type", "类型"), Some(class_name(facts.class, language).to_owned())),
        (say(language, "Site", "单位"), Some(pick(&facts.site.name, language).to_owned())),
        (say(language, "Address", "地址"), Some(pick(&facts.site.address, language).to_owned())),
        (say(language, "Zone", "部位"), zone),
        (say(language, "Device", "设备"), device),
        (say(language, "Time", "时间"), Some(time)),
        (say(language, "First raised", "首次报警"), since),
    ];
    let known = rows.into_iter().filter_map(|(label, value)| Some((label, value?)));
    known.filter(|(_, value)| !value.is_empty()).collect()
}

/// One line about one alert of several.
fn listing(facts: &Facts, language: Language) -> String {
    let time = local_time::clock_time(facts.at, &facts.site.time_zone);
    let place = words::place(facts, language);
    let reason = pick(&facts.reason, language);
    match language {
        Language::En => format!("{time} {place}: {reason}"),
        Language::Zh => format!("{time} {place}：{reason}"),
    }
}

fn plain(outline: &Outline, language: Language) -> String {
    let mut text = format!("{}\n", outline.subject);
    for sentence in &outline.lead {
        text.push_str(&format!("{sentence}\n"));
    }
    text.push('\n');
    for (label, value) in &outline.details {
        text.push_str(&format!("{label}{}{value}\n", say(language, ": ", "：")));
    }
    if !outline.list.is_empty() {
        text.push_str(&format!("\n{}\n", words::list_title(language)));
        outline.list.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    }
    if !outline.advice.is_empty() {
        text.push_str(&format!("\n{}\n", words::advice_title(language)));
        for (number, line) in (1..).zip(&outline.advice) {
            text.push_str(&format!("{number}. {line}\n"));
        }
    }
    if let Some((label, url)) = &outline.link {
        text.push_str(&format!("\n{label}{}{url}\n", say(language, ": ", "：")));
    }
    text.push_str(&format!("\n-- \n{}\n", outline.foot));
    text
}

/// The time of what is told: of the raise or escalation, and with later news still of the alert itself.
fn told_at(facts: &Facts, telling: &Telling) -> Timestamp {
    if is_update(telling) { facts.raised_at } else { facts.at }
}

fn is_update(telling: &Telling) -> bool {
    match telling {
        Telling::Update(_) => true,
        Telling::Alarm | Telling::Summary => false,
    }
}

/// The side of a text that the person reads.
fn pick(text: &Bilingual, language: Language) -> &str {
    match language {
        Language::En => text.english(),
        Language::Zh => text.chinese(),
    }
}
