//! Recorded frames over a real socket: whole, in pieces, glued, with garbage between them.

use crate::device::{CONFIRM, Device, frame};
use crate::station::Station;
use watchfire_wire::gbt26875::Envelope;

/// The frames of the codec's test data, each with its serial number, without those that only a centre sends.
fn recorded() -> Vec<(u16, Vec<u8>)> {
    let mut frames = Vec::new();
    for name in ["uploads", "field", "reset"] {
        let path = format!("{}/../wire/tests/data/gbt26875/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let lines = std::fs::read_to_string(path).unwrap();
        for line in lines.lines() {
            let hex = line.split("\"hex\": \"").nth(1).unwrap().split('"').next().unwrap();
            let digits: Vec<char> = hex.chars().collect();
            let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
            let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
            if let Ok(envelope) = Envelope::read(&bytes)
                && matches!(envelope.command.0, 2 | 5 | 7 | 128..)
            {
                frames.push((envelope.serial, bytes));
            }
        }
    }
    assert!(frames.len() > 40, "{}", frames.len());
    frames
}

/// Sends them in that form, each recording on one connection, and looks that all are journaled as they came.
async fn play(form: impl Fn(&[Vec<u8>]) -> Vec<Vec<u8>>) {
    let station = Station::start().await;
    let mut sent = Vec::new();
    for group in recorded().chunks(16) {
        let mut device = Device::connect(station.port("open")).await;
        let frames: Vec<Vec<u8>> = group.iter().map(|(_, bytes)| bytes.clone()).collect();
        for piece in form(&frames) {
            device.send(&piece).await;
        }
        for (serial, bytes) in group {
            sent.push(bytes.clone());
            let envelope = Envelope::read(bytes).unwrap();
            if envelope.command.0 != 5 {
                let unit = if envelope.unit == [0x16] { vec![0x17] } else { vec![] };
                assert_eq!(device.heard().await, Some((CONFIRM, *serial, unit)), "{bytes:02x?}");
            }
        }
    }
    // The same frame of the same device in another recording is a repetition.
    let mut expected: Vec<Vec<u8>> = Vec::new();
    let journaled: Vec<Vec<u8>> = station.frames().into_iter().map(|seen| seen.payload).collect();
    for bytes in sent {
        if journaled.get(expected.len()) == Some(&bytes) {
            expected.push(bytes);
        } else {
            assert!(journaled.contains(&bytes), "{bytes:02x?}");
        }
    }
    assert_eq!(journaled, expected);
}

#[tokio::test]
async fn each_alone() {
    play(<[Vec<u8>]>::to_vec).await;
}

#[tokio::test]
async fn all_glued() {
    play(|frames| vec![frames.concat()]).await;
}

#[tokio::test]
async fn in_small_pieces() {
    play(|frames| frames.concat().chunks(7).map(<[u8]>::to_vec).collect()).await;
}

#[tokio::test]
async fn with_garbage_between_them() {
    play(|frames| frames.iter().map(|frame| [b"AT+CSQ\r\n@#", &frame[..]].concat()).collect()).await;
}

#[tokio::test]
async fn byte_by_byte() {
    let station = Station::start().await;
    let mut device = Device::connect(station.port("open")).await;
    for byte in frame(7, 4, 2, &[0x16]) {
        device.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(device.heard().await, Some((CONFIRM, 4, vec![0x17])));
}
