//! `watchfire run`: the service.

use super::output;
use crate::config::{self, Config};
use crate::logging;
use crate::parts::channels;
use crate::parts::listener::Secrets;
use crate::parts::station::{Station, StationOptions};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

/// A stop takes at most this long.
const STOP_MAX: Duration = Duration::from_secs(40);

pub(crate) fn run(file: &Path) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(problems) => return output::problems(&problems),
    };
    let _log = logging::start(&config.station.log);
    let options = match options(config) {
        Ok(options) => options,
        Err(why) => return output::failed(why),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(error),
    };
    let code = runtime.block_on(serve(options));
    // Not waited for: on a disk that fails, a read may hang for ever, and the process must end.
    runtime.shutdown_background();
    code
}

fn options(config: Config) -> Result<StationOptions, String> {
    warn_of_open_listeners(&config);
    for problem in config::reach::unreached(&config.sites, &config.station.notify) {
        warn!(%problem, "somebody will not be told");
    }
    let channels = channels::build(&config.station)?;
    let secrets = Secrets::References(config.station.folder.clone());
    Ok(StationOptions { config, secrets, channels, sockets: None, demo: None })
}

fn warn_of_open_listeners(config: &Config) {
    let listeners = [
        ("mqtt", config.station.mqtt.listen, config.station.mqtt.insecure),
        ("console", config.station.console.listen, config.station.console.insecure),
    ];
    for (name, address, insecure) in listeners {
        if insecure {
            warn!(listener = name, %address, "insecure = true: this listener has no TLS; passwords cross the network readable");
        }
    }
}

async fn serve(options: StationOptions) -> ExitCode {
    // Before the start, which can take a while: a signal then must not kill the process.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return output::failed(error),
    };
    let started = tokio::select! {
        started = Station::start(options) => started,
        () = signals.stop() => return ExitCode::SUCCESS,
    };
    let mut station = match started {
        Ok(station) => station,
        Err(error) => return output::failed(error),
    };
    let panels: Vec<String> = station.panel_ports.iter().map(|(name, address)| format!("{name} {address}")).collect();
    info!(mqtt = %station.mqtt, console = %station.console, panels = panels.join(", "), "listening");
    match until_told(&mut station, &mut signals).await {
        Ok(()) => stop(station).await,
        Err(why) => {
            // Not an orderly stop: what is not durable was not acknowledged, and the next start recovers.
            error!(why, "a part that must not end has ended; the process ends");
            ExitCode::from(output::FAILED)
        }
    }
}

/// Stops in order, but not for ever: a disk that is full or fails must not keep the process.
pub(crate) async fn stop(station: Station) -> ExitCode {
    if tokio::time::timeout(STOP_MAX, station.stop()).await.is_err() {
        error!("the station did not stop in time; the next start recovers");
        return ExitCode::from(output::FAILED);
    }
    ExitCode::SUCCESS
}

/// The signals that a station hears.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From here on they are heard and kill nothing.
    pub(crate) fn listen() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs until a signal says stop; an error when a part ended that must not. A reload runs beside, one at a time.
pub(crate) async fn until_told(station: &mut Station, signals: &mut Signals) -> Result<(), String> {
    let mut reloads = JoinSet::new();
    let mut again = false;
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Ok(()),
            _ = signals.interrupt.recv() => return Ok(()),
            _ = signals.hangup.recv() => again = true,
            Some(_) = reloads.join_next() => {}
            why = station.broken() => return Err(why),
        }
        if again && reloads.is_empty() {
            again = false;
            reloads.spawn(station.reload().run());
        }
    }
}
