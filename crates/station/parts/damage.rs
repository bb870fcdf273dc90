//! What is done about a damaged segment of the journal or of the alert log: what is lost of it is replaced by records that
//! change nothing, so that every reader goes on behind it, and a person is told. The damaged file is kept beside it.
//!
//! An entry that is lost becomes a tick at the time of the one before it; a record of the alert log that is lost becomes
//! one without transitions.

use crate::parts::alert_log::AlertLogError;
use std::path::{Path, PathBuf};
use tracing::error;
use watchfire_journal::{Damage, MendError, ReadError, RealDisk, mend};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, Bilingual, EncodedInput, Input, JournalId, Seq, Timestamp};

/// Which of the two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// The journal.
    Journal,
    /// The alert log.
    Alerts,
}

/// The file that is damaged, when this is what stands in the way, and it can be mended.
pub(crate) fn damaged_file(error: &ReadError) -> Option<&Path> {
    match error {
        ReadError::Damaged { damage: Damage::Version(_), .. } => None,
        ReadError::Damaged { file, .. } => Some(file),
        ReadError::NoJournal { .. } | ReadError::Gone { .. } | ReadError::Io { .. } => None,
    }
}

/// The same of the alert log.
pub(crate) fn damaged_file_of_alerts(error: &AlertLogError) -> Option<&Path> {
    match error {
        AlertLogError::Read(error) => damaged_file(error),
        AlertLogError::List(_) | AlertLogError::Record { .. } => None,
    }
}

/// Mends a segment; what is to be told of it, `None` when another has mended it meanwhile. `used` is the highest number
/// that is known to be used in that log.
pub(crate) fn repair(file: &Path, log: Log, used: u64) -> Result<Option<Bilingual>, MendError> {
    let Some(mended) = mend(&RealDisk, file, used, |near| filler(log, near))? else { return Ok(None) };
    let (name, aside, lost) = (name_of(file), name_of(&mended.aside), mended.records_lost());
    error!(name, aside, lost, stretches = ?mended.lost, "a damaged segment was mended: what is lost is passed over");
    Ok(Some(match log {
        Log::Journal => Bilingual::new(
            format!("{name}: {lost} entries are lost and passed over; the damaged file is kept as {aside}"),
            format!("{name}：{lost} 条记录已损坏并被跳过；损坏的文件保留为 {aside}"),
        ),
        Log::Alerts => Bilingual::new(
            format!("alert log {name}: {lost} records are lost and passed over; the damaged file is kept as {aside}"),
            format!("警情日志 {name}：{lost} 条记录已损坏并被跳过；损坏的文件保留为 {aside}"),
        ),
    }))
}

fn filler(log: Log, near: Option<&[u8]>) -> Vec<u8> {
    match log {
        Log::Journal => {
            let at = near.and_then(|near| decode_entry(Seq(0), near).ok().map(|entry| entry.at));
            EncodedInput::new(&Input::Tick).stamp(at.unwrap_or(Timestamp::EPOCH)).to_vec()
        }
        Log::Alerts => {
            let near = near.and_then(|near| AlertRecord::decode(near).ok());
            let (seq, journal) = near.map_or((Seq(0), JournalId([0; 16])), |near| (near.seq, near.journal));
            AlertRecord { seq, journal, transitions: Vec::new() }.encode()
        }
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(PathBuf::from).unwrap_or_default().display().to_string()
}
