//! Any input line of `watchfire decode`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_model::Timestamp;
use watchfire_wire::{Profiles, Sessions, decode, json_line};

fuzz_target!(|line: &[u8]| {
    let Ok(line) = std::str::from_utf8(line) else { return };
    let Ok(frame) = json_line::parse(line) else { return };
    let decoded = decode(&frame.frame(), Timestamp::EPOCH, &Profiles::default(), &mut Sessions::default());
    json_line::line(&decoded);
});
