//! The demo's building: a panel with a few points, and what happens at it in the first minutes: a detector that fails and
//! recovers, then a fire on the twelfth floor, and the reset after it.

use super::facility::{FAULT, FIRE, Facility, NORMAL, Part};
use super::link::{Target, run};
use super::options::{Happening, PanelOptions, PanelReport};
use super::transmitter::Transmitter;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use watchfire_wire::gbt26875::System;

/// The transmission device's address.
pub const ADDRESS: u64 = 889;
/// A detector in the lobby fails this long after the demo's start, in seconds ...
pub const FAULT_AFTER_S: u64 = 60;
/// ... and the fire on the twelfth floor begins this long after it.
pub const FIRE_AFTER_S: u64 = 90;
/// When the system is reset.
const RESET_AFTER_S: u64 = 330;
/// How often the heat detector tells its temperature, in seconds.
const TEMPERATURE_EVERY_S: u64 = 30;
/// How often it beats.
const BEAT_EVERY: Duration = Duration::from_secs(20);

/// The fire alarm system.
const ALARM_SYSTEM: System = System { kind: 1, address: 1 };
const LOBBY_SMOKE: [u8; 4] = [1, 0, 1, 0];
const PLANT_HEAT: [u8; 4] = [3, 0, 7, 0];
const TWELVE_SMOKE: [u8; 4] = [12, 0, 4, 0];
const TWELVE_BUTTON: [u8; 4] = [12, 0, 9, 0];

/// The building's panel, its texts in GB 18030: smoke in the lobby, heat in the plant room on the third floor, smoke and a
/// call point in the eastern corridor of the twelfth.
pub fn facility() -> Facility {
    let part = |kind, address, text: &[u8]| Part::new(ALARM_SYSTEM, kind, address, text);
    let (photo_electric, heat, button) = (42, 31, 23);
    let mut plant = part(heat, PLANT_HEAT, b"\xc8\xfd\xb2\xe3\xbb\xfa\xb7\xbf\xb8\xd0\xce\xc2\xcc\xbd\xb2\xe2\xc6\xf7");
    let (temperature, raw) = (3, 241);
    plant.analogue = Some((temperature, raw));
    let corridor = b"\xca\xae\xb6\xfe\xb2\xe3\xb6\xab\xd7\xdf\xc0\xc8";
    let smoke = [&corridor[..], b"\xb8\xd0\xd1\xcc\xcc\xbd\xb2\xe2\xc6\xf7"].concat();
    let call_point = [&corridor[..], b"\xca\xd6\xb6\xaf\xb1\xa8\xbe\xaf\xb0\xb4\xc5\xa5"].concat();
    let lobby = b"\xd2\xbb\xb2\xe3\xb4\xf3\xcc\xc3\xb8\xd0\xd1\xcc\xcc\xbd\xb2\xe2\xc6\xf7";
    Facility {
        parts: vec![
            part(photo_electric, LOBBY_SMOKE, lobby),
            plant,
            part(photo_electric, TWELVE_SMOKE, &smoke),
            part(button, TWELVE_BUTTON, &call_point),
        ],
    }
}

/// What happens in that second of the demo.
pub fn happenings(second: u64) -> Vec<Happening> {
    let state = |address, state| Happening::State { address, state };
    match second {
        FAULT_AFTER_S => vec![state(LOBBY_SMOKE, NORMAL | FAULT)],
        FIRE_AFTER_S => vec![state(TWELVE_SMOKE, NORMAL | FIRE)],
        second if second == FIRE_AFTER_S + 12 => vec![state(TWELVE_BUTTON, NORMAL | FIRE)],
        second if second == FAULT_AFTER_S + 120 => vec![state(LOBBY_SMOKE, NORMAL)],
        RESET_AFTER_S => vec![Happening::Reset { system: ALARM_SYSTEM }],
        second if second.is_multiple_of(TEMPERATURE_EVERY_S) => {
            let swing = i16::try_from(second / TEMPERATURE_EVERY_S % 5).unwrap_or(0);
            vec![Happening::Value { address: PLANT_HEAT, raw: 239 + swing }]
        }
        _ => Vec::new(),
    }
}

/// Plays until `stop`. The guard answers a duty check after a while.
pub async fn play(target: Target, stop: CancellationToken) {
    let options = PanelOptions { heartbeat_every: BEAT_EVERY, ..PanelOptions::new(ADDRESS, facility()) };
    let (sender, inbox) = mpsc::channel(16);
    let (report, _) = watch::channel(PanelReport::default());
    let mut device = JoinSet::new();
    device.spawn(run(Transmitter::new(options), target, inbox, report, stop.clone()));
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut second = 0;
    'play: loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = seconds.tick() => second += 1,
        }
        for happening in happenings(second) {
            if sender.send(happening).await.is_err() {
                break 'play;
            }
        }
    }
    while device.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_wire::gbt26875::text;

    #[test]
    fn the_points_are_called_in_chinese_and_everything_that_happens_is_at_one_of_them() {
        let facility = facility();
        let texts: Vec<String> =
            facility.parts.iter().map(|part| text::clean(&part.text_field(), 0).unwrap().to_string()).collect();
        let wanted = ["一层大堂感烟探测器", "三层机房感温探测器", "十二层东走廊感烟探测器", "十二层东走廊手动报警按钮"];
        assert_eq!(texts, wanted);
        let all: Vec<Happening> = (0..=RESET_AFTER_S).flat_map(happenings).collect();
        for happening in &all {
            match happening {
                Happening::State { address, .. } | Happening::Value { address, .. } => {
                    assert!(facility.part(*address).is_some(), "{happening:?}");
                }
                Happening::Reset { system } => assert!(facility.has(*system)),
                Happening::ManualAlarm | Happening::OwnState { .. } | Happening::LinkLost { .. } => {}
            }
        }
        let fires =
            all.iter().filter(|happening| matches!(happening, Happening::State { state, .. } if state & FIRE != 0));
        assert_eq!(fires.count(), 2);
    }
}
