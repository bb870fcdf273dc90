//! How much of what people do becomes entries of the journal: the first act of somebody from some address in a round is
//! told at once, what follows in that round is counted and told at its end. So guessing passwords cannot fill the disk: a
//! round has at most [`REFUSED_TOLD_MAX`] + 1 entries of refused log-ins twice, whatever comes.

use compact_str::CompactString;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use watchfire_model::{Act, ActKind};

/// How long a round is.
pub(crate) const ROUND: Duration = Duration::from_secs(60);
/// People and addresses whose refused log-ins are told by themselves in a round; those of all others are counted together.
const REFUSED_TOLD_MAX: usize = 10;
/// The same of what was not refused: whoever does it has a password.
const DONE_TOLD_MAX: usize = 100;

/// What has been told in this round, and how often it came again.
#[derive(Debug, Default)]
pub(crate) struct ActLimit {
    again: BTreeMap<ActKind, BTreeMap<Who, u32>>,
    others: BTreeMap<ActKind, u32>,
}

type Who = (Option<CompactString>, Option<IpAddr>);

impl ActLimit {
    /// An act: to be told now, or counted.
    pub(crate) fn take(&mut self, act: Act) -> Option<Act> {
        let told = self.again.entry(act.kind).or_default();
        let who = (act.by.clone(), act.address);
        if let Some(again) = told.get_mut(&who) {
            *again = again.saturating_add(act.times);
            return None;
        }
        let max = if act.kind == ActKind::LogInRefused { REFUSED_TOLD_MAX } else { DONE_TOLD_MAX };
        if told.len() >= max {
            let others = self.others.entry(act.kind).or_default();
            *others = others.saturating_add(act.times);
            return None;
        }
        told.insert(who, 0);
        Some(act)
    }

    /// A round is over: what was counted in it.
    pub(crate) fn end_of_round(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        for (kind, told) in std::mem::take(&mut self.again) {
            let again = told.into_iter().filter(|(_, times)| *times > 0);
            acts.extend(again.map(|((by, address), times)| Act { by, address, times, ..Act::new(kind) }));
        }
        let others = std::mem::take(&mut self.others);
        acts.extend(others.into_iter().map(|(kind, times)| Act {
            detail: "of several people or from several addresses".into(),
            times,
            ..Act::new(kind)
        }));
        acts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(kind: ActKind, by: &str, last: u8) -> Act {
        Act { by: Some(by.into()), address: Some(IpAddr::from([10, 0, 0, last])), ..Act::new(kind) }
    }

    #[test]
    fn the_first_is_told_and_the_next_are_counted() {
        let mut limit = ActLimit::default();
        let refused = act(ActKind::LogInRefused, "li", 1);
        assert_eq!(limit.take(refused.clone()), Some(refused.clone()));
        assert_eq!(limit.take(refused.clone()), None);
        assert_eq!(limit.take(refused.clone()), None);
        let done = act(ActKind::LoggedIn, "li", 1);
        assert_eq!(limit.take(done.clone()), Some(done));
        assert_eq!(limit.end_of_round(), [Act { times: 2, ..refused.clone() }]);
        assert_eq!(limit.end_of_round(), []);
        assert_eq!(limit.take(refused.clone()), Some(refused));
    }

    #[test]
    fn guessing_from_everywhere_is_a_handful_of_entries_that_count_all() {
        let mut limit = ActLimit::default();
        let tries = 100_000u32;
        let mut told = Vec::new();
        for turn in 0..tries {
            let last = u8::try_from(turn % 251).unwrap();
            told.extend(limit.take(act(ActKind::LogInRefused, &format!("user{}", turn % 997), last)));
        }
        let own = act(ActKind::LoggedIn, "li", 9);
        assert_eq!(limit.take(own.clone()), Some(own), "who has a password is told all the same");
        told.extend(limit.end_of_round());
        assert!(told.len() <= 2 * REFUSED_TOLD_MAX + 1, "{}", told.len());
        assert_eq!(told.iter().map(|act| act.times).sum::<u32>(), tries);
    }
}
