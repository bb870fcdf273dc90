//! `watchfire backup`, `restore` and `verify`.

use super::output;
use crate::backup::{self, BackupError, verify::Verified};
use crate::cli::{BackupOptions, RestoreOptions, VerifyOptions};
use crate::config;
use crate::parts::archive_place::ArchivePlace;
use crate::parts::paths::DataPaths;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn backup(options: &BackupOptions) -> ExitCode {
    let made = place(&options.config)
        .and_then(|(paths, archive)| backup::make::make(&paths, &archive, &options.to).map_err(|why| why.to_string()));
    let manifest = match made {
        Ok(manifest) => manifest,
        Err(why) => return output::failed(why),
    };
    let (files, bytes) = manifest.size();
    output::say(format_args!(
        "{}: entries {} to {}, {} alert records, {files} files, {bytes} bytes",
        options.to.display(),
        manifest.journal.first,
        manifest.journal.last,
        manifest.alerts.last,
    ));
    if !manifest.has_archive {
        output::complain("history is not in it: it is on the server of [archive], which is backed up by its own means");
    }
    let damaged: Vec<&str> =
        manifest.journal.damaged.iter().chain(&manifest.alerts.damaged).map(String::as_str).collect();
    if damaged.is_empty() {
        return ExitCode::SUCCESS;
    }
    output::failed(format_args!(
        "the backup is made, but these segments were damaged before and are in it as they are: {}",
        damaged.join(", ")
    ))
}

pub(crate) fn restore(options: &RestoreOptions) -> ExitCode {
    let done = place(&options.config).and_then(|(paths, archive)| {
        let restored = backup::restore::restore(&options.from, &paths, &archive, options.even_damaged);
        restored.map_err(|why| why.to_string())
    });
    match done {
        Ok(done) => {
            output::say(format_args!("restored up to entry {}; the journal is now {}", done.last, done.journal));
            if let Some(why) = done.archive_waits {
                output::complain(format_args!(
                    "the archive on the server does not follow it yet ({why}); the station takes it up by itself"
                ));
            }
            ExitCode::SUCCESS
        }
        Err(why) => output::failed(why),
    }
}

pub(crate) fn verify(options: &VerifyOptions) -> ExitCode {
    let verified = match (&options.backup, &options.config) {
        (Some(folder), _) => backup::verify::backup(folder).map(|(_, found)| found),
        (None, Some(config)) => {
            place(config).map_err(BackupError).map(|(paths, archive)| backup::verify::data(&paths, Some(&archive)))
        }
        (None, None) => Err(BackupError("say what to look at: --config or --backup".to_owned())),
    };
    match verified {
        Ok(found) => report(&found),
        Err(why) => output::failed(why),
    }
}

fn report(found: &Verified) -> ExitCode {
    match serde_json::to_string_pretty(found) {
        Ok(text) => output::say(text),
        Err(why) => return output::failed(why),
    }
    if found.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(output::FAILED) }
}

/// The data directory and the archive of a configuration.
pub(super) fn place(file: &Path) -> Result<(DataPaths, ArchivePlace), String> {
    let config = config::load(file).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let station = config.station;
    let paths = DataPaths::new(&station.data_dir);
    let archive = ArchivePlace::of(&station.archive, &station.folder, &paths)?;
    Ok((paths, archive))
}
