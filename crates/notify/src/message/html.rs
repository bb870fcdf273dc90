//! The message as HTML: one column, readable on a telephone, nothing loaded from anywhere.

use super::{Outline, words};
use watchfire_model::Class;
use watchfire_model::sites::Language;

pub(super) fn html(outline: &Outline, class: Class, language: Language) -> String {
    let lang = words::say(language, "en", "zh-CN");
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"></head>\n\
         <body style=\"margin:0;font:16px/1.5 sans-serif;color:#1a1a1a\">\n\
         <div style=\"max-width:40em;margin:0 auto;padding:16px;border-top:8px solid {}\">\n",
        colour(class)
    );
    page.push_str(&format!("<h1 style=\"font-size:22px;margin:0 0 8px\">{}</h1>\n", escape(&outline.subject)));
    for sentence in &outline.lead {
        page.push_str(&format!("<p style=\"margin:0 0 8px\">{}</p>\n", escape(sentence)));
    }
    page.push_str("<table style=\"border-collapse:collapse;margin:8px 0\">\n");
    for (label, value) in &outline.details {
        page.push_str(&format!(
            "<tr><td style=\"padding:2px 12px 2px 0;color:#666;vertical-align:top;white-space:nowrap\">{}</td><td>{}</td></tr>\n",
            escape(label),
            escape(value)
        ));
    }
    page.push_str("</table>\n");
    if !outline.list.is_empty() {
        page.push_str(&list("ul", words::list_title(language), outline.list.iter().map(String::as_str)));
    }
    if !outline.advice.is_empty() {
        page.push_str(&list("ol", words::advice_title(language), outline.advice.iter().copied()));
    }
    if let Some((label, url)) = &outline.link {
        page.push_str(&format!(
            "<p><a href=\"{}\" style=\"display:inline-block;padding:10px 18px;background:#1a4e8a;color:#fff;text-decoration:none\">{}</a></p>\n",
            escape(url),
            escape(label)
        ));
    }
    page.push_str(&format!(
        "<p style=\"font-size:12px;color:#666\">{}</p>\n</div>\n</body>\n</html>\n",
        escape(&outline.foot)
    ));
    page
}

fn list<'a>(tag: &str, title: &str, lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = format!(
        "<p style=\"margin:8px 0 0\"><b>{}</b></p>\n<{tag} style=\"margin:0 0 8px;padding-left:24px\">\n",
        escape(title)
    );
    lines.for_each(|line| text.push_str(&format!("<li>{}</li>\n", escape(line))));
    text.push_str(&format!("</{tag}>\n"));
    text
}

/// The colour of the bar on top. The words say the same: colour alone tells nobody anything.
fn colour(class: Class) -> &'static str {
    match class {
        Class::Fire | Class::Gas | Class::Co => "#c00000",
        Class::EarlyWarning | Class::Water | Class::Electrical | Class::Security => "#d97700",
        Class::Supervisory | Class::Fault | Class::Offline => "#b8a100",
        Class::Information => "#1a4e8a",
    }
}

/// Names come from people and from devices: nothing in them may become markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
