//! What a part says about the station. Nobody waits here: the journal may itself wait for the part that speaks, such as
//! housekeeping, which frees the disk. What the journal's queue does not take is handed over later.
//!
//! A state (a fault that lasts) is told when it changes, and at the first look whatever it is: so a fault from before a
//! restart ends although nobody remembers its beginning. Losses are added up and told together.

use crate::parts::inputs::{Inputs, NotTaken};
use crate::parts::progress::Follower;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use tracing::{debug, warn};
use watchfire_model::{Bilingual, Input, Notice, NoticeKind};

/// Notices of one part that may wait for the journal's queue.
pub(crate) const WAITING_MAX: usize = 256;
/// What is lost within this time is told together.
pub(crate) const LOSS_INTERVAL: Duration = Duration::from_secs(600);

/// See the head of this file.
pub(crate) struct Notices {
    inputs: Inputs,
    durable: Follower,
    /// Where the journal ended at the start: the first entry of a start is its own.
    ended_at: u64,
    states: BTreeMap<(NoticeKind, &'static str), bool>,
    losses: BTreeMap<(NoticeKind, &'static str), Loss>,
    waiting: VecDeque<Notice>,
}

/// What was lost and is not yet told.
struct Loss {
    amount: u64,
    say: fn(u64) -> Bilingual,
    told: Option<Instant>,
}

impl Notices {
    /// Of one part. Nothing is handed over before the journal has grown beyond where it is now: a start begins with its
    /// own entries.
    pub(crate) fn new(inputs: Inputs, durable: Follower) -> Notices {
        let ended_at = durable.now();
        let (states, losses, waiting) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        Notices { inputs, durable, ended_at, states, losses, waiting }
    }

    /// A fault is there or is not.
    pub(crate) fn state(
        &mut self,
        kind: NoticeKind,
        subject: &'static str,
        active: bool,
        detail: impl FnOnce() -> Bilingual,
    ) {
        if self.states.insert((kind, subject), active) != Some(active) {
            self.push(Notice { kind, subject: subject.to_owned(), detail: detail(), active });
        }
    }

    /// Something happened.
    pub(crate) fn happened(&mut self, kind: NoticeKind, subject: &str, detail: Bilingual) {
        self.push(Notice { kind, subject: subject.to_owned(), detail, active: true });
    }

    /// So much was lost; `say` tells the sum of what was lost since it was last told.
    pub(crate) fn lost(&mut self, kind: NoticeKind, subject: &'static str, amount: u64, say: fn(u64) -> Bilingual) {
        let loss = self.losses.entry((kind, subject)).or_insert(Loss { amount: 0, say, told: None });
        loss.amount = loss.amount.saturating_add(amount);
    }

    /// Gives the journal what its queue takes; true when something is left.
    pub(crate) fn hand_over(&mut self, now: Instant) -> bool {
        self.push_losses(now);
        if self.durable.now() <= self.ended_at {
            return !self.waiting.is_empty();
        }
        while let Some(notice) = self.waiting.pop_front() {
            match self.inputs.hand_over(&Input::Notice(notice.clone())) {
                Ok(()) => {}
                Err(NotTaken::QueueFull) => {
                    self.waiting.push_front(notice);
                    return true;
                }
                Err(error @ NotTaken::JournalGone) => {
                    warn!(%error, kind = notice.kind.as_str(), active = notice.active, "nobody is told");
                }
            }
        }
        false
    }

    fn push_losses(&mut self, now: Instant) {
        let mut due = Vec::new();
        for ((kind, subject), loss) in &mut self.losses {
            let told_of_late = loss.told.is_some_and(|told| now.saturating_duration_since(told) < LOSS_INTERVAL);
            if loss.amount > 0 && !told_of_late {
                let detail = (loss.say)(std::mem::take(&mut loss.amount));
                loss.told = Some(now);
                due.push(Notice { kind: *kind, subject: (*subject).to_owned(), detail, active: true });
            }
        }
        due.into_iter().for_each(|notice| self.push(notice));
    }

    fn push(&mut self, notice: Notice) {
        let (kind, subject, detail) = (notice.kind.as_str(), &notice.subject, notice.detail.english());
        if notice.active {
            warn!(kind, subject, detail, "a fault of the station");
        } else {
            debug!(kind, subject, "no such fault of the station");
        }
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::inputs::{OwnInput, QUEUE_MAX, inputs};
    use crate::parts::progress::Progress;
    use tokio::sync::mpsc::Receiver;

    const FULL: NoticeKind = NoticeKind::DiskFull;

    fn nothing() -> Bilingual {
        Bilingual::same("")
    }

    /// What is in the journal's queue: kind and whether it begins.
    fn taken(queue: &mut Receiver<OwnInput>) -> usize {
        std::iter::from_fn(|| queue.try_recv().ok()).count()
    }

    #[test]
    fn nothing_goes_before_the_first_entry_of_the_start() {
        let (inputs, mut queue) = inputs();
        let durable = Progress::at(7);
        let mut notices = Notices::new(inputs, durable.follower());
        notices.state(FULL, "", false, nothing);
        assert!(notices.hand_over(crate::clock::instant()));
        assert_eq!(taken(&mut queue), 0);
        durable.advance(8);
        assert!(!notices.hand_over(crate::clock::instant()));
        assert_eq!(taken(&mut queue), 1, "a state is told at the first look, also when all is well");
    }

    #[test]
    fn a_state_is_told_when_it_changes() {
        let (inputs, mut queue) = inputs();
        let durable = Progress::at(0);
        let mut notices = Notices::new(inputs, durable.follower());
        durable.advance(1);
        for active in [false, false, true, true, true, false] {
            notices.state(FULL, "", active, nothing);
        }
        notices.hand_over(crate::clock::instant());
        assert_eq!(taken(&mut queue), 3);
    }

    #[test]
    fn a_queue_that_is_full_keeps_nobody_waiting_and_loses_nothing() {
        let (inputs, mut queue) = inputs();
        let durable = Progress::at(0);
        let mut notices = Notices::new(inputs.clone(), durable.follower());
        durable.advance(1);
        for _ in 0..QUEUE_MAX {
            inputs.hand_over(&Input::Tick).unwrap();
        }
        notices.happened(FULL, "", nothing());
        assert!(notices.hand_over(crate::clock::instant()), "it comes back at once, and the notice is kept");
        assert_eq!(taken(&mut queue), QUEUE_MAX);
        assert!(!notices.hand_over(crate::clock::instant()));
        assert_eq!(taken(&mut queue), 1);
    }

    #[test]
    fn losses_are_told_together() {
        let (inputs, mut queue) = inputs();
        let durable = Progress::at(0);
        let mut notices = Notices::new(inputs, durable.follower());
        durable.advance(1);
        let begun = crate::clock::instant();
        let say = |amount: u64| Bilingual::same(amount.to_string());
        for second in 0..900 {
            notices.lost(NoticeKind::EvidenceLost, "evidence", 1, say);
            notices.hand_over(begun + Duration::from_secs(second));
        }
        assert_eq!(taken(&mut queue), 2);
        assert!(!notices.hand_over(begun + Duration::from_secs(1_300)));
        assert_eq!(taken(&mut queue), 1);
    }
}
