//! The one Markdown table, and the notes under it.

use std::fmt::Write as _;

/// One figure as measured.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) bar: String,
    pub(crate) measured: String,
    pub(crate) ratio: String,
    /// `None`: there is no bar.
    pub(crate) met: Option<bool>,
    /// How it was measured, and what else was seen.
    pub(crate) notes: Vec<String>,
}

impl Row {
    /// A figure that could not be measured.
    pub(crate) fn failed(figure: &str, why: &str) -> Row {
        Row {
            figure: figure.to_owned(),
            bar: String::new(),
            measured: "not measured".to_owned(),
            ratio: String::new(),
            met: Some(false),
            notes: vec![why.to_owned()],
        }
    }
}

/// The table in Markdown, then the notes of each row.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| figure | bar | measured | ratio | met? |\n|---|---|---|---|---|\n");
    for row in rows {
        let met = match row.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "–",
        };
        let _ = writeln!(text, "| {} | {} | {} | {} | {met} |", row.figure, row.bar, row.measured, row.ratio);
    }
    for row in rows.iter().filter(|row| !row.notes.is_empty()) {
        let _ = writeln!(text, "\n{}:", row.figure);
        for note in &row.notes {
            let _ = writeln!(text, "- {note}");
        }
    }
    text
}
