//! Weather warnings, in the Common Alerting Protocol (OASIS CAP 1.2, XML) or in JSON, to readings for the risk score:
//! ```text
//! wf/v1/{site}/{device}/warning    <alert …>…</alert>  or  {"level": "red" | "红色" | 0..4, "event"?: "…",
//!                                                          "expires"?: RFC 3339, "status"?: "…", "msgType"?: "…"}
//! ```
//! | reading | value |
//! |---|---|
//! | `vendor.risk.warning` | the level, 0 to 4; 0 when the warning is called off (`msgType` `Cancel`) |
//! | `vendor.risk.warning_until` | when it expires, in seconds since 1970; 0 when that is not said |
//!
//! The point of both is the event in the sender's words, so that a gale and a drought stand side by side; without one it
//! is the metric's name. Both are of receive time: a feed that is fetched again says again that the warning stands.
//!
//! Of CAP the elements `status`, `msgType`, `event`, `severity` and `expires` are read, with or without a namespace
//! prefix; of several `info` blocks (languages, areas) the gravest counts, and the first event names it. A warning counts
//! from when it is received, also where its `effective` or `onset` is later. JSON may say `severity` in CAP's words in
//! the place of `level`. What is not `Actual` (an exercise, a test, a draft) says nothing.
//! | level | colour | CAP severity |
//! |---|---|---|
//! | 0 | none | – |
//! | 1 | blue 蓝色 | Minor |
//! | 2 | yellow 黄色 | Moderate |
//! | 3 | orange 橙色 | Severe |
//! | 4 | red 红色 | Extreme |
//!
//! `Unknown` counts as yellow: somebody found it worth a warning. Colours and severities are set side by side by us.

use crate::draft::Draft;
use crate::rfc3339;
use serde::Deserialize;
use watchfire_model::ids::NAME_BYTES_MAX;
use watchfire_model::{DefectKind, PointName, Timestamp, Value};

/// The metric of the level, behind `vendor.`.
const LEVEL: &str = "risk.warning";
/// The metric of the end, behind `vendor.`.
const UNTIL: &str = "risk.warning_until";

/// Reads a warning.
pub(crate) fn read(payload: &[u8], draft: &mut Draft) {
    let Ok(text) = std::str::from_utf8(payload) else {
        return draft.defect(DefectKind::BadShape, "a weather warning is not UTF-8");
    };
    match warning(text) {
        Ok(None) => {}
        Ok(Some(Warning { level, event, expires })) => {
            let until = expires.map_or(0, |at| at.0.div_euclid(1_000_000));
            let event = cut(&event);
            let point = |metric: &str| if event.is_empty() { format!("vendor.{metric}") } else { event.to_owned() };
            draft.vendor(&point(LEVEL), LEVEL, Value::Number(f64::from(level)), None);
            #[expect(clippy::cast_precision_loss, reason = "seconds until the year 9999 are far below 2^53")]
            draft.vendor(&point(UNTIL), UNTIL, Value::Number(until as f64), None);
        }
        Err(why) => draft.defect(DefectKind::BadShape, &why),
    }
}

/// What a warning says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Warning {
    /// 0 to 4; 0 also when the warning is called off.
    level: u8,
    /// Of what, in the sender's words.
    event: String,
    /// Until when, where it says so.
    expires: Option<Timestamp>,
}

/// `None`: an exercise, a test or a draft.
fn warning(text: &str) -> Result<Option<Warning>, String> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let raw = if text.starts_with('<') { from_cap(text)? } else { from_json(text)? };
    if raw.status.is_some_and(|status| !status.eq_ignore_ascii_case("actual")) {
        return Ok(None);
    }
    let called_off = raw.message.is_some_and(|message| message.eq_ignore_ascii_case("cancel"));
    let level = if called_off { Some(0) } else { raw.level };
    let level = level.ok_or("a weather warning has neither a severity nor a level")?;
    Ok(Some(Warning { level, event: raw.event.unwrap_or_default(), expires: time(raw.expires)? }))
}

/// What was found, unjudged.
#[derive(Default)]
struct Raw {
    status: Option<String>,
    message: Option<String>,
    level: Option<u8>,
    event: Option<String>,
    expires: Option<String>,
}

#[derive(Deserialize)]
struct Json {
    status: Option<String>,
    #[serde(rename = "msgType")]
    message: Option<String>,
    level: Option<serde_json::Value>,
    severity: Option<String>,
    event: Option<String>,
    expires: Option<String>,
}

fn from_json(text: &str) -> Result<Raw, String> {
    let json: Json = serde_json::from_str(text).map_err(|error| format!("not a weather warning: {error}"))?;
    let level = match &json.level {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(word)) => Some(colour(word)?),
        Some(value) => {
            let level = value.as_u64().and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 4);
            Some(level.ok_or_else(|| format!("the warning's level is {value}; use 0 to 4"))?)
        }
    };
    let severity = json.severity.as_deref().map(severity).transpose()?;
    let Json { status, message, event, expires, .. } = json;
    Ok(Raw { status, message, level: level.or(severity), event, expires })
}

/// Walks over the elements; a flat look is enough, because the names that are read stand nowhere else in CAP.
fn from_cap(text: &str) -> Result<Raw, String> {
    let mut raw = Raw::default();
    let mut is_alert = false;
    for element in text.split('<').skip(1) {
        let Some((tag, content)) = element.split_once('>') else {
            return Err("a weather warning ends in the middle of an element".to_owned());
        };
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        let content = || Some(plain(content.trim()));
        match name {
            "alert" => is_alert = true,
            "status" => raw.status = content(),
            "msgType" => raw.message = content(),
            "severity" => raw.level = raw.level.max(Some(severity(content().unwrap_or_default().as_str())?)),
            "event" if raw.event.is_none() => raw.event = content(),
            "expires" if raw.expires.is_none() => raw.expires = content(),
            _ => {}
        }
    }
    if is_alert { Ok(raw) } else { Err("it is XML, but not a CAP alert".to_owned()) }
}

fn plain(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}

fn severity(word: &str) -> Result<u8, String> {
    match word.to_ascii_lowercase().as_str() {
        "minor" => Ok(1),
        "moderate" | "unknown" => Ok(2),
        "severe" => Ok(3),
        "extreme" => Ok(4),
        _ => Err(format!("the warning's severity is `{word}`; use Minor, Moderate, Severe, Extreme or Unknown")),
    }
}

fn colour(word: &str) -> Result<u8, String> {
    match word.to_lowercase().trim_end_matches("预警").trim_end_matches('色') {
        "none" | "无" => Ok(0),
        "blue" | "蓝" => Ok(1),
        "yellow" | "黄" => Ok(2),
        "orange" | "橙" => Ok(3),
        "red" | "红" => Ok(4),
        _ => Err(format!("the warning's level is `{word}`; use none, blue, yellow, orange, red or 0 to 4")),
    }
}

/// A time that lies between 1970 and 9999.
fn time(text: Option<String>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let at = rfc3339::parse(&text).filter(|at| *at > Timestamp::EPOCH);
    at.map(Some).ok_or_else(|| format!("the warning expires at `{text}`, which is not an RFC 3339 time"))
}

/// As much of the event as a point's name holds.
fn cut(event: &str) -> &str {
    let mut end = event.len().min(NAME_BYTES_MAX);
    while !event.is_char_boundary(end) {
        end -= 1;
    }
    let cut = event.get(..end).unwrap_or_default().trim();
    if PointName::new(cut).is_ok() { cut } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
  <cap:identifier>x</cap:identifier><cap:status>Actual</cap:status><cap:msgType>Alert</cap:msgType>
  <cap:info><cap:language>zh-CN</cap:language><cap:event>大风 &amp; 干燥</cap:event><cap:severity>Moderate</cap:severity>
    <cap:effective>2026-03-01T08:00:00+08:00</cap:effective><cap:expires>2026-03-02T08:00:00+08:00</cap:expires></cap:info>
  <cap:info><cap:event>gale</cap:event><cap:severity>Severe</cap:severity></cap:info>
</cap:alert>"#;

    #[test]
    fn cap_is_read() {
        let found = warning(CAP).unwrap().unwrap();
        assert_eq!((found.level, found.event.as_str()), (3, "大风 & 干燥"));
        assert_eq!(found.expires, Some("2026-03-02T00:00:00Z".parse().unwrap()));
        assert_eq!(warning(&CAP.replace(">Alert<", ">Cancel<")).unwrap().unwrap().level, 0);
        assert_eq!(warning(&CAP.replace("Actual", "Exercise")), Ok(None));
    }

    #[test]
    fn json_is_read() {
        for (text, level) in [
            (r#"{"level": "红色", "event": "火险"}"#, 4),
            (r#"{"level": "橙色预警"}"#, 3),
            (r#"{"level": 0}"#, 0),
            (r#"{"severity": "Minor", "event": "frost", "expires": "2026-03-01T08:00:00Z"}"#, 1),
        ] {
            assert_eq!(warning(text).unwrap().unwrap().level, level, "{text}");
        }
    }

    #[test]
    fn what_is_no_warning_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            "{\"level\": 7}",
            "{\"level\": \"pink\"}",
            "{\"level\": 1, \"expires\": \"soon\"}",
            "<html></html>",
            "<alert",
            "<alert/>",
        ] {
            assert!(warning(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_event_is_cut_at_a_character_and_a_wrong_one_is_left_out() {
        assert_eq!(cut(&"风".repeat(90)).len(), 126);
        assert_eq!(cut("a\nb"), "");
        assert_eq!(cut(" gale "), "gale");
    }
}
