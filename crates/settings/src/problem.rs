//! What is wrong, and where.

use std::cell::RefCell;
use std::fmt;

/// One thing wrong in a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as given.
    pub file: String,
    /// The line, from 1; 0 for the whole file.
    pub line: usize,
    /// The key with its path, e.g. `sites.home1.zones`; empty when no key is at fault.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// A problem of the whole file.
    pub fn whole_file(file: &str, message: impl Into<String>) -> Problem {
        Problem { file: file.to_owned(), line: 0, key: String::new(), message: message.into() }
    }
}

/// `file:line: key: message`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Gathers problems while sections of one file are read.
pub(crate) struct Collector<'t> {
    file: &'t str,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Collector<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Collector<'t> {
        Collector { file, text, problems: RefCell::new(Vec::new()) }
    }

    /// Notes a problem at a byte offset.
    pub(crate) fn at(&self, offset: usize, key: &str, message: impl Into<String>) {
        let problem = Problem {
            file: self.file.to_owned(),
            line: self.line(offset),
            key: key.to_owned(),
            message: message.into(),
        };
        self.problems.borrow_mut().push(problem);
    }

    /// The line of a byte offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}
