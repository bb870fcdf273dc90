//! Plain files of a backup: copied whole and synced. What leaves while they are copied is left out: it has left the
//! station, too.

use super::BackupError;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

const READ_BYTES: usize = 1024 * 1024;
/// A file under a name of this end is being made.
const TEMPORARY: &str = ".tmp";
/// The list of a folder's files is copied after them.
const MANIFEST: &str = "MANIFEST";

/// Copies the files of a folder, not of those below it, into another one that is made; a folder that is missing has none.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |why: io::Error| BackupError::of(&format!("copy {} to {}", from.display(), to.display()), why);
    let mut names = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listed => listed.and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?,
    };
    fs::create_dir_all(to).map_err(failed)?;
    names.sort_by_key(|entry| (entry.file_name() == MANIFEST, entry.file_name()));
    for entry in names {
        let name = entry.file_name();
        let is_file = entry.file_type().map_err(failed)?.is_file();
        if is_file && !name.to_string_lossy().ends_with(TEMPORARY) {
            copy(&entry.path(), &to.join(name)).map_err(failed)?;
        }
    }
    sync_folder(to).map_err(failed)
}

/// Copies a file, its permissions with it, and syncs the copy. One that has left is no error.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::copy(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => Ok(()),
        copied => copied.and_then(|_| File::open(to)).and_then(|file| file.sync_all()),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

/// Length and SHA-256 of a file.
pub(crate) fn sum(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0u64, vec![0; READ_BYTES]);
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            break;
        }
        hash.update(buffer.get(..got).unwrap_or_default());
        bytes += u64::try_from(got).unwrap_or(u64::MAX);
    }
    let digest: [u8; 32] = hash.finalize().into();
    Ok((bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// The files below a folder, as paths within it, in order.
pub(crate) fn all(folder: &Path) -> io::Result<Vec<String>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(within) = path.strip_prefix(folder) {
                found.push(within.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
