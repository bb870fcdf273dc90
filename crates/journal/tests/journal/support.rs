//! What several tests need: small limits, and a file's bytes out of and into a simulated disk.

use std::path::{Path, PathBuf};
use watchfire_journal::sim_disk::SimDisk;
use watchfire_journal::{Disk, DiskFile, Limits, Reader, Writer};

pub(crate) const DIR: &str = "/data/journal";

pub(crate) const SMALL: Limits = Limits {
    segment_bytes: 64 * 1024,
    record_bytes_max: 4096,
    pending_bytes_max: 64 * 1024,
    ahead_bytes: 0,
    reserve_bytes: 1024,
};

pub(crate) fn dir() -> PathBuf {
    PathBuf::from(DIR)
}

pub(crate) fn segment(first: u64) -> PathBuf {
    dir().join(format!("seg-{first:020}.wfj"))
}

pub(crate) fn get(disk: &SimDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

pub(crate) fn put(disk: &SimDisk, path: &Path, bytes: &[u8]) {
    disk.create_dir(Path::new("/data")).ok();
    disk.create_dir(&dir()).ok();
    let file = disk.create(path).unwrap();
    file.write_at(bytes, 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(path.parent().unwrap()).unwrap();
}

/// A journal of these batches.
pub(crate) fn journal_of(batches: &[&[&[u8]]], limits: Limits) -> SimDisk {
    let disk = SimDisk::new(1);
    let (mut writer, _) = Writer::open(&disk, &dir(), limits).unwrap();
    for batch in batches {
        for record in *batch {
            writer.append(record).unwrap();
        }
        writer.sync().unwrap();
    }
    disk
}

/// All records from one number to another.
pub(crate) fn records<D: Disk>(disk: &D, dir: &Path, from: u64, to: u64) -> Vec<Vec<u8>> {
    let mut reader = Reader::open(disk, dir, from).unwrap();
    let mut records = Vec::new();
    while let Some(record) = reader.next(to).unwrap() {
        records.push(record.bytes.to_vec());
    }
    records
}
