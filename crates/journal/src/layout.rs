//! The names in a journal's directory.

use crate::disk::{Disk, DiskFile};
use std::io;
use std::path::{Path, PathBuf};

/// The lock's name.
pub(crate) const LOCK: &str = "lock";
/// The reserve's name.
pub(crate) const RESERVE: &str = "reserve";
/// The end of the name of a file that is being made.
pub(crate) const TEMPORARY: &str = ".tmp";

/// A segment as the directory shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The number of its first record.
    pub first: u64,
    /// The number after its last record; `None` for the active segment, which is still growing.
    pub end: Option<u64>,
    /// Its length on the disk.
    pub bytes: u64,
}

/// The segments of a journal, oldest first. Needs no writer and disturbs none.
///
/// # Errors
/// The system's.
pub fn segments<D: Disk>(disk: &D, dir: &Path) -> io::Result<Vec<SegmentInfo>> {
    let firsts = firsts(disk, dir)?;
    let ends = firsts.iter().skip(1).copied().map(Some).chain([None]);
    let mut segments = Vec::with_capacity(firsts.len());
    for (&first, end) in firsts.iter().zip(ends) {
        match disk.open(&segment_path(dir, first)) {
            Ok(file) => segments.push(SegmentInfo { first, end, bytes: file.size()? }),
            // It left for the evidence while we looked.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(segments)
}

/// The first numbers of the segments, oldest first.
pub(crate) fn firsts<D: Disk>(disk: &D, dir: &Path) -> io::Result<Vec<u64>> {
    let mut firsts: Vec<u64> = disk.list(dir)?.iter().filter_map(|name| parse_segment_name(name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// Where the segment that begins with that record is.
pub(crate) fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("seg-{first:020}.wfj"))
}

/// The name under which a file is made before it gets this one.
pub(crate) fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(TEMPORARY);
    path.with_file_name(name)
}

pub(crate) fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("seg-")?.strip_suffix(".wfj")?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&first| plain && first > 0)
}
