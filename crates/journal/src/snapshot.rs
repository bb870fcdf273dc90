//! A state that was folded from a journal, kept so that a restart need not replay all of it. This page is the
//! specification of the files.
//!
//! A snapshot is a file `<name>-<position, 20 digits>.wfs`, written whole under a temporary name, synced, renamed, its
//! directory synced ([`atomic_file`]); then all but the two with the highest positions are removed. All integers are
//! little-endian.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `WFSNAP\r\n` |
//! | 8 | 4 | version of this layout, 1 |
//! | 12 | 4 | version of the body, the owner's |
//! | 16 | 16 | journal id |
//! | 32 | 8 | position: the body holds the effect of every record up to and including this one |
//! | 40 | 8 | length of the body, up to [`BODY_BYTES_MAX`] |
//! | 48 | 4 | CRC32C of bytes 0 to 47 and the body |
//! | 52 | | the body; the file ends with it |
//!
//! A name has 1 to 64 of `a`-`z`, `0`-`9` and `_`. Loading takes the newest file that is sound, of this journal, of a
//! version that the caller reads, and not ahead of the journal; each file passed over is reported with the reason. A
//! snapshot that was loaded is durable, so it may serve as a cursor.

use crate::atomic_file::{self, WriteError};
use crate::disk::{Disk, bytes_u64, read_whole};
use crate::layout::TEMPORARY;
use crate::segment::{JournalId, array};
use std::io;
use std::path::{Path, PathBuf};

/// No body is longer.
pub const BODY_BYTES_MAX: u64 = 1024 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"WFSNAP\r\n";
const LAYOUT_VERSION: u32 = 1;
const HEADER_BYTES: usize = 52;
const SIGNED_BYTES: usize = 48;
const KEPT: usize = 2;

/// A state at a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The version of the body.
    pub version: u32,
    /// It holds the effect of every record up to and including this one.
    pub position: u64,
    /// The state, as its owner encoded it.
    pub body: Vec<u8>,
}

/// What a loaded snapshot must fit.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    /// The journal it is of.
    pub journal_id: JournalId,
    /// The last durable record of that journal.
    pub last: u64,
    /// The versions of the body that the caller reads.
    pub versions: &'a [u32],
}

/// Why a snapshot was passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Torn, or damaged.
    #[error("its checksum does not match")]
    Checksum,
    /// Made by another build.
    #[error("its version {0} is not one that this build reads")]
    Version(u32),
    /// Made of another journal. Whoever keeps going then must have a reason.
    #[error("it belongs to journal {0}")]
    Journal(JournalId),
    /// The journal has lost durable records, or was put back to an older state.
    #[error("it is at record {position}, the journal ends at record {last}")]
    Ahead {
        /// The snapshot's.
        position: u64,
        /// The journal's.
        last: u64,
    },
}

/// What loading found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The newest snapshot that fits; without one the journal is replayed from its beginning.
    pub snapshot: Option<Snapshot>,
    /// The files that were passed over, newest first.
    pub refused: Vec<(PathBuf, Refusal)>,
}

/// Saves a snapshot and removes all but the last two of that name. When it returns, the snapshot is durable.
///
/// # Errors
/// See [`WriteError`]. An older snapshot of the name is still there.
///
/// # Panics
/// On a name that is none, or a body over [`BODY_BYTES_MAX`].
pub fn save<D: Disk>(
    disk: &D,
    dir: &Path,
    name: &str,
    version: u32,
    journal_id: JournalId,
    position: u64,
    body: &[u8],
) -> Result<(), WriteError> {
    assert!(is_name(name), "the name of a snapshot has 1 to 64 of a-z, 0-9 and _");
    assert!(bytes_u64(body.len()) <= BODY_BYTES_MAX, "the body of a snapshot has at most 1 GiB");
    let path = dir.join(file_name(name, position));
    atomic_file::write(disk, &path, &encode(version, journal_id, position, body))?;
    remove_old(disk, dir, name, position)
        .map_err(|source| WriteError::Failed { path: path.display().to_string(), source })
}

/// Loads the newest snapshot that fits.
///
/// # Errors
/// The system's. A directory that is missing has no snapshots.
pub fn load<D: Disk>(disk: &D, dir: &Path, name: &str, fit: &Fit<'_>) -> io::Result<Loaded> {
    let mut loaded = Loaded { snapshot: None, refused: Vec::new() };
    let positions = match positions(disk, dir, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(loaded),
        other => other?,
    };
    // A process that was killed between rename and sync leaves a name that the next power cut would take away.
    disk.sync_dir(dir)?;
    for position in positions {
        let path = dir.join(file_name(name, position));
        let file = disk.open(&path)?;
        let bytes = read_whole(&file, BODY_BYTES_MAX + bytes_u64(HEADER_BYTES))?;
        match decode(&bytes, fit) {
            Ok(snapshot) => {
                loaded.snapshot = Some(snapshot);
                break;
            }
            Err(refusal) => loaded.refused.push((path, refusal)),
        }
    }
    Ok(loaded)
}

/// Copies the sound snapshots of a journal into another directory, under that journal's new id; how many. What is torn,
/// of another journal or ahead of its last record is left out.
///
/// # Errors
/// See [`WriteError`].
pub fn copy_as<D: Disk>(
    disk: &D,
    from: &Path,
    to: &Path,
    (journal_id, last): (JournalId, u64),
    new_id: JournalId,
) -> Result<usize, WriteError> {
    let failed = |source: io::Error| WriteError::Failed { path: from.display().to_string(), source };
    let names = match disk.list(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        listed => listed.map_err(failed)?,
    };
    let mut copied = 0;
    for name in names.iter().filter(|name| name.ends_with(".wfs")) {
        let opened = disk.open(&from.join(name)).map_err(failed)?;
        let bytes = read_whole(&opened, BODY_BYTES_MAX + bytes_u64(HEADER_BYTES)).map_err(failed)?;
        let Some(version) = array(&bytes, 12).map(u32::from_le_bytes) else { continue };
        if let Ok(snapshot) = decode(&bytes, &Fit { journal_id, last, versions: &[version] }) {
            let own = encode(version, new_id, snapshot.position, &snapshot.body);
            atomic_file::write(disk, &to.join(name), &own)?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// Removes what the snapshot at `position` has made needless, and what killed processes have left half made.
fn remove_old<D: Disk>(disk: &D, dir: &Path, name: &str, position: u64) -> io::Result<()> {
    let old = positions(disk, dir, name)?.into_iter().filter(|&other| other < position).skip(KEPT - 1);
    let half_made = disk
        .list(dir)?
        .into_iter()
        .filter(|file| file.strip_suffix(TEMPORARY).is_some_and(|snapshot| parse_file_name(name, snapshot).is_some()));
    let names: Vec<String> = old.map(|other| file_name(name, other)).chain(half_made).collect();
    names.iter().try_for_each(|file| disk.remove(&dir.join(file)))
}

fn encode(version: u32, journal_id: JournalId, position: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&LAYOUT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&journal_id.0);
    bytes.extend_from_slice(&position.to_le_bytes());
    bytes.extend_from_slice(&bytes_u64(body.len()).to_le_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes), body);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn decode(bytes: &[u8], fit: &Fit<'_>) -> Result<Snapshot, Refusal> {
    let signed = bytes.get(..SIGNED_BYTES).ok_or(Refusal::Checksum)?;
    let body = bytes.get(HEADER_BYTES..).ok_or(Refusal::Checksum)?;
    let field = |offset| array(bytes, offset).map(u32::from_le_bytes).ok_or(Refusal::Checksum);
    let long_field = |offset| array(bytes, offset).map(u64::from_le_bytes).ok_or(Refusal::Checksum);
    let checksum = crc32c::crc32c_append(crc32c::crc32c(signed), body);
    if field(48)? != checksum || !bytes.starts_with(MAGIC) || long_field(40)? != bytes_u64(body.len()) {
        return Err(Refusal::Checksum);
    }
    let (layout, version, position) = (field(8)?, field(12)?, long_field(32)?);
    let journal_id = JournalId(array(bytes, 16).ok_or(Refusal::Checksum)?);
    if layout != LAYOUT_VERSION {
        return Err(Refusal::Version(layout));
    }
    if journal_id != fit.journal_id {
        return Err(Refusal::Journal(journal_id));
    }
    if !fit.versions.contains(&version) {
        return Err(Refusal::Version(version));
    }
    if position > fit.last {
        return Err(Refusal::Ahead { position, last: fit.last });
    }
    Ok(Snapshot { version, position, body: body.to_vec() })
}

/// The positions of the snapshots of a name, newest first.
fn positions<D: Disk>(disk: &D, dir: &Path, name: &str) -> io::Result<Vec<u64>> {
    let mut positions: Vec<u64> = disk.list(dir)?.iter().filter_map(|file| parse_file_name(name, file)).collect();
    positions.sort_unstable_by(|a, b| b.cmp(a));
    Ok(positions)
}

fn file_name(name: &str, position: u64) -> String {
    format!("{name}-{position:020}.wfs")
}

fn parse_file_name(name: &str, file: &str) -> Option<u64> {
    let digits = file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".wfs")?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}
