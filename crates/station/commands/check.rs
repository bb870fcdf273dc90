//! `watchfire check`: the effective configuration, or every problem.

use super::output;
use crate::config::{self, secrets::SecretRef};
use std::path::Path;
use std::process::ExitCode;
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
    let shown = serde_json::json!({ "station": config.station, "sites": config.sites, "rules": config.rules });
    match serde_json::to_string_pretty(&shown) {
        Ok(text) => {
            output::say(text);
            ExitCode::SUCCESS
        }
        Err(error) => output::failed(error),
    }
}

/// Secrets that are referred to and cannot be fetched.
fn missing_secrets(config: &config::Config) -> Vec<Problem> {
    let station = &config.station;
    let of_channels = [
        station.notify.email.as_ref().and_then(|email| email.password.clone()),
        station.notify.sms.as_ref().map(|sms| sms.password.clone()),
        station.notify.webhook.as_ref().map(|webhook| webhook.secret.clone()),
    ];
    let identities = config.sites.sites.values().flat_map(|site| site.identities.values());
    let of_identities = identities.filter_map(|identity| identity.secret.parse::<SecretRef>().ok());
    let references = of_channels.into_iter().flatten().chain(of_identities);
    let missing = references.filter_map(|reference| reference.fetch(&station.folder).err());
    missing.map(|message| Problem::whole_file("secrets", message)).collect()
}
