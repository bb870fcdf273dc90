//! Fire panels at the whole program, over real sockets: what was confirmed survives any kill, and what a guard answered.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use support::logs;
use support::panel::{CONFIRM, CONTROL, Panel, SEND, fire, guard_is_here};
use support::set_up::SetUp;
use support::station::Station;
use support::wait;

/// From the first frame to the kill, in milliseconds.
const LIVES_MS: [u64; 8] = [40, 90, 333, 160, 640, 20, 420, 250];
const FIRST_ADDRESS: u64 = 1_001;
const PANELS: u64 = 6;
const PAUSE: Duration = Duration::from_millis(8);

fn set_up() -> SetUp {
    let mut sites = String::new();
    for address in FIRST_ADDRESS..FIRST_ADDRESS + PANELS {
        let _ = writeln!(
            sites,
            "[sites.home.transmission_devices.p{address}]\naddress = {address}\nlistener = \"panels\"\ninspection_s = 0"
        );
    }
    SetUp::new().station("[gbt26875.listeners.panels]\nlisten = \"127.0.0.1:0\"\n").sites(&sites)
}

/// What a panel did in one life of the station.
struct Course {
    panel: u64,
    /// Zone and position of each fire that was confirmed.
    confirmed: Vec<(u16, u16)>,
    /// What it still has to send again, as a real one does.
    kept: Option<((u16, u16), Vec<u8>)>,
}

#[test]
fn killed_under_load_it_has_every_confirmed_frame_and_one_alert_for_each_fire() {
    let mut station = Station::prepared(&set_up());
    let mut kept: BTreeMap<u64, ((u16, u16), Vec<u8>)> = BTreeMap::new();
    let mut confirmed: BTreeSet<(u64, u16, u16)> = BTreeSet::new();
    for (life, life_ms) in (1..).zip(LIVES_MS) {
        station.start();
        let panels: Vec<_> = (FIRST_ADDRESS..FIRST_ADDRESS + PANELS)
            .map(|address| start_panel(station.panels(), address, life, kept.remove(&address)))
            .collect();
        wait::pass(Duration::from_millis(life_ms));
        station.kill();
        for panel in panels {
            let course = panel.join().unwrap();
            confirmed.extend(course.confirmed.iter().map(|(zone, position)| (course.panel, *zone, *position)));
            kept.extend(course.kept.map(|frame| (course.panel, frame)));
        }
    }
    eprintln!("{} fires were confirmed, {} panels keep one", confirmed.len(), kept.len());
    assert!(confirmed.len() > 100, "too little happened to prove anything");
    // The last life: what is still kept is sent again, and confirmed.
    station.start();
    for (address, ((zone, position), frame)) in kept {
        let (command, ..) = Panel::connect(station.panels(), address).exchange(&frame).unwrap();
        assert_eq!(command, CONFIRM);
        confirmed.insert((address, zone, position));
    }
    station.operator().wait_for_archive();
    station.stop();

    let journaled: BTreeSet<(u64, u16, u16)> =
        logs::panel_frames(&station.data()).iter().map(|frame| at(frame)).collect();
    let missing: Vec<_> = confirmed.difference(&journaled).collect();
    assert!(missing.is_empty(), "confirmed and not in the journal: {missing:?}");
    let mut alerts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for alert in logs::raised(&station.data()) {
        if alert.device.is_none() {
            eprintln!("{}: {}", alert.site, alert.reason.english());
            assert_ne!(alert.site.as_str(), "home");
            continue;
        }
        let place = (alert.device.unwrap().name.to_string(), alert.point.unwrap().to_string());
        *alerts.entry(place).or_default() += 1;
    }
    let place = |(address, zone, position): &(u64, u16, u16)| (address.to_string(), format!("1.1/{zone}-{position}"));
    let expected: BTreeMap<_, usize> = journaled.iter().map(|fire| (place(fire), 1)).collect();
    assert_eq!(alerts, expected, "one alert for each fire, however often it was sent");
}

/// Burns at one place after the other until its connection dies.
fn start_panel(
    station: SocketAddr,
    address: u64,
    life: u16,
    mut kept: Option<((u16, u16), Vec<u8>)>,
) -> JoinHandle<Course> {
    let run = move || {
        let mut panel = Panel::connect(station, address);
        let mut confirmed = Vec::new();
        for position in 1.. {
            let (place, frame) =
                kept.take().unwrap_or_else(|| ((life, position), panel.next_frame(&fire(life, position))));
            match panel.exchange(&frame) {
                Ok((command, ..)) => assert_eq!(command, CONFIRM),
                Err(_) => {
                    kept = Some((place, frame));
                    break;
                }
            }
            confirmed.push(place);
            wait::pass(PAUSE);
        }
        Course { panel: address, confirmed, kept }
    };
    Builder::new().name(format!("panel {address}")).spawn(run).unwrap()
}

/// Device, zone and position of a journaled fire.
fn at(frame: &[u8]) -> (u64, u16, u16) {
    let mut address = [0; 8];
    address[..6].copy_from_slice(&frame[12..18]);
    let half = |at: usize| u16::from_le_bytes([frame[at], frame[at + 1]]);
    (u64::from_le_bytes(address), half(32), half(34))
}

#[test]
fn what_a_guard_answered_is_known_after_a_kill() {
    let mut station = Station::started(&set_up());
    let mut panel = Panel::connect(station.panels(), FIRST_ADDRESS);
    panel.report(&[]);
    let body = json!({"order_id": "o-1", "targets": {"devices": [{"site": "home", "name": "1001"}]}, "answer_min": 3});
    let (status, answer) = station.operator().post("/api/v1/duty-checks", &body);
    assert_eq!(status, 200, "{answer}");
    let (command, serial, unit) = panel.hear().unwrap();
    assert_eq!((command, &unit[..]), (CONTROL, &[91, 1, 3][..]));
    panel.answer(serial, CONFIRM, &[]);
    panel.report(&guard_is_here(7));
    station.kill();
    station.start();
    let api = station.operator();
    let month = wait::until("the answer of before the kill", || {
        let month = api.get("/api/v1/duty-checks/figures");
        (month["sites"][0]["figures"]["answered"] == 1).then_some(month)
    });
    let month = month["month"].as_str().unwrap();
    let report = api.get(&format!("/api/v1/duty-checks?site=home&month={month}"));
    let check = &report["checks"][0];
    assert_eq!((&check["outcome"], &check["operator"], &check["by"]), (&"answered".into(), &7.into(), &"wang".into()));
    // The same order again, as a browser sends it that has heard no answer: nobody is asked a second time.
    let (status, _) = api.post("/api/v1/duty-checks", &body);
    assert_eq!(status, 200);
    let report = api.get(&format!("/api/v1/duty-checks?site=home&month={month}"));
    assert_eq!(report["checks"].as_array().unwrap().len(), 1);
    // And the archive has it once, with the same figures, over the kill and a stop.
    api.wait_for_archive();
    let archive = watchfire_archive::History::open(&station.data().join("archive.sqlite"));
    let query = watchfire_archive::DutyQuery { month: month.to_owned(), site: None };
    let figures = archive.duty_figures(&query).unwrap();
    let [of_device] = &figures[..] else { panic!("{figures:?}") };
    assert_eq!((of_device.figures.asked, of_device.figures.answered), (1, 1));
    let checks = archive.duty_checks(&query).unwrap();
    assert_eq!((checks[0].operator, checks[0].by.as_deref()), (Some(7), Some("wang")));
    let audit = archive.audit(&watchfire_archive::AuditQuery::default()).unwrap();
    let actions = |name: &str| audit.iter().filter(|line| line.action == name).count();
    assert_eq!((actions("duty_check"), actions("started")), (2, 2), "{audit:?}");
    assert!(actions("set_up") >= 1);
    let listed = archive.registry(&"home".parse().unwrap()).unwrap();
    assert!(listed.iter().any(|one| one.name.as_str() == "1001" && one.removed_at.is_none()), "{listed:?}");
}

#[test]
fn one_address_on_two_connections_is_told() {
    let station = Station::started(&set_up());
    let mut first = Panel::connect(station.panels(), FIRST_ADDRESS);
    first.report(&[]);
    let mut second = Panel::connect(station.panels(), FIRST_ADDRESS);
    second.report(&[]);
    let api = station.operator();
    // One that lost its link comes back so. Only when the older connection still speaks after a while are they two.
    wait::within(Duration::from_secs(40), "the security alert", || {
        first.report(&[]);
        second.report(&[]);
        api.open_alerts().into_iter().find(|alert| alert["class"] == "security" && alert["handling"] == "open")
    });
    // Neither loses its voice: which of them is the real one nobody knows.
    first.report(&fire(1, 1));
    second.report(&fire(1, 2));
    let fires = wait::until("both fires", || Some(api.alerts_of("1001")).filter(|alerts| fires_in(alerts) == 2));
    assert_eq!(fires_in(&fires), 2);
    let (command, serial, _) = second.exchange(&support::panel::frame(FIRST_ADDRESS, 9, SEND, &fire(1, 2))).unwrap();
    assert_eq!((command, serial), (CONFIRM, 9));
}

fn fires_in(alerts: &[serde_json::Value]) -> usize {
    alerts.iter().filter(|alert| alert["class"] == "fire").count()
}
