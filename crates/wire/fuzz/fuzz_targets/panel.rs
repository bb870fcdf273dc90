//! Any bytes as a fire panel's frame, as an application unit, and as a stream of frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_model::{Frame, Link, Timestamp};
use watchfire_wire::gbt26875::{Dialect, Envelope, FRAME_BYTES_MAX, Piece, Reassembler, UNIT_BYTES_MAX, Unit, faults};
use watchfire_wire::{Profiles, Sessions, decode, json_line};

fuzz_target!(|input: &[u8]| {
    let mut sessions = Sessions::default();
    let unit = &input[..input.len().min(UNIT_BYTES_MAX)];
    assert_eq!(Unit::read(unit, Dialect::standard()).write(), unit);
    decode_frame(input, &mut sessions);
    // A random sum is seldom right: the same unit in a sound frame.
    let empty = [b"@@", [0u8; 25].as_slice(), &[0], b"##"].concat();
    let sound = Envelope { unit, ..Envelope::read(&empty).expect("an empty frame") };
    decode_frame(&sound.write().expect("the unit is cut"), &mut sessions);
    let mut stream = Reassembler::new();
    for chunk in input.chunks(7) {
        stream.feed(chunk);
        while let Some(piece) = stream.next() {
            if let Piece::Frame { bytes, envelope } = piece {
                assert_eq!(envelope.write().as_deref(), Ok(bytes));
            }
        }
        assert!(stream.waiting() < FRAME_BYTES_MAX);
    }
});

fn decode_frame(payload: &[u8], sessions: &mut Sessions) {
    let frame = Frame { site: "s", identity: "g", device: "", link: Link::Gbt26875Tcp, topic: "", payload };
    let profiles = Profiles::default();
    let decoded = decode(&frame, Timestamp::EPOCH, &profiles, sessions);
    assert_eq!(decoded.device.is_some(), faults(payload).is_empty());
    json_line::line_with_frame(&decoded, &frame, &profiles);
}
