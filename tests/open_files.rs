//! Few file descriptors and somebody who opens sockets without a word: he gets none of those that the journal needs.

#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "each test file uses its part")]
mod support;

use support::device::Device;
use support::set_up::SetUp;
use support::station::Station;
use support::wait;

/// Open files that the station may have.
const FILES: usize = 400;
/// Larger than a segment of the journal, so that it needs new ones.
const FRAMES: usize = 40;
const PADDING: usize = 60 * 1024;

#[test]
fn silent_sockets_do_not_take_the_journals_file_descriptors() {
    let set_up = SetUp::new().journal("segment_bytes = 1048576");
    let mut station = Station::prepared(&set_up);
    station.start_with_files(FILES);
    let limited = station.process().wait_for_log(
        "the limit of open files allows fewer connections than configured; raise LimitNOFILE= or `ulimit -n`",
    );
    assert!(limited["mqtt"].as_u64().unwrap() < 200, "{limited}");
    let mut gateway = station.gateway("gw");
    let address = station.mqtt();
    let silent: Vec<Device> = (0..FILES + 50).map(|_| Device::silent(address)).collect();
    let padding = "x".repeat(PADDING);
    for n in 0..FRAMES {
        gateway.publish("wf/v1/home/kitchen/readings", &format!(r#"{{"id":"{n}","note":"{padding}","readings":[]}}"#));
    }
    gateway.smoke("kitchen", "fire", true);
    assert!(station.process().is_running());
    let api = station.operator();
    api.wait_for_alert_of("kitchen");
    drop(silent);
    // The places come back.
    wait::until("a new connection", || {
        let mut device = Device::silent(address);
        device.say(&watchfire_simulator::packets::connect(
            "new",
            support::set_up::GATEWAY,
            support::set_up::SECRET,
            60,
        ));
        matches!(device.try_hear(), Ok(Some((0x20, _)))).then_some(())
    });
}
