//! The desk as bytes.
//!
//! # Format, version 3
//! ```text
//! byte 0     version = 3
//! bytes 1..  postcard of the state: clock, sites and contacts, cases with their sends, bursts, health
//! ```
//! What was handed out and not attempted is kept as waiting: [`Desk::resume`] makes it due. A checksum and an atomic
//! write are the business of whoever stores it.

use super::{Desk, DeskOptions};

const VERSION: u8 = 3;

/// A snapshot could not be used. Fall back to an older one, else to a replay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Written by another build.
    #[error("desk snapshot version {0} is not known: use an older snapshot or replay the journal")]
    UnknownVersion(u8),
    /// The bytes are not a snapshot of this version.
    #[error("the desk snapshot is malformed ({0}): use an older snapshot or replay the journal")]
    Malformed(String),
}

impl Desk {
    /// The desk as bytes, to be kept with the position of the last event applied.
    pub fn snapshot(&self) -> Vec<u8> {
        // Serialising our own types into memory has no way to fail: no map without length, no foreign error.
        postcard::to_extend(&self.state, vec![VERSION]).expect("our own types always encode")
    }

    /// The desk that a snapshot was taken of. Apply the events since, then call [`Desk::resume`].
    ///
    /// # Errors
    /// When the snapshot is of another version or malformed.
    pub fn restore(options: DeskOptions, snapshot: &[u8]) -> Result<Desk, RestoreError> {
        let (version, body) =
            snapshot.split_first().ok_or_else(|| RestoreError::Malformed("it is empty".to_owned()))?;
        if *version != VERSION {
            return Err(RestoreError::UnknownVersion(*version));
        }
        let state = postcard::from_bytes(body).map_err(|error| RestoreError::Malformed(error.to_string()))?;
        Ok(Desk::with_state(options, state))
    }
}
