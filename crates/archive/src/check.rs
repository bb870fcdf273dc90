//! What a look at the whole of an archive finds.

/// See the head of this file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The journal that it follows, and how far; `None` before the first batch.
    pub entries: Option<(String, u64)>,
    /// The same of the alert log.
    pub alerts: Option<(String, u64)>,
    /// Readings that are there.
    pub readings: u64,
    /// What is not as it should be, a sentence each.
    pub problems: Vec<String>,
}

impl Checked {
    /// Notes a cursor.
    pub(crate) fn cursor(&mut self, log: &str, journal: String, position: i64) {
        let place = if log == "alerts" { &mut self.alerts } else { &mut self.entries };
        *place = Some((journal, position.cast_unsigned()));
    }
}
