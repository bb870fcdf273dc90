//! Processes that the bench starts. Each ends with the bench, whatever happens to it: dropped it is killed, and should
//! the bench itself be killed, the system kills it.

use crate::support::Fault;
use rustix::process::{Resource, Signal};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Ticks of the processor time in `/proc/PID/stat` (`USER_HZ`, the same on every Linux).
const TICKS_PER_S: f64 = 100.0;

/// A running process.
pub(crate) struct Process {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program by way of [`exec_guarded`]; its stderr goes to a file.
    pub(crate) fn start(program: &Path, args: &[String], stderr: &Path) -> Result<Process, Fault> {
        let mut guarded = vec!["exec".to_owned(), program.display().to_string()];
        guarded.extend_from_slice(args);
        Process::start_self(&guarded, stderr)
    }

    /// Starts a part of this bench as a process of its own.
    pub(crate) fn start_child(name: &str, options: &impl serde::Serialize, stderr: &Path) -> Result<Process, Fault> {
        Process::start_self(&[name.to_owned(), serde_json::to_string(options)?], stderr)
    }

    fn start_self(args: &[String], stderr: &Path) -> Result<Process, Fault> {
        let log = File::options().create(true).append(true).open(stderr)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--child")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Process { child, stdout })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of JSON on its stdout: its greeting or its report.
    pub(crate) fn line<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().ok_or("stdout is taken")?;
        stdout.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|error| format!("a child said `{}`: {error}", line.trim()).into())
    }

    /// Processor time that it has used, in seconds.
    pub(crate) fn cpu_s(&self) -> f64 {
        cpu_s_of(&self.id().to_string())
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.unwrap_or(0) * 1_024
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it at once.
    pub(crate) fn kill(&mut self) -> Result<(), Fault> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) -> Result<(), Fault> {
        let pid = i32::try_from(self.id()).ok().and_then(rustix::process::Pid::from_raw).ok_or("no such process")?;
        Ok(rustix::process::kill_process(pid, Signal::TERM)?)
    }

    /// Asks it to stop and waits for that.
    pub(crate) fn stop(&mut self, patience: Duration) -> Result<(), Fault> {
        self.terminate()?;
        let deadline = Instant::now() + patience;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return Err(format!("it did not stop within {patience:?}").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process (`self` or a number) in seconds.
pub(crate) fn cpu_s_of(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may hold anything but a `)` behind its last one: user and system time are fields 12 and 13.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_S
}

/// Makes this process end with its parent, lets it open as many files as it may, and becomes `program`.
pub(crate) fn exec_guarded(program: &str, args: &[String]) -> Fault {
    if let Err(error) = guard_self() {
        return error;
    }
    Command::new(program).args(args).exec().into()
}

/// Makes this process end with its parent, and lets it open as many files as it may.
pub(crate) fn guard_self() -> Result<(), Fault> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    guard_files()
}

/// Lets this process open as many files as it may.
pub(crate) fn guard_files() -> Result<(), Fault> {
    let mut files = rustix::process::getrlimit(Resource::Nofile);
    files.current = files.maximum;
    rustix::process::setrlimit(Resource::Nofile, files)?;
    Ok(())
}
