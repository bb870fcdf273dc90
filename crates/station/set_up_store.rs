//! Set-ups by the SHA-256 of their canonical JSON: `setups/<sha256>.json` beside the journal. A set-up is synced here
//! before the entry that names it is journaled; it holds no secrets.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use watchfire_journal::{RealDisk, atomic_file};
use watchfire_model::Setup;
use watchfire_rules::SetUp;

/// A set-up could not be stored or fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetUpError {
    /// The disk.
    #[error("failed to {doing} the set-up {}: {source}", file.display())]
    Disk { doing: &'static str, file: PathBuf, source: std::io::Error },
    /// It could not be written.
    #[error("failed to store a set-up: {0}")]
    Store(#[source] atomic_file::WriteError),
    /// The content is not what its name says.
    #[error("the set-up {} is damaged or of another version: {why}; restore the file from a backup", file.display())]
    Damaged { file: PathBuf, why: String },
}

/// Stores a set-up; storing the same one twice changes nothing.
pub(crate) fn store(folder: &Path, set_up: &SetUp) -> Result<Setup, SetUpError> {
    let text = canonical(set_up);
    let sha256: [u8; 32] = Sha256::digest(&text).into();
    let setup = Setup { sha256 };
    let file = file_of(folder, &setup);
    let disk_error = |source| SetUpError::Disk { doing: "store", file: file.clone(), source };
    std::fs::create_dir_all(folder).map_err(disk_error)?;
    // Also when it is there: a process that was killed may have left it in the page cache only.
    atomic_file::write(&RealDisk, &file, &text).map_err(SetUpError::Store)?;
    Ok(setup)
}

/// Fetches a set-up that was stored.
pub(crate) fn fetch(folder: &Path, setup: &Setup) -> Result<SetUp, SetUpError> {
    let file = file_of(folder, setup);
    let text = std::fs::read(&file).map_err(|source| SetUpError::Disk { doing: "read", file: file.clone(), source })?;
    if <[u8; 32]>::from(Sha256::digest(&text)) != setup.sha256 {
        return Err(SetUpError::Damaged { file, why: "its hash is not its name".into() });
    }
    serde_json::from_slice(&text).map_err(|error| SetUpError::Damaged { file, why: error.to_string() })
}

/// The same set-up gives the same bytes: fields in their order, maps sorted.
fn canonical(set_up: &SetUp) -> Vec<u8> {
    serde_json::to_vec(set_up).expect("our own types always encode")
}

fn file_of(folder: &Path, setup: &Setup) -> PathBuf {
    let name: String = setup.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{name}.json"))
}
