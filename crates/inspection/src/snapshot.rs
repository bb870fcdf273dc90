//! The schedule as bytes.
//!
//! # Format, version 1
//! ```text
//! byte 0     version = 1
//! bytes 1..  postcard of the state: stamp, devices, duty checks, figures, notices, orders
//! ```
//! Timers follow from the state and are made anew. What was due and not handed out is not in it: a start of the station
//! ends it in any case. A checksum and an atomic write are the business of whoever stores it.

use crate::inspection::Inspection;
use watchfire_model::JournalId;

const VERSION: u8 = 1;

/// A snapshot could not be used. Fall back to an older one, else to a replay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Written by another build.
    #[error("inspection snapshot version {0} is not known: use an older snapshot or replay the journal")]
    UnknownVersion(u8),
    /// The bytes are not a snapshot of this version.
    #[error("the inspection snapshot is malformed ({0}): use an older snapshot or replay the journal")]
    Malformed(String),
}

impl Inspection {
    /// The schedule as bytes, to be kept with the position of the last entry applied.
    pub fn snapshot(&self) -> Vec<u8> {
        // Serialising our own types into memory has no way to fail: no map without length, no foreign error.
        postcard::to_extend(&self.state, vec![VERSION]).expect("our own types always encode")
    }

    /// The schedule that a snapshot was taken of. Apply the entries since.
    ///
    /// # Errors
    /// When the snapshot is of another version or malformed.
    pub fn restore(journal: JournalId, snapshot: &[u8]) -> Result<Inspection, RestoreError> {
        let (version, body) =
            snapshot.split_first().ok_or_else(|| RestoreError::Malformed("it is empty".to_owned()))?;
        if *version != VERSION {
            return Err(RestoreError::UnknownVersion(*version));
        }
        let state = postcard::from_bytes(body).map_err(|error| RestoreError::Malformed(error.to_string()))?;
        Ok(Inspection::with_state(journal, state))
    }
}
