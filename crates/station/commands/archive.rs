//! `watchfire archive`: moves history from the file to the server of the configuration.

use super::{backup, output};
use crate::cli::ArchiveCommand;
use crate::parts::archive_place::ArchivePlace;
use std::path::Path;
use std::process::ExitCode;
use watchfire_archive::{Migrated, migrate};

pub(crate) fn run(command: &ArchiveCommand) -> ExitCode {
    let ArchiveCommand::Migrate { config } = command;
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
    let ArchivePlace::Server(server) = archive else {
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
