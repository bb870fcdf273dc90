//! Whatever is appended, in whatever batches and segments, is read from any place; whatever happens to the bytes, what is
//! read is what was written.

use super::support::{SMALL, dir, records};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use watchfire_journal::sim_disk::SimDisk;
use watchfire_journal::{Limits, Writer};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_appended_is_read(
        batches in vec(vec(vec(any::<u8>(), 1..300), 1..8), 1..20),
        segment_bytes in 1u64..5_000,
        ahead_bytes in 0u64..3_000,
        from in 1usize..150,
    ) {
        let disk = SimDisk::new(0);
        let limits = Limits { segment_bytes, ahead_bytes, ..SMALL };
        let (mut writer, _) = Writer::open(&disk, &dir(), limits).unwrap();
        for batch in &batches {
            for record in batch {
                writer.append(record).unwrap();
            }
            writer.sync().unwrap();
        }
        let all = batches.concat();
        let from = from.min(all.len());
        let durable = writer.durable();
        assert_eq!(records(&disk, &dir(), u64::try_from(from).unwrap(), durable), all[from - 1..]);
        drop(writer);
        disk.power_loss();
        disk.restart();
        let (_, recovered) = Writer::open(&disk, &dir(), limits).unwrap();
        assert_eq!(recovered.last, durable);
        assert_eq!(records(&disk, &dir(), 1, durable), all);
    }

    #[test]
    fn hostile_bytes_are_refused_or_cut(bytes in vec(any::<u8>(), 0..400)) {
        super::hostile_bytes::check(&bytes);
    }
}
