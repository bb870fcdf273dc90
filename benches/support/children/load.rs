//! The load generator: the simulator's load, once per user, in one runtime. Told to stop (SIGTERM) it ends sooner.

use super::say;
use crate::support::Fault;
use crate::support::load::{Load, Loaded};
use crate::support::process::cpu_s_of;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_simulator::load::{self, LoadOptions, Outcome};

pub(super) async fn run(wanted: &Load) -> Result<(), Fault> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut runs = JoinSet::new();
    for options in shares(wanted) {
        let stop = stop.clone();
        runs.spawn(async move { load::run(&options, &stop).await });
    }
    let mut runs = std::pin::pin!(runs.join_all());
    let outcomes: Vec<Outcome> = tokio::select! {
        outcomes = &mut runs => outcomes,
        _ = terminate.recv() => {
            stop.cancel();
            runs.await
        }
    };
    if let Some(file) = &wanted.keys {
        let keys: Vec<&str> = outcomes.iter().flat_map(|outcome| &outcome.keys).map(String::as_str).collect();
        std::fs::write(file, keys.join("\n"))?;
    }
    let reports = || outcomes.iter().map(|outcome| &outcome.report);
    let slowest = |of: fn(&watchfire_simulator::report::Latency) -> f64| {
        reports().map(|report| of(&report.latency_ms)).fold(0.0, f64::max)
    };
    say(&Loaded {
        connected: reports().map(|report| report.connected).sum(),
        lost: reports().map(|report| report.lost).sum(),
        sent: reports().map(|report| report.sent).sum(),
        acknowledged: reports().map(|report| report.acknowledged).sum(),
        per_second: reports().map(|report| report.per_second).sum(),
        p50_ms: slowest(|latency| latency.p50),
        p99_ms: slowest(|latency| latency.p99),
        cpu_s: cpu_s_of("self"),
        seconds: reports().map(|report| report.seconds).fold(0.0, f64::max),
    })
}

/// The connections shared out among the users.
fn shares(wanted: &Load) -> Vec<LoadOptions> {
    let users = if wanted.users.is_empty() { vec![String::new()] } else { wanted.users.clone() };
    let count = u32::try_from(users.len()).unwrap_or(1);
    let share = |(user, index): (String, u32)| LoadOptions {
        target: wanted.target,
        user,
        password: wanted.password.clone(),
        site: wanted.site.clone(),
        devices: wanted.connections / count,
        prefix: if count == 1 { wanted.prefix.clone() } else { format!("{}{index}-", wanted.prefix) },
        rate: wanted.rate / count,
        duration: Duration::from_secs_f64(wanted.seconds),
        in_flight: wanted.in_flight,
        qos: wanted.qos,
        payload_bytes: wanted.payload_bytes,
        readings: wanted.readings,
        keep_keys: wanted.keys.is_some(),
    };
    users.into_iter().zip(0u32..).map(share).collect()
}
