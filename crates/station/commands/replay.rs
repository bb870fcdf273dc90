//! `watchfire replay`: readings or a journal in, alert transitions out.

use super::output;
use crate::cli::ReplayOptions;
use crate::config;
use crate::parts::fold::Fold;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use watchfire_journal::{Reader, RealDisk, survey};
use watchfire_model::encoding::{decode_entry, is_skip};
use watchfire_model::{Input, JournalId, Seq, Sites};
use watchfire_rules::{Effects, RuleSet, replay};

pub(crate) fn run(options: &ReplayOptions) -> ExitCode {
    match replayed(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => output::failed(why),
    }
}

fn replayed(options: &ReplayOptions) -> Result<(), String> {
    let rules = options.rules.as_deref().map(config::load_rules).transpose().map_err(lines)?;
    let from_config = options.config.as_deref().map(config::load).transpose().map_err(lines)?;
    let sites = from_config.as_ref().map(|config| config.sites.clone());
    let rules = rules.or(from_config.map(|config| config.rules));
    let mut out = BufWriter::new(std::io::stdout().lock());
    match options.files.as_slice() {
        [folder] if folder.is_dir() => journal(folder, rules, sites, &mut out)?,
        files => readings(files, rules.unwrap_or_else(RuleSet::built_in), sites.unwrap_or_default(), &mut out)?,
    }
    out.flush().map_err(|error| error.to_string())
}

fn readings(files: &[std::path::PathBuf], rules: RuleSet, sites: Sites, out: &mut impl Write) -> Result<(), String> {
    let mut session = replay::Session::new(rules, sites);
    if files.is_empty() {
        return lines_of("stdin", &mut std::io::stdin().lock(), &mut session, out);
    }
    for file in files {
        let name = file.display().to_string();
        let opened = File::open(file).map_err(|error| format!("{name}: {error}"))?;
        lines_of(&name, &mut BufReader::new(opened), &mut session, out)?;
    }
    Ok(())
}

fn lines_of(
    name: &str,
    input: &mut impl BufRead,
    session: &mut replay::Session,
    out: &mut impl Write,
) -> Result<(), String> {
    let (mut line, mut printed) = (String::new(), String::new());
    for number in 1u64.. {
        line.clear();
        if input.read_line(&mut line).map_err(|error| format!("{name}:{number}: {error}"))? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        session.line(&line, &mut printed).map_err(|error| format!("{name}:{number}: {error}"))?;
        if !printed.is_empty() {
            out.write_all(printed.as_bytes()).map_err(|error| error.to_string())?;
            printed.clear();
        }
    }
    Ok(())
}

/// A journal directory: what was raised then, or what a draft of rules would have raised.
fn journal(folder: &Path, rules: Option<RuleSet>, sites: Option<Sites>, out: &mut impl Write) -> Result<(), String> {
    let found = survey(&RealDisk, folder).map_err(|error| error.to_string())?;
    let set_ups = folder.parent().unwrap_or(Path::new(".")).join("setups");
    let read = |error: watchfire_journal::ReadError| error.to_string();
    let mut skips = BTreeSet::new();
    let mut reader = Reader::open(&RealDisk, folder, found.first).map_err(read)?;
    while let Some(record) = reader.next(found.last).map_err(read)? {
        if is_skip(record.bytes)
            && let Ok(entry) = decode_entry(Seq(record.seq), record.bytes)
            && let Input::Skip(seq) = entry.input
        {
            skips.insert(seq);
        }
    }
    let mut fold = Fold::new(JournalId(found.journal_id.0), set_ups, skips);
    fold.draft(rules, sites);
    let mut reader = Reader::open(&RealDisk, folder, found.first).map_err(read)?;
    let mut effects = Effects::default();
    while let Some(record) = reader.next(found.last).map_err(read)? {
        let seq = record.seq;
        if fold.skips(Seq(seq)) {
            continue;
        }
        let entry = decode_entry(Seq(seq), record.bytes).map_err(|error| format!("entry {seq}: {error}"))?;
        fold.apply(&entry, &mut effects).map_err(|error| format!("entry {seq}: {error}"))?;
        for transition in effects.transitions.drain(..) {
            writeln!(out, "{}", replay::transition_line(&transition)).map_err(|error| error.to_string())?;
        }
        effects.refusals.clear();
    }
    Ok(())
}

fn lines(problems: Vec<watchfire_settings::Problem>) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
