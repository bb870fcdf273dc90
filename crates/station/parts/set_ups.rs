//! A new set-up on its way into force: stored first, then journaled by its hash.

use crate::parts::inputs::Inputs;
use crate::parts::paths::DataPaths;
use crate::set_up_store;
use watchfire_model::{Input, Setup};
use watchfire_rules::SetUp;

/// Stores a set-up and journals it, unless it is the `last` one journaled; it takes effect at that entry.
pub(crate) async fn put_in_force(
    paths: &DataPaths,
    inputs: &Inputs,
    set_up: SetUp,
    last: Option<Setup>,
) -> Result<(), String> {
    let folder = paths.set_ups();
    let stored = tokio::task::spawn_blocking(move || set_up_store::store(&folder, &set_up)).await;
    let setup = stored.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    if last == Some(setup) {
        return Ok(());
    }
    inputs.journal(&Input::Setup(setup)).await.map(drop).map_err(|error| error.to_string())
}
