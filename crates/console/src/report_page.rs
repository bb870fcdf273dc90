//! The form of a report: headings, tables and notes as HTML and as plain text. Styles stand in attributes, which mail
//! programs and the console's own security policy take. A table's head is repeated on each printed page.

use watchfire_model::sites::Language;

const BODY: &str = "margin:0 auto;padding:16px;max-width:60em;background:#fff;color:#111;\
    font:14px/1.45 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";
const TABLE: &str = "border-collapse:collapse;width:100%;margin:4px 0;font-size:12px";
/// Chinese breaks between its words' letters unless told otherwise: a narrow heading would stand on its head.
const CELL: &str = "border:1px solid #bbb;padding:3px 4px;vertical-align:top;word-break:keep-all";
/// Names may be long: they break anywhere rather than push the figures off the paper, and keep some room beside ten columns.
const NAME: &str = "border:1px solid #bbb;padding:3px 4px;vertical-align:top;min-width:9em;overflow-wrap:anywhere";
const NOTE: &str = "margin:2px 0 6px;color:#555";

/// A report being written.
pub(crate) struct Page {
    html: String,
    text: String,
}

impl Page {
    pub(crate) fn new(title: &str, language: Language) -> Page {
        let tag = match language {
            Language::En => "en",
            Language::Zh => "zh-CN",
        };
        let title = escaped(title);
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\n\
             <body style=\"{BODY}\">\n<h1 style=\"font-size:20px;margin:0\">{title}</h1>\n"
        );
        Page { html, text: String::new() }
    }

    pub(crate) fn section(&mut self, title: &str) {
        let style = "font-size:16px;margin:18px 0 4px;break-after:avoid";
        self.html.push_str(&format!("<h2 style=\"{style}\">{}</h2>\n", escaped(title)));
        self.text.push_str(&format!("\n{title}\n"));
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.html.push_str(&format!("<p style=\"{NOTE}\">{}</p>\n", escaped(text)));
        self.text.push_str(&format!("{text}\n"));
    }

    /// The first column names the row.
    pub(crate) fn table(&mut self, heads: &[String], rows: Vec<Vec<String>>) {
        self.html.push_str(&format!("<table style=\"{TABLE}\">\n<thead><tr>"));
        for (index, head) in heads.iter().enumerate() {
            let style = format!("{};background:#eee", style(index));
            self.html.push_str(&format!("<th scope=\"col\" style=\"{style}\">{}</th>", escaped(head)));
        }
        self.html.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.html.push_str("<tr style=\"break-inside:avoid\">");
            for (index, cell) in row.iter().enumerate() {
                let text = if index == 0 { escaped(cell) } else { bound(&escaped(cell)) };
                self.html.push_str(&format!("<td style=\"{}\">{text}</td>", style(index)));
            }
            self.html.push_str("</tr>\n");
            self.write_line(heads, &row);
        }
        self.html.push_str("</tbody></table>\n");
    }

    /// HTML and plain text.
    pub(crate) fn finish(mut self) -> (String, String) {
        self.html.push_str("</body>\n</html>\n");
        (self.html, self.text)
    }

    fn write_line(&mut self, heads: &[String], row: &[String]) {
        for (index, (head, cell)) in heads.iter().zip(row).enumerate() {
            match index {
                0 => self.text.push_str(&format!("- {cell}")),
                1 => self.text.push_str(&format!(": {head} {cell}")),
                _ => self.text.push_str(&format!(", {head} {cell}")),
            }
        }
        self.text.push('\n');
    }
}

fn style(column: usize) -> String {
    if column == 0 { format!("{NAME};text-align:left") } else { format!("{CELL};text-align:right") }
}

/// A figure stays with its unit on one line; several figures may break after a stroke.
fn bound(text: &str) -> String {
    text.replace(' ', "\u{a0}").replace("\u{a0}/\u{a0}", "\u{a0}/ ")
}

/// Names come from people and devices.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stays_with_its_unit() {
        assert_eq!(bound("2 min / 3 h / 5 h (12)"), "2\u{a0}min\u{a0}/ 3\u{a0}h\u{a0}/ 5\u{a0}h\u{a0}(12)");
        assert_eq!(bound("99.50 %"), "99.50\u{a0}%");
    }

    #[test]
    fn no_name_becomes_a_part_of_the_page() {
        let evil = "<script>alert(\"x\")</script> & \u{4e2d}";
        let mut page = Page::new(evil, Language::En);
        page.section(evil);
        page.note(evil);
        page.table(&[evil.to_owned(), evil.to_owned()], vec![vec![evil.to_owned(), evil.to_owned()]]);
        let (html, text) = page.finish();
        let html = html.replace('\u{a0}', " ");
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; \u{4e2d}").count(), 8);
        assert!(text.contains(evil));
    }
}
