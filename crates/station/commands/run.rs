//! `watchfire run`: the service.

use super::output;
use crate::config::{self, Config};
use crate::logging;
use crate::parts::channels;
use crate::parts::listener::Secrets;
use crate::parts::station::{Station, StationOptions};
use std::path::Path;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

pub(crate) fn run(file: &Path) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(problems) => return output::problems(&problems),
    };
    logging::start(&config.station.log);
    let options = match options(config) {
        Ok(options) => options,
        Err(why) => return output::failed(why),
    };
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(options)),
        Err(error) => output::failed(error),
    }
}

fn options(config: Config) -> Result<StationOptions, String> {
    warn_of_open_listeners(&config);
    let channels = channels::build(&config.station)?;
    let secrets = Secrets::References(config.station.folder.clone());
    Ok(StationOptions { config, secrets, channels, demo: None })
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
    let mut station = match Station::start(options).await {
        Ok(station) => station,
        Err(error) => return output::failed(error),
    };
    info!(mqtt = %station.mqtt, console = %station.console, "listening");
    let ended = until_told(&mut station).await;
    match ended {
        Ok(()) => {
            station.stop().await;
            ExitCode::SUCCESS
        }
        Err(why) => {
            // Not an orderly stop: what is not durable was not acknowledged, and the next start recovers.
            error!(why, "a part that must not end has ended; the process ends");
            ExitCode::from(output::FAILED)
        }
    }
}

/// Runs until a signal says stop; an error when a part ended that must not.
pub(crate) async fn until_told(station: &mut Station) -> Result<(), String> {
    let listen = |kind: SignalKind| -> Result<Signal, String> { signal(kind).map_err(|error| error.to_string()) };
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hangup = listen(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hangup.recv() => station.reload().await,
            why = station.broken() => return Err(why),
        }
    }
}
