//! On what was measured, and when.

use std::fs;
use std::process::Command;

/// One line: cores, processor, memory, kernel, file system of the data, date.
pub(crate) fn describe(dir: &std::path::Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpu = first_value("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory_kb = first_value("/proc/meminfo", "MemTotal").unwrap_or_default();
    let memory_kb: u64 = memory_kb.trim_end_matches(" kB").parse().unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let file_system = output("stat", &["-f", "-c", "%T", &dir.display().to_string()]).unwrap_or_default();
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
    let kernel = kernel.trim();
    format!("{cores} cores, {cpu}, {} MB, Linux {kernel}, {file_system}, {date}", memory_kb / 1_024)
}

/// The first line of what a program says, if it is there.
pub(crate) fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(str::trim).map(str::to_owned)
}

fn first_value(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
