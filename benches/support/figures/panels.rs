//! Fire panels: 1,000 alarm frames of 300 transmission devices within 10 s, beside 5,000 connections that beat; from the
//! frame's first byte to its alert at a browser. Then what is on disk: every frame once, every fire with one alert.

use crate::support::Fault;
use crate::support::children::{Beaten, Beating};
use crate::support::console::Alerts;
use crate::support::options::Options;
use crate::support::panel::{self, Panel};
use crate::support::process::{Process, guard_files};
use crate::support::samples::percentile;
use crate::support::site_plan::SitePlan;
use crate::support::station::{Home, PASSWORD, Station, USER};
use crate::support::table::Row;
use std::collections::BTreeMap;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use watchfire_journal::{Reader, RealDisk, survey};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, Input, Link, Seq, Step};

const BOARD_BAR_MS: f64 = 50.0;
const FIRST_BAR_MS: f64 = 100.0;
const WITHIN: Duration = Duration::from_secs(10);
const ALARMING: u64 = 300;
const FIRST_ALARMING: u64 = 10_001;
const FIRST_BEATING: u64 = 100_001;
const BEAT_EVERY_S: u64 = 20;
/// Threads that send: each has its share of the devices, and a device waits for its confirmation before its next frame.
const SENDERS: u64 = 20;
const CONNECTED_MAX: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(5);
/// Counts the heartbeats' connections.
const CONNECTIONS: &str = "watchfire_gbt26875_connections";

/// An alarm: device and position; when it was sent, and confirmed.
struct Alarm {
    device: u64,
    position: u16,
    sent: Instant,
    confirmed: Instant,
}

pub(super) fn measure(options: &Options) -> Result<Vec<Row>, Fault> {
    let (alarms, beating) = options.either((1_000, 5_000), (300, 500));
    guard_files()?;
    let beaters = SitePlan::of_panels("city", FIRST_BEATING..FIRST_BEATING + u64::from(beating));
    let towers = SitePlan::of_panels("towers", FIRST_ALARMING..FIRST_ALARMING + ALARMING);
    let home = Home::new(&options.dir, &[beaters, towers])?;
    let station = home.start()?;
    let beats =
        Beating { target: station.panels, first_address: FIRST_BEATING, devices: beating, every_s: BEAT_EVERY_S };
    let mut hearts = Process::start_child("panels", &beats, &home.place.log())?;
    wait_for_connections(&station, f64::from(beating))?;
    let alerts = Alerts::listen(station.console, USER, PASSWORD)?;
    let sent = alarm(&station, alarms)?;
    let heard = hear(&alerts, sent.len());
    hearts.terminate()?;
    let beaten: Beaten = hearts.line()?;
    drop(alerts);
    station.stop()?;
    let found = Found::on_disk(&home.data())?;
    Ok(rows(&sent, &heard, &found, &beaten, beating))
}

fn wait_for_connections(station: &Station, count: f64) -> Result<(), Fault> {
    let deadline = Instant::now() + CONNECTED_MAX;
    while station.metrics()?.sum(CONNECTIONS) < count {
        if Instant::now() > deadline {
            return Err("the devices that beat did not connect in time".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// All alarms, spread evenly over the time and the devices.
fn alarm(station: &Station, alarms: u32) -> Result<Vec<Alarm>, Fault> {
    let target = station.panels;
    let begin = Instant::now() + Duration::from_secs(1);
    let sender = |share: u64| -> Result<JoinHandle<Result<Vec<Alarm>, String>>, Fault> {
        let send = move || send_share(target, share, alarms, begin).map_err(|error| error.to_string());
        Ok(std::thread::Builder::new().name("panels".into()).spawn(send)?)
    };
    let senders = (0..SENDERS).map(sender).collect::<Result<Vec<_>, Fault>>()?;
    let mut sent = Vec::new();
    for sender in senders {
        sent.extend(sender.join().map_err(|_| "a sender of alarms ended")??);
    }
    Ok(sent)
}

fn send_share(target: std::net::SocketAddr, share: u64, alarms: u32, begin: Instant) -> Result<Vec<Alarm>, Fault> {
    let devices: Vec<u64> = (share..ALARMING).step_by(usize::try_from(SENDERS)?).collect();
    let mut panels = BTreeMap::new();
    for n in devices {
        panels.insert(n, Panel::connect(target, FIRST_ALARMING + n)?);
    }
    let mut sent = Vec::new();
    for number in (0..u64::from(alarms)).filter(|number| number % ALARMING % SENDERS == share) {
        let due = begin + WITHIN.mul_f64(number as f64 / f64::from(alarms));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let n = number % ALARMING;
        let position = u16::try_from(number / ALARMING + 1)?;
        let panel = panels.get_mut(&n).ok_or("no such device")?;
        let begun = panel.burns(1, position)?;
        sent.push(Alarm { device: FIRST_ALARMING + n, position, sent: begun, confirmed: panel.confirmed()? });
    }
    Ok(sent)
}

/// When the alert of each device and point was first heard.
fn hear(alerts: &Alerts, count: usize) -> BTreeMap<(String, String), Instant> {
    let mut heard = BTreeMap::new();
    while heard.len() < count {
        let Some(alert) = alerts.next(QUIET) else { break };
        heard.entry((alert.device, alert.point)).or_insert(alert.at);
    }
    heard
}

/// How often each fire is in the journal, and was raised.
#[derive(Default)]
struct Found {
    journaled: BTreeMap<(u64, u16), u32>,
    raised: BTreeMap<(String, String), u32>,
}

impl Found {
    fn on_disk(data: &Path) -> Result<Found, Fault> {
        let mut found = Found::default();
        let mut reader = Reader::open(&RealDisk, &data.join("journal"), 1)?;
        let last = survey(&RealDisk, &data.join("journal"))?.last;
        while let Some(record) = reader.next(last)? {
            if let Input::Frame(frame) = decode_entry(Seq(record.seq), record.bytes)?.input
                && frame.link == Link::Gbt26875Tcp
                && let Some((device, _, position)) = panel::burning(frame.payload)
            {
                *found.journaled.entry((device, position)).or_default() += 1;
            }
        }
        let alerts = data.join("alerts");
        let last = survey(&RealDisk, &alerts)?.last;
        let mut reader = Reader::open(&RealDisk, &alerts, 1)?;
        while let Some(record) = reader.next(last)? {
            let raised = AlertRecord::decode(record.bytes)?.transitions.into_iter();
            for transition in raised.filter(|transition| transition.step == Step::Raised) {
                if let (Some(device), Some(point)) = (transition.device, transition.point) {
                    *found.raised.entry((device.name.to_string(), point.to_string())).or_default() += 1;
                }
            }
        }
        Ok(found)
    }
}

fn rows(
    sent: &[Alarm],
    heard: &BTreeMap<(String, String), Instant>,
    found: &Found,
    beaten: &Beaten,
    beating: u32,
) -> Vec<Row> {
    let place = |alarm: &Alarm| (alarm.device.to_string(), panel::point(1, alarm.position));
    let ms = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64() * 1_000.0;
    let times = |alarm: &Alarm| {
        let journaled = found.journaled.get(&(alarm.device, alarm.position)).copied().unwrap_or(0);
        (journaled, found.raised.get(&place(alarm)).copied().unwrap_or(0))
    };
    let lost = sent.iter().filter(|alarm| matches!(times(alarm), (0, _) | (_, 0))).count();
    let doubled = sent.iter().filter(|alarm| matches!(times(alarm), (2.., _) | (_, 2..))).count();
    let first = sent.iter().min_by_key(|alarm| alarm.sent);
    let first_ms = first.and_then(|alarm| Some(ms(alarm.sent, *heard.get(&place(alarm))?))).unwrap_or(f64::INFINITY);
    let board: Vec<f64> = sent.iter().filter_map(|alarm| Some(ms(alarm.sent, *heard.get(&place(alarm))?))).collect();
    let confirmed: Vec<f64> = sent.iter().map(|alarm| ms(alarm.sent, alarm.confirmed)).collect();
    let all_beat = beaten.connected == beating && beaten.lost == 0;
    let (p99, what) =
        (percentile(&board, 0.99), format!("{} alarm frames of {ALARMING} fire panels in 10 s", sent.len()));
    let whole = Row {
        figure: format!("{what}, beside {beating} connections that beat"),
        bar: format!("all confirmed, 0 lost, 0 doubled, first fire on the board ≤ {FIRST_BAR_MS} ms"),
        measured: format!("{} confirmed, {lost} lost, {doubled} doubled, first {first_ms:.2} ms", sent.len()),
        ratio: format!("{:.2} × the bar", first_ms / FIRST_BAR_MS),
        met: Some(lost == 0 && doubled == 0 && first_ms <= FIRST_BAR_MS && all_beat),
        notes: vec![
            format!(
                "frame to confirmation (after fdatasync): median {:.2} ms, p99 {:.2} ms",
                percentile(&confirmed, 0.5),
                percentile(&confirmed, 0.99)
            ),
            format!(
                "{} of {beating} connections, {} lost, {} heartbeats confirmed, in five customs, every {BEAT_EVERY_S} s each",
                beaten.connected, beaten.lost, beaten.confirmed
            ),
        ],
    };
    let board = Row {
        figure: format!("frame's first byte → alert event received by an SSE client, p99, {what}"),
        bar: format!("≤ {BOARD_BAR_MS} ms"),
        measured: format!("{p99:.2} ms"),
        ratio: format!("{:.2} × the bar", p99 / BOARD_BAR_MS),
        met: Some(board.len() == sent.len() && p99 <= BOARD_BAR_MS),
        notes: vec![format!(
            "{} of {} alerts heard; median {:.2} ms, slowest {:.2} ms",
            board.len(),
            sent.len(),
            percentile(&board, 0.5),
            percentile(&board, 1.0)
        )],
    };
    vec![whole, board]
}
