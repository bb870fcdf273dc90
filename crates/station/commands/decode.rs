//! `watchfire decode`: messages on stdin, readings on stdout. Touches no network and no disk.

use super::output;
use crate::cli::DecodeOptions;
use crate::clock;
use std::io::{BufRead, BufWriter, Write};
use std::process::ExitCode;
use watchfire_wire::{Profiles, Sessions, decode, decode_as, json_line};

pub(crate) fn run(options: &DecodeOptions) -> ExitCode {
    let mut sessions = Sessions::default();
    let profiles = Profiles::default();
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
