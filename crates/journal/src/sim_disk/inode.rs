//! One simulated file: what running programs see, what is on the platter, and what is on its way there.

use super::random::Random;
use std::io;

/// A change that has not been synced.
#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

/// One simulated file.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    cache: Vec<u8>,
    platter: Vec<u8>,
    unsynced: Vec<Change>,
    /// A failed sync has marked pages clean that never reached the platter.
    has_lost_pages: bool,
}

impl Inode {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.cache
    }

    pub(super) fn length(&self) -> usize {
        self.cache.len()
    }

    /// Writes as much as there is room for: `room` more bytes than the file has now.
    pub(super) fn write(&mut self, offset: usize, bytes: &[u8], room: usize) -> io::Result<()> {
        let length_max = self.cache.len().saturating_add(room);
        let fitting = bytes.len().min(length_max.saturating_sub(offset));
        let bytes_fitting = bytes.get(..fitting).unwrap_or_default();
        if fitting > 0 {
            self.change(Change::Write { offset, bytes: bytes_fitting.to_vec() });
        }
        if fitting == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    pub(super) fn set_length(&mut self, length: usize) {
        self.change(Change::Length(length));
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.platter);
        }
    }

    /// A sync that fails: some of it reached the platter, and nothing will try the rest again.
    pub(super) fn sync_fails(&mut self, random: &mut Random) {
        self.lose_some(random);
        self.has_lost_pages = self.platter != self.cache;
    }

    /// The process is gone, the system runs on. Pages that count as clean may be thrown out and read again.
    pub(super) fn kill(&mut self, random: &mut Random) {
        if self.has_lost_pages && random.once_in(2) {
            self.cache.clone_from(&self.platter);
            for change in &self.unsynced {
                change.apply(&mut self.cache);
            }
            self.has_lost_pages = false;
        }
    }

    /// The power is gone: of what was on its way, any part has arrived.
    pub(super) fn power_loss(&mut self, random: &mut Random) {
        self.lose_some(random);
        self.cache.clone_from(&self.platter);
        self.has_lost_pages = false;
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.cache);
        self.unsynced.push(change);
    }

    fn lose_some(&mut self, random: &mut Random) {
        let mood = random.below(4);
        for change in std::mem::take(&mut self.unsynced) {
            match mood {
                0 => {}
                1 => change.apply(&mut self.platter),
                _ => {
                    if let Some(change) = change.survives(random) {
                        change.apply(&mut self.platter);
                    }
                }
            }
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Change::Length(length) => content.resize(*length, 0),
            Change::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content.get_mut(*offset..end).expect("it was made that long").copy_from_slice(bytes);
            }
        }
    }

    /// What is left of a change that was on its way: all, nothing, or a piece torn at any byte.
    fn survives(self, random: &mut Random) -> Option<Change> {
        match (self, random.below(4)) {
            (_, 0) => None,
            (Change::Write { offset, bytes }, 1) => {
                let end = random.length_below(bytes.len());
                Some(Change::Write { offset, bytes: bytes.get(..end)?.to_vec() })
            }
            (Change::Write { offset, bytes }, 2) => {
                let begin = random.length_below(bytes.len());
                Some(Change::Write { offset: offset + begin, bytes: bytes.get(begin..)?.to_vec() })
            }
            (change, _) => Some(change),
        }
    }
}
