//! The station's own way into the journal: ticks, orders, outcomes of sends, notices, set-ups. It stands beside the
//! devices' queue, so that an order never waits behind a flood of frames.

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use watchfire_model::{EncodedInput, Input, Seq};

/// Own inputs that may wait for the journal.
pub(crate) const QUEUE_MAX: usize = 1_024;

/// An own input on its way.
pub(crate) struct OwnInput {
    pub(crate) input: EncodedInput,
    pub(crate) durable: oneshot::Sender<Seq>,
}

/// Hands inputs to the journal.
#[derive(Clone)]
pub(crate) struct Inputs {
    queue: mpsc::Sender<OwnInput>,
}

/// The journal has stopped; the input may or may not be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal has stopped")]
pub(crate) struct JournalGone;

/// An input was not taken, and is not in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTaken {
    /// Too many wait already: again later.
    #[error("the journal's queue is full, try again")]
    QueueFull,
    /// It takes nothing any more.
    #[error("the journal has stopped")]
    JournalGone,
}

/// The way in, and the journal's end of it.
pub(crate) fn inputs() -> (Inputs, mpsc::Receiver<OwnInput>) {
    let (queue, receiver) = mpsc::channel(QUEUE_MAX);
    (Inputs { queue }, receiver)
}

impl Inputs {
    /// Journals an input; ready when it is durable.
    pub(crate) async fn journal(&self, input: &Input<'_>) -> Result<Seq, JournalGone> {
        let (durable, done) = oneshot::channel();
        let own = OwnInput { input: EncodedInput::new(input), durable };
        self.queue.send(own).await.map_err(|_| JournalGone)?;
        done.await.map_err(|_| JournalGone)
    }

    /// Hands an input over without waiting for anything. It will be durable, some time.
    pub(crate) fn hand_over(&self, input: &Input<'_>) -> Result<(), NotTaken> {
        let (durable, _) = oneshot::channel();
        self.queue.try_send(OwnInput { input: EncodedInput::new(input), durable }).map_err(|error| match error {
            TrySendError::Full(_) => NotTaken::QueueFull,
            TrySendError::Closed(_) => NotTaken::JournalGone,
        })
    }
}
