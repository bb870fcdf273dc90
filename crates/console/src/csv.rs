//! CSV that spreadsheets open as it is: UTF-8 with a byte order mark, RFC 4180 quoting, CRLF.
//!
//! Names and notes come from devices and people. A cell that begins as a formula does would be run by a spreadsheet:
//! such a text gets an apostrophe before it (OWASP, "CSV Injection"). Numbers of our own are written as numbers.

use crate::table::Cell;

/// The mark that tells a spreadsheet that it is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A table being written.
pub(crate) struct Csv {
    text: String,
}

impl Csv {
    /// With a first row of names.
    pub(crate) fn new(names: &[&str]) -> Csv {
        let mut csv = Csv { text: BYTE_ORDER_MARK.to_owned() };
        let names: Vec<Cell> = names.iter().map(|name| Cell::text(*name)).collect();
        csv.row(&names);
        csv
    }

    pub(crate) fn row(&mut self, cells: &[Cell]) {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            match cell {
                Cell::Text(text) => self.write(text),
                Cell::Word(word, _) => self.text.push_str(word),
                Cell::Number(number) | Cell::Seconds(number) | Cell::Ratio(number) => {
                    self.text.push_str(&number.to_string());
                }
                Cell::Time(at, _) => self.text.push_str(&at.to_string()),
                Cell::Empty => {}
            }
        }
        self.text.push_str("\r\n");
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn write(&mut self, text: &str) {
        let is_formula = begins_as_formula(text);
        if !is_formula && !text.contains([',', '"', '\r', '\n']) {
            self.text.push_str(text);
            return;
        }
        self.text.push('"');
        if is_formula {
            self.text.push('\'');
        }
        self.text.push_str(&text.replace('"', "\"\""));
        self.text.push('"');
    }
}

/// Spreadsheets pass over white space before a formula, and take the full-width signs of an Asian keyboard for it, too.
pub(crate) fn begins_as_formula(text: &str) -> bool {
    let signs = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '|', '%'];
    text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(signs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[Cell]) -> String {
        let mut csv = Csv::new(&["a"]);
        csv.row(cells);
        csv.finish().strip_prefix("\u{feff}a\r\n").unwrap().strip_suffix("\r\n").unwrap().to_owned()
    }

    #[test]
    fn quoting() {
        let cells =
            [Cell::text("plain 中"), Cell::text("a,b"), Cell::text("say \"x\"\r\ny"), Cell::Empty, Cell::Number(-1.5)];
        assert_eq!(line(&cells), "plain 中,\"a,b\",\"say \"\"x\"\"\r\ny\",,-1.5");
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\u{ff1d}1", "=HYPERLINK(\"http://x\")"] {
            let written = line(&[Cell::text(text)]);
            assert!(written.starts_with("\"'"), "{text:?} became {written:?}");
        }
        assert_eq!(line(&[Cell::text("a=1")]), "a=1");
    }
}
