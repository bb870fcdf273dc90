//! Fire panels from their bytes to the alerts, through the same configuration, decoding and rules as in the station. A
//! scenario is a file of `tests/data/panels`: times with a frame in hex, an order or a tick, each followed by what it changed.
//! `WATCHFIRE_GOLDEN=write` writes what comes out; read the difference before keeping it.

use crate::config;
use crate::config::dialects::Dialects;
use crate::parts::fold::{Applied, Draft, Fold};
use crate::set_up_store;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use watchfire_model::{
    AlertId, Entry, Frame, Input, JournalId, Link, Order, OrderId, OrderKind, Seq, Step, Timestamp, UserName, Verdict,
};
use watchfire_rules::Effects;
use watchfire_wire::gbt26875::{Address, Dialect, Envelope};

struct Scenario {
    fold: Fold,
    seq: u64,
    /// Alerts, in the order in which they were raised.
    alerts: Vec<AlertId>,
}

#[test]
fn panels_alarm_as_the_scenarios_say() {
    let folder = folder();
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    files.sort();
    assert!(files.len() >= 11, "the scenarios are gone: {files:?}");
    for file in files {
        check(&folder, &file);
    }
}

/// The journal holds what came; another dialect reads it anew.
#[test]
fn a_changed_dialect_decodes_the_journal_anew() {
    let file = folder().join("hikvision_text.txt");
    let text = fs::read_to_string(file).unwrap();
    let frame = text.lines().find(|line| line.contains(" 4040")).unwrap();
    let raised = |dialects: Dialects| {
        let set_ups = tempfile::tempdir().unwrap();
        let mut scenario = Scenario::begin(&folder(), set_ups.path(), Draft { dialects, ..Draft::default() });
        scenario.line(frame).into_iter().find(|told| told.contains(" raised ")).unwrap()
    };
    assert!(raised(Dialects::new()).contains(" 1.1/5-1 "));
    let other = Dialect { component_address: vec![vec![3, 2], vec![1, 0]], ..Dialect::default() };
    assert!(raised(Dialects::from([("hikvision".into(), other)])).contains(" 1.1/1-5 "));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/panels")
}

fn check(folder: &Path, file: &Path) {
    let wanted = fs::read_to_string(file).unwrap();
    let set_ups = tempfile::tempdir().unwrap();
    let mut scenario = Scenario::begin(folder, set_ups.path(), Draft::default());
    let mut got = String::new();
    for line in wanted.lines().filter(|line| !line.starts_with("  ")) {
        got.push_str(line);
        got.push('\n');
        if !line.starts_with('#') && !line.is_empty() {
            for told in scenario.line(line) {
                got.push_str(&format!("  {told}\n"));
            }
        }
    }
    if std::env::var("WATCHFIRE_GOLDEN").is_ok_and(|mode| mode == "write") {
        return fs::write(file, got).unwrap();
    }
    assert_eq!(got, wanted, "{}", file.display());
}

impl Scenario {
    fn begin(folder: &Path, set_ups: &Path, draft: Draft) -> Scenario {
        let config = config::load(&folder.join("watchfire.toml")).map_err(|problems| format!("{problems:#?}")).unwrap();
        let (_, set_up) = config.into_parts();
        let setup = set_up_store::store(set_ups, &set_up).unwrap();
        let mut fold = Fold::new(JournalId([1; 16]), set_ups.to_owned(), BTreeSet::new());
        fold.draft(draft);
        let mut scenario = Scenario { fold, seq: 0, alerts: Vec::new() };
        let told = scenario.apply(at("00:00:00"), Input::Setup(setup));
        assert_eq!(told, [] as [String; 0]);
        scenario
    }

    fn line(&mut self, line: &str) -> Vec<String> {
        let (time, what) = line.split_once(' ').unwrap();
        let at = at(time);
        let mut told = self.apply(at, Input::Tick);
        match what.split_once(' ') {
            Some((verb, number)) => told.extend(self.order(at, verb, number.parse().unwrap())),
            None if what == "tick" => {}
            None => told.extend(self.frame(at, what)),
        }
        told
    }

    fn frame(&mut self, at: Timestamp, hex: &str) -> Vec<String> {
        let payload: Vec<u8> =
            (0..hex.len() / 2).map(|byte| u8::from_str_radix(&hex[2 * byte..2 * byte + 2], 16).unwrap()).collect();
        let source = Envelope::read(&payload).unwrap().source;
        // Which device it is that has no address, the gateway knows by the listener.
        let device = if source == Address::NONE { "nameless" } else { "" };
        let link = Link::Gbt26875Tcp;
        let frame = Frame { site: "tower", identity: "lobby", device, link, topic: "127.0.0.1:9", payload: &payload };
        self.apply(at, Input::Frame(frame))
    }

    fn order(&mut self, at: Timestamp, verb: &str, number: usize) -> Vec<String> {
        let alert = self.alerts[number - 1];
        let note = String::new();
        let kinds = match verb {
            "acknowledge" => vec![OrderKind::Acknowledge { alert }],
            "close" => vec![
                OrderKind::Verify { alert, verdict: Verdict::Test, note: note.clone() },
                OrderKind::Close { alert, note },
            ],
            _ => panic!("{verb} is no order"),
        };
        let mut told = Vec::new();
        for kind in kinds {
            let id = OrderId::new(&format!("order-{}", self.seq)).unwrap();
            told.extend(self.apply(at, Input::Order(Order { id, by: UserName::new("li").unwrap(), kind })));
        }
        told
    }

    fn apply(&mut self, at: Timestamp, input: Input<'_>) -> Vec<String> {
        self.seq += 1;
        let mut effects = Effects::default();
        let applied = self.fold.apply(&Entry { seq: Seq(self.seq), at, input }, &mut effects).unwrap();
        let mut told = Vec::new();
        if let Applied::Frame(decoded) = &applied {
            told.extend(decoded.defects.iter().map(|defect| format!("! {}: {}", defect.kind.as_str(), defect.detail)));
        }
        for change in &effects.transitions {
            if change.step == Step::Raised {
                self.alerts.push(change.alert);
            }
            let number = self.alerts.iter().position(|alert| *alert == change.alert).unwrap() + 1;
            let device = change.device.as_ref().map_or("-", |device| device.name.as_str());
            let point = change.point.as_ref().map_or("-", |point| point.as_str());
            let zone = change.zone.as_ref().map_or("", |zone| zone.as_str());
            let (step, class, rule) = (change.step.as_str(), change.class.as_str(), &change.rule);
            told.push(format!("{number} {step} {class} {device} {point} [{zone}] {rule}"));
            told.push(format!("    {}", change.reason.en));
            told.push(format!("    {}", change.reason.zh));
        }
        told.extend(effects.refusals.iter().map(|refusal| format!("refused: {}", refusal.why.en)));
        told
    }
}

fn at(time: &str) -> Timestamp {
    format!("2026-03-15T{time}+08:00").parse().unwrap()
}
