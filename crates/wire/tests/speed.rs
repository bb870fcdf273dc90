//! How long a frame takes, for the budget of the rules' and the archive's threads. Run with
//! `cargo test --release -p watchfire-wire --test speed -- --ignored --nocapture`.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement")]

use std::hint::black_box;
use std::time::{Duration, Instant};
use watchfire_model::{Frame, Link, Timestamp};
use watchfire_wire::gbt26875::{self, Address, Component, Kind, Object, Opening, System, TimeLabel, Unit};
use watchfire_wire::{Profiles, Sessions, decode};

/// Short batches, so that the best of many is free of other programs.
const BATCHES: u32 = 500;
const ROUNDS: u32 = 1000;

fn measure(name: &str, topic: &str, payload: &str) -> Duration {
    let link = Link::Mqtt { qos: 1, retain: false };
    best(name, &Frame { site: "house", identity: "gw", device: "", link, topic, payload: payload.as_bytes() })
}

fn best(name: &str, frame: &Frame<'_>) -> Duration {
    let (profiles, mut sessions) = (Profiles::default(), Sessions::default());
    let mut best = Duration::MAX;
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(decode(black_box(frame), Timestamp::EPOCH, &profiles, &mut sessions));
        }
        best = best.min(start.elapsed() / ROUNDS);
    }
    println!("{name}: {best:?} for {} bytes", frame.payload.len());
    best
}

#[test]
#[ignore = "a measurement, for a release build"]
fn a_frame_of_our_scheme_takes_a_microsecond() {
    let one = r#"{"id":"k1-000000123456","at":"2026-03-01T08:00:00Z","readings":[{"metric":"temperature","value":21.4,"unit":"Cel"}]}"#;
    let two = r#"{"id":"k1-000123456","readings":[{"metric":"smoke_alarm","value":false},{"metric":"temperature","value":21.4}]}"#;
    let ours = [
        measure("wf/v1, one reading", "wf/v1/house/k1/readings", one),
        measure("wf/v1, two readings", "wf/v1/house/k1/readings", two),
    ];
    let state = r#"{"battery":100,"battery_low":false,"linkquality":120,"smoke":false,"tamper":false,"test":false}"#;
    measure("zigbee2mqtt, six properties", "zigbee2mqtt/kitchen_smoke", state);
    assert!(ours.iter().all(|took| *took <= Duration::from_micros(1)), "{ours:?}");
}

fn panel_frame(kind: Kind, object: Object<'_>) -> Vec<u8> {
    let opening = Opening {
        serial: 7,
        version: gbt26875::OUR_VERSION,
        now: Timestamp::from_seconds(1_790_000_000),
        digits: gbt26875::Digits::Binary,
        from: Address::new(889).expect("below 48 bits"),
        to: Address::new(88_888).expect("below 48 bits"),
    };
    gbt26875::send(&opening, &Unit::of(kind, vec![object])).expect("one object is not too long")
}

#[test]
#[ignore = "a measurement, for a release build"]
fn a_million_fire_panel_frames_a_second() {
    let system = System { kind: 1, address: 1 };
    let component = Component { system, kind: 40, address: [10, 0, 2, 0] };
    let at = TimeLabel([2, 58, 9, 26, 9, 24]);
    let text = gbt26875::text::component_field("三楼走廊烟感");
    let state =
        |state| panel_frame(Kind::ComponentState, Object::ComponentState { component, state, text: Some(&text), at });
    let frames = [
        ("component in alarm", state(0x0002)),
        ("component at rest", state(0x0001)),
        (
            "analogue value",
            panel_frame(Kind::ComponentAnalogue, Object::Analogue { component, quantity: 3, raw: 215, at }),
        ),
        ("system state", panel_frame(Kind::SystemState, Object::SystemState { system, state: 1, at })),
        ("heartbeat", panel_frame(Kind::UitdState, Object::UitdState { state: 1, at: Some(at) })),
    ];
    let took = frames.map(|(name, payload)| {
        let link = Link::Gbt26875Tcp;
        best(name, &Frame { site: "tower", identity: "uitd", device: "", link, topic: "", payload: &payload })
    });
    assert!(took.iter().all(|took| *took <= Duration::from_micros(1)), "{took:?}");
}
