//! The form of a report: headings, tables and notes as HTML and as plain text. Styles stand in attributes, which mail
//! programs and the console's own security policy take. A table's head is repeated on each printed page.

use watchfire_model::sites::Language;

const BODY: &str = "margin:0 auto;padding:16px;max-width:60em;background:#fff;color:#111;\
    font:14px/1.45 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";
const TABLE: &str = "border-collapse:collapse;width:100%;margin:4px 0";
const CELL: &str = "border:1px solid #bbb;padding:3px 8px;vertical-align:top";
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
            let style = format!("{CELL};background:#eee;text-align:{}", side(index));
            self.html.push_str(&format!("<th scope=\"col\" style=\"{style}\">{}</th>", escaped(head)));
        }
        self.html.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.html.push_str("<tr style=\"break-inside:avoid\">");
            for (index, cell) in row.iter().enumerate() {
                let style = format!("{CELL};text-align:{}", side(index));
                self.html.push_str(&format!("<td style=\"{style}\">{}</td>", escaped(cell)));
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

fn side(column: usize) -> &'static str {
    if column == 0 { "left" } else { "right" }
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
    fn no_name_becomes_a_part_of_the_page() {
        let evil = "<script>alert(\"x\")</script> & \u{4e2d}";
        let mut page = Page::new(evil, Language::En);
        page.section(evil);
        page.note(evil);
        page.table(&[evil.to_owned(), evil.to_owned()], vec![vec![evil.to_owned(), evil.to_owned()]]);
        let (html, text) = page.finish();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; \u{4e2d}").count(), 8);
        assert!(text.contains(evil));
    }
}
