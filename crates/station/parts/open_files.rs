//! File descriptors: the journal needs one for each new segment, and a process that has none left ends. So connections
//! get what the system allows less a reserve, and never the rest.

use crate::config::StationConfig;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{info, warn};

/// Kept for the journal, logs, snapshots, the archive, mail, messages and the runtime.
const RESERVE: u64 = 512;
/// With fewer the station does not start: half of them would not carry its own files.
const AT_LEAST: u64 = 256;

/// Connections of the three listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Connections {
    mqtt: u64,
    panels: u64,
    console: u64,
}

/// Raises the process's limit of open files as far as it may, and cuts the connections to what then fits.
///
/// # Errors
/// When so few files may be open that the station could not work.
pub(crate) fn fit(config: &mut StationConfig) -> Result<(), String> {
    let Some(limit) = raised() else { return Ok(()) };
    let panels = if config.gbt26875.listeners.is_empty() { 0 } else { config.gbt26875.connections_max };
    let wanted = Connections { mqtt: config.mqtt.connections_max, panels, console: config.console.connections_max };
    let fitting = fitting(limit, wanted).ok_or_else(|| {
        format!("only {limit} files may be open at once, {AT_LEAST} is the least; raise LimitNOFILE= or `ulimit -n`")
    })?;
    if fitting != wanted {
        warn!(
            limit,
            mqtt = fitting.mqtt,
            panels = fitting.panels,
            console = fitting.console,
            "the limit of open files allows fewer connections than configured; raise LimitNOFILE= or `ulimit -n`"
        );
    }
    config.mqtt.connections_max = fitting.mqtt;
    config.console.connections_max = fitting.console;
    if panels > 0 {
        config.gbt26875.connections_max = fitting.panels;
    }
    Ok(())
}

/// The limit of open files, the soft one raised to the hard one; `None` without one.
fn raised() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let before = current?;
    // Not asked for when there is nothing to gain: a sandbox may forbid it.
    if maximum.is_some_and(|maximum| maximum <= before) {
        return Some(before);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => {
            info!(before, now = maximum, "the limit of open files is raised");
            maximum
        }
        Err(error) => {
            warn!(%error, limit = before, "the limit of open files could not be raised");
            Some(before)
        }
    }
}

/// The connections of each listener when `limit` files may be open: all that are wanted, or each the same part of it.
/// Browsers get at most a quarter, so that devices are not kept out by them.
fn fitting(limit: u64, wanted: Connections) -> Option<Connections> {
    if limit < AT_LEAST {
        return None;
    }
    let room = limit - RESERVE.min(limit / 2);
    let console = wanted.console.min(room / 4);
    let rest = room - console;
    let devices = wanted.mqtt.saturating_add(wanted.panels).max(1);
    if devices <= rest {
        return Some(Connections { console, ..wanted });
    }
    let part = |of: u64| u64::try_from(u128::from(of) * u128::from(rest) / u128::from(devices)).unwrap_or(rest);
    Some(Connections { mqtt: part(wanted.mqtt), panels: part(wanted.panels), console })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Connections = Connections { mqtt: 20_000, panels: 20_000, console: 1_024 };

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(fitting(65_536, WANTED), Some(WANTED));
    }

    #[test]
    fn what_does_not_fit_is_shared_and_leaves_the_reserve() {
        assert_eq!(fitting(1_024, WANTED), Some(Connections { mqtt: 192, panels: 192, console: 128 }));
        let alone = Connections { panels: 0, ..WANTED };
        assert_eq!(fitting(1_024, alone), Some(Connections { mqtt: 384, panels: 0, console: 128 }));
        assert_eq!(fitting(255, WANTED), None);
        for limit in 256..4_096 {
            let Connections { mqtt, panels, console } = fitting(limit, WANTED).unwrap();
            assert!(mqtt + panels + console + RESERVE.min(limit / 2) <= limit, "{limit}");
        }
    }
}
