//! A disk in memory that loses power. It keeps apart what running programs see (the page cache) and what would be there
//! after a power cut (the platter), for contents and for names, and can fail at any call:
//! - writes that were not synced are lost, arrive, or are torn at any byte, each file for itself;
//! - names that were not synced are lost or arrive, in order or not, independent of the contents behind them;
//! - a killed process leaves the page cache, so a later power cut can still take what a new process has read;
//! - a failing sync marks pages clean that never arrived, and such pages may be thrown out and read again;
//! - the disk is full at any byte.
//!
//! Paths are absolute. The same seed and the same calls give the same run.

mod inode;
mod random;
mod state;

pub use random::Random;

use crate::disk::{Disk, DiskFile};
use state::{Node, State};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine stops during the call.
    PowerLoss,
    /// The process stops during the call.
    Kill,
    /// The next sync fails and leaves pages marked clean.
    SyncFails,
    /// The next change fails with an error other than a full disk.
    WriteFails,
}

/// A disk in memory that loses power. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

/// An open file of a [`SimDisk`].
#[derive(Debug)]
pub struct SimFile {
    disk: SimDisk,
    id: u64,
    generation: u64,
}

/// A lock on a [`SimDisk`].
#[derive(Debug)]
pub struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    generation: u64,
}

impl SimDisk {
    /// An empty disk of unlimited size.
    pub fn new(seed: u64) -> SimDisk {
        SimDisk { state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// Sets the disk's size in bytes; what is on it stays.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity = bytes;
    }

    /// The bytes in files.
    pub fn used(&self) -> u64 {
        self.state().used()
    }

    /// How many calls there have been, to choose the moment of a fault by.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Lets something go wrong after so many more calls, at the first call that it can strike.
    pub fn fail_after(&self, calls: u64, fault: Fault) {
        self.state().set_fault(calls + 1, fault);
    }

    /// Takes back a fault that has not struck.
    pub fn clear_fault(&self) {
        self.state().clear_fault();
    }

    /// Whether a fault is still to strike.
    pub fn has_fault(&self) -> bool {
        self.state().has_fault()
    }

    /// Whether the process still runs.
    pub fn is_up(&self) -> bool {
        self.state().is_up()
    }

    /// Ends the process: every open file and lock is void, the page cache stays.
    pub fn kill(&self) {
        self.state().kill();
    }

    /// Ends the machine: of what was not synced, any part is left.
    pub fn power_loss(&self) {
        self.state().power_loss();
    }

    /// Starts a new process after [`SimDisk::kill`], [`SimDisk::power_loss`] or a fault that did the same.
    pub fn restart(&self) {
        self.state().restart();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the simulated disk")
    }

    fn file(&self, id: u64) -> SimFile {
        SimFile { disk: self.clone(), id, generation: self.state().generation }
    }

    fn file_id(&self, path: &Path) -> io::Result<u64> {
        match self.state().node(path)? {
            Node::File(id) => Ok(id),
            Node::Directory => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}

impl Disk for SimDisk {
    type File = SimFile;
    type Lock = SimLock;

    fn lock(&self, path: &Path) -> io::Result<SimLock> {
        if self.file_id(path).is_err() {
            self.create(path)?;
        }
        let mut state = self.state();
        if !state.locks.insert(path.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(SimLock { disk: self.clone(), path: path.to_owned(), generation: state.generation })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.state().change(|state| match state.node(path) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => state.link(path, Some(Node::Directory)).map(drop),
        })
    }

    fn create(&self, path: &Path) -> io::Result<SimFile> {
        let id = self.state().change(|state| match state.node(path) {
            Ok(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            Ok(Node::File(id)) => {
                state.inode(id).set_length(0);
                Ok(id)
            }
            Err(_) => state.link(path, None),
        })?;
        Ok(self.file(id))
    }

    fn open(&self, path: &Path) -> io::Result<SimFile> {
        self.state().call(|_| false)?;
        Ok(self.file(self.file_id(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.state().change(|state| state.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.state().change(|state| state.unlink(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.call(|_| false)?;
        state.node(dir)?;
        Ok(state.children(dir))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        match state.call(|fault| fault != Fault::WriteFails)? {
            None => state.sync_names(dir),
            Some(fault) => {
                state.sync_of_names_fails(dir);
                state.strike(fault)?;
                return Err(state.sync_error());
            }
        }
        Ok(())
    }

    fn free_space(&self, _dir: &Path) -> io::Result<u64> {
        let mut state = self.state();
        state.call(|_| false)?;
        Ok(state.capacity.saturating_sub(state.used()))
    }
}

impl SimFile {
    /// Refuses files that were opened by a process that is gone.
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.generation == self.generation {
            Ok(state)
        } else {
            Err(io::Error::other("the file was opened by a process that is gone"))
        }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state()?;
        state.call(|_| false)?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let rest = state.inode(self.id).bytes().get(offset..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let mut state = self.state()?;
        let room = state.room();
        // A crash or an error leaves any part of the write behind.
        let part = state.random.length_below(bytes.len() + 1);
        let bytes_part = bytes.get(..part).unwrap_or_default();
        match state.call(|fault| fault != Fault::SyncFails)? {
            None => state.inode(self.id).write(offset, bytes, room),
            Some(fault) => {
                let written = state.inode(self.id).write(offset, bytes_part, room);
                state.strike(fault)?;
                written.and(Err(io::Error::other("the simulated device failed")))
            }
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state()?;
        match state.call(|fault| fault != Fault::WriteFails)? {
            None => state.inode(self.id).sync(),
            Some(Fault::Kill) if state.random.once_in(2) => {
                state.inode(self.id).sync();
                state.strike(Fault::Kill)?;
            }
            Some(Fault::SyncFails) => {
                let mut random = state.random.clone();
                state.random.number();
                state.inode(self.id).sync_fails(&mut random);
                return Err(state.sync_error());
            }
            Some(fault) => {
                state.strike(fault)?;
            }
        }
        Ok(())
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.state()?;
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        let id = self.id;
        state.change(|state| {
            let grown = length.saturating_sub(state.inode(id).length());
            if grown > state.room() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.inode(id).set_length(length);
            Ok(())
        })
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        let id = self.id;
        self.state()?.change(|state| {
            state.inode(id).set_length(length);
            Ok(())
        })
    }

    fn size(&self) -> io::Result<u64> {
        let mut state = self.state()?;
        state.call(|_| false)?;
        Ok(crate::disk::bytes_u64(state.inode(self.id).length()))
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.generation == self.generation {
            state.locks.remove(&self.path);
        }
    }
}
