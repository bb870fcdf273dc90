//! The seam between the journal and the disk: what a file system promises, call by call.
//!
//! Two implementations: [`RealDisk`](crate::RealDisk) and [`SimDisk`](crate::sim_disk::SimDisk), which loses power.

use std::io;
use std::path::Path;

/// A file system. Clones are the same one.
pub trait Disk: Clone + Send + 'static {
    /// An open file.
    type File: DiskFile;
    /// Holds a lock until dropped, or until the process ends.
    type Lock: Send;

    /// Takes the lock of that name, making the file if need be.
    ///
    /// # Errors
    /// `WouldBlock` when another holds it.
    fn lock(&self, path: &Path) -> io::Result<Self::Lock>;

    /// Makes one directory. Its name is durable after [`Disk::sync_dir`] of its parent.
    ///
    /// # Errors
    /// `AlreadyExists`, `NotFound` when the parent is missing, or the system's.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Opens a file for reading and writing, empty: made if missing, cut to nothing if not.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Opens a file that is there, for reading and writing.
    ///
    /// # Errors
    /// `NotFound`, or the system's.
    fn open(&self, path: &Path) -> io::Result<Self::File>;

    /// Gives a file another name in the same directory, at once and in place of any that had it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file's name.
    ///
    /// # Errors
    /// `NotFound`, or the system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in no order.
    ///
    /// # Errors
    /// `NotFound`, or the system's.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// The system's. Not to be tried again.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Bytes that may still be written below that directory.
    ///
    /// # Errors
    /// The system's.
    fn free_space(&self, dir: &Path) -> io::Result<u64>;
}

/// An open file. Reading needs no position, so that a reader disturbs nobody.
pub trait DiskFile: Send {
    /// Reads what is there at an offset, up to the buffer's length; 0 at the end of the file.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of it at an offset. After an error any part of it may be written.
    ///
    /// # Errors
    /// `StorageFull`, or the system's.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes what was written, and the file's length, durable.
    ///
    /// # Errors
    /// The system's. Not to be tried again: the pages may count as clean now.
    fn sync_data(&self) -> io::Result<()>;

    /// Reserves room on the disk and makes the file that long.
    ///
    /// # Errors
    /// `StorageFull`, or the system's.
    fn allocate(&self, bytes: u64) -> io::Result<()>;

    /// Cuts the file off.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, bytes: u64) -> io::Result<()>;

    /// The file's length in bytes.
    ///
    /// # Errors
    /// The system's.
    fn size(&self) -> io::Result<u64>;
}

/// Whether an error says that there is no room, which passes, rather than that something broke.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The error of a failed sync. Some file systems find out only then that there is no room; what has become of the data is
/// as unknown as with any other failure, so it must not pass for a full disk, after which one may try again.
pub(crate) fn never_full(error: io::Error) -> io::Error {
    if is_full(&error) { io::Error::other(error) } else { error }
}

/// Makes a directory and those above it, durable in their parents also when a killed process had made them.
pub(crate) fn ensure_dir<D: Disk>(disk: &D, dir: &Path) -> io::Result<()> {
    let parent = match dir.parent() {
        None => return Ok(()),
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    };
    match disk.create_dir(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            ensure_dir(disk, parent)?;
            disk.create_dir(dir)?;
        }
        Err(error) => return Err(error),
    }
    disk.sync_dir(parent).map_err(never_full)
}

/// Removes a file that may be missing.
pub(crate) fn remove_if_there<D: Disk>(disk: &D, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads until the buffer is full or the file ends; says how much it got.
pub(crate) fn read_full(file: &impl DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let got = file.read_at(rest, offset.saturating_add(bytes_u64(done)))?;
        if got == 0 {
            break;
        }
        done += got;
    }
    Ok(done)
}

/// The whole file, which must be no longer than `bytes_max`.
pub(crate) fn read_whole(file: &impl DiskFile, bytes_max: u64) -> io::Result<Vec<u8>> {
    let size = file.size()?;
    if size > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("the file has {size} bytes, more than the {bytes_max} that it may have"),
        ));
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    let got = read_full(file, &mut bytes, 0)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// A length in memory as a length on the disk.
pub(crate) fn bytes_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("no memory is larger than 2^64 bytes")
}
