//! Alerts and their transitions, written. The same columns as in a file (`sqlite/alert_rows.rs`).

use super::link::Link;
use super::times::{At, clean};
use crate::alert_words::{condition_word, decode_state, encode_state, person_and_note, verdict_words};
use crate::fault::Fault;
use watchfire_model::{Alert, AlertId, AlertRecord, JournalId, Transition, UserName};

/// Writes the transitions of a record, and the alerts as they are after it. Returns the number of transitions.
pub(crate) async fn write(link: &Link, position: u64, record: &AlertRecord) -> Result<usize, Fault> {
    for transition in &record.transitions {
        write_transition(link, position, record.journal, transition).await?;
        let alert = match read_state(link, transition.alert).await? {
            Some(mut alert) => {
                alert.apply(transition);
                alert
            }
            None => Alert::new(transition),
        };
        write_alert(link, &alert).await?;
    }
    Ok(record.transitions.len())
}

/// The alert of that id.
pub(crate) async fn read_state(link: &Link, id: AlertId) -> Result<Option<Alert>, Fault> {
    let row = link.row("SELECT state FROM alerts WHERE id = $1", &[&id.to_string()]).await?;
    row.map(|row| decode_state(row.try_get(0)?)).transpose()
}

async fn write_transition(
    link: &Link,
    position: u64,
    journal: JournalId,
    transition: &Transition,
) -> Result<(), Fault> {
    let record = AlertRecord { seq: transition.seq, journal, transitions: vec![transition.clone()] }.encode();
    let (person, note) = person_and_note(&transition.step);
    let sql = "INSERT INTO transitions
        (alert, position, seq, at, step, class, severity, person, note, reason_en, reason_zh, record)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    link.execute(
        sql,
        &[
            &transition.alert.to_string(),
            &position.cast_signed(),
            &transition.seq.0.cast_signed(),
            &At(transition.at.0),
            &transition.step.as_str(),
            &transition.class.as_str(),
            &transition.severity.as_str(),
            &person.map(UserName::as_str),
            &note.map(clean).as_deref(),
            &&*clean(&transition.reason.en),
            &&*clean(&transition.reason.zh),
            &record,
        ],
    )
    .await?;
    Ok(())
}

async fn write_alert(link: &Link, alert: &Alert) -> Result<(), Fault> {
    let (verdict, cause) = alert.verdict.map_or((None, None), verdict_words);
    let sql = "INSERT INTO alerts
        (id, class, severity, site, zone, source, device, point, rule, reason_en, reason_zh, condition, handling,
         verdict, cause, late, raised_at, changed_at, acknowledged_at, acknowledged_by, state, test)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
        ON CONFLICT (id) DO UPDATE SET
            class = excluded.class, severity = excluded.severity, reason_en = excluded.reason_en,
            reason_zh = excluded.reason_zh, condition = excluded.condition, handling = excluded.handling,
            verdict = excluded.verdict, cause = excluded.cause, late = excluded.late,
            changed_at = excluded.changed_at, acknowledged_at = excluded.acknowledged_at,
            acknowledged_by = excluded.acknowledged_by, state = excluded.state, test = excluded.test";
    link.execute(
        sql,
        &[
            &alert.id.to_string(),
            &alert.class.as_str(),
            &alert.severity.as_str(),
            &alert.site.as_str(),
            &alert.zone.as_ref().map(|zone| zone.as_str()),
            &alert.device.as_ref().map(|device| device.source.as_str()),
            &alert.device.as_ref().map(|device| device.name.as_str()),
            &alert.point.as_ref().map(|point| point.as_str()),
            &&*clean(&alert.rule.to_string()),
            &&*clean(&alert.reason.en),
            &&*clean(&alert.reason.zh),
            &condition_word(alert.condition),
            &alert.handling.as_str(),
            &verdict,
            &cause,
            &alert.marks.late,
            &At(alert.raised_at.0),
            &At(alert.changed_at.0),
            &alert.acknowledged_at.map(|at| At(at.0)),
            &alert.acknowledged_by.as_ref().map(UserName::as_str),
            &encode_state(alert),
            &alert.marks.test,
        ],
    )
    .await?;
    Ok(())
}
