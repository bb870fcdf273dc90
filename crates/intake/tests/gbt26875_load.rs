//! The gateway under load, with a journal that takes a moment for each batch as a disk does. The small run is a test, the
//! full one (1,000 alarms of 300 devices within 10 s beside 5,000 connections) a measurement:
//! `cargo test --release -p watchfire-intake --test gbt26875_load -- --ignored --nocapture`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests: a failed step ends the test")]

use prometheus::Registry;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watchfire_intake::gbt26875::{
    Gateway, GatewayLimits, GatewayParts, GatewaySettings, ListenerSettings, Transport, Unlisted,
};
use watchfire_intake::{Flow, Submission};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Input, Seq, SiteId, Timestamp};
use watchfire_simulator::panel::load::{LoadOptions, LoadReport, alarms_of, run};
use watchfire_wire::gbt26875::Envelope;

/// What one write to a disk takes.
const SYNC: Duration = Duration::from_millis(3);

/// Alarms by device: how often each component was journaled.
type Journaled = Arc<Mutex<BTreeMap<(u64, u16), u32>>>;

async fn loaded(alarming: u32, alarms: u32, within: Duration, beating: u32) -> LoadReport {
    let (queue, inbox) = mpsc::channel(16_384);
    let (notices, _notices) = mpsc::channel(16);
    let flow = Arc::new(Flow::default());
    let listener = ListenerSettings {
        name: "load".into(),
        addr: "127.0.0.1:0".parse().unwrap(),
        transport: Transport::Tcp,
        insecure: false,
        site: Some(SiteId::new("city").unwrap()),
        unlisted: Unlisted::Accept,
    };
    let settings =
        GatewaySettings { listeners: vec![listener], transmitters: vec![], limits: GatewayLimits::default() };
    let registry = Registry::new();
    let gateway =
        Gateway::new(GatewayParts { settings, queue, flow: Arc::clone(&flow), notices, registry: &registry }).unwrap();
    let listening = gateway.listen().await.unwrap();
    let target = listening.addresses().first().unwrap().1;
    let (stop, journaled) = (CancellationToken::new(), Journaled::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(listening.serve(stop.clone()));
    tasks.spawn(journal(inbox, flow, Arc::clone(&journaled)));
    let options = LoadOptions {
        target,
        first_address: 1_000,
        alarming,
        alarms,
        within,
        beating,
        beat_every: Duration::from_secs(20),
    };
    let report = run(&options, &CancellationToken::new()).await;
    println!("{report:?}");
    let journaled = journaled.lock().unwrap().clone();
    let expected = (0..alarming).flat_map(|n| {
        let parts = u16::try_from(alarms_of(&options, n)).unwrap();
        (1..=parts).map(move |part| ((1_000 + u64::from(n), part), 1))
    });
    assert_eq!(journaled, expected.collect::<BTreeMap<_, _>>(), "none lost, none doubled");
    assert_eq!((report.lost, report.connected), (0, alarming + beating));
    assert_eq!((report.alarms, report.confirmed), (u64::from(alarms), u64::from(alarms)));
    assert!(report.beats_confirmed >= u64::from(alarming + beating) * 9 / 10, "{report:?}");
    report
}

async fn journal(mut inbox: mpsc::Receiver<Submission>, flow: Arc<Flow>, journaled: Journaled) {
    let (mut batch, mut seq) = (Vec::new(), 0);
    while inbox.recv_many(&mut batch, 4_096).await > 0 {
        tokio::time::sleep(SYNC).await;
        for Submission { mut input, ticket } in batch.drain(..) {
            seq += 1;
            note(input.stamp(Timestamp(0)), &mut journaled.lock().unwrap());
            ticket.durable(Seq(seq));
        }
        flow.journaled(Seq(seq));
        flow.applied(Seq(seq));
    }
}

fn note(record: &[u8], journaled: &mut BTreeMap<(u64, u16), u32>) {
    let Input::Frame(frame) = decode_entry(Seq(1), record).unwrap().input else { panic!("not a frame") };
    let envelope = Envelope::read(frame.payload).unwrap();
    if let [2, 1, _, _, _, 1, 0, low, high, ..] = envelope.unit {
        *journaled.entry((envelope.source.get(), u16::from_le_bytes([*low, *high]))).or_default() += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_alarms_of_thirty_devices_beside_two_hundred_that_beat() {
    loaded(30, 100, Duration::from_millis(500), 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: wants a release build, a quiet machine and 11,000 file descriptors"]
async fn a_thousand_alarms_of_three_hundred_devices_within_ten_seconds_beside_five_thousand_that_beat() {
    let report = loaded(300, 1_000, Duration::from_secs(10), 5_000).await;
    assert_eq!(report.repeated, 0);
}
