//! Alerts and their transitions, written.
//!
//! `transitions.record` is an alert log record (`model::encoding`) of that one transition: stable for ever. `alerts.state`
//! is derived from them (`alert_words.rs`).

use crate::alert_words::{condition_word, decode_state, encode_state, person_and_note, verdict_words};
use crate::fault::Fault;
use rusqlite::{Connection, OptionalExtension, params};
use watchfire_model::{Alert, AlertId, AlertRecord, JournalId, Transition, UserName};

/// Writes the transitions of a record, and the alerts as they are after it. Returns the number of transitions.
pub(crate) fn write(connection: &Connection, position: u64, record: &AlertRecord) -> Result<usize, Fault> {
    for transition in &record.transitions {
        write_transition(connection, position, record.journal, transition)?;
        let alert = match read_state(connection, transition.alert)? {
            Some(mut alert) => {
                alert.apply(transition);
                alert
            }
            None => Alert::new(transition),
        };
        write_alert(connection, &alert)?;
    }
    Ok(record.transitions.len())
}

/// The alert of that id.
pub(crate) fn read_state(connection: &Connection, id: AlertId) -> Result<Option<Alert>, Fault> {
    let state: Option<Vec<u8>> = connection
        .prepare_cached("SELECT state FROM alerts WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    state.map(|state| decode_state(&state)).transpose()
}

fn write_transition(
    connection: &Connection,
    position: u64,
    journal: JournalId,
    transition: &Transition,
) -> Result<(), Fault> {
    let record = AlertRecord { seq: transition.seq, journal, transitions: vec![transition.clone()] }.encode();
    let (person, note) = person_and_note(&transition.step);
    let sql = "INSERT INTO transitions
        (alert, position, seq, at, step, class, severity, person, note, reason_en, reason_zh, record)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    connection.prepare_cached(sql)?.execute(params![
        transition.alert.to_string(),
        position.cast_signed(),
        transition.seq.0.cast_signed(),
        transition.at.0,
        transition.step.as_str(),
        transition.class.as_str(),
        transition.severity.as_str(),
        person.map(UserName::as_str),
        note,
        transition.reason.en,
        transition.reason.zh,
        record,
    ])?;
    Ok(())
}

fn write_alert(connection: &Connection, alert: &Alert) -> Result<(), Fault> {
    let (verdict, cause) = alert.verdict.map_or((None, None), verdict_words);
    let sql = "INSERT OR REPLACE INTO alerts
        (id, class, severity, site, zone, source, device, point, rule, reason_en, reason_zh, condition, handling,
         verdict, cause, late, raised_at, changed_at, acknowledged_at, acknowledged_by, state, test)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
    connection.prepare_cached(sql)?.execute(params![
        alert.id.to_string(),
        alert.class.as_str(),
        alert.severity.as_str(),
        alert.site.as_str(),
        alert.zone.as_ref().map(|zone| zone.as_str()),
        alert.device.as_ref().map(|device| device.source.as_str()),
        alert.device.as_ref().map(|device| device.name.as_str()),
        alert.point.as_ref().map(|point| point.as_str()),
        alert.rule.to_string(),
        alert.reason.en,
        alert.reason.zh,
        condition_word(alert.condition),
        alert.handling.as_str(),
        verdict,
        cause,
        alert.marks.late,
        alert.raised_at.0,
        alert.changed_at.0,
        alert.acknowledged_at.map(|at| at.0),
        alert.acknowledged_by.as_ref().map(UserName::as_str),
        encode_state(alert),
        alert.marks.test,
    ])?;
    Ok(())
}
