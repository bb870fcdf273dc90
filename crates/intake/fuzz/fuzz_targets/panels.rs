//! The gateway's exchange: no bytes, however cut, over either transport, may make it panic, journal what is no frame or
//! answer before the disk has it. `cargo +nightly fuzz run panels`
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_intake::gbt26875::exchange_all;

fuzz_target!(|bytes: &[u8]| {
    for datagrams in [false, true] {
        let [journaled, answered] = exchange_all(bytes, datagrams);
        assert!(journaled <= bytes.len() / 30, "a frame has 30 bytes");
        assert!(answered <= bytes.len() / 15 + 1, "a frame, and before it what only began as one");
    }
});
