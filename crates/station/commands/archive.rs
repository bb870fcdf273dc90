//! `watchfire archive`: moves history from the file to the server of the configuration; verifies and restores the files
//! that retention writes.

use super::{backup, output};
use crate::cli::ArchiveCommand;
use crate::parts::archive_place::ArchivePlace;
use std::path::Path;
use std::process::ExitCode;
use watchfire_archive::{Migrated, RestoreInto, Restored, migrate, restore_files, verify_files};

pub(crate) fn run(command: &ArchiveCommand) -> ExitCode {
    match command {
        ArchiveCommand::Migrate { config } => migrate_file(config),
        ArchiveCommand::VerifyFiles { folder } => verify(folder),
        ArchiveCommand::RestoreFiles { folder, month, into, config } => {
            match restored(folder, month, into.as_deref(), config.as_deref()) {
                Ok(done) => {
                    output::say(format_args!(
                        "{} readings of {} files, {} of them were not there yet",
                        done.readings, done.files, done.added
                    ));
                    ExitCode::SUCCESS
                }
                Err(why) => output::failed(why),
            }
        }
    }
}

fn verify(folder: &Path) -> ExitCode {
    let checked = match verify_files(folder) {
        Ok(checked) => checked,
        Err(why) => return output::failed(why),
    };
    output::say(format_args!(
        "{} months, {} files, {} readings sound, {} bytes",
        checked.months, checked.files, checked.readings, checked.bytes
    ));
    checked.problems.iter().for_each(output::complain);
    if checked.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(output::FAILED) }
}

fn restored(folder: &Path, month: &str, into: Option<&Path>, config: Option<&Path>) -> Result<Restored, String> {
    let place = match (into, config) {
        (Some(file), _) => ArchivePlace::File(file.to_owned()),
        (None, Some(config)) => backup::place(config)?.1,
        (None, None) => return Err("say where to: --into or --config".to_owned()),
    };
    let into = match &place {
        ArchivePlace::File(path) => RestoreInto::File(path),
        ArchivePlace::Server(server, _) => RestoreInto::Server(server),
    };
    restore_files(folder, month, into).map_err(|why| why.to_string())
}

fn migrate_file(config: &Path) -> ExitCode {
    match migrated(config) {
        Ok(done) => {
            let rows: Vec<String> = done.rows.iter().map(|(table, rows)| format!("{rows} {table}")).collect();
            let (readings, rows) = (done.readings, rows.join(", "));
            output::say(format_args!("{readings} readings of {} days, {rows}", done.days));
            output::complain(
                "restart the station: it goes on on the server, from the journal, where the file was copied",
            );
            ExitCode::SUCCESS
        }
        Err(why) => output::failed(why),
    }
}

fn migrated(config: &Path) -> Result<Migrated, String> {
    let (paths, archive) = backup::place(config)?;
    let ArchivePlace::Server(server, _) = archive else {
        return Err(
            "archive.kind is sqlite: name the server in [archive] first; the station goes on with the file until \
                    it is restarted"
                .to_owned(),
        );
    };
    if !paths.archive().exists() {
        return Err(format!("there is no archive in a file to copy: {} is not there", paths.archive().display()));
    }
    migrate(&paths.archive(), &server, |so_far| {
        output::complain(format_args!("day {} of {}, {} readings", so_far.days_done, so_far.days, so_far.readings));
    })
    .map_err(|why| why.to_string())
}
