//! How long a frame takes, for the budget of the rules' and the archive's threads. Run with
//! `cargo test --release -p watchfire-wire --test speed -- --ignored --nocapture`.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement")]

use std::hint::black_box;
use std::time::{Duration, Instant};
use watchfire_model::{Frame, Link, Timestamp};
use watchfire_wire::{Profiles, Sessions, decode};

/// Short batches, so that the best of many is free of other programs.
const BATCHES: u32 = 500;
const ROUNDS: u32 = 1000;

fn measure(name: &str, topic: &str, payload: &str) -> Duration {
    let link = Link::Mqtt { qos: 1, retain: false };
    let frame = Frame { site: "house", identity: "gw", device: "", link, topic, payload: payload.as_bytes() };
    let (profiles, mut sessions) = (Profiles::default(), Sessions::default());
    let mut best = Duration::MAX;
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(decode(black_box(&frame), Timestamp::EPOCH, &profiles, &mut sessions));
        }
        best = best.min(start.elapsed() / ROUNDS);
    }
    println!("{name}: {best:?} for {} bytes", payload.len());
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
