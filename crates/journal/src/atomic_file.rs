//! A small file that is there in whole or not at all, whenever the power goes: written under a temporary name, synced,
//! renamed, directory synced.

use crate::disk::{Disk, DiskFile, ensure_dir, is_full, never_full};
use crate::layout::temporary_path;
use std::io;
use std::path::Path;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No room: what was there before is still there; free some and write again.
    #[error("failed to write {path}: the disk is full, free some space")]
    DiskFull {
        /// Which file.
        path: String,
    },
    /// The disk failed: nothing is known about it any more; end the process.
    #[error("failed to write {path}, check the disk: {source}")]
    Failed {
        /// Which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes a file in place of any that has this name, making the directories above it. When it returns, the content is
/// durable. To write the same again is how a process that may have been killed in between makes sure of that.
///
/// # Errors
/// See [`WriteError`].
pub fn write<D: Disk>(disk: &D, path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let written = path.parent().map_or(Ok(()), |dir| ensure_dir(disk, dir)).and_then(|()| place(disk, path, bytes));
    match written {
        Ok(_) => Ok(()),
        Err(source) if is_full(&source) => Err(WriteError::DiskFull { path: path.display().to_string() }),
        Err(source) => Err(WriteError::Failed { path: path.display().to_string(), source }),
    }
}

/// The same in a directory that is there and durable; hands over the open file.
pub(crate) fn place<D: Disk>(disk: &D, path: &Path, bytes: &[u8]) -> io::Result<D::File> {
    let temporary = temporary_path(path);
    let file = disk.create(&temporary)?;
    let renamed = file
        .write_at(bytes, 0)
        .and_then(|()| file.sync_data().map_err(never_full))
        .and_then(|()| disk.rename(&temporary, path));
    if let Err(error) = renamed {
        // A half-written file holds space that a full disk needs; if it cannot be removed the next opening does it.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.sync_dir(path.parent().unwrap_or(Path::new("."))).map_err(never_full)?;
    Ok(file)
}
