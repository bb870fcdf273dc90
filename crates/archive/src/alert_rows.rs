//! Alerts and their transitions, written.
//!
//! `transitions.record` is an alert log record (`model::encoding`) of that one transition: stable for ever. `alerts.state`
//! is derived from them: byte 1, then the postcard of `model::Alert`. When `Alert` changes its form, a schema step
//! folds the transitions again; the test `state_bytes_are_on_disk` fails until there is one.

use crate::fault::Fault;
use rusqlite::{Connection, OptionalExtension, params};
use watchfire_model::{
    Alert, AlertId, AlertRecord, Condition, FalseCause, JournalId, Step, Transition, UserName, Verdict,
};

const STATE_VERSION: u8 = 1;

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

/// An alert from its `state` column.
pub(crate) fn decode_state(state: &[u8]) -> Result<Alert, Fault> {
    match state.split_first() {
        Some((&STATE_VERSION, body)) => {
            postcard::from_bytes(body).map_err(|error| Fault::malformed("an alert's state", error))
        }
        _ => Err(Fault::malformed("an alert's state", "version")),
    }
}

fn encode_state(alert: &Alert) -> Vec<u8> {
    postcard::to_extend(alert, vec![STATE_VERSION]).expect("our own types always encode")
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
         verdict, cause, late, raised_at, changed_at, acknowledged_at, acknowledged_by, state)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";
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
        match alert.condition {
            Condition::Active => "active",
            Condition::Cleared => "cleared",
        },
        alert.handling.as_str(),
        verdict,
        cause,
        alert.late,
        alert.raised_at.0,
        alert.changed_at.0,
        alert.acknowledged_at.map(|at| at.0),
        alert.acknowledged_by.as_ref().map(UserName::as_str),
        encode_state(alert),
    ])?;
    Ok(())
}

/// A verdict in the words of the tables: what it was, and why if it was false.
pub(crate) fn verdict_words(verdict: Verdict) -> (Option<&'static str>, Option<&'static str>) {
    match verdict {
        Verdict::Real => (Some("real"), None),
        Verdict::False(cause) => (Some("false"), Some(cause_word(cause))),
        Verdict::Test => (Some("test"), None),
        Verdict::Unreachable => (Some("unreachable"), None),
    }
}

fn cause_word(cause: FalseCause) -> &'static str {
    match cause {
        FalseCause::Cooking => "cooking",
        FalseCause::Steam => "steam",
        FalseCause::Dust => "dust",
        FalseCause::Insects => "insects",
        FalseCause::Construction => "construction",
        FalseCause::Fault => "fault",
        FalseCause::Malicious => "malicious",
        FalseCause::Unknown => "unknown",
    }
}

fn person_and_note(step: &Step) -> (Option<&UserName>, Option<&str>) {
    match step {
        Step::Raised | Step::Escalated { .. } | Step::Cleared => (None, None),
        Step::Acknowledged { by } => (Some(by), None),
        Step::Verified { by, note, .. } | Step::Closed { by, note } => (Some(by), Some(note)),
        Step::Forwarded { by, to } => (Some(by), Some(to)),
        Step::Reopened { by, note } => (by.as_ref(), Some(note)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::{Bilingual, Class, RuleRef, Seq, Severity, SiteId, Timestamp};

    #[test]
    fn state_bytes_are_on_disk() {
        let raised = Transition {
            alert: AlertId { journal: JournalId([1; 16]), cause: Seq(2), ordinal: 3 },
            seq: Seq(2),
            at: Timestamp(4),
            step: Step::Raised,
            class: Class::Fire,
            severity: Severity::Critical,
            site: SiteId::new("home").unwrap(),
            zone: None,
            device: None,
            point: None,
            rule: RuleRef { name: "r".into(), version: 5 },
            reason: Bilingual::new("e", "中"),
            evidence: Vec::new(),
            late: false,
        };
        let alert = Alert::new(&raised);
        let hex: String = encode_state(&alert).iter().map(|byte| format!("{byte:02x}")).collect();
        let golden =
            "0101010101010101010101010101010101020300 0004686f6d65000000017205016503e4b8ad0000000000080802 0000";
        assert_eq!(hex, golden.replace(' ', ""), "the form of `Alert` changed: add a schema step that folds again");
        assert_eq!(decode_state(&encode_state(&alert)).unwrap(), alert);
    }
}
