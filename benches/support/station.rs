//! A whole station, `watchfire run`, in a process of its own with a data directory on the measured disk.

use crate::support::place::{Place, free_address};
use crate::support::process::Process;
use crate::support::site_plan::{self, SECRET, SitePlan};
use crate::support::{Fault, http};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The operator.
pub(crate) const USER: &str = "bench";
/// Its password.
pub(crate) const PASSWORD: &str = "a bench's long password";

/// The key of the webhook's signatures.
const WEBHOOK_SECRET: &str = "a bench's long secret of webhooks";
const READY_MAX: Duration = Duration::from_secs(120);
const READY_POLL: Duration = Duration::from_millis(5);
const ASK_MAX: Duration = Duration::from_secs(10);
const STOP_MAX: Duration = Duration::from_secs(60);

/// What a station is started from: configuration and data stay when the station ends.
pub(crate) struct Home {
    pub(crate) place: Place,
    /// More of the configuration.
    more: String,
    /// Whether there is a port for fire panels.
    has_panels: bool,
}

/// A station.
pub(crate) struct Station {
    pub(crate) process: Process,
    pub(crate) mqtt: SocketAddr,
    pub(crate) console: SocketAddr,
    /// Where fire panels connect, when a site has any.
    pub(crate) panels: SocketAddr,
    /// From the start of the process to its readiness.
    pub(crate) ready_after: Duration,
}

impl Home {
    /// Writes the configuration and adds the operator.
    pub(crate) fn new(parent: &Path, sites: &[SitePlan]) -> Result<Home, Fault> {
        Home::with(parent, sites, site_plan::toml(sites), String::new())
    }

    /// As [`Home::new`], with a webhook that is called about every alert.
    pub(crate) fn told_by_webhook(parent: &Path, sites: &[SitePlan], url: &str) -> Result<Home, Fault> {
        let text = site_plan::toml(sites) + &site_plan::told_by_webhook(sites, url);
        Home::with(parent, sites, text, "[notify.webhook]\nsecret = \"file:webhook-secret\"\n".to_owned())
    }

    /// As [`Home::new`], with the table `[archive]`.
    pub(crate) fn with_archive(parent: &Path, sites: &[SitePlan], archive: String) -> Result<Home, Fault> {
        Home::with(parent, sites, site_plan::toml(sites), archive)
    }

    fn with(parent: &Path, sites: &[SitePlan], text: String, more: String) -> Result<Home, Fault> {
        let place = Place::new(parent)?;
        std::fs::write(place.file("sites.toml"), text)?;
        std::fs::write(place.file("secret"), SECRET)?;
        std::fs::write(place.file("webhook-secret"), WEBHOOK_SECRET)?;
        let home = Home { place, more, has_panels: sites.iter().any(|site| !site.panels.is_empty()) };
        home.configure(free_address()?, free_address()?, free_address()?)?;
        home.add_user()?;
        Ok(home)
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.place.file("data")
    }

    /// Starts the station and waits until `/readyz` says so.
    pub(crate) fn start(&self) -> Result<Station, Fault> {
        let begun = Instant::now();
        let mut station = self.launch()?;
        while !is_ready(station.console) {
            if station.process.has_ended() || begun.elapsed() > READY_MAX {
                return Err(format!("the station did not become ready: {}", self.place.log_end()).into());
            }
            std::thread::sleep(READY_POLL);
        }
        station.ready_after = begun.elapsed();
        Ok(station)
    }

    /// Starts the process and waits for nothing.
    pub(crate) fn launch(&self) -> Result<Station, Fault> {
        let (mqtt, console, panels) = (free_address()?, free_address()?, free_address()?);
        self.configure(mqtt, console, panels)?;
        let config = self.place.file("watchfire.toml").display().to_string();
        let args = ["run".to_owned(), "--config".to_owned(), config];
        let process = Process::start(Path::new(env!("CARGO_BIN_EXE_watchfire")), &args, &self.place.log())?;
        Ok(Station { process, mqtt, console, panels, ready_after: Duration::MAX })
    }

    fn configure(&self, mqtt: SocketAddr, console: SocketAddr, panels: SocketAddr) -> Result<(), Fault> {
        let mut text = format!(
            "data_dir = \"data\"\nsites = \"sites.toml\"\n[mqtt]\nlisten = \"{mqtt}\"\n[console]\nlisten = \"{console}\"\n[log]\nfilter = \"warn\"\n{}",
            self.more
        );
        if self.has_panels {
            text += &format!("[gbt26875.listeners.panels]\nlisten = \"{panels}\"\n");
        }
        Ok(std::fs::write(self.place.file("watchfire.toml"), text)?)
    }

    fn add_user(&self) -> Result<(), Fault> {
        let mut adding = Command::new(env!("CARGO_BIN_EXE_watchfire"))
            .args(["users", "add", "--config"])
            .arg(self.place.file("watchfire.toml"))
            .arg(USER)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = adding.stdin.take() {
            stdin.write_all(PASSWORD.as_bytes())?;
        }
        let added = adding.wait_with_output()?;
        if added.status.success() {
            return Ok(());
        }
        Err(format!("the operator could not be added: {}", String::from_utf8_lossy(&added.stderr)).into())
    }
}

impl Station {
    /// The metrics now.
    pub(crate) fn metrics(&self) -> Result<Metrics, Fault> {
        let answer = http::get(self.console, "/metrics", ASK_MAX)?;
        Ok(Metrics { text: answer.body })
    }

    /// Stops it in order.
    pub(crate) fn stop(mut self) -> Result<(), Fault> {
        self.process.stop(STOP_MAX)
    }
}

/// What `/metrics` said.
pub(crate) struct Metrics {
    text: String,
}

impl Metrics {
    /// The value of a metric without labels.
    pub(crate) fn value(&self, name: &str) -> Result<f64, Fault> {
        let line = self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = line.and_then(|value| value.trim().parse().ok());
        value.ok_or_else(|| format!("/metrics has no {name}").into())
    }

    /// The value of a metric with these labels, `name{label="value"}`; 0 before it has one.
    pub(crate) fn labelled(&self, name: &str) -> Result<f64, Fault> {
        let line = self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.map_or(Ok(0.0), |value| value.trim().parse())?)
    }

    /// The sum over all labels of a metric.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        let lines = self.text.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{')));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }
}

fn is_ready(console: SocketAddr) -> bool {
    http::get(console, "/readyz", ASK_MAX).is_ok_and(|answer| answer.code == 200)
}
