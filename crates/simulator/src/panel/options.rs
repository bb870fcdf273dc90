//! What a simulated panel is, what can happen at it, and what came of it.

use super::facility::Facility;
use std::time::Duration;
use watchfire_wire::gbt26875::{Digits, OUR_VERSION, System, Version};

/// How a device shows that it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heartbeat {
    /// A send without an application unit.
    #[default]
    Empty,
    /// Its state, again and again (type 21).
    State,
    /// A maker's command 7.
    KeepAlive,
    /// A maker's one byte 0x16.
    Greeting,
    /// Its version (type 25).
    Version,
    /// Its clock (type 28).
    Clock,
}

/// What it is, and how it behaves.
#[derive(Clone, Debug)]
pub struct PanelOptions {
    /// Its source address.
    pub address: u64,
    /// The centre's.
    pub centre: u64,
    /// The version that it speaks.
    pub version: Version,
    /// How it writes times.
    pub digits: Digits,
    /// How it beats.
    pub heartbeat: Heartbeat,
    /// How often.
    pub heartbeat_every: Duration,
    /// How long it waits for a confirmation; at most 10 s by the standard.
    pub confirm_timeout: Duration,
    /// How often it repeats what is not confirmed; 3 by the standard.
    pub repeats: u8,
    /// How long the guard takes to answer a duty check; `None`: he is asleep.
    pub guard_answers_after: Option<Duration>,
    /// How far its clock is ahead until it is set, in seconds; negative: behind.
    pub clock_ahead_s: i64,
    /// The panel behind it.
    pub facility: Facility,
}

impl PanelOptions {
    /// A device of the standard with that address and panel.
    pub fn new(address: u64, facility: Facility) -> PanelOptions {
        PanelOptions {
            address,
            centre: 1,
            version: OUR_VERSION,
            digits: Digits::Binary,
            heartbeat: Heartbeat::Empty,
            heartbeat_every: Duration::from_secs(20),
            confirm_timeout: Duration::from_secs(10),
            repeats: 3,
            guard_answers_after: Some(Duration::from_secs(15)),
            clock_ahead_s: 0,
            facility,
        }
    }
}

/// What can happen at a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A component is in another state.
    State {
        /// Which.
        address: [u8; 4],
        /// Its state word, see [`super::facility`].
        state: u16,
    },
    /// A component measures another value.
    Value {
        /// Which.
        address: [u8; 4],
        /// In the quantity's steps.
        raw: i16,
    },
    /// Somebody resets a system.
    Reset {
        /// Which.
        system: System,
    },
    /// Somebody presses the transmission device's own alarm button.
    ManualAlarm,
    /// The transmission device is in another state.
    OwnState {
        /// Its state byte.
        state: u8,
    },
    /// The link breaks and comes back after so long.
    LinkLost {
        /// After how many milliseconds.
        back_after_ms: u32,
    },
}

/// What came of it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PanelReport {
    /// Events (not heartbeats) that happened.
    pub happened: u64,
    /// Events that were confirmed.
    pub confirmed: u64,
    /// Heartbeats that were confirmed.
    pub beats_confirmed: u64,
    /// Repetitions.
    pub repeated: u64,
    /// Frames of ours that were denied.
    pub denied: u64,
    /// Requests of the centre that were answered.
    pub inspected: u64,
    /// Requests and commands that we denied.
    pub refused: u64,
    /// Duty checks that arrived.
    pub duty_checks: u64,
    /// Duty checks that the guard has answered.
    pub duty_answers: u64,
    /// Times the clock was set.
    pub clock_sets: u64,
    /// Initialisations.
    pub initialisations: u64,
    /// Links that were begun.
    pub links: u64,
}
