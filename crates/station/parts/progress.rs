//! How far each part is. Whoever waits for a position waits here; nobody polls.

use tokio::runtime::Handle;
use tokio::sync::watch;
use watchfire_model::Seq;

/// The positions that others wait for. Dropping it tells every follower that nothing more will come.
pub(crate) struct Progress {
    position: watch::Sender<u64>,
    goal: u64,
}

/// Waits for a position to move on.
#[derive(Clone)]
pub(crate) struct Follower {
    position: watch::Receiver<u64>,
    /// See [`Progress::towards`].
    goal: u64,
}

impl Progress {
    /// Starts at a position.
    pub(crate) fn at(position: u64) -> Progress {
        Progress::towards(position, position)
    }

    /// Starts at a position, with a stretch before it that was there before this start.
    pub(crate) fn towards(position: u64, goal: u64) -> Progress {
        Progress { position: watch::Sender::new(position), goal }
    }

    /// Moves on.
    pub(crate) fn advance(&self, position: u64) {
        self.position.send_if_modified(|now| {
            let moved = position > *now;
            *now = position.max(*now);
            moved
        });
    }

    /// The same position, to be moved on from elsewhere.
    pub(crate) fn handle(&self) -> Progress {
        Progress { position: self.position.clone(), goal: self.goal }
    }

    /// Somebody who follows.
    pub(crate) fn follower(&self) -> Follower {
        Follower { position: self.position.subscribe(), goal: self.goal }
    }
}

impl Follower {
    /// The position now.
    pub(crate) fn now(&self) -> u64 {
        *self.position.borrow()
    }

    /// The position that was to be reached at the start: what is before it has happened before.
    pub(crate) fn goal(&self) -> u64 {
        self.goal
    }

    /// The position as an entry's number.
    pub(crate) fn seq(&self) -> Seq {
        Seq(self.now())
    }

    /// Waits until the position is past `seen`; `None` when it will never be.
    pub(crate) async fn past(&mut self, seen: u64) -> Option<u64> {
        self.position.wait_for(|now| *now > seen).await.map(|now| *now).ok()
    }

    /// Waits on a thread until the goal is reached, or will never be.
    pub(crate) fn block_at_goal(&mut self, runtime: &Handle) {
        let goal = self.goal;
        drop(runtime.block_on(self.position.wait_for(|now| *now >= goal)).ok());
    }

    /// [`Follower::past`] for a thread that is not a task.
    pub(crate) fn block_past(&mut self, runtime: &Handle, seen: u64) -> Option<u64> {
        runtime.block_on(self.past(seen))
    }
}
