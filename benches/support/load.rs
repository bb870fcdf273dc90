//! The load generator in a process of its own, as the figures use it.

use crate::support::Fault;
use crate::support::process::Process;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What the generator does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) target: SocketAddr,
    /// Users; the connections are shared out among them. None: anonymous.
    pub(crate) users: Vec<String>,
    pub(crate) password: String,
    pub(crate) site: String,
    pub(crate) connections: u32,
    /// Names of devices are `<prefix><number>`.
    pub(crate) prefix: String,
    /// Publishes per second in all; 0: as fast as they are acknowledged.
    pub(crate) rate: u32,
    pub(crate) seconds: f64,
    pub(crate) in_flight: u16,
    pub(crate) qos: u8,
    pub(crate) payload_bytes: usize,
    /// Readings of each publish.
    pub(crate) readings: u16,
    /// Where the keys of acknowledged publishes are written.
    pub(crate) keys: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Loaded {
    pub(crate) connected: u32,
    pub(crate) lost: u32,
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    pub(crate) per_second: f64,
    /// Of the user with the slowest.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Processor time of the generator.
    pub(crate) cpu_s: f64,
    pub(crate) seconds: f64,
}

impl Load {
    /// 100 clients × 10 in flight × 120 bytes, QoS 1, as fast as acknowledged.
    pub(crate) fn standard(target: SocketAddr, seconds: f64) -> Load {
        Load {
            target,
            users: Vec::new(),
            password: String::new(),
            site: "load".to_owned(),
            connections: 100,
            prefix: "load-".to_owned(),
            rate: 0,
            seconds,
            in_flight: 10,
            qos: 1,
            payload_bytes: 120,
            readings: 1,
            keys: None,
        }
    }

    /// Starts the generator.
    pub(crate) fn start(&self, log: &Path) -> Result<Process, Fault> {
        Process::start_child("load", self, log)
    }

    /// Ends a generator that is still at it, and hears its report; an error when it was over before.
    pub(crate) fn end(mut generator: Process) -> Result<Loaded, Fault> {
        if generator.has_ended() {
            return Err("the load was over before what was measured beside it".into());
        }
        generator.terminate()?;
        generator.line()
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, log: &Path) -> Result<Loaded, Fault> {
        let loaded: Loaded = self.start(log)?.line()?;
        if loaded.connected < self.connections || loaded.lost > 0 {
            return Err(
                format!("{} of {} connections, {} lost", loaded.connected, self.connections, loaded.lost).into()
            );
        }
        Ok(loaded)
    }
}
