//! A new set-up on its way into force: stored first, then journaled by its hash.

use crate::parts::inputs::Inputs;
use crate::parts::paths::DataPaths;
use crate::set_up_store::{self, FullSetUp, SetUpError};
use watchfire_model::{Input, Setup};

/// A set-up has not come into force.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotInForce {
    /// No room to store it: again when there is some.
    #[error("failed to store a set-up: the disk is full, free some space")]
    DiskFull,
    /// The disk, or the journal.
    #[error("{0}")]
    Failed(String),
}

/// Stores a set-up and journals it, unless it is the `last` one journaled; it takes effect at that entry.
pub(crate) async fn put_in_force(
    paths: &DataPaths,
    inputs: &Inputs,
    set_up: FullSetUp,
    last: Option<Setup>,
) -> Result<(), NotInForce> {
    let folder = paths.set_ups();
    let stored = tokio::task::spawn_blocking(move || set_up_store::store(&folder, &set_up)).await;
    let setup = stored.map_err(|died| NotInForce::Failed(died.to_string()))?.map_err(not_stored)?;
    if last == Some(setup) {
        return Ok(());
    }
    inputs.journal(&Input::Setup(setup)).await.map(drop).map_err(|gone| NotInForce::Failed(gone.to_string()))
}

fn not_stored(error: SetUpError) -> NotInForce {
    if error.is_disk_full() { NotInForce::DiskFull } else { NotInForce::Failed(error.to_string()) }
}
