//! Random lives of a desk, with crashes at any point: nothing that was due is forgotten, nothing that was delivered is
//! sent again, an acknowledgement stops everything, and a restored desk is the one that died.
//!
//! `WATCHFIRE_SEED=n` reruns one life; `WATCHFIRE_ROUNDS=n` lives that many.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/script.rs"]
#[expect(dead_code, reason = "the scripts use the rest")]
mod script;

use script::{Kept, Play, Way, sites};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use watchfire_model::{
    AlertId, ChannelKind, Class, ContactId, DeliveryId, Failure, Outcome, Step, Timestamp, Transition,
};
use watchfire_notify::{Delivery, Desk, DeskOptions, Telling};

const LADDERS: &[&str] = &[
    "night: sms,email: 60\n day: sms: 90\n boss: : 120",
    "night,day: : 30\n boss: sms: 0\n night: email,sms: 45",
    "system,night: : 20: fire,gas,fault\n day: sms: 60\n night: sms: 60",
    "ghost: sms: 10\n boss: email,sms: 60\n system: : 5",
];
const CLASSES: &[&str] = &["fire", "gas", "early_warning", "fault"];
const ZONES: &[&str] = &["corridor", "kitchen"];
const ALERTS: u64 = 6;
const STEPS: usize = 120;
/// By then every rung had its turn and every message was taken.
const ENOUGH: Duration = Duration::from_secs(2 * 3600);

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What the test itself knows of one alert, by the plainest rules.
struct Expected {
    class: Class,
    begun: u64,
    telling: bool,
    cleared: bool,
}

struct Life {
    dice: Dice,
    play: Play,
    ladder: &'static str,
    snapshot: Option<(usize, Vec<u8>)>,
    expected: BTreeMap<AlertId, Expected>,
    /// Sent, and the outcome is not in the journal yet.
    on_their_way: Vec<DeliveryId>,
    /// How often the far side took a delivery.
    taken: BTreeMap<DeliveryId, usize>,
    /// How often a crash came between send and record.
    excused: BTreeMap<DeliveryId, usize>,
    recorded: BTreeSet<DeliveryId>,
    /// Whom an attempt was made to reach about what, since its run began.
    attempted: BTreeSet<(AlertId, ContactId)>,
    /// Who got word about what, since its run began.
    reached: BTreeSet<(AlertId, ContactId)>,
    /// Who has a way that refused.
    refused: BTreeSet<(AlertId, ContactId)>,
    /// The alerts in each message.
    told: BTreeMap<DeliveryId, Vec<AlertId>>,
    crashes_stopped: bool,
}

#[test]
fn random_lives_with_crashes() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("WATCHFIRE_SEED") {
        return live(seed);
    }
    for seed in 0..number("WATCHFIRE_ROUNDS").unwrap_or(400) {
        let result = std::panic::catch_unwind(|| live(seed));
        assert!(result.is_ok(), "rerun with WATCHFIRE_SEED={seed}");
    }
}

fn live(seed: u64) {
    let mut dice = Dice(seed);
    let ladder = LADDERS[dice.below(LADDERS.len())];
    let play = Play::new(&sites(ladder), DeskOptions::default());
    let mut life = Life {
        dice,
        play,
        ladder,
        snapshot: None,
        expected: BTreeMap::new(),
        on_their_way: Vec::new(),
        taken: BTreeMap::new(),
        excused: BTreeMap::new(),
        recorded: BTreeSet::new(),
        attempted: BTreeSet::new(),
        reached: BTreeSet::new(),
        refused: BTreeSet::new(),
        told: BTreeMap::new(),
        crashes_stopped: false,
    };
    for _ in 0..STEPS {
        life.step();
    }
    life.finish();
}

impl Life {
    fn step(&mut self) {
        match self.dice.below(12) {
            0..=3 => self.something_happens(),
            4..=7 => self.time_passes(),
            8 => self.a_way_changes(),
            9 => self.record_one(),
            10 => self.snapshot = Some((self.play.journal.len(), self.play.desk.snapshot())),
            _ => self.crash(),
        }
        self.send_what_is_due();
    }

    fn something_happens(&mut self) {
        let verbs = ["raise", "raise", "raise", "escalate", "ack", "verify", "clear", "close", "reopen"];
        let verb = verbs[self.dice.below(verbs.len())];
        let alert = format!("a{}", 1 + self.dice.below(usize::try_from(ALERTS).unwrap()));
        let (class, zone) = (CLASSES[self.dice.below(CLASSES.len())], ZONES[self.dice.below(ZONES.len())]);
        let mut transition = self.play.transition(verb, &[&alert, class, zone]);
        let known = self.expected.get(&transition.alert);
        if known.is_some() == (verb == "raise") {
            return;
        }
        if let Some(known) = known.filter(|_| verb != "escalate" && verb != "reopen") {
            transition.class = known.class;
            transition.severity = known.class.severity();
        }
        self.expect(&transition);
        self.play.keep(Kept::Transition(Box::new(transition)));
    }

    fn expect(&mut self, transition: &Transition) {
        let alert = transition.alert;
        match transition.step {
            Step::Raised | Step::Escalated { .. } | Step::Reopened { .. } => {
                for told in [&mut self.attempted, &mut self.reached, &mut self.refused] {
                    told.retain(|(other, _)| *other != alert);
                }
                let begun = transition.seq.0;
                let fresh = Expected { class: transition.class, begun, telling: true, cleared: false };
                self.expected.insert(alert, fresh);
            }
            Step::Cleared => self.expected.get_mut(&alert).unwrap().cleared = true,
            _ => self.expected.get_mut(&alert).unwrap().telling = false,
        }
    }

    fn time_passes(&mut self) {
        let most = self.play.now.plus(Duration::from_secs(self.dice.below(90) as u64));
        let wake = self.play.desk.wake_at().filter(|wake| *wake > self.play.now);
        self.play.now = if self.dice.one_in(2) { most } else { wake.unwrap_or(most) };
        self.play.keep(Kept::Time(self.play.now));
    }

    fn a_way_changes(&mut self) {
        let contact = ["night", "day", "boss", "system"][self.dice.below(4)];
        let channel = ChannelKind::ALL[self.dice.below(3)];
        let way = match self.dice.below(6) {
            0 => Way::Fails(Failure::Unreachable),
            1 => Way::Fails(Failure::Refused),
            2 => Way::Fails(Failure::Throttled { wait_s: 40 }),
            3 => Way::Silent,
            _ => Way::Ok,
        };
        self.play.ways.insert((ContactId::new(contact).unwrap(), channel), way);
    }

    fn send_what_is_due(&mut self) {
        for _ in 0..50 {
            let due = self.play.desk.due(self.play.now);
            if due.is_empty() {
                return;
            }
            for delivery in due {
                self.check(&delivery);
                if !self.crashes_stopped && self.dice.one_in(40) {
                    return self.crash();
                }
                self.send(&delivery);
            }
        }
        panic!("the desk finds no end");
    }

    fn check(&self, delivery: &Delivery) {
        assert!(!self.recorded.contains(&delivery.id), "{} was delivered and is sent again", delivery.id);
        let first = &delivery.key;
        assert!(first.attempt <= delivery.id.attempt && first.contact == delivery.id.contact, "{first}");
        if let Telling::Update(_) = delivery.telling {
            return;
        }
        for alert in std::iter::once(&delivery.id.alert).chain(&delivery.covers) {
            let expected = &self.expected[alert];
            assert!(expected.telling, "{} goes out after the acknowledgement", delivery.id);
        }
        assert_eq!(delivery.id.cause.0, self.expected[&delivery.id.alert].begun, "told of what is superseded");
    }

    fn send(&mut self, delivery: &Delivery) {
        let id = delivery.id.clone();
        self.play.keep(Kept::Outcome(self.play.now, Outcome::Attempt { delivery: id.clone() }));
        if !matches!(delivery.telling, Telling::Update(_)) {
            let alerts: Vec<AlertId> = std::iter::once(id.alert).chain(delivery.covers.iter().copied()).collect();
            self.attempted.extend(alerts.iter().map(|alert| (*alert, id.contact.clone())));
            self.told.insert(id.clone(), alerts);
        }
        match self.play.ways.get(&(id.contact.clone(), id.channel)).copied().unwrap_or(Way::Ok) {
            Way::Silent if !self.crashes_stopped => {}
            Way::Fails(failure) => {
                let alerts = self.told.get(&id).cloned().unwrap_or_default();
                if failure == Failure::Refused {
                    self.refused.extend(alerts.into_iter().map(|alert| (alert, id.contact.clone())));
                }
                let outcome = Outcome::Failed { delivery: id, failure, detail: "no".to_owned() };
                self.play.keep(Kept::Outcome(self.play.now, outcome));
            }
            Way::Ok | Way::Silent => {
                *self.taken.entry(id.clone()).or_insert(0) += 1;
                self.on_their_way.push(id);
                if self.crashes_stopped || self.dice.one_in(2) {
                    self.record_one();
                }
            }
        }
    }

    fn record_one(&mut self) {
        if let Some(delivery) = self.on_their_way.pop() {
            self.recorded.insert(delivery.clone());
            for alert in self.told.get(&delivery).into_iter().flatten() {
                if delivery.cause.0 >= self.expected[alert].begun || delivery.alert != *alert {
                    self.reached.insert((*alert, delivery.contact.clone()));
                }
            }
            let outcome = Outcome::Delivered { delivery, receipt: String::new() };
            self.play.keep(Kept::Outcome(self.play.now, outcome));
        }
    }

    /// The process dies; what the far side took and was not recorded may be taken once more.
    fn crash(&mut self) {
        for id in self.on_their_way.drain(..) {
            *self.excused.entry(id).or_insert(0) += 1;
        }
        let from_snapshot = self
            .snapshot
            .as_ref()
            .map(|(position, bytes)| (*position, Desk::restore(self.play.options.clone(), bytes).unwrap()));
        let (position, mut desk) = from_snapshot.unwrap_or_else(|| (0, Desk::new(self.play.options.clone())));
        self.play.journal[position..].iter().for_each(|event| event.apply(&mut desk));
        // One of the two may have been asked what is due, the other not: then what was to happen by now has happened
        // in the one only.
        [&mut desk, &mut self.play.desk].into_iter().for_each(|desk| Kept::Time(self.play.now).apply(desk));
        assert!(desk.snapshot() == self.play.desk.snapshot(), "the restored desk is another one");
        desk.resume();
        self.play.desk = desk;
    }

    fn finish(&mut self) {
        self.crashes_stopped = true;
        self.play.ways.clear();
        self.crash();
        self.send_what_is_due();
        self.go_on_until(self.play.now.plus(ENOUGH));
        self.nobody_was_forgotten();
        // A danger to life is told until somebody answers.
        for number in 1..=ALERTS {
            let mut transition = self.play.transition("ack", &[&format!("a{number}"), "fire", ZONES[0]]);
            if let Some(known) = self.expected.get(&transition.alert).filter(|known| known.telling) {
                (transition.class, transition.severity) = (known.class, known.class.severity());
                self.expect(&transition);
                self.play.keep(Kept::Transition(Box::new(transition)));
            }
        }
        self.go_on_until(self.play.now.plus(ENOUGH));
        assert_eq!(self.play.desk.wake_at(), None, "the desk never comes to rest");
        for (id, taken) in &self.taken {
            let excused = self.excused.get(id).copied().unwrap_or(0);
            assert!(*taken <= 1 + excused, "{id} was taken {taken} times, {excused} crashes excuse it");
        }
    }

    fn go_on_until(&mut self, end: Timestamp) {
        while let Some(wake) = self.play.desk.wake_at().filter(|wake| *wake <= end) {
            self.play.now = self.play.now.max(wake);
            self.play.keep(Kept::Time(self.play.now));
            self.send_what_is_due();
        }
    }

    fn nobody_was_forgotten(&self) {
        for (alert, expected) in &self.expected {
            if !expected.telling || (expected.cleared && !matches!(expected.class, Class::Fire | Class::Gas)) {
                continue;
            }
            for rung in script::rungs(self.ladder) {
                let fits = if rung.classes.is_empty() {
                    expected.class != Class::Fault
                } else {
                    rung.classes.contains(&expected.class)
                };
                for contact in rung.contacts.iter().filter(|contact| fits && contact.as_str() != "ghost") {
                    let attempted = self.attempted.contains(&(*alert, contact.clone()));
                    assert!(attempted, "{contact} was never told of {alert} ({})", expected.class.as_str());
                    // The retries of lesser messages end after a while; a refusal ends them at once.
                    let tireless = matches!(expected.class, Class::Fire | Class::Gas);
                    let key = (*alert, contact.clone());
                    let reached = self.reached.contains(&key) || self.refused.contains(&key) || !tireless;
                    assert!(reached, "{contact} never got word of {alert} ({})", expected.class.as_str());
                }
            }
        }
    }
}
