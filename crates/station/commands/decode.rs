//! `watchfire decode`: messages on stdin, readings on stdout. Touches no network and no disk.

use super::output;
use crate::cli::DecodeOptions;
use crate::clock;
use crate::config::dialects;
use std::io::{BufRead, BufWriter, Write};
use std::process::ExitCode;
use watchfire_settings::Problem;
use watchfire_wire::{Profiles, Sessions, decode, decode_as, json_line};

pub(crate) fn run(options: &DecodeOptions) -> ExitCode {
    let mut sessions = Sessions::default();
    let profiles = match options.profile.as_deref().map(profiles).transpose() {
        Ok(profiles) => profiles.unwrap_or_default(),
        Err(problems) => return output::problems(&problems),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut faults = 0u32;
    for (index, line) in std::io::stdin().lock().lines().enumerate() {
        let line = match line {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => line,
            Err(error) => return output::failed(format_args!("line {}: {error}", index + 1)),
        };
        match json_line::parse(&line) {
            Ok(frame) => {
                let at = frame.received_at.unwrap_or_else(clock::wall);
                let decoded = match options.source {
                    Some(source) => decode_as(source, &frame.frame(), at, &profiles, &mut sessions),
                    None => decode(&frame.frame(), at, &profiles, &mut sessions),
                };
                if writeln!(out, "{}", json_line::line_with_frame(&decoded, &frame.frame(), &profiles)).is_err() {
                    return ExitCode::SUCCESS;
                }
            }
            Err(error) => {
                faults += 1;
                output::complain(format_args!("line {}: {error}", index + 1));
            }
        }
    }
    let _ = out.flush();
    if faults > 0 { ExitCode::from(output::FAILED) } else { ExitCode::SUCCESS }
}

/// One dialect for every frame: of that name, or of that file.
fn profiles(named: &str) -> Result<Profiles, Vec<Problem>> {
    let found = if named.ends_with(".toml") {
        let text = std::fs::read_to_string(named)
            .map_err(|error| vec![Problem::whole_file(named, format!("cannot be read: {error}"))])?;
        dialects::parse(&[(named.to_owned(), text)])?.into_values().next()
    } else {
        dialects::built_in().remove(named)
    };
    let dialect = found.ok_or_else(|| {
        let names: Vec<String> = dialects::built_in().into_keys().map(String::from).collect();
        let message = format!("is not a profile; use {}, or a file that ends in .toml", names.join(", "));
        vec![Problem::whole_file(named, message)]
    })?;
    let mut profiles = Profiles::default();
    profiles.gbt26875.dialects.insert(named.into(), dialect);
    // The frames of a command line have this site and no identity.
    let of_site = profiles.gbt26875.spoken_by.entry(json_line::input::SITE.into()).or_default();
    of_site.insert("".into(), named.into());
    Ok(profiles)
}
