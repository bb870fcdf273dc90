//! What is kept beside the segments: evidence, snapshots, content files.

use super::{Run, check};
use std::path::Path;
use watchfire_journal::evidence::{self, KeepError};
use watchfire_journal::snapshot::{self, Fit};
use watchfire_journal::{Disk, DiskFile, atomic_file};

impl Run {
    pub(super) fn retain(&mut self) -> Result<(), String> {
        let had_fault = self.sim.has_fault();
        let Some(writer) = &self.writer else { return Ok(()) };
        let segments = match writer.segments() {
            Ok(segments) => segments,
            Err(error) => return self.fails(had_fault, &error),
        };
        let sealed: Vec<_> = segments.into_iter().filter(|segment| segment.end.is_some()).collect();
        let count = self.random.length_below(sealed.len() + 1).min(3);
        for segment in &sealed[..count] {
            let end = segment.end.unwrap();
            // Whatever happens now, the segment may be gone.
            self.removed = self.removed.max(end);
            let moved = if self.random.once_in(5) {
                evidence::discard(&self.disk, &self.dir, segment).map_err(|error| error.to_string())
            } else {
                match evidence::keep(&self.disk, &self.dir, segment, i64::try_from(end).unwrap()) {
                    Err(KeepError::DiskFull { .. }) if self.is_limited => return Ok(()),
                    Err(KeepError::Damaged { damage, .. }) => return Err(format!("keeping: {damage}")),
                    other => other.map(drop).map_err(|error| error.to_string()),
                }
            };
            if let Err(error) = moved {
                return self.fails(had_fault, &error);
            }
        }
        Ok(())
    }

    pub(super) fn look_at_evidence(&mut self) -> Result<(), String> {
        let had_fault = self.sim.has_fault();
        let items = match evidence::list(&self.disk, &self.dir) {
            Ok(items) => items,
            Err(error) => return self.fails(had_fault, &error),
        };
        for item in &items {
            let unpacked = match evidence::read(&self.disk, &self.dir, item) {
                Ok(unpacked) => unpacked,
                Err(error) => return self.fails(had_fault, &error),
            };
            for record in unpacked.records().filter(|record| record.seq <= item.last) {
                let is_right = self.truth.get(&record.seq).is_some_and(|bytes| bytes == record.bytes);
                check(is_right, || format!("record {} has changed in the evidence", record.seq))?;
            }
            self.count("evidence read");
        }
        if self.random.once_in(3) && !self.is_limited {
            let oldest = evidence::expired(&items, i64::MAX, 0, 1);
            if let Err(error) = evidence::remove(&self.disk, &self.dir, &oldest) {
                return self.fails(had_fault, &error);
            }
        }
        Ok(())
    }

    pub(super) fn save_snapshot(&mut self) -> Result<(), String> {
        let had_fault = self.sim.has_fault();
        let (Some(journal_id), position) = (self.journal_id, self.durable) else { return Ok(()) };
        let body = position.to_le_bytes().repeat(3);
        match snapshot::save(&self.disk, Path::new("/data/state"), "rules", 1, journal_id, position, &body) {
            Ok(()) => self.saved = position,
            Err(atomic_file::WriteError::DiskFull { .. }) if self.is_limited => {}
            Err(error) => return self.fails(had_fault, &error),
        }
        self.check_snapshot(had_fault)
    }

    pub(super) fn check_snapshot(&mut self, had_fault: bool) -> Result<(), String> {
        let Some(journal_id) = self.journal_id else { return Ok(()) };
        let fit = Fit { journal_id, last: self.durable, versions: &[1] };
        let loaded = match snapshot::load(&self.disk, Path::new("/data/state"), "rules", &fit) {
            Ok(loaded) => loaded,
            Err(error) => return self.fails(had_fault || self.sim.has_fault(), &error),
        };
        check(loaded.refused.is_empty(), || format!("refused {:?}", loaded.refused))?;
        self.count("snapshots loaded");
        let Some(found) = loaded.snapshot else {
            return check(self.saved == 0, || "the snapshot is lost".to_owned());
        };
        check(found.position >= self.saved, || "a newer snapshot is lost".to_owned())?;
        self.saved = found.position;
        check(found.body == found.position.to_le_bytes().repeat(3), || "the snapshot has changed".to_owned())
    }

    pub(super) fn write_content(&mut self) -> Result<(), String> {
        let had_fault = self.sim.has_fault();
        let content = self.record();
        self.content.push(Some(content.clone()));
        match atomic_file::write(&self.disk, Path::new("/data/content"), &content) {
            Ok(()) => {
                self.content = vec![Some(content)];
                Ok(())
            }
            Err(atomic_file::WriteError::DiskFull { .. }) if self.is_limited => Ok(()),
            Err(error) => self.fails(had_fault, &error),
        }
    }

    pub(super) fn check_content(&mut self, had_fault: bool) -> Result<(), String> {
        let read = || {
            let file = self.disk.open(Path::new("/data/content"))?;
            let mut bytes = vec![0; 1_000];
            let length = file.read_at(&mut bytes, 0)?;
            bytes.truncate(length);
            Ok(bytes)
        };
        let found = match read() {
            Ok(found) => Some(found),
            Err(error) if std::io::Error::kind(&error) == std::io::ErrorKind::NotFound => None,
            Err(error) => return self.fails(had_fault || self.sim.has_fault(), &error),
        };
        check(self.content.contains(&found), || format!("the content is {found:?}"))
    }
}
