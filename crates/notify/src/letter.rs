//! A mail that is no alert.

use watchfire_model::Timestamp;

/// What is sent to one person who waits for it, but for whom no alarm does: a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML, complete in itself.
    pub html: String,
    /// The left side of its Message-ID, of letters, digits, `-` and `.`: a repeat has the same.
    pub id: String,
    /// What it is dated.
    pub at: Timestamp,
}
