//! What people do at the console, and changes of its users, on their way into the journal for the audit. Nobody waits for
//! this: a log-in works with a full disk, and at most one act at a time stands in the journal's queue.

use crate::parts::act_limit::{ActLimit, ROUND};
use crate::parts::first_entries;
use crate::parts::inputs::{Inputs, JournalGone};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use watchfire_console::{UserChange, Users};
use watchfire_model::{Act, Input};

/// Acts that may wait; the next ones are in the log only.
pub(crate) const ACTS_MAX: usize = 256;
/// How often changes of users are looked for.
const LOOK: Duration = Duration::from_secs(2);

/// See the head of this file.
pub(crate) struct ActsPart {
    pub(crate) acts: mpsc::Receiver<Act>,
    /// The folder of the console's users.
    pub(crate) users: PathBuf,
    pub(crate) inputs: Inputs,
    pub(crate) begun: watch::Receiver<bool>,
    pub(crate) stop: CancellationToken,
}

impl ActsPart {
    /// Runs until it is told to stop.
    pub(crate) async fn run(mut self) -> Result<(), String> {
        first_entries::journaled(self.begun.clone(), &self.stop).await;
        let mut users = UserChanges::of(Users::open(&self.users).map_err(|error| error.to_string())?);
        let mut limit = ActLimit::default();
        let mut rounds = interval_at(now() + ROUND, ROUND);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = tokio::select! {
                () = self.stop.cancelled() => break,
                Some(act) = self.acts.recv() => Vec::from_iter(limit.take(act)),
                _ = rounds.tick() => limit.end_of_round(),
                _ = looks.tick() => users.found().await,
            };
            if self.journal(due).await.is_err() {
                return self.at_end();
            }
            users.told().await;
        }
        while let Ok(act) = self.acts.try_recv() {
            let told = limit.take(act).map(|act| self.inputs.hand_over(&Input::Act(act)));
            told.transpose().map_err(|why| why.to_string())?;
        }
        for act in limit.end_of_round() {
            self.inputs.hand_over(&Input::Act(act)).map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    async fn journal(&self, acts: Vec<Act>) -> Result<(), JournalGone> {
        for act in acts {
            self.inputs.journal(&Input::Act(act)).await?;
        }
        Ok(())
    }

    fn at_end(&self) -> Result<(), String> {
        if self.stop.is_cancelled() { Ok(()) } else { Err(JournalGone.to_string()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "the beginning of an interval; no decision goes by it")]
fn now() -> Instant {
    Instant::now()
}

/// Changes of users that are to be told, and then to be taken out of their file.
struct UserChanges {
    users: Arc<Users>,
    /// Journaled and perhaps still in the file: on a full disk they stay there.
    told: Vec<UserChange>,
    fresh: Vec<UserChange>,
}

impl UserChanges {
    fn of(users: Users) -> UserChanges {
        UserChanges { users: Arc::new(users), told: Vec::new(), fresh: Vec::new() }
    }

    /// What was not told yet.
    async fn found(&mut self) -> Vec<Act> {
        let users = Arc::clone(&self.users);
        let read = tokio::task::spawn_blocking(move || users.refresh().map(|()| users.changes())).await;
        // That the file cannot be read is said by the console.
        let Ok(Ok(changes)) = read else { return Vec::new() };
        self.told.retain(|change| changes.contains(change));
        self.fresh = changes.into_iter().filter(|change| !self.told.contains(change)).collect();
        self.fresh.iter().map(UserChange::act).collect()
    }

    /// What was found is in the journal.
    async fn told(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        self.told.append(&mut self.fresh);
        let (users, told) = (Arc::clone(&self.users), self.told.clone());
        let done = tokio::task::spawn_blocking(move || users.told(&told)).await;
        if let Ok(Err(error)) = done {
            warn!(%error, "notes of changed users stay in their file; they are told again after a restart");
        }
    }
}
