//! `watchfire check`: the effective configuration, or every problem.

use super::output;
use crate::config;
use crate::config::archive::ArchiveKind;
use crate::parts::listener::Secrets;
use crate::set_up_store::Points;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use watchfire_model::{DeviceName, SiteId};
use watchfire_settings::Problem;

pub(crate) fn run(file: &Path) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(problems) => return output::problems(&problems),
    };
    let missing = missing_secrets(&config);
    if !missing.is_empty() {
        return output::problems(&missing);
    }
    for problem in config::reach::unreached(&config.sites, &config.station.notify) {
        output::complain(format_args!("warning: {problem}"));
    }
    let shown = serde_json::json!({
        "station": config.station,
        "sites": config.sites,
        "rules": config.rules,
        "profiles": config.profiles,
        "points": point_counts(&config.points),
        "risk": config.risk,
    });
    match serde_json::to_string_pretty(&shown) {
        Ok(text) => {
            output::say(text);
            ExitCode::SUCCESS
        }
        Err(error) => output::failed(error),
    }
}

/// How many points each table has; the tables themselves are the files that were read.
fn point_counts(points: &Points) -> BTreeMap<&SiteId, BTreeMap<&DeviceName, usize>> {
    let counts = points.iter().map(|(site, tables)| {
        let of_site = tables.iter().map(|(device, table)| (device, table.len())).collect();
        (site, of_site)
    });
    counts.collect()
}

/// Secrets that are referred to and cannot be fetched, with who refers to them.
fn missing_secrets(config: &config::Config) -> Vec<Problem> {
    let station = &config.station;
    let of_archive = match &station.archive.kind {
        ArchiveKind::Postgresql(server) => server.password.as_ref(),
        ArchiveKind::Sqlite => None,
    };
    let of_parts = [
        ("archive", of_archive),
        ("notify.email", station.notify.email.as_ref().and_then(|email| email.password.as_ref())),
        ("notify.sms", station.notify.sms.as_ref().map(|sms| &sms.password)),
        ("notify.webhook", station.notify.webhook.as_ref().map(|webhook| &webhook.secret)),
    ];
    let fetched = of_parts.into_iter().filter_map(|(key, secret)| Some((key, secret?.fetch(&station.folder).err()?)));
    let mut missing: Vec<String> = fetched.map(|(key, why)| format!("{key}: {why}")).collect();
    missing.extend(Secrets::References(station.folder.clone()).of(&config.sites).err().into_iter().flatten());
    missing.into_iter().map(|message| Problem::whole_file("secrets", message)).collect()
}
