//! The text message: at most three parts, the essential first.
//!
//! # Parts (3GPP TS 23.038 and 23.040)
//! A text of the GSM 7-bit alphabet holds 160 septets in one part, or 153 in each of several; a character of its
//! extension table takes two. Any other text is UCS-2: 70 UTF-16 units in one part, or 67 in each of several.
//! English is kept within the 7-bit alphabet where it can be: one `°` would more than halve what fits.

use super::words::{burst, class_name, headline, news_sentence, place, say};
use super::{local_time, pick, told_at};
use crate::delivery::{Facts, Telling};
use watchfire_model::Class;
use watchfire_model::sites::Language;

/// The most parts of a text message.
pub const PARTS_MAX: usize = 3;

const GSM_SINGLE: usize = 160;
const GSM_PART: usize = 153;
const UCS_SINGLE: usize = 70;
const UCS_PART: usize = 67;
/// The least of a reason that is worth keeping when there is no room for all of it.
const REASON_CHARS_MIN: usize = 12;

/// How a text message is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// GSM 7-bit.
    Gsm7,
    /// UCS-2.
    Ucs2,
}

/// The coding a text needs, and how many parts it takes.
pub fn parts(text: &str) -> (Coding, usize) {
    let (coding, units, single, part) = match septets(text) {
        Some(septets) => (Coding::Gsm7, septets, GSM_SINGLE, GSM_PART),
        None => (Coding::Ucs2, text.encode_utf16().count(), UCS_SINGLE, UCS_PART),
    };
    (coding, if units <= single { 1 } else { units.div_ceil(part) })
}

/// Writes the text message: class, place and time; then why; then what to do; then where to look.
pub(super) fn compose(
    facts: &Facts,
    covered: &[Facts],
    telling: &Telling,
    language: Language,
    link: Option<&str>,
) -> String {
    let head = head(facts, covered, telling, language);
    let (reason, act) = match telling {
        Telling::Alarm | Telling::Summary => (trimmed(pick(&facts.reason, language)), act(facts.class, language)),
        Telling::Update(_) => (String::new(), ""),
    };
    let tail = |with_link: bool| match link.filter(|_| with_link) {
        Some(url) => format!("{act} {url}").trim_start().to_owned(),
        None => act.to_owned(),
    };
    let stop = say(language, ". ", "。");
    let joined = |reason: &str, tail: &str| {
        let text: Vec<&str> = [head.as_str(), reason, tail].into_iter().filter(|piece| !piece.is_empty()).collect();
        spelled(text.join(stop).trim())
    };
    // The reason gives way before the link does, and the link before what to do.
    for with_link in [true, false] {
        let tail = tail(with_link);
        let mut shorter = reason.clone();
        loop {
            let text = joined(&shorter, &tail);
            if parts(&text).1 <= PARTS_MAX {
                return text;
            }
            match shortened(&shorter) {
                Some(next) => shorter = next,
                None => break,
            }
        }
    }
    cut(&joined("", act))
}

fn head(facts: &Facts, covered: &[Facts], telling: &Telling, language: Language) -> String {
    let time = local_time::clock_time(told_at(facts, telling), &facts.site.time_zone);
    let class = class_name(facts.class, language);
    let (site, inner) = (pick(&facts.site.name, language), place(facts, language));
    let whole = if inner == site { site.to_owned() } else { format!("{site}{}{inner}", say(language, ", ", " ")) };
    match (telling, language) {
        (Telling::Alarm, Language::En) => format!("[{class}] {whole}, {time}"),
        (Telling::Alarm, Language::Zh) => format!("【{class}】{whole}，{time}"),
        (Telling::Summary, Language::En) => format!("[{class}] {}, {time}", burst(facts, covered, language)),
        (Telling::Summary, Language::Zh) => format!("【{class}】{}，{time}", burst(facts, covered, language)),
        (Telling::Update(news), _) => {
            let sentence = news_sentence(news, facts, language);
            format!(
                "{}{}{}",
                headline(facts, covered, telling, language),
                say(language, ": ", "："),
                trimmed(&sentence)
            )
        }
    }
}

/// What to do first, in a few words.
fn act(class: Class, language: Language) -> &'static str {
    let (en, zh) = match class {
        Class::Fire => ("Check now; if real or in doubt call 119.", "请立即核实，属实或无法核实的速拨119。"),
        Class::Gas => ("No flames or switches, get everyone out.", "严禁明火和开关电器，立即通知人员撤离。"),
        Class::Co => ("Everyone out into fresh air now.", "立即通知人员撤到室外通风处。"),
        Class::EarlyWarning => ("Have someone look now.", "请立即派人查看。"),
        Class::Water | Class::Electrical | Class::Supervisory => ("Please check on site.", "请到现场检查。"),
        Class::Fault | Class::Offline => ("Please arrange repair.", "请安排检修。"),
        Class::Security => ("Please check who it was.", "请核查来源。"),
        Class::Information => ("", ""),
    };
    say(language, en, zh)
}

fn trimmed(text: &str) -> String {
    text.trim().trim_end_matches(['.', '。']).to_owned()
}

/// A tenth shorter, marked as cut; `None` when nothing worth keeping would be left, after which it is left out.
fn shortened(reason: &str) -> Option<String> {
    let bare = reason.trim_end_matches("...");
    let length = bare.chars().count();
    if length == 0 {
        return None;
    }
    let keep = length - length.div_ceil(10);
    if keep < REASON_CHARS_MIN {
        return Some(String::new());
    }
    Some(format!("{}...", bare.chars().take(keep).collect::<String>().trim_end()))
}

/// What is left when even the names are too long: as much as fits, from the front.
fn cut(text: &str) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if parts(&kept).1 > PARTS_MAX {
            kept.pop();
            break;
        }
    }
    kept
}

/// The text with look-alikes put in place of characters that would force UCS-2; unchanged when it needs UCS-2 anyway.
fn spelled(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' => plain.push('\''),
            '\u{201c}' | '\u{201d}' => plain.push('"'),
            '\u{2013}' | '\u{2014}' | '\u{2212}' | '\u{2011}' => plain.push('-'),
            '\u{2026}' => plain.push_str("..."),
            '\u{b0}' => {}
            '\u{b7}' | '\u{d7}' => plain.push('x'),
            '\u{b5}' | '\u{3bc}' => plain.push('u'),
            '\u{b2}' => plain.push('2'),
            '\u{b3}' => plain.push('3'),
            '\u{2265}' => plain.push_str(">="),
            '\u{2264}' => plain.push_str("<="),
            '\u{a0}' | '\u{2009}' | '\u{202f}' | '\t' | '`' => plain.push(' '),
            _ => plain.push(c),
        }
    }
    if septets(&plain).is_some() { plain } else { text.to_owned() }
}

/// How many septets the text takes; `None` when a character is outside the GSM 7-bit alphabet.
fn septets(text: &str) -> Option<usize> {
    const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const EXTENSION: &str = "^{}\\[~]|€\u{c}";
    text.chars().try_fold(0usize, |sum, c| {
        if BASIC.contains(c) {
            Some(sum + 1)
        } else if EXTENSION.contains(c) {
            Some(sum + 2)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_as_the_network_does() {
        let cases = [
            ("a".repeat(160), Coding::Gsm7, 1),
            ("a".repeat(161), Coding::Gsm7, 2),
            ("a".repeat(459), Coding::Gsm7, 3),
            ("a".repeat(460), Coding::Gsm7, 4),
            ("[".repeat(80), Coding::Gsm7, 1),
            ("[".repeat(81), Coding::Gsm7, 2),
            ("火".repeat(70), Coding::Ucs2, 1),
            ("火".repeat(71), Coding::Ucs2, 2),
            ("火".repeat(201), Coding::Ucs2, 3),
            ("😀".repeat(35), Coding::Ucs2, 1),
            ("😀".repeat(36), Coding::Ucs2, 2),
        ];
        for (text, coding, count) in cases {
            assert_eq!(parts(&text), (coding, count), "{text}");
        }
    }

    #[test]
    fn look_alikes_keep_english_in_the_small_alphabet() {
        assert_eq!(spelled("58.2 °C – “hot” ≥ 57"), "58.2 C - \"hot\" >= 57");
        assert_eq!(spelled("58.2 °C 走廊"), "58.2 °C 走廊");
    }

    #[test]
    fn cutting_keeps_the_front() {
        let long = "楼".repeat(400);
        assert_eq!(cut(&long).chars().count(), 201);
    }
}
