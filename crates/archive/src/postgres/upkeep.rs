//! What is done to an archive on a server as a whole: a look at all of it, another journal.

use super::link::Link;
use super::server::Server;
use super::session::{Purpose, Session};
use super::{schema, times::Day};
use crate::adoption::Adoption;
use crate::check::Checked;
use crate::errors::OpenError;
use crate::fault::Fault;

/// Gives the cursors to the restored logs.
pub(crate) fn adopt(server: &Server, adoption: &Adoption) -> Result<(), OpenError> {
    let mut session = Session::open(server, Purpose::Write)?;
    schema::migrate(&mut session)?;
    session.run(async |link| {
        link.batch("BEGIN").await?;
        for (log, journal, position) in read_cursors(link).await? {
            if let Some((id, position)) = adoption.cursor(&log, &journal, position.cast_unsigned())? {
                let sql = "UPDATE cursors SET journal = $2, position = $3 WHERE log = $1";
                link.execute(sql, &[&log, &id.to_string(), &position.cast_signed()]).await?;
                // Beyond the backup the numbers of entries are given anew; what lanes have of it is not sent again.
                let end = adoption.ends.entries.0.cast_signed();
                link.execute("UPDATE lanes SET position = least(position, $1)", &[&end]).await?;
            }
        }
        Ok(link.batch("COMMIT").await?)
    })
}

/// Counts the rows of every day, as all was at one moment.
pub(crate) async fn check(link: &Link) -> Result<Checked, Fault> {
    link.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut checked = Checked::default();
    let cursors = link.query("SELECT log, journal, position FROM cursors", &[]).await?;
    for row in &cursors {
        checked.cursor(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    }
    let days = link.query("SELECT day, readings FROM days ORDER BY day", &[]).await?;
    for row in &days {
        let (day, noted): (Day, i64) = (row.try_get(0)?, row.try_get(1)?);
        // A day at a time: each is a partition, and short enough for the limit of a question.
        let sql = "SELECT count(*) FROM readings WHERE at >= $1::date::timestamp AT TIME ZONE 'UTC'
                   AND at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'";
        let found: i64 = link.row(sql, &[&day]).await?.map_or(Ok(0), |row| row.try_get(0))?;
        if found != noted {
            checked.problems.push(format!("day {} holds {found} readings where {noted} are noted", day.0));
        }
        checked.readings += found.unsigned_abs();
    }
    let strays = link.row("SELECT count(*) FROM stray_readings", &[]).await?;
    checked.readings += strays.map_or(Ok(0), |row| row.try_get::<_, i64>(0))?.unsigned_abs();
    link.batch("COMMIT").await?;
    Ok(checked)
}

async fn read_cursors(link: &Link) -> Result<Vec<(String, String, i64)>, Fault> {
    let rows = link.query("SELECT log, journal, position FROM cursors FOR UPDATE", &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}
