//! `watchfire simulate`: load against any broker or station.

use super::output;
use crate::cli::SimulateOptions;
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use watchfire_simulator::load::{self, LoadOptions};

/// The payload's size, as the benches have it.
const PAYLOAD_BYTES: usize = 120;

pub(crate) fn run(options: &SimulateOptions) -> ExitCode {
    let load = match load_options(options) {
        Ok(load) => load,
        Err(why) => return output::failed(why),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(error),
    };
    let outcome = runtime.block_on(load::run(&load, &CancellationToken::new()));
    if let Some(file) = &options.acknowledged {
        let mut text = outcome.keys.join("\n");
        text.push('\n');
        if let Err(error) = std::fs::write(file, text) {
            return output::failed(format_args!("{}: {error}", file.display()));
        }
    }
    match serde_json::to_string(&outcome.report) {
        Ok(report) => output::say(report),
        Err(error) => return output::failed(error),
    }
    if outcome.report.connected == 0 { ExitCode::from(output::FAILED) } else { ExitCode::SUCCESS }
}

fn load_options(options: &SimulateOptions) -> Result<LoadOptions, String> {
    let (user, password, address) = target(&options.target)?;
    let site = user.split('/').next().filter(|site| !site.is_empty()).unwrap_or("load").to_owned();
    Ok(LoadOptions {
        target: address,
        user,
        password,
        site,
        devices: options.devices,
        prefix: "load-".to_owned(),
        rate: options.rate,
        duration: Duration::from_secs(u64::from(options.seconds)),
        in_flight: options.in_flight,
        qos: options.qos,
        readings: 1,
        payload_bytes: PAYLOAD_BYTES,
        keep_keys: options.acknowledged.is_some(),
    })
}

/// Takes `mqtt://USER:PASSWORD@HOST:PORT` apart.
fn target(text: &str) -> Result<(String, String, SocketAddr), String> {
    let shape = || format!("`{text}` is not of the form mqtt://USER:PASSWORD@HOST:PORT");
    let rest = text.strip_prefix("mqtt://").ok_or_else(shape)?;
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (login, place),
        None => ("", rest),
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let place = if place.contains(':') { place.to_owned() } else { format!("{place}:1883") };
    let mut addresses = place.to_socket_addrs().map_err(|error| format!("{place}: {error}"))?;
    let address = addresses.next().ok_or_else(shape)?;
    Ok((user.replace("%2F", "/"), password.to_owned(), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_taken_apart() {
        let (user, password, address) = target("mqtt://home1/gw:pa:ss@127.0.0.1:2000").unwrap();
        assert_eq!((user.as_str(), password.as_str()), ("home1/gw", "pa:ss"));
        assert_eq!(address.to_string(), "127.0.0.1:2000");
        assert_eq!(target("mqtt://127.0.0.1").unwrap().2.port(), 1883);
        assert!(target("http://x").is_err());
    }
}
