//! Drives a desk by a script and writes down what it would send. One line is one event:
//!
//! ```text
//! 0 raise a1 fire corridor        also: escalate, reopen; the zone may be left out
//! 5 ack a1                        also: verify, forward, clear, close
//! 0 way night sms refused         from now on; ok, unreachable, refused, throttled:30, silent (no outcome ever)
//! 90 run                          time passes up to there, with everything that falls due
//! 90 crash                        the process dies and restarts from its last snapshot and the journal
//! 90 setup other                  another set-up comes into force
//! ```
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use watchfire_model::{
    AlertId, Bilingual, ChannelKind, Class, ContactId, DeviceKey, DeviceName, Failure, JournalId, Marks, Outcome,
    RuleRef, Seq, Severity, SiteId, Sites, Source, Step, Timestamp, Transition, UserName, Verdict, ZoneId,
};
use watchfire_notify::{Desk, DeskEvent, DeskOptions, Telling};

/// What a way does with what it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Ok,
    Fails(Failure),
    /// It never answers.
    Silent,
}

/// An event as the journal keeps it.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Setup(Box<Sites>),
    Transition(Box<Transition>),
    Outcome(Timestamp, Outcome),
    Notice(watchfire_model::Notice),
    Time(Timestamp),
}

impl Kept {
    pub(crate) fn apply(&self, desk: &mut Desk) {
        desk.apply(&match self {
            Kept::Setup(sites) => DeskEvent::Setup(sites),
            Kept::Transition(transition) => DeskEvent::Transition(transition),
            Kept::Outcome(at, outcome) => DeskEvent::Outcome { at: *at, outcome },
            Kept::Notice(notice) => DeskEvent::Notice(notice),
            Kept::Time(at) => DeskEvent::Time(*at),
        });
    }
}

/// A desk with its journal and the ways to people.
pub(crate) struct Play {
    pub(crate) desk: Desk,
    pub(crate) options: DeskOptions,
    pub(crate) journal: Vec<Kept>,
    pub(crate) ways: BTreeMap<(ContactId, ChannelKind), Way>,
    pub(crate) now: Timestamp,
    pub(crate) log: String,
    /// The keys of all that went out.
    pub(crate) keys: Vec<String>,
    seq: u64,
}

impl Play {
    pub(crate) fn new(sites: &Sites, options: DeskOptions) -> Play {
        let desk = Desk::new(options.clone());
        let (journal, ways, now, log) = (Vec::new(), BTreeMap::new(), Timestamp::EPOCH, String::new());
        let mut play = Play { desk, options, journal, ways, now, log, keys: Vec::new(), seq: 0 };
        play.keep(Kept::Setup(Box::new(sites.clone())));
        play
    }

    /// Journals an event and applies it.
    pub(crate) fn keep(&mut self, event: Kept) {
        event.apply(&mut self.desk);
        self.journal.push(event);
    }

    pub(crate) fn line(&mut self, line: &str, setups: &BTreeMap<&str, Sites>) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = Timestamp::from_seconds(words[0].parse().unwrap());
        self.run(at);
        match words[1] {
            "run" => {}
            "way" => {
                let key = (ContactId::new(words[2]).unwrap(), words[3].parse_channel());
                self.ways.insert(key, words[4].parse_way());
            }
            "crash" => self.crash(),
            "setup" => self.keep(Kept::Setup(Box::new(setups[words[2]].clone()))),
            verb => {
                let transition = self.transition(verb, &words[2..]);
                self.keep(Kept::Transition(Box::new(transition)));
            }
        }
        self.settle();
    }

    /// Lets time pass up to `to`, stopping wherever the desk wants to be asked.
    pub(crate) fn run(&mut self, to: Timestamp) {
        while let Some(wake) = self.desk.wake_at().filter(|wake| *wake <= to) {
            self.now = self.now.max(wake);
            self.keep(Kept::Time(self.now));
            self.settle();
        }
        self.now = self.now.max(to);
        self.keep(Kept::Time(self.now));
        self.settle();
    }

    /// Sends what is due, and again what falls due by its outcome.
    fn settle(&mut self) {
        loop {
            let due = self.desk.due(self.now);
            for delivery in &due {
                let kind = match &delivery.telling {
                    Telling::Alarm => "alarm".to_owned(),
                    Telling::Summary => format!("alarm with {} more", delivery.covers.len()),
                    Telling::Update(news) => news.as_str().to_owned(),
                };
                let id = &delivery.id;
                self.keys.push(delivery.key.to_string());
                let when = self.now.as_micros() / 1_000_000;
                let (contact, channel) = (&id.contact, id.channel.as_str());
                self.log.push_str(&format!("{when} {channel} {contact} a{} {kind} #{}\n", id.alert.cause, id.attempt));
                self.keep(Kept::Outcome(self.now, Outcome::Attempt { delivery: id.clone() }));
                let way = self.ways.get(&(id.contact.clone(), id.channel)).copied().unwrap_or(Way::Ok);
                let outcome = match way {
                    Way::Silent => continue,
                    Way::Ok => Outcome::Delivered { delivery: id.clone(), receipt: String::new() },
                    Way::Fails(failure) => {
                        Outcome::Failed { delivery: id.clone(), failure, detail: "550 no such user".to_owned() }
                    }
                };
                self.keep(Kept::Outcome(self.now, outcome));
            }
            for notice in self.desk.notices() {
                let when = self.now.as_micros() / 1_000_000;
                let word = if notice.active { "begins" } else { "ends" };
                self.log.push_str(&format!("{when} notice {word}: {}\n", notice.subject));
                self.keep(Kept::Notice(notice));
            }
            if due.is_empty() {
                return;
            }
        }
    }

    /// Restarts from nothing but the journal.
    fn crash(&mut self) {
        let mut desk = Desk::new(self.options.clone());
        self.journal.iter().for_each(|event| event.apply(&mut desk));
        desk.resume();
        self.desk = desk;
    }

    /// `verb alert class [zone]`, with `test-` before the verb where it belongs to a test and
    /// `explained-` where it is one of severity `info`; the alert `a7` is the one caused by entry 7.
    pub(crate) fn transition(&mut self, verb: &str, words: &[&str]) -> Transition {
        self.seq += 1;
        let number: u64 = words[0].trim_start_matches('a').parse().unwrap();
        let class =
            words.get(1).map_or(Class::Fire, |name| *Class::ALL.iter().find(|class| class.as_str() == *name).unwrap());
        let by = UserName::new("wang").unwrap();
        let (explained, verb) = verb.strip_prefix("explained-").map_or((false, verb), |verb| (true, verb));
        let (test, verb) = verb.strip_prefix("test-").map_or((false, verb), |verb| (true, verb));
        let step = match verb {
            "raise" => Step::Raised,
            "escalate" => Step::Escalated { from: Class::EarlyWarning },
            "reopen" => Step::Reopened { by: None, note: String::new() },
            "clear" => Step::Cleared,
            "ack" => Step::Acknowledged { by },
            "verify" => Step::Verified { by, verdict: Verdict::Real, note: String::new() },
            "forward" => Step::Forwarded { by, to: "119".to_owned() },
            "close" => Step::Closed { by, note: String::new() },
            other => panic!("no such event: {other}"),
        };
        Transition {
            alert: AlertId { journal: JournalId([7; 16]), cause: Seq(number), ordinal: 0 },
            seq: Seq(1000 + self.seq),
            at: self.now,
            step,
            class,
            severity: if explained { Severity::Info } else { class.severity() },
            site: SiteId::new("home").unwrap(),
            zone: words.get(2).map(|zone| ZoneId::new(zone).unwrap()),
            device: Some(DeviceKey {
                site: SiteId::new("home").unwrap(),
                source: Source::Watchfire,
                name: DeviceName::new(&format!("smoke-{number}")).unwrap(),
            }),
            point: None,
            rule: RuleRef { name: "own-alarm".into(), version: 1 },
            reason: Bilingual::new("The detector reports smoke.", "探测器报告烟雾。"),
            evidence: Vec::new(),
            marks: Marks { late: false, test },
        }
    }
}

trait Parse {
    fn parse_channel(&self) -> ChannelKind;
    fn parse_way(&self) -> Way;
}

impl Parse for str {
    fn parse_channel(&self) -> ChannelKind {
        *ChannelKind::ALL.iter().find(|kind| kind.as_str() == self).unwrap()
    }

    fn parse_way(&self) -> Way {
        match self {
            "ok" => Way::Ok,
            "unreachable" => Way::Fails(Failure::Unreachable),
            "refused" => Way::Fails(Failure::Refused),
            "silent" => Way::Silent,
            other => {
                let wait_s = other.strip_prefix("throttled:").unwrap().parse().unwrap();
                Way::Fails(Failure::Throttled { wait_s })
            }
        }
    }
}

/// A site `home` with the zones `corridor` and `kitchen` and the ladder given as
/// `contact,contact: channel,channel: wait: class,class`, one rung a line; empty parts mean the defaults.
pub(crate) fn sites(ladder: &str) -> Sites {
    use watchfire_model::sites::Language;
    use watchfire_model::{Contact, Site, SiteKind, Zone};
    let contact = |name: &str, ways: &[ChannelKind]| {
        let address = |way: &ChannelKind| match way {
            ChannelKind::Email => format!("{name}@example.org"),
            ChannelKind::Sms => "+8613800000000".to_owned(),
            ChannelKind::Webhook => "http://127.0.0.1:1/hook".to_owned(),
        };
        let channels = ways.iter().map(|way| (*way, address(way))).collect();
        (ContactId::new(name).unwrap(), Contact { name: Bilingual::same(name), language: Language::En, channels })
    };
    use ChannelKind::{Email, Sms, Webhook};
    let contacts = BTreeMap::from([
        contact("night", &[Sms, Email]),
        contact("day", &[Sms, Email]),
        contact("boss", &[Sms]),
        contact("system", &[Webhook]),
        contact("ghost", &[]),
    ]);
    let zone = |name: &str| (ZoneId::new(name).unwrap(), Zone { name: Bilingual::same(name) });
    let site = Site {
        name: Bilingual::new("Home", "家"),
        kind: SiteKind::Home,
        address: Bilingual::default(),
        time_zone: "Asia/Shanghai".to_owned(),
        zones: BTreeMap::from([zone("corridor"), zone("kitchen")]),
        devices: Vec::new(),
        identities: BTreeMap::new(),
        ladder: rungs(ladder),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    Sites { sites: BTreeMap::from([(SiteId::new("home").unwrap(), site)]), contacts }
}

/// The rungs of a ladder written as [`sites`] takes it.
pub(crate) fn rungs(ladder: &str) -> Vec<watchfire_model::Rung> {
    let list = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let rung = |line: &str| {
        let parts: Vec<&str> = line.split(':').collect();
        let class = |name: &String| *Class::ALL.iter().find(|class| class.as_str() == name).unwrap();
        watchfire_model::Rung {
            contacts: list(parts[0]).iter().map(|name| ContactId::new(name).unwrap()).collect(),
            channels: list(parts[1]).iter().map(|name| name.parse_channel()).collect(),
            wait_s: parts[2].trim().parse().unwrap(),
            classes: parts.get(3).map(|names| list(names).iter().map(class).collect()).unwrap_or_default(),
        }
    };
    ladder.lines().map(str::trim).filter(|line| !line.is_empty()).map(rung).collect()
}
