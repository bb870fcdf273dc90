//! What is known of the time before a start: the last entry's stamp, and the clock's anchor on disk, where a restart
//! within the same boot of the machine goes on from. The anchor is a hint; the last stamp is not, for no later one may be
//! before it.

use crate::parts::paths::DataPaths;
use crate::stamp_clock::{Anchor, Before};
use std::path::Path;
use tracing::warn;
use watchfire_journal::{Reader, RealDisk, SegmentInfo, atomic_file, segments};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Seq, Timestamp};

/// There are entries, and not one stamp of them can be read: a new clock might go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no stamp of the journal's entries up to {last} can be read, so the clock could go back: restore the journal from a backup"
)]
pub(crate) struct NoLastStamp {
    last: u64,
}

/// Notes an anchor.
pub(crate) fn note(file: &Path, anchor: &Anchor) -> Result<(), atomic_file::WriteError> {
    let text = serde_json::to_vec(anchor).expect("our own types always encode");
    atomic_file::write(&RealDisk, file, &text)
}

/// What is known of the time before this start; `None` for a new journal. When the last entry cannot be read, the
/// newest one that can be and the anchor stand for it.
pub(crate) fn before(paths: &DataPaths, last: u64) -> Result<Option<Before>, NoLastStamp> {
    if last == 0 {
        return Ok(None);
    }
    let anchor: Option<Anchor> = std::fs::read(paths.clock()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let last_at = stamps(&paths.journal(), last, last).or_else(|| {
        let found = newest_readable(&paths.journal(), last);
        warn!(
            last,
            ?found,
            "the last entry cannot be read: the clock goes on from the newest one that can, or its anchor"
        );
        found.max(anchor.map(|anchor| anchor.at))
    });
    Ok(Some(Before { last_at: last_at.ok_or(NoLastStamp { last })?, anchor }))
}

/// The last stamp in the newest segment of which anything can be read.
fn newest_readable(folder: &Path, last: u64) -> Option<Timestamp> {
    let found: Vec<SegmentInfo> = segments(&RealDisk, folder).ok()?;
    found.iter().rev().find_map(|segment| {
        let end = segment.end.map_or(last, |end| end.saturating_sub(1));
        stamps(folder, segment.first, end)
    })
}

/// The last stamp that can be read from entry `from` on, up to `to`.
fn stamps(folder: &Path, from: u64, to: u64) -> Option<Timestamp> {
    let mut reader = Reader::open(&RealDisk, folder, from).ok()?;
    let mut found = None;
    while let Ok(Some(record)) = reader.next(to) {
        found = decode_entry(Seq(record.seq), record.bytes).ok().map(|entry| entry.at).or(found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_journal::{Limits, Writer};
    use watchfire_model::{EncodedInput, Input};

    /// A journal with that many ticks, a second apart, in a segment each.
    fn journal(paths: &DataPaths, ticks: i64) -> u64 {
        let limits = Limits { segment_bytes: 1, reserve_bytes: 0, ..Limits::default() };
        let (mut writer, _) = Writer::open(&RealDisk, &paths.journal(), limits).unwrap();
        for second in 1..=ticks {
            let mut tick = EncodedInput::new(&Input::Tick);
            writer.append(tick.stamp(Timestamp::from_seconds(second))).unwrap();
            writer.sync().unwrap();
        }
        writer.durable()
    }

    /// Breaks the segment of that entry.
    fn damage(paths: &DataPaths, entry: u64) {
        let file = paths.journal().join(format!("seg-{entry:020}.wfj"));
        let mut bytes = std::fs::read(&file).unwrap();
        for byte in bytes.iter_mut().skip(56) {
            *byte ^= 0xFF;
        }
        std::fs::write(file, bytes).unwrap();
    }

    fn last_at(paths: &DataPaths, last: u64) -> Result<Option<Timestamp>, NoLastStamp> {
        before(paths, last).map(|before| before.map(|before| before.last_at))
    }

    #[test]
    fn a_last_entry_that_cannot_be_read_does_not_set_the_clock_back() {
        let folder = tempfile::tempdir().unwrap();
        let paths = DataPaths::new(folder.path());
        assert_eq!(last_at(&paths, 0), Ok(None), "a new journal");
        let last = journal(&paths, 3);
        let second = |second| Ok(Some(Timestamp::from_seconds(second)));
        assert_eq!(last_at(&paths, last), second(3));
        damage(&paths, 3);
        assert_eq!(last_at(&paths, last), second(2), "the segment before it is read");
        damage(&paths, 2);
        damage(&paths, 1);
        assert_eq!(last_at(&paths, last), Err(NoLastStamp { last }), "not taken for a new journal");
        let anchor = Anchor {
            at: Timestamp::from_seconds(9),
            since_boot_us: 0,
            boot_id: [0; 16],
            doubted_until: Timestamp::EPOCH,
        };
        note(&paths.clock(), &anchor).unwrap();
        assert_eq!(last_at(&paths, last), second(9));
    }
}
