//! Scenarios: a script and what comes of it, in one file each under `tests/scenarios/`.
//!
//! ```text
//! list 1001 [period=3600] [retry=10] [retries=3] [duty=22:00-06:00,2,5]   the set-up's devices of site `tower`
//! setup                         what is listed so far comes into force
//! run 90s                       time passes (s, m, h, d), with everything that falls due
//! auto 1001 on|off|silent-reads from now on the device answers everything by itself; or all but reads
//! 1001 answers 81 #0            a RESPONSE to that type; `+7s` at its end: the device's clock is so far ahead
//! 1001 confirms|denies #0
//! 1001 key 3                    the guard, operator 3, presses the key
//! 1001 reports 1 | beats        a system's state (type 1); an empty frame. `+40s`: the frame's own time is off
//! order o-1 duty|inspect|sync|period|initialise <targets> [figures]
//! restart | setup               the station dies and starts again; at once or after `down 5m`
//! show devices | duty 2026-03
//! ```
//! `WATCHFIRE_BLESS=1` writes what came of it into the files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "support/play.rs"]
mod play;

use play::{Kept, Play, answer, digits_of, frame, key, key_press, order, site_id, sites};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use watchfire_inspection::PanelCommand;
use watchfire_model::{DutyPlan, Notice, OrderKind, PanelRead, PanelTargets, Timestamp, TransmissionDevice};
use watchfire_wire::gbt26875::{Command, Kind, Object, System, TimeLabel, Unit};

const SITE: &str = "tower";

struct Scene {
    play: Play,
    listed: Vec<TransmissionDevice>,
    auto: BTreeMap<String, Auto>,
    out: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Auto {
    Everything,
    ButReads,
}

#[test]
fn scenarios_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let bless = std::env::var_os("WATCHFIRE_BLESS").is_some();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (script, expected) = text.split_once("----\n").unwrap_or((&text, ""));
        let came = Scene::begin().play(script);
        if bless {
            std::fs::write(&file, format!("{script}----\n{came}")).unwrap();
        } else {
            assert!(came == expected, "{}:\n{came}", file.display());
        }
    }
}

impl Scene {
    fn begin() -> Scene {
        let begin = "2026-03-01T08:00:00+08:00".parse().unwrap();
        Scene { play: Play::new(begin), listed: Vec::new(), auto: BTreeMap::new(), out: String::new() }
    }

    fn play(mut self, script: &str) -> String {
        for line in script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            writeln!(self.out, "> {line}").unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            self.line(&words);
            self.settle();
        }
        self.out
    }

    fn line(&mut self, words: &[&str]) {
        match words[0] {
            "list" => self.list(&words[1..]),
            "unlist" => self.listed.retain(|device| device.name.as_str() != words[1]),
            "setup" => {
                let setup = sites(&[(site_id(SITE), self.listed.clone())]);
                self.play.keep(setup);
            }
            "run" => self.run(span(words[1])),
            "down" => self.play.now = self.play.now.plus(span(words[1])),
            "restart" => self.play.restart(None),
            "order" => self.order(&words[1..]),
            "show" => self.show(&words[1..]),
            "auto" => {
                let way = match words[2] {
                    "on" => Some(Auto::Everything),
                    "silent-reads" => Some(Auto::ButReads),
                    _ => None,
                };
                self.auto.remove(words[1]);
                self.auto.extend(way.map(|way| (words[1].to_owned(), way)));
            }
            name => self.says(name, &words[1..]),
        }
    }

    fn list(&mut self, words: &[&str]) {
        let mut device = TransmissionDevice::new(words[0].parse().unwrap(), words[0].parse().unwrap());
        for word in &words[1..] {
            let (name, value) = word.split_once('=').unwrap();
            match name {
                "period" => device.inspection_s = value.parse().unwrap(),
                "retry" => device.retry_s = value.parse().unwrap(),
                "retries" => device.retries = value.parse().unwrap(),
                "duty" => device.duty = Some(plan(value)),
                other => panic!("{other}?"),
            }
        }
        self.listed.retain(|listed| listed.name != device.name);
        self.listed.push(device);
    }

    fn run(&mut self, span: Duration) {
        let to = self.play.now.plus(span);
        let (out, auto) = (&mut self.out, &self.auto);
        self.play.run(to, |play, due, notices| {
            tell(out, play.now, &due, &notices);
            for notice in notices {
                play.keep(Kept::Notice(notice));
            }
            for command in due {
                obey(play, auto, &command);
            }
        });
    }

    /// What is due at once.
    fn settle(&mut self) {
        loop {
            let (due, notices) = (self.play.inspection.due(), self.play.inspection.notices());
            if due.is_empty() && notices.is_empty() {
                return;
            }
            tell(&mut self.out, self.play.now, &due, &notices);
            for notice in notices {
                self.play.keep(Kept::Notice(notice));
            }
            for command in due {
                obey(&mut self.play, &self.auto, &command);
            }
        }
    }

    fn says(&mut self, name: &str, words: &[&str]) {
        let (now, digits) = (self.play.now, digits_of(name));
        let ahead = words.iter().find_map(|word| word.strip_prefix('+')).map(span).unwrap_or_default();
        let serial = words.iter().find_map(|word| word.strip_prefix('#')).map_or(500, |text| text.parse().unwrap());
        let (command, unit, sent) = match words[0] {
            "answers" => {
                let kind = Kind::from_code(words[1].parse().unwrap()).unwrap();
                (Command::RESPONSE, answer(kind, now.plus(ahead), digits).unwrap(), now)
            }
            "confirms" => (Command::CONFIRM, Vec::new(), now),
            "denies" => (Command::DENY, Vec::new(), now),
            "key" => {
                let ago = words.get(2).map(|text| span(text)).unwrap_or_default();
                (Command::SEND, key_press(words[1].parse().unwrap(), now.minus(ago), digits), now)
            }
            "reports" => {
                let system = System { kind: 1, address: words[1].parse().unwrap() };
                let object = Object::SystemState { system, state: 3, at: TimeLabel::UNKNOWN };
                (Command::SEND, Unit::of(Kind::SystemState, vec![object]).write(), now)
            }
            "beats" => (Command::SEND, Vec::new(), now.plus(ahead)),
            other => panic!("{other}?"),
        };
        let bytes = frame(name, serial, command, &unit, TimeLabel::of(sent, digits));
        self.play.keep(Kept::Frame(site_id(SITE), bytes));
    }

    fn order(&mut self, words: &[&str]) {
        let targets = match words[2] {
            "all" => PanelTargets::All,
            "site" => PanelTargets::Site(site_id(SITE)),
            names => PanelTargets::Devices(names.split(',').map(|name| key(SITE, name)).collect()),
        };
        let figure = words.get(3);
        let kind = match words[1] {
            "duty" => OrderKind::DutyCheck { targets, answer_min: figure.unwrap().parse().unwrap() },
            "inspect" => {
                let component = watchfire_model::ComponentRead::Analogue;
                let read = PanelRead::Component { kind: 1, address: 0, component: [1, 0, 2, 0], what: component };
                OrderKind::Inspect { targets, reads: if figure.is_some() { vec![read] } else { Vec::new() } }
            }
            "sync" => OrderKind::SyncClock { targets },
            "period" => OrderKind::SetInspection { targets, period_s: figure.and_then(|text| text.parse().ok()) },
            "initialise" => OrderKind::Initialise { device: key(SITE, words[2]) },
            other => panic!("{other}?"),
        };
        if let Some(refusal) = self.play.keep(order(words[0], kind)) {
            writeln!(self.out, "{} refused: {} / {}", refusal.order, refusal.why.en, refusal.why.zh).unwrap();
        }
    }

    fn show(&mut self, words: &[&str]) {
        if words[0] == "duty" {
            let report = self.play.inspection.duty_checks(&site_id(SITE), words[1].parse().unwrap());
            writeln!(self.out, "{} {}", report.month, serde_json::to_string(&report.figures).unwrap()).unwrap();
            for check in report.checks {
                let by = check.by.map_or("plan".to_owned(), |by| by.to_string());
                let answered = check.answered_at.map_or("-".to_owned(), clock);
                let (device, at, outcome) = (check.device.name, clock(check.asked_at), check.outcome.as_str());
                writeln!(self.out, "{device} asked {at} by {by}, answered {answered}: {outcome}").unwrap();
            }
            return;
        }
        for device in self.play.inspection.devices() {
            let next = device.next_inspection_at.map_or("-".to_owned(), clock);
            let state = device.state.as_ref().map_or("-".to_owned(), |state| state.join("+"));
            let name = &device.device.name;
            writeln!(self.out, "{name} every {:?} s, next {next}; state {state}", device.period_s).unwrap();
            let [inspection, clock_set, initialised] =
                [&device.inspection, &device.clock, &device.initialisation].map(|asked| {
                    let outcome = asked.outcome.map_or("-", |outcome| outcome.as_str());
                    let at = |at: Option<Timestamp>| at.map_or("-".to_owned(), clock);
                    format!("{outcome} (asked {}, answered {})", at(asked.asked_at), at(asked.answered_at))
                });
            writeln!(self.out, "  inspection {inspection}; clock {clock_set}; initialisation {initialised}").unwrap();
            let (version, configuration) = (&device.version, &device.configuration);
            let (ahead, waiting) = (device.clock_ahead_s, device.waiting);
            let (systems, unsupported) = (device.systems.len(), &device.unsupported);
            writeln!(
                self.out,
                "  version {version:?}, configuration {configuration:?}, ahead {ahead:?} s, {systems} systems, \
                 {waiting} waiting, unsupported {unsupported:?}"
            )
            .unwrap();
        }
    }
}

/// The device's own answer to a command.
fn obey(play: &mut Play, auto: &BTreeMap<String, Auto>, command: &PanelCommand) {
    let name = command.device.name.as_str().to_owned();
    let Some(way) = auto.get(&name) else { return };
    let (now, site) = (play.now, site_id(SITE));
    match answer(command.kind(), now, digits_of(&name)) {
        Some(unit) if *way == Auto::Everything => play.says(&site, &name, command.serial, Command::RESPONSE, &unit),
        None if command.command() == Command::CONTROL => {
            play.says(&site, &name, command.serial, Command::CONFIRM, &[]);
        }
        _ => {}
    }
}

fn tell(out: &mut String, now: Timestamp, due: &[PanelCommand], notices: &[Notice]) {
    for command in due {
        let PanelCommand { device, serial, attempt, .. } = command;
        let unit: String = command.unit(now).iter().map(|byte| format!("{byte:02x}")).collect();
        let (at, name, what) = (clock(now), &device.name, command.kind().words().en);
        writeln!(out, "{at} to {name} #{serial} attempt {attempt}: {what} [{} {unit}]", command.command()).unwrap();
    }
    for notice in notices {
        let word = if notice.active { "begins" } else { "ends" };
        let (at, kind, detail) = (clock(now), notice.kind.as_str(), &notice.detail);
        writeln!(out, "{at} notice {kind} of {} {word}: {} / {}", notice.subject, detail.en, detail.zh).unwrap();
    }
}

/// Day and time in China.
fn clock(at: Timestamp) -> String {
    let shifted = at.plus(Duration::from_secs(8 * 3600)).to_string();
    shifted[8..19].replace('T', " ")
}

fn span(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("{other}?"),
    };
    Duration::from_secs(number.parse::<u64>().unwrap() * seconds)
}

/// `22:00-06:00,2,5`: the hours, how many checks, minutes to answer.
fn plan(text: &str) -> DutyPlan {
    let parts: Vec<&str> = text.split(',').collect();
    let (from, until) = parts[0].split_once('-').unwrap();
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    };
    DutyPlan {
        from_min: minute(from),
        until_min: minute(until),
        checks: parts[1].parse().unwrap(),
        answer_min: parts[2].parse().unwrap(),
    }
}
