//! The tables, migration by migration. They are in a schema of their own, `watchfire`, so that the database may hold others.

use super::link::Link;
use super::session::Session;
use crate::errors::Unfit;
use crate::fault::Fault;
use crate::migrations::{HISTORY, settled, unfit_of};

mod steps {
    refinery::embed_migrations!("src/postgres/schema");
}

/// Held while the tables are brought up to date, so that of two stations that start at once one waits.
const LOCK: i64 = 0x7766_6172;

/// Brings the tables up to date, in one transaction; makes them when there are none.
pub(crate) fn migrate(session: &mut Session) -> Result<(), Unfit> {
    session.run(async |link| {
        link.batch(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
        make_place(link).await
    })?;
    let runner = settled(steps::migrations::runner());
    session.run_migrations(&runner)?.map_err(|error| unfit_of(error, &runner))?;
    session.run(async |link| Ok(link.batch(&format!("SELECT pg_advisory_unlock({LOCK})")).await?))
}

/// The tables are there and of this build; changes nothing.
pub(crate) async fn check(link: &Link) -> Result<(), Unfit> {
    let row = link.row("SELECT to_regclass('watchfire.schema_history') IS NOT NULL", &[]).await?;
    let mut found = None;
    if row.map_or(Ok(false), |row| row.try_get(0))? {
        let row = link.row("SELECT max(version) FROM schema_history", &[]).await?;
        found = row.map_or(Ok(None), |row| row.try_get::<_, Option<i32>>(0))?;
    }
    let known = steps::migrations::runner().get_migrations().iter().map(refinery::Migration::version).max();
    match found {
        Some(found) if Some(found) == known => Ok(()),
        Some(found) if Some(found) > known => {
            Err(Unfit::Newer { found: found.into(), known: known.unwrap_or_default().into() })
        }
        _ => Err(Unfit::Fault(Fault::Setup("the archive's tables are not made yet".to_owned()))),
    }
}

/// Makes the schema where there is none. One with tables, but without a history of them, is not ours.
async fn make_place(link: &Link) -> Result<(), Unfit> {
    debug_assert_eq!(HISTORY, "schema_history", "as the statements say");
    // Asked first: who may use the schema need not be allowed to make one.
    let sql = "SELECT to_regnamespace('watchfire') IS NOT NULL, to_regclass('watchfire.schema_history') IS NOT NULL,
               EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('watchfire'))";
    let row = link.row(sql, &[]).await?.ok_or_else(|| Fault::malformed("the schema", "no answer"))?;
    match (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?) {
        (_, false, true) => Err(Unfit::Foreign),
        (true, ..) => Ok(()),
        (false, ..) => Ok(link.batch("CREATE SCHEMA watchfire").await?),
    }
}

#[cfg(test)]
mod tests {
    use super::steps::migrations::runner;
    use crate::migrations::sums;

    #[test]
    fn a_migration_never_changes() {
        let released = [
            ("first", 11_185_694_971_763_640_207),
            ("tests", 6_356_006_070_834_835_136),
            ("filling", 435_538_537_397_212_026),
            ("records", 15_645_904_037_417_683_664),
            ("hypertable", 2_715_148_122_272_367_449),
            ("points", 9_734_173_349_457_193_972),
            ("rollups", 8_595_143_756_245_468_887),
            ("lanes", 18_297_843_676_585_198_944),
        ];
        assert_eq!(sums(&runner()), released.map(|(name, sum)| (name.to_owned(), sum)), "add another instead");
    }
}
