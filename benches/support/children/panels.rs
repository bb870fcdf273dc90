//! Transmission devices of fire panels that only beat, each in one of the customs. Told to stop (SIGTERM) it says what
//! came of it.

use super::say;
use crate::support::Fault;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use watchfire_simulator::panel::load::{LoadOptions, run as beat};

/// Who beats.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Beating {
    pub(crate) target: SocketAddr,
    pub(crate) first_address: u64,
    pub(crate) devices: u32,
    pub(crate) every_s: u64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Beaten {
    pub(crate) connected: u32,
    pub(crate) lost: u32,
    pub(crate) confirmed: u64,
}

pub(super) async fn run(wanted: &Beating) -> Result<(), Fault> {
    let options = LoadOptions {
        target: wanted.target,
        first_address: wanted.first_address,
        alarming: 0,
        alarms: 0,
        within: Duration::from_secs(3_600),
        beating: wanted.devices,
        beat_every: Duration::from_secs(wanted.every_s),
    };
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut beating = std::pin::pin!(beat(&options, &stop));
    let report = tokio::select! {
        report = &mut beating => report,
        _ = terminate.recv() => {
            stop.cancel();
            beating.await
        }
    };
    say(&Beaten { connected: report.connected, lost: report.lost, confirmed: report.beats_confirmed })
}
