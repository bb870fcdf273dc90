//! The link's packet parser: no bytes may make it panic, and it never reads more packets than two bytes each allow.
//! `cargo +nightly fuzz run packets`
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_intake::{Version, read_all};

fuzz_target!(|bytes: &[u8]| {
    for version in [Version::V4, Version::V5] {
        assert!(read_all(bytes, version) <= bytes.len() / 2);
    }
});
