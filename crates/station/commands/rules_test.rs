//! `watchfire rules test`: runs the test files beside the rules and shows where something else comes out.

use super::output;
use crate::config;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use watchfire_rules::RuleSet;
use watchfire_rules::try_out::test_file::{self, Mismatch, Side};

/// How a line of a difference is marked.
#[derive(Clone, Copy)]
struct Marks {
    wanted: &'static str,
    came_out: &'static str,
    end: &'static str,
}

const PLAIN: Marks = Marks { wanted: "", came_out: "", end: "" };
const COLOURED: Marks = Marks { wanted: "\x1b[31m", came_out: "\x1b[32m", end: "\x1b[0m" };

pub(crate) fn run(folder: &Path) -> ExitCode {
    let rules = match config::load_rules(folder) {
        Ok(rules) => rules,
        Err(problems) => return output::problems(&problems),
    };
    let in_colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match tested(folder, &rules, if in_colour { COLOURED } else { PLAIN }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(output::FAILED),
        Err(why) => output::failed(why),
    }
}

/// Whether all tests pass.
fn tested(folder: &Path, rules: &RuleSet, marks: Marks) -> Result<bool, String> {
    let files = files_of(&folder.join("tests"), "txt")?;
    if files.is_empty() {
        let tests = folder.join("tests");
        return Err(format!("{} holds no *.txt file: there is no test. 没有任何规则测试。", tests.display()));
    }
    let (mut failed, mut told) = (0, BTreeSet::new());
    for file in &files {
        let text = read(file)?;
        match test_file::run(rules, &text) {
            Ok(mut outcome) => {
                told.append(&mut outcome.rules);
                failed += usize::from(!outcome.mismatches.is_empty());
                for mismatch in &outcome.mismatches {
                    show(file, mismatch, marks);
                }
            }
            Err(why) => {
                failed += 1;
                output::say(format_args!("{}:{}: {}", file.display(), why.line, why.message));
            }
        }
    }
    for line in untested(folder, rules, &told)? {
        output::say(line);
    }
    let passed = files.len() - failed;
    output::say(format_args!("{passed} passed, {failed} failed. 通过 {passed} 个，失败 {failed} 个。"));
    Ok(failed == 0)
}

fn show(file: &Path, mismatch: &Mismatch, marks: Marks) {
    output::say(format_args!("{}:{}: {}", file.display(), mismatch.line, mismatch.text));
    for (side, told) in &mismatch.difference {
        let (sign, colour, end) = match side {
            Side::Both => (" ", "", ""),
            Side::Wanted => ("-", marks.wanted, marks.end),
            Side::CameOut => ("+", marks.came_out, marks.end),
        };
        for line in told.lines() {
            output::say(format_args!("  {colour}{sign} > {line}{end}"));
        }
    }
    output::say("  - wanted, + came out. - 期望，+ 实际。");
}

/// The rules that tell something, by their files, that no test asks for.
fn untested(folder: &Path, rules: &RuleSet, told: &BTreeSet<String>) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for file in files_of(folder, "toml")? {
        let text = read(&file)?;
        let telling = rules.rules().iter().filter(|rule| !rule.quiet);
        let names: Vec<&str> = telling.map(|rule| rule.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().filter(|name| holds(&text, name)).collect();
        let without: Vec<&str> = names.iter().copied().filter(|name| !told.contains(*name)).collect();
        let file = file.display();
        if without.len() == names.len() && !names.is_empty() {
            lines.push(format!("{file}: has no test. 没有测试。"));
        } else if !without.is_empty() {
            lines.push(format!("{file}: no test of {0}. {0} 没有测试。", without.join(", ")));
        }
    }
    Ok(lines)
}

/// Whether the file has a rule of that name; the set has been checked, so that a name stands in one place only.
fn holds(text: &str, name: &str) -> bool {
    let values = text.lines().filter_map(|line| line.trim().strip_prefix("name")?.trim_start().strip_prefix('='));
    values.filter_map(|value| value.split(['"', '\'']).nth(1)).any(|value| value == name)
}

fn files_of(folder: &Path, end: &str) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{}: cannot be read: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<PathBuf>, _>>();
    let mut paths = paths.map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|found| found == end));
    paths.sort();
    Ok(paths)
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
}
