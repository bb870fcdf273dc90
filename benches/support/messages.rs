//! Whether anybody was told twice: what the journal says of sends against what was received.

use std::collections::{BTreeMap, BTreeSet};
use watchfire_model::{DeliveryId, Input, Outcome};

/// What the journal says, entry by entry.
#[derive(Default)]
pub(crate) struct Messages {
    /// How often each send was begun, by its idempotency key.
    attempts: BTreeMap<String, u64>,
    /// Sends without an end, by message: the key, and after how many starts it was begun.
    open: BTreeMap<String, (String, u64)>,
    delivered: BTreeSet<String>,
    starts: u64,
    /// Begun again though it had an end, or nobody had killed the station, or under another key.
    unreasoned: u64,
}

/// What was received.
pub(crate) struct Told {
    /// Calls in all.
    pub(crate) calls: usize,
    /// Keys that came more than once, each for a kill between the send and its record.
    pub(crate) twice: usize,
    /// Calls and attempts that have no such reason.
    pub(crate) unreasoned: u64,
}

impl Messages {
    /// The next entry of the journal.
    pub(crate) fn entry(&mut self, input: &Input<'_>) {
        match input {
            Input::Started(_) => self.starts += 1,
            Input::Outcome(Outcome::Attempt { delivery }) => self.attempt(delivery),
            Input::Outcome(Outcome::Delivered { delivery, .. }) => {
                self.open.remove(&message(delivery));
                self.delivered.insert(message(delivery));
            }
            Input::Outcome(Outcome::Failed { delivery, .. }) => {
                self.open.remove(&message(delivery));
            }
            _ => {}
        }
    }

    fn attempt(&mut self, delivery: &DeliveryId) {
        let (key, message) = (delivery.to_string(), message(delivery));
        let mut is_wrong = self.delivered.contains(&message);
        if let Some((before, begun)) = self.open.insert(message, (key.clone(), self.starts)) {
            is_wrong |= before != key || begun == self.starts;
        }
        self.unreasoned += u64::from(is_wrong);
        *self.attempts.entry(key).or_default() += 1;
    }

    /// The keys of all calls against the journal's attempts.
    pub(crate) fn against(&self, calls: &[String]) -> Told {
        let mut called: BTreeMap<&str, u64> = BTreeMap::new();
        calls.iter().for_each(|key| *called.entry(key).or_default() += 1);
        let surplus = |(key, count): (&&str, &u64)| count.saturating_sub(self.attempts.get(*key).copied().unwrap_or(0));
        Told {
            calls: calls.len(),
            twice: called.values().filter(|count| **count > 1).count(),
            unreasoned: self.unreasoned + called.iter().map(surplus).sum::<u64>(),
        }
    }
}

/// What is told to whom and how, whichever attempt it is.
fn message(delivery: &DeliveryId) -> String {
    let key = delivery.to_string();
    key.rsplit_once('/').map_or(key.clone(), |(message, _)| message.to_owned())
}
