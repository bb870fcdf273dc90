//! The rules' tests as the console says them.

use watchfire_console::{TestEnd, TestFacts, TestedPoint};
use watchfire_rules::{Engine, Test};

/// Every test that the rules remember.
pub(crate) fn all(engine: &Engine) -> Vec<TestFacts> {
    engine.tests().map(|test| facts(engine, test)).collect()
}

fn facts(engine: &Engine, test: &Test) -> TestFacts {
    let alarmed = test.alarmed.iter().map(|((device, point), alarmed)| TestedPoint {
        device: device.clone(),
        point: point.clone(),
        class: alarmed.class,
        first_at: alarmed.first_at,
        last_at: alarmed.last_at,
        times: alarmed.times,
    });
    TestFacts {
        id: test.id,
        scope: test.scope.clone(),
        dangers: test.dangers,
        reason: test.reason.clone(),
        by: test.by.clone(),
        from: test.from,
        until: test.until,
        approved: test.approved.clone(),
        over: test.over.as_ref().map(|over| TestEnd {
            at: over.at,
            by: over.by.clone(),
            note: over.note.clone(),
            closed: over.closed,
            told: over.told,
        }),
        alarmed: alarmed.collect(),
        more: test.more,
        untested: match &test.over {
            Some(over) => over.untested.clone(),
            None => engine.untested_in(test),
        },
    }
}
