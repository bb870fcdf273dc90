//! Scenarios as text: what comes in, and behind `>` what comes out. Form:
//!
//! ```text
//! site ID KIND
//! device SITE SOURCE/NAME [zone=Z] [silent=S] [tags=a,b]     a `{}` in the name, with count=N, makes N devices
//! undevice SITE SOURCE/NAME
//! | toml                                                     a line of a rule file, in place of the shipped rules
//! TIME setup                                                 the set-up as said so far comes into force
//! TIME frame SITE SOURCE/NAME [POINT:METRIC=VALUE…] [key=K] [at=TIME] [presence=online|offline] [count=N]
//! TIME ramp SITE SOURCE/NAME for=S every=S [POINT:METRIC=FROM..TO~NOISE…]    frames on a straight line, with noise
//! TIME until                                                 ticks at every time at which a timer is due, and then
//! TIME order ID USER ack|verify|forward|close|reopen #ALERT [WORDS…]
//! TIME order ID USER test site=S [zones=a,b] [devices=SOURCE/NAME,…] [dangers] for=S WORDS…
//! TIME order ID USER approve|end LAST|NUMBER [WORDS…]
//! incidents                                                  prints the incidents with their alerts
//! building SITE DISTRICT NAME                                the site is a part of that building
//! tests                                                      prints the tests with what came of them
//! TIME notice KIND active|over SUBJECT WORDS…
//! TIME clockstep SECONDS
//! TIME started
//! restart                                                    snapshot and restore
//! devices                                                    prints what is known of the devices
//! ```
//! `TIME` is `[Nd]HH:MM:SS` after 2026-03-01, or RFC 3339. `WATCHFIRE_BLESS=1` writes what comes out into the files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may stop at what is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use watchfire_model::*;
use watchfire_rules::{Effects, Engine, Event, RuleSet, SetUp, Stamp, Test, TestOver};

#[test]
fn scenarios_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let got = Scenario::new().run(&text);
        if std::env::var_os("WATCHFIRE_BLESS").is_some() {
            std::fs::write(&file, &got).unwrap();
        } else if got != text || (file.ends_with("nuisance.txt") && got.contains(" fire/")) {
            wrong.push(format!("{}:\n{}", file.display(), first_difference(&text, &got)));
        }
    }
    assert!(wrong.is_empty(), "{}\nWATCHFIRE_BLESS=1 accepts what came out", wrong.join("\n"));
}

fn first_difference(wanted: &str, got: &str) -> String {
    let mut lines = wanted.lines().zip(got.lines()).enumerate().filter(|(_, (wanted, got))| wanted != got);
    match lines.next() {
        Some((line, (wanted, got))) => format!("line {}\n  wanted: {wanted}\n  got:    {got}", line + 1),
        None => format!("wanted {} lines, got {}", wanted.lines().count(), got.lines().count()),
    }
}

struct Scenario {
    engine: Engine,
    set_up: SetUp,
    toml: String,
    stamp: Stamp,
    alerts: Vec<AlertId>,
    out: String,
}

impl Scenario {
    fn new() -> Scenario {
        let set_up = SetUp { sites: Sites::default(), rules: RuleSet::built_in() };
        Scenario {
            engine: Engine::new(JournalId([1; 16])),
            set_up,
            toml: String::new(),
            stamp: Stamp::default(),
            alerts: Vec::new(),
            out: String::new(),
        }
    }

    fn run(mut self, text: &str) -> String {
        for line in text.lines().filter(|line| !line.starts_with('>')) {
            writeln!(self.out, "{line}").unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [word, ..] if word.starts_with('#') => {}
                ["|", ..] => writeln!(self.toml, "{}", line[1..].trim()).unwrap(),
                ["site", id, kind] => self.site(id, kind),
                ["device", site, device, details @ ..] => self.device(site, device, details),
                ["undevice", site, device] => {
                    let (source, name) = split_device(device);
                    let devices = &mut self.set_up.sites.sites.get_mut(*site).unwrap().devices;
                    devices.retain(|device| (device.source, &device.name) != (source, &name));
                }
                ["restart"] => {
                    let bytes = self.engine.snapshot();
                    self.engine = Engine::restore(&bytes, &self.set_up).unwrap();
                    assert!(self.engine.snapshot() == bytes, "a snapshot of what was restored is the same");
                }
                ["devices"] => self.devices(),
                ["tests"] => self.tests(),
                ["incidents"] => self.incidents(),
                ["building", site, district, name] => {
                    let premises = &mut self.set_up.sites.sites.get_mut(*site).unwrap().premises;
                    (premises.district, premises.building) = (Some(district.parse().unwrap()), Some((*name).into()));
                }
                [at, command, rest @ ..] => self.timed(time(at), command, rest),
                _ => panic!("not understood: {line}"),
            }
        }
        self.out
    }

    fn site(&mut self, id: &str, kind: &str) {
        let kind = match kind {
            "home" => SiteKind::Home,
            "care_home" => SiteKind::CareHome,
            "building" => SiteKind::Building,
            _ => SiteKind::Other,
        };
        let site = Site {
            name: Bilingual::same(id),
            kind,
            address: Bilingual::default(),
            time_zone: "Asia/Shanghai".into(),
            zones: BTreeMap::new(),
            devices: Vec::new(),
            identities: BTreeMap::new(),
            ladder: Vec::new(),
            transmission_devices: Vec::new(),
            premises: Default::default(),
        };
        self.set_up.sites.sites.insert(id.parse().unwrap(), site);
    }

    fn device(&mut self, site: &str, device: &str, details: &[&str]) {
        let detail = |key: &str| details.iter().find_map(|detail| detail.strip_prefix(key)?.strip_prefix('='));
        let count: u32 = detail("count").map_or(1, |count| count.parse().unwrap());
        for number in 0..count {
            let (source, name) = split_device(&device.replace("{}", &number.to_string()));
            let label = Bilingual::new(format!("detector {name}"), format!("探测器 {name}"));
            if let Some(zone) = detail("zone") {
                let zones = &mut self.set_up.sites.sites.get_mut(site).unwrap().zones;
                zones.insert(zone.parse().unwrap(), Zone { name: Bilingual::same(zone) });
            }
            let tags = detail("tags").map(|tags| tags.split(',').map(str::to_owned).collect::<BTreeSet<_>>());
            self.set_up.sites.sites.get_mut(site).unwrap().devices.push(Device {
                source,
                name,
                label,
                zone: detail("zone").map(|zone| zone.parse().unwrap()),
                silent_after_s: detail("silent").map(|seconds| seconds.parse().unwrap()),
                tags: tags.unwrap_or_default(),
            });
        }
    }

    fn timed(&mut self, at: Timestamp, command: &str, rest: &[&str]) {
        match command {
            "setup" => {
                if !self.toml.is_empty() {
                    self.set_up.rules = RuleSet::parse(&[("rules.toml".into(), self.toml.clone())]).unwrap();
                }
                let set_up = self.set_up.clone();
                self.apply(at, &Event::Setup(&set_up));
            }
            "frame" => self.frames(at, rest),
            "ramp" => self.ramp(at, rest),
            "until" => {
                while let Some(due) = self.engine.wake_at().filter(|due| *due < at) {
                    self.apply(due, &Event::Tick);
                }
                self.apply(at, &Event::Tick);
            }
            "order" => self.order(at, rest),
            "notice" => {
                let kinds = [NoticeKind::DiskFilling, NoticeKind::EntrySkipped, NoticeKind::LoginAttack];
                let kind = kinds.into_iter().find(|kind| kind.as_str() == rest[0]).unwrap();
                let (subject, detail) = (rest[2].to_owned(), Bilingual::same(rest[3..].join(" ")));
                self.apply(at, &Event::Notice(&Notice { kind, subject, detail, active: rest[1] == "active" }));
            }
            "clockstep" => {
                let ahead_us = rest[0].parse::<i64>().unwrap() * 1_000_000;
                self.apply(at, &Event::ClockStep(&ClockStep { ahead_us }));
            }
            "started" => {
                let down_us = u64::try_from(at.since(self.stamp.at).as_micros()).unwrap();
                let build = "test".to_owned();
                let started = Started { build, engine_version: 1, wall: at, boot_id: [0; 16], boot_us: 0, down_us };
                self.apply(at, &Event::Started(&started));
            }
            _ => panic!("not understood: {command}"),
        }
    }

    fn frames(&mut self, at: Timestamp, rest: &[&str]) {
        let detail = |key: &str| rest.iter().find_map(|detail| detail.strip_prefix(key)?.strip_prefix('='));
        let site: SiteId = rest[0].parse().unwrap();
        let count: u32 = detail("count").map_or(1, |count| count.parse().unwrap());
        for number in 0..count {
            let (source, name) = split_device(&rest[1].replace("{}", &number.to_string()));
            let mut decoded = Decoded::new(source);
            decoded.device = Some(name);
            decoded.key = detail("key").map(Into::into);
            decoded.presence = detail("presence").map(|word| match word {
                "online" => Presence::Online,
                _ => Presence::Offline,
            });
            for (what, value) in rest[2..].iter().filter_map(|word| word.split_once('=')) {
                let Some((point, metric)) = what.split_once(':') else { continue };
                let value = match value {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    number => Value::Number(number.parse().unwrap()),
                };
                decoded.readings.push(Reading {
                    point: point.parse().unwrap(),
                    metric: Metric::from_name(metric).unwrap(),
                    value,
                    vendor_unit: None,
                    at: detail("at").map_or(at, time),
                });
            }
            self.apply(at, &Event::Decoded { site: &site, decoded: &decoded });
        }
    }

    /// Frames whose values go from one to another on a straight line, with noise that is the same on every run; due
    /// timers fire between them.
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
    fn ramp(&mut self, at: Timestamp, rest: &[&str]) {
        let seconds = |key: &str| -> i64 {
            rest.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('=')).unwrap().parse().unwrap()
        };
        let (length, every) = (seconds("for"), seconds("every"));
        for step in (0..=length).step_by(usize::try_from(every).unwrap()) {
            let now = Timestamp(at.0 + step * 1_000_000);
            while let Some(due) = self.engine.wake_at().filter(|due| *due < now) {
                self.apply(due, &Event::Tick);
            }
            let mut words: Vec<String> = rest[..2].iter().map(|word| (*word).to_owned()).collect();
            for (number, (what, line)) in (1i64..).zip(rest[2..].iter().filter_map(|word| word.split_once('='))) {
                let Some((from, to)) = line.split_once("..") else { continue };
                let (to, noise) = to.split_once('~').unwrap_or((to, "0"));
                let (from, to, noise): (f64, f64, f64) =
                    (from.parse().unwrap(), to.parse().unwrap(), noise.parse().unwrap());
                let random = (now.0 / 1_000_000 * 7_919 + number * 104_729).rem_euclid(1_009) as f64 / 1_009.0 - 0.5;
                let value = from + (to - from) * step as f64 / length as f64 + 2.0 * noise * random;
                words.push(format!("{what}={:.3}", value.max(0.0)));
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.frames(now, &words);
        }
    }

    fn incidents(&mut self) {
        let mut incidents: BTreeMap<AlertId, Vec<String>> = BTreeMap::new();
        for (number, alert) in (1..).zip(&self.alerts) {
            if let Some(incident) = self.engine.incident_of(*alert) {
                incidents.entry(incident).or_default().push(format!("#{number}"));
            }
        }
        for (incident, alerts) in incidents {
            writeln!(self.out, "> incident {}-{}: {}", incident.cause, incident.ordinal, alerts.join(" ")).unwrap();
        }
    }

    fn tests(&mut self) {
        for test in self.engine.tests() {
            let Test { id, scope, dangers, reason, by, from, until, approved, over, alarmed, more } = test;
            let (from, until) = (clock(*from), clock(*until));
            writeln!(self.out, "> test {id} of {scope:?}").unwrap();
            writeln!(self.out, ">     {by}: {reason}; {from} to {until} dangers={dangers} more={more}").unwrap();
            if let Some((by, at)) = approved {
                writeln!(self.out, ">     approved by {by} at {}", clock(*at)).unwrap();
            }
            for ((device, point), alarmed) in alarmed {
                let point = point.as_ref().map_or("-", |point| point.as_str());
                let (first, last) = (clock(alarmed.first_at), clock(alarmed.last_at));
                let class = alarmed.class.as_str();
                writeln!(self.out, ">     {device} {point} {class} {} times, {first} to {last}", alarmed.times)
                    .unwrap();
            }
            if let Some(TestOver { at, by, note, closed, told, untested }) = over {
                let by = by.as_ref().map_or("itself", |by| by.as_str());
                let untested: Vec<String> = untested.iter().map(ToString::to_string).collect();
                let (at, untested) = (clock(*at), untested.join(" "));
                writeln!(
                    self.out,
                    ">     ended at {at} by {by} {note:?}: {closed} closed, {told} told, untested: {untested}"
                )
                .unwrap();
            }
        }
    }

    fn test_order(&self, rest: &[&str]) -> OrderKind {
        let detail = |key: &str| rest.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        if rest[2] != "test" {
            let last = self.engine.tests().last().map_or(TestId(0), |test| test.id);
            let test = rest[3].parse().map_or(last, TestId);
            let note = rest[4..].join(" ");
            return if rest[2] == "approve" {
                OrderKind::ApproveTest { test }
            } else {
                OrderKind::EndTest { test, note }
            };
        }
        let site: SiteId = detail("site").unwrap().parse().unwrap();
        let listed = |key: &str| detail(key).into_iter().flat_map(|list| list.split(',')).collect::<Vec<_>>();
        let zones = listed("zones").into_iter().map(|zone| zone.parse().unwrap()).collect::<BTreeSet<ZoneId>>();
        let device = |text: &str| {
            let (source, name) = split_device(text);
            DeviceKey { site: site.clone(), source, name }
        };
        let devices = listed("devices").into_iter().map(device).collect::<BTreeSet<DeviceKey>>();
        let whole = detail("zones").or(detail("devices")).is_none();
        let scope =
            if whole { TestScope::Site(site.clone()) } else { TestScope::Parts { site: site.clone(), zones, devices } };
        let reason = rest[3..].iter().filter(|word| !word.contains('=') && **word != "dangers").copied();
        OrderKind::StartTest {
            scope,
            dangers: rest.contains(&"dangers"),
            for_s: detail("for").unwrap().parse().unwrap(),
            reason: reason.collect::<Vec<_>>().join(" "),
        }
    }

    fn order(&mut self, at: Timestamp, rest: &[&str]) {
        if matches!(rest[2], "test" | "approve" | "end") {
            let kind = self.test_order(rest);
            let order = Order { id: rest[0].parse().unwrap(), by: rest[1].parse().unwrap(), kind };
            return self.apply(at, &Event::Order(&order));
        }
        let number: usize = rest[3].trim_start_matches('#').parse().unwrap();
        let unknown = AlertId { journal: JournalId([1; 16]), cause: Seq(999_999), ordinal: 0 };
        let alert = self.alerts.get(number - 1).copied().unwrap_or(unknown);
        let words = rest[4..].join(" ");
        let kind = match rest[2] {
            "ack" => OrderKind::Acknowledge { alert },
            "verify" => {
                let verdict = match rest[4] {
                    "real" => Verdict::Real,
                    "test" => Verdict::Test,
                    "unreachable" => Verdict::Unreachable,
                    _ => Verdict::False(FalseCause::Cooking),
                };
                OrderKind::Verify { alert, verdict, note: rest[5..].join(" ") }
            }
            "forward" => OrderKind::Forward { alert, to: words },
            "close" => OrderKind::Close { alert, note: words },
            "reopen" => OrderKind::Reopen { alert, note: words },
            other => panic!("not understood: {other}"),
        };
        let order = Order { id: rest[0].parse().unwrap(), by: rest[1].parse().unwrap(), kind };
        self.apply(at, &Event::Order(&order));
    }

    fn apply(&mut self, at: Timestamp, event: &Event<'_>) {
        self.stamp = Stamp { seq: Seq(self.stamp.seq.0 + 1), at };
        let mut effects = Effects::default();
        self.engine.apply(self.stamp, event, &mut effects);
        for transition in &effects.transitions {
            self.print(transition);
        }
        for refusal in &effects.refusals {
            writeln!(self.out, "> refused {}\n>     {}\n>     {}", refusal.order, refusal.why.en, refusal.why.zh)
                .unwrap();
        }
    }

    fn print(&mut self, transition: &Transition) {
        let known = self.alerts.iter().position(|alert| *alert == transition.alert);
        let number = known.unwrap_or_else(|| {
            self.alerts.push(transition.alert);
            self.alerts.len() - 1
        });
        let out = &mut self.out;
        write!(out, "> {} {} #{}", clock(transition.at), transition.step.as_str(), number + 1).unwrap();
        write!(out, " {}/{}", transition.class.as_str(), transition.severity.as_str()).unwrap();
        write!(out, " {}", transition.site).unwrap();
        if let Some(zone) = &transition.zone {
            write!(out, "/{zone}").unwrap();
        }
        if let Some(device) = &transition.device {
            write!(out, " {}/{}", device.source, device.name).unwrap();
        }
        if let Some(point) = &transition.point {
            write!(out, " {point}").unwrap();
        }
        let late = if transition.marks.late { " late" } else { "" };
        let test = if transition.marks.test { " test" } else { "" };
        writeln!(out, " {}{late}{test}", transition.rule).unwrap();
        writeln!(out, ">     {}\n>     {}", transition.reason.en, transition.reason.zh).unwrap();
    }

    fn devices(&mut self) {
        for device in self.engine.devices() {
            let zone = device.zone.map_or("-", |zone| zone.as_str());
            let state = if device.online { "online" } else { "offline" };
            let claimed = if device.claimed { "claimed" } else { "unclaimed" };
            let points: Vec<String> = device
                .points
                .iter()
                .map(|point| format!("{}:{}={:?}", point.point, point.metric, point.value))
                .collect();
            let seen = device.last_seen.map_or("never".to_owned(), clock);
            writeln!(
                self.out,
                "> {} {zone} {claimed} {state} seen {seen} battery {:?} {}",
                device.key,
                device.battery,
                points.join(" ")
            )
            .unwrap();
        }
    }
}

fn split_device(text: &str) -> (Source, DeviceName) {
    let (source, name) = text.split_once('/').unwrap();
    (source.parse().unwrap(), name.parse().unwrap())
}

const START: i64 = 1_772_323_200; // 2026-03-01T00:00:00Z

fn time(text: &str) -> Timestamp {
    if let Ok(at) = text.parse() {
        return at;
    }
    let (days, rest) = text.split_once('d').map_or((0, text), |(days, rest)| (days.parse::<i64>().unwrap(), rest));
    let parts: Vec<i64> =
        rest.split(':').map(|part| part.parse().unwrap_or_else(|_| panic!("not a time: {text}"))).collect();
    Timestamp::from_seconds(START + days * 86_400 + parts[0] * 3_600 + parts[1] * 60 + parts[2])
}

fn clock(at: Timestamp) -> String {
    let seconds = i64::try_from(at.since(Timestamp::EPOCH).as_secs()).unwrap() - START;
    if !(0..86_400 * 400).contains(&seconds) {
        return at.to_string();
    }
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let day = if days > 0 { format!("{days}d") } else { String::new() };
    format!("{day}{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}
