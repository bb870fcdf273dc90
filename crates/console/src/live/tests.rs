//! The limits of the board, and what a frame costs.

use super::*;
use crate::alert_board::ALERTS_MAX;
use crate::device_table::{POINTS_PER_DEVICE_MAX, UNCLAIMED_DEVICES_MAX};
use watchfire_model::{
    Bilingual, DeviceName, JournalId, Metric, PointName, Reading, RuleRef, Seq, Source, Step, Transition, Value,
};

fn site() -> SiteId {
    "sunshine".parse().unwrap()
}

fn frame(name: &str, readings: usize) -> Decoded {
    let reading = |number: usize| Reading {
        point: PointName::new(&format!("p{number}")).unwrap(),
        metric: Metric::Temperature,
        value: Value::Number(20.5),
        vendor_unit: None,
        at: Timestamp::from_seconds(1),
    };
    let readings = (0..readings).map(reading).collect();
    Decoded { device: Some(DeviceName::new(name).unwrap()), readings, ..Decoded::new(Source::Watchfire) }
}

fn raised(seq: u64, class: Class) -> AlertRecord {
    let transition = Transition {
        alert: AlertId { journal: JournalId::default(), cause: Seq(seq), ordinal: 0 },
        seq: Seq(seq),
        at: Timestamp(i64::try_from(seq).unwrap()),
        step: Step::Raised,
        class,
        severity: class.severity(),
        site: site(),
        zone: None,
        device: None,
        point: None,
        rule: RuleRef { name: "r".into(), version: 1 },
        reason: Bilingual::same("r"),
        evidence: Vec::new(),
        marks: Default::default(),
    };
    AlertRecord { seq: Seq(seq), journal: JournalId::default(), transitions: vec![transition] }
}

#[test]
fn past_the_limit_the_least_urgent_alerts_are_left_out_and_a_fire_never_is() {
    let live = Live::new();
    let count = u64::try_from(ALERTS_MAX).unwrap();
    for seq in 1..=count + 5 {
        live.alert_record(seq, &raised(seq, Class::Offline));
    }
    live.alert_record(count + 6, &raised(count + 6, Class::Fire));
    let extent = live.extent();
    assert_eq!(extent.open_by_class[&Class::Fire], 1);
    assert_eq!(extent.open_by_class[&Class::Offline], count - 1);
    assert_eq!(extent.alerts_left_out_total, 6);
    let first = live.open(OpenFilter::default(), None, 1);
    assert_eq!(first.alerts.first().map(|alert| alert.class), Some("fire"));
}

#[test]
fn invented_devices_and_points_end_at_a_limit() {
    let live = Live::new();
    for number in 0..UNCLAIMED_DEVICES_MAX + 7 {
        live.decoded(Timestamp(1), &site(), &frame(&format!("d{number}"), 0));
    }
    live.decoded(Timestamp(1), &site(), &frame("d0", POINTS_PER_DEVICE_MAX + 3));
    let extent = live.extent();
    assert_eq!((extent.devices, extent.devices_left_out_total), (UNCLAIMED_DEVICES_MAX, 7));
    let views = live.devices(|device| device.name.as_str() == "d0");
    assert_eq!(views.first().map(|device| device.points.len()), Some(POINTS_PER_DEVICE_MAX));
}

#[test]
fn downtime_is_not_a_devices_silence() {
    let live = Live::new();
    let mut sites = Sites::default();
    let device = watchfire_model::Device {
        source: Source::Watchfire,
        name: DeviceName::new("d").unwrap(),
        label: Bilingual::same("d"),
        zone: None,
        silent_after_s: Some(60),
        tags: std::collections::BTreeSet::new(),
    };
    let site_with_device = watchfire_model::Site {
        name: Bilingual::same("s"),
        kind: watchfire_model::SiteKind::Other,
        address: Bilingual::default(),
        time_zone: "Etc/UTC".to_owned(),
        zones: BTreeMap::new(),
        devices: vec![device],
        identities: BTreeMap::new(),
        ladder: Vec::new(),
        transmission_devices: Vec::new(),
        premises: Default::default(),
    };
    sites.sites.insert(site(), site_with_device);
    live.setup(&sites);
    let key =
        watchfire_model::DeviceKey { site: site(), source: Source::Watchfire, name: DeviceName::new("d").unwrap() };
    let at = Timestamp::from_seconds;
    let seen = SeenDevice { key, last_seen: at(100), presence: None, readings: Vec::new() };
    live.load(Loaded { position: 9, at: at(10_000), alerts: Vec::new(), devices: vec![seen] });
    let state = |now| {
        live.tick(at(now));
        live.devices(|_| true).first().map(|device| (device.state, device.claimed))
    };
    assert_eq!(state(10_060), Some((crate::view::DeviceState::Online, true)));
    assert_eq!(state(10_061), Some((crate::view::DeviceState::Offline, true)));
}

#[test]
#[ignore = "measures; meaningful with optimisation only"]
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn what_a_frame_costs() {
    let live = Live::new();
    let frames: Vec<Decoded> = (0..UNCLAIMED_DEVICES_MAX).map(|n| frame(&format!("smoke-{n}"), 1)).collect();
    let site = site();
    for round in 0..5 {
        let started = std::time::Instant::now();
        for frame in &frames {
            live.decoded(Timestamp(round), &site, frame);
        }
        let each = started.elapsed() / u32::try_from(frames.len()).unwrap();
        println!("round {round}: {each:?} a frame of one reading, {} devices", frames.len());
    }
}
