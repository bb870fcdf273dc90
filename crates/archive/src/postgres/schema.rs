//! The tables, step by step. They are in a schema of their own, `watchfire`, so that the database may hold others.

use super::link::Link;
use crate::errors::Unfit;
use crate::fault::Fault;

/// The steps forward; `schema_steps` says which a database has taken. Never change one, only add.
const STEPS: &[&str] = &[
    include_str!("schema/0001-first.sql"),
    include_str!("schema/0002-tests.sql"),
    include_str!("schema/0003-filling.sql"),
    include_str!("schema/0004-records.sql"),
    include_str!("schema/0005-hypertable.sql"),
    include_str!("schema/0006-points.sql"),
    include_str!("schema/0007-rollups.sql"),
];

/// Held while steps are taken, so that of two stations that start at once one waits.
const LOCK: i64 = 0x7766_6172;

/// Brings the tables up to date; makes them when there are none.
pub(crate) async fn migrate(link: &Link) -> Result<(), Unfit> {
    link.batch(&format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})")).await?;
    make_place(link).await?;
    let taken = taken(link).await?;
    for (number, sql) in STEPS.iter().enumerate().skip(taken) {
        link.batch(sql).await?;
        let (number, checksum) = (i64::try_from(number).unwrap_or(i64::MAX) + 1, checksum(sql));
        link.execute("INSERT INTO schema_steps (number, checksum) VALUES ($1, $2)", &[&number, &checksum]).await?;
    }
    Ok(link.batch("COMMIT").await?)
}

/// The tables are there and of this build; changes nothing.
pub(crate) async fn check(link: &Link) -> Result<(), Unfit> {
    let row = link.row("SELECT to_regclass('watchfire.schema_steps') IS NOT NULL", &[]).await?;
    let has_steps = row.map_or(Ok(false), |row| row.try_get(0))?;
    match has_steps {
        true if taken(link).await? == STEPS.len() => Ok(()),
        _ => Err(Unfit::Fault(Fault::Setup("the archive's tables are not made yet".to_owned()))),
    }
}

/// Makes the schema and its list of steps where there is neither.
async fn make_place(link: &Link) -> Result<(), Unfit> {
    // Asked first: who may use the schema need not be allowed to make one.
    let sql = "SELECT to_regnamespace('watchfire') IS NOT NULL, to_regclass('watchfire.schema_steps') IS NOT NULL,
               EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('watchfire'))";
    let row = link.row(sql, &[]).await?.ok_or_else(|| Fault::malformed("the schema", "no answer"))?;
    let (has_schema, has_steps, has_tables): (bool, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if has_steps {
        return Ok(());
    }
    if has_tables {
        return Err(Unfit::Foreign);
    }
    if !has_schema {
        link.batch("CREATE SCHEMA watchfire").await?;
    }
    let sql = "CREATE TABLE schema_steps (
        number   bigint PRIMARY KEY,
        checksum bigint NOT NULL,
        taken_at timestamptz NOT NULL DEFAULT now()
    )";
    Ok(link.batch(sql).await?)
}

/// How many steps the database has taken, after a check that they are ours.
async fn taken(link: &Link) -> Result<usize, Unfit> {
    let rows = link.query("SELECT number, checksum FROM schema_steps ORDER BY number", &[]).await?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    for (row, expected) in rows.iter().zip(1..) {
        let (number, found): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if number > known {
            return Err(Unfit::Newer { found: rows.len().try_into().unwrap_or(i64::MAX), known });
        }
        let step = STEPS.get(usize::try_from(expected - 1).unwrap_or(usize::MAX));
        if number != expected || step.is_none_or(|step| checksum(step) != found) {
            let detail = format!("step {number} is not the one that this build knows");
            return Err(Unfit::Fault(Fault::malformed("the schema", detail)));
        }
    }
    Ok(rows.len())
}

/// 64-bit FNV-1a of a step's text.
fn checksum(sql: &str) -> i64 {
    let hash = sql
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_never_changes() {
        let sums: Vec<i64> = STEPS.iter().map(|step| checksum(step)).collect();
        assert_eq!(
            sums,
            [FIRST, TESTS, FILLING, RECORDS, HYPERTABLE, POINTS, ROLL_UPS],
            "a step that was released is never changed: add another"
        );
    }

    const FIRST: i64 = 4_668_559_519_382_675_770;
    const TESTS: i64 = 8_961_635_838_906_421_201;
    const FILLING: i64 = 4_706_393_303_282_183_580;
    const RECORDS: i64 = -5_176_866_062_163_765_998;
    const HYPERTABLE: i64 = -3_577_288_723_962_857_344;
    const ROLL_UPS: i64 = 1_705_319_901_054_491_774;
    const POINTS: i64 = -1_446_624_624_882_292_731;
}
