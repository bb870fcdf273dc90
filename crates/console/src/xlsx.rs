//! Workbooks for spreadsheets (Office Open XML), in one language.
//!
//! A text is written as a text: no cell is ever a formula. One that begins as a formula does bears the quote prefix,
//! too, so that it stays a text when somebody edits the cell. Times are those of the site's clock.

use crate::csv::begins_as_formula;
use crate::local_clock::{local_seconds, zone};
use crate::table::{Cell, Column};
use crate::words::Said;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use watchfire_model::Timestamp;
use watchfire_model::sites::Language;

/// A cell holds at most 32,767 characters.
const TEXT_CHARS_MAX: usize = 32_000;
/// 1970-01-01 in the days of a spreadsheet.
const EPOCH_DAY: f64 = 25_569.0;
const DAY_S: f64 = 86_400.0;
/// Columns are as wide as their heading, and at least this many characters.
const WIDTH_MIN: u16 = 12;

/// A workbook in the making.
pub(crate) struct Xlsx {
    language: Language,
    book: Workbook,
    sheet: Option<Sheet>,
    formats: Formats,
    /// What went wrong first; told when it is finished.
    failed: Option<XlsxError>,
}

struct Sheet {
    sheet: Worksheet,
    columns: &'static [Column],
    rows: u32,
}

struct Formats {
    heading: Format,
    quoted: Format,
    time: Format,
    seconds: Format,
    ratio: Format,
}

impl Xlsx {
    pub(crate) fn new(language: Language, made_at: Timestamp) -> Xlsx {
        let mut book = Workbook::new();
        let seconds = made_at.as_micros().div_euclid(1_000_000);
        let mut properties = DocProperties::new();
        if let Ok(at) = ExcelDateTime::from_timestamp(seconds) {
            properties = properties.set_creation_datetime(&at);
        }
        book.set_properties(&properties);
        let formats = Formats {
            heading: Format::new().set_bold().set_text_wrap(),
            quoted: Format::new().set_quote_prefix(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            seconds: Format::new().set_num_format("0.0"),
            ratio: Format::new().set_num_format("0.00%"),
        };
        Xlsx { language, book, sheet: None, formats, failed: None }
    }

    /// Begins the next sheet with a row of headings.
    pub(crate) fn sheet(&mut self, title: Said, columns: &'static [Column]) {
        self.end_sheet();
        let mut sheet = Sheet { sheet: Worksheet::new(), columns, rows: 1 };
        let begun = sheet.begin(title.pick(self.language), self.language, &self.formats);
        self.sheet = Some(sheet);
        self.note(begun);
    }

    /// A cell for each column.
    pub(crate) fn row(&mut self, cells: &[Cell]) {
        let Some(sheet) = &mut self.sheet else { return };
        let written = sheet.row(cells, self.language, &self.formats);
        self.note(written);
    }

    /// The bytes of the file.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, XlsxError> {
        self.end_sheet();
        match self.failed {
            Some(error) => Err(error),
            None => self.book.save_to_buffer(),
        }
    }

    fn end_sheet(&mut self) {
        if let Some(sheet) = self.sheet.take() {
            self.book.push_worksheet(sheet.sheet);
        }
    }

    fn note(&mut self, written: Result<(), XlsxError>) {
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }
}

impl Sheet {
    fn begin(&mut self, title: &str, language: Language, formats: &Formats) -> Result<(), XlsxError> {
        self.sheet.set_name(title)?;
        self.sheet.set_freeze_panes(1, 0)?;
        let shown = self.columns.iter().filter(|column| is_shown(column, language));
        for (index, column) in (0u16..).zip(shown) {
            let heading = column.title.pick(language);
            self.sheet.write_string_with_format(0, index, heading, &formats.heading)?;
            self.sheet.set_column_width(index, WIDTH_MIN)?;
        }
        Ok(())
    }

    fn row(&mut self, cells: &[Cell], language: Language, formats: &Formats) -> Result<(), XlsxError> {
        let row = self.rows;
        self.rows += 1;
        let shown = self.columns.iter().zip(cells).filter(|(column, _)| is_shown(column, language));
        for (index, (_, cell)) in (0u16..).zip(shown) {
            let sheet = &mut self.sheet;
            match cell {
                Cell::Empty => continue,
                Cell::Text(text) => {
                    let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
                    if begins_as_formula(&text) {
                        sheet.write_string_with_format(row, index, text, &formats.quoted)?
                    } else {
                        sheet.write_string(row, index, text)?
                    }
                }
                Cell::Word(_, said) => sheet.write_string(row, index, said.pick(language))?,
                Cell::Number(number) => sheet.write_number(row, index, *number)?,
                Cell::Seconds(seconds) => sheet.write_number_with_format(row, index, *seconds, &formats.seconds)?,
                Cell::Ratio(ratio) => sheet.write_number_with_format(row, index, *ratio, &formats.ratio)?,
                Cell::Time(at, name) => {
                    let days = local_seconds(*at, &zone(name)) / DAY_S + EPOCH_DAY;
                    sheet.write_number_with_format(row, index, days, &formats.time)?
                }
            };
        }
        Ok(())
    }
}

fn is_shown(column: &Column, language: Language) -> bool {
    column.only.is_none_or(|only| only == language)
}
