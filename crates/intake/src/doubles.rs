//! Device identities that are on two connections again and again.

use compact_str::CompactString;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So many times within [`WINDOW`] are told. Once is a reconnect that came before the old socket was seen to be dead.
const TIMES: u32 = 3;
/// Also how long it takes to be over.
const WINDOW: Duration = Duration::from_secs(600);

/// Counts by user name.
#[derive(Debug, Default)]
pub(crate) struct Doubles {
    seen: Mutex<HashMap<CompactString, (u32, Instant)>>,
}

impl Doubles {
    /// Notes one; true when it is to be told.
    pub(crate) fn note(&self, user: &CompactString, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(user.clone()).or_insert((0, now));
        entry.0 = entry.0.saturating_add(1);
        entry.0 == TIMES
    }

    /// Forgets what is over; gives the users that were told of.
    pub(crate) fn tidy(&self, now: Instant) -> Vec<CompactString> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let over = seen.extract_if(|_, (_, since)| now.duration_since(*since) > WINDOW);
        over.filter(|(_, (times, _))| *times >= TIMES).map(|(user, _)| user).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[tokio::test]
    async fn three_times_are_told_once_and_end() {
        let (doubles, now, user) = (Doubles::default(), clock::now(), CompactString::from("care/d1"));
        let told: Vec<bool> = (0..4).map(|_| doubles.note(&user, now)).collect();
        assert_eq!(told, [false, false, true, false]);
        assert!(doubles.tidy(now + WINDOW).is_empty());
        assert_eq!(doubles.tidy(now + WINDOW + Duration::from_secs(1)), [user]);
    }
}
