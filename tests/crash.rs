//! Killed at any moment: nothing that was acknowledged is missing, no alert is lost or doubled, and nobody is told twice
//! unless the kill came between a send and its record.
//!
//! `WATCHFIRE_CRASH_SEED=<the number that was printed>` runs the same moments again.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use support::device::Device;
use support::logs::{self, Kept};
use support::set_up::{GATEWAY, SECRET, SetUp};
use support::station::Station;
use support::wait;
use support::webhook::Receiver;
use tokio_util::sync::CancellationToken;
use watchfire_model::{AlertId, ChannelKind, ContactId, DeliveryId, JournalId, Seq, Step, Transition};
use watchfire_simulator::load::{self, LoadOptions, Outcome};

const ROUNDS: u64 = 20;
/// From the first publish to the kill, in milliseconds.
const LIFE_MS: std::ops::Range<u64> = 20..700;
/// Every so many rounds it is killed while it starts, too.
const KILLED_AT_START_EVERY: u64 = 4;
const START_MS: std::ops::Range<u64> = 0..250;
/// The device of a round whose points raise the alarms, one point, one alert, begins so.
const ALARMS: &str = "siren";
/// Between two alarms: a device that raises one alert after the other, not a benchmark.
const ALARM_PAUSE: Duration = Duration::from_millis(15);
const DEVICES: u32 = 4;
const FRAMES_PER_S: u32 = 1_200;

#[test]
fn killed_twenty_times_under_load_it_has_lost_and_doubled_nothing() {
    let mut random = Random::seeded();
    let centre = Receiver::start();
    let mut station = Station::prepared(&SetUp::new().told_by_webhook(&centre.url()));
    let mut promised = Promised::default();
    for round in 0..ROUNDS {
        if round % KILLED_AT_START_EVERY == 1 {
            station.begin();
            wait::pass(Duration::from_millis(random.within(START_MS)));
            station.kill();
        }
        station.start();
        let load = start_load(station.mqtt(), round);
        let alarms = start_alarms(station.mqtt(), round);
        wait::pass(Duration::from_millis(random.within(LIFE_MS)));
        station.kill();
        promised.readings.extend(load.join().unwrap().keys);
        promised.alarms.extend(alarms.join().unwrap());
    }
    eprintln!("{} readings and {} alarms were acknowledged", promised.readings.len(), promised.alarms.len());
    assert!(promised.readings.len() > 200 && promised.alarms.len() > 40, "too little happened to prove anything");

    station.start();
    let api = station.operator();
    api.wait_for_archive();
    let raised = logs::raised(&station.data()).iter().filter(|alert| alert.site.as_str() == "home").count();
    wait::until("the centre's calls", || {
        let told: BTreeSet<String> = centre.keys().iter().map(|key| alert_of(key).to_owned()).collect();
        (told.len() >= raised).then_some(())
    });
    let rows: BTreeMap<String, usize> = devices_of(&promised.readings)
        .into_iter()
        .map(|device| (device.clone(), api.readings("watchfire", &device).len()))
        .collect();
    let smoke_rows: usize = (0..ROUNDS).map(|round| api.readings("watchfire", &format!("{ALARMS}{round}")).len()).sum();
    station.stop();

    let journal: Vec<Kept> = logs::journal(&station.data()).into_iter().map(|(_, kept)| kept).collect();
    let frames = frames_by_key(&journal);
    every_promise_is_kept(&promised, &frames);
    for (device, rows) in rows {
        let kept = frames.keys().filter(|key| device_of(key) == device).count();
        assert_eq!(rows, kept, "rows of {device} in the archive against its frames in the journal");
    }
    let alarms: BTreeSet<&String> = frames.keys().filter(|key| key.starts_with("p-")).collect();
    assert_eq!(smoke_rows, alarms.len(), "rows of the alarms");
    every_alarm_has_its_one_alert(&station, &alarms);
    a_replay_gives_the_same_alerts(&station);
    nobody_was_told_twice_but_for_a_kill(&journal, &centre.keys());
}

/// What the station acknowledged: idempotency keys.
#[derive(Default)]
struct Promised {
    readings: Vec<String>,
    alarms: Vec<String>,
}

fn start_load(target: SocketAddr, round: u64) -> JoinHandle<Outcome> {
    let options = LoadOptions {
        target,
        user: GATEWAY.to_owned(),
        password: SECRET.to_owned(),
        site: "home".to_owned(),
        devices: DEVICES,
        prefix: format!("load{round}-"),
        rate: FRAMES_PER_S,
        duration: Duration::from_secs(60),
        in_flight: 10,
        qos: 1,
        readings: 1,
        payload_bytes: 120,
        keep_keys: true,
    };
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(load::run(&options, &CancellationToken::new()))
    };
    Builder::new().name("load".to_owned()).spawn(run).unwrap()
}

/// A device that reports smoke at one point after the other until its connection dies. Gives the keys that were
/// acknowledged.
fn start_alarms(target: SocketAddr, round: u64) -> JoinHandle<Vec<String>> {
    let run = move || {
        let mut siren = Device::connect(target, "siren", GATEWAY, SECRET);
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let key = format!("p-{round}-{number}");
            let payload =
                format!(r#"{{"id":"{key}","readings":[{{"point":"{key}","metric":"smoke_alarm","value":true}}]}}"#);
            if siren.try_publish(&format!("wf/v1/home/{ALARMS}{round}/readings"), payload.as_bytes()).is_err() {
                break;
            }
            acknowledged.push(key);
            wait::pass(ALARM_PAUSE);
        }
        acknowledged
    };
    Builder::new().name("alarms".to_owned()).spawn(run).unwrap()
}

/// The load's key is its device's name and a number.
fn device_of(key: &str) -> &str {
    key.rsplit_once('-').unwrap().0
}

fn devices_of(keys: &[String]) -> BTreeSet<String> {
    keys.iter().map(|key| device_of(key).to_owned()).collect()
}

/// The alert in a delivery's id.
fn alert_of(delivery: &str) -> &str {
    delivery.split('/').next().unwrap()
}

/// How often each key is in the journal.
fn frames_by_key(journal: &[Kept]) -> BTreeMap<String, usize> {
    let mut frames = BTreeMap::new();
    for kept in journal {
        if let Kept::Frame { topic, key: Some(key) } = kept
            && topic.starts_with("wf/v1/home/")
        {
            *frames.entry(key.clone()).or_default() += 1;
        }
    }
    frames
}

fn every_promise_is_kept(promised: &Promised, frames: &BTreeMap<String, usize>) {
    let all = promised.readings.iter().chain(&promised.alarms);
    let missing: Vec<&String> = all.filter(|key| !frames.contains_key(*key)).collect();
    assert!(missing.is_empty(), "acknowledged and not in the journal: {missing:?}");
    let doubled: Vec<_> = frames.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "sent once and journaled twice: {doubled:?}");
}

/// Also the alarms that were journaled and not acknowledged any more have theirs.
fn every_alarm_has_its_one_alert(station: &Station, alarms: &BTreeSet<&String>) {
    let raised = logs::raised(&station.data());
    let ids: BTreeSet<AlertId> = raised.iter().map(|transition| transition.alert).collect();
    assert_eq!(ids.len(), raised.len(), "an alert's id is in the alert log twice");
    let (ours, others): (Vec<&Transition>, Vec<&Transition>) = raised
        .iter()
        .partition(|alert| alert.device.as_ref().is_some_and(|device| device.name.as_str().starts_with(ALARMS)));
    let mut of_point: BTreeMap<&str, usize> = BTreeMap::new();
    for alert in ours {
        *of_point.entry(alert.point.as_ref().unwrap().as_str()).or_default() += 1;
    }
    let expected: BTreeMap<&str, usize> = alarms.iter().map(|key| (key.as_str(), 1)).collect();
    assert_eq!(of_point, expected, "alerts by alarm");
    let others: Vec<_> = others.iter().map(|alert| (alert.site.as_str(), alert.reason.english())).collect();
    assert!(others.is_empty(), "a restart is nothing to raise an alert about: {others:?}");
}

fn a_replay_gives_the_same_alerts(station: &Station) {
    let output = station.command(&["replay", "data/journal"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let replayed: Vec<(String, u64)> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (line["id"].as_str().unwrap().to_owned(), line["seq"].as_u64().unwrap()))
        .collect();
    let logged: Vec<(String, u64)> = logs::transitions(&station.data())
        .iter()
        .filter(|transition| matches!(transition.step, Step::Raised | Step::Escalated { .. } | Step::Cleared))
        .map(|transition| (transition.alert.to_string(), transition.seq.0))
        .collect();
    assert_eq!(replayed, logged, "the replay of the journal against the alert log");
}

/// A call came again, under the same key, only when its attempt was journaled again after a start, because its end had
/// not been journaled before the kill. What is journaled as delivered is never attempted again, under no key.
fn nobody_was_told_twice_but_for_a_kill(journal: &[Kept], calls: &[String]) {
    let mut attempts: BTreeMap<String, usize> = BTreeMap::new();
    // By message: the attempt under way, and in which life it began.
    let mut open: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut delivered: BTreeSet<String> = BTreeSet::new();
    let mut starts = 0;
    for kept in journal {
        match kept {
            Kept::Started => starts += 1,
            Kept::Attempt(delivery) => {
                let (id, message) = (delivery.to_string(), message_of(delivery));
                assert!(!delivered.contains(&message), "{id} was tried after it was journaled as delivered");
                if let Some((before, begun)) = open.insert(message, (id.clone(), starts)) {
                    assert!(begun < starts, "{id} was tried again without a restart in between");
                    assert_eq!(id, before, "a repeat has the same key");
                }
                *attempts.entry(id).or_default() += 1;
            }
            Kept::Delivered(delivery) | Kept::Failed(delivery) => {
                let (id, message) = (delivery.to_string(), message_of(delivery));
                let begun = open.remove(&message).map(|(begun, _)| begun);
                assert_eq!(begun, Some(id), "it ended before it began");
                if matches!(kept, Kept::Delivered(_)) {
                    delivered.insert(message);
                }
            }
            Kept::Frame { .. } | Kept::SetUp | Kept::Other => {}
        }
    }
    let mut called: BTreeMap<&String, usize> = BTreeMap::new();
    calls.iter().for_each(|key| *called.entry(key).or_default() += 1);
    for (key, count) in &called {
        let attempts = attempts.get(*key).copied().unwrap_or(0);
        assert!(*count <= attempts, "{key} was called {count} times with {attempts} attempts in the journal");
    }
    let twice = called.values().filter(|count| **count > 1).count();
    eprintln!("{} calls, {twice} of them twice", calls.len());
}

/// What is told to whom and how, whichever attempt it is.
fn message_of(delivery: &DeliveryId) -> String {
    delivery.to_string().rsplit_once('/').unwrap().0.to_owned()
}

fn delivery(attempt: u32) -> DeliveryId {
    let alert = AlertId { journal: JournalId([1; 16]), cause: Seq(3), ordinal: 0 };
    let contact = ContactId::new("centre").unwrap();
    DeliveryId { alert, cause: Seq(3), contact, channel: ChannelKind::Webhook, attempt }
}

#[test]
fn the_judge_of_messages_lets_a_repeat_after_a_kill_pass() {
    let (first, second) = (delivery(1), delivery(2));
    let calls = [first.to_string(), first.to_string(), second.to_string()];
    let killed_between = [
        Kept::Started,
        Kept::Attempt(first.clone()),
        Kept::Started,
        Kept::Attempt(first.clone()),
        Kept::Failed(first),
        Kept::Attempt(second.clone()),
        Kept::Delivered(second),
    ];
    nobody_was_told_twice_but_for_a_kill(&killed_between, &calls);
}

#[test]
#[should_panic(expected = "after it was journaled as delivered")]
fn the_judge_of_messages_sees_a_repeat_of_what_was_delivered() {
    let id = delivery(1);
    let told =
        [Kept::Started, Kept::Attempt(id.clone()), Kept::Delivered(id.clone()), Kept::Started, Kept::Attempt(id)];
    nobody_was_told_twice_but_for_a_kill(&told, &[]);
}

#[test]
#[should_panic(expected = "a repeat has the same key")]
fn the_judge_of_messages_sees_a_repeat_under_another_key() {
    let told = [Kept::Started, Kept::Attempt(delivery(1)), Kept::Started, Kept::Attempt(delivery(2))];
    nobody_was_told_twice_but_for_a_kill(&told, &[]);
}

#[test]
fn a_message_is_sent_again_under_its_own_id_only_when_killed_before_its_record() {
    let centre = Receiver::start();
    let mut station = Station::started(&SetUp::new().told_by_webhook(&centre.url()));
    let calls_about = |alert: &str| {
        let mut keys = centre.keys();
        keys.retain(|key| alert_of(key) == alert);
        keys
    };
    // The centre has taken the call, and the station does not know it yet.
    centre.hold(true);
    station.gateway("gw").smoke("first", "f-1", true);
    let first = station.operator().wait_for_alert_of("first")["id"].as_str().unwrap().to_owned();
    let key = wait::until("the call", || calls_about(&first).pop());
    station.kill();
    centre.hold(false);
    station.start();
    wait::until("the call again", || (calls_about(&first).len() == 2).then_some(()));
    assert_eq!(calls_about(&first), [key.clone(), key.clone()], "the same id");
    let api = station.operator();
    wait::until("the record", || {
        let detail = api.get(&format!("/api/v1/alerts/{first}"));
        (detail["deliveries"][0]["state"] == "delivered").then_some(())
    });
    // Once it is recorded, no kill brings it back: a later alert is told, and this one is not.
    station.kill();
    station.start();
    station.gateway("gw").smoke("second", "s-1", true);
    let second = station.operator().wait_for_alert_of("second")["id"].as_str().unwrap().to_owned();
    wait::until("the call about another alert", || calls_about(&second).pop());
    assert_eq!(calls_about(&first).len(), 2, "{:?}", centre.keys());
}

/// SplitMix64 of a seed that is printed.
struct Random(u64);

impl Random {
    fn seeded() -> Random {
        let given = std::env::var("WATCHFIRE_CRASH_SEED").ok().map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|| getrandom::u64().unwrap());
        eprintln!("WATCHFIRE_CRASH_SEED={seed}");
        Random(seed)
    }

    fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        range.start + (mixed ^ (mixed >> 31)) % (range.end - range.start)
    }
}
