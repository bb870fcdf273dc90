//! What is done to a file as a whole: a copy of one committed state, a look at all of it, another journal.

use super::{block, schema, tail};
use crate::adoption::Adoption;
use crate::check::Checked;
use crate::errors::OpenError;
use crate::fault::Fault;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

const BUSY_WAIT: Duration = Duration::from_secs(10);
/// Faults of the file's structure that are told.
const FAULTS_MAX: u32 = 20;

/// Copies one committed state into a new file, while the writer writes. The copy is not synced.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), OpenError> {
    let connection = schema::open_reader(from, BUSY_WAIT)?;
    let to = to.to_str().ok_or_else(|| Fault::Setup(format!("{} is not a name in UTF-8", to.display())))?;
    connection.execute("VACUUM INTO ?1", [to]).map_err(Fault::from)?;
    Ok(())
}

/// Gives the cursors to the restored logs.
pub(crate) fn adopt(path: &Path, adoption: &Adoption) -> Result<(), OpenError> {
    let mut connection = schema::open_writer(path, BUSY_WAIT, None)?;
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Fault::from)?;
    for (log, journal, position) in read_cursors(&step)? {
        if let Some((id, position)) = adoption.cursor(&log, &journal, position.cast_unsigned())? {
            let sql = "UPDATE cursors SET journal = ?2, position = ?3 WHERE log = ?1";
            step.execute(sql, (log, id.to_string(), position.cast_signed())).map_err(Fault::from)?;
        }
    }
    step.commit().map_err(Fault::from)?;
    Ok(())
}

/// Looks at every page and every reading.
pub(crate) fn check(connection: &Connection) -> Result<Checked, Fault> {
    let mut checked = Checked::default();
    for (log, journal, position) in read_cursors(connection)? {
        checked.cursor(&log, journal, position);
    }
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FAULTS_MAX})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said != "ok" {
            checked.problems.push(said);
        }
    }
    check_blocks(connection, &mut checked)?;
    let mut waiting = 0u64;
    let read = tail::for_each_frame(connection, (i64::MIN, i64::MAX), |frame| {
        waiting += u64::try_from(frame.points.len()).unwrap_or(u64::MAX);
        Ok(())
    });
    if let Err(why) = read {
        checked.problems.push(why.to_string());
    }
    checked.readings += waiting;
    Ok(checked)
}

fn check_blocks(connection: &Connection, checked: &mut Checked) -> Result<(), Fault> {
    let mut statement = connection.prepare("SELECT day, series, points FROM blocks ORDER BY day")?;
    let mut count = connection.prepare("SELECT readings FROM days WHERE day = ?1")?;
    let mut of_day = |day: i64, found: i64, checked: &mut Checked| -> Result<(), Fault> {
        let noted: Option<i64> = count.query_row([day], |row| row.get(0)).optional()?;
        if noted != Some(found) {
            checked.problems.push(format!("day {day} holds {found} readings where {noted:?} are noted"));
        }
        checked.readings += found.unsigned_abs();
        Ok(())
    };
    let mut points = Vec::new();
    let mut current: Option<(i64, i64)> = None;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (day, series): (i64, i64) = (row.get(0)?, row.get(1)?);
        let blob = row.get_ref(2)?.as_blob().map_err(|error| Fault::malformed("a block", error))?;
        points.clear();
        if block::decode(day, blob, &mut points).is_err() {
            checked.problems.push(format!("a block of day {day}, series {series} cannot be read"));
        }
        let found = i64::try_from(points.len()).unwrap_or(i64::MAX);
        current = match current {
            Some((same, sum)) if same == day => Some((day, sum + found)),
            Some((other, sum)) => {
                of_day(other, sum, checked)?;
                Some((day, found))
            }
            None => Some((day, found)),
        };
    }
    current.map_or(Ok(()), |(day, sum)| of_day(day, sum, checked))
}

pub(super) fn read_cursors(connection: &Connection) -> Result<Vec<(String, String, i64)>, Fault> {
    let mut statement = connection.prepare("SELECT log, journal, position FROM cursors")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
