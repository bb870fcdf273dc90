//! Loses power, kills, fills the disk and lets syncs fail at any call, thousands of times, and compares the journal with
//! a model: every record reported durable survives, nothing is invented, the order is kept, no number is used twice for
//! different bytes once anybody could know of it, a reader never sees what a later recovery loses.
//!
//! A failing seed is printed; `WATCHFIRE_SEED=<seed> cargo test -p watchfire-journal --test simulation` runs it alone.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod lying_disk;
mod run;

use lying_disk::Lie;
use run::Run;
use std::collections::BTreeMap;

type Tally = BTreeMap<&'static str, u64>;
/// The kinds of things that are counted; each must happen at least five times in a run over all seeds.
const WHAT_MUST_HAPPEN: usize = 13;

/// In the normal test run; `WATCHFIRE_SEEDS` asks for another number.
const SEEDS: u64 = 4_000;
const STEPS: usize = 60;
/// A broken protocol must be caught within so many seeds.
const SEEDS_TO_CATCH: u64 = 400;

fn simulate(seed: u64, lie: Lie) -> Result<Tally, String> {
    let mut run = Run::new(seed, lie);
    run.reopen()?;
    for _ in 0..STEPS {
        run.step()?;
    }
    run.finish()?;
    Ok(run.tally)
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}

pub(crate) fn length<K, V>(map: &BTreeMap<K, V>) -> u64 {
    u64::try_from(map.len()).unwrap()
}

#[test]
fn no_schedule_loses_or_invents_a_record() {
    let only = number_from("WATCHFIRE_SEED");
    let seeds = only.map_or(0..number_from("WATCHFIRE_SEEDS").unwrap_or(SEEDS), |seed| seed..seed + 1);
    let mut total = Tally::new();
    for seed in seeds {
        match std::panic::catch_unwind(|| simulate(seed, Lie::None)) {
            Ok(Ok(tally)) => tally.into_iter().for_each(|(what, count)| *total.entry(what).or_default() += count),
            Ok(Err(violation)) => panic!("WATCHFIRE_SEED={seed}: {violation}"),
            Err(_) => panic!("WATCHFIRE_SEED={seed}: the journal panicked"),
        }
    }
    eprintln!("{total:#?}");
    let reached = total.values().filter(|&&count| count >= 5).count();
    assert!(only.is_some() || reached == WHAT_MUST_HAPPEN, "the simulation does not reach everything: {total:#?}");
}

fn caught_after(lie: Lie) -> Option<(u64, String)> {
    (0..SEEDS_TO_CATCH).find_map(|seed| Some((seed, simulate(seed, lie).err()?)))
}

#[test]
fn a_broken_protocol_is_caught() {
    for lie in [
        Lie::SyncDataDoesNothing,
        Lie::SyncOfTemporariesDoesNothing,
        Lie::RecoveryTrustsThePageCache,
        Lie::SyncDirDoesNothing,
        Lie::SyncErrorIsHidden,
        Lie::FullDiskIsHidden,
        Lie::WriteErrorIsHidden,
        Lie::RenameCopies,
    ] {
        let caught = caught_after(lie);
        eprintln!("{lie:?} is caught: {caught:?}");
        assert!(caught.is_some(), "{lie:?} is not caught within {SEEDS_TO_CATCH} seeds");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let trace = |seed| {
        let mut run = Run::new(seed, Lie::None);
        run.reopen().unwrap();
        (0..STEPS).for_each(|_| run.step().unwrap());
        (run.durable(), run.calls(), run.tally)
    };
    for seed in 0..50 {
        assert_eq!(trace(seed), trace(seed));
    }
}
