//! Answers that wait for their frames to be durable, in the order of the frames.

use crate::gbt26875::customs::Answer;
use std::collections::VecDeque;
use watchfire_model::Timestamp;
use watchfire_wire::gbt26875::{Address, Command, Digits, Envelope, TimeLabel, Version};

/// So many answers to frames that are not journaled (damaged ones, repetitions) wait for one connection; of more, the
/// newest go unanswered, and the device repeats.
const WAITING_MAX: usize = 1_024;

/// The answers that are owed.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    owed: VecDeque<Owed>,
}

/// One answer, without the time: that is of when it leaves.
#[derive(Clone, Copy, Debug)]
struct Owed {
    /// Due when this many of the connection's submissions are durable.
    number: u64,
    serial: u16,
    version: Version,
    from: Address,
    to: Address,
    command: Command,
    unit: &'static [u8],
    digits: Digits,
}

impl Answers {
    /// Owes an answer to a frame, due when `number` submissions are durable.
    pub(crate) fn owe(&mut self, heard: &Envelope<'_>, answer: Answer, digits: Digits, number: u64) {
        let (command, unit): (Command, &'static [u8]) = match answer {
            Answer::Confirm(unit) => (Command::CONFIRM, unit),
            Answer::Deny => (Command::DENY, &[]),
            Answer::Silence => return,
        };
        if self.owed.len() >= WAITING_MAX {
            return;
        }
        let (serial, version, from, to) = (heard.serial, heard.version, heard.destination, heard.source);
        self.owed.push_back(Owed { number, serial, version, from, to, command, unit, digits });
    }

    /// The frames of the answers that are due, with the time of now.
    pub(crate) fn due(&mut self, settled: u64, now: Timestamp) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while let Some(owed) = self.owed.pop_front_if(|owed| owed.number <= settled) {
            let frame = Envelope {
                serial: owed.serial,
                version: owed.version,
                sent: TimeLabel::of(now, owed.digits),
                source: owed.from,
                destination: owed.to,
                command: owed.command,
                unit: owed.unit,
            };
            frames.push(frame.write().expect("an answer's unit is at most one byte"));
        }
        frames
    }
}
