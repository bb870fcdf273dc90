//! Takes up the newest snapshot that can be taken up: one that passes its checksum and that its owner then refuses gives
//! way to the older one.

use std::path::Path;
use tracing::{error, warn};
use watchfire_journal::snapshot::{self, Fit};
use watchfire_journal::{JournalId, RealDisk};

/// What was taken up, and the position that it holds; `None` when no snapshot can be.
/// `last` is the last durable entry of the journal: what is ahead of it belongs to another one.
pub(crate) fn newest<T, E: std::fmt::Display>(
    folder: &Path,
    name: &str,
    version: u32,
    (journal_id, last): (JournalId, u64),
    restore: impl Fn(&[u8]) -> Result<T, E>,
) -> std::io::Result<Option<(T, u64)>> {
    let mut last = last;
    let mut told = false;
    loop {
        let fit = Fit { journal_id, last, versions: &[version] };
        let loaded = snapshot::load(&RealDisk, folder, name, &fit)?;
        // Of the second look on, those refused are the ones that were looked at before.
        for (file, refusal) in loaded.refused.iter().filter(|_| !told) {
            warn!(file = %file.display(), %refusal, "snapshot passed over");
        }
        told = true;
        let Some(snapshot) = loaded.snapshot else { return Ok(None) };
        match restore(&snapshot.body) {
            Ok(state) => return Ok(Some((state, snapshot.position))),
            Err(why) => error!(name, position = snapshot.position, %why, "snapshot refused; trying the older one"),
        }
        let Some(before) = snapshot.position.checked_sub(1) else { return Ok(None) };
        last = before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_snapshot_gives_way_to_the_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let journal = JournalId([3; 16]);
        for (position, body) in [(10, "good"), (20, "bad")] {
            snapshot::save(&RealDisk, folder.path(), "rules", 1, journal, position, body.as_bytes()).unwrap();
        }
        let restore = |body: &[u8]| if body == b"good" { Ok("taken up") } else { Err("refused") };
        let at = |last| newest(folder.path(), "rules", 1, (journal, last), restore).unwrap();
        assert_eq!(at(30), Some(("taken up", 10)));
        assert_eq!(at(15), Some(("taken up", 10)));
        assert_eq!(at(5), None);
    }
}
