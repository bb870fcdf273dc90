//! What both places share about their migrations (`schema/V*__*.sql`, by refinery): forward only, each with a checksum.

use crate::errors::Unfit;
use crate::fault::Fault;
use refinery::{Error, Migration, Runner};

/// The table that says which migrations a database has taken.
pub(crate) const HISTORY: &str = "schema_history";

/// All or none, and only where those that were taken are ours.
pub(crate) fn settled(runner: Runner) -> Runner {
    let mut runner = runner.set_grouped(true).set_abort_divergent(true).set_abort_missing(true);
    runner.set_migration_table_name(HISTORY);
    runner
}

/// The last migration of this build.
pub(crate) fn last(runner: &Runner) -> i64 {
    runner.get_migrations().iter().map(Migration::version).max().unwrap_or_default().into()
}

/// Why a database could not be brought up to date.
pub(crate) fn unfit_of(error: Error, runner: &Runner) -> Unfit {
    let known = last(runner);
    match error.kind() {
        refinery::error::Kind::MissingVersion(found) if i64::from(found.version()) > known => {
            Unfit::Newer { found: found.version().into(), known }
        }
        refinery::error::Kind::Connection(..) => Unfit::Fault(Fault::Migration(error)),
        _ => Unfit::Fault(Fault::malformed("the schema", error)),
    }
}

/// Names and checksums.
#[cfg(test)]
pub(crate) fn sums(runner: &Runner) -> Vec<(String, u64)> {
    let mut migrations = runner.get_migrations().clone();
    migrations.sort();
    migrations.iter().map(|one| (one.name().to_owned(), one.checksum())).collect()
}
