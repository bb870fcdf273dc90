//! A disk on which one promise of the file system, or one step of the protocol, is broken.

use std::io;
use std::path::{Path, PathBuf};
use watchfire_journal::sim_disk::{SimDisk, SimFile};
use watchfire_journal::{Disk, DiskFile};

const HEADER_AND_MARK_BYTES: usize = 72;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    /// As if the writer did not sync its batches.
    SyncDataDoesNothing,
    /// As if recovery and rotation did not sync what they wrote.
    SyncOfTemporariesDoesNothing,
    /// As if recovery trusted the page cache: of a new segment only the header is synced, not the records put into it.
    RecoveryTrustsThePageCache,
    /// As if the directory was not synced.
    SyncDirDoesNothing,
    /// As if a failed sync was tried again and believed.
    SyncErrorIsHidden,
    /// As if a short write was not noticed.
    FullDiskIsHidden,
    /// As if a failed write was not noticed.
    WriteErrorIsHidden,
    /// As if files were made in place instead of renamed.
    RenameCopies,
}

#[derive(Clone)]
pub(crate) struct LyingDisk {
    pub(crate) disk: SimDisk,
    pub(crate) lie: Lie,
}

pub(crate) struct LyingFile {
    file: SimFile,
    path: PathBuf,
    lie: Lie,
}

impl LyingFile {
    fn is_temporary(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "tmp")
    }
}

impl LyingDisk {
    fn file(&self, file: SimFile, path: &Path) -> LyingFile {
        LyingFile { file, path: path.to_owned(), lie: self.lie }
    }
}

impl Disk for LyingDisk {
    type File = LyingFile;
    type Lock = <SimDisk as Disk>::Lock;

    fn lock(&self, path: &Path) -> io::Result<Self::Lock> {
        self.disk.lock(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn create(&self, path: &Path) -> io::Result<LyingFile> {
        Ok(self.file(self.disk.create(path)?, path))
    }

    fn open(&self, path: &Path) -> io::Result<LyingFile> {
        Ok(self.file(self.disk.open(path)?, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.lie != Lie::RenameCopies {
            return self.disk.rename(from, to);
        }
        let (old, new) = (self.disk.open(from)?, self.disk.create(to)?);
        let mut bytes = vec![0; usize::try_from(old.size()?).unwrap()];
        old.read_at(&mut bytes, 0)?;
        new.write_at(&bytes, 0)?;
        new.sync_data()?;
        self.disk.remove(from)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        if self.lie == Lie::SyncDirDoesNothing { Ok(()) } else { self.disk.sync_dir(dir) }
    }

    fn free_space(&self, dir: &Path) -> io::Result<u64> {
        self.disk.free_space(dir)
    }
}

impl DiskFile for LyingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.lie == Lie::RecoveryTrustsThePageCache && self.is_temporary() {
            let (header, records) = bytes.split_at(bytes.len().min(HEADER_AND_MARK_BYTES));
            self.file.write_at(header, offset)?;
            self.file.sync_data()?;
            return self.file.write_at(records, offset + u64::try_from(header.len()).unwrap());
        }
        match (self.lie, self.file.write_at(bytes, offset)) {
            (Lie::FullDiskIsHidden, Err(error)) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
            (Lie::WriteErrorIsHidden, Err(error)) if error.kind() != io::ErrorKind::StorageFull => Ok(()),
            (_, other) => other,
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.lie {
            Lie::SyncDataDoesNothing => Ok(()),
            Lie::SyncOfTemporariesDoesNothing | Lie::RecoveryTrustsThePageCache if self.is_temporary() => Ok(()),
            Lie::SyncErrorIsHidden => self.file.sync_data().or_else(|_| self.file.sync_data()),
            _ => self.file.sync_data(),
        }
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.file.allocate(bytes)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.file.truncate(bytes)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}
