//! Any topic, any bytes: `<topic>\n<payload>`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_model::{Frame, Link, Timestamp};
use watchfire_wire::{Profiles, Sessions, decode, json_line};

fuzz_target!(|input: &[u8]| {
    let cut = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (topic, payload) = input.split_at(cut);
    let Ok(topic) = std::str::from_utf8(topic) else { return };
    let payload = payload.get(1..).unwrap_or_default();
    let link = Link::Mqtt { qos: 1, retain: false };
    let frame = Frame { site: "s", identity: "g", device: "", link, topic, payload };
    let decoded = decode(&frame, Timestamp::EPOCH, &Profiles::default(), &mut Sessions::default());
    json_line::line(&decoded);
});
