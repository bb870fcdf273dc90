//! Any payload as the state of a Zigbee device and as a codec's decoded object.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_model::{Frame, Link, Timestamp};
use watchfire_wire::{Profiles, Sessions, decode};

fuzz_target!(|payload: &[u8]| {
    let uplink = [br#"{"deviceInfo":{"devEui":"01"},"object":"#, payload, b"}"].concat();
    for (topic, payload) in [("zigbee2mqtt/k", payload), ("application/1/device/01/event/up", uplink.as_slice())] {
        let link = Link::Mqtt { qos: 1, retain: false };
        let frame = Frame { site: "s", identity: "g", device: "", link, topic, payload };
        decode(&frame, Timestamp::EPOCH, &Profiles::default(), &mut Sessions::default());
    }
});
