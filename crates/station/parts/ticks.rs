//! A tick a second, so that timers fire when no device says anything.

use crate::parts::inputs::{Inputs, JournalGone};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use watchfire_model::Input;

/// Runs until it is told to stop.
pub(crate) async fn run(inputs: Inputs, stop: CancellationToken) -> Result<(), JournalGone> {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = seconds.tick() => {}
        }
        match inputs.journal(&Input::Tick).await {
            Err(gone) if !stop.is_cancelled() => return Err(gone),
            _ => {}
        }
    }
}
