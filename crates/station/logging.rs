//! Tracing to stderr, as text or JSON lines, and never at the cost of an alarm: whoever logs hands the line to a thread
//! and goes on. When stderr blocks (a pipe that nobody reads), lines are dropped and counted.

use crate::config::station::LogConfig;
use prometheus::IntCounter;
use std::backtrace::Backtrace;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;
use tracing::error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait for stderr.
const LINES_MAX: usize = 4_096;
/// How long the end of the process waits for the lines that are left.
const FLUSH_MAX: Duration = Duration::from_millis(500);

static DROPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    IntCounter::new("watchfire_log_lines_dropped_total", "Log lines dropped because stderr did not take them.")
        .expect("a literal name is valid")
});

/// How many lines were dropped, to be registered.
pub(crate) fn dropped_lines() -> &'static IntCounter {
    &DROPPED
}

/// Starts logging. `RUST_LOG`, when set, wins over the configured filter. To be kept until the process ends.
pub(crate) fn start(config: &LogConfig) -> LogEnd {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&config.filter));
    // Below info the mail library logs every command, the password among them.
    let quiet = "lettre=info".parse().expect("a literal directive parses");
    let filter = filter.add_directive(quiet);
    let lines = LogLines::to(io::stderr());
    let end = LogEnd { lines: lines.clone() };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines).with_target(true);
    // Colours are for a terminal; in a file or the system's journal they are rubbish.
    let builder = builder.with_ansi(io::stderr().is_terminal());
    // Only a second start in one process can fail, and then logging is on already.
    let _ = if config.json { builder.json().try_init() } else { builder.try_init() };
    // The usual one writes to stderr by itself, and would hang with it.
    std::panic::set_hook(Box::new(log_panic));
    end
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    error!(thread = thread.name().unwrap_or("unnamed"), %backtrace, "{panic}");
}

enum Line {
    Text(Vec<u8>),
    /// Answer when everything before this is written.
    Flush(Sender<()>),
}

/// Hands lines over; never waits.
#[derive(Clone)]
struct LogLines {
    queue: SyncSender<Line>,
}

impl LogLines {
    fn to(sink: impl Write + Send + 'static) -> LogLines {
        let (queue, lines) = sync_channel(LINES_MAX);
        // Without the thread every line counts as dropped.
        drop(std::thread::Builder::new().name("log".into()).spawn(move || write_all(&lines, sink)));
        LogLines { queue }
    }
}

fn write_all(lines: &Receiver<Line>, mut sink: impl Write) {
    let mut told = DROPPED.get();
    for line in lines {
        // A sink that fails has no place where that could be said.
        let _ = match line {
            Line::Text(text) => sink.write_all(&text),
            Line::Flush(done) => done.send(()).map_err(io::Error::other),
        };
        let dropped = DROPPED.get();
        if dropped > told {
            let _ = writeln!(sink, "{} log lines were dropped: stderr did not take them in time", dropped - told);
            told = dropped;
        }
    }
}

impl Write for LogLines {
    /// Takes one whole line, as the formatter gives it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Line::Text(line.to_vec())).is_err() {
            DROPPED.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogLines {
    type Writer = LogLines;

    fn make_writer(&self) -> LogLines {
        self.clone()
    }
}

/// At its drop the last lines are written, if stderr takes them.
pub(crate) struct LogEnd {
    lines: LogLines,
}

impl Drop for LogEnd {
    fn drop(&mut self) {
        let (done, written) = channel();
        if self.lines.queue.try_send(Line::Flush(done)).is_ok() {
            let _ = written.recv_timeout(FLUSH_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_reader_that_stands_blocks_nobody_and_lines_are_counted() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut lines = LogLines::to(writer);
        let before = DROPPED.get();
        // Far more than the pipe and the queue hold; this would hang.
        for number in 0..50_000 {
            writeln!(lines, "{number:>99}").unwrap();
        }
        assert!(DROPPED.get() > before);

        // It reads again: lines come through again, and what was lost is said.
        let reading = std::thread::Builder::new().spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            text
        });
        let (done, written) = channel();
        lines.queue.send(Line::Flush(done)).unwrap();
        written.recv().unwrap();
        drop(lines);
        let text = reading.unwrap().join().unwrap();
        assert!(text.contains("log lines were dropped"), "{} bytes", text.len());
    }
}
