//! Tables that people take into a spreadsheet: what stands in a cell, and in which form it is written.

use crate::csv::Csv;
use crate::problem::Problem;
use crate::words::Said;
use crate::xlsx::Xlsx;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use watchfire_model::Timestamp;
use watchfire_model::sites::Language;

/// Most rows of a table: about 30 MB.
const ROWS_MAX: usize = 100_000;
/// Most cells of a workbook, which is in memory until it is finished: about 100 bytes each.
const XLSX_CELLS_MAX: usize = 600_000;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// For programs: the heading in CSV.
    pub(crate) name: &'static str,
    /// For people: the heading in a workbook.
    pub(crate) title: Said,
    /// A text that stands in another column in the other language. A workbook, which has one language, leaves it out
    /// where it has the other.
    pub(crate) only: Option<Language>,
}

/// A column with the same content for every reader.
pub(crate) const fn column(name: &'static str, title: Said) -> Column {
    Column { name, title, only: None }
}

/// A column that is in one language.
pub(crate) const fn column_in(only: Language, name: &'static str, title: Said) -> Column {
    Column { name, title, only: Some(only) }
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Empty,
    /// From devices and people: it may look like a formula and must never be one.
    Text(String),
    /// A word of ours: for programs, and for people.
    Word(&'static str, Said),
    Number(f64),
    /// Time passed, in seconds.
    Seconds(f64),
    /// 0 to 1.
    Ratio(f64),
    /// A time and the zone of its site, whose clock a workbook shows; CSV has UTC.
    Time(Timestamp, String),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    pub(crate) fn count(count: u64) -> Cell {
        Cell::Number(f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
    }

    pub(crate) fn flag(is_so: bool) -> Cell {
        let (word, said) = if is_so { ("true", crate::words::YES) } else { ("false", crate::words::NO) };
        Cell::Word(word, said)
    }
}

/// A table in the making, in the form that was asked for.
pub(crate) enum Table {
    Csv(Csv),
    Xlsx(Box<Xlsx>),
}

impl Table {
    pub(crate) fn csv(columns: &'static [Column]) -> Table {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        Table::Csv(Csv::new(&names))
    }

    /// A workbook with one sheet.
    pub(crate) fn xlsx(language: Language, made_at: Timestamp, title: Said, columns: &'static [Column]) -> Table {
        let mut book = Xlsx::new(language, made_at);
        book.sheet(title, columns);
        Table::Xlsx(Box::new(book))
    }

    /// Most rows that it may have.
    pub(crate) fn rows_max(&self, columns: &[Column]) -> usize {
        match self {
            Table::Csv(_) => ROWS_MAX,
            Table::Xlsx(_) => ROWS_MAX.min(XLSX_CELLS_MAX / columns.len().max(1)),
        }
    }

    /// A cell for each column.
    pub(crate) fn row(&mut self, cells: &[Cell]) {
        match self {
            Table::Csv(csv) => csv.row(cells),
            Table::Xlsx(book) => book.row(cells),
        }
    }

    /// As a file to be saved.
    pub(crate) async fn into_file(self, name: &str) -> Result<Response, Problem> {
        let (ending, media_type, bytes) = match self {
            Table::Csv(csv) => ("csv", "text/csv; charset=utf-8", csv.finish().into_bytes()),
            Table::Xlsx(book) => ("xlsx", XLSX_MEDIA_TYPE, finish(book).await?),
        };
        let disposition = format!("attachment; filename=\"{name}.{ending}\"");
        let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
        Ok((headers, bytes).into_response())
    }
}

const XLSX_MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Compressing takes some time: not on a thread that others wait for.
async fn finish(book: Box<Xlsx>) -> Result<Vec<u8>, Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a workbook could not be made");
        Problem::unprocessable("the table cannot be made as a workbook: take CSV", "无法生成 Excel 表格,请改用 CSV")
    };
    match tokio::task::spawn_blocking(move || book.finish()).await {
        Ok(finished) => finished.map_err(|error| failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}
