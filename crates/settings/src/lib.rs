//! TOML text to checked values. A file is read once, from top to bottom of what the program expects; everything that is
//! wrong is collected with its file, line and key, and reported together. Keys that nobody asked for are problems too,
//! with the nearest known key as a suggestion.
//!
//! ```
//! let text = "listen = \"127.0.0.1:1883\"\nkeep_day = 7\n";
//! let problems = watchfire_settings::read("watchfire.toml", text, |section| {
//!     let listen: Option<std::net::SocketAddr> = section.parsed("listen");
//!     let keep_days = section.integer_or("keep_days", 7, 1..=3650);
//!     Some((listen?, keep_days))
//! })
//! .unwrap_err();
//! assert_eq!(problems[0].to_string(), "watchfire.toml:2: keep_day: is not a known key; did you mean `keep_days`?");
//! ```

mod problem;
mod section;
mod suggest;

pub use problem::Problem;
pub use section::Section;

use problem::Collector;
use toml::de::DeTable;

/// Reads `text` (the contents of `file`, named so in problems) with `build`.
///
/// # Errors
/// Every problem found, in the order of their lines. `build` returning `None` without a problem is a bug of the caller
/// and is reported as a problem of the whole file.
pub fn read<T>(file: &str, text: &str, build: impl FnOnce(&mut Section<'_>) -> Option<T>) -> Result<T, Vec<Problem>> {
    let collector = Collector::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // A file that is not TOML is not read further: what the parser salvaged would only give wrong problems.
        for error in &errors {
            collector.at(error.span().map_or(0, |span| span.start), "", error.message());
        }
        return Err(collector.into_problems());
    }
    let mut root = Section::new(document.get_ref(), document.span().start, String::new(), &collector);
    let built = build(&mut root);
    root.finish();
    let problems = collector.into_problems();
    match built {
        Some(value) if problems.is_empty() => Ok(value),
        None if problems.is_empty() => Err(vec![Problem::whole_file(file, "could not be read")]),
        _ => Err(problems),
    }
}
