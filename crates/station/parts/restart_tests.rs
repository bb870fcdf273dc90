//! A whole station in this process, started on a journal that was made for it: what a start must get right.

use super::paths::DataPaths;
use super::station::Station;
use super::station_tests::{PATIENCE, SITES, journaled, options_of, publish, skips, transitions};
use crate::config::sites;
use crate::set_up_store::FullSetUp;
use crate::{clock, set_up_store};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use watchfire_journal::{Limits, RealDisk, Writer};
use watchfire_model::{
    AlertId, ChannelKind, Class, DeliveryId, EncodedInput, Frame, Input, Link, NoticeKind, Order, OrderKind, Outcome,
    Setup, Step, Timestamp, Transition,
};
use watchfire_notify::{Channel, Delivery, DeliveryError, Receipt};
use watchfire_rules::RuleSet;

/// An hour, in seconds.
const HOUR: i64 = 3_600;

fn hours_ago(hours: i64) -> Timestamp {
    clock::wall().minus(Duration::from_secs((hours * HOUR).unsigned_abs()))
}

/// Appends records to the journal as it is.
fn append(data: &Path, limits: Limits, records: &[Vec<u8>]) {
    let (mut writer, _) = Writer::open(&RealDisk, &DataPaths::new(data).journal(), limits).unwrap();
    for record in records {
        writer.append(record).unwrap();
        if u64::try_from(writer.pending_bytes()).unwrap() > limits.segment_bytes / 16 {
            writer.sync().unwrap();
        }
    }
    writer.sync().unwrap();
}

fn limits() -> Limits {
    Limits { reserve_bytes: 0, ..Limits::default() }
}

fn record(input: &Input<'_>, at: Timestamp) -> Vec<u8> {
    EncodedInput::new(input).stamp(at).to_vec()
}

/// Stores the set-up with those sites.
fn store(data: &Path, text: &str) -> Setup {
    let sites = sites::parse("test", text).unwrap();
    let set_up = FullSetUp { sites, rules: RuleSet::built_in(), ..FullSetUp::default() };
    set_up_store::store(&DataPaths::new(data).set_ups(), &set_up).unwrap()
}

fn many_devices(devices: u32) -> String {
    let device = |n| {
        format!(
            "[[sites.home.devices]]\nsource = \"watchfire\"\nname = \"smoke-{n}\"\nsilent_after_s = 180\n\
             label = {{ en = \"Smoke detector number {n}\", zh = \"烟感探测器 {n} 号\" }}\n"
        )
    };
    SITES.to_owned() + &(0..devices).map(device).collect::<String>()
}

async fn start_and_stop(data: &Path, sites: &str) {
    let station = Station::start(options_of(data, sites)).await.unwrap();
    station.stop().await;
}

fn offline(all: &[Transition]) -> Vec<AlertId> {
    let raised = all.iter().filter(|transition| transition.class == Class::Offline && transition.step == Step::Raised);
    raised.map(|transition| transition.alert).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_thousand_devices_fall_silent_at_one_tick_and_a_kill_amid_them_loses_none() {
    const DEVICES: usize = 8_000;
    let folder = tempfile::tempdir().unwrap();
    let (data, paths) = (folder.path(), DataPaths::new(folder.path()));
    let sites = many_devices(8_000);
    let set_up = store(data, &sites);
    append(data, limits(), &[record(&Input::Setup(set_up), hours_ago(60)), record(&Input::Tick, hours_ago(30))]);
    start_and_stop(data, &sites).await;
    let told = transitions(data);
    assert_eq!(offline(&told).len(), DEVICES);

    // The kill: the alert log has the first part of the run only, and there is no snapshot yet.
    let run: Vec<Transition> = told.into_iter().filter(|transition| transition.seq.0 == 2).collect();
    let journal = run[0].alert.journal;
    for folder in [paths.alert_log(), paths.snapshots()] {
        std::fs::remove_dir_all(folder).unwrap();
    }
    for file in ["archive.sqlite", "archive.sqlite-wal", "archive.sqlite-shm"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    let parts = super::alert_log::records(run[0].seq, journal, run.clone());
    assert!(parts.len() > 2);
    let (mut log, _) = Writer::open(&RealDisk, &paths.alert_log(), limits()).unwrap();
    log.append(&parts[0].encode()).unwrap();
    log.sync().unwrap();
    drop(log);

    start_and_stop(data, &sites).await;
    let told: Vec<Transition> = transitions(data).into_iter().filter(|transition| transition.seq.0 == 2).collect();
    assert_eq!(told.len(), run.len());
    assert!(told == run, "the same run, in its order");
    let all = offline(&transitions(data));
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len(), "nobody is told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_read_is_skipped_at_the_third_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let rubbish = vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 250];
    append(data, limits(), &[record(&Input::Tick, hours_ago(1)), rubbish, record(&Input::Tick, hours_ago(1))]);
    for _ in 0..2 {
        match Station::start(options_of(data, SITES)).await {
            Ok(mut station) => {
                let why = tokio::time::timeout(PATIENCE, station.broken()).await.unwrap();
                assert!(why.starts_with("rules: entry 2"), "{why}");
                station.stop().await;
            }
            Err(why) => panic!("{why}"),
        }
    }
    let third = Station::start(options_of(data, SITES)).await.unwrap();
    publish(&third, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    third.stop().await;
    start_and_stop(data, SITES).await;
    assert_eq!(skips(data).len(), 1);
    let told = transitions(data);
    assert!(told.iter().any(|transition| transition.class == Class::Fire), "{told:?}");
    assert!(told.iter().any(|transition| transition.class == Class::Fault), "somebody is told: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_of_the_file_is_in_force_whatever_was_journaled_last() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    start_and_stop(data, SITES).await;
    let set_ups = || journaled(data, |input| if let Input::Setup(setup) = input { Some(setup) } else { None });
    let of_file = *set_ups().last().unwrap();
    // Reloaded with others, and then the machine died before the next snapshot.
    let other = store(data, &many_devices(1));
    append(data, limits(), &[record(&Input::Setup(other), clock::wall())]);
    assert_eq!(*set_ups().last().unwrap(), other);

    start_and_stop(data, SITES).await;
    assert_eq!(*set_ups().last().unwrap(), of_file);
    let count = set_ups().len();
    start_and_stop(data, SITES).await;
    assert_eq!(set_ups().len(), count, "the same one is not journaled again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_without_snapshots_whose_first_entries_have_left_starts_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let ticks: Vec<Vec<u8>> = (0..2_000).map(|_| record(&Input::Tick, hours_ago(1))).collect();
    append(data, Limits { segment_bytes: 4_096, ahead_bytes: 0, ..limits() }, &ticks);
    let journal = DataPaths::new(data).journal();
    let segments = watchfire_journal::segments(&RealDisk, &journal).unwrap();
    assert!(segments.len() > 2);
    std::fs::remove_file(journal.join(format!("seg-{:020}.wfj", segments[0].first))).unwrap();

    let station = Station::start(options_of(data, SITES)).await.unwrap();
    publish(&station, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    station.stop().await;
    let notices = journaled(data, |input| if let Input::Notice(notice) = input { Some(notice) } else { None });
    let damage: Vec<_> = notices.iter().filter(|notice| notice.kind == NoticeKind::JournalDamaged).collect();
    assert!(damage.iter().any(|notice| notice.detail.english().contains("no newer snapshot")), "{notices:?}");
    assert!(transitions(data).iter().any(|transition| transition.class == Class::Fire));
}

/// A webhook that says what it is given, and takes it when it has a permit.
struct Taking {
    told: mpsc::UnboundedSender<DeliveryId>,
    permits: Arc<Semaphore>,
}

impl Channel for Taking {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        let _ = self.told.send(delivery.id.clone());
        Box::pin(async {
            self.permits.acquire().await.unwrap().forget();
            Ok(Receipt { text: "taken".into() })
        })
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Webhook
    }
}

async fn start_telling(
    data: &Path,
    sites: &str,
    permits: &Arc<Semaphore>,
) -> (Station, mpsc::UnboundedReceiver<DeliveryId>) {
    let (told, hear) = mpsc::unbounded_channel();
    let mut options = options_of(data, sites);
    options.channels.push(Arc::new(Taking { told, permits: Arc::clone(permits) }));
    (Station::start(options).await.unwrap(), hear)
}

async fn hear(told: &mut mpsc::UnboundedReceiver<DeliveryId>) -> DeliveryId {
    tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap()
}

/// What a kill leaves of a log.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if file.file_type().unwrap().is_file() && file.file_name() != "lock" {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_recorded_far_behind_its_alert_is_not_repeated_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (DataPaths::new(&folder.path().join("before")), DataPaths::new(&folder.path().join("after")));
    let sites = format!(
        "[contacts.desk]\nname = {{ en = \"Desk\", zh = \"值班\" }}\nwebhook = \"https://desk.example.org\"\n{SITES}\
         [[sites.home.ladder]]\ncontacts = [\"desk\"]\nclasses = [\"fire\"]\nwait_s = 3600\n"
    );
    let permits = Arc::new(Semaphore::new(0));
    let (first, mut told) = start_telling(before.root(), &sites, &permits).await;
    publish(&first, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    let kitchen = hear(&mut told).await;
    copy(&before.journal(), &after.journal());
    copy(&before.alert_log(), &after.alert_log());
    copy(&before.set_ups(), &after.set_ups());
    permits.add_permits(100);
    first.stop().await;

    // Under load it was delivered, and then the machine died, before the next snapshot.
    let frame = Frame {
        site: "home",
        identity: "home/gateway",
        device: "",
        link: Link::Mqtt { qos: 1, retain: false },
        topic: "zigbee2mqtt/hall",
        payload: br#"{"smoke": false, "battery": 90, "linkquality": 120}"#,
    };
    let delivered = Outcome::Delivered { delivery: kitchen.clone(), receipt: "taken".into() };
    let mut tail: Vec<Vec<u8>> = (0..20_000).map(|_| record(&Input::Frame(frame), clock::wall())).collect();
    tail.push(record(&Input::Outcome(delivered), clock::wall()));
    append(after.root(), limits(), &tail);

    let (second, mut told) = start_telling(after.root(), &sites, &permits).await;
    publish(&second, "zigbee2mqtt/bath", br#"{"smoke": true}"#).await;
    let next = hear(&mut told).await;
    assert_ne!(next.alert, kitchen.alert, "the kitchen was told of before the kill, and that is journaled");
    second.stop().await;
    assert!(told.recv().await.is_none_or(|more| more.alert != kitchen.alert));
}

/// An upgrade: what is in the log under those names, the build that starts does not find, and the other way round.
fn rewrite_log(data: &Path, rewrite: impl Fn(Transition) -> Option<Transition>) {
    let paths = DataPaths::new(data);
    let told: Vec<Transition> = transitions(data).into_iter().filter_map(rewrite).collect();
    for folder in [paths.alert_log(), paths.snapshots()] {
        std::fs::remove_dir_all(folder).unwrap();
    }
    for file in ["archive.sqlite", "archive.sqlite-wal", "archive.sqlite-shm"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    let (mut log, _) = Writer::open(&RealDisk, &paths.alert_log(), limits()).unwrap();
    for one in told {
        for record in super::alert_log::records(one.seq, one.alert.journal, vec![one]) {
            log.append(&record.encode()).unwrap();
        }
    }
    log.sync().unwrap();
}

fn fires_of(all: &[Transition], device: &str) -> Vec<(Step, AlertId)> {
    let of = |one: &&Transition| one.device.as_ref().is_some_and(|key| key.name.as_str() == device);
    all.iter().filter(of).map(|one| (one.step.clone(), one.alert)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_only_the_replay_finds_is_told_once_at_the_first_entry_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = Station::start(options_of(data, SITES)).await.unwrap();
    publish(&first, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    publish(&first, "zigbee2mqtt/bath", br#"{"smoke": true}"#).await;
    first.stop().await;
    let before = fires_of(&transitions(data), "kitchen");
    assert_eq!(before.len(), 1);
    let of_kitchen = |one: &Transition| one.device.as_ref().is_some_and(|key| key.name.as_str() == "kitchen");
    rewrite_log(data, |one| (!of_kitchen(&one)).then_some(one));

    start_and_stop(data, SITES).await;
    let kitchen = fires_of(&transitions(data), "kitchen");
    assert_eq!(kitchen.len(), 1, "it is told: {kitchen:?}");
    assert_eq!(kitchen[0].0, Step::Raised);
    assert_ne!(kitchen[0].1, before[0].1, "at an entry of its own");
    let bath = fires_of(&transitions(data), "bath").len();
    assert_eq!(bath, 1);

    // A start without a snapshot finds the same difference, but it is told by now; so is what goes on.
    std::fs::remove_dir_all(DataPaths::new(data).snapshots()).unwrap();
    let third = Station::start(options_of(data, SITES)).await.unwrap();
    publish(&third, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    third.stop().await;
    assert_eq!(fires_of(&transitions(data), "kitchen"), kitchen);
    let differs = transitions(data).iter().filter(|one| one.rule.name == "station-replay-differs").count();
    assert!(differs > 0, "somebody is told of the difference");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_only_the_log_knows_can_be_handled() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = Station::start(options_of(data, SITES)).await.unwrap();
    publish(&first, "zigbee2mqtt/kitchen", br#"{"smoke": true}"#).await;
    first.stop().await;
    // As if another build had seen it in the hall.
    rewrite_log(data, |mut one| {
        let in_kitchen = one.device.as_mut().filter(|key| key.name.as_str() == "kitchen");
        if let Some(key) = in_kitchen {
            key.name = "hall".parse().unwrap();
        }
        Some(one)
    });
    let hall = fires_of(&transitions(data), "hall")[0].1;
    start_and_stop(data, SITES).await;
    let kitchen = fires_of(&transitions(data), "kitchen");
    assert_eq!(kitchen.len(), 1, "the one in the kitchen is told as well: {kitchen:?}");
    assert_ne!(kitchen[0].1, hall);

    // Orders reach both.
    let order = |id: &str, alert| {
        let kind = OrderKind::Acknowledge { alert };
        record(&Input::Order(Order { id: id.parse().unwrap(), by: "wang".parse().unwrap(), kind }), clock::wall())
    };
    append(data, limits(), &[order("o1", hall), order("o2", kitchen[0].1)]);
    start_and_stop(data, SITES).await;
    let steps = |device| fires_of(&transitions(data), device).into_iter().map(|(step, _)| step.as_str()).collect();
    let (in_hall, in_kitchen): (Vec<_>, Vec<_>) = (steps("hall"), steps("kitchen"));
    assert_eq!(in_hall, ["raised", "acknowledged"]);
    assert_eq!(in_kitchen, ["raised", "acknowledged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_the_rules_catch_up_loses_and_doubles_no_alarm() {
    const FRAMES: usize = 60_000;
    const FIRES: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let set_up = store(data, SITES);
    let mut records = vec![record(&Input::Setup(set_up), hours_ago(2))];
    for number in 0..FRAMES {
        let alarms = number % (FRAMES / FIRES) == 0;
        let topic = format!("zigbee2mqtt/{}-{}", if alarms { "smoke" } else { "hall" }, number % FRAMES);
        let frame = Frame {
            site: "home",
            identity: "gateway",
            device: "",
            link: Link::Mqtt { qos: 1, retain: false },
            topic: if alarms { &topic } else { "zigbee2mqtt/hall" },
            payload: if alarms { br#"{"smoke": true}"# } else { br#"{"temperature": 21.5}"# },
        };
        records.push(record(&Input::Frame(frame), hours_ago(1)));
    }
    append(data, limits(), &records);
    let fires = || {
        let all = transitions(data).into_iter();
        let raised = all.filter(|transition| transition.class == Class::Fire && transition.step == Step::Raised);
        raised.map(|transition| transition.alert).collect::<Vec<AlertId>>()
    };
    let station = Station::start(options_of(data, SITES)).await.unwrap();
    let at_stop = fires().len();
    tokio::time::timeout(PATIENCE * 4, station.stop()).await.expect("it stops in order, with readers that wait");
    assert!(at_stop < FIRES, "the rules were still at it: {at_stop}");
    start_and_stop(data, SITES).await;
    let told = fires();
    assert_eq!(told.len(), FIRES);
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), FIRES, "no fire is raised twice");
}
