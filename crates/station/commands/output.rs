//! What commands say on stdout and stderr, and the exit codes.

use std::io::Write;
use std::process::ExitCode;
use watchfire_settings::Problem;

/// The input is wrong or a check failed.
pub(crate) const FAILED: u8 = 1;

/// Says a line on stderr. A closed stderr is nothing to die of.
pub(crate) fn complain(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says a line on stdout. A closed stdout is nothing to die of.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Says every problem of a configuration.
pub(crate) fn problems(problems: &[Problem]) -> ExitCode {
    problems.iter().for_each(complain);
    ExitCode::from(FAILED)
}

/// Says why a command failed.
pub(crate) fn failed(why: impl std::fmt::Display) -> ExitCode {
    complain(format_args!("watchfire: {why}"));
    ExitCode::from(FAILED)
}
