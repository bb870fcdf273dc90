//! The only place that reads the machine's clocks.

use crate::stamp_clock::ClockReading;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use watchfire_model::Timestamp;

/// What the clocks say now.
pub(crate) fn read(boot_id: [u8; 16]) -> ClockReading {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let since_boot = Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    ClockReading { wall: wall(), since_boot, boot_id }
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::EPOCH.plus(since)
}

/// A stopwatch's start, for metrics.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Which boot of the machine this is; zeros where the kernel does not tell (each start then counts as a boot).
pub(crate) fn boot_id() -> [u8; 16] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let mut id = [0u8; 16];
    for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
        *byte = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or(0);
    }
    if id == [0; 16] && getrandom::fill(&mut id).is_err() {
        return [0; 16];
    }
    id
}
