//! Small files that only their owner may read, replaced as a whole: after a power cut there is the old or the new one.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Tells one version of a file from the next; a replaced file has another inode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

/// The stamp of a file; the default one when there is no such file.
pub(crate) fn stamp(path: &Path) -> io::Result<FileStamp> {
    match std::fs::metadata(path) {
        Ok(meta) => {
            Ok(FileStamp { inode: meta.ino(), bytes: meta.size(), modified: (meta.mtime(), meta.mtime_nsec()) })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(FileStamp::default()),
        Err(error) => Err(error),
    }
}

/// The text of a file; `None` when there is no such file.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file: new file beside it, written through, renamed over it, directory written through.
/// Writers of the same file must not run at the same time.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
