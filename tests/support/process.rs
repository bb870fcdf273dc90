//! The program as a process: its log, its signals, its end.

use super::wait;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Lines of the log that are shown when a test fails.
const LINES_SHOWN: usize = 80;

/// The program under test.
pub(crate) fn watchfire() -> Command {
    Command::new(env!("CARGO_BIN_EXE_watchfire"))
}

/// Runs it to its end with that text on stdin.
pub(crate) fn run(arguments: &[&str], folder: &Path, input: &str) -> Output {
    let mut command = watchfire();
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input may end before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The program, or another one, running.
pub(crate) struct Process {
    child: Child,
    out: Lines,
    err: Lines,
}

impl Process {
    /// Starts it.
    pub(crate) fn start(arguments: &[&str], folder: &Path) -> Process {
        let mut command = watchfire();
        command.args(arguments).current_dir(folder).env_remove("RUST_LOG");
        Process::of(command)
    }

    /// Starts any program.
    pub(crate) fn of(mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (out, err) = (Lines::of(child.stdout.take().unwrap()), Lines::of(child.stderr.take().unwrap()));
        Process { child, out, err }
    }

    /// What it has said on stdout.
    pub(crate) fn said(&self) -> Vec<String> {
        self.out.lines.lock().unwrap().clone()
    }

    /// The lines of its JSON log with that message.
    pub(crate) fn logged(&self, message: &str) -> Vec<Value> {
        let lines = self.err.lines.lock().unwrap();
        let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.map(|mut line| line["fields"].take()).filter(|fields| fields["message"] == message).collect()
    }

    /// Whether it has logged a message that begins so.
    pub(crate) fn has_logged(&self, beginning: &str) -> bool {
        let lines = self.err.lines.lock().unwrap();
        let mut lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.any(|line| line["fields"]["message"].as_str().is_some_and(|said| said.starts_with(beginning)))
    }

    /// Waits until it has logged that message, and gives its fields.
    pub(crate) fn wait_for_log(&mut self, message: &str) -> Value {
        wait::until(&format!("the log line `{message}`"), || {
            let found = self.logged(message).into_iter().next();
            if found.is_none() {
                assert!(self.is_running(), "the process has ended before it said `{message}`");
            }
            found
        })
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// SIGKILL, and nothing of it is left.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let status = wait::until("the end of the process", || self.child.try_wait().unwrap());
        self.out.finish();
        self.err.finish();
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.out.finish();
            self.err.finish();
            for (name, lines) in [("stdout", &self.out), ("stderr", &self.err)] {
                let lines = lines.lines.lock().unwrap();
                eprintln!("--- the program's {name} ({} lines), its end:", lines.len());
                lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN)).for_each(|line| eprintln!("{line}"));
            }
        }
    }
}

/// Lines as they come.
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Lines {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let read = move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        };
        let reader = std::thread::Builder::new().name("lines".to_owned()).spawn(read).unwrap();
        Lines { lines, reader: Some(reader) }
    }

    /// Waits until the stream is read to its end.
    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
