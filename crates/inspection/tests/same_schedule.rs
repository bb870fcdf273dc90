//! Random lives of a schedule with random devices, orders, set-ups and restarts. Whatever happens:
//!
//! - a snapshot at any point and the rest of the journal make the same schedule and the same commands;
//! - a device is never asked two things at once, and an attempt follows the one before in its time, with its number;
//! - a number is not used for two exchanges, a duty check is never asked again after a start;
//! - figures, checks and outcomes add up.
//!
//! `WATCHFIRE_SEED=n` reruns one life; `WATCHFIRE_ROUNDS=n` lives that many.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/play.rs"]
#[expect(dead_code, reason = "the scenarios use the rest")]
mod play;

use play::{JOURNAL, Kept, Play, answer, apply, digits_of, key, key_press, order, site_id, sites};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use watchfire_inspection::{DutyOutcome, Inspection, Month, PanelCommand};
use watchfire_model::{
    DeviceKey, DutyPlan, DutyTally, OrderKind, PanelTargets, Seq, SystemRead, Timestamp, TransmissionDevice,
};
use watchfire_wire::gbt26875::{Command, Kind, Object, System, TimeLabel, Unit};

const NAMES: [&str; 4] = ["1001", "1002", "1003", "9001"];
const SITES: [&str; 2] = ["tower", "mall"];
const STEPS: usize = 60;

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

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// What was sent to a device last.
#[derive(Clone)]
struct Sent {
    at: Timestamp,
    command: PanelCommand,
}

struct Life {
    dice: Dice,
    play: Play,
    listed: BTreeMap<DeviceKey, TransmissionDevice>,
    /// Every command that came out, with the entry after which it did.
    commands: Vec<(usize, PanelCommand)>,
    /// After so many entries it was asked what is due.
    asked_after: BTreeSet<usize>,
    last: BTreeMap<DeviceKey, Sent>,
    /// Numbers used since a device was listed.
    used: BTreeSet<(DeviceKey, u16)>,
    /// What a start cut off: none of it is repeated.
    cut_off: BTreeMap<DeviceKey, u16>,
    snapshots: Vec<(usize, Vec<u8>)>,
    orders: usize,
}

#[test]
fn random_lives() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("WATCHFIRE_SEED") {
        return live(seed);
    }
    for seed in 0..number("WATCHFIRE_ROUNDS").unwrap_or(40) {
        let result = std::panic::catch_unwind(|| live(seed));
        assert!(result.is_ok(), "rerun with WATCHFIRE_SEED={seed}");
    }
}

fn live(seed: u64) {
    let mut life = Life {
        dice: Dice(seed),
        play: Play::new("2026-03-30T20:00:00+08:00".parse().unwrap()),
        listed: BTreeMap::new(),
        commands: Vec::new(),
        asked_after: BTreeSet::new(),
        last: BTreeMap::new(),
        used: BTreeSet::new(),
        cut_off: BTreeMap::new(),
        snapshots: Vec::new(),
        orders: 0,
    };
    for _ in 0..3 {
        life.set_up();
    }
    for _ in 0..STEPS {
        life.step();
    }
    life.replay_gives_the_same();
    life.figures_add_up();
    life.record_gives_the_figures();
}

impl Life {
    fn step(&mut self) {
        match self.dice.below(14) {
            0..=4 => self.time_passes(),
            5..=7 => self.a_device_speaks(),
            8..=10 => self.somebody_orders(),
            11 => self.set_up(),
            12 => self.snapshots.push((self.play.journal.len(), self.play.inspection.snapshot())),
            _ => self.restart(),
        }
        self.take_due();
    }

    fn time_passes(&mut self) {
        let span = self.dice.one_of(&[1, 9, 10, 11, 60, 301, 301, 3_600, 3_600, 20_000]);
        let to = self.play.now.plus(Duration::from_secs(span));
        while let Some(wake) = self.play.inspection.wake_at().filter(|wake| *wake <= to) {
            // Ticks come when they come.
            let late = Duration::from_millis(self.dice.one_of(&[0, 0, 300, 999]));
            self.play.now = self.play.now.max(wake).plus(late).min(to);
            self.play.keep(Kept::Tick);
            self.take_due();
        }
        self.play.now = self.play.now.max(to);
        self.play.keep(Kept::Tick);
    }

    /// Checks what is to be sent; the device answers or does not.
    fn take_due(&mut self) {
        loop {
            let due = self.play.inspection.due();
            let after = self.play.journal.len();
            self.asked_after.insert(after);
            self.commands.extend(due.iter().map(|command| (after, command.clone())));
            let notices = self.play.inspection.notices();
            for notice in &notices {
                self.play.keep(Kept::Notice(notice.clone()));
            }
            for command in &due {
                self.check(command);
                self.obey(command);
            }
            if due.is_empty() && notices.is_empty() {
                return;
            }
        }
    }

    fn check(&mut self, command: &PanelCommand) {
        let now = self.play.now;
        let line = &self.listed[&command.device];
        assert_ne!(self.cut_off.get(&command.device), Some(&command.serial), "nothing is repeated after a start");
        assert!(command.attempt <= line.retries + 1, "{command:?}");
        assert!(command.unit(now).len() <= 512);
        let view = self.play.inspection.device(&command.device).unwrap();
        let asking = view.asking.unwrap();
        assert_eq!((asking.serial, asking.attempt), (command.serial, command.attempt), "it is what is open");
        if command.attempt == 1 {
            assert!(self.used.insert((command.device.clone(), command.serial)), "a number is used once: {command:?}");
        } else {
            let before = &self.last[&command.device];
            assert_eq!((before.command.serial, before.command.kind()), (command.serial, command.kind()));
            assert_eq!(before.command.attempt + 1, command.attempt);
            let since = now.since(before.at);
            let retry = Duration::from_secs(line.retry_s.into());
            assert!(since >= retry && since < retry + Duration::from_secs(1), "{since:?} of {retry:?}");
        }
        self.last.insert(command.device.clone(), Sent { at: now, command: command.clone() });
    }

    fn obey(&mut self, command: &PanelCommand) {
        let (name, site) = (command.device.name.to_string(), command.device.site.clone());
        let digits = digits_of(&name);
        let ahead = Duration::from_secs(self.dice.one_of(&[0, 0, 0, 3, 9]));
        let (answer, kind) = (answer(command.kind(), self.play.now.plus(ahead), digits), command.kind());
        let serial = if self.dice.below(9) == 0 { command.serial.wrapping_add(1) } else { command.serial };
        match self.dice.below(8) {
            0 | 1 => {}
            2 => self.play.says(&site, &name, serial, Command::DENY, &[]),
            _ => match answer {
                Some(unit) => self.play.says(&site, &name, serial, Command::RESPONSE, &unit),
                None if kind.code() >= Kind::InitialiseUitd.code() => {
                    self.play.says(&site, &name, serial, Command::CONFIRM, &[]);
                }
                None => {}
            },
        }
    }

    fn a_device_speaks(&mut self) {
        let (site, name) = (site_id(self.dice.one_of(&SITES)), self.dice.one_of(&NAMES));
        let digits = digits_of(name);
        let (now, last) = (self.play.now, self.last.get(&key(site.as_str(), name)).cloned());
        let serial = last.as_ref().map_or(0, |last| last.command.serial);
        match self.dice.below(6) {
            0 | 1 => self.play.says(&site, name, 77, Command::SEND, &key_press(3, now, digits)),
            2 => self.play.says(&site, name, 78, Command::SEND, &[]),
            3 => {
                let system = System { kind: 1, address: u8::try_from(self.dice.below(20)).unwrap() };
                let object = Object::SystemState { system, state: 1, at: TimeLabel::UNKNOWN };
                let unit = Unit::of(Kind::SystemState, vec![object]).write();
                self.play.says(&site, name, 79, Command::SEND, &unit);
            }
            // A late answer, or one twice.
            _ => {
                let Some(unit) = last.and_then(|last| answer(last.command.kind(), now, digits)) else { return };
                self.play.says(&site, name, serial, Command::RESPONSE, &unit);
            }
        }
    }

    fn somebody_orders(&mut self) {
        let device = key(self.dice.one_of(&SITES), self.dice.one_of(&NAMES));
        let targets = match self.dice.below(4) {
            0 => PanelTargets::All,
            1 => PanelTargets::Site(device.site.clone()),
            _ => PanelTargets::Devices(vec![device.clone()]),
        };
        let kind = match self.dice.below(7) {
            0..=2 => OrderKind::DutyCheck { targets, answer_min: self.dice.one_of(&[0, 1, 5, 61]) },
            3 => OrderKind::Inspect { targets, reads: Vec::new() },
            4 => {
                OrderKind::SetInspection { targets, period_s: self.dice.one_of(&[None, Some(300), Some(900), Some(1)]) }
            }
            5 => OrderKind::SyncClock { targets },
            _ => OrderKind::Initialise { device },
        };
        // Sometimes one that was given before.
        self.orders += self.dice.below(4).min(1);
        self.play.keep(order(&format!("o-{}", self.orders), kind));
    }

    fn set_up(&mut self) {
        let device = key(self.dice.one_of(&SITES), self.dice.one_of(&NAMES));
        if self.dice.below(4) == 0 {
            self.listed.remove(&device);
            self.used.retain(|(used, _)| *used != device);
            self.cut_off.remove(&device);
        } else {
            let mut line = TransmissionDevice::new(device.name.clone(), device.name.as_str().parse().unwrap());
            line.inspection_s = self.dice.one_of(&[0, 600, 3_600, 7_200]);
            line.retry_s = self.dice.one_of(&[1, 5, 10]);
            line.retries = self.dice.one_of(&[0, 3]);
            line.reads = vec![watchfire_model::PanelRead::System { kind: 1, address: 9, what: SystemRead::Version }];
            let plan = DutyPlan { from_min: 1_320, until_min: 360, checks: 5, answer_min: 5 };
            line.duty = self.dice.one_of(&[None, Some(plan)]);
            // What is under way goes on by the figures that it began with in the test's eyes, so it is ended first.
            let running = self.play.inspection.device(&device).is_some_and(|view| view.asking.is_some());
            if running {
                return;
            }
            self.listed.insert(device, line);
        }
        let of = |name: &str| {
            let lines = self.listed.iter().filter(|(key, _)| key.site.as_str() == name);
            (site_id(name), lines.map(|(_, line)| line.clone()).collect())
        };
        let kept = sites(&SITES.map(of));
        self.play.keep(kept);
    }

    fn restart(&mut self) {
        self.play.now = self.play.now.plus(Duration::from_secs(self.dice.one_of(&[0, 2, 45, 400, 90_000])));
        for (device, _) in self.listed.clone() {
            let asking = self.play.inspection.device(&device).and_then(|view| view.asking);
            self.cut_off.extend(asking.map(|asking| (device.clone(), asking.serial)));
        }
        let from = if self.dice.below(2) == 0 { self.snapshots.last().cloned() } else { None };
        self.play.restart(from);
    }

    /// The same commands at the same entries from every snapshot on, and the same schedule at the end.
    fn replay_gives_the_same(&self) {
        let whole = (0, Inspection::new(JOURNAL).snapshot());
        for (begin, bytes) in self.snapshots.iter().chain([&whole]) {
            let mut again = Inspection::restore(JOURNAL, bytes).unwrap();
            let mut commands = Vec::new();
            for (number, (stamp, entry)) in self.play.journal.iter().enumerate().skip(*begin) {
                apply(&mut again, *stamp, entry);
                if self.asked_after.contains(&(number + 1)) {
                    commands.extend(again.due().into_iter().map(|command| (number + 1, command)));
                }
            }
            let first: Vec<_> = self.commands.iter().filter(|(after, _)| after > begin).cloned().collect();
            assert_eq!(commands, first, "the same commands from entry {begin} on");
            assert!(again.snapshot() == self.play.inspection.snapshot(), "the same schedule from entry {begin} on");
        }
    }

    /// What is recorded, each check as it was last, counts to the same figures.
    fn record_gives_the_figures(&self) {
        let mut again = Inspection::new(JOURNAL).recording();
        let (mut checks, mut rounds) = (BTreeMap::new(), BTreeMap::new());
        for (stamp, entry) in &self.play.journal {
            apply(&mut again, *stamp, entry);
            let recorded = again.recorded();
            for one in recorded.duty_checks {
                checks.insert((one.record.cause, one.record.device.clone()), one);
            }
            for round in recorded.rounds {
                assert!(round.asked_at <= round.ended_at);
                let name = (round.device.clone(), round.kind, round.asked_at);
                // The journal of this test lets a round end, and the next begin, at the moment at which it began.
                let before = rounds.insert(name, (round.outcome, round.ended_at));
                let anew = before.is_none_or(|(_, ended_at)| ended_at == round.asked_at);
                assert!(anew || round.outcome == watchfire_inspection::Outcome::Late, "a round ends once");
            }
        }
        for site in SITES.map(site_id) {
            let month: Month = again.month(&site);
            let mut tally = DutyTally::default();
            let of_month = checks.values().filter(|one| one.record.device.site == site && one.month == month);
            of_month.for_each(|one| tally.add(one.record.outcome, one.record.answer_s()));
            assert_eq!(tally.figures(), self.play.inspection.duty_checks(&site, month).figures);
        }
    }

    fn figures_add_up(&self) {
        for site in SITES.map(site_id) {
            let month: Month = self.play.inspection.month(&site);
            let report = self.play.inspection.duty_checks(&site, month);
            let count = |outcome: DutyOutcome| {
                let same = report.checks.iter().filter(|check| check.outcome == outcome && check.cause > Seq(0));
                u32::try_from(same.count()).unwrap()
            };
            let figures = &report.figures;
            assert_eq!(figures.answered, count(DutyOutcome::Answered));
            assert_eq!(figures.late, count(DutyOutcome::Late));
            assert_eq!(figures.missed, count(DutyOutcome::Missed));
            assert_eq!(figures.unreachable, count(DutyOutcome::Unreachable));
            assert_eq!(figures.denied, count(DutyOutcome::Denied));
            assert_eq!(figures.median_s.is_some(), figures.answered + figures.late > 0);
            assert!(figures.median_s <= figures.worst_s);
        }
    }
}
