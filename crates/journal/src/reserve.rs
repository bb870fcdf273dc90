//! Space held back on the disk, so that a full disk does not stop the journal at once.

use crate::atomic_file;
use crate::disk::{Disk, DiskFile, is_full, never_full, remove_if_there};
use crate::layout::{RESERVE, temporary_path};
use std::io;
use std::path::{Path, PathBuf};

/// Whether the reserve is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveState {
    /// The space is held back.
    Held,
    /// It was given up, or there never was room for it. It comes back when twice its size is free.
    Released,
}

/// The reserve of one journal.
pub(crate) struct Reserve<D> {
    disk: D,
    dir: PathBuf,
    path: PathBuf,
    bytes: u64,
    state: ReserveState,
}

impl<D: Disk> Reserve<D> {
    /// The reserve as an earlier run left it.
    pub(crate) fn find(disk: &D, dir: &Path, bytes: u64) -> io::Result<Reserve<D>> {
        let path = dir.join(RESERVE);
        let state = match disk.open(&path) {
            Ok(file) if file.size()? == bytes => ReserveState::Held,
            // The configured size has changed: make it anew.
            Ok(_) => {
                disk.remove(&path)?;
                ReserveState::Released
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => ReserveState::Released,
            Err(error) => return Err(error),
        };
        Ok(Reserve { disk: disk.clone(), dir: dir.to_owned(), path, bytes, state })
    }

    pub(crate) fn state(&self) -> ReserveState {
        self.state
    }

    /// Gives the space up; says whether there was any to give.
    pub(crate) fn release(&mut self) -> io::Result<bool> {
        if self.state == ReserveState::Released {
            return Ok(false);
        }
        remove_if_there(&self.disk, &self.path)?;
        self.state = ReserveState::Released;
        // Many file systems hand freed blocks out only after the removal is committed.
        self.disk.sync_dir(&self.dir).map_err(never_full)?;
        Ok(true)
    }

    /// Takes the space again if as much stays free besides. A failure leaves the reserve released, which is visible,
    /// and harms no record; the next call tries again.
    pub(crate) fn restore(&mut self) {
        if self.state == ReserveState::Released && self.allocate().is_ok_and(|done| done) {
            self.state = ReserveState::Held;
        }
    }

    fn allocate(&self) -> io::Result<bool> {
        if self.disk.free_space(&self.dir)? < self.bytes.saturating_mul(2) {
            return Ok(false);
        }
        let temporary = temporary_path(&self.path);
        let file = self.disk.create(&temporary)?;
        if let Err(error) = file.allocate(self.bytes).and_then(|()| self.disk.rename(&temporary, &self.path)) {
            // Space that was half taken is worse than none.
            let _ = self.disk.remove(&temporary);
            return Err(error);
        }
        Ok(true)
    }
}

/// Does what needs room; when there is none, releases the reserve and does it once more.
pub(crate) fn with_room<D: Disk, T>(
    reserve: &mut Reserve<D>,
    mut write: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    match write() {
        Err(error) if is_full(&error) => {
            if reserve.release()? {
                write()
            } else {
                Err(error)
            }
        }
        other => other,
    }
}

/// Writes a new file in whole, with the reserve's space if need be.
pub(crate) fn place_with_room<D: Disk>(
    reserve: &mut Reserve<D>,
    disk: &D,
    path: &Path,
    bytes: &[u8],
) -> io::Result<D::File> {
    with_room(reserve, || atomic_file::place(disk, path, bytes))
}
