//! The station's own way into the journal: ticks, orders, outcomes of sends, notices, set-ups. It stands beside the
//! devices' queue, so that an order never waits behind a flood of frames.

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
}
