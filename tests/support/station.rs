//! `watchfire run` in a temporary directory that outlives any number of its deaths.

use super::api::Api;
use super::device::Device;
use super::process::{Process, run, watchfire};
use super::set_up::{GATEWAY, SECRET, SetUp};
use super::wait;
use rustix::process::Signal;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// An operator of the console.
pub(crate) const USER: &str = "wang";
pub(crate) const PASSWORD: &str = "right-horse-battery";

/// See the head of this file.
pub(crate) struct Station {
    folder: TempDir,
    process: Option<Process>,
}

impl Station {
    /// A station with its files and its operator, not yet started.
    pub(crate) fn prepared(set_up: &SetUp) -> Station {
        let station = Station { folder: tempfile::tempdir().unwrap(), process: None };
        set_up.write(station.folder());
        let added = station.command(&["users", "add", "--config", "watchfire.toml", USER], &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        station
    }

    /// A station that is ready.
    pub(crate) fn started(set_up: &SetUp) -> Station {
        let mut station = Station::prepared(set_up);
        station.start();
        station
    }

    /// Starts it, again after its end, and waits until it is ready.
    pub(crate) fn start(&mut self) {
        self.begin();
        self.wait_until_ready();
    }

    /// Starts it as a process that may have so many files open, and waits until it is ready.
    pub(crate) fn start_with_files(&mut self, files: usize) {
        assert!(self.process.is_none(), "one at a time");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" run --config watchfire.toml")]);
        command.arg(watchfire().get_program()).current_dir(self.folder.path()).env_remove("RUST_LOG");
        self.process = Some(Process::of(command));
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        self.process().wait_for_log("listening");
        let api = self.visitor();
        wait::until("readiness", || {
            assert!(self.process().is_running(), "the station has ended before it was ready");
            api.is_ready().then_some(())
        });
    }

    /// Starts it and waits for nothing.
    pub(crate) fn begin(&mut self) {
        assert!(self.process.is_none(), "one at a time");
        self.process = Some(Process::start(&["run", "--config", "watchfire.toml"], self.folder.path()));
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process().kill();
        self.process = None;
    }

    /// SIGTERM; it must end well.
    pub(crate) fn stop(&mut self) {
        self.process().signal(Signal::TERM);
        let status = self.process().wait_for_end();
        assert!(status.success(), "{status}");
        self.process = None;
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&mut self) {
        self.process().signal(Signal::HUP);
    }

    /// Runs another command of the program beside it.
    pub(crate) fn command(&self, arguments: &[&str], input: &str) -> Output {
        run(arguments, self.folder.path(), input)
    }

    /// The process, which must have been started.
    pub(crate) fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    /// Where its configuration is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its data is.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where devices connect.
    pub(crate) fn mqtt(&self) -> SocketAddr {
        self.listens("mqtt")
    }

    /// Where browsers connect.
    pub(crate) fn console(&self) -> SocketAddr {
        self.listens("console")
    }

    /// Where fire panels connect; the set-up has one listener for them.
    pub(crate) fn panels(&self) -> SocketAddr {
        let lines: Vec<Value> = self.process.as_ref().unwrap().logged("listening");
        let (_, address) = lines[0]["panels"].as_str().unwrap().split_once(' ').unwrap();
        address.parse().unwrap()
    }

    fn listens(&self, which: &str) -> SocketAddr {
        let lines: Vec<Value> = self.process.as_ref().unwrap().logged("listening");
        lines[0][which].as_str().unwrap().parse().unwrap()
    }

    /// Somebody at the console who is not logged in.
    pub(crate) fn visitor(&self) -> Api {
        Api::new(self.console())
    }

    /// The operator at the console.
    pub(crate) fn operator(&self) -> Api {
        let mut api = self.visitor();
        api.log_in(USER, PASSWORD);
        api
    }

    /// The gateway of site `home`, under that client id.
    pub(crate) fn gateway(&self, client_id: &str) -> Device {
        Device::connect(self.mqtt(), client_id, GATEWAY, SECRET)
    }
}
