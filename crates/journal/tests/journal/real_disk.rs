//! The same on the machine's own file system.

use super::support::{SMALL, records};
use watchfire_journal::{
    Limits, OpenError, ReadError, Reader, RealDisk, ReserveState, Survey, SurveyError, Writer, atomic_file, evidence,
    segments, survey,
};

#[test]
fn a_journal_is_written_read_closed_and_gone_on_with() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("deep/journal");
    let limits = Limits { ahead_bytes: 16 * 1024, ..SMALL };
    let mut expected = Vec::new();
    for round in 0..4u8 {
        let (mut writer, recovered) = Writer::open(&RealDisk, &dir, limits).unwrap();
        assert_eq!(recovered.last, u64::try_from(expected.len()).unwrap());
        assert_eq!((recovered.created, recovered.torn_bytes), (round == 0, 0));
        assert_eq!(writer.reserve_state(), ReserveState::Held);
        let mut reader = Reader::open(&RealDisk, &dir, recovered.last + 1).unwrap();
        for batch in 0..60u8 {
            for _ in 0..=batch % 7 {
                let record = vec![round ^ batch; 100 + usize::from(batch) * 10];
                writer.append(&record).unwrap();
                expected.push(record);
            }
            let durable = writer.sync().unwrap();
            while let Some(record) = reader.next(durable).unwrap() {
                assert_eq!(record.bytes, expected[usize::try_from(record.seq).unwrap() - 1]);
            }
            assert_eq!(reader.position(), durable + 1);
        }
    }
    let last = u64::try_from(expected.len()).unwrap();
    assert_eq!(records(&RealDisk, &dir, 1, last), expected);
    let found: Survey = survey(&RealDisk, &dir).unwrap();
    assert_eq!((found.first, found.last), (1, last));
    assert!(segments(&RealDisk, &dir).unwrap().len() > 4);
}

#[test]
fn the_reserve_takes_space_and_its_size_may_change() {
    let root = tempfile::tempdir().unwrap();
    for reserve_bytes in [100_000, 300_000, 0] {
        let (writer, _) = Writer::open(&RealDisk, root.path(), Limits { reserve_bytes, ..SMALL }).unwrap();
        assert_eq!(writer.reserve_state(), ReserveState::Held);
        let stat = std::fs::metadata(root.path().join("reserve")).unwrap();
        assert_eq!(stat.len(), reserve_bytes);
        assert!(std::os::unix::fs::MetadataExt::blocks(&stat) * 512 >= reserve_bytes);
    }
}

#[test]
fn a_second_writer_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (first, _) = Writer::open(&RealDisk, root.path(), SMALL).unwrap();
    assert!(matches!(Writer::open(&RealDisk, root.path(), SMALL), Err(OpenError::Locked { .. })));
    drop(first);
    Writer::open(&RealDisk, root.path(), SMALL).unwrap();
}

#[test]
fn a_path_without_a_journal_is_said_so() {
    let root = tempfile::tempdir().unwrap();
    for dir in [root.path().to_owned(), root.path().join("missing")] {
        assert!(matches!(survey(&RealDisk, &dir), Err(SurveyError::NoJournal { .. })));
        assert!(matches!(Reader::open(&RealDisk, &dir, 1), Err(ReadError::NoJournal { .. })));
    }
    std::fs::write(root.path().join("file"), "x").unwrap();
    assert!(matches!(Writer::open(&RealDisk, &root.path().join("file/journal"), SMALL), Err(OpenError::Io { .. })));
}

#[test]
fn segments_go_to_the_evidence_while_the_writer_writes() {
    let root = tempfile::tempdir().unwrap();
    let tiny = Limits { segment_bytes: 1_000, ..SMALL };
    let (mut writer, _) = Writer::open(&RealDisk, root.path(), tiny).unwrap();
    for index in 0..100u8 {
        writer.append(&[index; 50]).unwrap();
        writer.sync().unwrap();
    }
    let all = writer.segments().unwrap();
    for segment in &all[..3] {
        evidence::keep(&RealDisk, root.path(), segment, 7).unwrap();
    }
    let items = evidence::list(&RealDisk, root.path()).unwrap();
    let mut seq = 0;
    for item in &items {
        for record in evidence::read(&RealDisk, root.path(), item).unwrap().records() {
            seq += 1;
            assert_eq!((record.seq, record.bytes[0]), (seq, u8::try_from(seq - 1).unwrap()));
        }
    }
    assert_eq!(seq + 1, all[3].first);
    assert!(matches!(Reader::open(&RealDisk, root.path(), 1), Err(ReadError::Gone { first }) if first == seq + 1));
}

#[test]
fn a_large_record_crosses_every_buffer() {
    let root = tempfile::tempdir().unwrap();
    let (mut writer, _) = Writer::open(&RealDisk, root.path(), Limits::default()).unwrap();
    let large: Vec<u8> = (0..1024 * 1024u32).map(|index| index.to_le_bytes()[1]).collect();
    for _ in 0..3 {
        writer.append(b"small").unwrap();
        writer.append(&large).unwrap();
    }
    let durable = writer.sync().unwrap();
    let found = records(&RealDisk, root.path(), 1, durable);
    assert_eq!((found.len(), &found[1], &found[5]), (6, &large, &large));
}

#[test]
fn a_content_file_is_replaced_in_whole() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("setup/abc");
    for content in ["first", "second and longer", "3"] {
        atomic_file::write(&RealDisk, &path, content.as_bytes()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    assert_eq!(std::fs::read_dir(root.path().join("setup")).unwrap().count(), 1);
}
