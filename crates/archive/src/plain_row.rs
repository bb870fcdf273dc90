//! Rows of plain tables, for both stores: one statement, one row of cells. Whatever a row says, it says whole: written
//! again it changes nothing. Rows of which there may be a hundred thousand at once are listed with their key, so that a
//! server takes them as a set.

use std::collections::HashSet;
use watchfire_model::{Seq, Timestamp};

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Integer(i64),
    Bool(bool),
    Time(Timestamp),
}

/// A statement with its values. The positions are those of the logs at which it came about: it is left out when both are
/// at or before the cursors.
#[derive(Clone, Debug)]
pub(crate) struct PlainRow {
    pub(crate) entries: Seq,
    pub(crate) alerts: u64,
    /// The same for both stores.
    pub(crate) sql: &'static str,
    pub(crate) cells: Vec<Cell>,
}

/// Rows of one statement `INSERT … VALUES (…) ON CONFLICT …`.
#[derive(Clone, Debug)]
pub(crate) struct PlainSet {
    /// The same for both stores.
    pub(crate) sql: &'static str,
    /// So many of the first cells are a row's key. Of rows with one key the last counts.
    pub(crate) key: usize,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl PlainSet {
    /// Leaves the last row of each key: a server changes no row twice in one statement.
    pub(crate) fn once(mut self) -> PlainSet {
        let mut seen = HashSet::new();
        let key = self.key;
        self.rows.reverse();
        self.rows.retain(|cells| seen.insert(cells.iter().take(key).cloned().collect::<Vec<_>>()));
        self.rows.reverse();
        self
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Cell {
        Cell::Time(at)
    }
}

impl From<Seq> for Cell {
    fn from(seq: Seq) -> Cell {
        Cell::Integer(seq.0.cast_signed())
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Cell {
        Cell::Integer(value.into())
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Cell {
        Cell::Integer(value)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell::Bool(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}

/// Cells of anything that is one.
macro_rules! cells {
    ($($value:expr),* $(,)?) => { vec![$($crate::plain_row::Cell::from($value)),*] };
}
pub(crate) use cells;

/// The cells of a row that was read, from the first to the last.
pub(crate) struct Cells(std::vec::IntoIter<Cell>);

/// A row is not as its table has it.
#[derive(Debug)]
pub(crate) struct WrongCell;

impl Cells {
    pub(crate) fn new(cells: Vec<Cell>) -> Cells {
        Cells(cells.into_iter())
    }

    pub(crate) fn text(&mut self) -> Result<String, WrongCell> {
        self.optional_text()?.ok_or(WrongCell)
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, WrongCell> {
        match self.0.next() {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Null) => Ok(None),
            _ => Err(WrongCell),
        }
    }

    pub(crate) fn integer(&mut self) -> Result<i64, WrongCell> {
        self.optional_integer()?.ok_or(WrongCell)
    }

    pub(crate) fn optional_integer(&mut self) -> Result<Option<i64>, WrongCell> {
        match self.0.next() {
            Some(Cell::Integer(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(WrongCell),
        }
    }

    pub(crate) fn bool(&mut self) -> Result<bool, WrongCell> {
        match self.0.next() {
            Some(Cell::Bool(value)) => Ok(value),
            // A file has no booleans.
            Some(Cell::Integer(value)) => Ok(value != 0),
            _ => Err(WrongCell),
        }
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, WrongCell> {
        self.optional_time()?.ok_or(WrongCell)
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<Timestamp>, WrongCell> {
        match self.0.next() {
            Some(Cell::Time(at)) => Ok(Some(at)),
            // A file has no times.
            Some(Cell::Integer(at)) => Ok(Some(Timestamp(at))),
            Some(Cell::Null) => Ok(None),
            _ => Err(WrongCell),
        }
    }
}

/// What is given up of the plain tables that were written before a time: of alerts, and of the audit.
pub(crate) const OLD_INCIDENTS: &[&str] = &[
    "DELETE FROM incident_alerts WHERE incident IN (SELECT id FROM incidents WHERE closed_at < $1)",
    "DELETE FROM incidents WHERE closed_at < $1",
];
pub(crate) const OLD_AUDIT: &[&str] = &[
    "DELETE FROM orders WHERE at < $1",
    "DELETE FROM audit WHERE at < $1",
    "DELETE FROM duty_checks WHERE asked_at < $1",
    "DELETE FROM inspections WHERE asked_at < $1",
];
