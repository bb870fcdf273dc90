//! Random bytes for what must be unique or unknown to others.

use std::io;

/// Sixteen bytes that nobody can guess.
pub(crate) fn sixteen() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}
