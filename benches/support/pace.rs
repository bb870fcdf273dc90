//! Two ways of doing something, timed in turn.

use crate::support::Fault;
use crate::support::options::Options;
use crate::support::samples::{median, spread, thousands};
use crate::support::table::Row;
use std::time::{Duration, Instant};

/// Items a second, ours and the reference's, of each turn.
pub(crate) struct Pace {
    ours: Vec<f64>,
    reference: Vec<f64>,
}

/// Counts only what is handed to it.
#[derive(Default)]
pub(crate) struct Clock {
    spent: Duration,
}

impl Clock {
    /// Does it and counts its time.
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        self.spent += begun.elapsed();
        result
    }
}

impl Pace {
    /// The median of our turns, items a second.
    pub(crate) fn ours(&self) -> f64 {
        median(&self.ours)
    }

    /// The same of the reference.
    pub(crate) fn reference(&self) -> f64 {
        median(&self.reference)
    }

    /// Times both in turn; each does a round and says how many items it had.
    pub(crate) fn alternate(
        options: &Options,
        mut ours: impl FnMut() -> Result<usize, Fault>,
        mut reference: impl FnMut() -> Result<usize, Fault>,
    ) -> Result<Pace, Fault> {
        Pace::alternate_timed(options, |clock| clock.time(&mut ours), |clock| clock.time(&mut reference))
    }

    /// As [`Pace::alternate`], where only what goes through the clock counts.
    pub(crate) fn alternate_timed(
        options: &Options,
        mut ours: impl FnMut(&mut Clock) -> Result<usize, Fault>,
        mut reference: impl FnMut(&mut Clock) -> Result<usize, Fault>,
    ) -> Result<Pace, Fault> {
        let turns = options.either(7, 3);
        let mut pace = Pace { ours: Vec::new(), reference: Vec::new() };
        // The first turn warms up.
        per_second(options, &mut ours)?;
        for _ in 0..turns {
            pace.ours.push(per_second(options, &mut ours)?);
            pace.reference.push(per_second(options, &mut reference)?);
        }
        Ok(pace)
    }
}

fn per_second(options: &Options, work: &mut impl FnMut(&mut Clock) -> Result<usize, Fault>) -> Result<f64, Fault> {
    let span = options.either(Duration::from_millis(800), Duration::from_millis(200));
    let (begun, mut clock, mut items) = (Instant::now(), Clock::default(), 0);
    while begun.elapsed() < span {
        items += work(&mut clock)?;
    }
    Ok(items as f64 / clock.spent.as_secs_f64())
}

/// The row of a pace.
pub(crate) fn row(figure: &str, reference: &str, pace: &Pace) -> Row {
    let (ours, best) = (pace.ours(), pace.reference());
    Row {
        figure: figure.to_owned(),
        bar: "–".to_owned(),
        measured: format!("{}/s", thousands(ours)),
        ratio: format!("{:.2} × {reference} ({}/s)", ours / best, thousands(best)),
        met: None,
        notes: vec![format!("{}/s, reference {}/s", spread(&pace.ours, 0), spread(&pace.reference, 0))],
    }
}
