//! Hostile segments for the property test and the fuzz target: whatever the bytes are, nothing panics, and what is read
//! is a beginning of what was written.

use std::path::{Path, PathBuf};
use watchfire_journal::sim_disk::SimDisk;
use watchfire_journal::{Disk, DiskFile, Limits, Reader, Writer, survey};

const DIR: &str = "/journal";
const LIMITS: Limits =
    Limits { segment_bytes: 600, record_bytes_max: 64, pending_bytes_max: 400, ahead_bytes: 64, reserve_bytes: 0 };

/// Takes the bytes as a segment, and as a list of edits to a sound one.
pub(crate) fn check(bytes: &[u8]) {
    let disk = SimDisk::new(0);
    disk.create_dir(Path::new(DIR)).expect("the disk is empty");
    overwrite(&disk, &segment(), bytes);
    assert_beginning(&disk, &[]);
    let written = write_journal(&disk);
    let sound = contents(&disk, &segment());
    let mut edited = sound.clone();
    for edit in bytes.chunks_exact(3) {
        if let [low, high, value] = *edit {
            let place = usize::from(u16::from_le_bytes([low, high])) % (edited.len() + 8);
            edited.resize(edited.len().max(place + 1), 0);
            edited[place] ^= value;
        }
    }
    overwrite(&disk, &segment(), &edited);
    assert_beginning(&disk, &written);
}

/// Reads and opens; every record that comes out was written at that place.
fn assert_beginning(disk: &SimDisk, written: &[Vec<u8>]) {
    let last = survey(disk, Path::new(DIR)).map_or(u64::MAX, |survey| survey.last);
    if let Ok(mut reader) = Reader::open(disk, Path::new(DIR), 1) {
        while let Ok(Some(record)) = reader.next(last) {
            let index = usize::try_from(record.seq - 1).expect("few records");
            assert_eq!(written.get(index).map(Vec::as_slice), Some(record.bytes));
        }
    }
    if let Ok((_, recovered)) = Writer::open(disk, Path::new(DIR), LIMITS) {
        assert_eq!(recovered.last, last);
    }
}

fn write_journal(disk: &SimDisk) -> Vec<Vec<u8>> {
    disk.remove(&segment()).ok();
    let (mut writer, _) = Writer::open(disk, Path::new(DIR), LIMITS).expect("the directory holds no segment");
    let records: Vec<Vec<u8>> = (1..12u8).map(|length| vec![length; usize::from(length) * 3]).collect();
    for batch in records.chunks(3) {
        for record in batch {
            writer.append(record).expect("it is within the limits");
        }
        writer.sync().expect("the disk is not full");
    }
    records
}

fn segment() -> PathBuf {
    Path::new(DIR).join("seg-00000000000000000001.wfj")
}

fn contents(disk: &SimDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path).expect("it was just written");
    let mut bytes = vec![0; 10_000];
    let length = file.read_at(&mut bytes, 0).expect("the disk works");
    bytes.truncate(length);
    bytes
}

fn overwrite(disk: &SimDisk, path: &Path, bytes: &[u8]) {
    disk.create(path).and_then(|file| file.write_at(bytes, 0)).expect("the disk works");
}
