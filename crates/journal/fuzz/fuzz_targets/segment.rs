//! Feeds hostile segments to survey, reader and recovery.
#![no_main]

#[path = "../../tests/journal/hostile_bytes.rs"]
mod hostile_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile_bytes::check(bytes));
