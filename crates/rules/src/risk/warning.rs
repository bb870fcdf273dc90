//! Weather warnings as readings: the Common Alerting Protocol (OASIS CAP 1.2, XML) and JSON, to the figure
//! `vendor.risk.warning` of the pseudo device `weather`. Whoever fetches a feed calls [`read`], sends the level when the
//! warning begins and 0 when it ends; the settings forget a level that nobody repeats.
//!
//! Of CAP the elements `status`, `msgType`, `event`, `severity`, `effective`, `expires` are read, with or without a
//! namespace prefix; of several `info` blocks (languages, areas) the gravest counts. JSON is either the same names, or
//! `{"level": "red" | "红色" | 0..4, "event": "…", "effective": "…", "expires": "…"}`.
//! | level | colour | CAP severity |
//! |---|---|---|
//! | 0 | none | – |
//! | 1 | blue 蓝色 | Minor |
//! | 2 | yellow 黄色 | Moderate |
//! | 3 | orange 橙色 | Severe |
//! | 4 | red 红色 | Extreme |
//!
//! `Unknown` counts as yellow: somebody found it worth a warning. Colours and severities are set side by side by us.

use serde::Deserialize;
use watchfire_model::Timestamp;

/// The longest text that is read, in bytes.
pub const WARNING_BYTES_MAX: usize = 256 * 1024;

/// What a warning says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// 0 to 4; 0 also when the warning is called off.
    pub level: u8,
    /// Of what, in the sender's words.
    pub event: String,
    /// From when on; `None`: now.
    pub effective: Option<Timestamp>,
    /// Until when, where it says so.
    pub expires: Option<Timestamp>,
}

/// A text that is no warning to act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WarningError {
    /// Neither CAP nor the documented JSON.
    #[error("not a weather warning: {0}")]
    NotAWarning(String),
    /// An exercise, a test or a draft: to be ignored.
    #[error("the warning is not actual: its status is `{0}`")]
    NotActual(String),
}

impl Warning {
    /// The level that counts at a time.
    pub fn level_at(&self, now: Timestamp) -> u8 {
        let begun = self.effective.is_none_or(|at| at <= now);
        let over = self.expires.is_some_and(|at| at <= now);
        if begun && !over { self.level } else { 0 }
    }
}

/// Reads a warning.
///
/// # Errors
/// When the text is none, or one that is not actual.
pub fn read(text: &str) -> Result<Warning, WarningError> {
    if text.len() > WARNING_BYTES_MAX {
        return Err(not_one(format!("it is longer than {WARNING_BYTES_MAX} bytes")));
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let raw = if text.starts_with('<') { from_cap(text)? } else { from_json(text)? };
    if let Some(status) = raw.status.filter(|status| !status.eq_ignore_ascii_case("actual")) {
        return Err(WarningError::NotActual(status));
    }
    let called_off = raw.message.is_some_and(|message| message.eq_ignore_ascii_case("cancel"));
    let level = if called_off { Some(0) } else { raw.level };
    Ok(Warning {
        level: level.ok_or_else(|| not_one("it has neither a severity nor a level".to_owned()))?,
        event: raw.event.unwrap_or_default(),
        effective: time(raw.effective)?,
        expires: time(raw.expires)?,
    })
}

/// What was found, unjudged.
#[derive(Default)]
struct Raw {
    status: Option<String>,
    message: Option<String>,
    level: Option<u8>,
    event: Option<String>,
    effective: Option<String>,
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
    effective: Option<String>,
    expires: Option<String>,
}

fn from_json(text: &str) -> Result<Raw, WarningError> {
    let json: Json = serde_json::from_str(text).map_err(|error| not_one(error.to_string()))?;
    let level = match &json.level {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(word)) => Some(colour(word)?),
        Some(value) => {
            let level = value.as_u64().and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 4);
            Some(level.ok_or_else(|| not_one(format!("its level is {value}; use 0 to 4")))?)
        }
    };
    let severity = json.severity.as_deref().map(severity).transpose()?;
    let (status, message, event) = (json.status, json.message, json.event);
    Ok(Raw { status, message, level: level.or(severity), event, effective: json.effective, expires: json.expires })
}

/// Walks over the elements; a flat look is enough, because the names that are read stand nowhere else in CAP.
fn from_cap(text: &str) -> Result<Raw, WarningError> {
    let mut raw = Raw::default();
    let mut is_alert = false;
    for element in text.split('<').skip(1) {
        let Some((tag, content)) = element.split_once('>') else {
            return Err(not_one("it ends in the middle of an element".to_owned()));
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
            "effective" if raw.effective.is_none() => raw.effective = content(),
            "expires" if raw.expires.is_none() => raw.expires = content(),
            _ => {}
        }
    }
    if is_alert { Ok(raw) } else { Err(not_one("it is XML, but not a CAP alert".to_owned())) }
}

fn plain(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}

fn severity(word: &str) -> Result<u8, WarningError> {
    match word.to_ascii_lowercase().as_str() {
        "minor" => Ok(1),
        "moderate" | "unknown" => Ok(2),
        "severe" => Ok(3),
        "extreme" => Ok(4),
        _ => Err(not_one(format!("its severity is `{word}`"))),
    }
}

fn colour(word: &str) -> Result<u8, WarningError> {
    match word.to_lowercase().trim_end_matches("预警").trim_end_matches('色') {
        "none" | "无" => Ok(0),
        "blue" | "蓝" => Ok(1),
        "yellow" | "黄" => Ok(2),
        "orange" | "橙" => Ok(3),
        "red" | "红" => Ok(4),
        _ => Err(not_one(format!("its level is `{word}`; use none, blue, yellow, orange, red or 0 to 4"))),
    }
}

fn time(text: Option<String>) -> Result<Option<Timestamp>, WarningError> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|error: watchfire_model::timestamp::NotATime| not_one(error.to_string())))
        .transpose()
}

fn not_one(why: String) -> WarningError {
    WarningError::NotAWarning(why)
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
        let warning = read(CAP).unwrap();
        assert_eq!((warning.level, warning.event.as_str()), (3, "大风 & 干燥"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(warning.level_at(at("2026-02-28T23:59:59Z")), 0);
        assert_eq!(warning.level_at(at("2026-03-01T00:00:00Z")), 3);
        assert_eq!(warning.level_at(at("2026-03-02T00:00:00Z")), 0);
        assert_eq!(read(&CAP.replace(">Alert<", ">Cancel<")).unwrap().level, 0);
        assert_eq!(read(&CAP.replace("Actual", "Exercise")), Err(WarningError::NotActual("Exercise".to_owned())));
    }

    #[test]
    fn json_is_read() {
        for (text, level) in [
            (r#"{"level": "红色", "event": "火险"}"#, 4),
            (r#"{"level": "橙色预警"}"#, 3),
            (r#"{"level": 0}"#, 0),
            (r#"{"severity": "Minor", "event": "frost", "expires": "2026-03-01T08:00:00Z"}"#, 1),
        ] {
            assert_eq!(read(text).map(|warning| warning.level), Ok(level), "{text}");
        }
    }

    #[test]
    fn what_is_no_warning_is_refused() {
        for text in ["", "{}", "[]", "{\"level\": 7}", "{\"level\": \"pink\"}", "<html></html>", "<alert", "<alert/>"] {
            assert!(matches!(read(text), Err(WarningError::NotAWarning(_))), "{text}");
        }
        assert!(read(&" ".repeat(WARNING_BYTES_MAX + 1)).is_err());
    }
}
