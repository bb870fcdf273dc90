//! The simulated machine: names, files, space, and the faults that are due.

use super::Fault;
use super::inode::Inode;
use super::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Directory,
    File(u64),
}

/// A change of names that has not been synced.
#[derive(Clone, Debug)]
enum Renaming {
    Link(PathBuf, Node),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, Node),
}

/// The simulated machine.
#[derive(Debug)]
pub(super) struct State {
    pub(super) random: Random,
    pub(super) capacity: u64,
    pub(super) calls: u64,
    /// Open files and locks of an earlier boot or process are void.
    pub(super) generation: u64,
    pub(super) locks: BTreeSet<PathBuf>,
    is_up: bool,
    fault: Option<(u64, Fault)>,
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    names: BTreeMap<PathBuf, Node>,
    platter_names: BTreeMap<PathBuf, Node>,
    unsynced: BTreeMap<PathBuf, Vec<Renaming>>,
}

impl State {
    pub(super) fn new(seed: u64) -> State {
        let root = BTreeMap::from([(PathBuf::from("/"), Node::Directory)]);
        State {
            random: Random::new(seed),
            capacity: u64::MAX,
            calls: 0,
            generation: 0,
            locks: BTreeSet::new(),
            is_up: true,
            fault: None,
            inodes: BTreeMap::new(),
            next_inode: 0,
            names: root.clone(),
            platter_names: root,
            unsynced: BTreeMap::new(),
        }
    }

    pub(super) fn set_fault(&mut self, after_calls: u64, fault: Fault) {
        self.fault = Some((self.calls + after_calls, fault));
    }

    pub(super) fn clear_fault(&mut self) {
        self.fault = None;
    }

    pub(super) fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up
    }

    pub(super) fn restart(&mut self) {
        self.is_up = true;
    }

    /// Counts a call and says which fault strikes it. `fits` says whether the fault can strike this kind of call.
    pub(super) fn call(&mut self, fits: impl Fn(Fault) -> bool) -> io::Result<Option<Fault>> {
        if !self.is_up {
            return Err(io::Error::other("the simulated process is gone"));
        }
        self.calls += 1;
        let due = self.fault.filter(|&(call, fault)| call <= self.calls && fits(fault)).map(|(_, fault)| fault);
        if due.is_some() {
            self.fault = None;
        }
        Ok(due)
    }

    /// Strikes a call that changes something: with a crash, before or after it is done.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let fault = self.call(|fault| matches!(fault, Fault::PowerLoss | Fault::Kill | Fault::WriteFails))?;
        let Some(fault) = fault else { return change(self) };
        let outcome = if self.random.once_in(2) { change(self).map(drop) } else { Ok(()) };
        self.strike(fault)?;
        outcome.and(Err(io::Error::other("the simulated device failed")))
    }

    /// Ends process or machine if the fault says so.
    pub(super) fn strike(&mut self, fault: Fault) -> io::Result<()> {
        match fault {
            Fault::PowerLoss => self.power_loss(),
            Fault::Kill => self.kill(),
            Fault::WriteFails | Fault::SyncFails => return Ok(()),
        }
        Err(io::Error::other("the simulated process is gone"))
    }

    /// What a failing sync says: some file systems find out only then that there is no room.
    pub(super) fn sync_error(&mut self) -> io::Error {
        if self.random.once_in(3) {
            io::ErrorKind::StorageFull.into()
        } else {
            io::Error::other("the simulated device failed")
        }
    }

    pub(super) fn kill(&mut self) {
        self.is_up = false;
        self.generation += 1;
        self.locks.clear();
        for inode in self.inodes.values_mut() {
            inode.kill(&mut self.random);
        }
    }

    pub(super) fn power_loss(&mut self) {
        self.is_up = false;
        self.generation += 1;
        self.locks.clear();
        for inode in self.inodes.values_mut() {
            inode.power_loss(&mut self.random);
        }
        let dirs: Vec<PathBuf> = self.unsynced.keys().cloned().collect();
        for dir in dirs {
            let in_order = self.random.once_in(2);
            self.sync_some_names(&dir, in_order);
        }
        self.unsynced.clear();
        self.forget_orphans();
    }

    pub(super) fn node(&self, path: &Path) -> io::Result<Node> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn children(&self, dir: &Path) -> Vec<String> {
        let names = self.names.keys().filter(|path| path.parent() == Some(dir));
        names.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }

    pub(super) fn inode(&mut self, id: u64) -> &mut Inode {
        self.inodes.entry(id).or_default()
    }

    pub(super) fn used(&self) -> u64 {
        let files = self.names.values().filter_map(|node| match node {
            Node::File(id) => self.inodes.get(id),
            Node::Directory => None,
        });
        files.map(|inode| crate::disk::bytes_u64(inode.length())).sum()
    }

    pub(super) fn room(&self) -> usize {
        usize::try_from(self.capacity.saturating_sub(self.used())).unwrap_or(usize::MAX)
    }

    pub(super) fn link(&mut self, path: &Path, node: Option<Node>) -> io::Result<u64> {
        if !self.names.contains_key(parent(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.next_inode += 1;
        let id = self.next_inode;
        self.rename_unsynced(Renaming::Link(path.to_owned(), node.unwrap_or(Node::File(id))), path);
        Ok(id)
    }

    pub(super) fn unlink(&mut self, path: &Path) -> io::Result<()> {
        self.node(path)?;
        self.rename_unsynced(Renaming::Unlink(path.to_owned()), path);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.node(from)?;
        assert_eq!(from.parent(), to.parent(), "files are renamed within a directory");
        self.rename_unsynced(Renaming::Rename(from.to_owned(), to.to_owned(), node), to);
        Ok(())
    }

    pub(super) fn sync_names(&mut self, dir: &Path) {
        for renaming in self.unsynced.remove(dir).unwrap_or_default() {
            renaming.apply(&mut self.platter_names);
        }
    }

    /// A sync of names that fails: some arrive, the others stay to be synced, for no file system calls those clean.
    pub(super) fn sync_of_names_fails(&mut self, dir: &Path) {
        self.sync_some_names(dir, true);
    }

    /// Some of the unsynced changes of names arrive: up to a point as with a journaling file system, or any of them.
    fn sync_some_names(&mut self, dir: &Path, in_order: bool) {
        let renamings = self.unsynced.remove(dir).unwrap_or_default();
        let arrive = self.random.length_below(renamings.len() + 1);
        let mut rest = Vec::new();
        for (index, renaming) in renamings.into_iter().enumerate() {
            let arrives = if in_order { index < arrive } else { self.random.once_in(2) };
            if arrives {
                renaming.apply(&mut self.platter_names);
            } else {
                rest.push(renaming);
            }
        }
        self.unsynced.insert(dir.to_owned(), rest);
    }

    fn rename_unsynced(&mut self, renaming: Renaming, path: &Path) {
        renaming.apply(&mut self.names);
        self.unsynced.entry(parent(path).to_owned()).or_default().push(renaming);
    }

    /// After a power cut only what is on the platter and below a directory that is there has a name.
    fn forget_orphans(&mut self) {
        let all = std::mem::take(&mut self.platter_names);
        for (path, node) in all {
            // Parents come before what is in them, so they have been judged already.
            if path == Path::new("/") || self.platter_names.contains_key(parent(&path)) {
                self.platter_names.insert(path, node);
            }
        }
        self.names.clone_from(&self.platter_names);
        let named: BTreeSet<u64> = self
            .names
            .values()
            .filter_map(|node| match node {
                Node::File(id) => Some(*id),
                Node::Directory => None,
            })
            .collect();
        self.inodes.retain(|id, _| named.contains(id));
    }
}

impl Renaming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        match self {
            Renaming::Link(path, node) => {
                names.insert(path.clone(), *node);
            }
            Renaming::Unlink(path) => {
                names.remove(path);
            }
            Renaming::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}
