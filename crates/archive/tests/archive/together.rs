//! Readers while the writer writes: each answer is one committed state.

use crate::source::{Archive, Logs, ask, temperatures};
use std::sync::atomic::{AtomicBool, Ordering};
use watchfire_archive::{History, StoreOptions};

#[test]
fn readers_see_whole_batches() {
    // Each batch holds one reading of each of two devices, so both have as many at every moment.
    const BATCHES: i64 = 400;
    let mut archive = Archive::new(StoreOptions { tail_readings_max: 50, ..StoreOptions::default() });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|_| {
                let (history, done) = (archive.history.clone(), &done);
                scope.spawn(move || read_until(&history, done))
            })
            .collect();
        let mut logs = Logs::default();
        for n in 0..BATCHES {
            logs.push(n, temperatures("a", None, &[(n, n as f64)]));
            logs.push(n, temperatures("b", None, &[(n, n as f64)]));
            logs.deliver(&mut archive.store);
        }
        archive.store.sync().unwrap();
        done.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().unwrap() > 0, "every reader got answers");
        }
    });
    assert_eq!(points(&archive.history, "a"), BATCHES as usize);
}

fn points(history: &History, device: &str) -> usize {
    history.readings(&ask(device, 20_000)).unwrap().first().map_or(0, |series| series.points.len())
}

fn read_until(history: &History, done: &AtomicBool) -> usize {
    let (mut answers, mut last) = (0, 0);
    loop {
        let over = done.load(Ordering::Acquire);
        let first = points(history, "a");
        let counts = history.counts().unwrap();
        assert_eq!(counts.readings % 2, 0, "a batch is there as a whole or not at all");
        assert!(first >= last, "what was there stays there");
        (answers, last) = (answers + 1, first);
        if over {
            return answers;
        }
    }
}
