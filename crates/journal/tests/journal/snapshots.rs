//! Snapshots: the newest that fits, the older one instead, or the reason.

use super::support::{get, put};
use std::path::Path;
use watchfire_journal::sim_disk::SimDisk;
use watchfire_journal::snapshot::{Fit, Loaded, Refusal, load, save};
use watchfire_journal::{Disk, JournalId};

const DIR: &str = "/data/state";
const OURS: JournalId = JournalId([1; 16]);

fn saved(positions: &[u64]) -> SimDisk {
    let disk = SimDisk::new(1);
    for &position in positions {
        save(&disk, Path::new(DIR), "rules", 3, OURS, position, format!("state at {position}").as_bytes()).unwrap();
    }
    disk
}

fn loaded(disk: &SimDisk, fit: &Fit<'_>) -> Loaded {
    load(disk, Path::new(DIR), "rules", fit).unwrap()
}

fn fit() -> Fit<'static> {
    Fit { journal_id: OURS, last: 100, versions: &[2, 3] }
}

#[test]
fn the_last_two_are_kept_and_the_newest_is_loaded() {
    let disk = saved(&[5, 9]);
    put(&disk, &Path::new(DIR).join("rules-00000000000000000010.wfs.tmp"), b"half made");
    save(&disk, Path::new(DIR), "rules", 3, OURS, 12, b"state at 12").unwrap();
    let mut names = disk.list(Path::new(DIR)).unwrap();
    names.sort();
    assert_eq!(names, ["rules-00000000000000000009.wfs", "rules-00000000000000000012.wfs"]);
    let snapshot = loaded(&disk, &fit()).snapshot.unwrap();
    assert_eq!((snapshot.version, snapshot.position, snapshot.body), (3, 12, b"state at 12".to_vec()));
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    let disk = saved(&[9]);
    let bytes = get(&disk, &Path::new(DIR).join("rules-00000000000000000009.wfs"));
    let mut expected = b"WFSNAP\r\n\x01\0\0\0\x03\0\0\0".to_vec();
    expected.extend([1; 16]);
    expected.extend(9u64.to_le_bytes());
    expected.extend(10u64.to_le_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&expected), b"state at 9");
    expected.extend(checksum.to_le_bytes());
    expected.extend(b"state at 9");
    assert_eq!(bytes, expected);
}

#[test]
fn damage_at_any_byte_falls_back_to_the_older() {
    let path = Path::new(DIR).join("rules-00000000000000000009.wfs");
    let disk = saved(&[5, 9]);
    let whole = get(&disk, &path);
    for byte in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[byte] ^= 4;
        put(&disk, &path, &bytes);
        let found = loaded(&disk, &fit());
        assert_eq!(found.snapshot.unwrap().position, 5);
        assert_eq!(found.refused, [(path.clone(), Refusal::Checksum)]);
        put(&disk, &path, &whole[..byte]);
        assert_eq!(loaded(&disk, &fit()).snapshot.unwrap().position, 5);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let disk = saved(&[9]);
    let refusal = |fit: &Fit<'_>| {
        let found = loaded(&disk, fit);
        assert!(found.snapshot.is_none());
        found.refused[0].1.clone()
    };
    assert_eq!(refusal(&Fit { versions: &[4], ..fit() }), Refusal::Version(3));
    assert_eq!(refusal(&Fit { last: 8, ..fit() }), Refusal::Ahead { position: 9, last: 8 });
    assert_eq!(refusal(&Fit { journal_id: JournalId([2; 16]), ..fit() }), Refusal::Journal(OURS));
}

#[test]
fn nothing_saved_is_no_error() {
    let none = Loaded { snapshot: None, refused: Vec::new() };
    assert_eq!(loaded(&SimDisk::new(1), &fit()), none);
    assert_eq!(load(&saved(&[9]), Path::new(DIR), "desk", &fit()).unwrap(), none);
}
