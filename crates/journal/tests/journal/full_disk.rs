//! A full disk is an outage that passes; a failed disk ends the writer for ever.

use super::support::{SMALL, dir, records};
use watchfire_journal::sim_disk::{Fault, SimDisk};
use watchfire_journal::{AppendError, Limits, OpenError, ReserveState, SyncError, Writer};

#[test]
fn the_reserve_keeps_the_journal_going_and_comes_back() {
    let disk = SimDisk::new(1);
    let (mut writer, _) = Writer::open(&disk, &dir(), SMALL).unwrap();
    assert_eq!(writer.reserve_state(), ReserveState::Held);
    disk.set_capacity(disk.used());

    writer.append(&[7; 500]).unwrap();
    assert_eq!(writer.sync().unwrap(), 1);
    assert_eq!(writer.reserve_state(), ReserveState::Released);

    let used = disk.used();
    writer.append(&[8; 900]).unwrap();
    assert!(matches!(writer.sync(), Err(SyncError::DiskFull)));
    assert!(matches!(writer.sync(), Err(SyncError::DiskFull)));
    assert_eq!(disk.used(), used, "the torn part does not hold space");
    assert_eq!((writer.durable(), writer.next()), (1, 3));
    assert_eq!(writer.append(b"more").unwrap(), 3);

    disk.set_capacity(disk.used() + 1_000);
    assert_eq!(writer.sync().unwrap(), 3);
    assert_eq!(writer.reserve_state(), ReserveState::Released);
    disk.set_capacity(u64::MAX);
    writer.append(b"again").unwrap();
    assert_eq!(writer.sync().unwrap(), 4);
    assert_eq!(writer.reserve_state(), ReserveState::Held);
    let expected = [vec![7; 500], vec![8; 900], b"more".to_vec(), b"again".to_vec()];
    assert_eq!(records(&disk, &dir(), 1, 4), expected);
}

#[test]
fn a_full_disk_during_rotation_lets_the_segment_grow() {
    let tiny = Limits { segment_bytes: 100, reserve_bytes: 0, ..SMALL };
    let disk = SimDisk::new(1);
    let (mut writer, _) = Writer::open(&disk, &dir(), tiny).unwrap();
    writer.append(&[1; 200]).unwrap();
    writer.sync().unwrap();
    // Room for a small batch, not for a segment.
    disk.set_capacity(disk.used() + 60);
    writer.append(b"small").unwrap();
    assert_eq!(writer.sync().unwrap(), 2);
    assert_eq!(writer.segments().unwrap().len(), 1);
    disk.set_capacity(u64::MAX);
    writer.append(b"next").unwrap();
    assert_eq!(writer.sync().unwrap(), 3);
    assert_eq!(writer.segments().unwrap().len(), 2);
    assert_eq!(records(&disk, &dir(), 2, 3), [b"small".to_vec(), b"next".to_vec()]);
}

#[test]
fn opening_on_a_full_disk_uses_the_reserve_and_then_needs_no_room() {
    let disk = SimDisk::new(1);
    let (mut writer, _) = Writer::open(&disk, &dir(), SMALL).unwrap();
    writer.append(&[1; 600]).unwrap();
    writer.sync().unwrap();
    drop(writer);
    disk.set_capacity(disk.used());
    let (writer, recovered) = Writer::open(&disk, &dir(), SMALL).unwrap();
    assert_eq!((recovered.last, writer.reserve_state()), (1, ReserveState::Released));
    drop(writer);
    disk.set_capacity(disk.used());
    let (mut writer, recovered) = Writer::open(&disk, &dir(), SMALL).unwrap();
    assert_eq!((recovered.last, recovered.rewritten, writer.reserve_state()), (1, 1, ReserveState::Released));
    assert_eq!(writer.append(b"waits").unwrap(), 2);
    assert!(matches!(writer.sync(), Err(SyncError::DiskFull)));
    assert_eq!(records(&disk, &dir(), 1, 1), [vec![1; 600]]);
    disk.set_capacity(u64::MAX);
    assert_eq!(writer.sync().unwrap(), 2);
    drop(writer);
    disk.power_loss();
    disk.restart();
    assert_eq!(Writer::open(&disk, &dir(), SMALL).unwrap().1.last, 2);
    assert_eq!(records(&disk, &dir(), 1, 2), [vec![1; 600], b"waits".to_vec()]);
}

#[test]
fn a_new_journal_on_a_full_disk_says_so() {
    let disk = SimDisk::new(1);
    disk.set_capacity(10);
    assert!(matches!(Writer::open(&disk, &dir(), SMALL), Err(OpenError::DiskFull { .. })));
}

#[test]
fn after_a_failed_sync_the_writer_never_says_durable_again() {
    for fault in [Fault::SyncFails, Fault::WriteFails] {
        let disk = SimDisk::new(3);
        let (mut writer, _) = Writer::open(&disk, &dir(), SMALL).unwrap();
        writer.append(b"safe").unwrap();
        writer.sync().unwrap();
        writer.append(b"open").unwrap();
        disk.fail_after(0, fault);
        assert!(matches!(writer.sync(), Err(SyncError::Failed { .. })));
        assert!(!disk.has_fault());
        assert!(matches!(writer.sync(), Err(SyncError::Failed { .. })));
        assert_eq!(writer.append(b"never"), Err(AppendError::Failed));
        assert_eq!(writer.durable(), 1);
    }
}

#[test]
fn one_directory_has_one_writer() {
    let disk = SimDisk::new(1);
    let (first, _) = Writer::open(&disk, &dir(), SMALL).unwrap();
    assert!(matches!(Writer::open(&disk, &dir(), SMALL), Err(OpenError::Locked { .. })));
    drop(first);
    assert!(Writer::open(&disk, &dir(), SMALL).is_ok());
}

#[test]
fn records_and_limits_are_checked() {
    let disk = SimDisk::new(1);
    let limits = Limits { record_bytes_max: 10, pending_bytes_max: 50, ..SMALL };
    let (mut writer, _) = Writer::open(&disk, &dir(), limits).unwrap();
    assert_eq!(writer.append(b""), Err(AppendError::Empty));
    assert_eq!(writer.append(&[1; 11]), Err(AppendError::TooLarge { bytes: 11, bytes_max: 10 }));
    assert_eq!(writer.append(&[1; 10]).unwrap(), 1);
    assert_eq!(writer.append(&[1; 10]), Err(AppendError::BatchFull));
    assert_eq!(writer.append(&[1; 8]).unwrap(), 2);
    assert_eq!(writer.sync().unwrap(), 2);
    for wrong in [
        Limits { record_bytes_max: 0, ..SMALL },
        Limits { record_bytes_max: 17 * 1024 * 1024, ..SMALL },
        Limits { pending_bytes_max: 4096 + 23, ..SMALL },
        Limits { pending_bytes_max: usize::MAX, ..SMALL },
        Limits { segment_bytes: u64::MAX, ..SMALL },
    ] {
        assert!(matches!(Writer::open(&disk, &dir(), wrong), Err(OpenError::Limits(_))));
    }
}
