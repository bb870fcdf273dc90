//! How far each log is archived: read and moved in the transaction of the rows.

use super::link::Link;
use crate::errors::OpenError;
use crate::fault::Fault;
use crate::store::Cursors;
use watchfire_model::{JournalId, Seq};

/// The cursors, after a check that they are those of these logs. Makes them where there are none. Within a transaction
/// they are held until its end, so that there is one writer at a time.
pub(crate) async fn read(link: &Link, journal: JournalId, alert_journal: JournalId) -> Result<Cursors, OpenError> {
    let rows = link.query("SELECT log, journal, position FROM cursors ORDER BY log FOR UPDATE", &[]).await?;
    let (mut alerts, mut entries) = (None, None);
    for row in rows {
        let parts = (row.try_get(0), row.try_get(1), row.try_get::<_, i64>(2));
        let (log, found, position): (String, String, i64) =
            (parts.0.map_err(Fault::from)?, parts.1.map_err(Fault::from)?, parts.2.map_err(Fault::from)?);
        let (log, expected, place) = match log.as_str() {
            "alerts" => ("alerts", alert_journal, &mut alerts),
            _ => ("entries", journal, &mut entries),
        };
        if found != expected.to_string() {
            return Err(OpenError::OtherJournal { log, found, expected });
        }
        *place = Some(position.cast_unsigned());
    }
    if entries.is_none() || alerts.is_none() {
        check_not_filled(link).await?;
    }
    for (log, id, found) in [("entries", journal, entries), ("alerts", alert_journal, alerts)] {
        if found.is_none() {
            let sql = "INSERT INTO cursors (log, journal, position) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
            link.execute(sql, &[&log, &id.to_string()]).await?;
        }
    }
    Ok(Cursors { entries: Seq(entries.unwrap_or(0)), alerts: alerts.unwrap_or(0) })
}

/// While an archive is filled it has no cursors, and none may be made beside it.
pub(crate) async fn check_not_filled(link: &Link) -> Result<(), OpenError> {
    match link.row("SELECT started_at FROM filling", &[]).await? {
        Some(_) => Err(OpenError::from(Fault::Limit("`watchfire archive migrate` is filling it, or was cut short"))),
        None => Ok(()),
    }
}

/// Moves both.
pub(crate) async fn write(link: &Link, cursors: Cursors) -> Result<(), Fault> {
    let sql = "UPDATE cursors SET position = CASE log WHEN 'entries' THEN $1::bigint ELSE $2::bigint END";
    let changed = link.execute(sql, &[&cursors.entries.0.cast_signed(), &cursors.alerts.cast_signed()]).await?;
    assert_eq!(changed, 2, "both cursors were read in this transaction");
    Ok(())
}
