//! `watchfire replay`: readings or a journal in, alert transitions out; or how these differ from what was told.

use super::{output, replay_risk};
use crate::cli::ReplayOptions;
use crate::config;
use crate::parts::alert_log::AlertRuns;
use crate::parts::fold::{Draft, Fold};
use crate::parts::risk_fold::RiskDraft;
use crate::set_up_store::FullSetUp;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use watchfire_journal::{Reader, RealDisk, survey};
use watchfire_model::encoding::{decode_entry, is_restored, is_skip};
use watchfire_model::{Entry, Input, JournalId, Seq, Sites, Transition};
use watchfire_rules::try_out::difference::{Comparison, Difference};
use watchfire_rules::{Effects, RuleSet, replay};
use watchfire_settings::Problem;

pub(crate) fn run(options: &ReplayOptions) -> ExitCode {
    match replayed(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => output::failed(why),
    }
}

fn replayed(options: &ReplayOptions) -> Result<(), String> {
    let (draft, risk) = draft(options).map_err(lines)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match options.files.as_slice() {
        [folder] if folder.is_dir() && options.risk.is_some() => {
            let lead = Duration::from_secs(u64::from(options.lead_hours) * 3_600);
            replay_risk::judge(folder, (draft, risk), lead, &mut out)?;
        }
        _ if options.risk.is_some() => return Err("--risk needs one journal directory".into()),
        [folder] if folder.is_dir() && options.diff => difference(folder, draft, &mut out)?,
        [folder] if folder.is_dir() => journal(folder, draft, &mut |_, _, transitions| {
            for transition in transitions.drain(..) {
                writeln!(out, "{}", replay::transition_line(&transition)).map_err(|error| error.to_string())?;
            }
            Ok(())
        })?,
        _ if options.diff => return Err("--diff needs one journal directory, with its alert log beside it".into()),
        files => {
            let rules = draft.rules.unwrap_or_else(RuleSet::built_in);
            readings(files, rules, draft.sites.unwrap_or_default(), &mut out)?;
        }
    }
    out.flush().map_err(|error| error.to_string())
}

/// What the options put in the place of what was in force.
fn draft(options: &ReplayOptions) -> Result<(Draft, RiskDraft), Vec<Problem>> {
    let rules = options.rules.as_deref().map(config::load_rules).transpose()?;
    let dialects = options.profiles.as_deref().map(|folder| config::dialects::load(Some(folder))).transpose()?;
    let mut draft = Draft { rules, dialects: dialects.unwrap_or_default(), ..Draft::default() };
    let settings = options.risk.iter().flatten().next();
    let settings = settings.map(|file| config::load_risk(file, None)).transpose()?;
    let mut of_risk = RiskDraft { settings, sites: None };
    if let Some(file) = &options.config {
        let (_, FullSetUp { sites, rules, profiles, points, risk }) = config::load(file)?.into_parts();
        draft.rules.get_or_insert(rules);
        of_risk.settings = of_risk.settings.or(risk);
        of_risk.sites = Some(sites.clone());
        (draft.sites, draft.profiles, draft.points) = (Some(sites), Some(profiles), Some(points));
    }
    Ok((draft, of_risk))
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

/// Where the set-ups of a journal lie.
pub(crate) fn set_ups_beside(folder: &Path) -> PathBuf {
    folder.parent().unwrap_or(Path::new(".")).join("setups")
}

/// A journal directory: what a draft would have told, against the alert log beside it.
fn difference(folder: &Path, draft: Draft, out: &mut impl Write) -> Result<(), String> {
    let alerts = folder.parent().unwrap_or(Path::new(".")).join("alerts");
    let logged = survey(&RealDisk, &alerts).map_err(|error| format!("the alert log {}: {error}", alerts.display()))?;
    let first = survey(&RealDisk, folder).map_err(|error| error.to_string())?.first;
    let before = first.saturating_sub(1);
    let mut runs = AlertRuns::after(&alerts, before, logged.last).map_err(|error| error.to_string())?;
    let (mut comparison, mut found) = (Comparison::default(), Vec::new());
    journal(folder, draft, &mut |seq, _, would| {
        for told in runs.up_to(seq.0, logged.last).map_err(|error| error.to_string())? {
            comparison.log(&told, &mut found);
        }
        for call in would.drain(..) {
            comparison.draft(&call, &mut found);
        }
        print(&mut found, out)
    })?;
    let summary = comparison.finish(&mut found);
    print(&mut found, out)?;
    writeln!(out, "{}", serde_json::json!({ "summary": summary })).map_err(|error| error.to_string())
}

fn print(found: &mut Vec<Difference>, out: &mut impl Write) -> Result<(), String> {
    for difference in found.drain(..) {
        writeln!(out, "{}", difference.line()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A journal directory: what was raised then, or what a draft of rules and profiles would have raised; `told` hears it
/// after every entry and empties it.
pub(crate) fn journal(
    folder: &Path,
    draft: Draft,
    told: &mut impl FnMut(Seq, Option<&Entry<'_>>, &mut Vec<Transition>) -> Result<(), String>,
) -> Result<(), String> {
    let found = survey(&RealDisk, folder).map_err(|error| error.to_string())?;
    let set_ups = set_ups_beside(folder);
    let read = |error: watchfire_journal::ReadError| error.to_string();
    let Ahead { skips, begins_in } = Ahead::read(folder, (found.first, found.last))?;
    let mut fold = Fold::new(begins_in.unwrap_or(JournalId(found.journal_id.0)), set_ups, skips);
    fold.draft(draft);
    let mut reader = Reader::open(&RealDisk, folder, found.first).map_err(read)?;
    let mut effects = Effects::default();
    while let Some(record) = reader.next(found.last).map_err(read)? {
        let seq = Seq(record.seq);
        if fold.skips(seq) {
            told(seq, None, &mut effects.transitions)?;
        } else {
            let entry = decode_entry(seq, record.bytes).map_err(|error| format!("entry {seq}: {error}"))?;
            fold.apply(&entry, &mut effects).map_err(|error| format!("entry {seq}: {error}"))?;
            effects.refusals.clear();
            told(seq, Some(&entry), &mut effects.transitions)?;
        }
    }
    Ok(())
}

/// What must be known before the first entry is applied.
#[derive(Default)]
struct Ahead {
    /// The entries that are never applied. One comes before the entry that says so.
    skips: BTreeSet<Seq>,
    /// The journal that the first entries are of, when it was restored later.
    begins_in: Option<JournalId>,
}

impl Ahead {
    fn read(folder: &Path, (first, last): (u64, u64)) -> Result<Ahead, String> {
        let read = |error: watchfire_journal::ReadError| error.to_string();
        let mut ahead = Ahead::default();
        let mut reader = Reader::open(&RealDisk, folder, first).map_err(read)?;
        while let Some(record) = reader.next(last).map_err(read)? {
            if !is_skip(record.bytes) && !is_restored(record.bytes) {
                continue;
            }
            match decode_entry(Seq(record.seq), record.bytes).map(|entry| entry.input) {
                Ok(Input::Skip(seq)) => _ = ahead.skips.insert(seq),
                Ok(Input::Restored(restored)) => _ = ahead.begins_in.get_or_insert(restored.before),
                _ => {}
            }
        }
        Ok(ahead)
    }
}

fn lines(problems: Vec<Problem>) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set_up_store;
    use watchfire_journal::{Limits, Writer};
    use watchfire_model::encoding::EncodedInput;
    use watchfire_model::{AlertRecord, Frame, Link, Timestamp};

    const HOT: &str = "[[rule]]\nname = \"hot\"\nversion = 1\nkind = \"threshold\"\nmetric = \"temperature\"\nunit = \"Cel\"\n\
        class = \"early_warning\"\nabove = ";

    fn hot(above: u32) -> RuleSet {
        RuleSet::parse(&[("hot.toml".into(), format!("{HOT}{above}\n"))]).unwrap()
    }

    fn frame<'a>(device: &'a str, payload: &'a str) -> Input<'a> {
        let link = Link::Mqtt { qos: 1, retain: false };
        Input::Frame(Frame {
            site: "home",
            identity: "gw",
            device: "",
            link,
            topic: device,
            payload: payload.as_bytes(),
        })
    }

    /// A journal of two rooms that grow hot and the alert log of what its rules told.
    fn recorded(root: &Path) {
        let set_up = FullSetUp { rules: hot(50), ..FullSetUp::default() };
        let set_up = Input::Setup(set_up_store::store(&root.join("setups"), &set_up).unwrap());
        let hotter = ["40", "60", "70"].map(|value| {
            format!("{{\"readings\": [{{\"point\": \"t\", \"metric\": \"temperature\", \"value\": {value}, \"unit\": \"Cel\"}}]}}")
        });
        let mut inputs = vec![set_up];
        for device in ["wf/v1/home/k1/readings", "wf/v1/home/k2/readings"] {
            let upto = if device.contains("k1") { 3 } else { 2 };
            inputs.extend(hotter.iter().take(upto).map(|payload| frame(device, payload)));
        }
        let limits = Limits { segment_bytes: 64 * 1024, reserve_bytes: 0, ..Limits::default() };
        let (mut journal, _) = Writer::open(&RealDisk, &root.join("journal"), limits).unwrap();
        for (second, input) in (0i64..).zip(&inputs) {
            journal.append(EncodedInput::new(input).stamp(Timestamp::from_seconds(1_772_352_000 + second))).unwrap();
        }
        journal.sync().unwrap();
        let (mut alerts, _) = Writer::open(&RealDisk, &root.join("alerts"), limits).unwrap();
        let id = JournalId(journal.journal_id().0);
        super::journal(&root.join("journal"), Draft::default(), &mut |seq, _, transitions| {
            if !transitions.is_empty() {
                let record = AlertRecord { seq, journal: id, transitions: std::mem::take(transitions) };
                alerts.append(&record.encode()).unwrap();
            }
            Ok(())
        })
        .unwrap();
        alerts.sync().unwrap();
    }

    fn compared(root: &Path, above: u32) -> Vec<serde_json::Value> {
        let draft = Draft { rules: Some(hot(above)), ..Draft::default() };
        let mut out = Vec::new();
        difference(&root.join("journal"), draft, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_draft_is_held_against_what_was_told() {
        let root = tempfile::tempdir().unwrap();
        recorded(root.path());
        let same = compared(root.path(), 50);
        assert_eq!(same.len(), 1, "{same:?}");
        assert_eq!(same[0]["summary"]["same"], 2);

        let found = |above: u32| -> Vec<(String, String)> {
            let lines = compared(root.path(), above).into_iter();
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            lines.map(|line| (text(&line["difference"]), text(&line["device"]))).collect()
        };
        let pair = |change: &str, device: &str| (change.to_owned(), device.to_owned());
        assert_eq!(found(65), [pair("later", "k1"), pair("missing", "k2"), pair("", "")]);
        assert_eq!(found(40), [pair("earlier", "k1"), pair("earlier", "k2"), pair("", "")]);
    }
}
