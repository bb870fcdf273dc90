//! Feeds the service manager's watchdog as often as the manager asks, however seldom and slowly the probe goes: judged by
//! what the last probe saw and by how the rules have moved since. Before it stops feeding rules that hang, it notes at
//! which entry.

use crate::parts::metrics::StationMetrics;
use crate::parts::poison::{Applying, Note, Onlooker};
use crate::parts::progress::Follower;
use crate::parts::vital::{Signs, Vital};
use sd_notify::NotifyState;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, warn};

/// It is fed so often at least, and this many times within what the manager grants.
const PERIOD_MAX: Duration = Duration::from_secs(5);
const FEEDS_PER_LIMIT: u32 = 3;
/// How long a start asks the manager for, and how often.
const START_EXTENSION: Duration = Duration::from_secs(60);
const START_PERIOD: Duration = Duration::from_secs(10);

/// See the head of this file.
#[derive(Clone)]
pub(crate) struct Watchdog {
    pub(crate) applied: Follower,
    pub(crate) metrics: Arc<StationMetrics>,
    /// The entry at which the rules are.
    pub(crate) applying: Applying,
    /// Where it is noted that they hang.
    pub(crate) died: PathBuf,
}

impl Watchdog {
    /// Feeds; `look` says what the last probe saw.
    pub(crate) async fn run(self, mut look: watch::Receiver<Option<Signs>>) -> Infallible {
        let mut feeding = Feeding::new(self.applied.now());
        let mut onlooker = Onlooker::at(self.applying.clone());
        let mut every = interval(period(sd_notify::watchdog_enabled()));
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = every.tick().await;
        let (mut now, mut ready) = (begun, false);
        loop {
            let probed = tokio::select! {
                tick = every.tick() => { now = tick; None }
                Ok(()) = look.changed() => *look.borrow_and_update(),
            };
            let since = now.saturating_duration_since(begun);
            let food = feeding.look(probed, (self.applied.now(), self.metrics.waits_for_room()), since);
            if food == Food::Given {
                if !std::mem::replace(&mut ready, true) {
                    tell(NotifyState::Ready);
                }
                tell(NotifyState::Watchdog);
            }
            if let Some(note) = onlooker.look(food == Food::StandsStill, since) {
                write(note, &self.died).await;
            }
        }
    }
}

/// Within the manager's limit, several times.
fn period(limit: Option<Duration>) -> Duration {
    limit.map_or(PERIOD_MAX, |limit| (limit / FEEDS_PER_LIMIT).clamp(Duration::from_millis(1), PERIOD_MAX))
}

/// What a look at the station says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Food {
    /// No probe has been tried yet.
    NotYet,
    Given,
    /// The rules have not moved for too long.
    StandsStill,
    /// Nobody can connect.
    NoEntrance,
}

/// Remembers what was seen last. Pure: time is an argument.
struct Feeding {
    vital: Vital,
    last: Option<Signs>,
}

impl Feeding {
    fn new(applied: u64) -> Feeding {
        Feeding { vital: Vital::new(applied, Duration::ZERO), last: None }
    }

    /// After a probe, or between two of them.
    fn look(&mut self, probed: Option<Signs>, (applied, waits_for_room): (u64, bool), now: Duration) -> Food {
        self.last = probed.or(self.last);
        let Some(last) = self.last else { return Food::NotYet };
        // That a probe came through counts at its own time only.
        let between = Signs { probe_passed: false, waits_for_room, applied, ..last };
        match self.vital.lives(&probed.unwrap_or(between), now) {
            true => Food::Given,
            false if last.listener_accepts => Food::StandsStill,
            false => Food::NoEntrance,
        }
    }
}

/// Asks the manager for time while the start opens what is on disk, which can take long; not while it hangs at an entry,
/// which is noted.
pub(crate) async fn extending_start<T>(died: &Path, applying: Applying, opening: impl Future<Output = T>) -> T {
    tokio::select! {
        opened = opening => opened,
        never = extend_start(died, Onlooker::at(applying)) => match never {},
    }
}

async fn extend_start(died: &Path, mut onlooker: Onlooker) -> Infallible {
    let mut every = interval(START_PERIOD);
    let begun = every.tick().await;
    let mut hangs = false;
    loop {
        let now = every.tick().await.saturating_duration_since(begun);
        // What is applied is all that can be seen of a start.
        if let Some(note) = onlooker.look(true, now) {
            hangs = matches!(note, Note::Hangs(_));
            write(note, died).await;
        }
        if !hangs {
            tell(NotifyState::ExtendTimeoutUsec(u32::try_from(START_EXTENSION.as_micros()).unwrap_or(u32::MAX)));
        }
    }
}

async fn write(note: Note, died: &Path) {
    let died = died.to_owned();
    if let Err(error) = tokio::task::spawn_blocking(move || note.write(&died)).await {
        error!(%error, "where the rules stand could not be noted");
    }
}

/// Without a service manager there is nobody to tell.
fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "the service manager could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSED: Signs = Signs { listener_accepts: true, probe_passed: true, waits_for_room: false, applied: 0 };

    /// Seconds at which it is fed, when it is looked at every 5 s and probes come through at those.
    fn fed(until: u64, probes: &[u64], applied: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut feeding = Feeding::new(0);
        let mut look = |second: u64| {
            let signs = Signs { applied: applied(second), ..PASSED };
            let probed = probes.contains(&second).then_some(signs);
            feeding.look(probed, (applied(second), false), Duration::from_secs(second))
        };
        (0..until).step_by(5).filter(|second| look(*second) == Food::Given).collect()
    }

    #[test]
    fn the_longest_probe_that_can_be_configured_keeps_nothing_from_being_fed() {
        // A probe in 60 s that takes 60 s: two minutes from one to the next.
        let every: Vec<u64> = (0..600).step_by(5).collect();
        assert_eq!(fed(600, &[0, 120, 240, 360, 480], |second| second), every);
        assert_eq!(period(Some(Duration::from_secs(30))), PERIOD_MAX);
        assert_eq!(period(Some(Duration::from_secs(6))), Duration::from_secs(2));
        assert_eq!(period(None), PERIOD_MAX);
    }

    #[test]
    fn rules_that_stand_still_are_fed_no_longer_than_that() {
        assert_eq!(fed(600, &[0], |_| 7).last(), Some(&90));
        assert!(fed(600, &[], |second| second).is_empty(), "not before the first look");
    }
}
